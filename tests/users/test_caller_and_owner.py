"""Limits are counted by caller, and rows are stored by owner, when the two are not the same."""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

import pytest
from changes.streams import SmallSendBuffer, http_client, in_process_server
from fastapi import FastAPI
from faults.raw_clients import RawClient
from support import Person, context_for, database_of, parts_of, running, settings_for, stored
from support.people import caller_of
from support.waiting import until

from taskward.database.postgres import row_level_security
from taskward.database.statements import TransactionSteps
from taskward.http.caller import Owner
from taskward.http.context import RequestContext
from taskward.http.fair_semaphore import FairSemaphore
from taskward.me.spool import UPLOADS
from taskward.users.statements import COUNT_MANY

LARGE = "x" * 9000
"""Three of them make a body that is read in a thread."""


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> UUID:
    """The owner of all rows that are asked for, by any caller, whom row-level security does not know."""
    owner = Owner(uuid4())
    belongs_to(monkeypatch, owner)
    unknown: ContextVar[UUID | None] = ContextVar("unknown", default=None)
    monkeypatch.setattr(row_level_security, "CALLER", unknown)
    return owner.id


def belongs_to(monkeypatch: pytest.MonkeyPatch, owner: Owner) -> None:
    """From now on every request reads and writes the rows of that owner."""
    monkeypatch.setattr(RequestContext, "owner", property(lambda _: owner))


async def test_what_a_caller_writes_is_stored_with_the_owner(
    app: FastAPI, space: UUID, ann: Person, bob: Person
) -> None:
    listed = (await ann.http.post("/api/lists", json={"title": "Home"})).json()
    task = await ann.create(labels=["a"], list_id=listed["id"])

    assert task["user_id"] == listed["user_id"] == str(space)
    assert [one["id"] for one in await bob.tasks()] == [task["id"]]
    changed = await bob.put(task["id"], title="Bob's")
    batch = {"operations": [{"op": "create", "task": {"title": "of a batch"}}]}
    assert (await bob.http.post("/api/tasks/batch", json=batch)).status_code == 200
    assert (await bob.http.get("/api/labels")).json()["labels"] == [{"label": "a", "tasks": 1}]
    feed = (await ann.http.get("/api/changes")).json()["changes"]
    assert [one["task"]["title"] for one in feed] == [changed["title"], "of a batch"]
    for person in (ann, bob):
        assert await stored(app, "tasks", user_id=person.sub) == []
        assert await stored(app, "users", id=person.sub) == []


async def test_the_address_of_a_caller_is_not_that_of_the_owner(app: FastAPI, space: UUID) -> None:
    caller = Person(app, email="ann@example.com", zoneinfo="Europe/Paris")
    await caller.create()

    (row,) = await stored(app, "users", id=str(space))
    assert (row["email"], row["time_zone"]) == (None, None)


async def test_only_the_bump_of_a_person_makes_a_row(app: FastAPI) -> None:
    owner = uuid4()

    def steps() -> TransactionSteps[Any]:
        return (yield COUNT_MANY, {"owner": owner, "count": 3})

    assert list(await database_of(app).transact(steps)) == []
    assert await stored(app, "users", id=str(owner)) == []


@pytest.mark.usefixtures("space")
async def test_slots_are_counted_by_the_caller(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of admission, of large bodies, of searches and calendars."""
    users: set[Hashable] = set()
    monkeypatch.setattr(FairSemaphore, "try_acquire", recorded(users, FairSemaphore.try_acquire))

    large = {"operations": [{"op": "create", "task": {"title": "x", "description": LARGE}}] * 3}
    assert (await ann.http.post("/api/tasks/batch", json=large)).status_code == 200
    for path in ("/api/tasks?q=x", "/api/me/calendar.ics", "/api/changes"):
        assert (await ann.http.get(path)).status_code == 200

    assert {UUID(int=one) if isinstance(one, int) else one for one in users} == {UUID(ann.sub)}


@pytest.mark.usefixtures("space")
async def test_the_rate_is_limited_by_caller() -> None:
    async with running(settings_for("sqlite://", rate_limit="2/h")) as app:
        ann, bob = Person(app), Person(app)

        statuses = [(await person.http.get("/api/tasks")).status_code for person in (ann, ann, ann, bob)]

    assert statuses == [200, 200, 429, 200]


@pytest.mark.usefixtures("space")
async def test_streams_are_counted_by_caller_and_notified_by_owner() -> None:
    settings = settings_for("sqlite://", max_streams_per_user=1)
    async with (
        in_process_server(settings) as service,
        http_client(service.url, str(uuid4())) as ann,
        http_client(service.url, str(uuid4())) as bob,
        ann.stream() as of_ann,
        bob.stream() as of_bob,
    ):
        assert (await ann.http.get("/api/events")).status_code == 429
        task = await bob.create()
        assert [(await stream.next()).change["task"] for stream in (of_ann, of_bob)] == [task, task]


@pytest.mark.usefixtures("space")
async def test_unread_bytes_are_counted_by_caller() -> None:
    task = {"op": "create", "task": {"title": "x", "description": "\x01" * 2000}}
    async with (
        in_process_server(settings_for("sqlite://"), SmallSendBuffer) as service,
        http_client(service.url, str(uuid4())) as ann,
        http_client(service.url, str(uuid4())) as bob,
    ):
        await ann.http.post("/api/tasks/batch", json={"operations": [task] * 20})
        budget = service.server.server_state.send_budget
        budget.per_user = 1
        client = await RawClient.get(service.port, "/api/tasks", ann.sub)
        await until(lambda: budget.total > budget.per_user)
        statuses = [(await one.http.get("/api/tasks?limit=1")).status_code for one in (ann, bob)]
        client.close()

    assert statuses == [503, 200]


async def test_uploads_are_counted_by_caller(app: FastAPI, space: UUID) -> None:
    uploads = parts_of(app)[UPLOADS]
    ann = context_for({}, parts_of(app))
    ann.known_caller = caller_of(uuid4())

    with uploads.new_spool(ann, 1, b""):
        assert set(uploads._running) == {ann.known_caller.id} != {space}


def recorded(users: set[Hashable], count: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the method, with a record of the users that it is called for."""

    def method(self: object, user: Hashable, *others: Any) -> Any:
        users.add(user)
        return count(self, user, *others)

    return method


@pytest.mark.usefixtures("space")
async def test_callers_may_use_one_idempotency_key_in_the_rows_of_one_owner(ann: Person, bob: Person) -> None:
    answers = [
        await person.http.post("/api/tasks", json={"title": title}, headers={"Idempotency-Key": "key"})
        for person, title in ((ann, "Ann's"), (bob, "Bob's"), (ann, "Ann's"), (bob, "Bob's"))
    ]

    assert [answer.json()["title"] for answer in answers] == ["Ann's", "Bob's", "Ann's", "Bob's"]
    assert ["Idempotent-Replayed" in answer.headers for answer in answers] == [False, False, True, True]
    assert len(await ann.tasks()) == 2


async def test_a_caller_may_use_one_idempotency_key_for_several_owners(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("One", "Another"):
        belongs_to(monkeypatch, Owner(uuid4()))
        key = {"Idempotency-Key": "key"}
        assert (await ann.http.post("/api/tasks", json={"title": title}, headers=key)).json()[
            "title"
        ] == title
