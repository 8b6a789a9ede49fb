"""Connections to a PostgreSQL database by its URL, past any app."""

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


async def execute_sql(url: str, *statements: str) -> None:
    """Executes statements on a connection of their own, each in a transaction of its own."""
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def fetch_sql(url: str, query: str) -> list[Any]:
    """Returns the rows of a query."""
    async with connected(url) as connection:
        return list(await connection.fetch(query))
