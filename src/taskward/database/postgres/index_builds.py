"""Builds indexes while the service runs, with CREATE INDEX CONCURRENTLY.

That cannot run in a transaction, and it waits for all transactions with an older snapshot. So the lock that
keeps other processes from building the same indexes is held by a transaction on a second connection, which
is idle, and no statement waits for it. It ends with the process, also behind a pooler.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Any, Final

from taskward.database import schema
from taskward.database.postgres.connector import CONNECT_TIMEOUT
from taskward.database.postgres.hosts import HostConnector

_LOCK: Final = schema.LOCK + 1
_IS_INCOMPLETE: Final = "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
_NAME: Final = re.compile(rf"{schema.CONCURRENTLY}(?:IF NOT EXISTS )?(\w+)")


async def build_indexes(hosts: HostConnector, revision: str) -> bool:
    """Applies the migration after that revision, which builds indexes.

    Returns whether it did; it does not if another process is doing so.
    """
    async with _connection(hosts) as holder, _connection(hosts) as builder, holder.transaction():
        if not await holder.fetchval(f"SELECT pg_try_advisory_xact_lock({_LOCK})"):
            return False
        await holder.execute("SELECT 1")  # drops the portal whose snapshot the build would wait for
        statements = schema.statements_since(revision, "postgresql")
        indexes = list(takewhile(lambda one: one.startswith(schema.CONCURRENTLY), statements))
        for statement in indexes:
            await _build(builder, statement)
        await builder.execute(statements[len(indexes)])  # it notes the revision, unless that was noted before
    return True


async def _build(connection: Any, statement: str) -> None:
    """Builds an index, if it is not there yet; one that a build has left incomplete is dropped first."""
    match = _NAME.match(statement)
    name = match[1] if match else ""
    async with connection.transaction():  # behind a pooler it needs one
        incomplete = await connection.fetchval(_IS_INCOMPLETE, name)
    if incomplete:
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    await connection.execute(statement)


@asynccontextmanager
async def _connection(hosts: HostConnector) -> AsyncIterator[Any]:
    """Opens a connection of its own: without the timeouts of the pool."""
    connection = await hosts.connect(CONNECT_TIMEOUT, statement_cache_size=0)
    try:
        yield connection
    finally:
        connection.terminate()
