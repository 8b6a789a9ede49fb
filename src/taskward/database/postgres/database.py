"""The PostgreSQL engine (14 and later), on asyncpg without an ORM.

Every read and every write is one statement and one round trip. Behind a pooler in transaction mode, which is
detected, each runs in an explicit transaction, so that prepare and execute reach one server.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeAlias
from uuid import UUID

from sqlalchemy import Dialect, exists, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from taskward.database import DatabaseUnusable, ignore_change, schema
from taskward.database.postgres.batching import BatchedRead, Batcher
from taskward.database.postgres.connection import Transaction, begin
from taskward.database.postgres.errors import (
    Conflict,
    ConnectionLost,
    EmailTaken,
    Rejected,
    translate_driver_errors,
)
from taskward.database.postgres.notifications import CHANNEL, NOTIFY, ChangeListener, ChangeNotifier
from taskward.database.postgres.owner_queue import OwnerQueue
from taskward.database.postgres.pool import ConnectionPool
from taskward.database.postgres.row_level_security import NO_OWNER, RowLevelSecurity, check
from taskward.database.statements import (
    STATEMENTS,
    Change,
    Read,
    Rollback,
    Row,
    Split,
    Statement,
    Step,
    T,
    TransactionSteps,
    Values,
    Write,
    record_owner,
)
from taskward.http.errors import DatabaseError, ServiceError, ServiceUnavailable
from taskward.http.fair_slots import FairSlots
from taskward.metrics import Samples

STATEMENT_TIMEOUT: Final = 10.0
"""Seconds for a statement, including connecting."""

LONG_STATEMENT_TIMEOUT: Final = 60.0
"""Seconds for a long operation: an import, a migration."""

LATE: Final = 1.0
"""Seconds of waiting after which a write is not batched, and has its own lock timeout."""

MAX_ATTEMPTS: Final = 4
"""Attempts at a write that the server rolls back because of a conflict."""

_DIALECT: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here
_STARTUP_WAIT: Final = 3.0
_RETRY_INTERVAL: Final = 1.0

log = logging.getLogger(__name__)


class PostgresDatabase:
    """A `taskward.database.Database` on a server; with `rls`, requests run under row-level security."""

    engine = "postgresql"

    def __init__(self, url: str, size: int, *, rls: bool = False) -> None:
        self.on_change: Callable[[UUID], None] = ignore_change
        self._pool = ConnectionPool(url, size, STATEMENT_TIMEOUT)
        self._long_reads = FairSlots(max(1, size // 2))
        self._notifier = ChangeNotifier(self._send_notification)
        self._compiled: dict[Statement, CompiledStatement] = {}
        self._batched_reads: dict[Read, BatchedRead] = {}
        self._batcher = Batcher(self._run_batch)
        self._writes = OwnerQueue()
        self._batched_writes: dict[Write, CompiledStatement] = {}
        self._rls = RowLevelSecurity() if rls else None
        self._schema: asyncio.Task[None] | None = None
        self._is_starting = True
        self._is_up_to_date = False

    async def start(self) -> None:
        self._compiled = {statement: CompiledStatement.compile(statement) for statement in STATEMENTS}
        self._batched_reads = {
            read: BatchedRead.compile(read, _DIALECT)
            for read in STATEMENTS
            if isinstance(read, Read) and read.batch_keys
        }
        self._batched_writes = {
            write: CompiledStatement.compile_batched(write)
            for write in STATEMENTS
            if isinstance(write, Write) and write.batched is not None
        }
        self._schema = asyncio.create_task(self._migrate_until_done())
        await asyncio.wait({self._schema}, timeout=_STARTUP_WAIT)
        self._is_starting = False
        if self._schema.done():
            self._schema.result()

    async def stop(self) -> None:
        if self._schema is not None:
            self._schema.cancel()
            await asyncio.wait({self._schema})
        await self._notifier.stop()
        await self._pool.close()

    async def ping(self) -> None:
        if not self._is_up_to_date:
            raise DatabaseError(reason="the schema is not up to date yet")
        await self._read(_PING, (), NO_OWNER, _from_now(STATEMENT_TIMEOUT))

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        if read.long:
            until = _from_now(STATEMENT_TIMEOUT)
            async with self._long_reads.slot(values["owner"]):
                return await self._read_batch(read, (values,), until)
        if not read.batch_keys or self._rls is not None:  # RLS: one owner per read
            return await self._read_batch(read, (values,), _from_now(STATEMENT_TIMEOUT))
        kind = self._batched_reads[read].batch_key(values)
        return await self._batcher.rows(read, values, kind, _from_now(STATEMENT_TIMEOUT))

    async def _run_batch(
        self, statement: Read | Write, several: Sequence[Values], until: float, *, unbatched: bool
    ) -> Sequence[Row]:
        if isinstance(statement, Read):
            return await self._read_batch(statement, several, until)
        if unbatched:
            return await self._write_unbatched(statement, several[0], until)
        return await self._write_batch(statement, several, until)

    async def _read_batch(self, read: Read, several: Sequence[Values], until: float) -> Sequence[Row]:
        if len(several) == 1:
            plan, values = self._compiled[read], several[0]
            owner = None if read.cross_owner else values["owner"]
            return await self._read(plan.sql, plan.arguments(values), owner, until)
        combined = self._batched_reads[read]
        return await self._read(combined.sql, combined.arguments(several), None, until)

    async def write(self, write: Write, values: Values) -> Row | None:
        until = _from_now(STATEMENT_TIMEOUT)
        rows: Sequence[Row] = ()
        if write in self._batched_writes and self._rls is None:  # RLS: one owner per write
            rows = await self._write_together(write, values, until)
        if not rows:
            rows = await self._write_in_turn(write, values, until)
        if not rows:
            return None
        self._notify({values["owner"]})
        return rows[0]

    async def _write_together(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        """Writes as part of a batch; returns no rows if the write must run alone.

        It also runs alone after a long wait in the owner's queue: the deadline of a batch is its oldest
        write's.
        """
        owner = values["owner"]
        late = False
        if not self._writes.enter_now(owner):
            await self._writes.enter(owner, until, shared=True)
            late = _begin_if_late(until) is not None
        try:
            return () if late else await self._batcher.rows(write, values, (write,), until)
        finally:
            self._writes.leave(owner)

    async def _write_in_turn(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        owner = values["owner"]
        if not self._writes.enter_now(owner):
            await self._writes.enter(owner, until)
        try:
            return await self._write_unbatched(write, values, until)
        finally:
            self._writes.leave(owner)

    async def _write_batch(self, write: Write, several: Sequence[Values], until: float) -> Sequence[Row]:
        """Executes the writes of a batch that need not wait; if the server rejects it, none."""
        plan = self._batched_writes[write]
        try:
            return await self._run(plan.sql, plan.arrays(several), until, None, writes=True)
        except Rejected:
            return ()

    async def _write_unbatched(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        plan = self._compiled[write]
        return await retry_on_conflict(
            lambda others: self._run(
                plan.sql, plan.arguments(values, others), until, values["owner"], writes=True
            )
        )

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        owners: set[UUID] = set()
        until = _from_now(LONG_STATEMENT_TIMEOUT if long else STATEMENT_TIMEOUT)
        begun = _Begun(steps)
        if begun.has_ended:
            return begun.result
        owner = begun.owner
        if owner is not None and not self._writes.enter_now(owner):
            await self._writes.enter(owner, until)
        try:
            result = await retry_on_conflict(
                lambda others: self._run_steps(begun.take(), others, until, owners)
            )
        finally:
            if owner is not None:
                self._writes.leave(owner)
        self._notify(owners)
        return result

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return ()

    async def wait_unlocked(self, owner: UUID) -> None:
        """Returns at once: transactions are never split on PostgreSQL."""

    async def scrub(self) -> None:
        """Does nothing: vacuum removes deleted rows."""

    async def poll_hints(self) -> AsyncGenerator[None, None]:
        listener = ChangeListener(self._pool, self._notifier.name, self.on_change)
        listening = asyncio.create_task(listener.listen())
        try:
            while True:
                await listener.wait()
                yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    def collect(self) -> Samples:
        return self._pool.collect()

    def _notify(self, owners: set[UUID]) -> None:
        """Notifies this process and the others of changes."""
        for owner in owners:
            self.on_change(owner)
        if not self._pool.pooled:
            self._notifier.notify(owners)

    async def _send_notification(self, payloads: list[str]) -> None:
        with suppress(DatabaseError, ServiceUnavailable):  # streams also poll
            await self._run(NOTIFY, (CHANNEL, payloads), _from_now(STATEMENT_TIMEOUT), None)

    async def _read(
        self, sql: str, arguments: Sequence[Any], owner: UUID | None, until: float
    ) -> Sequence[Row]:
        """Runs a read, and once more if its connection was lost."""
        try:
            return await self._run(sql, arguments, until, owner)
        except ConnectionLost:
            return await self._run(sql, arguments, until, owner)

    async def _run(
        self, sql: str, arguments: Sequence[Any], until: float, owner: UUID | None, *, writes: bool = False
    ) -> Sequence[Row]:
        """Runs one statement for that owner; for None as the service itself, without row-level security."""
        rows: Sequence[Row]
        with translate_driver_errors:
            async with asyncio.timeout_at(until), self._pool.acquire(writes=writes) as connection:
                late = _begin_if_late(until) if writes else None
                if self._rls is not None and owner is not None:
                    rows = await self._rls.fetch(connection, owner, sql, arguments, late or connection.begin)
                elif late or self._pool.pooled:
                    async with Transaction(connection, late):
                        rows = await connection.fetch(sql, *arguments)
                else:
                    rows = await connection.fetch(sql, *arguments)
        return rows

    async def _run_steps(
        self, attempt: "_Attempt[T]", overrides: Values, until: float, owners: set[UUID]
    ) -> T:
        with translate_driver_errors:
            async with asyncio.timeout_at(until), self._pool.acquire(writes=True) as connection:
                try:
                    async with Transaction(connection, begin(until - _from_now(0))):
                        return await self._run_transaction(attempt, overrides, connection, owners)
                except Rollback as undo:
                    owners.clear()
                    result: T = undo.result
                    return result

    async def _run_transaction(
        self, attempt: "_Attempt[T]", overrides: Values, connection: Any, owners: set[UUID]
    ) -> T:
        steps, (statement, values) = attempt
        current_owner: UUID | None = None
        while True:
            rows: Sequence[Row] = ()
            if not isinstance(statement, Split):
                record_owner(owners, statement, values)
                if self._rls is not None:
                    owner = _values_of_one(values)["owner"]  # RLS: one owner per statement
                    if owner != current_owner:
                        await self._rls.set_owner(connection, owner)
                        current_owner = owner
                rows = await self._answer(connection, self._compiled[statement], values, overrides)
            try:
                statement, values = steps.send(rows)
            except StopIteration as end:
                result: T = end.value
                return result

    async def _answer(
        self, connection: Any, plan: "CompiledStatement", values: Values | Sequence[Values], others: Values
    ) -> Sequence[Row]:
        if isinstance(values, Mapping):
            rows: Sequence[Row] = await connection.fetch(plan.sql, *plan.arguments(values, others))
            return rows
        await connection.executemany(plan.sql, [plan.arguments(one) for one in values])
        return ()

    async def _migrate_until_done(self) -> None:
        while True:
            try:
                await self.migrate()
            except ServiceError as error:
                log.warning("Migration failed; retrying", extra={"reason": error.reason})
            except DatabaseUnusable as error:
                if self._is_starting:
                    raise
                log.error(  # noqa: TRY400 - the text is complete
                    "The database cannot be used as configured; fix it and restart",
                    extra={"reason": str(error)},
                )
            except Exception:
                log.exception("Migration crashed; retrying")
            else:
                self._is_up_to_date = True
                return
            await asyncio.sleep(_RETRY_INTERVAL)

    async def migrate(self) -> str:
        """Applies the missing migrations, and returns the revision of the schema.

        Raises:
            DatabaseUnusable: the schema is migrated, but row-level security is required and not set up.

        """
        with translate_driver_errors:
            async with asyncio.timeout(LONG_STATEMENT_TIMEOUT), self._pool.acquire() as connection:
                async with connection.transaction():
                    revision = await _migrated(connection)
                if self._rls is not None:
                    async with connection.transaction():
                        await self._rls.ensure(connection)
        return revision

    async def missing_for_rls(self) -> str | None:
        """Returns what row-level security is missing; with `rls`, what it would be missing after a start."""
        with translate_driver_errors:
            async with asyncio.timeout(STATEMENT_TIMEOUT), self._pool.acquire() as connection:
                return await check(connection, after_setup=self._rls is not None)

    async def revision(self) -> str | None:
        """Returns the revision of the schema; None for an empty database."""
        with translate_driver_errors:
            async with (
                asyncio.timeout(STATEMENT_TIMEOUT),
                self._pool.acquire() as connection,
                connection.transaction(),
            ):
                return await _revision(connection)


_PING: Final = f"SELECT 1 FROM tasks WHERE user_id = '{NO_OWNER}' LIMIT 1"  # noqa: S608 - nothing from outside
_HAS_REVISION: Final = (
    "SELECT EXISTS (SELECT FROM pg_tables "
    "WHERE tablename = 'alembic_version' AND schemaname = ANY (current_schemas(false)))"
)


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A compiled statement: its text, and the names and defaults of its parameters in order."""

    sql: str
    names: tuple[tuple[str, Any], ...]

    @classmethod
    @cache
    def compile(cls, statement: Statement) -> "CompiledStatement":
        return cls.from_expression(
            _as_single_statement(statement) if isinstance(statement, Write) else statement.statement
        )

    @classmethod
    @cache
    def compile_batched(cls, write: Write) -> "CompiledStatement":
        return cls.from_expression(write.batched)

    @classmethod
    def from_expression(cls, expression: Any) -> "CompiledStatement":
        compiled = expression.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        return cls(
            compiled.string, tuple((name, compiled.params[name]) for name in compiled.positiontup or ())
        )

    def arguments(self, values: Values, overrides: Values | None = None) -> list[Any]:
        """Returns the bound values in order; `overrides` take precedence over `values`."""
        if overrides:
            values = {**values, **overrides}
        return [values.get(name, default) for name, default in self.names]

    def arrays(self, several: Sequence[Values]) -> list[Any]:
        """Returns the bound values in order, as an array for each name."""
        return [[values.get(name, default) for values in several] for name, default in self.names]


