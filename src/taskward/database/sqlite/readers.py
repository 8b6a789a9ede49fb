"""Reads on SQLite: short ones on the event loop, long ones in threads, scheduled fairly.

A thread costs more than most reads do, and the length of a read depends on the number of its owner's tasks.
So a read starts on the event loop with a time budget. If it exceeds the budget, it is aborted and runs again
in a thread; the next one of its kind and owner starts there.
"""

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias

from taskward.database.statements import Read, Row, Values
from taskward.database.turns import counted_by
from taskward.http.errors import DatabaseError
from taskward.http.fair_semaphore import FairThreads

STATEMENT_TIMEOUT: Final = 10.0
"""Seconds for a read in a thread, including the wait for the thread."""

LOOP_BUDGET: Final = 0.002
"""Seconds that a read may block the event loop."""

THREADS: Final = 4
"""Threads. One user can use two of them, two users three."""

MAX_SLOW_READS: Final = 1024

_BUDGET_STEPS: Final = 1000
_TIMEOUT_STEPS: Final = 10_000
"""Steps of SQLite's virtual machine between two checks of the clock; a thousand take 20 to 300 µs."""

_SlowRead: TypeAlias = tuple[Read, Any]


class Query(Protocol):
    """A compiled statement."""

    def rows(self, connection: sqlite3.Connection, values: Values) -> Sequence[Row]: ...


class SqliteReaders:
    """A connection for the event loop, and one for each thread; `connect` opens one."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._loop_connection: sqlite3.Connection
        self._deadline = float("inf")
        self._threads = FairThreads(THREADS, "sqlite-reader")
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._slow: OrderedDict[_SlowRead, None] = OrderedDict()

    def start(self, loop_connection: sqlite3.Connection) -> None:
        """Applies the budget to each read on that connection, which the event loop uses."""
        self._loop_connection = loop_connection
        loop_connection.set_progress_handler(lambda: time.perf_counter() > self._deadline, _BUDGET_STEPS)

    async def stop(self) -> None:
        for connection in self._connections:
            connection.interrupt()
        await self._threads.stop()
        for connection in self._connections:
            connection.close()

    def rows_now(self, read: Read, query: Query, values: Values) -> Sequence[Row] | None:
        """Runs a short read on the event loop; returns None if it is long."""
        if read.long or (self._slow and (read, values.get("owner")) in self._slow):
            return None
        self._deadline = time.perf_counter() + LOOP_BUDGET
        try:
            return query.rows(self._loop_connection, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._deadline = float("inf")

    async def rows_in_thread(self, read: Read, query: Query, values: Values) -> Sequence[Row]:
        """Runs a long read.

        Raises:
            ServiceUnavailable: no thread became free in time.
            DatabaseError: the read failed or took too long.

        """
        kind = (read, values.get("owner"))
        until = time.monotonic() + STATEMENT_TIMEOUT
        try:
            rows, seconds = await self._threads.run(counted_by(values), self._run, query, values, until)
        except sqlite3.Error as error:
            raise DatabaseError(reason=getattr(error, "sqlite_errorname", type(error).__name__)) from error
        if seconds > LOOP_BUDGET:
            self._slow[kind] = None
            if len(self._slow) > MAX_SLOW_READS:
                self._slow.popitem(last=False)
        else:
            self._slow.pop(kind, None)
        return rows

    def _run(self, query: Query, values: Values, until: float) -> tuple[Sequence[Row], float]:
        begun = time.thread_time()  # thread time, so that a busy machine does not make reads long
        connection = self._thread_connection()
        connection.set_progress_handler(lambda: time.monotonic() > until, _TIMEOUT_STEPS)
        rows = query.rows(connection, values)
        return rows, time.thread_time() - begun

    def _thread_connection(self) -> sqlite3.Connection:
        if not hasattr(self._of_thread, "connection"):
            self._of_thread.connection = self._connect()
            self._of_thread.connection.execute(f"PRAGMA busy_timeout = {STATEMENT_TIMEOUT * 1000:.0f}")
            self._connections.append(self._of_thread.connection)
        connection: sqlite3.Connection = self._of_thread.connection
        return connection
