"""Opens connections to PostgreSQL, directly or through a transaction pooler, which is detected."""

from typing import Any, Final

from taskward.database.postgres.connection import PostgresConnection, begin, lock_timeout
from taskward.database.postgres.hosts import HostConnector

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for connecting."""


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
        if self._probed and not self.pooled:
            return await self._connect_directly()
        connection: PostgresConnection = await self.hosts.connect(
            CONNECT_TIMEOUT, statement_cache_size=0, connection_class=PostgresConnection
        )
        if not self._probed:
            self.pooled = await _is_pooled(connection)
            self._probed = True
        if self.pooled:
            connection.begin = begin(self._deadline)
            return connection
        await connection.close(timeout=CONNECT_TIMEOUT)
        return await self._connect_directly()

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

    async def _connect_directly(self) -> PostgresConnection:
        """Opens a connection with session state: prepared statements, and a setting."""
        connection: PostgresConnection = await self.hosts.connect(
            CONNECT_TIMEOUT,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            connection_class=PostgresConnection,
            server_settings={"lock_timeout": str(lock_timeout(self._deadline))},
        )
        return connection


async def _is_pooled(connection: Any) -> bool:
    """Returns whether a pooler is in between: then another server process responds than the one that greeted.

    If that cannot be determined, the connection is closed.
    """
    try:
        async with connection.transaction():
            answering = await connection.fetchval("SELECT pg_backend_pid()")
    except BaseException:
        connection.terminate()
        raise
    return bool(answering != connection.get_server_pid())
