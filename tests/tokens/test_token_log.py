"""What the log, the audit log and the metrics say of tokens, and what they leave out."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from auth.identity_provider import key_set, signer
from fastapi import FastAPI
from support import MakeDatabase, Person, as_taskward, database_of, running, settings_for
from support.captured_log import CapturedLog, captured_log
from tokens.token_support import bearer, make_token, service_token, store_token

from taskward.metrics import TOKENS_REFUSED, TOKENS_USED
from taskward.tokens.token_text import TokenText

KEY = signer("EdDSA", "of the back end")


@pytest.fixture
def lines() -> Iterator[CapturedLog]:
    with captured_log() as captured:
        yield captured


@pytest_asyncio.fixture
async def audited(new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    settings = settings_for(
        await new_database("memory"),
        audit_log=True,
        metrics_port=0,
        service_public_keys=key_set(KEY).decode(),
    )
    async with running(settings) as app:
        yield app


def audit(lines: CapturedLog) -> list[dict[str, Any]]:
    found = lines.of("taskward.audit")
    lines.texts.clear()
    keep = ("action", "outcome", "user_id", "owner_id", "token_id", "actor", "count", "status")
    return [{name: line[name] for name in keep if name in line} for line in found]


async def test_making_and_revoking_are_changes(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    mine = {"outcome": "done", "user_id": ann.sub}
    one, two = await make_token(ann), await make_token(ann)
    assert audit(lines) == [
        {"action": "token.create", **mine, "token_id": token["id"]} for token in (one, two)
    ]

    await ann.http.delete(f"/api/tokens/{one['id']}")
    assert audit(lines) == [{"action": "token.revoke", **mine, "token_id": one["id"]}]
    await ann.http.delete(f"/api/tokens/{one['id']}")
    assert [line["outcome"] for line in audit(lines)] == ["refused"]
    await make_token(ann)
    lines.texts.clear()
    await ann.http.delete("/api/tokens")
    assert audit(lines) == [{"action": "token.revoke", **mine, "count": 2}]
    await ann.http.delete("/api/tokens")
    assert audit(lines) == []


async def test_the_lines_of_a_request_name_its_token(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    token = await make_token(ann, access="read")
    writing = await make_token(ann)
    lines.texts.clear()

    await bearer(audited, writing["token"]).post("/api/tasks", json={"title": "x"})
    await bearer(audited, token["token"]).post("/api/tasks", json={"title": "x"})
    await bearer(audited, service_token(ann.sub, KEY)).post("/api/tasks", json={"title": "x"})
    await ann.create()

    ids = [
        {"token_id": writing["id"]},
        {"token_id": token["id"]},
        {"actor": "nightly"},
        {},
    ]
    names = ("token_id", "actor")
    for logger in ("taskward.access", "taskward.audit"):
        found = [{name: line[name] for name in names if name in line} for line in lines.of(logger)]
        assert found == ids, logger


async def test_used_and_refused_tokens_are_counted(audited: FastAPI) -> None:
    ann = Person(audited)
    http = bearer(audited, (await make_token(ann))["token"])
    expired = bearer(audited, await store_token(audited, ann.sub, valid_for=-1))
    for _ in range(3):
        await http.get("/api/tasks")
    for refused in (expired, bearer(audited, "twp_x"), bearer(audited, "nonsense")):
        await refused.get("/api/tasks")

    samples = as_taskward(audited).collect_metrics()
    assert (samples[TOKENS_USED.name], samples[TOKENS_REFUSED.name]) == ({(): 3}, {(): 2})


async def test_no_secret_is_logged_or_shown(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    key = {"Idempotency-Key": "once"}
    answer = await ann.http.post("/api/tokens", json={"name": "n", "access": "write"}, headers=key)
    text = answer.json()["token"]
    http = bearer(audited, text)
    wrong = TokenText.parse(text.encode())._replace(secret=bytes(32)).text.decode()
    await http.post("/api/tasks", json={"title": "x"})
    await http.get(f"/api/tasks/{text}")
    await http.get("/api/tasks", params={"q": text})
    await http.get(f"/{text}")
    await bearer(audited, wrong).get("/api/tasks")
    await bearer(audited, service_token(ann.sub, KEY, scope="x")).get("/api/tasks")
    await ann.http.delete("/api/tokens")

    shown = lines.text + repr(as_taskward(audited).collect_metrics())
    for part in (text, text[4:], text[47:90], wrong, TokenText.parse(text.encode()).digest):
        assert part not in shown
    dump = "\n".join(database_of(audited).writer.iterdump())
    for part in (text, text[47:90], TokenText.parse(text.encode()).secret.hex()):
        assert part not in dump


async def test_a_service_token_may_do_what_its_scope_says(audited: FastAPI) -> None:
    user, task = str(uuid4()), {"title": "x"}
    expected = {
        "read": {
            "GET /api/tasks": 200,
            "POST /api/tasks": 405,
            "GET /api/tokens": 200,
            "DELETE /api/tokens": 405,
        },
        "write": {
            "GET /api/me": 404,
            "POST /api/tasks": 201,
            "GET /api/me/export": 200,
            "DELETE /api/trash": 200,
        },
        "write ": {},
        "read erase": {"DELETE /api/me": 405},
        "erase": {"POST /api/tokens": 405, "DELETE /api/tokens": 200, "DELETE /api/me": 200},
    }
    bodies = {"POST /api/tasks": task, "POST /api/tokens": {"name": "x", "access": "read"}}
    for scope, requests in expected.items():
        http = bearer(audited, service_token(user, KEY, scope=scope))
        if not requests:
            assert (await http.get("/api/tasks")).status_code == 401
        for name, status in requests.items():
            method, path = name.split(" ")
            answer = await http.request(method, path, json=bodies.get(name))
            assert answer.status_code == status, f"{scope}: {name}: {answer.text}"
        if scope == "write":
            assert (await http.request("DELETE", "/api/me")).headers["allow"] == "GET, HEAD, PATCH"
            assert (await http.get("/api/me")).json()["email"] is None
