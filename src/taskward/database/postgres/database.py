"""The PostgreSQL engine (14 and later), on asyncpg without an ORM.

On plain PostgreSQL a `Read` and a `Write` are one statement and one round trip each. A transaction of
steps is several, and so is a `Write` on Citus. Behind a pooler in transaction mode, which is detected, each
runs in an explicit transaction, so that prepare and execute reach one server.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Final
from uuid import UUID

from taskward.database import ConnectionLost, authorize_and_write, ignore_change
from taskward.database.batching import Batcher
from taskward.database.observers import TRANSACTION, ObservedOperation, Observer, observed
from taskward.database.outbox import MARK
from taskward.database.postgres import deadlines
from taskward.database.postgres.batched_sql import BatchedRead
from taskward.database.postgres.batches import MAX_IN_FLIGHT, WriteBatch
from taskward.database.postgres.compiled import (
    DIALECT,
    IS_FREE,
    CompiledAuthorizedWrite,
    CompiledStatement,
)
from taskward.database.postgres.deadlines import begin_if_late, statement_deadline
from taskward.database.postgres.distributed.executor import RoutedExecutor
from taskward.database.postgres.distributed.routed_sql import route
from taskward.database.postgres.errors import DRIVER_ERRORS, Conflict, LockTimeout, database_error
from taskward.database.postgres.execution_plan import (
    NOT_CONNECTED,
    ExecutionPlan,
    distributed_plan,
    plain_plan,
)
from taskward.database.postgres.executor import Executor
from taskward.database.postgres.migrate import SchemaMigration
from taskward.database.postgres.notifications import CHANNEL, NOTIFY, ChangeListener, ChangeNotifier
from taskward.database.postgres.owner_queue import OwnerQueue
from taskward.database.postgres.pool import ConnectionPool
from taskward.database.postgres.row_level_security import NO_OWNER, RowLevelSecurity
from taskward.database.several import OfSeveral, limit_of, merged
from taskward.database.statements import (
    Authorize,
    AuthorizedWrite,
    Read,
    Row,
    Statement,
    T,
    TransactionSteps,
    Values,
    Write,
)
from taskward.database.transaction_run import TransactionRun
from taskward.database.turns import counted_by
from taskward.http.caller import CALLER
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.http.fair_semaphore import FairSemaphore
from taskward.metrics import Samples

_PING: Final = f"SELECT 1 FROM tasks WHERE user_id = '{NO_OWNER}' LIMIT 1"  # noqa: S608 - nothing from outside


class PostgresDatabase:
    """A `Database` on a server: with `rls` under row-level security, with `marking` for webhooks."""

    engine = "postgresql"

    def __init__(self, url: str, size: int, *, rls: bool = False, marking: bool = False) -> None:
        self.on_change: Callable[[UUID], None] = ignore_change
        self.observers: list[Observer] = []
        self.pool = ConnectionPool(url, size, deadlines.STATEMENT_TIMEOUT)
        self.batcher: Batcher[Values, Sequence[Row]] = Batcher(MAX_IN_FLIGHT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._marking = marking
        self._is_batched = not rls  # RLS: one owner per statement
        self._is_distributed: bool | None = None  # None until the server has been reached
        self._reading = self._writing = False  # whether a read, a write runs without the batcher
        self._use(NOT_CONNECTED)
        row_level_security = RowLevelSecurity() if rls else None
        self.executor = Executor(self.pool, row_level_security)
        self.migration = SchemaMigration(self.pool, row_level_security, self._on_reached)
        self._long_reads = FairSemaphore(max(1, size // 2))
        self._of_several = FairSemaphore(max(1, size // 2))
        self._owner_queue = OwnerQueue()
        self._notifier = ChangeNotifier(self._send_notification)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.migration.start()

    def use(self, compile_one: Callable[[Statement], CompiledStatement]) -> None:
        """Runs statements in the forms that this function returns from now on."""
        marking, executor = self._marking, self.executor
        self._use(plain_plan(compile_one, executor, batched=self._is_batched, marking=marking))
        executor.mark = compile_one(MARK) if marking else None

    def _on_reached(self, is_distributed: bool) -> None:  # noqa: FBT001 - a callback
        """Chooses the execution plan, when the server is reached, and if it is distributed since."""
        if self._loop is None or is_distributed is self._is_distributed:
            return
        self._is_distributed = is_distributed
        if is_distributed:
            self.executor = RoutedExecutor(self.pool, route(MARK) if self._marking else None)
            self._use(distributed_plan(route, self.executor))
        else:
            self.use(CompiledStatement.compile)

    def _use(self, plan: ExecutionPlan) -> None:
        self.compiled, self._single_writes = plan.compiled, plan.single_writes
        self._authorized_writes = plan.authorized
        self._batched_reads, self._batched_writes = plan.batched_reads, plan.batched_writes
        self._reads_directly = plan.reads_directly and not self.observers

    async def stop(self) -> None:
        await self.migration.stop()
        await self._notifier.stop()
        await self.pool.close()

    async def ping(self) -> None:
        if not self.migration.is_done:
            raise DatabaseError(reason="the schema is not up to date yet")
        await self.executor.read_as(NO_OWNER, _PING, (), statement_deadline())

    async def migrate(self) -> str:
        return await self.migration.run()

    async def revision(self) -> str | None:
        return await self.migration.revision()

    async def missing_for_rls(self) -> str | None:
        return await self.migration.missing_for_rls()

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Runs a read: directly on an idle connection if no other read runs."""
        if not self._reads_directly or read.long or self._reading or not self.batcher.is_quiet:
            return await self._rows(read, values)
        connection = None if self.pool.connector.pooled else self.pool.take_idle()
        if connection is None:
            return await self._rows(read, values)
        statement = self.compiled[read]
        arguments = [values.get(name, default) for name, default in statement.names]
        until = connection.loop.time() + deadlines.STATEMENT_TIMEOUT
        self._reading = True
        try:
            return await self.pool.run(connection, statement.sql, arguments, until)
        except DRIVER_ERRORS as error:
            if not isinstance(database_error(error), ConnectionLost | Conflict):
                raise database_error(error) from error
        finally:
            self._reading = False
        return await self._rows(read, values)

    async def rows_of_several(self, asked: Sequence[OfSeveral]) -> Sequence[Sequence[Row]]:
        until = statement_deadline(self._loop)
        async with self._long_reads.slot(counted_by(asked[0][1][0])):
            return [await self._merged_rows(read, several, until) for read, several in asked]

    @observed
    async def write(self, write: Write, values: Values) -> Row | None:
        until = statement_deadline(self._loop)
        rows: Sequence[Row] = ()
        if write.batched is not None and self._batched_writes is not None:
            rows = await self._write_batched(self._batched_writes[write], values, until)
        if not rows:
            rows = await self._write_in_turn(write, values, until)
        if not rows:
            return None
        self._notify({values["owner"]})
        return rows[0]

    async def write_authorized(
        self, authorized: AuthorizedWrite, values: Values, authorize: Authorize
    ) -> Row | None:
        """Runs it as one statement; while others write for the owner, that only reads the authority."""
        forms = self._authorized_writes
        is_batched = self._batched_writes is not None and authorized.write.batched is not None
        if forms is None or (is_batched and not self._writes_alone):
            return await authorize_and_write(self, authorized, values, authorize)
        is_free = self._owner_queue.enter_now(values["owner"])
        if is_batched:
            self._writing = True
        try:
            rows = await self._write_at_once(authorized, forms[authorized], values, is_free=is_free)
        finally:
            if is_batched:
                self._writing = False
            if is_free:
                self._owner_queue.leave(values["owner"])
        authors = authorize([authority for authority, _ in rows])
        if not is_free:
            return await self.write(authorized.write, {**values, **authors})
        return rows[0][1]

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        until = statement_deadline(long=long)
        with ObservedOperation(self.observers, TRANSACTION) as operation:
            run = TransactionRun(steps, operation, owners)
            if run.step is None:
                return run.result
            result = await self._transact(run, until, several=len(owners) > 1)
        self._notify(run.owners)
        return result

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return ()

    async def wait_unlocked(self, owner: UUID) -> None:
        """Returns at once: transactions are never split on PostgreSQL."""

    async def scrub(self) -> None:
        """Does nothing: vacuum removes deleted rows."""

    async def poll_hints(self) -> AsyncGenerator[None, None]:
        listener = ChangeListener(self.pool.connector, self._notifier.name, self.on_change)
        listening = asyncio.create_task(listener.listen())
        try:
            while True:
                await listener.wait()
                yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    def collect(self) -> Samples:
        return self.pool.collect()

    @observed
    async def _rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Runs a read beside others, or one that needs more than a connection."""
        until = statement_deadline(self._loop)
        if read.long:
            async with self._long_reads.slot(counted_by(values)):
                return await self.executor.read(self.compiled[read], values, until)
        if not read.batch_keys or self._batched_reads is None:
            return await self.executor.read(self.compiled[read], values, until)
        return await self.batcher.run(self._batched_reads[read], values, until, alone=not self._reading)

    async def _merged_rows(self, read: Read, several: Sequence[Values], until: float) -> Sequence[Row]:
        """Runs a read for several owners: as one statement, or each on its own if it must name one owner."""
        if not several:
            return ()
        with ObservedOperation(self.observers, read.name) as operation:
            if self._is_batched and not self._is_distributed:
                form = BatchedRead.compile(read, DIALECT, read.batch_keys, merged=True)
                rows = await self.executor.read_as(None, form.sql, form.arguments(several), until)
                found = [row[:-1] for row in rows]
            else:
                each = [await self.executor.read(self.compiled[read], one, until) for one in several]
                found = merged(read, each, limit_of(read, several))
            operation.ran(read, several[0], found)
        return found

    async def _write_batched(self, batch: WriteBatch, values: Values, until: float) -> Sequence[Row]:
        """Writes as part of a batch; returns no rows if the write must run by itself.

        It also runs by itself after a long wait in the owner's queue: the deadline of a batch is its oldest
        write's.
        """
        owner = values["owner"]
        late = False
        if not self._owner_queue.enter_now(owner):
            await self._owner_queue.enter(owner, until, shared=CALLER.get() == owner)
            late = begin_if_late(until) is not None
        try:
            if late:
                return ()
            if self._writes_alone:
                return await self._write_alone(batch, values, until)
            return await self.batcher.run(batch, values, until, alone=not self._writing)
        finally:
            self._owner_queue.leave(owner)

    @property
    def _writes_alone(self) -> bool:
        """Returns whether no other write waits or runs in the batcher, nor beside it."""
        return not self._writing and self.batcher.is_quiet

    async def _write_alone(self, batch: WriteBatch, values: Values, until: float) -> Sequence[Row]:
        """Writes without the batcher, while no other write waits or runs in it."""
        self._writing = True
        try:
            return await batch.run_alone(values, until)
        finally:
            self._writing = False

    async def _write_at_once(
        self, authorized: AuthorizedWrite, form: CompiledAuthorizedWrite, values: Values, *, is_free: bool
    ) -> list[tuple[Row, Row | None]]:
        """Reads the authority of a write, and writes if the owner `is_free`; returns both rows."""
        until = statement_deadline(self._loop)
        with ObservedOperation(self.observers, authorized.write.name) as operation:
            found = await self.executor.write(form, {**values, IS_FREE.key: is_free}, until)
            rows = [(row[-form.width :], None if row[0] is None else row[: -form.width]) for row in found]
            changed = [row for _, row in rows if row is not None]
            operation.ran(authorized.write, values, changed)
        if changed:
            self._notify({values["owner"]})
        return rows

    async def _write_in_turn(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        owner = values["owner"]
        if not self._owner_queue.enter_now(owner):
            await self._owner_queue.enter(owner, until)
        try:
            return await self.executor.write(self._single_writes[write], values, until)
        finally:
            self._owner_queue.leave(owner)

    async def _transact(self, run: TransactionRun[T], until: float, *, several: bool) -> T:
        """Runs a transaction in the turn of its first owner, if it has one.

        One of `several` owners waits for the others on the server: in their queues it could wait for the row
        of the first one while their writes wait behind it. So these have half of the connections at most.
        """
        owner = run.owner
        try:
            if owner is not None and not self._owner_queue.enter_now(owner):
                await self._owner_queue.enter(owner, until)
            try:
                slots = self._of_several.slot(counted_by({"owner": owner})) if several else nullcontext()
                async with slots:
                    return await self.executor.transact(run, self.compiled, until)
            finally:
                if owner is not None:
                    self._owner_queue.leave(owner)
        except LockTimeout as error:
            if several:
                raise ServiceUnavailable(reason="the rows of an owner are locked") from error
            raise

    def _notify(self, owners: set[UUID]) -> None:
        """Notifies this process and the others of changes."""
        for owner in owners:
            self.on_change(owner)
        if not self.pool.pooled:
            self._notifier.notify(owners)

    async def _send_notification(self, payloads: list[str]) -> None:
        with suppress(DatabaseError, ServiceUnavailable):  # streams also poll
            await self.executor.run(NOTIFY, (CHANNEL, payloads), statement_deadline(), None)
