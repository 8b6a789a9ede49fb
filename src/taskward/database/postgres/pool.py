"""The connection pool of a process for PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg

from taskward.database.postgres.connection import PostgresConnection
from taskward.database.postgres.connection_opener import ConnectionOpener
from taskward.database.postgres.connector import Connector
from taskward.database.postgres.errors import (
    FORGOTTEN_STATEMENT,
    READ_ONLY,
    CommitInDoubt,
    is_connection_lost,
)
from taskward.database.statements import Row
from taskward.metrics import CONNECTIONS, CONNECTIONS_MAX, REQUESTS_WAITING, Samples

ACQUIRE_TIMEOUT: Final = 1.0
"""Seconds that a request waits for a connection while all are in use."""

MAX_IDLE: Final = 300.0
"""Seconds of idleness after which a connection is closed: a proxy may have dropped it silently."""

SUSPECT_AFTER: Final = 1.0
"""Seconds without a success after which a timeout on one connection makes all of them suspect. Also the
seconds between two checks whether the server accepts writes again."""

CHECK_INTERVAL: Final = 0.05
"""Seconds between two checks of the statements in progress; one can take that much longer."""

R = TypeVar("R")


class ConnectionPool:
    """Up to `size` connections, opened on demand and kept while they work.

    When the server seems to be gone or is read-only, all connections are renewed: an existing one is not used
    again, because a failure of one often concerns all of them.
    """

    def __init__(self, url: str, size: int, deadline: float) -> None:
        self.url = url
        self.connector = Connector(url, deadline)
        self._opener = ConnectionOpener(self.connector, size, self._release)
        self._deadline_checks = DeadlineChecks()
        self._idle: list[PostgresConnection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._invalidated_at = self._last_success = 0.0

    @property
    def pooled(self) -> bool:
        """Returns whether a transaction pooler is in between; known from the first connection on."""
        return self.connector.pooled

    @asynccontextmanager
    async def acquire(self, *, writes: bool = False) -> AsyncIterator[Any]:
        """Acquires a connection while the block runs.

        A connection whose user failed in a way that leaves its state in doubt is closed, not reused; for one
        that `writes`, without a CancelRequest (see `connection.py`).

        Raises:
            CommitInDoubt: the write succeeded with a warning.
            ServiceUnavailable: all connections are in use, and none was released in time.
            DatabaseError: no connection to the server could be made in time.

        """
        connection = self.take_idle()
        while connection is None:
            connection = await self._opener.open_or_wait(ACQUIRE_TIMEOUT) or self.take_idle()
        connection.is_writing, connection.is_commit_in_doubt = writes, False
        try:
            yield connection
        except BaseException as error:
            self._give_back_failed(connection, error)
            raise
        self._give_back(connection)

    def take_idle(self, *, writes: bool = False) -> PostgresConnection | None:
        """Takes a connection if one is idle; `run` gives it back."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_closed():
                self._opener.closed()
            elif connection.loop.time() - connection.used_at > MAX_IDLE:
                self._discard(connection)
            else:
                connection.is_writing, connection.is_commit_in_doubt = writes, False
                return connection
        return None

    async def run(
        self, connection: PostgresConnection, sql: str, arguments: Sequence[Any], until: float
    ) -> Sequence[Row]:
        """Runs a statement on a connection of `take_idle`, until that time on the loop's clock.

        Raises:
            CommitInDoubt: the write succeeded with a warning.
            TimeoutError: it took too long.

        """
        call = connection.fetch(sql, *arguments)
        try:
            rows: Sequence[Row] = await self._deadline_checks.run(call, until, connection.loop)
        except BaseException as error:
            self._give_back_failed(connection, error)
            raise
        self._give_back(connection)
        return rows

    async def close(self) -> None:
        """Closes the idle connections."""
        self._discard_idle()
        if self._closing:
            await asyncio.wait(self._closing)

    def collect(self) -> Samples:
        """Returns the metrics; callable from any thread."""
        opener, idle = self._opener, len(self._idle)
        connecting = opener.connecting
        return {
            CONNECTIONS.name: {
                ("used",): max(0, opener.opened - idle - connecting),
                ("idle",): idle,
                ("connecting",): connecting,
            },
            CONNECTIONS_MAX.name: {(): opener.size},
            REQUESTS_WAITING.name: {(): opener.waiting},
        }

    def _give_back(self, connection: PostgresConnection) -> None:
        """Takes back a connection whose user succeeded."""
        self._last_success = connection.used_at = connection.loop.time()
        is_in_doubt = connection.is_writing and connection.is_commit_in_doubt
        self._release(connection)
        if is_in_doubt:
            raise CommitInDoubt(reason="committed with a warning, perhaps not replicated")

    def _give_back_failed(self, connection: PostgresConnection, error: BaseException) -> None:
        """Takes back a connection whose user failed."""
        if self._suspects_all(error):
            self._invalidated_at = _now()
            self._discard_idle()
        if isinstance(error, asyncpg.PostgresError) and not is_connection_lost(error):
            connection.used_at = _now()
            self._release(connection)
        elif connection.is_writing:
            connection.terminate()  # its statement is not cancelled on the server
            self._opener.closed()
        else:
            self._discard(connection)

    def _release(self, connection: PostgresConnection) -> None:
        if connection.made_at <= self._invalidated_at:
            self._discard(connection)
        elif connection.is_closed():
            self._opener.closed()
        elif not (self._opener.waiters and self._opener.hand_over(connection)):
            self._idle.append(connection)

    def _suspects_all(self, error: BaseException) -> bool:
        """Returns whether a failure of one connection probably concerns all of them."""
        if is_connection_lost(error) or isinstance(error, FORGOTTEN_STATEMENT):
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
        self._opener.closed()


class DeadlineChecks:
    """Cancels the calls that pass their deadline, with one timer for all.

    `asyncio.timeout` sets a timer for each, and with uvloop a cancelled timer also costs a turn of the loop.
    """

    def __init__(self) -> None:
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # that of the timer, while there is one

    async def run(self, call: Awaitable[R], until: float, loop: asyncio.AbstractEventLoop) -> R:
        """Returns the result of a call of the current task, which makes one such call at a time.

        Raises:
            TimeoutError: the call was cancelled, because it was not done `until` that time.

        """
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("A deadline needs a task")
        cancelling = task.cancelling()
        self._deadlines[task] = until
        if self._loop is not loop:
            self._schedule(loop)
        try:
            return await call
        except asyncio.CancelledError:
            if task in self._late and task.cancelling() <= cancelling + 1:
                raise TimeoutError from None
            raise  # it was cancelled by others, perhaps as well
        finally:
            del self._deadlines[task]
            if self._late and task in self._late:
                self._late.remove(task)
                task.uncancel()
            del task  # a cancelled task refers to its error, whose frames refer to this: a cycle

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_later(CHECK_INTERVAL, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = None
        if not self._deadlines:
            return
        now = loop.time()
        for task, until in self._deadlines.items():
            if until <= now and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._schedule(loop)


def _now() -> float:
    return asyncio.get_running_loop().time()
