"""docs/contract.md#changes-and-batches: the owner's counter, which every write moves."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from fastapi import FastAPI
from support import MakeDatabase, Person, execute, running, settings_for, stored
from support.import_documents import many


async def seq(app: FastAPI, person: Person) -> int:
    (row,) = await stored(app, "users", id=person.sub)
    return int(row["seq"])


async def version(app: FastAPI, task_id: str) -> int:
    (row,) = await stored(app, "tasks", id=task_id)
    return int(row["version"])


async def test_the_counter_begins_at_the_microsecond_of_the_first_write(app: FastAPI, ann: Person) -> None:
    before = time.time_ns() // 1000
    await ann.create()

    (row,) = await stored(app, "users", id=ann.sub)
    assert before <= row["seq"] <= time.time_ns() // 1000
    assert row["horizon"] == row["seq"]


async def test_every_write_takes_its_number_from_the_clock_and_is_the_task_s_version(
    app: FastAPI, ann: Person
) -> None:
    numbers = [time.time_ns() // 1000]
    first = await ann.create()
    numbers += [await version(app, first["id"]), time.time_ns() // 1000]
    second = await ann.create()
    numbers += [await version(app, second["id"]), time.time_ns() // 1000]
    await ann.put(first["id"], title="Buy milk")
    numbers += [await version(app, first["id"]), time.time_ns() // 1000]

    assert numbers == sorted(set(numbers))
    assert await version(app, second["id"]) == numbers[3]
    assert await seq(app, ann) == numbers[5]


async def test_a_deletion_moves_the_counter_and_leaves_a_tombstone_of_that_number(
    app: FastAPI, ann: Person
) -> None:
    task = await ann.create()
    began = time.time_ns() // 1000

    await ann.http.delete(f"/api/tasks/{task['id']}")

    (tombstone,) = await stored(app, "tombstones", user_id=ann.sub)
    assert (tombstone["task_id"], tombstone["version"]) == (task["id"], await seq(app, ann))
    assert began <= tombstone["deleted_at"] <= tombstone["version"] <= time.time_ns() // 1000


async def test_while_the_clock_is_behind_the_numbers_go_up_one_by_one(app: FastAPI, ann: Person) -> None:
    task = await ann.create()
    ahead = time.time_ns() // 1000 + 3_600_000_000  # as after the clock was set back by an hour
    await execute(app, f"UPDATE users SET seq = {ahead} WHERE id = '{ann.sub}'")  # noqa: S608 - a test's own words

    await ann.put(task["id"], title="Buy milk")
    made = [await ann.create() for _ in range(2)]
    batch = [{"op": "create", "task": {"title": f"{n}"}} for n in range(3)]
    await ann.http.post("/api/tasks/batch", json={"operations": batch})
    await ann.http.post("/api/me/import", json={"tasks": many(4)})
    await ann.http.delete(f"/api/tasks/{made[0]['id']}")

    rows = await stored(app, "tasks", user_id=ann.sub) + await stored(app, "tombstones", user_id=ann.sub)
    assert sorted(row["version"] - ahead for row in rows) == [1, *range(3, 12)]
    assert await seq(app, ann) == ahead + 11


async def test_an_import_takes_the_last_numbers_up_to_the_clock(app: FastAPI, ann: Person) -> None:
    await ann.create()
    await ann.http.post("/api/me/import", json={"tasks": many(50)})

    versions = sorted(row["version"] for row in await stored(app, "tasks", user_id=ann.sub))
    last = await seq(app, ann)
    assert versions[1:] == [*range(last - 49, last + 1)]
    assert versions[0] < versions[1]
    assert last <= time.time_ns() // 1000


async def test_a_write_that_finds_nothing_moves_nothing_and_leaves_nothing(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    hers = await ann.create()
    await bob.create()
    before = await stored(app, "users", id=bob.sub)

    for task_id in (uuid4(), hers["id"]):
        for method in ("PUT", "PATCH", "DELETE"):
            answer = await bob.http.request(method, f"/api/tasks/{task_id}", json={"title": "x"})
            assert answer.status_code == 404

    assert await stored(app, "users", id=bob.sub) == before
    assert await stored(app, "tombstones", user_id=bob.sub) == []
    assert await version(app, hers["id"]) == await seq(app, ann)


async def test_a_read_and_a_refused_write_move_nothing(app: FastAPI, ann: Person) -> None:
    task = await ann.create()
    before = await stored(app, "users", id=ann.sub)

    await ann.tasks()
    await ann.get(task["id"])
    await ann.http.put(f"/api/tasks/{task['id']}", json={"title": ""})

    assert await stored(app, "users", id=ann.sub) == before


async def test_the_numbers_of_writes_at_once_are_unique_and_follow_the_commits(
    engine: str, new_database: MakeDatabase
) -> None:
    """By two processes: a write that was acknowledged before another began has the smaller number."""
    url = await new_database(engine)
    async with running(settings_for(url)) as app, another(app, url, engine) as other_app:
        ann = Person(app)
        task = await ann.create("Changed by many")
        people = [ann, Person(other_app, ann.sub)]
        spans: list[tuple[int, int, int]] = []

        async def write(person: Person, n: int) -> None:
            for _ in range(10):
                begun = time.time_ns() // 1000
                if n % 2:
                    answer = await person.http.post("/api/tasks", json={"title": f"{n}"})
                else:
                    answer = await person.http.put(f"/api/tasks/{task['id']}", json={"title": f"{n}"})
                spans.append((begun, int(answer.headers["etag"].strip('"')), time.time_ns() // 1000))

        await asyncio.gather(*(write(people[n // 2 % 2], n) for n in range(12)))
        last = await seq(app, ann)

    numbers = [number for _, number, _ in spans]
    assert len(set(numbers)) == len(spans) == 120
    assert max(numbers) == last
    assert all(begun <= number <= ended for begun, number, ended in spans)
    assert not [(one, other) for one in spans for other in spans if one[2] < other[0] and one[1] >= other[1]]


@asynccontextmanager
async def another(app: FastAPI, url: str, engine: str) -> AsyncIterator[FastAPI]:
    """Yields a second app on the same database; what is in memory has only the first."""
    if engine == "memory":
        yield app
        return
    async with running(settings_for(url)) as other:
        yield other
