"""The pool of connections to PostgreSQL of one process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from taskward.database.hosts import HostConnector
from taskward.database.postgres_connection import PostgresConnection, begin, lock_timeout
from taskward.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import CONNECTIONS, CONNECTIONS_MAX, REQUESTS_WAITING, Samples

PATIENCE: Final = 1.0
"""Seconds that a request waits for a connection while all are taken."""

CONNECT: Final = 10.0
"""Seconds to connect within."""

CANCEL: Final = 5.0
"""Seconds to cancel what a connection is at, before it is just dropped."""

LONGEST_IDLE: Final = 300.0
"""Seconds unused after which a connection is not lent again: what lies in between may have forgotten it."""

DOUBT: Final = 1.0
"""Seconds without a single success after which one connection's silence says something of all of them; also
for how long it is not asked again whether the server writes by now, or gives more connections."""

FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises. Internal to it is only the name of the third one: it is what comes of a connection
whose server has said farewell while nobody used it, and which is not closed yet."""

LOST: Final = ("08", "57P")
"""Beginnings of the SQLSTATEs with which a connection ends."""

READ_ONLY: Final = "25006"
"""SQLSTATE of a write on a server that only reads: after a failover, what used to be the primary."""

_FULL: Final = "53300"


class Connections:
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
        self._made = 0
        self._connecting = 0
        self._idle: list[PostgresConnection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[PostgresConnection | None]] = deque()
        self._probed = False
        self._full_until = self._renewed = self._worked = 0.0

    @asynccontextmanager
    async def one(self, *, writes: bool = False) -> AsyncIterator[Any]:
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
            if self._concerns_all(error):
                self._renewed = _now()
                self._let_go_of_idle()
            if refused:
                self._give_back(connection)
            elif writes:
                self._drop(connection)
            else:
                self._let_go(connection)
            raise
        self._worked = _now()
        self._give_back(connection)
        if writes and connection.is_commit_in_doubt:
            raise CommitInDoubt(reason="committed with a warning, perhaps not replicated")

    async def apart(self) -> Any:
        """Make a connection beside the others, whose session lasts, for whoever asks to use and to close.

        None where a pooler stands in between, which does not give such.
        """
        connection = await self.connector.connect(CONNECT, statement_cache_size=0)
        if await _is_pooled(connection):
            await connection.close(timeout=CONNECT)
            return None
        return connection

    async def close(self) -> None:
        """Close those that nobody has."""
        self._let_go_of_idle()
        if self._closing:
            await asyncio.wait(self._closing)

    def collect(self) -> Samples:
        idle, connecting = len(self._idle), self._connecting
        return {
            CONNECTIONS.name: {
                ("used",): max(0, self._made - idle - connecting),
                ("idle",): idle,
                ("connecting",): connecting,
            },
            CONNECTIONS_MAX.name: {(): self._size},
            # Those who have given up stand in the queue until their turn comes.
            REQUESTS_WAITING.name: {(): sum(not turn.done() for turn in list(self._waiting))},
        }

    def _concerns_all(self, error: BaseException) -> bool:
        """Tell whether what befell one connection is likely to befall each that there is now."""
        if _is_lost(error):
            return True
        if isinstance(error, asyncpg.PostgresError):
            return error.sqlstate == READ_ONLY and _now() - self._renewed > DOUBT
        return _now() - max(self._worked, self._renewed) > DOUBT

    def _let_go_of_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            self._let_go(connection)

    def _let_go(self, connection: Any) -> None:
        """Close it behind the scenes: what it is at is cancelled on the server, which takes a moment."""
        closing = asyncio.create_task(_close(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._made -= 1
        self._wake_one()

    def _drop(self, connection: PostgresConnection) -> None:
        """Close it at once: what it is at goes on at the server, and is not cancelled."""
        connection.terminate()
        self._made -= 1
        self._wake_one()

    async def _take(self) -> PostgresConnection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_closed():
                    self._made -= 1
                elif _now() - connection.used_at > LONGEST_IDLE:
                    self._let_go(connection)
                else:
                    return connection
            if self._made < self._size and (not self._made or _now() > self._full_until):
                try:
                    return await self._make()
                except asyncpg.PostgresError as error:
                    if error.sqlstate != _FULL or not self._made:
                        raise
                    self._full_until = _now() + DOUBT  # until then, those that there are must do
            if given := await self._wait():
                return given

    async def _make(self) -> PostgresConnection:
        self._made += 1
        self._connecting += 1
        try:
            return await self._connect()
        except BaseException:
            self._made -= 1
            self._wake_one()
            raise
        finally:
            self._connecting -= 1

    async def _wait(self) -> PostgresConnection | None:
        """Wait in line; give the connection that was handed over, or None if there is room for a new one."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(PATIENCE):
                given: PostgresConnection | None = await turn
                return given
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was this one's turn: it goes to the next
                self._wake_one(turn.result())
            if not isinstance(error, TimeoutError):
                raise
        if self._connecting:  # then it is not the load, it is the database
            raise DatabaseError(reason="no connection could be made yet")
        raise ServiceUnavailable(reason="every database connection is taken")

    def _give_back(self, connection: PostgresConnection) -> None:
        if connection.made_at <= self._renewed:
            self._let_go(connection)
            return
        if connection.is_closed():
            self._made -= 1
        else:
            connection.used_at = _now()
            self._wake_one(connection)
            return
        self._wake_one()

    def _wake_one(self, connection: PostgresConnection | None = None) -> None:
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
            CONNECT, statement_cache_size=0, connection_class=PostgresConnection
        )
        if not self._probed:
            self.pooled = await _is_pooled(connection)
            self._probed = True
        if self.pooled:
            connection.begin = begin(self._deadline)
            return connection
        await connection.close(timeout=CONNECT)
        return await self._connect_directly()

    async def _connect_directly(self) -> PostgresConnection:
        """Make a connection whose session lasts: with prepared statements, and a setting."""
        connection: PostgresConnection = await self.connector.connect(
            CONNECT,
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
        return (error.sqlstate or "").startswith(LOST)
    return isinstance(error, FAILURES) and not isinstance(error, TimeoutError | ValueError)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=CANCEL)
    except FAILURES:
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
