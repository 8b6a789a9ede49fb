"""Opens connections to PostgreSQL, directly or through a transaction pooler, which is detected."""

from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from taskward.database.postgres.connection import PostgresConnection, Transaction, begin, lock_timeout
from taskward.database.postgres.hosts import HostConnector

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for connecting."""

_ARRAYS: Final = "SELECT " + ", ".join(
    f"NULL::{element}[]"
    for element in ("bool", "int2", "int4", "int8", "text", "varchar", "timestamptz", "uuid")
)
"""The types of arrays in statements. The driver looks up a type that it does not know, once on each
connection, while the first statement with it runs; in a write that would be after the owner's row has been
locked. So each connection prepares this statement before its first use."""

_SHARDS: Final = "citus.override_table_visibility"
"""The setting with which Citus hides shards in the catalogue: the lookup then takes half a second, for a
function filters `pg_class`. It is off on each connection, or behind a pooler for the lookup. A server without
the extension keeps it and does nothing with it."""

T = TypeVar("T")


class Connector:
    """Opens connections; a statement has `deadline` seconds on each.

    `pooled` is whether a transaction pooler is in between; known from the first connection on. `notifies` is
    whether NOTIFY reaches all processes.
    """

    def __init__(self, url: str, deadline: float) -> None:
        self.pooled = False
        self.notifies = True
        self.hosts = HostConnector(url)
        self._deadline = deadline
        self._probed = False

    async def connect(self) -> PostgresConnection:
        """Opens a connection for the pool."""
        connection = await self._open() if self._probed else await self._probe()
        await _checked(connection, self._learn_arrays(connection))
        if self.pooled:
            connection.begin = begin(self._deadline)
        return connection

    async def _learn_arrays(self, connection: PostgresConnection) -> None:
        if not self.pooled:
            await connection.prepare(_ARRAYS, name="")
            return
        async with Transaction(connection, f"BEGIN; SET LOCAL {_SHARDS} = off"):
            await connection.prepare(_ARRAYS, name="")

    async def _probe(self) -> PostgresConnection:
        """Opens the first connection; behind a pooler a second one, which names no statements."""
        connection = await self._open()
        self.pooled = await _is_pooled(connection)
        self._probed = True
        if not self.pooled:
            settings = f"SET lock_timeout = {lock_timeout(self._deadline)}; SET {_SHARDS} = off"
            await _checked(connection, connection.execute(settings))
            return connection
        await _checked(connection, connection.close(timeout=CONNECT_TIMEOUT))
        return await self._open()

    async def _open(self) -> PostgresConnection:
        is_direct = self._probed and not self.pooled
        settings = {"lock_timeout": str(lock_timeout(self._deadline)), _SHARDS: "off"}
        connection: PostgresConnection = await self.hosts.connect(
            CONNECT_TIMEOUT,
            statement_cache_size=0 if self.pooled else 512,
            max_cached_statement_lifetime=0,
            connection_class=PostgresConnection,
            server_settings=settings if is_direct else None,  # a pooler may refuse them
        )
        return connection

    async def dedicated(self) -> Any:
        """Opens a dedicated connection outside the pool; the caller closes it.

        Returns None where LISTEN is useless: behind a transaction pooler, where session state does not last,
        and on a worker of a Citus cluster.
        """
        if not self.notifies:
            return None
        connection = await self.hosts.connect(CONNECT_TIMEOUT, statement_cache_size=0)
        if await _is_pooled(connection):
            await connection.close(timeout=CONNECT_TIMEOUT)
            return None
        return connection


async def _is_pooled(connection: Any) -> bool:
    """Returns whether a pooler is in between: then another server process responds than the one that greeted.

    If that cannot be determined, the connection is closed.
    """
    answering = await _checked(connection, _server_process(connection))
    return bool(answering != connection.get_server_pid())


async def _server_process(connection: Any) -> int:
    async with connection.transaction():
        # A named statement would stay on the server behind a pooler, for other clients to stumble over.
        statement = await connection.prepare("SELECT pg_backend_pid()", name="")
        process: int = await statement.fetchval()
        return process


async def _checked(connection: Any, call: Awaitable[T]) -> T:
    """Returns the result of a call on a new connection, which is closed if the call fails."""
    try:
        return await call
    except BaseException:
        connection.terminate()
        raise
