"""The SQLite engine: a file or memory, on the standard library's driver.

Short reads run on the event loop, long ones in threads (`readers.py`). Writes that wait at the same time
share one transaction: the loop runs their statements, and a thread commits, because the fsync is slow. Each
write is acknowledged after the commit.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Integer, bindparam, true
from sqlalchemy.dialects import sqlite

from taskward.database import DatabaseUnusable, IdempotencyConflict, ignore_change, schema
from taskward.database.functions import SQLITE_CLOCK
from taskward.database.postgres import owner_locks
from taskward.database.postgres.owner_locks import OwnerLocked
from taskward.database.sqlite.readers import SqliteReaders
from taskward.database.sqlite_changes import StepsRun
from taskward.database.sqlite_wal import empty_wal
from taskward.database.statements import (
    STATEMENTS,
    Change,
    Read,
    Rollback,
    Row,
    Statement,
    T,
    TransactionSteps,
    Values,
    Write,
    record_owner,
)
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import WRITES_PER_COMMIT, WRITES_WAITING, Histogram, Samples

BUSY_TIMEOUT: Final = 10.0
"""Seconds that a statement waits while another process locks the file."""

MAX_BATCH: Final = 128
"""Writes in one transaction, so that it does not block the loop for long."""

POLL_INTERVAL: Final = 0.25
"""Seconds between two checks whether another process has written."""

QUICK_CHECK_MAX_BYTES: Final = 64 * 2**20
"""Bytes of the largest file that is checked for corruption at start, which takes about 0.1 s."""

_RETRY: Final = 0.005
_LOCK_RETRY: Final = 0.02
_SCRUB_EVERY: Final = 0.5
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DIALECT: Final = sqlite.dialect()
_SEQ: Final = bindparam("seq", type_=Integer())


class SqliteDatabase:
    """A `taskward.database.Database` in a file, or in memory if `path` is None."""

    engine = "sqlite"

    def __init__(self, path: Path | None) -> None:
        self.on_change: Callable[[UUID], None] = ignore_change
        self._path = path
        self._queue: list[_QueuedWrite] = []
        self._locked: frozenset[str] = frozenset()
        self._scrubbing: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._commit_thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._readers = SqliteReaders(partial(_connect, path)) if path else None
        self._compiled: dict[Statement, _CompiledStatement] = {}
        self._batch_sizes = Histogram(WRITES_PER_COMMIT)
        self._writer: sqlite3.Connection
        self._reader: sqlite3.Connection

    async def start(self) -> None:
        with _explain_unusable(self._path), ExitStack() as opened:
            self._writer = opened.enter_context(closing(_connect(self._path)))
            await asyncio.to_thread(_quick_check, self._writer, self._path)
            await asyncio.to_thread(schema.upgrade_sqlite, self._writer)
            self._reader = _connect(self._path) if self._path else self._writer
            opened.pop_all()
        if self._readers is not None:
            self._readers.start(self._reader)
        self._compiled = {statement: _compile(statement) for statement in STATEMENTS}

    async def migrate(self) -> str:
        with self._opened() as connection:
            return await asyncio.to_thread(schema.upgrade_sqlite, connection)

    async def revision(self) -> str | None:
        if self._path is None or not self._path.exists():
            return None
        with self._opened() as connection:
            return schema.sqlite_revision(connection)

    async def missing_for_rls(self) -> str | None:
        return None

    async def stop(self) -> None:
        if self._committing is not None:
            await self._committing
        if self._scrubbing is not None:
            self._scrubbing.cancel()
            await asyncio.wait({self._scrubbing})
        self._commit_thread.shutdown()
        if self._readers is not None:
            await self._readers.stop()
        if self._compiled:
            self._reader.close()
            self._writer.close()

    async def ping(self) -> None:
        await self._retry_while_busy(lambda: self._reader.execute("SELECT 1 FROM tasks LIMIT 1"))

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        step = self._compiled[read].read
        try:
            if self._readers is not None:
                return await self._readers.rows(read, step, values)
            return step.rows(self._reader, values)
        except (sqlite3.Error, DatabaseError) as error:
            if not _is_busy(error) and not owner_locks.is_locked_error(error):
                raise _database_error(error) from error.__cause__ or error
        return await self._unlocked(lambda: self._read_again(read, step, values))

    async def _read_again(self, read: Read, step: "_CompiledStep", values: Values) -> Sequence[Row]:
        """Reads again while another process locks the file.

        Raises:
            OwnerLocked: the owner's data is locked.

        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUSY_TIMEOUT
        while True:
            try:
                if self._readers is not None:
                    return await self._readers.rows(read, step, values)
                return step.rows(self._reader, values)
            except (sqlite3.Error, DatabaseError) as error:
                if owner_locks.is_locked_error(error):
                    raise OwnerLocked(values["owner"]) from None
                if not _is_busy(error) or loop.time() >= deadline:
                    raise _database_error(error) from error.__cause__ or error
            await asyncio.sleep(_RETRY)

    async def write(self, write: Write, values: Values) -> Row | None:
        plan = self._compiled[write]
        owners: set[UUID] = set()

        def run(connection: sqlite3.Connection) -> Sequence[Row]:
            self._refuse_locked(values["owner"])
            rows = plan.run(connection, values)
            if rows:
                record_owner(owners, write, values)
            return rows

        rows = await self._unlocked(lambda: self._enqueue(run, owners))
        return rows[0] if rows else None

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        return await self._unlocked(lambda: self._transact(steps(), long=long))

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return await self._retry_while_busy(lambda: owner_locks.abandoned(self._reader))

    async def wait_unlocked(self, owner: UUID) -> None:
        with suppress(ServiceUnavailable):
            while await self._retry_while_busy(lambda: owner_locks.is_locked(self._reader, owner)):
                await self._wait_unlocked(owner, time.monotonic() + BUSY_TIMEOUT)

    async def scrub(self) -> None:
        """Checkpoints and truncates the WAL; while readers still need it, retries in the background."""
        if self._path is None:
            return
        if not await asyncio.to_thread(empty_wal, self._path) and self._scrubbing is None:
            self._scrubbing = asyncio.create_task(self._scrub_later(self._path))

    async def poll_hints(self) -> AsyncGenerator[None, None]:
        if self._path is None:
            await asyncio.get_running_loop().create_future()  # no other process can write to memory
        seen = version = None
        while True:
            with suppress(sqlite3.Error):  # another process may lock the file
                version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen = version
                yield
            await asyncio.sleep(POLL_INTERVAL)

    def collect(self) -> Samples:
        return {
            WRITES_WAITING.name: {(): len(self._queue)},
            WRITES_PER_COMMIT.name: {(): self._batch_sizes.value()},
        }

    async def _enqueue(
        self, run: Callable[[sqlite3.Connection], T], owners: set[UUID], *, long: bool = False
    ) -> T:
        """Runs a function in one of the next transactions, and returns its result after the commit.

        The function adds the owners of its changes to `owners`.
        """
        waiting = _QueuedWrite(run, owners, asyncio.get_running_loop().create_future(), long=long)
        self._queue.append(waiting)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._group_commit())
        result: T = await waiting.outcome
        return result

    async def _transact(self, steps: TransactionSteps[T], *, long: bool) -> T:
        change = StepsRun(steps, self._compiled, self._refuse_locked)
        result: T | None = None
        try:
            while not change.finished:
                owners: set[UUID] = set()
                result = await self._enqueue(partial(change.run, owners), owners, long=long)
        finally:
            steps.close()
        return cast("T", result)

    async def _unlocked(self, run: Callable[[], Awaitable[T]]) -> T:
        """Runs a function, and again after each locked owner."""
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                return await run()
            except OwnerLocked as locked:
                await self._wait_unlocked(locked.owner, deadline)

    async def _wait_unlocked(self, owner: UUID, deadline: float) -> None:
        while await self._retry_while_busy(lambda: owner_locks.is_locked(self._reader, owner)):
            if time.monotonic() > deadline:
                raise ServiceUnavailable(reason="the owner's data is being imported or erased", retry_after=5)
            await asyncio.sleep(_LOCK_RETRY)

    def _refuse_locked(self, owner: UUID) -> None:
        """Raises OwnerLocked if a change that takes several transactions has locked the owner's data."""
        if self._locked and str(owner) in self._locked:
            raise OwnerLocked(owner)

    async def _scrub_later(self, path: Path) -> None:
        done = False
        while not done:
            await asyncio.sleep(_SCRUB_EVERY)
            done = await asyncio.to_thread(empty_wal, path)
        self._scrubbing = None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with _explain_unusable(self._path), closing(_connect(self._path)) as connection:
            _quick_check(connection, self._path)
            yield connection

    async def _group_commit(self) -> None:
        while self._queue:
            try:
                await self._retry_while_busy(
                    lambda: self._writer.execute("BEGIN IMMEDIATE"), since=self._queue[0].since
                )
            except DatabaseError as error:
                self._fail_expired(error)
                continue
            batch = self._next_batch()
            try:
                self._locked = owner_locks.locked_owners(self._writer)
                for waiting in batch:
                    if waiting.long and self._path:  # a database in memory has a single connection
                        await self._in_thread(partial(waiting.run, self._writer))
                    else:
                        waiting.run(self._writer)
                await self._commit()
            except Exception as error:  # noqa: BLE001 - raised in each waiting caller
                with suppress(sqlite3.Error):
                    self._writer.rollback()
                for waiting in batch:
                    waiting.fail(_database_error(error))
            else:
                self._batch_sizes.observe(len(batch))
                for waiting in batch:
                    waiting.acknowledge()
                self._notify({owner for waiting in batch for owner in waiting.owners})

    def _fail_expired(self, error: DatabaseError) -> None:
        """Fails the writes that have waited too long, or all of them if waiting cannot help."""
        deadline = asyncio.get_running_loop().time() - BUSY_TIMEOUT
        failing = [waiting for waiting in self._queue if waiting.since <= deadline]
        self._queue = [waiting for waiting in self._queue if waiting.since > deadline]
        if not failing:
            failing, self._queue = self._queue, []
        for waiting in failing:
            waiting.fail(error)

    def _notify(self, owners: set[UUID]) -> None:
        for owner in owners:
            self.on_change(owner)

    def _next_batch(self) -> "list[_QueuedWrite]":
        """Removes the writes of the next transaction: one long one, or those before the next long one."""
        first_long = next((n for n, waiting in enumerate(self._queue) if waiting.long), MAX_BATCH)
        batch = self._queue[: max(1, min(first_long, MAX_BATCH))]
        del self._queue[: len(batch)]
        return batch

    async def _commit(self) -> None:
        if self._path is None:
            self._writer.commit()
        else:
            await self._in_thread(self._writer.commit)

    async def _in_thread(self, run: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._commit_thread, run)

    async def _retry_while_busy(self, run: Callable[[], T], since: float | None = None) -> T:
        """Retries a function while another process locks the file, without blocking the loop."""
        loop = asyncio.get_running_loop()
        deadline = (loop.time() if since is None else since) + BUSY_TIMEOUT
        while True:
            try:
                return run()
            except sqlite3.Error as error:
                if not _is_busy(error) or loop.time() >= deadline:
                    raise _database_error(error) from error
            await asyncio.sleep(_RETRY)


