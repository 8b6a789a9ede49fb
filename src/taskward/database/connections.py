"""The connections to PostgreSQL of one process, and how a URL as providers hand it out is read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from taskward.errors import DatabaseError, ServiceUnavailable
from taskward.figures import CONNECTIONS, MOST_CONNECTIONS, WAITING, Figures

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

_UNDERSTOOD: Final = frozenset(
    {
        "dbname",
        "host",
        "options",
        "password",
        "port",
        "target_session_attrs",
        "user",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslrootcert",
    }
)
"""The parameters of a URL that go to the driver. What others there are (`channel_binding`, `pgbouncer`, …)
it would send to the server as settings, and poolers refuse those."""


class Connections:
    """Up to `size` connections, made when they are needed and kept while they live.

    When the server seems to be gone or to have changed its part, all of them are renewed: none of those that
    there are is lent again, for what befell one may have befallen each, and not all of them have heard.

    `pooled` tells whether a pooler stands in between; it is known from the first connection on.
    """

    def __init__(self, url: str, size: int) -> None:
        self.pooled = False
        self._url = driver_url(url)
        self._size = size
        self._made = 0
        self._connecting = 0
        self._idle: list[_Connection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[_Connection | None]] = deque()
        self._probed = False
        self._full_until = self._renewed = self._worked = 0.0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Any]:
        """Lend a connection.

        One whose borrower failed in a way that leaves its state in doubt is closed, not lent again.

        Raises:
            ServiceUnavailable: all of them are taken, and none came back in time.
            DatabaseError: others are waiting for the server to greet them, as this one was.

        """
        connection = await self._take()
        try:
            yield connection
        except BaseException as error:
            refused = isinstance(error, asyncpg.PostgresError) and not _is_lost(error)
            if self._concerns_all(error):
                self._renewed = _now()
                self._let_go_of_idle()
            if refused:
                self._give_back(connection)
            else:
                self._let_go(connection)
            raise
        self._worked = _now()
        self._give_back(connection)

    async def apart(self) -> Any:
        """Make a connection beside the others, whose session lasts, for whoever asks to use and to close.

        None where a pooler stands in between, which does not give such.
        """
        connection = await asyncpg.connect(self._url, timeout=CONNECT, statement_cache_size=0)
        if await _is_pooled(connection):
            await connection.close(timeout=CONNECT)
            return None
        return connection

    async def close(self) -> None:
        """Close those that nobody has."""
        self._let_go_of_idle()
        if self._closing:
            await asyncio.wait(self._closing)

    def figures(self) -> Figures:
        idle, connecting = len(self._idle), self._connecting
        return {
            CONNECTIONS.name: {
                ("used",): max(0, self._made - idle - connecting),
                ("idle",): idle,
                ("connecting",): connecting,
            },
            MOST_CONNECTIONS.name: {(): self._size},
            # Those who have given up stand in the queue until their turn comes.
            WAITING.name: {(): sum(not turn.done() for turn in list(self._waiting))},
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

    async def _take(self) -> "_Connection":
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

    async def _make(self) -> "_Connection":
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

    async def _wait(self) -> "_Connection | None":
        """Wait in line; give the connection that was handed over, or None if there is room for a new one."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(PATIENCE):
                given: _Connection | None = await turn
                return given
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was this one's turn: it goes to the next
                self._wake_one(turn.result())
            if not isinstance(error, TimeoutError):
                raise
        if self._connecting:  # then it is not the load, it is the database
            raise DatabaseError(reason="no connection could be made yet")
        raise ServiceUnavailable(reason="every database connection is taken")

    def _give_back(self, connection: "_Connection") -> None:
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

    def _wake_one(self, connection: "_Connection | None" = None) -> None:
        """Hand the connection, or the room for one, to whoever has waited longest; nobody overtakes them."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    async def _connect(self) -> "_Connection":
        connection: _Connection
        if not self._probed:
            connection = await asyncpg.connect(
                self._url, timeout=CONNECT, statement_cache_size=0, connection_class=_Connection
            )
            self.pooled = await _is_pooled(connection)
            self._probed = True
            if self.pooled:
                return connection
            await connection.close(timeout=CONNECT)
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT,
            statement_cache_size=0 if self.pooled else 512,
            max_cached_statement_lifetime=0,
            connection_class=_Connection,
        )
        return connection


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """One that knows since when it is there, and since when it lies idle."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.made_at = self.used_at = _now()


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


def driver_url(url: str) -> str:
    """Give the URL with only those parameters that the driver understands."""
    parts = urlsplit(url)
    understood = [(name, value) for name, value in parse_qsl(parts.query) if name in _UNDERSTOOD]
    return urlunsplit(parts._replace(query=urlencode(understood)))


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
