"""Connections to a PostgreSQL database by its URL, past any app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """Yields a connection, and closes it afterwards."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


class LastConnection:
    """The connection to the database that was asked last: connecting takes 5 ms, and tests ask one often."""

    def __init__(self) -> None:
        self._url = ""
        self._connection: Any = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[Any]:
        """Yields a connection to a database, to no other task meanwhile."""
        async with self._lock:
            if url != self._url or self._connection.is_closed():
                await self.close()
                self._connection = await asyncpg.connect(url)
                self._url = url
            yield self._connection

    async def close(self) -> None:
        if self._url:
            await self._connection.close()
        self._url = ""


last_connection = LastConnection()


async def execute_sql(url: str, *statements: str) -> None:
    """Executes statements, each in a transaction of its own."""
    async with last_connection.to(url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def fetch_sql(url: str, query: str, *values: Any) -> list[Any]:
    """Returns the rows of a query."""
    async with last_connection.to(url) as connection:
        return list(await connection.fetch(query, *values))
