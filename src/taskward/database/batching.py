"""Batching: concurrent calls of one kind run together.

A call that finds nothing of its kind in flight runs at once, in the task of its caller. While enough calls of
the kind are in flight, further ones queue up, and the next batch takes them, oldest first. A batch has the
earliest deadline of its calls. Each caller gets its own result or error.

Enough are two if a round trip is short, and more if it is long: a queued call waits for the next one that
ends. While batches are large, a call that finds nothing in flight is queued too, because others probably
arrive in the same turn of the event loop.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from taskward.database.batch_queue import BatchCall, BatchQueue, RecentBatches, copy_error

V = TypeVar("V")
LONE_SIZE: Final = 1.5
"""The average size of recent batches below which a call runs at once."""

MIN_IN_FLIGHT: Final = 2
"""Batches of a kind that may be in flight if a round trip is short: one that is delayed delays no other."""

MAX_WAIT: Final = 0.001
"""Seconds of a round trip for which another batch may be in flight."""

V_contra = TypeVar("V_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class BatchedOperation(Protocol[V_contra, R_co]):
    """An operation that a batcher runs: it decides which calls share a batch, and runs one or several."""

    runs_in_caller: bool
    """Whether a single call may run in its caller's task, and be cancelled with it."""

    def kind(self, value: V_contra, /) -> Hashable | None:
        """Returns what the calls of a batch have in common; None for a call that is never queued."""

    def max_size(self, value: V_contra, /) -> int:
        """Returns the maximum number of calls in a batch with this one."""

    def exclusive_key(self, value: V_contra, /) -> Hashable | None:
        """Returns a key that is in one batch at a time, None if there is none."""

    async def prepare(self, until: float, /) -> None:
        """Waits until a batch can start; calls that arrive meanwhile are added to it.

        Raises:
            NotStarted: it could not start in time.

        """

    async def run_alone(self, value: V_contra, until: float, /) -> R_co:
        """Runs a call while no other of its kind is in flight, until that time on the loop's clock.

        There is one such call at a time, so it may wait for a lock.
        """

    async def run_batch(self, values: Sequence[V_contra], until: float, /) -> Sequence[R_co | Exception]:
        """Runs several calls, or one beside others; returns the result or error of each."""


class NotStarted(Exception):
    """A batch could not start: its calls whose time is up fail with `error`, the others stay queued."""

    def __init__(self, error: Exception) -> None:
        super().__init__("the batch could not start")
        self.error = error


