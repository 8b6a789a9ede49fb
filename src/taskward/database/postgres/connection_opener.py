"""Opening the connections of a pool, and the queue for a connection."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import asyncpg

from taskward.database.postgres.connection import PostgresConnection
from taskward.database.postgres.connector import Connector
from taskward.database.postgres.errors import DRIVER_ERRORS, TOO_MANY_CONNECTIONS, is_connection_lost
from taskward.database.postgres.outage import FailoverRetry
from taskward.http.errors import DatabaseError, ServiceUnavailable

RETRY_SECONDS: Final = 1.0
"""Seconds between two checks whether the server allows more connections."""


class ConnectionOpener:
    """Opens up to `size` connections, and passes on those that are given back while others wait.

    `release` takes back a connection whose waiter was cancelled.
    """

    def __init__(
        self, connector: Connector, size: int, release: Callable[[PostgresConnection], None]
    ) -> None:
        self.size = size
        self.opened = 0
        """Connections that are open or being opened."""
        self.connecting = 0
        self.waiters: deque[asyncio.Future[PostgresConnection | None]] = deque()
        """In the order of the queue; some have given up."""
        self._connector = connector
        self._release = release
        self._failover = FailoverRetry()
        self._server_full_until = 0.0

    @property
    def waiting(self) -> int:
        """Returns the length of the queue; callable from any thread."""
        return sum(not waiter.done() for waiter in list(self.waiters))

    async def open_or_wait(self, seconds: float) -> PostgresConnection | None:
        """Opens a connection, or waits that many seconds for one; None means that the caller may try again.

        At the beginning of an outage both take longer, see `outage.py`.

        Raises:
            ServiceUnavailable: all connections are in use, and none was released in time.
            DatabaseError: no connection to the server could be made in time.

        """
        now = asyncio.get_running_loop().time()
        if self.opened < self.size and (not self.opened or now > self._server_full_until):
            try:
                return await self._open()
            except asyncpg.PostgresError as error:
                if error.sqlstate != TOO_MANY_CONNECTIONS or not self.opened:
                    raise
                # Until then, use the existing ones.
                self._server_full_until = asyncio.get_running_loop().time() + RETRY_SECONDS
        return await self._wait(max(seconds, self._failover.time_left()))

    def closed(self) -> None:
        """Counts one connection less, and lets another be opened."""
        self.opened -= 1
        self.hand_over(None)

    def hand_over(self, connection: PostgresConnection | None) -> bool:
        """Passes the connection, or the permission to open one, to the oldest waiter, if there is one."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    async def _open(self) -> PostgresConnection:
        self.opened += 1
        self.connecting += 1
        try:
            return await self._connect()
        except BaseException:
            self.closed()
            raise
        finally:
            self.connecting -= 1

    async def _connect(self) -> PostgresConnection:
        while True:
            try:
                connection = await self._connector.connect()
            except DRIVER_ERRORS as error:
                if not (is_connection_lost(error) and await self._failover.wait_before_retry()):
                    raise
            else:
                self._failover.end()
                return connection

    async def _wait(self, seconds: float) -> PostgresConnection | None:
        """Waits in the queue; returns the connection handed over, or None if a new one may be opened."""
        waiter: asyncio.Future[PostgresConnection | None] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        try:
            await asyncio.wait([waiter], timeout=seconds)
        except asyncio.CancelledError:
            if not waiter.cancel():  # it was served at the same moment
                self._pass_on(waiter.result())
            raise
        if not waiter.cancel():
            return waiter.result()
        if self.connecting:  # the database is the reason, not the load
            raise DatabaseError(reason="no connection could be made yet")
        raise ServiceUnavailable(reason="all database connections are in use")

    def _pass_on(self, given: PostgresConnection | None) -> None:
        if given is None:
            self.hand_over(None)
        else:
            self._release(given)
