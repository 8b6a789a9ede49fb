"""What runs as one: each gets what is its own, in its order, whatever becomes of the others."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from fastapi import FastAPI
from paging import SORTS
from support import MakeDatabase, Person, database_of, running, settings_for

from taskward.database.postgres.batching import MAX_IN_FLIGHT, MAX_ROWS, BatchedRead, Batcher
from taskward.database.postgres.database import _DIALECT
from taskward.database.statements import STATEMENTS, Read, Row, Values, Write
from taskward.http.errors import DatabaseError
from taskward.tasks.statements import COUNTER, CREATE_TASK, GET_TASK, LISTS

DEADLINE = 10.0
COMBINED = [read for read in STATEMENTS if isinstance(read, Read) and read.batch_keys]


@pytest_asyncio.fixture(scope="module")
async def served(new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    async with running(settings_for(await new_database("postgres"))) as app:
        yield app


class Slow:
    """Stands for a server that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked: list[int] = []
        self.until: list[float] = []
        self.owners: list[list[int]] = []
        self.alone: list[bool] = []

    async def run(
        self,
        statement: Read | Write,  # noqa: ARG002 - a Run
        several: Sequence[Values],
        until: float,
        *,
        unbatched: bool,
    ) -> Sequence[Row]:
        self.asked.append(len(several))
        self.alone.append(unbatched)
        self.owners.append([values["owner"] for values in several])
        self.until.append(until)
        await self.may_answer.wait()
        if any(values.get("unforeseen") for values in several):
            raise TypeError("on purpose")
        if any(values.get("fails") for values in several):
            raise DatabaseError(reason="on purpose")
        rows = [(values["owner"],) for values in several for _ in range(values["rows"])]
        if len(several) == 1:
            return rows
        numbers = [n for n, values in enumerate(several, 1) for _ in range(values["rows"])]
        return [(*row, n) for row, n in zip(rows, numbers, strict=True)]


@pytest.fixture
def slow() -> Slow:
    return Slow()


def ask(together: Batcher, owner: int, rows: int = 1, **others: Any) -> "asyncio.Task[Sequence[Row]]":
    values = {"owner": owner, "rows": rows, **others}
    return asyncio.create_task(together.rows(COUNTER, values, ("kind", values.get("limit")), in_time()))


def in_time() -> float:
    """Return the deadline, on the loop's clock, of what is asked for now."""
    return asyncio.get_running_loop().time() + DEADLINE


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("read", COMBINED, ids=lambda read: read.name)
def test_nothing_of_an_owner_is_common_to_all(read: Read) -> None:
    combined = BatchedRead.compile(read, _DIALECT)

    assert "owner" in combined.batch_keys
    assert not {"owner", "task_id"} & set(combined.common)
    assert "= asked.owner" in combined.sql


def test_reads_with_positions_or_words_run_alone() -> None:
    assert {LISTS[key] for key in LISTS if LISTS[key].batch_keys} == {
        LISTS[sort, False, False] for sort in SORTS
    }
    assert GET_TASK.batch_keys == ("owner", "task_id")


@pytest.mark.processes
async def test_people_who_read_at_once_get_what_they_get_alone(
    served: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Person(served) for _ in range(12)]
    for n, person in enumerate(people):
        for m in range(n % 5):
            await person.create(f"{random.random()} of {n}", is_completed=bool(m % 2))  # noqa: S311 - an order to sort by
    ids = {person: [task["id"] for task in await person.tasks()] for person in people}
    sizes: list[int] = []
    run = database_of(served)._batcher._run

    async def noting(
        read: Read, several: Sequence[Values], until: float, *, unbatched: bool
    ) -> Sequence[Row]:
        sizes.append(len(several))
        rows: Sequence[Row] = await run(read, several, until, unbatched=unbatched)
        return rows

    monkeypatch.setattr(database_of(served)._batcher, "_run", noting)
    requests = [
        (person, path)
        for person in people
        for other in people
        for path in (
            f"/api/tasks/{uuid4()}",
            *(f"/api/tasks/{task_id}" for task_id in ids[other][:2]),
            *(f"/api/tasks?limit=3&sort={sort}" for sort in SORTS if person is other),
            *(f"/api/tasks?limit=100&is_completed={flag}" for flag in ("true", "false") if person is other),
        )
    ]
    random.shuffle(requests)

    unbatched = [await person.http.get(path) for person, path in requests]
    sizes.clear()
    at_once = await asyncio.gather(*(person.http.get(path) for person, path in requests))

    assert max(sizes) > 1
    assert len(sizes) < len(requests)
    for (person, _), one, other in zip(requests, unbatched, at_once, strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content)
        assert one.headers.get("etag") == other.headers.get("etag")
        if one.status_code == 200:
            tasks = one.json().get("tasks", [one.json()])
            assert {task["user_id"] for task in tasks} <= {person.sub}


