"""AUDIT_LOG: a line for each change, a line for each rejected request, none for reads."""

import json
import logging
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import (
    SECRET,
    MakeDatabase,
    Person,
    client_of,
    exchange,
    parts_of,
    running,
    settings_for,
    token_for,
)
from support.captured_log import CapturedLog

from taskward.app import create_app
from taskward.changes.streams import STREAM_REGISTRY
from taskward.database.observers import observed
from taskward.database.sqlite.database import SqliteDatabase
from taskward.database.statements import STATEMENTS, Command, Values, Write
from taskward.database.statements import Read as ReadStatement
from taskward.http.caller import Owner
from taskward.http.context import RequestContext
from taskward.http.errors import DatabaseError
from taskward.me.admin import import_from
from taskward.me.spool import spooled

CANARY = "canary4711"
EMAIL = f"{CANARY}@example.com"


@pytest_asyncio.fixture(scope="module")
async def audited(engine: str, new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    """Yields a running app with an audit log, on each engine."""
    async with running(settings_for(await new_database(engine), audit_log=True, log_level="ERROR")) as app:
        yield app


def told(lines: CapturedLog) -> list[dict[str, Any]]:
    """Returns the lines of the audit log, without their timestamps."""
    found = lines.of("taskward.audit")
    lines.texts.clear()
    assert all(line.pop("timestamp") and line.pop("level") == "info" for line in found)
    return [{name: value for name, value in line.items() if name != "logger"} for line in found]


def done(action: str, user_id: str, **others: object) -> dict[str, object]:
    """Returns the line of a change by a user of their own data."""
    request = {"request_id": "mine", "user_id": user_id}
    return {"message": "change", "outcome": "done", "action": action} | request | others


async def test_each_change_is_one_line_with_user_action_and_version(
    audited: FastAPI, lines: CapturedLog
) -> None:
    ann = Person(audited)
    ann.http.headers["X-Request-ID"] = "mine"
    answer = await ann.http.post("/api/tasks", json={"title": "a"})
    task = answer.json()
    mine = {"user_id": task["user_id"], "task_id": task["id"]}
    path = f"/api/tasks/{task['id']}"
    version = int(answer.headers["etag"].strip('"'))
    assert told(lines) == [done("task.create", **mine, version=version)]

    for method in ("PUT", "PATCH"):
        answer = await ann.http.request(method, path, json={"is_completed": True})
        version = int(answer.headers["etag"].strip('"'))
        assert told(lines) == [done("task.update", **mine, version=version)]

    await ann.http.delete(path)
    assert told(lines) == [done("task.delete", **mine, version=version)]

    await ann.http.delete("/api/me")
    assert told(lines) == [done("user.erase", user_id=task["user_id"])]


async def test_a_line_names_the_caller_and_the_owner_of_the_data(
    audited: FastAPI, lines: CapturedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, owner = Person(audited), Owner(uuid4())
    monkeypatch.setattr(RequestContext, "owner", property(lambda _: owner))

    await ann.create()
    await ann.http.get(f"/api/tasks/{uuid4()}")

    made, refused = told(lines)
    assert (made["outcome"], refused["outcome"]) == ("done", "refused")
    for line in (made, refused):
        assert (line["user_id"], line["owner_id"]) == (ann.sub, str(owner.id))


async def test_each_applied_operation_of_a_batch_is_a_line(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    old = await ann.create()
    gone = await ann.create()
    told(lines)
    operations = [
        {"op": "create", "task": {"title": "new"}},
        {"op": "update", "id": old["id"], "task": {"title": "other"}},
        {"op": "update", "id": str(uuid4()), "task": {"title": "nobody's"}},
        {"op": "update", "id": old["id"], "if_match": '"1"', "task": {"title": "late"}},
        {"op": "create", "task": {"title": ""}},
        {"op": "delete", "id": gone["id"]},
    ]
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})

    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 200, 404, 412, 400, 200]
    found = told(lines)
    assert [(line["action"], line["task_id"]) for line in found] == [
        ("task.create", results[0]["task"]["id"]),
        ("task.update", old["id"]),
        ("task.delete", gone["id"]),
    ]
    assert f'"{found[1]["version"]}"' == results[1]["etag"]
    assert {line["request_id"] for line in found} == {answer.headers["x-request-id"]}
    assert {line["user_id"] for line in found} == {old["user_id"]}


