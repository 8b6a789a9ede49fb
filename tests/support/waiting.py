"""Waiting for what other tasks, threads and processes do."""

import asyncio
import time
from collections.abc import Callable

TIMEOUT = 10.0
"""Seconds after which a test fails; nothing that works takes as long."""


def wait_for(condition: Callable[[], object], seconds: float = TIMEOUT, pause: float = 0.01) -> None:
    """Waits until the condition holds, with a pause after each time that it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"the condition did not hold within {seconds} seconds"
        time.sleep(pause)


async def run_ready_tasks() -> None:
    """Runs the event loop until the tasks that can continue, and those that they start, wait again."""
    for _ in range(10):
        await asyncio.sleep(0)
