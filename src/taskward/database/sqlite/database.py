"""The SQLite engine: a file or memory, on the standard library's driver.

Short reads run on the event loop, long ones in threads (`readers.py`). Writes that wait at the same time
share one transaction (`group_commit.py`); those of several statements run in a thread.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from taskward.database import authorize_and_write, ignore_change, schema
from taskward.database.observers import TRANSACTION, ObservedOperation, Observer, observed
from taskward.database.outbox import MARK
from taskward.database.several import OfSeveral
from taskward.database.sqlite import owner_locks
from taskward.database.sqlite.busy import RETRY_INTERVAL, busy_deadline, retry_while_busy
from taskward.database.sqlite.compiled import CompiledSql, MergedRead, SqliteStatement
from taskward.database.sqlite.connection import WRITER_CACHE_KIB, connect, explain_unusable, quick_check
from taskward.database.sqlite.errors import database_error, is_busy
from taskward.database.sqlite.group_commit import GroupCommit
from taskward.database.sqlite.owner_locks import OwnerLocked
from taskward.database.sqlite.readers import SqliteReaders
from taskward.database.sqlite.split_lock import abandoned
from taskward.database.sqlite.split_transaction import SplitTransaction
from taskward.database.sqlite.wal import Checkpoints, empty_wal_now
from taskward.database.statements import (
    Authorize,
    AuthorizedWrite,
    Forms,
    Read,
    Row,
    Statement,
    T,
    TransactionSteps,
    Values,
    Write,
)
from taskward.database.transaction_run import TransactionRun
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import Samples

POLL_INTERVAL: Final = 0.25
"""Seconds between two checks whether another process has written."""

LOCK_TIMEOUT: Final = 10.0
"""Seconds that a statement waits while its owner is locked."""

TRANSACTION_TIMEOUT: Final = 10.0
"""Seconds for a transaction, or a part of a split one, once it has begun: no other can run meanwhile."""

_LOCK_RETRY: Final = 0.02


class SqliteDatabase:
    """A `taskward.database.Database` in a file, or in memory if `path` is None.

    With `marking`, each change marks its owner in the outbox of webhooks.
    """

    engine = "sqlite"

    def __init__(self, path: Path | None, *, marking: bool = False) -> None:
        self.on_change: Callable[[UUID], None] = ignore_change
        self.observers: list[Observer] = []
        self.path = path
        self.writer: sqlite3.Connection
        self.reader: sqlite3.Connection
        self.readers = SqliteReaders(partial(connect, path)) if path else None
        self._is_open = False
        self._compiled: Forms[Statement, SqliteStatement] = Forms(SqliteStatement.compile)
        outbox = SqliteStatement.compile(MARK) if marking else None
        self._group_commit = GroupCommit(self._notify, outbox, in_memory=path is None)
        self._checkpoints = Checkpoints(path) if path else None

    async def start(self) -> None:
        with explain_unusable(self.path), ExitStack() as opened:
            self.writer = opened.enter_context(closing(connect(self.path, WRITER_CACHE_KIB)))
            await asyncio.to_thread(quick_check, self.writer, self.path)
            await asyncio.to_thread(schema.upgrade_sqlite, self.writer)
            await asyncio.to_thread(empty_wal_now, self.writer)
            self.reader = connect(self.path) if self.path else self.writer
            opened.pop_all()
        if self.readers is not None:
            self.readers.start(self.reader)
        self._group_commit.start(self.writer)
        self._is_open = True

    async def stop(self) -> None:
        await self._group_commit.stop()
        if self._checkpoints is not None:
            await self._checkpoints.stop()
        if self.readers is not None:
            await self.readers.stop()
        if self._is_open:
            self.reader.close()
            self.writer.close()

    async def migrate(self) -> str:
        with self._opened() as connection:
            return await asyncio.to_thread(schema.upgrade_sqlite, connection)

    async def revision(self) -> str | None:
        if self.path is None or not self.path.exists():
            return None
        with self._opened() as connection:
            return schema.sqlite_revision(connection)

    async def missing_for_rls(self) -> str | None:
        return None

    async def ping(self) -> None:
        await self._retry_while_busy(lambda: self.reader.execute("SELECT 1 FROM tasks LIMIT 1"))

    @observed
    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        step = self._compiled[read].guarded
        try:
            if self.readers is None:
                return step.rows(self.reader, values)
            rows = self.readers.rows_now(read, step, values)
            return await self.readers.rows_in_thread(read, step, values) if rows is None else rows
        except (sqlite3.Error, DatabaseError) as error:
            if not is_busy(error) and not owner_locks.is_locked_error(error):
                raise database_error(error) from error.__cause__ or error
        return await self._unlocked(lambda: self._read_again(read, step, values))

    async def rows_of_several(self, asked: Sequence[OfSeveral]) -> Sequence[Sequence[Row]]:
        return [await self._unlocked(partial(self._merged_rows, *one)) for one in asked]

    @observed
    async def write(self, write: Write, values: Values) -> Row | None:
        statement = self._compiled[write]
        owner = values["owner"]

        def run(connection: sqlite3.Connection, owners: set[UUID]) -> Row | None:
            self._group_commit.refuse_locked(owner)
            rows = statement.run(connection, values)
            if not rows:
                return None
            owners.add(owner)
            return rows[0]

        return await self._unlocked(lambda: self._group_commit.run(owner, run))

    async def write_authorized(
        self, authorized: AuthorizedWrite, values: Values, authorize: Authorize
    ) -> Row | None:
        return await authorize_and_write(self, authorized, values, authorize)

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        del owners  # there is one writer, and nothing is held while one of them is locked
        with ObservedOperation(self.observers, TRANSACTION) as operation:
            return await self._unlocked(lambda: self._transact(TransactionRun(steps, operation), long=long))

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return await self._retry_while_busy(lambda: abandoned(self.reader))

    async def wait_unlocked(self, owner: UUID) -> None:
        with suppress(ServiceUnavailable):
            while await self._is_locked(owner):
                await self._wait_unlocked(owner, time.monotonic() + LOCK_TIMEOUT)

    async def scrub(self) -> None:
        if self._checkpoints is not None:
            await self._checkpoints.run()

    async def poll_hints(self) -> AsyncGenerator[None, None]:
        if self.path is None:
            await asyncio.get_running_loop().create_future()  # no other process can write to memory
        seen = version = None
        while True:
            with suppress(sqlite3.Error):  # another process may lock the file
                version = self.reader.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen = version
                yield
            await asyncio.sleep(POLL_INTERVAL)

    def collect(self) -> Samples:
        return self._group_commit.collect()

    async def _merged_rows(self, read: Read, several: Sequence[Values]) -> Sequence[Row]:
        """Runs a read for several owners, in a thread.

        Raises:
            OwnerLocked: the data of one of them is locked.

        """
        if not several:
            return ()
        query = MergedRead(read, self._compiled[read].guarded, several)
        with ObservedOperation(self.observers, read.name) as operation:
            if self.readers is None:
                rows: Sequence[Row] = query.rows(self.reader, several[0])
            else:
                rows = await self.readers.rows_in_thread(read, query, several[0])
            operation.ran(read, several[0], rows)
        return rows

    async def _read_again(self, read: Read, step: CompiledSql, values: Values) -> Sequence[Row]:
        """Reads again while another process locks the file.

        Raises:
            OwnerLocked: the owner's data is locked.

        """
        loop = asyncio.get_running_loop()
        until = busy_deadline(loop)
        while True:
            try:
                if self.readers is None:
                    return step.rows(self.reader, values)
                rows = self.readers.rows_now(read, step, values)
                return await self.readers.rows_in_thread(read, step, values) if rows is None else rows
            except (sqlite3.Error, DatabaseError) as error:
                if owner_locks.is_locked_error(error):
                    raise OwnerLocked(values["owner"]) from None
                if not is_busy(error) or loop.time() >= until:
                    raise database_error(error) from error.__cause__ or error
            await asyncio.sleep(RETRY_INTERVAL)

    async def _transact(self, run: TransactionRun[T], *, long: bool) -> T:
        transaction = SplitTransaction(
            run, self._compiled, self._group_commit.refuse_locked, TRANSACTION_TIMEOUT
        )
        owner = run.owner
        try:
            while run.step is not None:
                await self._group_commit.run(owner, transaction.run_part, several=True, long=long)
        finally:
            run.abandon()
        return run.result

    async def _unlocked(self, run: Callable[[], Awaitable[T]]) -> T:
        """Runs a function, and again after each locked owner."""
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                return await run()
            except OwnerLocked as locked:
                await self._wait_unlocked(locked.owner, deadline)

    async def _wait_unlocked(self, owner: UUID, deadline: float) -> None:
        while await self._is_locked(owner):
            if time.monotonic() > deadline:
                raise ServiceUnavailable(reason="the owner's data is being imported or erased", retry_after=5)
            await asyncio.sleep(_LOCK_RETRY)

    async def _is_locked(self, owner: UUID) -> bool:
        return await self._retry_while_busy(lambda: owner_locks.is_locked(self.reader, owner))

    async def _retry_while_busy(self, run: Callable[[], T]) -> T:
        try:
            return await retry_while_busy(run, busy_deadline(asyncio.get_running_loop()))
        except sqlite3.Error as error:
            raise database_error(error) from error

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with explain_unusable(self.path), closing(connect(self.path)) as connection:
            quick_check(connection, self.path)
            yield connection

    def _notify(self, owners: set[UUID]) -> None:
        for owner in owners:
            self.on_change(owner)