async def test_a_change_of_a_list_names_it_and_its_fields(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    ann.http.headers["X-Request-ID"] = "mine"
    created = await ann.http.post("/api/lists", json={"title": "secret", "metadata": {"secret": "secret"}})
    home, path = created.json(), created.headers["location"]
    await ann.http.put(path, json={"is_archived": True, "position": {"at": "first"}})
    await ann.create("secret", list_id=home["id"])
    await ann.http.delete(path, params={"tasks": "delete"})

    found = told(lines)
    assert "secret" not in str(found)
    assert [
        (line["action"], line.get("list_id"), line.get("fields"), line.get("count")) for line in found
    ] == [
        ("list.create", home["id"], ["metadata", "title"], None),
        ("list.update", home["id"], ["is_archived", "position"], None),
        ("task.create", None, ["list_id", "title"], None),
        ("list.delete", home["id"], None, None),
        ("task.delete", None, None, 1),
    ]
    assert f'"{found[0]["version"]}"' == created.headers["etag"]


async def test_a_task_in_the_trash_has_a_line_for_each_step(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    home = (await ann.http.post("/api/lists", json={"title": "secret"})).json()
    top = await ann.create("secret")
    await ann.create("secret", parent_id=top["id"])
    await ann.create("secret", list_id=home["id"])
    told(lines)
    delete = {"subtasks": "delete", "to": "trash"}
    for path, query in (
        (f"/api/tasks/{top['id']}", delete),
        (f"/api/trash/{top['id']}/restore", {}),
        (f"/api/tasks/{top['id']}", delete),
        (f"/api/trash/{top['id']}", {}),
        (f"/api/lists/{home['id']}", {"tasks": "delete", "to": "trash"}),
        ("/api/trash", {}),
    ):
        if path.endswith("restore"):
            await ann.http.post(path, json={})
        else:
            await ann.http.delete(path, params=query)

    found = told(lines)
    assert "secret" not in str(found)
    assert [(line["action"], line.get("task_id"), line.get("count")) for line in found] == [
        ("task.trash", None, 1),
        ("task.trash", top["id"], None),
        ("task.restore", top["id"], None),
        ("task.restore", None, 1),
        ("task.trash", None, 1),
        ("task.trash", top["id"], None),
        ("task.purge", top["id"], None),
        ("list.delete", None, None),
        ("task.trash", None, 1),
        ("task.purge", None, 1),
    ]


async def test_a_move_names_both_owners(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    space = (await ann.http.post("/api/spaces", json={"title": "x"})).json()["id"]
    home = (await ann.http.post("/api/lists", json={"title": "secret"})).json()["id"]
    for _ in range(3):
        await ann.create("secret", list_id=home)
    told(lines)

    await ann.http.post("/api/moves", json={"from": None, "to": space, "list": home})

    found = told(lines)
    assert "secret" not in str(found)
    assert [(line["action"], line["user_id"], line["moved_to"]) for line in found] == [
        (action, ann.sub, space) for action in ("task.move", "list.move")
    ]
    assert (found[0]["count"], found[1]["list_id"]) == (3, home)


async def test_a_change_of_other_fields_names_them_and_counts_what_it_moves(
    audited: FastAPI, lines: CapturedLog
) -> None:
    ann = Person(audited)
    ann.http.headers["X-Request-ID"] = "mine"
    home = (await ann.http.post("/api/lists", json={"title": "secret"})).json()
    top = await ann.create("secret", labels=["secret"], priority="high")
    below = [await ann.create("secret", parent_id=top["id"]) for _ in range(2)]
    found = told(lines)
    assert [line.get("fields") for line in found[1:]] == [["labels", "priority", "title"]] + [
        ["parent_id", "title"]
    ] * 2
    assert "secret" not in str(found)

    await ann.put(top["id"], list_id=home["id"], metadata={"secret": "secret"})
    changed, moved = told(lines)
    assert (changed["task_id"], changed["fields"]) == (top["id"], ["list_id", "metadata"])
    assert moved == done("task.update", user_id=ann.sub, fields=["list_id"], count=2)

    await ann.http.delete(f"/api/tasks/{top['id']}?subtasks=delete")
    deleted, last = told(lines)
    assert deleted == done("task.delete", user_id=ann.sub, count=len(below))
    assert (last["action"], last["task_id"]) == ("task.delete", top["id"])


async def test_a_batch_that_was_rolled_back_is_no_line(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    operations = [
        {"op": "create", "task": {"title": "new"}},
        {"op": "delete", "id": str(uuid4())},
    ]
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})

    assert [result["status"] for result in answer.json()["results"]] == [424, 404]
    assert told(lines) == []


async def test_an_import_is_one_line_with_the_number_of_tasks(audited: FastAPI, lines: CapturedLog) -> None:
    ann, bob = Person(audited), Person(audited)
    await ann.create()
    row = (await ann.http.get("/api/me/export")).json()["tasks"][0]
    tasks = [row | {"id": str(uuid4())} for _ in range(1001)]
    told(lines)
    body = {"user": None, "tasks": tasks}
    assert (await bob.http.post("/api/me/import", json=body)).json() == {"imported": 1001, "skipped": 0}

    (line,) = told(lines)
    assert (line["action"], line["count"], line["outcome"]) == ("task.import", 1001, "done")
    assert (await bob.http.post("/api/me/import", json=body)).json() == {"imported": 0, "skipped": 1001}
    assert told(lines) == []


async def test_a_replayed_request_is_no_line(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    headers = {"Idempotency-Key": str(uuid4())}
    for path, body in [
        ("/api/tasks", {"title": "once"}),
        ("/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": "once"}}]}),
    ]:
        told(lines)
        headers["Idempotency-Key"] += "1"
        for _ in range(2):
            await ann.http.post(path, json=body, headers=headers)
        assert [line["action"] for line in told(lines)] == ["task.create"]


