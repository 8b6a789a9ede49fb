"""docs/contract.md, B3: the owner's counter, which every write moves."""

import asyncio
import time
from uuid import uuid4

from fastapi import FastAPI
from support import Person, stored


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


async def test_every_write_moves_the_counter_by_one_and_is_the_task_s_version(
    app: FastAPI, ann: Person
) -> None:
    first, second = await ann.create(), await ann.create()
    begun = await version(app, first["id"])
    assert (await version(app, second["id"]), await seq(app, ann)) == (begun + 1, begun + 1)

    await ann.put(first["id"], title="Buy milk")

    assert (await version(app, first["id"]), await version(app, second["id"])) == (begun + 2, begun + 1)
    assert await seq(app, ann) == begun + 2


async def test_a_deletion_moves_the_counter_and_leaves_a_tombstone_of_that_number(
    app: FastAPI, ann: Person
) -> None:
    task = await ann.create()
    before, began = await seq(app, ann), time.time_ns() // 1000

    await ann.http.delete(f"/api/tasks/{task['id']}")

    (tombstone,) = await stored(app, "tombstones", user_id=ann.sub)
    assert (tombstone["task_id"], tombstone["version"]) == (task["id"], before + 1)
    assert began <= tombstone["deleted_at"] <= time.time_ns() // 1000
    assert await seq(app, ann) == before + 1


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


async def test_no_two_of_many_writes_at_once_have_one_number(app: FastAPI, ann: Person) -> None:
    made = await asyncio.gather(*(ann.create(f"Task {n}") for n in range(20)))
    await asyncio.gather(*(ann.put(task["id"], title="Changed") for task in made[:10]))

    versions = sorted(row["version"] for row in await stored(app, "tasks", user_id=ann.sub))
    (row,) = await stored(app, "users", id=ann.sub)
    assert len(set(versions)) == 20
    assert versions[-1] == row["seq"] == row["horizon"] + 29
