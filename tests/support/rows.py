"""The rows of an app's database, read and changed past the app."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from support import citus
from support.apps import database_of
from support.postgres_connection import execute_sql, fetch_sql
from support.waiting import TIMEOUT
from taskward.database.sqlite.database import SqliteDatabase


async def stored(app: FastAPI, table: str, **values: object) -> list[dict[str, Any]]:
    """Returns the rows of a table that have these values, past the app: as its database really holds them.

    Ids come as text and moments as microseconds since 1970, on every engine.
    """
    where = " AND ".join(f"{column} = '{value}'" for column, value in values.items()) or "1 = 1"
    sql = f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 - a test's own words
    database = database_of(app)
    if isinstance(database, SqliteDatabase):
        return from_sqlite(database, sql)
    return [
        {name: plain(value) for name, value in row.items()} for row in await fetch_sql(database.pool.url, sql)
    ]


async def execute(app: FastAPI, sql: str) -> None:
    """Runs a statement that changes rows, past the app."""
    database = database_of(app)
    if isinstance(database, SqliteDatabase):
        async with asyncio.timeout(TIMEOUT):
            while not _executed(database, sql):  # noqa: ASYNC110 - the release of a lock is not announced
                await asyncio.sleep(0.01)
        return
    await execute_sql(database.pool.url, sql)


def earlier_by(app: FastAPI, column: str, seconds: int) -> str:
    """Returns the SQL of the time in a column, that long before."""
    if isinstance(database_of(app), SqliteDatabase):
        return f"{column} - {seconds * 1_000_000}"
    # By UTC, as Citus takes it in a change.
    return f"(({column} AT TIME ZONE 'UTC' - interval '{seconds} seconds') AT TIME ZONE 'UTC')"


async def count_waiting(connection: Any) -> int:
    """Returns how many statements in the database of a connection wait for a lock, on any of its servers."""
    activity = "citus_stat_activity" if citus.CLUSTER_URL else "pg_stat_activity"
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    return int(
        await connection.fetchval(
            f"SELECT count(*) FROM {activity} "  # noqa: S608 - names of our own
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    )


def _executed(database: SqliteDatabase, sql: str) -> bool:
    """Returns whether the statement was run; not while another connection holds the file's lock."""
    try:
        database.writer.execute(sql)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


@asynccontextmanager
async def locked_owners(app: FastAPI) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Locks the rows of all users on PostgreSQL while the block runs.

    Yields a function that waits until that many statements wait for a lock.
    """
    async with database_of(app).pool.acquire() as connection, connection.transaction():
        for (owner,) in await connection.fetch("SELECT id FROM users ORDER BY id"):
            await connection.execute("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", owner)
        yield partial(until_waiting, connection)


async def until_waiting(connection: Any, count: int) -> None:
    """Waits until that many statements wait for a lock."""
    async with asyncio.timeout(TIMEOUT):
        while await count_waiting(connection) < count:
            pass


def from_sqlite(database: SqliteDatabase, sql: str) -> list[dict[str, Any]]:
    """Queries the file; a database in memory can be queried on its own connection only."""
    connection = sqlite3.connect(database.path) if database.path else database.reader
    cursor = connection.execute(sql)
    rows = [dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor]
    if database.path:
        connection.close()
    return rows


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return microseconds(value)
    return str(value) if isinstance(value, UUID) else value


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