async def test_reads_are_no_lines(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited)
    task = await ann.create()
    tag = (await ann.http.get("/api/tasks")).headers["etag"]
    told(lines)
    for path in ("/api/tasks", f"/api/tasks/{task['id']}", "/api/changes", "/api/me", "/api/me/export"):
        assert (await ann.http.get(path)).status_code == 200
        assert (await ann.http.head(path)).status_code == 200
    assert (await ann.http.get("/api/tasks", headers={"If-None-Match": tag})).status_code == 304
    await client_of(audited).get("/health/ready")
    await client_of(audited).get("/nowhere")

    assert told(lines) == []


async def test_each_rejection_is_one_line_that_does_not_reveal_the_owner_of_a_task(
    audited: FastAPI, lines: CapturedLog
) -> None:
    ann, bob = Person(audited), Person(audited)
    task = await ann.create()
    me = (await bob.create())["user_id"]
    path, template = f"/api/tasks/{task['id']}", "/api/tasks/{task_id}"
    nobody_s = f"/api/tasks/{uuid4()}"
    stranger = client_of(audited)
    told(lines)

    async def line_of(client: httpx.AsyncClient, method: str, path: str, **what: Any) -> dict[str, Any]:
        answer = await client.request(
            method, path, headers={"X-Request-ID": "mine"} | what.pop("with", {}), **what
        )
        (line,) = told(lines)
        assert line["status"] == answer.status_code
        assert line["code"] == answer.json()["code"]
        assert (line["outcome"], line["request_id"]) == ("refused", "mine")
        assert line["method"] == method
        return line

    line = await line_of(stranger, "GET", "/api/tasks")
    assert (line["user_id"], line["route"], line["status"]) == (None, "/api/tasks", 401)
    assert line["reason"] == "no Authorization header"
    expired = {"Authorization": f"Bearer {token_for('ann', exp=1)}"}
    line = await line_of(stranger, "DELETE", path, **{"with": expired})
    assert (line["user_id"], line["route"], line["code"]) == (None, template, "TOKEN_EXPIRED")
    foreign = await line_of(bob.http, "DELETE", path)
    missing = await line_of(bob.http, "DELETE", nobody_s)
    assert foreign | {"path": ""} == missing | {"path": ""}
    assert (foreign["user_id"], foreign["status"], foreign["path"]) == (me, 404, path)
    line = await line_of(ann.http, "PUT", path, json={"title": "x"}, **{"with": {"If-Match": '"1"'}})
    assert line["code"] == "PRECONDITION_FAILED"
    line = await line_of(ann.http, "POST", "/api/tasks", json={"title": ""})
    assert line["code"] == "VALIDATION_ERROR"
    line = await line_of(ann.http, "POST", path)
    assert (line["status"], line["route"]) == (405, template)


async def test_a_rejected_stream_is_a_line(lines: CapturedLog) -> None:
    async with running(settings_for("sqlite://", audit_log=True)) as app:
        ann = Person(app)
        parts_of(app)[STREAM_REGISTRY]._max_per_caller = 0
        await exchange(app, "GET", "/api/events", headers=[("Authorization", f"Bearer {ann.token}")])
        (line,) = told(lines)
    assert (line["status"], line["code"], line["outcome"]) == (429, "RATE_LIMITED", "refused")