class _QueuedWrite:
    """A function to run in the next transaction, and the future of its result."""

    def __init__(
        self,
        run: Callable[[sqlite3.Connection], Any],
        owners: set[UUID],
        outcome: "asyncio.Future[Any]",
        *,
        long: bool,
    ) -> None:
        self.owners = owners
        self.outcome = outcome
        self.long = long
        self.since = outcome.get_loop().time()
        self._run = run
        self._result: Any = None
        self._error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Runs it in the open transaction; if it fails, only its own changes are rolled back."""
        connection.execute("SAVEPOINT queued_write")
        try:
            self._result = self._run(connection)
        except Rollback as undo:
            self._result = undo.result
            self.owners.clear()
            connection.execute("ROLLBACK TO queued_write")
        except Exception as error:  # noqa: BLE001 - raised in the waiting caller
            self._error = _database_error(error) if isinstance(error, sqlite3.Error) else error
            self.owners.clear()
            connection.execute("ROLLBACK TO queued_write")
        connection.execute("RELEASE queued_write")

    def acknowledge(self) -> None:
        if self._error is not None:
            self.fail(self._error)
        elif not self.outcome.done():  # otherwise the request was cancelled; the write is kept
            self.outcome.set_result(self._result)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class _CompiledStatement:
    """A compiled statement: one step for a read, two or more for a write."""

    def __init__(self, statement: Statement) -> None:
        if not isinstance(statement, Write):
            self.steps = [_CompiledStep(statement.statement)]
            if isinstance(statement, Read) and not statement.cross_owner:
                self.read = _CompiledStep(owner_locks.guarded(statement.statement))
            else:
                self.read = self.steps[0]
            return
        self.steps = [_CompiledStep(statement.bump), _CompiledStep(statement.change(_SEQ))]
        self.steps += [_CompiledStep(trace(_SEQ, true())) for trace in statement.side_effects]

    def run_many(self, connection: sqlite3.Connection, many: Sequence[Values]) -> None:
        self.steps[0].run_many(connection, many)

    def run(self, connection: sqlite3.Connection, values: Values) -> Sequence[Row]:
        first, *others = self.steps
        rows = first.rows(connection, values)
        if not rows or not others:
            return rows
        values = {**values, "seq": rows[0][0]}
        change, *traces = others
        rows = change.rows(connection, values)
        for trace in traces:
            trace.rows(connection, values)
        return rows


@cache
def _compile(statement: Statement) -> _CompiledStatement:
    return _CompiledStatement(statement)


@dataclass(frozen=True, slots=True)
class _CompiledStep:
    """One compiled step: its text, the conversion of its values, and of its columns."""

    sql: str
    binds: tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]
    reads: tuple[tuple[int, Callable[[Any], Any]], ...]

    def __init__(self, statement: Change | Any) -> None:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        binds = tuple(
            (
                name,
                compiled.params[name],
                compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT),
            )
            for name in compiled.positiontup or ()
        )
        readers = (
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            for column in statement.exported_columns
        )
        object.__setattr__(self, "sql", compiled.string)
        object.__setattr__(self, "binds", binds)
        object.__setattr__(self, "reads", tuple((n, read) for n, read in enumerate(readers) if read))

    def rows(self, connection: sqlite3.Connection, values: Values) -> list[Row]:
        rows = connection.execute(self.sql, self._arguments(values)).fetchall()
        return [self._converted(row) for row in rows] if self.reads else rows

    def run_many(self, connection: sqlite3.Connection, many: Sequence[Values]) -> None:
        connection.executemany(self.sql, (self._arguments(values) for values in many))

    def _arguments(self, values: Values) -> list[Any]:
        arguments = []
        for name, default, bind in self.binds:
            value = values.get(name, default)
            arguments.append(bind(value) if bind else value)
        return arguments

    def _converted(self, row: Row) -> Row:
        columns = list(row)
        for n, read in self.reads:
            columns[n] = read(columns[n])
        return columns


@contextmanager
def _explain_unusable(path: Path | None) -> Iterator[None]:
    """Translates SQLite's errors at opening into a plain text."""
    if path is not None and (problem := file_problem(path)):
        raise DatabaseUnusable(f"DATABASE_URL: {path}: {problem}")
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"DATABASE_URL: {path or 'memory'}: {_error_text(error)}") from error


