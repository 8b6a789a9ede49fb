"""docs/decisions/0065: a mark covers every write, and is an upsert in the transaction of the write."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import Person, database_of
from support.postgres_connection import connected
from support.query_plans import generic_plan, plan_nodes
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.marks import marks
from webhooks.receiver import FAIL, Receiver

from taskward.database.outbox import mark_steps
from taskward.database.postgres.compiled import CompiledWrite
from taskward.tasks.statements import CREATE_TASK

pytestmark = pytest.mark.engines("postgres")

ROW = "SELECT xmin, ctid, * FROM webhook_marks WHERE user_id = $1"
FAR = "UPDATE webhook_marks SET next_at = next_at + 3600000000, holder = NULL"
REMOVE = "UPDATE webhook_marks SET next_at = NULL, marked_at = NULL"
OPERATION: Final = {"op": "create", "task": {"title": "second"}}
LATER = "INSERT INTO webhook_marks (user_id, next_at, attempts, is_erased) VALUES ($1, 9e15, 0, false)"
LOCK_IF_FREE = "SELECT user_id FROM webhook_marks WHERE user_id = $1 FOR UPDATE SKIP LOCKED"


@pytest_asyncio.fixture
async def marked(start: StartApp, receiver: Receiver) -> tuple[FastAPI, Person]:
    """Returns an app, and a person who is marked, and whose turn does not come."""
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    await ann.create("first")

    async def is_postponed() -> bool:
        return [(one["attempts"], one["holder"]) for one in await marks(app)] == [(1, None)]

    await until(is_postponed)
    async with database_of(app).pool.acquire(writes=True) as connection:
        await connection.execute(FAR)
    return app, ann


async def test_the_writes_of_a_marked_person_do_not_change_the_mark(marked: tuple[FastAPI, Person]) -> None:
    """They lock its row, and write no new version of it: `xmin` and `ctid` stay."""
    app, ann = marked
    before = await row_of(app, ann)
    task = await ann.create("second")
    await asyncio.gather(*(ann.create(f"{n}") for n in range(20)))
    await ann.put(task["id"], title="changed")
    await ann.http.delete(f"/api/tasks/{task['id']}")

    assert await row_of(app, ann) == before


async def test_a_write_that_waited_does_not_rely_on_a_mark_that_is_gone(
    marked: tuple[FastAPI, Person],
) -> None:
    app, ann = marked
    async with connected(database_of(app).pool.url) as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", ann.sub)
        writing = asyncio.create_task(ann.create("second"))
        await asyncio.sleep(0.3)  # it sees the mark, and waits
        await connection.execute(REMOVE)
        await connection.execute("COMMIT")
        await writing

    (mark,) = await marks(app)
    assert mark["next_at"] is not None


@pytest.mark.parametrize("kind", ["single", "batch", "transaction"])
async def test_a_write_waits_for_a_transaction_that_removes_the_mark(
    marked: tuple[FastAPI, Person], kind: str
) -> None:
    """However long that takes: the write decides on the mark as it is then."""
    app, ann = marked
    async with connected(database_of(app).pool.url) as connection:
        await connection.execute("BEGIN")
        await connection.execute(REMOVE)
        writing = asyncio.gather(*writes_of(kind, ann))
        await asyncio.sleep(0.3)
        assert not writing.done()
        await connection.execute("COMMIT")
        await writing

    (mark,) = await marks(app)
    assert mark["next_at"] is not None


def writes_of(kind: str, person: Person) -> list[Awaitable[Any]]:
    if kind == "transaction":
        return [person.http.post("/api/batch", json={"operations": [OPERATION]})]
    return [person.create(f"{n}") for n in range(1 if kind == "single" else 20)]


async def test_marks_of_several_people_are_locked_in_the_order_of_their_ids(start: StartApp) -> None:
    """So no two transactions that mark several people wait for each other."""
    database = database_of(await start())
    people = [UUID(int=2**127 + n) for n in range(8)]
    async with connected(database.pool.url) as connection:
        await connection.executemany(LATER, [[one] for one in people])
        await connection.execute("BEGIN")
        await connection.execute("SELECT FROM webhook_marks WHERE user_id = $1 FOR UPDATE", people[0])
        marking = asyncio.create_task(database.transact(lambda: mark_steps(reversed(people))))
        await asyncio.sleep(0.3)
        free = [person for person in people if await connection.fetch(LOCK_IF_FREE, person)]
        await connection.execute("COMMIT")
        await marking

    assert len(free) == len(people)


@pytest.mark.single_statements("step by step, the mark is a statement of its own")
async def test_a_batch_marks_in_the_order_of_ids_and_reads_no_marks(start: StartApp) -> None:
    """Also if its plan was made while there were none: otherwise each write reads all marks of an outage."""
    batched = CompiledWrite.of(CREATE_TASK, marking=True).for_batch([{}])
    app = await start()
    async with database_of(app).pool.acquire() as connection:
        plan = await generic_plan(connection, batched)

    (marking,) = [node for node in plan_nodes(plan) if node.get("Relation Name") == "webhook_marks"]
    assert marking["Node Type"] == "ModifyTable"
    inserted = batched.sql.partition("INSERT INTO webhook_marks")[2].partition("ON CONFLICT")[0]
    assert inserted.rstrip().endswith("ORDER BY valid.owner")  # the plan may have them in that order already


async def row_of(app: FastAPI, person: Person) -> dict[str, Any]:
    """Returns the mark, its place, and the transaction that has written it."""
    async with connected(database_of(app).pool.url) as connection:
        return dict(await connection.fetchrow(ROW, person.sub))
