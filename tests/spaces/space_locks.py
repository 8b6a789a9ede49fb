"""Locks of the rows of owners, which tests hold while requests wait."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from fastapi import FastAPI
from support import database_of, execute
from support.rows import until_waiting


def space_id(space: str) -> UUID:
    return UUID(space[-36:])


@asynccontextmanager
async def locked(app: FastAPI, owner: UUID) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Locks the row of an owner, at once, while the block runs.

    Yields a function that waits until that many statements wait for a lock.
    """
    async with database_of(app).pool.acquire() as connection, connection.transaction():
        await connection.fetch("SELECT 1 FROM users WHERE id = $1 FOR UPDATE NOWAIT", owner)
        yield partial(until_waiting, connection)


@asynccontextmanager
async def changing(app: FastAPI, owner: UUID) -> AsyncIterator[None]:
    """Keeps the rows of an owner locked while the block runs, as a long change of theirs does."""
    if database_of(app).engine != "sqlite":
        async with locked(app, owner):
            yield
        return
    far, lock = 9 * 10**15, "INSERT INTO owner_locks (user_id, change, holder, renewed_at) VALUES"
    await execute(app, f"{lock} ('{owner}', 'erasure', 'x', {far})")
    yield
    await execute(app, "DELETE FROM owner_locks")
