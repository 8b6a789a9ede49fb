"""docs/contract.md, webhooks: what is delivered, in which order, and what an outage leaves behind."""

import asyncio
import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from support import Person, components_of, execute, stored
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.marks import marks, until_idle
from webhooks.receiver import FAIL, OK, Attempt, Receiver, status

from taskward.webhooks import attempts, retries, worker
from taskward.webhooks.worker import WebhookWorker

pytestmark = pytest.mark.engines("disk", "postgres")

with_policies = pytest.mark.engines("disk", "postgres", "postgres-rls")
"""For the tests that run each statement of the worker and of the outbox, with row-level security too."""


async def feed(person: Person, since: str | None = None) -> dict[str, Any]:
    query = {} if since is None else {"since": since}
    answer = await person.http.get("/api/changes", params={"limit": "100"} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def positions_apart(found: dict[str, Any]) -> dict[str, Any]:
    """Returns a page of the feed without its cursor, which holds the time."""
    return {name: value for name, value in found.items() if name != "cursor"}


async def is_failing(app: FastAPI) -> bool:
    return (await stored(app, "webhook_endpoint"))[0]["failing_since"] is not None


async def has_no_marks(app: FastAPI) -> bool:
    return not await marks(app)


@with_policies
async def test_a_delivery_is_the_page_of_the_feed(start: StartApp, receiver: Receiver) -> None:
    ann = Person(await start())
    task = await ann.create("Milk", labels=["home"])
    await until(lambda: receiver.attempts)
    (first,) = receiver.of(ann.sub)

    assert first.content["type"] == "task.changes"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first.content["timestamp"])
    assert list(first.content) == ["type", "timestamp", "data"]
    assert first.path == "/hook?app=1"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "." not in first.id
    assert list(first.data) == ["user_id", "changes", "cursor", "has_more"]
    assert positions_apart(await feed(ann)) == {
        "changes": first.data["changes"],
        "has_more": False,
    }

    await ann.put(task["id"], title="Two litres of milk")
    await until(lambda: len(receiver.attempts) == 2)
    second = receiver.of(ann.sub)[1]
    assert positions_apart(await feed(ann, first.data["cursor"])) == {
        "changes": second.data["changes"],
        "has_more": False,
    }
    assert (await feed(ann, second.data["cursor"]))["changes"] == []
    assert receiver.refused == []


@with_policies
async def test_more_than_a_hundred_changes_come_in_several_deliveries(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the person's turn ends with a full page."""
    monkeypatch.setattr(attempts, "MAX_CONSECUTIVE_DELIVERIES", 2)
    app = await start()
    ann = Person(app)
    operations = [{"op": "create", "task": {"title": f"{n}"}} for n in range(100)]
    for _ in range(2):
        answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})
        assert answer.status_code == 200, answer.text
    await ann.create("last")
    await until(lambda: len(receiver.titles(ann.sub)) == 201)

    assert max(len(one.data["changes"]) for one in receiver.attempts) == 100
    assert any(one.data["has_more"] for one in receiver.attempts)
    assert receiver.attempts[-1].data["has_more"] is False
    await until_idle(app)
    assert receiver.tasks[ann.sub] == {task["id"]: task for task in await ann.tasks()}


