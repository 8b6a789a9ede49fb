"""Waiting for what other tasks, threads and processes do."""

import asyncio
import time
from collections.abc import Awaitable, Callable

TIMEOUT = 10.0
"""Seconds after which a test fails; nothing that works takes as long."""


def wait_for(condition: Callable[[], object], seconds: float = TIMEOUT, pause: float = 0.01) -> None:
    """Waits until the condition holds, with a pause after each time that it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"the condition did not hold within {seconds} seconds"
        time.sleep(pause)


async def until(condition: Callable[[], object], seconds: float = TIMEOUT, pause: float = 0.005) -> None:
    """Waits as `wait_for` does, but runs the event loop meanwhile; the condition may be asynchronous."""
    async with asyncio.timeout(seconds):
        while not await _value(condition()):  # noqa: ASYNC110 - a condition has no event to wait for
            await asyncio.sleep(pause)


async def _value(found: object) -> object:
    return await found if isinstance(found, Awaitable) else found


async def run_ready_tasks() -> None:
    """Runs the event loop until the tasks that can continue, and those that they start, wait again."""
    for _ in range(10):
        await asyncio.sleep(0)