def _as_single_statement(write: Write) -> Any:
    """Combines the steps of a write into one statement: each is a CTE, and the change is returned."""
    owner = write.bump.cte("owner")
    number = select(owner.c.seq).scalar_subquery()
    change: Change = write.change(number)
    if not write.side_effects:
        return change.add_cte(owner)
    changed = change.cte("changed")
    traces = [
        trace(number, exists(select(changed))).cte(f"trace_{n}") for n, trace in enumerate(write.side_effects)
    ]
    return select(changed).add_cte(owner, *traces)


_Attempt: TypeAlias = tuple[TransactionSteps[T], Step]
"""The steps of a transaction, started, and the first statement that they yield."""


class _Begun(Generic[T]):
    """A transaction whose steps have started.

    `owner` is the owner that the first step names; None for the service's own. Steps that have ended without
    a statement have a `result`.
    """

    def __init__(self, steps: Callable[[], TransactionSteps[T]]) -> None:
        self._steps = steps
        self._first: _Attempt[T] | None = None
        self.owner: UUID | None = None
        self.has_ended = False
        self.result: T
        try:
            self._first = self._begin()
        except StopIteration as end:
            self.has_ended, self.result = True, end.value
        except Rollback as undo:
            self.has_ended, self.result = True, undo.result
        else:
            self.owner = _values_of_one(self._first[1][1]).get("owner")

    def take(self) -> _Attempt[T]:
        """Returns the started steps; each time after the first one, started anew."""
        attempt, self._first = self._first or self._begin(), None
        return attempt

    def _begin(self) -> _Attempt[T]:
        steps = self._steps()
        return steps, next(steps)


