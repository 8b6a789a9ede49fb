"""Waiting for a file that another process locks, without blocking the event loop."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Final

from taskward.database.sqlite.errors import is_busy
from taskward.database.statements import T

BUSY_TIMEOUT: Final = 10.0
"""Seconds that a statement waits while another process locks the file."""

RETRY_INTERVAL: Final = 0.005


def busy_deadline(loop: asyncio.AbstractEventLoop) -> float:
    """Returns the deadline, on the loop's clock, of a statement that starts now."""
    return loop.time() + BUSY_TIMEOUT


async def retry_while_busy(run: Callable[[], T], until: float) -> T:
    """Calls `run`, retrying while SQLite reports a locked file, until that time of the loop."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return run()
        except sqlite3.Error as error:
            if not is_busy(error) or loop.time() >= until:
                raise
        await asyncio.sleep(RETRY_INTERVAL)
