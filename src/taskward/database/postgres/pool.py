"""The pool of connections to PostgreSQL of one process."""

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
"""Seconds that a request waits for a connection while all are taken."""

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to connect within."""

CANCEL_TIMEOUT: Final = 5.0
"""Seconds to cancel what a connection is at, before it is just dropped."""

MAX_IDLE: Final = 300.0
"""Seconds unused after which a connection is not lent again: what lies in between may have forgotten it."""

SUSPECT_AFTER: Final = 1.0
"""Seconds without a single success after which one connection's silence says something of all of them; also
for how long it is not asked again whether the server writes by now, or gives more connections."""

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises. Internal to it is only the name of the third one: it is what comes of a connection
whose server has said farewell while nobody used it, and which is not closed yet."""

CONNECTION_LOST: Final = ("08", "57P")
"""Beginnings of the SQLSTATEs with which a connection ends."""

READ_ONLY: Final = "25006"
"""SQLSTATE of a write on a server that only reads: after a failover, what used to be the primary."""

_TOO_MANY_CONNECTIONS: Final = "53300"


class ConnectionPool:
    """Up to `size` connections, made when they are needed and kept while they live.

    When the server seems to be gone or to have changed its part, all of them are renewed: none of those that
    there are is lent again, for what befell one may have befallen each, and not all of them have heard.

    `pooled` tells whether a pooler stands in between; it is known from the first connection on.
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
        """Lend a connection.

        One whose borrower failed in a way that leaves its state in doubt is closed, not lent again; for one
        that `writes`, without a CancelRequest (see `postgres_connection`).

        Raises:
            CommitInDoubt: the write succeeded with a reservation.
            ServiceUnavailable: all of them are taken, and none came back in time.
            DatabaseError: others are waiting for the server to greet them, as this one was.

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
        """Make a connection beside the others, whose session lasts, for whoever asks to use and to close.

        None where a pooler stands in between, which does not give such.
        """
        connection = await self.connector.connect(CONNECT_TIMEOUT, statement_cache_size=0)
        if await _is_pooled(connection):
            await connection.close(timeout=CONNECT_TIMEOUT)
            return None
        return connection

    async def close(self) -> None:
        """Close those that nobody has."""
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
            # Those who have given up stand in the queue until their turn comes.
            REQUESTS_WAITING.name: {(): sum(not turn.done() for turn in list(self._waiting))},
        }

    def _suspects_all(self, error: BaseException) -> bool:
        """Tell whether what befell one connection is likely to befall each that there is now."""
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
        """Close it behind the scenes: what it is at is cancelled on the server, which takes a moment."""
        closing = asyncio.create_task(_close(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._open -= 1
        self._hand_over()

    def _drop(self, connection: PostgresConnection) -> None:
        """Close it at once: what it is at goes on at the server, and is not cancelled."""
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
                    self._server_full_until = (
                        _now() + SUSPECT_AFTER
                    )  # until then, those that there are must do
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
        """Wait in line; give the connection that was handed over, or None if there is room for a new one."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                given: PostgresConnection | None = await turn
                return given
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was this one's turn: it goes to the next
                self._hand_over(turn.result())
            if not isinstance(error, TimeoutError):
                raise
        if self._connecting:  # then it is not the load, it is the database
            raise DatabaseError(reason="no connection could be made yet")
        raise ServiceUnavailable(reason="every database connection is taken")

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
        """Hand the connection, or the room for one, to whoever has waited longest; nobody overtakes them."""
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
        """Make a connection whose session lasts: with prepared statements, and a setting."""
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
    """Tell whether the connection is gone with it. What is wrong with a value is an InterfaceError too."""
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
    """Tell whether another server answers than the one that greeted: a pooler greets by itself.

    If that cannot be told, nobody else will use the connection, so it is closed.
    """
    try:
        async with connection.transaction():
            answering = await connection.fetchval("SELECT pg_backend_pid()")
    except BaseException:
        connection.terminate()
        raise
    return bool(answering != connection.get_server_pid())
