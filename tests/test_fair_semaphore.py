"""The slots of a semaphore are shared fairly between users."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.waiting import run_ready_tasks

from taskward.http import fair_semaphore
from taskward.http.errors import ServiceUnavailable
from taskward.http.fair_semaphore import FairSemaphore, FairThreads


class Work:
    """Work of people, each piece of which holds a slot until it is ended."""

    def __init__(self, size: int) -> None:
        self.slots = FairSemaphore(size)
        self.running: list[str] = []
        self.begun: list[str] = []
        self._ends: dict[str, list[asyncio.Event]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, *people: str) -> None:
        for person in people:
            self._tasks.add(asyncio.create_task(self._run(person)))
            await asyncio.sleep(0)
        await run_ready_tasks()

    async def end(self, person: str) -> None:
        self._ends[person].pop(0).set()
        await run_ready_tasks()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, person: str) -> None:
        end = asyncio.Event()
        async with self.slots.slot(person):
            self.running.append(person)
            self.begun.append(person)
            self._ends.setdefault(person, []).append(end)
            await end.wait()
            self.running.remove(person)


@asynccontextmanager
async def slots_of(size: int) -> AsyncIterator[Work]:
    work = Work(size)
    try:
        yield work
    finally:
        await work.stop()


async def test_one_person_leaves_slots_for_others() -> None:
    async with slots_of(4) as work:
        await work.begin(*["ann"] * 10)
        assert work.running == ["ann"] * 2
        await work.begin(*["bob"] * 10)
        assert work.running == ["ann"] * 2 + ["bob"]
        await work.begin("cat")
        assert work.running == ["ann"] * 2 + ["bob", "cat"]


async def test_those_who_wait_are_served_one_person_after_the_other() -> None:
    async with slots_of(1) as work:
        await work.begin("ann", "ann", "ann", "ann", "bob", "bob", "cat")
        for _ in range(6):
            await work.end(work.running[0])

        assert work.begun == ["ann", "ann", "bob", "cat", "ann", "bob", "ann"]


async def test_a_single_slot_goes_round_robin() -> None:
    async with slots_of(1) as work:
        await work.begin("ann", "bob")

        assert work.running == ["ann"]
        await work.end("ann")
        assert work.running == ["bob"]


async def test_who_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_semaphore, "_EXPIRE_INTERVAL", 0.01)
    slots = FairSemaphore(1, timeout=0.02)
    async with slots.slot("ann"):
        with pytest.raises(ServiceUnavailable):
            async with slots.slot("bob"):
                raise AssertionError
    async with slots.slot("bob"):
        pass
    assert not slots._queues
    assert not slots._held


async def test_who_gives_up_passes_the_slot_on() -> None:
    """Also if it was granted in the same turn of the event loop."""
    for settled in (False, True):
        slots = FairSemaphore(1)
        order: list[str] = []

        async def work(person: str) -> None:
            async with slots.slot(person):  # noqa: B023 - of this round
                order.append(person)  # noqa: B023

        async with slots.slot("ann"):
            bob, cat = asyncio.create_task(work("bob")), asyncio.create_task(work("cat"))
            await run_ready_tasks()
            if settled:
                bob.cancel()
                await run_ready_tasks()
        if not settled:
            bob.cancel()
        await cat
        assert order == ["cat"]
        assert bob.cancelled()
        assert slots._free == 1
        assert not slots._queues


async def test_threads_run_what_they_are_given() -> None:
    threads = FairThreads(2, "test")
    try:
        names = await asyncio.gather(*(threads.run(n, thread_name, 0.01) for n in range(4)))
        assert {name.rpartition("_")[0] for name in names} == {"test"}
        with pytest.raises(ZeroDivisionError):
            await threads.run("ann", lambda: 1 // 0)
    finally:
        await threads.stop()


def thread_name(seconds: float) -> str:
    threading.Event().wait(seconds)
    return threading.current_thread().name


async def test_a_request_that_is_cancelled_just_before_its_turn_takes_no_slot() -> None:
    slots = FairSemaphore(1)
    async with slots.slot("ann"):
        waiting = asyncio.create_task(hold(slots, "bob"))
        await asyncio.sleep(0)
        waiting.cancel()

    await asyncio.wait([waiting])
    assert waiting.cancelled()
    async with asyncio.timeout(1), slots.slot("cat"):
        pass


async def test_a_request_that_is_cancelled_at_its_turn_releases_the_slot() -> None:
    slots = FairSemaphore(1)
    async with slots.slot("ann"):
        waiting = asyncio.create_task(hold(slots, "bob"))
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(waiting.cancel)  # once granted, before its request runs

    await asyncio.wait([waiting])
    assert waiting.cancelled()
    async with asyncio.timeout(1), slots.slot("cat"):
        pass
    assert slots._free == 1


async def hold(slots: FairSemaphore, user: str) -> None:
    async with slots.slot(user):
        pass
