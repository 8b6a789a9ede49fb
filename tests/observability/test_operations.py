"""docs/operations.md and docs/alerts.yml describe exactly the metrics and log fields that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from auth.identity_provider import key_set, signer
from support import Person, client_of, running, settings_for
from support.captured_log import CapturedLog
from tokens.token_support import bearer, make_token, service_token

import taskward.app  # noqa: F401 - declares all statements
from taskward.database.statements import STATEMENTS, Read
from taskward.metrics import METRIC_FAMILIES

DOCS = Path(__file__).parent.parent.parent / "docs"
OPERATIONS = (DOCS / "operations.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"][0]["rules"]


def test_the_table_lists_exactly_the_metrics() -> None:
    rows = re.findall(
        r"^\| `((?:taskward|process)_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", OPERATIONS, re.MULTILINE
    )

    assert [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in rows
    ] == [(family.name, family.kind, family.labels, family.help) for family in METRIC_FAMILIES.values()]


def test_the_page_names_exactly_the_actions_of_the_audit_log() -> None:
    (row,) = re.findall(r"^\| `action` \|.+$", OPERATIONS, re.MULTILINE)
    actions = {one.action for one in STATEMENTS if not isinstance(one, Read) and one.action}
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", row)) == actions


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_each_alert_uses_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["expr"].count("(") == rule["expr"].count(")")
    used = re.findall(r"\b((?:taskward|process)_\w+)(?:\{([^}]*)\})?", rule["expr"])
    assert used or rule["alert"] == "TaskwardDown"
    for name, matchers in used:
        family = METRIC_FAMILIES[re.sub("_(bucket|sum|count)$", "", name)]
        assert (family.name != name) == (family.kind == "histogram")
        labels = set(re.findall(r"(\w+)(?:=|!)", matchers))
        assert labels <= {*family.labels, "job"}


async def test_every_field_of_the_logs_is_described(lines: CapturedLog) -> None:
    keys = key_set(signer("EdDSA")).decode()
    async with running(settings_for("sqlite://", audit_log=True, service_public_keys=keys)) as app:
        ann = Person(app)
        for token in ((await make_token(ann))["token"], service_token(ann.sub, signer("EdDSA"))):
            await bearer(app, token).post("/api/tasks", json={"title": "x"})
        task = await ann.create(labels=["home"])
        await ann.http.post("/api/lists", json={"title": "Home"})
        await ann.http.post("/api/me/import", json={"user": None, "tasks": [task]})
        await Person(app).http.post("/api/me/import", json={"user": None, "tasks": [task]})
        await use_a_space(ann, task["id"])
        await client_of(app).get("/api/tasks")
    common = {"timestamp", "level", "logger", "message"}
    of_requests, of_audit = (
        {field for line in lines.of(logger) for field in line} - common
        for logger in ("taskward.access", "taskward.audit")
    )

    described = {title: _fields(title) for title in ("The log", "Audit log")}
    assert described == {"The log": of_requests | {"trace_id", "span_id"}, "Audit log": of_audit}


async def use_a_space(person: Person, task_id: str) -> None:
    """Comments on a task in a space, to which it is moved, and invites to it."""
    space = (await person.http.post("/api/spaces", json={"title": "Home"})).headers["location"]
    await person.http.post("/api/comments", json={"task_id": task_id, "text": "x"})
    move = {"from": None, "to": space.rpartition("/")[2], "tasks": [{"id": task_id}]}
    assert (await person.http.post("/api/moves", json=move)).status_code == 200
    await person.http.post(f"{space}/invitations", json={})


def _fields(title: str) -> set[str]:
    """Returns the names in the first column of a section's table."""
    section = OPERATIONS.partition(f"## {title}\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name for first in firsts for name in re.findall(r"`(\w+)`", first)}
