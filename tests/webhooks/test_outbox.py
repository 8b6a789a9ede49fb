"""docs/decisions/0045: a mark covers every write, and a marked person's writes leave the mark alone."""

import asyncio
from typing import Any

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

from taskward.database.postgres.compiled import CompiledStatement
from taskward.tasks.statements import CREATE_TASK
from taskward.webhooks import attempts

pytestmark = pytest.mark.engines("postgres")

ROW = "SELECT xmin, xmax, ctid, * FROM webhook_marks WHERE user_id = $1"
FAR = "UPDATE webhook_marks SET next_at = next_at + 3600000000, holder = NULL"
REMOVE = "UPDATE webhook_marks SET next_at = NULL, marked_at = NULL"


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


@pytest.mark.single_statements("step by step, the mark is a statement that takes the lock")
async def test_the_writes_of_a_marked_person_leave_the_mark_alone(marked: tuple[FastAPI, Person]) -> None:
    """Not even its row is locked: that would write to the page, and to the log of the server."""
    app, ann = marked

    async def is_left_alone() -> bool:
        before = await row_of(app, ann)
        task = await ann.create("second")
        await asyncio.gather(*(ann.create(f"{n}") for n in range(20)))
        await ann.put(task["id"], title="changed")
        await ann.http.delete(f"/api/tasks/{task['id']}")
        return await row_of(app, ann) == before

    await until(is_left_alone)  # a transaction that a busy machine delays by 25 ms takes the lock


async def test_a_write_does_not_rely_on_a_mark_that_is_claimed(marked: tuple[FastAPI, Person]) -> None:
    """The process that has claimed it may be about to remove it: the write takes the lock of its row."""
    app, ann = marked
    async with database_of(app).pool.acquire(writes=True) as connection:
        await connection.execute("UPDATE webhook_marks SET holder = user_id")
    before = await row_of(app, ann)
    await ann.create("second")

    assert (await row_of(app, ann))["xmax"] != before["xmax"]


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


async def test_a_mark_is_not_removed_soon_after_its_claim(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MARK_REMOVAL_DELAY", 1.5)
    app = await start()
    ann = Person(app)
    await ann.create()
    await until(lambda: receiver.titles(ann.sub))
    await asyncio.sleep(0.3)
    (held,) = await marks(app)
    assert held["holder"] is not None

    async def is_free() -> bool:
        (mark,) = await marks(app)
        return mark["holder"] is None and mark["next_at"] is None

    await until(is_free)


@pytest.mark.single_statements("step by step, the mark is a statement of its own")
async def test_a_batch_finds_each_mark_by_its_key(start: StartApp) -> None:
    """Also if its plan was made while there were none: otherwise each write reads all marks of an outage."""
    assert CREATE_TASK.batched is not None
    batched = CompiledStatement.compile_batched(CREATE_TASK.batched, marking=True)
    app = await start()
    async with database_of(app).pool.acquire() as connection:
        plan = await generic_plan(connection, batched)

    of_marks = [node for node in plan_nodes(plan) if node.get("Relation Name") == "webhook_marks"]
    reads = [(node["Node Type"], node.get("Index Name")) for node in of_marks if "Scan" in node["Node Type"]]
    assert reads == [("Index Scan", "webhook_marks_pkey")]


async def row_of(app: FastAPI, person: Person) -> dict[str, Any]:
    """Returns the mark, its place, and the transactions that have written and locked it."""
    async with connected(database_of(app).pool.url) as connection:
        return dict(await connection.fetchrow(ROW, person.sub))
