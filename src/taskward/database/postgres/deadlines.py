"""The deadlines of statements, as times on the loop's clock."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from taskward.database.postgres.connection import begin

STATEMENT_TIMEOUT: Final = 10.0
"""Seconds for a statement, including connecting."""

LONG_TIMEOUT: Final = 60.0
"""Seconds for a long operation: a part of an import, a migration."""

LATE: Final = 1.0
"""Seconds of waiting after which a write is not batched, and has its own lock timeout."""

CHECK_INTERVAL: Final = 0.05
"""Seconds between two checks of the statements in progress; one can take that much longer."""

R = TypeVar("R")


class DeadlineChecks:
    """Cancels the calls that pass their deadline, with one timer for all.

    `asyncio.timeout` sets a timer for each, and with uvloop a cancelled timer also costs a turn of the loop.
    """

    def __init__(self) -> None:
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # that of the timer, while there is one

    async def run(self, call: Awaitable[R], until: float, loop: asyncio.AbstractEventLoop) -> R:
        """Returns the result of a call of the current task, which makes one such call at a time.

        Raises:
            TimeoutError: the call was cancelled, because it was not done `until` that time.

        """
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("A deadline needs a task")
        cancelling = task.cancelling()
        self._deadlines[task] = until
        if self._loop is not loop:
            self._schedule(loop)
        try:
            return await call
        except asyncio.CancelledError:
            if task in self._late and task.cancelling() <= cancelling + 1:
                raise TimeoutError from None
            raise  # it was cancelled by others, perhaps as well
        finally:
            del self._deadlines[task]
            if self._late and task in self._late:
                self._late.remove(task)
                task.uncancel()
            del task  # a cancelled task refers to its error, whose frames refer to this: a cycle

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_later(CHECK_INTERVAL, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = None
        if not self._deadlines:
            return
        now = loop.time()
        for task, until in self._deadlines.items():
            if until <= now and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._schedule(loop)


def statement_deadline(loop: asyncio.AbstractEventLoop | None = None, *, long: bool = False) -> float:
    """Returns the deadline of a statement that starts now.

    With the loop it is cheaper: until Python 3.12, asking for the running one is a system call.
    """
    now = (loop or asyncio.get_running_loop()).time()
    return now + (LONG_TIMEOUT if long else STATEMENT_TIMEOUT)


def time_left(until: float) -> float:
    """Returns the seconds until a deadline."""
    return until - asyncio.get_running_loop().time()


def begin_if_late(until: float) -> str | None:
    """Returns the begin statements for a write that has waited long; None for any other."""
    left = time_left(until)
    return begin(left) if left < STATEMENT_TIMEOUT - LATE else None
