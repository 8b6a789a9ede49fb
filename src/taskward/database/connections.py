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

    `pooled` tells whether a pooler stands in between; it is known from the first connection on.
    """

    def __init__(self, url: str, size: int) -> None:
        self.pooled = False
        self._url = driver_url(url)
        self._size = size
        self._made = 0
        self._connecting = 0
        self._idle: list[Any] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._probed = False

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
        except asyncpg.PostgresError:
            self._give_back(connection)
            raise
        except BaseException:
            self._let_go(connection)
            raise
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
        idle, self._idle = self._idle, []
        for connection in idle:
            self._made -= 1
            await connection.close(timeout=CONNECT)
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

    def _let_go(self, connection: Any) -> None:
        """Close it behind the scenes: what it is at is cancelled on the server, which takes a moment."""
        closing = asyncio.create_task(_close(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._made -= 1
        self._wake_one()

    async def _take(self) -> Any:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._made -= 1
            if self._made < self._size:
                return await self._make()
            await self._wait()

    async def _make(self) -> Any:
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

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn
        except TimeoutError:
            if self._connecting:  # then it is not the load, it is the database
                raise DatabaseError(reason="no connection could be made yet") from None
            raise ServiceUnavailable(reason="every database connection is taken") from None
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._wake_one()  # it was this one's turn: it goes to the next
            raise

    def _give_back(self, connection: Any) -> None:
        if connection.is_closed():
            self._made -= 1
        else:
            self._idle.append(connection)
        self._wake_one()

    def _wake_one(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def _connect(self) -> Any:
        if not self._probed:
            connection = await asyncpg.connect(self._url, timeout=CONNECT, statement_cache_size=0)
            self.pooled = await _is_pooled(connection)
            self._probed = True
            if self.pooled:
                return connection
            await connection.close(timeout=CONNECT)
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT,
            statement_cache_size=0 if self.pooled else 512,
            max_cached_statement_lifetime=0,
        )


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=CANCEL)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
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