async def test_every_way_to_write_is_delivered(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    ann = Person(app)
    kept, dropped = [(await ann.create(title))["id"] for title in ("kept", "dropped")]
    await ann.http.delete(f"/api/tasks/{dropped}")
    await ann.http.post("/api/tasks", json={"title": "once"}, headers={"Idempotency-Key": "1"})
    created = (await ann.http.post("/api/lists", json={"title": "Home"})).json()["id"]
    await ann.create("in a list", list_id=created, labels=["red"])
    parent = await ann.create("parent", metadata={"a": 1})
    await ann.create("child", parent_id=parent["id"])
    operations = [{"op": "update", "id": kept, "task": {"is_completed": True}}]
    await ann.http.post("/api/batch", json={"operations": operations, "atomic": True})
    await ann.http.post("/api/labels/rename", json={"from": "red", "to": "blue"})
    await ann.http.delete(f"/api/lists/{created}?tasks=keep")
    document = {"tasks": [await Person(app).create("imported")]}
    assert (await ann.http.post("/api/me/import", json=document)).status_code == 200
    await ann.http.delete(f"/api/tasks/{parent['id']}?subtasks=delete")

    await until_idle(app)

    assert receiver.tasks[ann.sub] == {task["id"]: task for task in await ann.tasks()}
    assert receiver.titles(ann.sub) == ["imported", "in a list", "kept", "once"]


WAYS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("POST", "/api/tasks", {"title": "New"}),
    ("PUT", "/api/tasks/{task}", {"title": "Two litres"}),
    ("PATCH", "/api/tasks/{task}", {"list_id": None}),
    ("POST", "/api/labels/rename", {"from": "red", "to": "blue"}),
    ("POST", "/api/tasks/batch", {"operations": [{"op": "create", "task": {"title": "2"}}]}),
    ("POST", "/api/me/import", {"tasks": ["{copy}"]}),
    ("DELETE", "/api/lists/{list}?tasks=keep", None),
    ("DELETE", "/api/tasks/{task}", None),
)


@with_policies
async def test_each_way_to_write_marks_the_person(start: StartApp, receiver: Receiver) -> None:
    """Each by a person of its own, who has written before only where webhooks are off."""
    off, app = await start(webhook_url=None), await start()

    async def write(way: tuple[str, str, dict[str, Any] | None]) -> Person:
        person = Person(off)
        listed = (await person.http.post("/api/lists", json={"title": "Home"})).json()["id"]
        task = await person.create("Milk", labels=["red"], list_id=listed)
        names = {
            "{task}": task["id"],
            "{list}": listed,
            '"{copy}"': json.dumps(task | {"id": "01890000-0000-7000-8000-000000000001"}),
        }
        method, path, body = way
        texts = [path, json.dumps(body)]
        for name, value in names.items():
            texts = [text.replace(name, value) for text in texts]
        writing = Person(app, person.sub)
        answer = await writing.http.request(method, texts[0], json=json.loads(texts[1]))
        assert answer.status_code < 300, answer.text
        return writing

    people = await asyncio.gather(*map(write, WAYS))
    await until(lambda: all(receiver.of(person.sub) for person in people))
    await until_idle(app)
    for person in people:
        assert receiver.tasks[person.sub] == {one["id"]: one for one in await person.tasks()}


@with_policies
async def test_a_failed_delivery_is_repeated_byte_for_byte_before_any_later_one(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 0.3)
    monkeypatch.setattr(attempts, "FIRST_RETRY_DELAY", 0.3)
    receiver.answer_with(FAIL, OK)
    app = await start()
    ann = Person(app)
    await ann.create("one")
    await until(lambda: receiver.attempts)
    await ann.create("two")
    await until(lambda: len(receiver.titles(ann.sub)) == 2)

    first, again, last = receiver.of(ann.sub)
    assert (again.id, again.body) == (first.id, first.body)
    assert again.at - first.at >= 0.25
    assert int(again.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"])
    assert last.id != first.id
    assert [change["task"]["title"] for change in last.data["changes"]] == ["two"]


async def test_an_outage_costs_one_row_a_person_and_one_probe_for_all(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 0.2)
    monkeypatch.setattr(attempts, "FIRST_RETRY_DELAY", 0.2)
    monkeypatch.setattr(attempts, "PROBE_INTERVAL", 0.6)
    monkeypatch.setattr(retries, "PROBE_INTERVAL", 0.6)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.1)
    receiver.answer_with(FAIL)
    one, other = await start(), await start()
    people = [Person(app) for app in (one, other) for _ in range(30)]
    for _ in range(2):
        await asyncio.gather(*(person.create("Milk") for person in people))
    await until(lambda: is_failing(one))
    await asyncio.sleep(0.5)  # for attempts in progress
    before = len(receiver.attempts)
    await asyncio.sleep(1.6)

    assert 2 <= len(receiver.attempts) - before <= 3
    assert before <= 2 * worker.MAX_PARALLEL + 8 < len(people)
    assert sorted(row["user_id"] for row in await marks(one)) == sorted(person.sub for person in people)

    receiver.answer_with(status("299 Fine", body=b"not JSON"))
    await until(lambda: all(len(receiver.titles(person.sub)) == 2 for person in people), 15)
    await until_idle(one)
    bodies = {(attempt.id, attempt.body) for attempt in receiver.attempts}
    assert len({delivery_id for delivery_id, _ in bodies}) == len(bodies)


