"""The connection pool of a process for PostgreSQL."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Any, Final

import asyncpg

from taskward.database.postgres.connection import PostgresConnection
from taskward.database.postgres.connector import Connector
from taskward.database.postgres.errors import (
    READ_ONLY,
    TOO_MANY_CONNECTIONS,
    CommitInDoubt,
    is_connection_lost,
)
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import CONNECTIONS, CONNECTIONS_MAX, REQUESTS_WAITING, Samples

ACQUIRE_TIMEOUT: Final = 1.0
"""Seconds that a request waits for a connection while all are in use."""

MAX_IDLE: Final = 300.0
"""Seconds of idleness after which a connection is closed: a proxy may have dropped it silently."""

SUSPECT_AFTER: Final = 1.0
"""Seconds without a success after which a timeout on one connection makes all of them suspect. Also the
seconds between two checks whether the server accepts writes again, or allows more connections."""


class ConnectionPool:
    """Up to `size` connections, opened on demand and kept while they work.

    When the server seems to be gone or is read-only, all connections are renewed: an existing one is not used
    again, because a failure of one often concerns all of them.
    """

    def __init__(self, url: str, size: int, deadline: float) -> None:
        self.url = url
        self.connector = Connector(url, deadline)
        self._size = size
        self._open = 0
        self._connecting = 0
        self._idle: list[PostgresConnection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[PostgresConnection | None]] = deque()
        self._server_full_until = self._invalidated_at = self._last_success = 0.0

    @property
    def pooled(self) -> bool:
        """Returns whether a transaction pooler is in between; known from the first connection on."""
        return self.connector.pooled

    def acquire(self, *, writes: bool = False) -> "Lease":
        """Acquires a connection, as an async context manager.

        A connection whose user failed in a way that leaves its state in doubt is closed, not reused; for one
        that `writes`, without a CancelRequest (see `connection.py`).

        Raises:
            CommitInDoubt: the write succeeded with a warning.
            ServiceUnavailable: all connections are in use, and none was released in time.
            DatabaseError: no connection to the server could be made in time.

        """
        return Lease(self, writes=writes)

    async def take(self) -> PostgresConnection:
        """Takes a connection, which is given back with `give_back` or `give_back_failed`."""
        while True:
            if idle := self.take_idle():
                return idle
            if self._open < self._size and (not self._open or _now() > self._server_full_until):
                try:
                    return await self._make()
                except asyncpg.PostgresError as error:
                    if error.sqlstate != TOO_MANY_CONNECTIONS or not self._open:
                        raise
                    self._server_full_until = _now() + SUSPECT_AFTER  # until then, use the existing ones
            if given := await self._wait():
                return given

    def take_idle(self) -> PostgresConnection | None:
        """Takes a connection if one is idle; it is given back as after `take`."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_closed():
                self._open -= 1
            elif connection.loop.time() - connection.used_at > MAX_IDLE:
                self._discard(connection)
            else:
                return connection
        return None

    def give_back(self, connection: PostgresConnection) -> None:
        """Takes back a connection whose user succeeded.

        Raises:
            CommitInDoubt: the write succeeded with a warning.

        """
        self._last_success = connection.used_at = connection.loop.time()
        is_in_doubt = connection.is_writing and connection.is_commit_in_doubt
        self._release(connection)
        if is_in_doubt:
            raise CommitInDoubt(reason="committed with a warning, perhaps not replicated")

    def give_back_failed(self, connection: PostgresConnection, error: BaseException) -> None:
        """Takes back a connection whose user failed."""
        if self._suspects_all(error):
            self._invalidated_at = _now()
            self._discard_idle()
        if isinstance(error, asyncpg.PostgresError) and not is_connection_lost(error):
            connection.used_at = _now()
            self._release(connection)
        elif connection.is_writing:
            self._drop(connection)
        else:
            self._discard(connection)

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
        if is_connection_lost(error):
            return True
        if isinstance(error, asyncpg.PostgresError):
            return error.sqlstate == READ_ONLY and _now() - self._invalidated_at > SUSPECT_AFTER
        return _now() - max(self._last_success, self._invalidated_at) > SUSPECT_AFTER

    def _discard_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            self._discard(connection)

    def _discard(self, connection: PostgresConnection) -> None:
        """Closes a connection in the background, because cancelling its statement takes a moment."""
        closing = asyncio.create_task(connection.cancel_and_close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._open -= 1
        self._hand_over()

    def _drop(self, connection: PostgresConnection) -> None:
        """Closes a connection at once, without cancelling its statement on the server."""
        connection.terminate()
        self._open -= 1
        self._hand_over()

    async def _make(self) -> PostgresConnection:
        self._open += 1
        self._connecting += 1
        try:
            return await self.connector.connect()
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
        elif connection.is_closed():
            self._open -= 1
            self._hand_over()
        else:
            self._hand_over(connection)

    def _hand_over(self, connection: PostgresConnection | None = None) -> None:
        """Passes the connection, or the permission to open one, to the oldest waiter."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)


class Lease:
    """A connection of the pool, acquired while the block runs."""

    __slots__ = ("_connection", "_pool", "_writes")

    def __init__(self, pool: ConnectionPool, *, writes: bool) -> None:
        self._pool = pool
        self._writes = writes
        self._connection: PostgresConnection

    async def __aenter__(self) -> Any:
        self._connection = connection = await self._pool.take()
        connection.is_writing, connection.is_commit_in_doubt = self._writes, False
        return connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._pool.give_back(self._connection)
        else:
            self._pool.give_back_failed(self._connection, error)


def _now() -> float:
    return asyncio.get_running_loop().time()