async def test_a_failed_change_is_logged_as_failed_and_never_as_done(
    lines: CapturedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rows(_database: SqliteDatabase, _read: ReadStatement, _values: Values) -> NoReturn:
        raise DatabaseError(reason="EIO 58030")

    async def write(_database: SqliteDatabase, _write: Write, _values: Values) -> NoReturn:
        raise DatabaseError(reason="EIO 58030")

    monkeypatch.setattr(SqliteDatabase, "rows", observed(rows))
    monkeypatch.setattr(SqliteDatabase, "write", observed(write))
    async with running(settings_for("sqlite://", audit_log=True)) as app:
        ann = Person(app)
        answers = [
            await ann.http.post("/api/tasks", json={"title": "x"}),
            await ann.http.get("/api/tasks"),
        ]

    assert [answer.status_code for answer in answers] == [500, 500]
    (line,) = told(lines)
    assert (line["outcome"], line["method"], line["code"]) == ("failed", "POST", "DATABASE_ERROR")
    assert line["reason"] == "EIO 58030"


async def test_no_line_contains_content_of_users(audited: FastAPI, lines: CapturedLog) -> None:
    ann = Person(audited, sub=EMAIL, email=EMAIL, name=CANARY)
    task = await ann.create(CANARY, description=EMAIL)
    path = f"/api/tasks/{task['id']}"
    for method, target, body in [
        ("PUT", path, {"title": CANARY + "2"}),
        ("PUT", path, {CANARY: CANARY}),
        ("POST", f"/api/tasks?{CANARY}", {"title": CANARY}),
        ("GET", f"/api/tasks/{EMAIL}", None),
        ("GET", f"/api/{ann.token}", None),
        ("POST", "/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": CANARY}}]}),
        ("DELETE", path, None),
    ]:
        await ann.http.request(method, target, json=body, headers={"Idempotency-Key": CANARY + str(uuid4())})
    await client_of(audited).get("/api/tasks", headers={"Authorization": f"Bearer {ann.token}x"})

    audit = [text for text in lines.texts if '"taskward.audit"' in text]
    assert len(audit) == 9
    for word in (CANARY, ann.token, SECRET, *ann.token.split(".")[1:]):
        assert word not in "".join(audit)


async def test_an_import_on_the_command_line_is_no_line(lines: CapturedLog) -> None:
    body = json.dumps({"user": None, "tasks": []}).encode()
    with spooled(BytesIO(body)) as document:
        settings = settings_for("sqlite://", audit_log=True)
        await import_from(document, settings, uuid4(), lambda _done, _of: None)

    assert told(lines) == []


async def test_it_is_off_by_default(lines: CapturedLog) -> None:
    async with running(settings_for("sqlite://")) as app:
        await Person(app).create()
        await client_of(app).get("/api/tasks")

    assert told(lines) == []


def test_it_is_written_at_every_log_level() -> None:
    logger = logging.getLogger("taskward.audit")
    logger.setLevel(logging.NOTSET)
    create_app(settings_for("sqlite://", audit_log="on", log_level="ERROR"))

    assert logger.isEnabledFor(logging.INFO)
    assert not settings_for("sqlite://", audit_log="off").audit_log


def test_every_statement_that_changes_data_of_a_user_is_an_action() -> None:
    actions = {
        one.name: one.action
        for one in STATEMENTS
        if not isinstance(one, ReadStatement) and not (isinstance(one, Command) and one.quiet)
    }

    assert all(one.action for one in STATEMENTS if isinstance(one, Write))
    restoring = {"add a restore", "move the next owners' counters beyond a restore"}  # `taskward restored`
    assert {name for name, action in actions.items() if action is None} - restoring == {
        "store a response",
        "drop expired responses",
        "count many writes",
        "count many writes of a person",
        "count a change of members",
        "create the owner of a space",
        "add a membership",
        "end a membership",
        "forget the person of a former member",
        "erase of memberships",
        "erase of activity",
        "erase of invitations",
        "erase of members",
        "add tombstones of several tasks",
        "copy several tasks to the trash",
        "restore tasks from the trash",
        "restore comments from the trash",
        "restore member_reminders from the trash",
        "set the reminders of members",
        *(f"erase of {one}" for one in ("member_reminders", "trash_member_reminders")),
        *(f"add moved rows of {one}" for one in ("comments", "lists", "task_labels", "tasks")),
        "erase of trash",
        "write member as it is",
        "add a list's tombstone",
        "add a comment's tombstone",
        "add a label to tasks",
        "drop a label of tasks",
        "add moved rows of tasks",
        "add moved rows of task_labels",
        "add moved rows of lists",
        "erase of access_tokens",
        *(
            f"erase of {one}"
            for one in ("comments", "comment_tombstones", "trash_comments", "import_comments")
        ),
        "erase of idempotency_keys",
        "erase of import_tasks",
        "erase of reminders",
        "erase of task_labels",
        "erase of tasks",
        "erase of tombstones",
        "erase of lists",
        "erase of list_tombstones",
    }
    assert any(isinstance(one, Command) and one.action == "user.erase" for one in STATEMENTS)
