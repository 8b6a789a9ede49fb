"""The connection pool of a process for PostgreSQL."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from taskward.database.postgres.connection import PostgresConnection, begin, lock_timeout
from taskward.database.postgres.hosts import HostConnector
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import CONNECTIONS, CONNECTIONS_MAX, REQUESTS_WAITING, Samples

ACQUIRE_TIMEOUT: Final = 1.0
"""Seconds that a request waits for a connection while all are in use."""

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for connecting."""

CANCEL_TIMEOUT: Final = 5.0
"""Seconds for cancelling a statement, before its connection is dropped."""

MAX_IDLE: Final = 300.0
"""Seconds of idleness after which a connection is closed: a proxy may have dropped it silently."""

SUSPECT_AFTER: Final = 1.0
"""Seconds without a success after which a timeout on one connection makes all of them suspect. Also the
seconds between two checks whether the server accepts writes again, or allows more connections."""

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""The errors that the driver raises. InternalClientError is included: asyncpg raises it when the server
closed an idle connection and it has not noticed yet."""

CONNECTION_LOST: Final = ("08", "57P")
"""Prefixes of the SQLSTATEs that end a connection."""

READ_ONLY: Final = "25006"
"""SQLSTATE of a write on a read-only server: after a failover, the former primary."""

_TOO_MANY_CONNECTIONS: Final = "53300"


class ConnectionPool:
    """Up to `size` connections, opened on demand and kept while they work.

    When the server seems to be gone or is read-only, all connections are renewed: an existing one is not used
    again, because a failure of one often concerns all of them.

    `pooled` is whether a transaction pooler is in between; known from the first connection on.
    """

    def __init__(self, url: str, size: int, deadline: float) -> None:
        self.pooled = False
        self.connector = HostConnector(url)
        self._url = url
        self._deadline = deadline
        self._size = size
        self._open = 0
        self._connecting = 0
        self._idle: list[PostgresConnection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[PostgresConnection | None]] = deque()
        self._probed = False
        self._server_full_until = self._invalidated_at = self._last_success = 0.0

    @asynccontextmanager
    async def acquire(self, *, writes: bool = False) -> AsyncIterator[Any]:
        """Acquires a connection.

        A connection whose user failed in a way that leaves its state in doubt is closed, not reused; for one
        that `writes`, without a CancelRequest (see `connection.py`).

        Raises:
            CommitInDoubt: the write succeeded with a warning.
            ServiceUnavailable: all connections are in use, and none was released in time.
            DatabaseError: no connection to the server could be made in time.

        """
        connection = await self._take()
        connection.is_writing, connection.is_commit_in_doubt = writes, False
        try:
            yield connection
        except BaseException as error:
            refused = isinstance(error, asyncpg.PostgresError) and not _is_lost(error)
            if self._suspects_all(error):
                self._invalidated_at = _now()
                self._discard_idle()
            if refused:
                self._release(connection)
            elif writes:
                self._drop(connection)
            else:
                self._discard(connection)
            raise
        self._last_success = _now()
        self._release(connection)
        if writes and connection.is_commit_in_doubt:
            raise CommitInDoubt(reason="committed with a warning, perhaps not replicated")

    async def dedicated(self) -> Any:
        """Opens a dedicated connection outside the pool; the caller closes it.

        Returns None behind a transaction pooler, where session state does not last.
        """
        connection = await self.connector.connect(CONNECT_TIMEOUT, statement_cache_size=0)
        if await _is_pooled(connection):
            await connection.close(timeout=CONNECT_TIMEOUT)
            return None
        return connection

    async def close(self) -> None:
        """Closes the idle connections."""
        self._discard_idle()
        if self._closing:
            await asyncio.wait(self._closing)

    def collect(self) -> Samples:
        idle, connecting = len(self._idle), self._connecting
        return {
            CONNECTIONS.name: {
                ("used",): max(0, self._open - idle - connecting),
                ("idle",): idle,
                ("connecting",): connecting,
            },
            CONNECTIONS_MAX.name: {(): self._size},
            # Waiters that have timed out remain in the queue until their turn.
            REQUESTS_WAITING.name: {(): sum(not turn.done() for turn in list(self._waiting))},
        }

    def _suspects_all(self, error: BaseException) -> bool:
        """Returns whether a failure of one connection probably concerns all of them."""
        if _is_lost(error):
            return True
        if isinstance(error, asyncpg.PostgresError):
            return error.sqlstate == READ_ONLY and _now() - self._invalidated_at > SUSPECT_AFTER
        return _now() - max(self._last_success, self._invalidated_at) > SUSPECT_AFTER

    def _discard_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            self._discard(connection)

    def _discard(self, connection: Any) -> None:
        """Closes a connection in the background, because cancelling its statement takes a moment."""
        closing = asyncio.create_task(_close(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._open -= 1
        self._hand_over()

    def _drop(self, connection: PostgresConnection) -> None:
        """Closes a connection at once, without cancelling its statement on the server."""
        connection.terminate()
        self._open -= 1
        self._hand_over()

    async def _take(self) -> PostgresConnection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_closed():
                    self._open -= 1
                elif _now() - connection.used_at > MAX_IDLE:
                    self._discard(connection)
                else:
                    return connection
            if self._open < self._size and (not self._open or _now() > self._server_full_until):
                try:
                    return await self._make()
                except asyncpg.PostgresError as error:
                    if error.sqlstate != _TOO_MANY_CONNECTIONS or not self._open:
                        raise
                    self._server_full_until = _now() + SUSPECT_AFTER  # until then, use the existing ones
            if given := await self._wait():
                return given

    async def _make(self) -> PostgresConnection:
        self._open += 1
        self._connecting += 1
        try:
            return await self._connect()
        except BaseException:
            self._open -= 1
            self._hand_over()
            raise
        finally:
            self._connecting -= 1

    async def _wait(self) -> PostgresConnection | None:
        """Waits in the queue; returns the connection handed over, or None if a new one may be opened."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                given: PostgresConnection | None = await turn
                return given
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # the turn came at the same moment: pass it on
                self._hand_over(turn.result())
            if not isinstance(error, TimeoutError):
                raise
        if self._connecting:  # the database is the reason, not the load
            raise DatabaseError(reason="no connection could be made yet")
        raise ServiceUnavailable(reason="all database connections are in use")

    def _release(self, connection: PostgresConnection) -> None:
        if connection.made_at <= self._invalidated_at:
            self._discard(connection)
            return
        if connection.is_closed():
            self._open -= 1
        else:
            connection.used_at = _now()
            self._hand_over(connection)
            return
        self._hand_over()

    def _hand_over(self, connection: PostgresConnection | None = None) -> None:
        """Passes the connection, or the permission to open one, to the oldest waiter."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    async def _connect(self) -> PostgresConnection:
        if self._probed and not self.pooled:
            return await self._connect_directly()
        connection: PostgresConnection = await self.connector.connect(
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

    async def _connect_directly(self) -> PostgresConnection:
        """Opens a connection with session state: prepared statements, and a setting."""
        connection: PostgresConnection = await self.connector.connect(
            CONNECT_TIMEOUT,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            connection_class=PostgresConnection,
            server_settings={"lock_timeout": str(lock_timeout(self._deadline))},
        )
        return connection


class CommitInDoubt(DatabaseError):
    """The server reported a success with a warning: committed, but perhaps on no standby."""


def _is_lost(error: BaseException) -> bool:
    """Returns whether the error ends the connection. InterfaceError also stands for invalid values."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(CONNECTION_LOST)
    return isinstance(error, DRIVER_ERRORS) and not isinstance(error, TimeoutError | ValueError)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=CANCEL_TIMEOUT)
    except DRIVER_ERRORS:
        connection.terminate()


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