def _values_of_one(values: Values | Sequence[Values]) -> Values:
    return values if isinstance(values, Mapping) else values[0]


def _begin_if_late(until: float) -> str | None:
    """Returns the begin statements for a write that has waited long; None for any other."""
    left = until - asyncio.get_running_loop().time()
    return begin(left) if left < STATEMENT_TIMEOUT - LATE else None


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def retry_on_conflict(run: Callable[[Values], Awaitable[T]]) -> T:
    """Retries `run` while the server rolls it back and it may succeed.

    `run` gets the values that override those of the first attempt: with row-level security, an e-mail address
    of another owner is only detected by the server's rejection.
    """
    overrides: Values = {}
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await run(overrides)
        except EmailTaken:
            overrides = {"email": None}
        except Conflict:
            pass
    return await run(overrides)


async def _migrated(connection: Any) -> str:
    """Applies the missing migrations in the open transaction and returns the revision."""
    revision = await _revision(connection)
    if not schema.is_usable(revision):
        await connection.execute("SET LOCAL lock_timeout = 0")  # another replica's migration may take long
        await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
        revision = await _revision(connection)  # another replica may have migrated it
    if not schema.is_usable(revision):
        for statement in schema.statements_since(revision, "postgresql"):
            await connection.execute(statement)
        revision = schema.newest_revision()
    return str(revision)


async def _revision(connection: Any) -> str | None:
    # Not to_regclass: within a transaction it does not see another replica's later commit.
    if not await connection.fetchval(_HAS_REVISION):
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
