"""docs/contract.md#changes-and-batches: GET /api/changes."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, database_of, running, settings_for, upsert
from support.change_feed import changes
from support.postgres_connection import connected

from taskward.http.cursors import decode_cursor, encode_cursor, scope_of
from taskward.ids import new_id
from taskward.users.erasure import ERASE_PART

Change = dict[str, Any]

A_MOMENT = 0.6
"""Seconds that the tombstones of a forgetful app are kept."""


async def walk(person: Person, limit: int, since: str | None = None) -> list[Change]:
    """Pulls page by page until nothing follows."""
    walked: list[Change] = []
    more = True
    while more:
        found = await changes(person, limit=limit, since=since)
        walked += found["changes"]
        since, more = found["cursor"], found["has_more"]
        assert len(found["changes"]) == limit or not more
    return walked


def applied(feed: Sequence[Change]) -> dict[str, Any]:
    """Applies changes in order, to nothing."""
    tasks: dict[str, Any] = {}
    for change in feed:
        if change["op"] == "upsert":
            tasks[change["task"]["id"]] = change["task"]
        else:
            tasks.pop(change["id"], None)
    return tasks


async def held(person: Person) -> dict[str, Any]:
    return {task["id"]: task for task in await person.tasks()}


async def update(person: Person, task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await person.http.put(f"/api/tasks/{task['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def delete(person: Person, task: dict[str, Any]) -> None:
    assert (await person.http.delete(f"/api/tasks/{task['id']}")).status_code == 200


# What it gives


async def test_before_the_first_write_there_is_nothing_and_a_cursor(ann: Person) -> None:
    found = await changes(ann)
    assert (found["changes"], found["has_more"]) == ([], False)
    task = await ann.create()
    assert (await changes(ann, since=found["cursor"]))["changes"] == [upsert(task)]


async def test_changes_come_in_the_order_of_the_writes_each_task_once_in_its_latest_state(
    ann: Person,
) -> None:
    one, two, three = [await ann.create(title) for title in ("One", "Two", "Three")]
    assert (await changes(ann))["changes"] == [upsert(one), upsert(two), upsert(three)]
    for n in range(3):
        one = await update(ann, one, title=f"One, again {n}")
    await delete(ann, two)
    four = await ann.create("Four")
    deletion = {"op": "delete", "id": two["id"]}
    assert (await changes(ann))["changes"] == [upsert(three), upsert(one), deletion, upsert(four)]


async def test_a_cursor_gives_what_came_after_it_and_where_nothing_came_nothing(ann: Person) -> None:
    one = await ann.create("One")
    first = await changes(ann)
    again = await changes(ann, since=first["cursor"])
    assert (again["changes"], again["has_more"]) == ([], False)
    two = await ann.create("Two")
    one = await update(ann, one, is_completed=True)
    for cursor in (first["cursor"], again["cursor"]):
        assert (await changes(ann, since=cursor))["changes"] == [upsert(two), upsert(one)]


async def test_a_write_that_changed_nothing_leaves_no_change(ann: Person) -> None:
    task = await ann.create()
    cursor = (await changes(ann))["cursor"]
    await ann.http.put(f"/api/tasks/{uuid4()}", json={"title": "Nobody's"})
    await ann.http.delete(f"/api/tasks/{uuid4()}")
    refused = await ann.http.delete(f"/api/tasks/{task['id']}", headers={"If-Match": '"1"'})
    assert refused.status_code == 412
    undone = [{"op": "create", "task": {"title": "x"}}, {"op": "delete", "id": str(uuid4())}]
    await ann.http.post("/api/tasks/batch", json={"operations": undone, "atomic": True})
    assert (await changes(ann, since=cursor))["changes"] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
async def test_pages_of_any_size_make_up_the_same_feed(ann: Person, limit: int) -> None:
    tasks = [await ann.create(str(n)) for n in range(7)]
    await delete(ann, tasks[2])
    await update(ann, tasks[0], title="changed")
    whole = (await changes(ann))["changes"]
    assert len(whole) == 7
    assert await walk(ann, limit) == whole
    assert applied(whole) == await held(ann)


async def test_more_is_said_to_follow_only_when_it_does(ann: Person) -> None:
    for n in range(4):
        await ann.create(str(n))
    assert (await changes(ann, limit=3))["has_more"] is True
    assert (await changes(ann, limit=4))["has_more"] is False


async def test_changes_of_others_are_invisible(ann: Person, bob: Person) -> None:
    await delete(bob, await bob.create())
    await bob.create()
    assert (await changes(ann))["changes"] == []


async def test_changes_of_others_expire_no_cursor(ann: Person, bob: Person) -> None:
    await ann.create()
    cursor = (await changes(ann))["cursor"]
    await delete(bob, await bob.create())  # the first write sets the horizon of that person
    task = await ann.create()

    assert (await changes(ann, since=cursor))["changes"] == [upsert(task)]


async def test_an_atomic_batch_is_never_seen_by_halves(ann: Person) -> None:
    start = (await changes(ann))["cursor"]  # before the first write, or its changes would not be counted
    done = asyncio.Event()

    async def write() -> None:
        operation = {"op": "create", "task": {"title": "One of five"}}
        for _ in range(15):
            body = {"operations": [operation] * 5, "atomic": True}
            assert (await ann.http.post("/api/tasks/batch", json=body)).status_code == 200
        done.set()

    async def read() -> list[Change]:
        feed: list[Change] = []
        cursor = start
        finished = False
        while not finished:
            finished = done.is_set()
            found = await changes(ann, since=cursor, limit=7 if len(feed) % 2 else 1000)
            feed += found["changes"]
            cursor = found["cursor"]
            assert found["has_more"] or len(feed) % 5 == 0
            await asyncio.sleep(0)  # without a network in between, a read may never yield to the loop
        return feed + await walk(ann, 1000, cursor)

    async with asyncio.TaskGroup() as both:
        both.create_task(write())
        reading = both.create_task(read())
    assert len(reading.result()) == 75


async def test_head_is_answered_as_get_without_the_body(ann: Person) -> None:
    await ann.create()
    answer = await ann.http.head("/api/changes")
    assert (answer.status_code, answer.content) == (200, b"")


# What it refuses


@pytest.mark.engines("memory")
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.0", "x", "", " 1", "1e2", "99999999999999999999"])
async def test_a_limit_is_a_whole_number_from_1_to_1000(ann: Person, limit: str) -> None:
    await refused(ann, "limit", limit=limit)


@pytest.mark.engines("memory")
@pytest.mark.parametrize("since", ["", "abc", "0", "-", "a b", "é", "\u2028", "=", "A" * 5000, "null"])
async def test_a_malformed_cursor_is_refused(ann: Person, since: str) -> None:
    await ann.create()
    await refused(ann, "since", since=since)


async def test_a_cursor_of_another_user_or_list_or_a_changed_one_is_refused(ann: Person, bob: Person) -> None:
    for n in range(2):
        await ann.create(str(n))
    listed = (await ann.http.get("/api/tasks", params={"limit": 1})).json()["next_cursor"]
    mine = (await changes(ann))["cursor"]
    swapped = mine[:-3] + ("A" if mine[-3] != "A" else "B") + mine[-2:]
    for cursor in (
        (await changes(bob))["cursor"],
        listed,
        swapped,
        mine + "A",
        mine[:-1],
        mine + "=",
        "=" + mine,
    ):
        await refused(ann, "since", since=cursor)


@pytest.mark.engines("memory")
async def test_unknown_and_repeated_parameters_are_refused(ann: Person) -> None:
    await refused(ann, "cursor", cursor="x")
    answer = await ann.http.get("/api/changes?limit=1&limit=1")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "limit")


FORGED: list[Any] = [
    *(None, {}, [], "text", 1, [1], [1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [2, 1, 1, 1, 1], ["1", 1, 1, 1, 1]),
    *([1, number, 0, 0, 0] for number in (-1, -(2**63), 2**63, 2**64 - 1, 1.5, True, None, [1], {"a": 1})),
    *([True, 1, 1, 1, 1], [1, 1, 1, 1, None], [[[[[[]]]]]]),
]


@pytest.mark.engines("memory")
@pytest.mark.parametrize("content", FORGED, ids=map(str, FORGED))
async def test_a_well_sealed_cursor_of_absurd_content_is_refused(ann: Person, content: Any) -> None:
    await ann.create()
    await refused(ann, "since", since=encode_cursor(content, scope_of("changes", UUID(ann.sub))))


async def test_forged_numbers_get_a_valid_response(ann: Person) -> None:
    await ann.create()
    least, most = -(2**63), 2**64 - 1
    for numbers in product([0, 1, 2**62, 2**63 - 1], [least, 0, most], [least, 0, most], [0, most]):
        cursor = encode_cursor([1, *numbers], scope_of("changes", UUID(ann.sub)))
        answer = await ann.http.get("/api/changes", params={"since": cursor})
        assert answer.status_code in {200, 410}, (numbers, answer.text)
        if answer.status_code == 200:
            await changes(ann, since=answer.json()["cursor"])


async def refused(person: Person, field: str, **query: str) -> None:
    answer = await person.http.get("/api/changes", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text
    assert [one["field"] for one in answer.json()["details"]] == [field]


# What is forgotten


@asynccontextmanager
async def forgetful(url: str, seconds: float = A_MOMENT) -> AsyncIterator[tuple[FastAPI, Person]]:
    """Yields an app that keeps tombstones for a moment, and a user of it."""
    async with running(settings_for(url, tombstone_days=seconds / 86400)) as app:
        yield app, Person(app)


async def test_a_cursor_older_than_the_tombstones_is_gone(engine: str, new_database: MakeDatabase) -> None:
    async with forgetful(await new_database(engine)) as (_, ann):
        await ann.create()
        cursor = (await changes(ann))["cursor"]
        await changes(ann, since=cursor)
        await asyncio.sleep(A_MOMENT + 0.1)
        await gone(ann, cursor)
        assert len((await changes(ann))["changes"]) == 1, "and the client starts over"


@pytest.mark.engines("memory", "postgres")
async def test_a_cursor_that_is_used_grows_no_older(engine: str, new_database: MakeDatabase) -> None:
    kept = 2.0  # seconds: a busy machine may delay a pull for longer than A_MOMENT
    async with forgetful(await new_database(engine), kept) as (_, ann):
        cursor = (await changes(ann))["cursor"]
        for _ in range(5):
            await asyncio.sleep(kept / 4)
            cursor = (await changes(ann, since=cursor))["cursor"]


async def test_tombstones_are_dropped_as_others_are_added_and_then_are_not_missed(
    engine: str, new_database: MakeDatabase
) -> None:
    async with forgetful(await new_database(engine)) as (app, ann):
        tasks = [await ann.create(str(n)) for n in range(12)]
        early = (await changes(ann))["cursor"]
        for task in tasks[:6]:
            await delete(ann, task)
        assert await tombstones(app, ann) == 6
        await asyncio.sleep(A_MOMENT + 0.1)
        for task in tasks[6:9]:
            await delete(ann, task)
        assert await tombstones(app, ann) == 3
        # A cursor that claims to be young is held to what is known, not only to its age.
        number = content_of(ann, early)[1]
        await gone(ann, forged(ann, number=number, horizon=number))
        assert [change["op"] for change in (await changes(ann))["changes"]] == ["upsert"] * 3 + ["delete"] * 3


async def test_a_deletion_of_nothing_drops_no_tombstones(engine: str, new_database: MakeDatabase) -> None:
    async with forgetful(await new_database(engine)) as (app, ann):
        for task in [await ann.create(str(n)) for n in range(2)]:
            await delete(ann, task)
        await asyncio.sleep(A_MOMENT + 0.1)
        assert (await ann.http.delete(f"/api/tasks/{uuid4()}")).status_code == 404
        assert await tombstones(app, ann) == 2, "without a higher horizon, a cursor would miss them"


async def test_tombstones_never_pile_up(engine: str, new_database: MakeDatabase) -> None:
    async with forgetful(await new_database(engine), 0.001) as (app, ann):
        for n in range(40):
            await delete(ann, await ann.create(str(n)))
            await asyncio.sleep(0.002)
        assert await tombstones(app, ann) <= 2


async def test_paging_is_complete_or_expired_for_any_pruning_meanwhile(
    engine: str, new_database: MakeDatabase
) -> None:
    async with forgetful(await new_database(engine)) as (_, ann):
        tasks = [await ann.create(str(n)) for n in range(6)]
        await delete(ann, tasks[5])
        first = await changes(ann, limit=2)
        assert applied(first["changes"]).keys() == {tasks[0]["id"], tasks[1]["id"]}
        await delete(ann, tasks[0])
        # On a walk, each page makes the cursor young again.
        second = await changes(ann, limit=2, since=first["cursor"])
        await asyncio.sleep(A_MOMENT + 0.1)
        young = refreshed(ann, second["cursor"])
        await delete(ann, tasks[4])  # drops the tombstones of 5 and 0: the walk has seen 0 and not its end
        await gone(ann, young)
        third = await walk(ann, 2)
        assert applied(third) == await held(ann)


async def test_a_walk_that_begins_after_a_pruning_is_never_gone(
    engine: str, new_database: MakeDatabase
) -> None:
    async with forgetful(await new_database(engine)) as (app, ann):
        early = [await ann.create(f"early {n}") for n in range(4)]
        late = [await ann.create(f"late {n}") for n in range(4)]
        await delete(ann, late[0])
        await delete(ann, late[1])
        await asyncio.sleep(A_MOMENT + 0.1)
        await delete(ann, late[2])
        assert await tombstones(app, ann) == 1
        assert applied(await walk(ann, 1)) == await held(ann)
        assert len(await held(ann)) == len(early) + 1


async def test_after_an_erasure_every_cursor_from_before_is_gone(ann: Person) -> None:
    nothing = (await changes(ann))["cursor"]
    await ann.create()
    walked = (await changes(ann))["cursor"]
    await ann.http.delete("/api/me")
    await gone(ann, walked)
    task = await ann.create("A new life")
    await gone(ann, walked)
    assert (await changes(ann))["changes"] == [upsert(task)]
    assert (await changes(ann, since=nothing))["changes"] == [upsert(task)], "it holds nothing to forget"


async def test_after_a_restored_backup_a_cursor_from_its_future_is_gone(
    new_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await new_database("disk")
    path = Path(url.removeprefix("sqlite:///"))
    sub = str(uuid4())
    async with running(settings_for(url)) as app:
        kept = await Person(app, sub).create("Kept")
        past = (await changes(Person(app, sub)))["cursor"]
    shutil.copy(path, tmp_path / "backup")
    async with running(settings_for(url)) as app:
        await Person(app, sub).create("Lost")
        future = (await changes(Person(app, sub)))["cursor"]
    shutil.copy(tmp_path / "backup", path)
    async with running(settings_for(url)) as app:
        ann = Person(app, sub)
        await gone(ann, future)
        assert (await changes(ann, since=past))["changes"] == []
        assert (await changes(ann))["changes"] == [upsert(kept)]


async def test_a_deleted_task_that_is_imported_again_is_one_change(ann: Person) -> None:
    task = await ann.create("Back again")
    document = (await ann.http.get("/api/me/export")).json()
    before = (await changes(ann))["cursor"]
    await delete(ann, task)
    between = (await changes(ann))["cursor"]
    assert (await ann.http.post("/api/me/import", json=document)).json() == {"imported": 1, "skipped": 0}
    back = (await ann.tasks())[0]
    assert back["id"] == task["id"]
    for since in (before, between):
        assert (await changes(ann, since=since))["changes"] == [upsert(back)]
    assert (await changes(ann))["changes"] == [upsert(back)]
    await delete(ann, back)
    assert (await changes(ann, since=between))["changes"] == [{"op": "delete", "id": task["id"]}]


async def test_an_import_is_walked_in_pages_like_any_other_change(ann: Person, bob: Person) -> None:
    for n in range(23):
        await bob.create(str(n))
    await ann.http.post("/api/me/import", json=(await bob.http.get("/api/me/export")).json())
    assert len(feed := await walk(ann, 5)) == 23
    assert applied(feed) == await held(ann)


async def gone(person: Person, cursor: str) -> None:
    answer = await person.http.get("/api/changes", params={"since": cursor})
    assert (answer.status_code, answer.json()["code"]) == (410, "CURSOR_EXPIRED"), answer.text
    assert answer.json()["error"] == "The cursor is too old; start over without one"


async def tombstones(app: FastAPI, person: Person) -> int:
    first, _ = ERASE_PART["tombstones"]
    return len(
        await database_of(app).rows(first, {"owner": UUID(person.sub), "after": UUID(int=0), "limit": 1000})
    )


# No change is missed


@pytest.mark.processes
async def test_an_uncommitted_write_delays_those_that_would_overtake_it(
    new_postgres: Callable[[], Awaitable[str]],
) -> None:
    """The reader must never see a number while a lower one can still come."""
    url = await new_postgres()
    async with running(settings_for(url)) as one, running(settings_for(url)) as other:
        ann = Person(one)
        elsewhere = Person(other, ann.sub)
        first = await ann.create("First")
        cursor = (await changes(ann))["cursor"]
        feed: list[Change] = []
        async with connected(url) as slow:
            transaction = slow.transaction()
            await transaction.start()
            late_id = await write_slowly(slow, UUID(ann.sub))
            overtaking = asyncio.create_task(elsewhere.create("Overtaking"))
            for _ in range(20):
                found = await changes(elsewhere, since=cursor)
                feed += found["changes"]
                cursor = found["cursor"]
                await asyncio.sleep(0.02)
            assert feed == []
            assert not overtaking.done(), "it waits for the row of its owner"
            await transaction.commit()
        overtaken = await overtaking
        feed += await walk(elsewhere, 1, cursor)
    assert [change["task"]["id"] for change in feed] == [str(late_id), overtaken["id"]]
    assert first["id"] not in applied(feed)


async def write_slowly(connection: asyncpg.Connection, owner: UUID) -> UUID:
    """Writes a task as the service does, and leaves the transaction open."""
    number = await connection.fetchval("UPDATE users SET seq = seq + 1 WHERE id = $1 RETURNING seq", owner)
    task_id = new_id()
    await connection.execute(
        "INSERT INTO tasks (user_id, id, title, title_folded, is_completed, created_at, updated_at, version)"
        " VALUES ($1, $2, 'Slow', 'slow', false, now(), now(), $3)",
        owner,
        task_id,
        number,
    )
    return task_id


# Cursors, opened


def content_of(person: Person, cursor: str) -> list[int]:
    content: list[int] = decode_cursor(cursor, scope_of("changes", UUID(person.sub)))
    return content


def forged(person: Person, number: int, horizon: int) -> str:
    """Returns a cursor of that number that was taken just now."""
    return encode_cursor(
        [1, number, horizon, int(time.time() * 1000), 0], scope_of("changes", UUID(person.sub))
    )


def refreshed(person: Person, cursor: str) -> str:
    """Returns the same cursor as if it had been taken just now."""
    _, number, horizon, _, _ = content_of(person, cursor)
    return forged(person, number, horizon)
