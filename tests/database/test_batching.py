"""Batches: each call gets its own result, in order, even if others of the batch fail."""

import asyncio
import random
from collections.abc import Hashable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from support import Person, database_of
from support.paging import SORTS
from support.waiting import run_ready_tasks

from taskward.database.batching import Batcher, NotStarted
from taskward.database.postgres.batched_sql import BatchedRead
from taskward.database.postgres.batches import MAX_IN_FLIGHT, MAX_ROWS
from taskward.database.postgres.compiled import DIALECT
from taskward.database.statements import STATEMENTS, Read, Row, Values
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.tasks.list_statements import ListShape
from taskward.tasks.statements import GET_TASK, LISTS

DEADLINE = 10.0
COMBINED = [read for read in STATEMENTS if isinstance(read, Read) and read.batch_keys]


class Slow:
    """An operation that ends when a test says so; its calls say what they return."""

    runs_in_caller = True

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.asked: list[int] = []
        self.until: list[float] = []
        self.owners: list[list[int]] = []
        self.alone: list[bool] = []
        self.tasks: list[asyncio.Task[Any] | None] = []
        self.not_started: list[Exception] = []
        """The errors of the next batches."""
        self._running: set[int] = set()

    def kind(self, values: Values) -> Hashable | None:
        return None if values.get("limit", 1) > MAX_ROWS else values.get("limit", 1)

    def max_size(self, values: Values) -> int:
        most: int = values.get("most", MAX_ROWS // values.get("limit", 1))
        return most

    def exclusive_key(self, values: Values) -> Hashable | None:
        return values["owner"] if values.get("writes") else None

    async def prepare(self, until: float) -> None:
        if self.not_started:
            error = self.not_started.pop()
            await asyncio.sleep(until - asyncio.get_running_loop().time() + 0.01)
            raise NotStarted(error)
        await self.may_start.wait()

    async def run_alone(self, values: Values, until: float) -> Sequence[Row]:
        (rows,) = await self._run([values], until, alone=True)
        found: Sequence[Row] = rows
        return found

    async def run_batch(self, several: Sequence[Values], until: float) -> Sequence[Sequence[Row] | Exception]:
        return await self._run(several, until, alone=False)

    async def _run(self, several: Sequence[Values], until: float, *, alone: bool) -> list[Any]:
        writers = {values["owner"] for values in several if values.get("writes")}
        assert not writers & self._running
        self._running |= writers
        self.asked.append(len(several))
        self.alone.append(alone)
        self.owners.append([values["owner"] for values in several])
        self.until.append(until)
        self.tasks.append(asyncio.current_task())
        await self.may_answer.wait()
        self._running -= writers
        if any(values.get("unforeseen") for values in several):
            raise TypeError("on purpose")
        if any(values.get("fails") for values in several):
            raise ServiceUnavailable(reason="on purpose", retry_after=7)
        return [self._answer(values) for values in several]

    def _answer(self, values: Values) -> Any:
        if values.get("refused"):
            return DatabaseError(reason="this one alone")
        return [(values["owner"],)] * values.get("rows", 1)


@pytest.fixture
def slow() -> Slow:
    return Slow()


class Asking:
    """Submits calls of one operation to a batcher."""

    def __init__(self, slow: Slow, max_in_flight: int = MAX_IN_FLIGHT) -> None:
        self.sizes: list[int] = []
        self.batcher: Batcher[Values, Sequence[Row]] = Batcher(max_in_flight, self.sizes.append)
        self._slow = slow

    def __call__(
        self, owner: int, *, until: float | None = None, **values: Any
    ) -> "asyncio.Task[Sequence[Row]]":
        until = in_time() if until is None else until
        return asyncio.create_task(self.batcher.run(self._slow, {"owner": owner, **values}, until))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued or in flight."""
        return not vars(self.batcher)["_queues"]


@pytest.fixture
def ask(slow: Slow) -> Asking:
    return Asking(slow)


def in_time(seconds: float = DEADLINE) -> float:
    """Returns the deadline, on the loop's clock, of a call that is submitted now."""
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize("read", COMBINED, ids=lambda read: read.name)
def test_no_value_of_an_owner_is_common_to_a_batch(read: Read) -> None:
    combined = BatchedRead.compile(read, DIALECT, read.batch_keys)

    assert "owner" in combined.batch_keys
    assert not {"owner", "task_id"} & set(combined.common)
    assert "= asked.owner" in combined.sql


@pytest.mark.parametrize("read", COMBINED, ids=lambda read: read.name)
def test_a_batch_has_the_rows_of_a_read_in_its_order(read: Read) -> None:
    order = str(read.statement.compile(dialect=DIALECT)).rpartition(" ORDER BY ")[2].partition(" \n")[0]
    direction = " DESC" if read.descending else ""
    assert order == ", ".join(f"{column}{direction}" for column in read.sorted_by) or not read.sorted_by
    assert (read.limit_key is None) == (not read.sorted_by)
    assert set(read.sorted_by) <= set(read.statement.selected_columns)


def test_reads_with_positions_or_words_run_alone() -> None:
    assert {LISTS[key] for key in LISTS if LISTS[key].batch_keys} == {
        LISTS[ListShape(sort)] for sort in SORTS
    }
    assert GET_TASK.batch_keys == ("owner", "task_id")


@pytest.mark.processes
async def test_reads_in_a_batch_return_the_same_as_alone(
    own_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Person(own_app) for _ in range(12)]
    for n, person in enumerate(people):
        for m in range(n % 5):
            await person.create(f"{random.random()} of {n}", is_completed=bool(m % 2))  # noqa: S311 - an arbitrary order
    ids = {person: [task["id"] for task in await person.tasks()] for person in people}
    sizes: list[int] = []
    monkeypatch.setattr(database_of(own_app).batcher, "on_batch", sizes.append)
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


async def test_a_call_with_nothing_in_flight_runs_in_its_callers_task(slow: Slow, ask: Asking) -> None:
    first = ask(1)
    await run_ready_tasks()
    second = ask(2)
    await run_ready_tasks()
    assert slow.tasks[0] is first
    assert slow.tasks[1] is not second
    slow.may_answer.set()
    await asyncio.gather(first, second)

    third = ask(3)
    assert await third == [(3,)]
    assert slow.tasks[2] is third
    assert ask.is_idle
    assert sum(ask.sizes) == 3


async def test_an_operation_that_cannot_be_cancelled_never_runs_in_its_callers_task(
    slow: Slow, ask: Asking
) -> None:
    slow.runs_in_caller = False
    slow.may_answer.set()
    first = ask(1)

    assert await first == [(1,)]
    assert slow.tasks[0] is not first
    assert slow.alone == [True]


async def test_calls_that_arrive_during_a_batch_form_the_next_one(slow: Slow, ask: Asking) -> None:
    first = [ask(n) for n in range(4)]
    await run_ready_tasks()
    late = [ask(n, rows=n % 3) for n in range(10, 20)]
    await run_ready_tasks()

    slow.may_answer.set()

    assert [await one for one in first] == [[(n,)] for n in range(4)]
    for n, one in zip(range(10, 20), late, strict=True):
        assert [row[0] for row in await one] == [n] * (n % 3)
    assert slow.asked == [1, 3, 10]


async def test_a_call_that_runs_alone_does_not_wait_for_those_queued_meanwhile(slow: Slow) -> None:
    ask = Asking(slow, max_in_flight=1)
    first = ask(1)
    await run_ready_tasks()
    late = [ask(n) for n in range(2, 5)]
    await run_ready_tasks()
    assert ask.batcher.waiting == 3
    slow.may_answer.set()
    await first

    assert not any(one.done() for one in late)
    assert [await one for one in late] == [[(n,)] for n in range(2, 5)]
    assert slow.asked == [1, 3]
    assert slow.tasks[1] is not first


async def test_a_batch_has_the_deadline_of_its_oldest_call(slow: Slow, ask: Asking) -> None:
    now = asyncio.get_running_loop().time()
    first, late = [], []
    for n in range(MAX_IN_FLIGHT):
        first.append(ask(n))
        await run_ready_tasks()
    await asyncio.sleep(0.05)
    for n in range(3):
        late.append(ask(n))
        await asyncio.sleep(0.05)
    slow.may_answer.set()

    await asyncio.gather(*first, *late)

    assert slow.asked[-1] == 3
    assert now + DEADLINE <= slow.until[0] < now + DEADLINE + 0.05
    oldest = now + DEADLINE + 0.05
    assert oldest <= slow.until[-1] < oldest + 0.05, "the deadline is that of the oldest call"


async def test_large_pages_are_not_batched(slow: Slow, ask: Asking) -> None:
    slow.may_answer.set()

    await asyncio.gather(*(ask(n, limit=MAX_ROWS + 1) for n in range(8)))
    slow.may_answer.clear()
    large = [ask(n, limit=MAX_ROWS // 2) for n in range(8)]
    await run_ready_tasks()
    slow.may_answer.set()
    await asyncio.gather(*large)

    assert slow.asked[:8] == [1] * 8
    assert max(slow.asked) == 2


async def test_no_batch_is_larger_than_each_of_its_calls_permits(slow: Slow) -> None:
    ask = Asking(slow, max_in_flight=1)
    asked = [ask(0)]
    await run_ready_tasks()
    asked += [ask(n, most=most) for n, most in enumerate([9, 9, 1, 1, 9, 2, 9, 9], 1)]
    await run_ready_tasks()
    slow.may_answer.set()

    await asyncio.gather(*asked)

    assert slow.owners == [[0], [1, 2], [3], [4], [5, 6], [7, 8]]


async def test_each_call_of_a_failed_batch_raises_and_the_next_batch_runs(slow: Slow, ask: Asking) -> None:
    first = ask(0)
    await run_ready_tasks()
    asked = [ask(n, fails=n == 3) for n in range(1, 7)]
    await run_ready_tasks()
    slow.may_answer.set()
    failed = await asyncio.gather(*asked, return_exceptions=True)

    assert await first == [(0,)]
    assert [getattr(one, "retry_after", None) for one in failed] == [7] * 6
    assert [str(one) for one in failed] == ["on purpose"] * 6
    assert len({id(one) for one in failed}) == 6  # each raises its own
    assert await ask(7) == [(7,)]


async def test_the_error_of_one_call_does_not_fail_the_others(slow: Slow, ask: Asking) -> None:
    asked = [ask(n, refused=n == 3) for n in range(6)]
    await run_ready_tasks()
    slow.may_answer.set()
    found = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in found] == [list, list, list, DatabaseError, list, list]


async def test_an_unexpected_error_is_raised_in_each_call(slow: Slow, ask: Asking) -> None:
    asked = [ask(n, unforeseen=True) for n in range(6)]
    await run_ready_tasks()
    slow.may_answer.set()
    failed = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in failed] == [TypeError] * 6  # and not a cancellation, which has no response
    assert await ask(7) == [(7,)]


async def test_a_batch_that_cannot_start_fails_only_the_calls_past_their_deadline(slow: Slow) -> None:
    slow.runs_in_caller = False
    slow.not_started = [DatabaseError(reason="locked")]
    slow.may_answer.set()
    ask = Asking(slow, max_in_flight=1)
    asked = [ask(n, until=in_time(0.02 if n == 0 else DEADLINE)) for n in range(3)]

    with pytest.raises(DatabaseError, match="locked"):
        await asked[0]
    assert [await one for one in asked[1:]] == [[(1,)], [(2,)]]
    assert slow.owners == [[1, 2]]
    assert ask.is_idle


async def test_calls_that_arrive_before_a_batch_can_start_are_added_to_it(slow: Slow) -> None:
    slow.runs_in_caller = False
    slow.may_start.clear()
    ask = Asking(slow, max_in_flight=1)
    asked = [ask(0, most=3)]
    await run_ready_tasks()
    asked += [ask(n, most=3) for n in range(1, 5)]
    await run_ready_tasks()
    assert ask.batcher.waiting == 5
    slow.may_start.set()
    slow.may_answer.set()
    await asyncio.gather(*asked)

    assert slow.owners == [[0, 1, 2], [3, 4]]


async def test_a_cancelled_call_does_not_affect_the_others(slow: Slow, ask: Asking) -> None:
    tasks = [ask(n) for n in range(6)]
    await run_ready_tasks()
    late = [ask(n) for n in range(10, 16)]
    await run_ready_tasks()
    tasks[0].cancel()  # which runs in its own task
    tasks[2].cancel()
    late[3].cancel()
    slow.may_answer.set()

    results = await asyncio.gather(*tasks, *late, return_exceptions=True)

    for n, result in zip([*range(6), *range(10, 16)], results, strict=True):
        if n in {0, 2, 13}:
            assert isinstance(result, asyncio.CancelledError)
        else:
            assert not isinstance(result, BaseException)
            assert [row[0] for row in result] == [n]
    await run_ready_tasks()
    assert ask.is_idle


async def test_a_call_cancelled_in_the_queue_is_not_run(slow: Slow) -> None:
    ask = Asking(slow, max_in_flight=1)
    first, second, third = ask(1), ask(2), ask(3)
    await run_ready_tasks()
    second.cancel()
    await run_ready_tasks()
    slow.may_answer.set()
    await asyncio.gather(first, third)

    assert slow.owners == [[1], [3]]


async def test_the_writes_of_an_owner_are_never_in_two_statements_at_once(slow: Slow, ask: Asking) -> None:
    writing = [ask(owner, writes=True) for owner in (1, 1, 2)]
    await run_ready_tasks()
    writing += [ask(owner, writes=True) for owner in (1, 3, 2, 1, 3)]
    await run_ready_tasks()
    assert slow.owners == [[1], [2], [3, 3]]

    slow.may_answer.set()  # Slow itself asserts that no owner is in two at once

    assert [(await one)[0][0] for one in writing] == [1, 1, 2, 1, 3, 2, 1, 3]
    assert sorted(owner for owners in slow.owners[3:] for owner in owners) == [1, 1, 1, 2]
    assert ask.is_idle


async def test_at_most_one_call_runs_alone(slow: Slow, ask: Asking) -> None:
    writing = []
    for owner in range(3):
        writing.append(ask(owner, writes=True))
        await run_ready_tasks()
    slow.may_answer.set()
    await asyncio.gather(*writing)
    await ask(1, writes=True)

    assert list(zip(slow.asked, slow.alone, strict=True)) == [(1, True), (1, False), (1, False), (1, True)]


async def test_an_owner_can_write_after_a_failure(slow: Slow, ask: Asking) -> None:
    failing = ask(1, writes=True, fails=True)
    await run_ready_tasks()
    writing = ask(1, writes=True)
    await run_ready_tasks()
    slow.may_answer.set()

    with pytest.raises(ServiceUnavailable):
        await failing

    assert await writing == [(1,)]


async def test_drain_waits_for_the_queued_calls(slow: Slow) -> None:
    slow.runs_in_caller = False
    ask = Asking(slow, max_in_flight=1)
    asked = [ask(n) for n in range(3)]
    await run_ready_tasks()
    slow.may_answer.set()

    await ask.batcher.drain()

    assert ask.is_idle
    assert [await one for one in asked] == [[(n,)] for n in range(3)]


async def test_a_call_waits_for_those_of_the_same_turn_while_batches_are_large(
    slow: Slow, ask: Asking
) -> None:
    slow.may_answer.set()
    slow.runs_in_caller = False
    await asyncio.gather(*(ask(n) for n in range(8)))
    slow.runs_in_caller = True
    await asyncio.gather(*(ask(n) for n in range(8)))
    assert slow.asked == [8, 8]

    for n in range(20):
        await ask(n)
    alone = ask(1)
    await alone

    assert slow.tasks[-1] is alone
