"""Waiting for what the receiver gets, without blocking the app in the same loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from support import stored
from support.waiting import TIMEOUT


async def until(condition: Callable[[], object], seconds: float = TIMEOUT) -> None:
    """Waits until the condition holds; it may be asynchronous."""
    async with asyncio.timeout(seconds):
        while not await _value(condition()):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def marks(app: FastAPI) -> list[dict[str, Any]]:
    """Returns the rows of the outbox."""
    return await stored(app, "webhook_marks")


async def until_idle(app: FastAPI, seconds: float = 2 * TIMEOUT) -> None:
    """Waits until no person is marked."""

    async def is_idle() -> bool:
        return all(row["next_at"] is None for row in await marks(app))

    await until(is_idle, seconds)


async def _value(found: object) -> object:
    return await found if isinstance(found, Awaitable) else found
