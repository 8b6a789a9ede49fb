"""The deadlines of statements, as times on the loop's clock."""

import asyncio
from typing import Final

from taskward.database.postgres.connection import begin

STATEMENT_TIMEOUT: Final = 10.0
"""Seconds for a statement, including connecting."""

LONG_TIMEOUT: Final = 60.0
"""Seconds for a long operation: a part of an import, a migration."""

SECOND_LOCK: Final = 1.0
"""Seconds that a transaction of several owners waits for each but the first, which it holds meanwhile."""

LATE: Final = 1.0
"""Seconds of waiting after which a write is not batched, and has its own lock timeout."""


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