async def test_of_two_processes_one_makes_the_probe(start: StartApp) -> None:
    apps = [await start(), await start()]
    await execute(apps[0], "UPDATE webhook_endpoint SET failed_at = 1, failing_since = 1, probe_at = 1")
    workers = [one for app in apps for one in components_of(app, WebhookWorker)]

    claimed = await asyncio.gather(*(one._attempts.claim_probe() for one in workers))

    assert sorted(claimed) == [False, True]


@with_policies
async def test_an_erasure_is_delivered_after_the_person_is_gone(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    ann = Person(app)
    await ann.create("canary1147")
    await until(lambda: receiver.titles(ann.sub))
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(attempt: Attempt, connection: object) -> bytes:  # noqa: ARG001 - an Answer
        if b"canary1148" in attempt.body:
            asyncio.run_coroutine_threadsafe(held.wait(), loop).result(5)
        return status("200 OK")

    receiver.answer = hold
    await ann.create("canary1148")
    await until(lambda: len(receiver.attempts) == 2)
    await ann.http.delete("/api/me")
    assert [(row["body"], row["acknowledged"]) for row in await marks(app)] == [(None, None)]
    held.set()
    await until(lambda: receiver.attempts[-1].content["type"] == "person.erased")

    assert receiver.attempts[-1].data == {"user_id": ann.sub}
    await until(lambda: has_no_marks(app))
    assert ann.sub not in receiver.tasks

    await ann.create("again")
    await until(lambda: receiver.titles(ann.sub) == ["again"])


async def test_who_returns_before_the_erasure_is_delivered_starts_anew(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 0.2)
    app = await start()
    ann = Person(app)
    await ann.create("before")
    await until(lambda: receiver.titles(ann.sub))
    receiver.answer_with(FAIL)
    await ann.http.delete("/api/me")
    await ann.create("after")
    await until(lambda: len(receiver.attempts) > 1)
    receiver.answer_with(OK)

    await until(lambda: receiver.titles(ann.sub) == ["after"])
    assert [one.content["type"] for one in receiver.attempts if one.data["user_id"] == ann.sub][-2:] == [
        "person.erased",
        "task.changes",
    ]


async def test_dropped_tombstones_are_delivered_as_a_reset(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 1.0)
    app = await start(tombstone_days=0.000001)
    ann = Person(app)
    first, second = [(await ann.create(title))["id"] for title in ("one", "two")]
    await ann.create("three")
    await until(lambda: len(receiver.titles(ann.sub)) == 3)
    await until_idle(app)
    receiver.answer_with(FAIL)
    await ann.http.delete(f"/api/tasks/{first}")

    async def is_postponed() -> bool:
        (mark,) = await marks(app)
        return mark["attempts"] == 1 and mark["holder"] is None

    await until(is_postponed)
    await execute(app, "UPDATE webhook_marks SET delivery_id = NULL, body = NULL")
    await asyncio.sleep(0.15)
    await ann.http.delete(f"/api/tasks/{second}")
    await ann.http.delete(f"/api/tasks/{(await ann.create('four'))['id']}")
    receiver.answer_with(OK)

    await until(lambda: receiver.titles(ann.sub) == ["three"], 8)
    assert "person.reset" in {one.content["type"] for one in receiver.attempts}


async def test_a_change_of_lists_alone_delivers_nothing(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    ann = Person(app)
    await ann.http.post("/api/lists", json={"title": "Home"})
    await until_idle(app)

    assert receiver.attempts == []


async def test_without_changes_among_the_events_no_person_is_marked(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start(webhook_events="reminders")
    await Person(app).create()

    assert await marks(app) == []
    assert receiver.attempts == []