def file_problem(path: Path) -> str | None:
    """Returns why a file cannot be opened or created for writing, which SQLite detects only later."""
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written to, and SQLite keeps its journal there"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "the file cannot be read and written"
    return None


def _quick_check(connection: sqlite3.Connection, path: Path | None) -> None:
    """Checks a file that is not large for corruption, to report it at start and not during writes.

    Raises:
        sqlite3.DatabaseError: the file is not a database.
        DatabaseUnusable: the file is a corrupt database.

    """
    if path is None or path.stat().st_size > QUICK_CHECK_MAX_BYTES:
        return
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DatabaseUnusable(f"DATABASE_URL: {path}: the file is corrupt; restore it from a backup")


def _connect(path: Path | None) -> sqlite3.Connection:
    """Opens the file so that an acknowledged write survives a power cut."""
    if path is not None:
        _make_private(path)
    connection = sqlite3.connect(
        path or ":memory:",
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        timeout=0,
    )
    try:
        _configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # deleted content is overwritten, also in free pages
    owner_locks.install(connection)
    connection.execute("PRAGMA busy_timeout = 0")  # from here on, the loop waits
    connection.create_function(SQLITE_CLOCK, 0, _microseconds)


def _microseconds() -> int:
    return time.time_ns() // 1000


def _make_private(path: Path) -> None:
    """Creates a missing file readable by its owner only; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: {path}: {error.strerror}") from error


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _BUSY


def _error_text(error: sqlite3.Error) -> str:
    return f"{error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})"


def _database_error(error: Exception) -> DatabaseError:
    if isinstance(error, DatabaseError):
        return error
    if not isinstance(error, sqlite3.Error):
        return DatabaseError(reason=type(error).__name__)
    reason = getattr(error, "sqlite_errorname", type(error).__name__)
    # The message names columns only: "NOT NULL constraint failed: idempotency_keys.status".
    kind = IdempotencyConflict if "idempotency_keys." in str(error) else DatabaseError
    return kind(reason=reason)