class Batcher(Generic[V, R]):
    """Runs calls in batches, at most `max_in_flight` of a kind at once.

    `on_batch` is called with the number of calls of each batch that has run.
    """

    def __init__(self, max_in_flight: int, on_batch: Callable[[int], None] | None = None) -> None:
        self.on_batch = on_batch
        self.is_quiet = True
        """Whether nothing is queued or in flight, and a call that comes now would run at once."""
        self._max_in_flight = max_in_flight
        self._queues: dict[Hashable, BatchQueue[V, R]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._recent: defaultdict[BatchedOperation[V, R], RecentBatches] = defaultdict(RecentBatches)

    @property
    def waiting(self) -> int:
        """Returns the number of calls that have not started; callable from any thread."""
        return sum(len(queue.calls) + queue.preparing for queue in list(self._queues.values()))

    async def run(
        self, operation: BatchedOperation[V, R], value: V, until: float, *, alone: bool = True
    ) -> R:
        """Runs a call, alone or in a batch of its kind, until that time on the loop's clock.

        Without `alone`, it is queued even if nothing is in flight here.
        """
        kind = operation.kind(value)
        if kind is None:
            return await operation.run_alone(value, until)
        queue = self._queues.get(kind)
        if queue is None:
            queue = self._queues[kind] = BatchQueue()
            self.is_quiet = False
            if alone and operation.runs_in_caller and self._recent[operation].size < LONE_SIZE:
                return await self._run_in_caller(operation, kind, queue, value, until)
        return await self._enqueue(operation, kind, queue, value, until)

    async def drain(self) -> None:
        """Waits for the batches in flight, and those that follow."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _run_in_caller(
        self,
        operation: BatchedOperation[V, R],
        kind: Hashable,
        queue: BatchQueue[V, R],
        value: V,
        until: float,
    ) -> R:
        key = operation.exclusive_key(value)
        queue.in_flight = 1
        begun = time.monotonic()
        if key is not None:
            queue.running_keys.add(key)
        try:
            result = await operation.run_alone(value, until)
        except NotStarted as failure:
            raise failure.error from None
        finally:
            queue.running_keys.discard(key)
            if queue.calls:
                self._start(operation, kind, queue)  # in another task: this caller need not wait
            self._end(kind, queue)
        self._record(operation, 1, begun)
        return result

    async def _enqueue(
        self,
        operation: BatchedOperation[V, R],
        kind: Hashable,
        queue: BatchQueue[V, R],
        value: V,
        until: float,
    ) -> R:
        call: BatchCall[V, R] = BatchCall(
            value,
            until,
            asyncio.get_running_loop().create_future(),
            operation.max_size(value),
            operation.exclusive_key(value),
        )
        queue.calls.append(call)
        self._start_if_useful(operation, kind, queue)
        try:
            return await call.result
        except asyncio.CancelledError:
            if call in queue.calls:
                queue.calls.remove(call)
            raise

    def _start_if_useful(
        self, operation: BatchedOperation[V, R], kind: Hashable, queue: BatchQueue[V, R]
    ) -> None:
        """Starts another batch, unless one that has yet to take its calls will take these, too."""
        most = min(self._max_in_flight, MIN_IN_FLIGHT + int(self._recent[operation].seconds / MAX_WAIT))
        if queue.calls and not queue.is_starting and queue.in_flight < most:
            self._start(operation, kind, queue)

    def _start(self, operation: BatchedOperation[V, R], kind: Hashable, queue: BatchQueue[V, R]) -> None:
        queue.in_flight += 1
        queue.is_starting = True
        task = asyncio.create_task(self._work(operation, kind, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, kind: Hashable, queue: BatchQueue[V, R]) -> None:
        queue.in_flight -= 1
        if not queue.in_flight:
            del self._queues[kind]
            self.is_quiet = not self._queues and all(
                recent.size < LONE_SIZE for recent in self._recent.values()
            )

    def _record(self, operation: BatchedOperation[V, R], size: int, begun: float) -> None:
        self._recent[operation].add(size, time.monotonic() - begun)
        if self.on_batch is not None:
            self.on_batch(size)

    async def _work(self, operation: BatchedOperation[V, R], kind: Hashable, queue: BatchQueue[V, R]) -> None:
        """Runs one batch after the other while calls are queued."""
        queue.is_starting = False
        try:
            while taken := queue.take([]):
                self._start_if_useful(operation, kind, queue)
                await self._run_batch(operation, queue, taken)
        finally:
            self._end(kind, queue)

    async def _run_batch(
        self, operation: BatchedOperation[V, R], queue: BatchQueue[V, R], taken: list[BatchCall[V, R]]
    ) -> None:
        """Runs a batch, and passes its result or error to each caller."""
        try:
            queue.preparing += len(taken)
            try:
                await operation.prepare(min(call.until for call in taken))
            finally:
                queue.preparing -= len(taken)
            taken = queue.take(taken)
            begun = time.monotonic()
            results = await self._results(operation, taken, alone=queue.in_flight == 1)
        except NotStarted as failure:
            queue.put_back(taken, failure.error)
        except Exception as error:  # noqa: BLE001 - raised in each caller
            for call in taken:
                call.finish(copy_error(error))
        except asyncio.CancelledError:
            for call in taken:
                call.result.cancel()
            raise
        else:
            for call, result in zip(taken, results, strict=True):
                call.finish(result)
            self._record(operation, len(taken), begun)
        finally:
            queue.release(taken)

    async def _results(
        self, operation: BatchedOperation[V, R], taken: list[BatchCall[V, R]], *, alone: bool
    ) -> Sequence[R | Exception]:
        until = min(call.until for call in taken)
        if alone and len(taken) == 1:
            return [await operation.run_alone(taken[0].value, until)]
        return await operation.run_batch([call.value for call in taken], until)