async def test_those_who_come_while_others_are_under_way_go_together(slow: Slow) -> None:
    together = Batcher(slow.run)
    first = [ask(together, n) for n in range(4)]
    await settle()
    late = [ask(together, n, rows=n % 3) for n in range(10, 20)]
    await settle()

    slow.may_answer.set()

    assert [await one for one in first] == [[(n,)] for n in range(4)] or slow.asked[0] == 4
    for n, one in zip(range(10, 20), late, strict=True):
        assert [row[0] for row in await one] == [n] * (n % 3)
    assert len(slow.asked) < 14


async def test_nobody_waits_for_longer_than_alone(slow: Slow) -> None:
    together = Batcher(slow.run)
    now = asyncio.get_running_loop().time()
    first, late = [], []
    for n in range(MAX_IN_FLIGHT):
        first.append(ask(together, n))
        await settle()
    await asyncio.sleep(0.05)
    for n in range(3):
        late.append(ask(together, n))
        await asyncio.sleep(0.05)
    slow.may_answer.set()

    await asyncio.gather(*first, *late)

    assert slow.asked[-1] == 3
    assert now + DEADLINE <= slow.until[0] < now + DEADLINE + 0.05
    oldest = now + DEADLINE + 0.05
    assert oldest <= slow.until[-1] < oldest + 0.05, "the deadline is that of who waits longest"


async def test_large_pages_do_not_go_together(slow: Slow) -> None:
    together = Batcher(slow.run)
    slow.may_answer.set()

    await asyncio.gather(*(ask(together, n, limit=MAX_ROWS + 1) for n in range(8)))
    await asyncio.gather(*(ask(together, n, limit=MAX_ROWS // 2) for n in range(8)))

    assert slow.asked[:8] == [1] * 8
    assert max(slow.asked) == 2


async def test_each_hears_of_a_failure_and_the_next_are_served(slow: Slow) -> None:
    together = Batcher(slow.run)
    slow.may_answer.set()

    failed = await asyncio.gather(*(ask(together, n, fails=n == 3) for n in range(6)), return_exceptions=True)

    assert [type(one) for one in failed] == [DatabaseError] * 6
    assert len({id(one) for one in failed}) == 6  # each raises its own
    assert await ask(together, 7) == [(7,)]


async def test_what_nobody_foresaw_is_raised_where_each_of_them_waits(slow: Slow) -> None:
    together = Batcher(slow.run)
    slow.may_answer.set()

    failed = await asyncio.gather(
        *(ask(together, n, unforeseen=True) for n in range(6)), return_exceptions=True
    )

    assert [type(one) for one in failed] == [TypeError] * 6  # and is no cancellation, which is not answered
    assert await ask(together, 7) == [(7,)]


async def test_one_who_gives_up_disturbs_nobody(slow: Slow) -> None:
    together = Batcher(slow.run)
    tasks = [ask(together, n) for n in range(6)]
    await settle()
    late = [ask(together, n) for n in range(10, 16)]
    await settle()
    tasks[2].cancel()
    late[3].cancel()
    slow.may_answer.set()

    results = await asyncio.gather(*tasks, *late, return_exceptions=True)

    for n, result in zip([*range(6), *range(10, 16)], results, strict=True):
        if n in {2, 13}:
            assert isinstance(result, asyncio.CancelledError)
        else:
            assert not isinstance(result, BaseException)
            assert [row[0] for row in result] == [n]
    assert together._batches == {}


def write(together: Batcher, owner: int) -> "asyncio.Task[Sequence[Row]]":
    return asyncio.create_task(together.rows(CREATE_TASK, {"owner": owner, "rows": 1}, ("kind",), in_time()))


async def test_what_an_owner_writes_is_never_in_two_statements_at_once(slow: Slow) -> None:
    together = Batcher(slow.run)
    writing = [write(together, 1), write(together, 1), write(together, 2)]
    await settle()
    writing += [write(together, owner) for owner in (1, 3, 2, 1, 3)]
    await settle()
    assert slow.owners == [[1, 1, 2], [3, 3]]

    slow.may_answer.set()

    assert [(await one)[0][0] for one in writing] == [1, 1, 2, 1, 3, 2, 1, 3]
    assert slow.owners == [[1, 1, 2], [3, 3], [1, 2, 1]]
    assert together._batches == {}


async def test_one_at_most_is_alone_and_no_more_than_one_at_a_time(slow: Slow) -> None:
    together = Batcher(slow.run)
    writing = []
    for owner in range(3):
        writing.append(write(together, owner))
        await settle()
    slow.may_answer.set()
    await asyncio.gather(*writing)

    await asyncio.gather(write(together, 1), write(together, 2))
    await write(together, 1)

    assert list(zip(slow.asked, slow.alone, strict=True)) == [
        (1, True),
        (1, False),
        (1, False),
        (2, False),
        (1, True),
    ]


async def test_an_owner_writes_on_after_a_failure(slow: Slow) -> None:
    together = Batcher(slow.run)
    failing = asyncio.create_task(
        together.rows(CREATE_TASK, {"owner": 1, "fails": True}, ("kind",), in_time())
    )
    await settle()
    writing = write(together, 1)
    slow.may_answer.set()

    with pytest.raises(DatabaseError):
        await failing

    assert await writing == [(1,)]
