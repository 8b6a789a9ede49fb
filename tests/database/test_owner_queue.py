"""The queue of an owner's writes: in order, until a deadline, and removed when it is empty."""

import asyncio
from uuid import UUID, uuid4

import pytest
from support.waiting import run_ready_tasks

from taskward.database.postgres.owner_queue import OwnerQueue
from taskward.http.errors import DatabaseError

LONG = 10.0


def at(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


class Writers:
    """Writes of one owner, each of which runs until a test ends it; `order` lists them as they began."""

    def __init__(self, queue: OwnerQueue, owner: UUID) -> None:
        self.queue = queue
        self.owner = owner
        self.order: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    def begin(self, name: str, seconds: float = LONG, *, shared: bool = False) -> "asyncio.Task[None]":
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._write(name, at(seconds), shared=shared))

    async def _write(self, name: str, until: float, *, shared: bool) -> None:
        await self.queue.enter(self.owner, until, shared=shared)
        try:
            self.order.append(name)
            await self.ends[name].wait()
        finally:
            self.queue.leave(self.owner)


@pytest.fixture
def queue() -> OwnerQueue:
    return OwnerQueue()


@pytest.fixture
def writers(queue: OwnerQueue) -> Writers:
    return Writers(queue, uuid4())


def is_empty(queue: OwnerQueue) -> bool:
    return not queue._running and not queue._queued


async def test_writes_of_one_owner_run_one_by_one_in_order(queue: OwnerQueue, writers: Writers) -> None:
    names = [f"{n}" for n in range(5)]
    tasks = [writers.begin(name) for name in names]
    for n, name in enumerate(names):
        await run_ready_tasks()
        assert writers.order == names[: n + 1]
        writers.ends[name].set()
    await asyncio.gather(*tasks)
    assert is_empty(queue)


async def test_owners_do_not_wait_for_each_other(queue: OwnerQueue) -> None:
    owners = [uuid4() for _ in range(3)]
    assert all(queue.enter_now(owner) for owner in owners)
    assert not any(queue.enter_now(owner) for owner in owners)
    for owner in owners:
        queue.leave(owner)
    assert is_empty(queue)


async def test_shared_writes_queued_one_after_the_other_have_one_turn(
    queue: OwnerQueue, writers: Writers
) -> None:
    tasks = [writers.begin("first")]
    await run_ready_tasks()
    for name, shared in (("a", True), ("b", True), ("alone", False), ("c", True), ("d", True)):
        tasks.append(writers.begin(name, shared=shared))
        await run_ready_tasks()
    writers.ends["first"].set()
    await run_ready_tasks()
    assert writers.order == ["first", "a", "b"]
    writers.ends["a"].set()
    await run_ready_tasks()
    assert writers.order == ["first", "a", "b"]  # the turn ends with the last of them
    writers.ends["b"].set()
    await run_ready_tasks()
    assert writers.order[3:] == ["alone"]
    for end in writers.ends.values():
        end.set()
    await asyncio.gather(*tasks)
    assert writers.order[4:] == ["c", "d"]
    assert is_empty(queue)


async def test_a_write_past_its_deadline_fails_and_leaves_no_gap(queue: OwnerQueue, writers: Writers) -> None:
    first = writers.begin("first")
    await run_ready_tasks()
    late, last = writers.begin("late", 0.02), writers.begin("last")
    with pytest.raises(DatabaseError) as refused:
        await late
    assert refused.value.reason == "earlier writes of the same owner took all the time"
    assert len(queue._queued[writers.owner]) == 1
    for end in writers.ends.values():
        end.set()
    await asyncio.gather(first, last)
    assert writers.order == ["first", "last"]
    assert is_empty(queue)


@pytest.mark.parametrize("shared", [False, True])
async def test_a_cancelled_write_passes_the_turn_on(
    queue: OwnerQueue, writers: Writers, *, shared: bool
) -> None:
    first = writers.begin("first")
    await run_ready_tasks()
    cancelled = [writers.begin(f"cancelled {n}", shared=shared) for n in range(3)]
    last = writers.begin("last")
    await run_ready_tasks()
    cancelled[1].cancel()
    await run_ready_tasks()
    for task in cancelled:
        task.cancel()
    writers.ends["first"].set()
    await run_ready_tasks()
    assert writers.order == ["first", "last"]
    writers.ends["last"].set()
    await asyncio.gather(first, last)
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*cancelled, return_exceptions=True)
    )
    assert is_empty(queue)


async def test_a_write_that_is_cancelled_as_its_turn_begins_ends_it(
    queue: OwnerQueue, writers: Writers
) -> None:
    assert queue.enter_now(writers.owner)
    next_one, last = writers.begin("next"), writers.begin("last")
    await run_ready_tasks()
    queue.leave(writers.owner)  # the turn of the next one begins, whose task has not run yet
    next_one.cancel()
    await run_ready_tasks()
    assert writers.order == ["last"]
    writers.ends["last"].set()
    await last
    assert is_empty(queue)
