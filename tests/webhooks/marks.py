"""The marks of the outbox: its rows, each of a person with something to deliver."""

from typing import Any

from fastapi import FastAPI
from support import stored
from support.waiting import TIMEOUT, until


async def marks(app: FastAPI) -> list[dict[str, Any]]:
    """Returns the rows of the outbox."""
    return await stored(app, "webhook_marks")


async def until_idle(app: FastAPI, seconds: float = 2 * TIMEOUT) -> None:
    """Waits until no person is marked."""

    async def is_idle() -> bool:
        return all(row["next_at"] is None for row in await marks(app))

    await until(is_idle, seconds)
