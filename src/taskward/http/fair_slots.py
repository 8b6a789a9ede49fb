"""A limited number of slots, shared fairly between users, for work too expensive to run unbounded.

A user may hold as many slots as are left free (Choudhury and Hahne, "Dynamic queue length thresholds", 1998),
so one user never holds all of several. Waiting requests are served round robin by user. See
`docs/decisions/0028-bounds-on-one-request.md`.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final, ParamSpec, TypeVar

from taskward.http.errors import ServiceUnavailable

QUEUE_TIMEOUT: Final = 3.0
"""Seconds that a request waits for a slot, by default."""

P = ParamSpec("P")
R = TypeVar("R")


class FairSlots:
    """Slots for the requests of users, on one event loop."""

    def __init__(self, size: int, timeout: float | None = QUEUE_TIMEOUT) -> None:
        self._free = size
        self._timeout = timeout
        self._held: Counter[Hashable] = Counter()
        self._queues: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def slot(self, user: Hashable) -> AsyncIterator[None]:
        """Holds a slot while the block runs.

        Raises:
            ServiceUnavailable: no slot became free in time.

        """
        if user not in self._queues and self._may_take(user):
            self._take(user)
        else:
            await self._wait(user)
        try:
            yield
        finally:
            self._release(user)

    def _may_take(self, user: Hashable) -> bool:
        return self._held[user] < self._free

    def _take(self, user: Hashable) -> None:
        self._free -= 1
        self._held[user] += 1

    def _release(self, user: Hashable) -> None:
        self._free += 1
        self._held[user] -= 1
        if not self._held[user]:
            del self._held[user]
        self._grant()

    async def _wait(self, user: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(user, deque()).append(turn)
        try:
            async with asyncio.timeout(self._timeout):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was granted at the same moment
                self._release(user)
            else:
                self._leave(user, turn)
            if isinstance(error, TimeoutError):
                raise ServiceUnavailable(reason="no slot became free in time") from None
            raise

    def _leave(self, user: Hashable, turn: "asyncio.Future[None]") -> None:
        queue = self._queues.get(user)
        if queue is None or turn not in queue:
            return  # a grant has passed it over
        queue.remove(turn)
        if not queue:
            del self._queues[user]

    def _grant(self) -> None:
        """Grants free slots to waiting requests, round robin by user, as long as one may have a slot."""
        skipped = 0
        while self._free and skipped < len(self._queues):
            user, queue = self._queues.popitem(last=False)
            while queue and queue[0].done():  # cancelled, and its request has not run since
                queue.popleft()
            if not queue:
                continue
            if self._may_take(user):
                self._take(user)
                queue.popleft().set_result(None)
                skipped = 0
            else:
                skipped += 1
            if queue:
                self._queues[user] = queue


class FairThreads:
    """A thread for each slot."""

    def __init__(self, size: int, name: str, timeout: float | None = QUEUE_TIMEOUT) -> None:
        self._slots = FairSlots(size, timeout)
        self._threads = ThreadPoolExecutor(size, name)

    async def run(
        self, user: Hashable, function: Callable[P, R], *arguments: P.args, **options: P.kwargs
    ) -> R:
        """Runs a function in a thread once there is a slot, and returns its result.

        Raises:
            ServiceUnavailable: no slot became free in time.

        """
        async with self._slots.slot(user):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: function(*arguments, **options))

    async def stop(self) -> None:
        """Waits until the threads have finished."""
        self._threads.shutdown(cancel_futures=True)
