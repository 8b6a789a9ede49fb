"""A semaphore with fair queueing by caller: for admission, and for work too expensive to run unbounded.

A caller may hold as many slots, and queue as many requests, as are left free (Choudhury and Hahne, "Dynamic
queue length thresholds", 1998): one flooding caller gets half, two get a third each, and some capacity always
remains for another caller. Queued requests get their slots round robin by caller. See
`docs/decisions/0017-admission.md` and `docs/decisions/0028-bounds-on-one-request.md`.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from math import inf
from typing import Final, NamedTuple, ParamSpec, TypeVar

from taskward.http.errors import ServiceUnavailable

QUEUE_TIMEOUT: Final = 3.0
"""Seconds that a request waits for a slot, by default."""

_EXPIRE_INTERVAL: Final = 0.1
_UNBOUNDED: Final = 1 << 30

P = ParamSpec("P")
R = TypeVar("R")


def unavailable(reason: str) -> ServiceUnavailable:
    """Returns the error for a request that gets no slot."""
    return ServiceUnavailable(reason=reason)


class _Queued(NamedTuple):
    """A queued request."""

    since: float
    """In seconds, on the loop's clock."""
    granted: "asyncio.Future[bool]"
    """False once the time is over."""


class FairSemaphore:
    """A number of slots for the requests of callers, on one event loop."""

    def __init__(
        self,
        size: int,
        timeout: float | None = QUEUE_TIMEOUT,
        *,
        max_queued: float = inf,
        max_starts_per_tick: float = inf,
    ) -> None:
        """Takes the seconds in the queue, its length, and the starts in a turn of the event loop."""
        self._free = size
        self._timeout = timeout
        self._max_queued = max_queued
        self._max_starts_per_tick = max_starts_per_tick
        self._held: dict[Hashable, int] = {}
        self._queued = 0
        self._queues: OrderedDict[Hashable, deque[_Queued]] = OrderedDict()  # callers, the next one first
        self._started_this_tick = 0  # since the last tick, perhaps some turns of the loop ago
        self._tick_scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._expiring = False

    @asynccontextmanager
    async def slot(self, caller: Hashable) -> AsyncIterator[None]:
        """Holds a slot while the block runs.

        Raises:
            ServiceUnavailable: no slot became free in time.

        """
        if not self.try_acquire(caller):
            await self.wait(caller)
        try:
            yield
        finally:
            self.release(caller)

    def try_acquire(self, caller: Hashable) -> bool:
        """Takes a slot for a caller without queued requests; returns False if the caller has to queue.

        A caller with few requests passes the queue, which keeps their latency low while another floods the
        service (RFC 8290, 4.2: new flows first).
        """
        held, starts = self._held.get(caller, 0), self._max_starts_per_tick
        most = 2 * starts if self._queued else starts
        if caller in self._queues or self._started_this_tick >= most or held >= self._free:
            return False
        self._free -= 1
        self._held[caller] = held + 1
        self._started_this_tick += 1
        if self._queued:
            self._queues[caller] = deque()  # the next turn comes after all other callers
        if self._queued or self._started_this_tick >= starts:
            self._schedule_tick()  # not at each start: a tick can cost an idle service a turn of the loop
        return True

    async def wait(
        self, caller: Hashable, refusal: Callable[[str], ServiceUnavailable] = unavailable
    ) -> None:
        """Takes a slot once it is the caller's turn. `refusal` returns the error for a reason.

        Raises:
            ServiceUnavailable: the queue has no room, or no slot became free in time.

        """
        queue = self._queues.get(caller)
        if (len(queue) if queue else 0) >= self._max_queued - self._queued:
            raise refusal("too many requests are queued")
        if queue is None:
            queue = self._queues[caller] = deque()
        granted = self._join(queue)
        try:
            in_time = await granted
        except BaseException:
            if granted.done() and not granted.cancelled() and granted.result():  # at the same moment
                self.release(caller)
            raise
        if not in_time:
            raise refusal("no slot became free in time")

    def release(self, caller: Hashable) -> None:
        """Frees a slot of a caller."""
        self._free += 1
        left = self._held[caller] - 1
        if left:
            self._held[caller] = left
        else:
            del self._held[caller]
        if self._queued:
            self._schedule_tick()

    def _join(self, queue: "deque[_Queued]") -> "asyncio.Future[bool]":
        """Queues a request; the future is done when it is its turn, or when its time is over."""
        loop = asyncio.get_running_loop()
        granted = loop.create_future()
        queue.append(_Queued(loop.time(), granted))
        self._queued += 1
        self._schedule_tick()
        if self._timeout is not None and not self._expiring:
            self._expiring = True
            loop.call_later(_EXPIRE_INTERVAL, self._expire, loop, self._timeout)
        return granted

    def _schedule_tick(self) -> None:
        if not self._tick_scheduled:
            self._tick_scheduled = True
            self._loop = self._loop or asyncio.get_running_loop()  # until Python 3.12, a system call
            self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        """Starts a turn of the loop: queues what has been read, and starts the requests whose turn it is."""
        self._tick_scheduled = False
        self._started_this_tick = 0
        while self._started_this_tick < self._max_starts_per_tick and self._start_next():
            pass
        if self._started_this_tick:
            self._schedule_tick()

    def _start_next(self) -> bool:
        """Starts the oldest request of the first queued caller with a right to a slot; False if none has.

        After each turn a caller moves to the end, even with nothing more queued, so that an immediate next
        request does not pass the other callers.
        """
        for _ in range(len(self._queues) if self._free else 0):
            caller, queue = self._queues.popitem(last=False)
            if not queue:
                continue
            self._queues[caller] = queue
            held = self._held.get(caller, 0)
            if held < self._free:
                granted = self._drop_first(queue).granted
                if not granted.done():  # otherwise it was cancelled in the queue
                    self._free -= 1
                    self._held[caller] = held + 1
                    self._started_this_tick += 1
                    granted.set_result(True)
                return True
        return False

    def _drop_first(self, queue: "deque[_Queued]") -> _Queued:
        self._queued -= 1
        if not self._queued:
            self._queues.clear()
        return queue.popleft()

    def _expire(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        """Rejects the requests that have waited too long."""
        deadline = loop.time() - timeout
        for queue in list(self._queues.values()):
            while queue and queue[0].since <= deadline:
                granted = self._drop_first(queue).granted
                if not granted.done():
                    granted.set_result(False)
        self._expiring = self._queued > 0
        if self._expiring:
            loop.call_later(_EXPIRE_INTERVAL, self._expire, loop, timeout)


class FairTurns:
    """Turns of the event loop for work that holds it, a number of starts in each."""

    def __init__(self, starts: int) -> None:
        self._slots = FairSemaphore(_UNBOUNDED, timeout=None, max_starts_per_tick=starts)

    async def wait(self, caller: Hashable) -> None:
        """Waits until it is the caller's turn."""
        async with self._slots.slot(caller):
            pass


class FairThreads:
    """A pool of threads, one for each slot, that callers share fairly."""

    def __init__(self, size: int, name: str, timeout: float | None = QUEUE_TIMEOUT) -> None:
        self._slots = FairSemaphore(size, timeout)
        self._threads = ThreadPoolExecutor(size, name)

    async def run(
        self, caller: Hashable, function: Callable[P, R], *arguments: P.args, **options: P.kwargs
    ) -> R:
        """Runs a function in a thread once there is a slot, and returns its result.

        Raises:
            ServiceUnavailable: no slot became free in time.

        """
        async with self._slots.slot(caller):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: function(*arguments, **options))

    async def stop(self) -> None:
        """Waits until the threads have finished."""
        self._threads.shutdown(cancel_futures=True)
