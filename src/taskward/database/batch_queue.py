"""The queue of a batcher: calls that wait for the next batch of their kind; averages over its batches."""

import asyncio
import sys
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")

_WEIGHT: Final = 0.25
"""The weight of the last batch in the averages."""


@dataclass(eq=False, slots=True)
class BatchCall(Generic[V, R]):
    """A queued call."""

    value: V
    until: float
    result: "asyncio.Future[R]"
    max_size: int
    exclusive_key: Hashable | None

    def finish(self, result: R | Exception) -> None:
        """Passes the result or error to the caller, if it still waits."""
        if self.result.done():
            return
        if isinstance(result, Exception):
            self.result.set_exception(result)
        else:
            self.result.set_result(result)


@dataclass(eq=False, slots=True)
class BatchQueue(Generic[V, R]):
    """The queued calls of one kind, oldest first, and the number of its batches in flight."""

    calls: list[BatchCall[V, R]] = field(default_factory=list)
    in_flight: int = 0
    is_starting: bool = False
    """Whether a batch has been started that has yet to take its calls."""
    preparing: int = 0
    """The calls of batches that cannot start yet."""
    running_keys: set[Hashable] = field(default_factory=set)

    def take(self, taken: list[BatchCall[V, R]]) -> list[BatchCall[V, R]]:
        """Moves calls to a batch, and returns it: the oldest, except those with a running exclusive key."""
        free = [call for call in self.calls if call.exclusive_key not in self.running_keys]
        most = min((call.max_size for call in taken), default=sys.maxsize)
        more = 0
        for call in free:
            most = min(most, call.max_size)
            if len(taken) + more >= most:
                break
            more += 1
        moved = free[:more]
        self.calls = [call for call in self.calls if call not in moved] if more < len(self.calls) else []
        self.running_keys.update(call.exclusive_key for call in moved if call.exclusive_key is not None)
        return taken + moved

    def release(self, taken: list[BatchCall[V, R]]) -> None:
        self.running_keys.difference_update(call.exclusive_key for call in taken)

    def put_back(self, taken: list[BatchCall[V, R]], error: Exception) -> None:
        """Returns the calls of a batch that did not start to the queue; those whose time is up fail."""
        now = asyncio.get_running_loop().time()
        for call in taken:
            if call.until <= now:
                call.finish(copy_error(error))
        self.calls[:0] = [call for call in taken if not call.result.done()]


@dataclass(slots=True)
class RecentBatches:
    """Averages over the recent batches of an operation."""

    size: float = 1.0
    seconds: float = 1.0

    def add(self, size: int, seconds: float) -> None:
        self.size += (size - self.size) * _WEIGHT
        self.seconds += (seconds - self.seconds) * _WEIGHT


def copy_error(error: Exception) -> Exception:
    """Returns a copy to be raised in one task: raising one error in several would grow a shared traceback."""
    copied: Any = type(error).__new__(type(error), *error.args)
    copied.__dict__.update(error.__dict__)
    copied.__cause__ = error.__cause__
    found: Exception = copied.with_traceback(error.__traceback__)
    return found
