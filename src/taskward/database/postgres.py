"""PostgreSQL 14 and later, through bare asyncpg.

Every read and every write is one statement and one round trip. Behind a pooler in transaction mode, which
is recognised by itself, each runs inside an explicit transaction, so that its two halves meet one server.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias
from uuid import UUID

from sqlalchemy import Dialect, exists, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from taskward.database import DatabaseUnusable, nobody, schema
from taskward.database.connections import Connections
from taskward.database.grapevine import CHANNEL, NOTIFY, Crier, Ear
from taskward.database.owner_queue import OwnerQueue
from taskward.database.owner_wall import NOBODY, OwnerWall, missing
from taskward.database.postgres_connection import Transaction, begin
from taskward.database.postgres_errors import (
    AddressTaken,
    ConnectionLost,
    Refused,
    Undone,
    translate_driver_errors,
)
from taskward.database.statements import (
    STATEMENTS,
    Asked,
    Change,
    Read,
    Row,
    Split,
    Statement,
    Steps,
    T,
    Undo,
    Values,
    Write,
    note_owner,
)
from taskward.database.together import Combined, Together
from taskward.errors import DatabaseError, ServiceError, ServiceUnavailable
from taskward.fair_slots import FairSlots
from taskward.metrics import Samples

DEADLINE: Final = 10.0
"""Seconds for a statement, with the connecting that it may need."""

LONG_DEADLINE: Final = 60.0
"""Seconds for what is known to be long: an import, a migration."""

LATE: Final = 1.0
"""Seconds of waiting after which a write goes into no batch, and has a lock timeout of its own."""

TRIES: Final = 4
"""Times that a write runs which the server has undone because of another one."""

_DIALECT: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here
_STARTING: Final = 3.0
_PAUSE: Final = 1.0

log = logging.getLogger(__name__)


class PostgresDatabase:
    """A `taskward.database.Database` on a server, with `rls` behind the wall of `owner_wall`."""

    engine = "postgresql"

    def __init__(self, url: str, size: int, *, rls: bool = False) -> None:
        self.on_change: Callable[[UUID], None] = nobody
        self._connections = Connections(url, size, DEADLINE)
        self._long_reads = FairSlots(max(1, size // 2))
        self._crier = Crier(self._cry)
        self._plans: dict[Statement, _Plan] = {}
        self._combined: dict[Read, Combined] = {}
        self._together = Together(self._run_for)
        self._writes = OwnerQueue()
        self._of_several: dict[Write, _Plan] = {}
        self._wall = OwnerWall() if rls else None
        self._schema: asyncio.Task[None] | None = None
        self._is_starting = True
        self._is_up_to_date = False

    async def start(self) -> None:
        self._plans = {statement: _Plan.of(statement) for statement in STATEMENTS}
        self._combined = {
            read: Combined.of(read, _DIALECT) for read in STATEMENTS if isinstance(read, Read) and read.each
        }
        self._of_several = {
            write: _Plan.compiled(write.of_several)
            for write in STATEMENTS
            if isinstance(write, Write) and write.of_several is not None
        }
        self._schema = asyncio.create_task(self._bring_schema_up_to_date())
        await asyncio.wait({self._schema}, timeout=_STARTING)
        self._is_starting = False
        if self._schema.done():
            self._schema.result()

    async def stop(self) -> None:
        if self._schema is not None:
            self._schema.cancel()
            await asyncio.wait({self._schema})
        await self._crier.stop()
        await self._connections.close()

    async def ping(self) -> None:
        if not self._is_up_to_date:
            raise DatabaseError(reason="the schema is not up to date yet")
        await self._read(_PING, (), NOBODY, _from_now(DEADLINE))

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        if read.long:
            until = _from_now(DEADLINE)
            async with self._long_reads.slot(values["owner"]):
                return await self._read_for(read, (values,), until)
        if not read.each or self._wall is not None:  # behind the wall, each owner is read for alone
            return await self._read_for(read, (values,), _from_now(DEADLINE))
        kind = self._combined[read].kind(values)
        return await self._together.rows(read, values, kind, _from_now(DEADLINE))

    async def _run_for(
        self, statement: Read | Write, several: Sequence[Values], until: float, *, alone: bool
    ) -> Sequence[Row]:
        if isinstance(statement, Read):
            return await self._read_for(statement, several, until)
        if alone:
            return await self._write_alone(statement, several[0], until)
        return await self._write_for(statement, several, until)

    async def _read_for(self, read: Read, several: Sequence[Values], until: float) -> Sequence[Row]:
        if len(several) == 1:
            plan, values = self._plans[read], several[0]
            owner = None if read.of_many else values["owner"]
            return await self._read(plan.sql, plan.arguments(values), owner, until)
        combined = self._combined[read]
        return await self._read(combined.sql, combined.arguments(several), None, until)

    async def write(self, write: Write, values: Values) -> Row | None:
        until = _from_now(DEADLINE)
        rows: Sequence[Row] = ()
        if write in self._of_several and self._wall is None:  # behind the wall, each owner writes alone
            rows = await self._write_together(write, values, until)
        if not rows:
            rows = await self._write_in_turn(write, values, until)
        if not rows:
            return None
        self._tell({values["owner"]})
        return rows[0]

    async def _write_together(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        """Write as part of a batch; no rows if it must be written alone.

        That is also after a long wait for the owner's turn: the deadline of a batch is its oldest write's.
        """
        owner = values["owner"]
        late = False
        if not self._writes.enter_now(owner):
            await self._writes.enter(owner, until, shared=True)
            late = _begin_if_late(until) is not None
        try:
            return () if late else await self._together.rows(write, values, (write,), until)
        finally:
            self._writes.leave(owner)

    async def _write_in_turn(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        owner = values["owner"]
        if not self._writes.enter_now(owner):
            await self._writes.enter(owner, until)
        try:
            return await self._write_alone(write, values, until)
        finally:
            self._writes.leave(owner)

    async def _write_for(self, write: Write, several: Sequence[Values], until: float) -> Sequence[Row]:
        """Write for those of several for whom it can be done at once; if it is refused, for nobody."""
        plan = self._of_several[write]
        try:
            return await self._run(plan.sql, plan.arrays(several), until, None, writes=True)
        except Refused:
            return ()

    async def _write_alone(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        plan = self._plans[write]
        return await _until_it_stands(
            lambda others: self._run(
                plan.sql, plan.arguments(values, others), until, values["owner"], writes=True
            )
        )

    async def transact(self, steps: Callable[[], Steps[T]], *, long: bool = False) -> T:
        owners: set[UUID] = set()
        until = _from_now(LONG_DEADLINE if long else DEADLINE)
        begun = _Begun(steps)
        if begun.has_ended:
            return begun.result
        owner = begun.owner
        if owner is not None and not self._writes.enter_now(owner):
            await self._writes.enter(owner, until)
        try:
            result = await _until_it_stands(
                lambda others: self._run_steps(begun.take(), others, until, owners)
            )
        finally:
            if owner is not None:
                self._writes.leave(owner)
        self._tell(owners)
        return result

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return ()

    async def wait_unlocked(self, owner: UUID) -> None:
        """Return at once: a transaction is never split here."""

    async def scrub(self) -> None:
        """Do nothing: what is deleted leaves the tables with the next vacuum."""

    async def news(self) -> AsyncGenerator[None, None]:
        ear = Ear(self._connections, self._crier.name, self.on_change)
        listening = asyncio.create_task(ear.listen())
        try:
            while True:
                await ear.pause()
                yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    def collect(self) -> Samples:
        return self._connections.collect()

    def _tell(self, owners: set[UUID]) -> None:
        """Tell this process of what it has changed, and the others."""
        for owner in owners:
            self.on_change(owner)
        if not self._connections.pooled:
            self._crier.tell(owners)

    async def _cry(self, payloads: list[str]) -> None:
        with suppress(DatabaseError, ServiceUnavailable):  # whoever misses it looks by themselves
            await self._run(NOTIFY, (CHANNEL, payloads), _from_now(DEADLINE), None)

    async def _read(
        self, sql: str, arguments: Sequence[Any], owner: UUID | None, until: float
    ) -> Sequence[Row]:
        """Run what changes nothing, and run it once more if its connection went away."""
        try:
            return await self._run(sql, arguments, until, owner)
        except ConnectionLost:
            return await self._run(sql, arguments, until, owner)

    async def _run(
        self, sql: str, arguments: Sequence[Any], until: float, owner: UUID | None, *, writes: bool = False
    ) -> Sequence[Row]:
        """Run one statement for that owner; for None as the service itself, outside of any wall."""
        rows: Sequence[Row]
        with translate_driver_errors:
            async with asyncio.timeout_at(until), self._connections.one(writes=writes) as connection:
                late = _begin_if_late(until) if writes else None
                if self._wall is not None and owner is not None:
                    rows = await self._wall.fetch(connection, owner, sql, arguments, late or connection.begin)
                elif late or self._connections.pooled:
                    async with Transaction(connection, late):
                        rows = await connection.fetch(sql, *arguments)
                else:
                    rows = await connection.fetch(sql, *arguments)
        return rows

    async def _run_steps(self, attempt: "_Attempt[T]", others: Values, until: float, owners: set[UUID]) -> T:
        with translate_driver_errors:
            async with asyncio.timeout_at(until), self._connections.one(writes=True) as connection:
                try:
                    async with Transaction(connection, begin(until - _from_now(0))):
                        return await self._follow(attempt, others, connection, owners)
                except Undo as undo:
                    owners.clear()
                    result: T = undo.result
                    return result

    async def _follow(self, attempt: "_Attempt[T]", others: Values, connection: Any, owners: set[UUID]) -> T:
        steps, (statement, values) = attempt
        behind: UUID | None = None
        while True:
            rows: Sequence[Row] = ()
            if not isinstance(statement, Split):
                note_owner(owners, statement, values)
                if self._wall is not None:
                    owner = _values_of_one(values)["owner"]  # behind the wall, each statement names one
                    if owner != behind:
                        await self._wall.enter(connection, owner)
                        behind = owner
                rows = await self._answer(connection, self._plans[statement], values, others)
            try:
                statement, values = steps.send(rows)
            except StopIteration as end:
                result: T = end.value
                return result

    async def _answer(
        self, connection: Any, plan: "_Plan", values: Values | Sequence[Values], others: Values
    ) -> Sequence[Row]:
        if isinstance(values, Mapping):
            rows: Sequence[Row] = await connection.fetch(plan.sql, *plan.arguments(values, others))
            return rows
        await connection.executemany(plan.sql, [plan.arguments(one) for one in values])
        return ()

    async def _bring_schema_up_to_date(self) -> None:
        while True:
            try:
                await self.migrate()
            except ServiceError as error:
                log.warning("The schema cannot be brought up to date yet", extra={"reason": error.reason})
            except DatabaseUnusable as error:
                if self._is_starting:
                    raise
                log.error("The database cannot be used", extra={"reason": str(error)})  # noqa: TRY400 - it is said in plain words
            except Exception:
                log.exception("The schema cannot be brought up to date")
            else:
                self._is_up_to_date = True
                return
            await asyncio.sleep(_PAUSE)

    async def migrate(self) -> str:
        """Apply the migrations that are missing, and give the revision that the schema is at.

        Raises:
            DatabaseUnusable: that is done, but row-level security is asked for and does not stand.

        """
        with translate_driver_errors:
            async with asyncio.timeout(LONG_DEADLINE), self._connections.one() as connection:
                async with connection.transaction():
                    revision = await _migrated(connection)
                if self._wall is not None:
                    async with connection.transaction():
                        await self._wall.stand(connection)
        return revision

    async def missing_for_rls(self) -> str | None:
        """Say what row-level security lacks; with `rls`, what it would lack after a start."""
        with translate_driver_errors:
            async with asyncio.timeout(DEADLINE), self._connections.one() as connection:
                return await missing(connection, after_a_start=self._wall is not None)

    async def revision(self) -> str | None:
        """Give the revision that the schema is at; None for an empty database."""
        with translate_driver_errors:
            async with (
                asyncio.timeout(DEADLINE),
                self._connections.one() as connection,
                connection.transaction(),
            ):
                return await _revision(connection)


_PING: Final = f"SELECT 1 FROM tasks WHERE user_id = '{NOBODY}' LIMIT 1"  # noqa: S608 - nothing from outside
_HAS_REVISION: Final = (
    "SELECT EXISTS (SELECT FROM pg_tables "
    "WHERE tablename = 'alembic_version' AND schemaname = ANY (current_schemas(false)))"
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One compiled statement: its text, and the names and defaults of `$1`, `$2`, …"""

    sql: str
    names: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, statement: Statement) -> "_Plan":
        return cls.compiled(_in_one(statement) if isinstance(statement, Write) else statement.statement)

    @classmethod
    def compiled(cls, expression: Any) -> "_Plan":
        compiled = expression.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        return cls(
            compiled.string, tuple((name, compiled.params[name]) for name in compiled.positiontup or ())
        )

    def arguments(self, values: Values, others: Values | None = None) -> list[Any]:
        """Give what is bound, in order; `others` come before the `values`."""
        if others:
            values = {**values, **others}
        return [values.get(name, default) for name, default in self.names]

    def arrays(self, several: Sequence[Values]) -> list[Any]:
        """Give what is bound, in order, an array for each name."""
        return [[values.get(name, default) for values in several] for name, default in self.names]


def _in_one(write: Write) -> Any:
    """Put the steps of a write into one statement: each is a CTE, the change is what it returns."""
    owner = write.touch.cte("owner")
    number = select(owner.c.seq).scalar_subquery()
    change: Change = write.change(number)
    if not write.traces:
        return change.add_cte(owner)
    changed = change.cte("changed")
    traces = [
        trace(number, exists(select(changed))).cte(f"trace_{n}") for n, trace in enumerate(write.traces)
    ]
    return select(changed).add_cte(owner, *traces)


_Attempt: TypeAlias = tuple[Steps[T], Asked]
"""The steps of a transaction, begun, and the first statement that they ask for."""


class _Begun(Generic[T]):
    """A transaction whose steps have begun.

    `owner` is the owner whom the first step names; None for the service's own. Steps that have ended without
    a statement have a `result`.
    """

    def __init__(self, steps: Callable[[], Steps[T]]) -> None:
        self._steps = steps
        self._first: _Attempt[T] | None = None
        self.owner: UUID | None = None
        self.has_ended = False
        self.result: T
        try:
            self._first = self._begin()
        except StopIteration as end:
            self.has_ended, self.result = True, end.value
        except Undo as undo:
            self.has_ended, self.result = True, undo.result
        else:
            self.owner = _values_of_one(self._first[1][1]).get("owner")

    def take(self) -> _Attempt[T]:
        """Return the steps, begun; each time after the first one, from the start again."""
        attempt, self._first = self._first or self._begin(), None
        return attempt

    def _begin(self) -> _Attempt[T]:
        steps = self._steps()
        return steps, next(steps)


def _values_of_one(values: Values | Sequence[Values]) -> Values:
    return values if isinstance(values, Mapping) else values[0]


def _begin_if_late(until: float) -> str | None:
    """Return how the transaction of a write begins that has waited for long; None for any other."""
    left = until - asyncio.get_running_loop().time()
    return begin(left) if left < DEADLINE - LATE else None


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _until_it_stands(run: Callable[[Values], Awaitable[T]]) -> T:
    """Run it again while the server undoes it and it may yet succeed.

    It is given the values that are to be others than the first time: behind the wall, an address that
    somebody else has is seen no other way than by being refused.
    """
    others: Values = {}
    for _ in range(TRIES - 1):
        try:
            return await run(others)
        except AddressTaken:
            others = {"email": None}
        except Undone:
            pass
    return await run(others)


async def _migrated(connection: Any) -> str:
    """Apply what is missing and give the revision, inside the transaction that is open."""
    revision = await _revision(connection)
    if not schema.is_usable(revision):
        await connection.execute("SET LOCAL lock_timeout = 0")  # another replica's migration may take long
        await connection.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK})")
        revision = await _revision(connection)  # another replica may have been quicker
    if not schema.is_usable(revision):
        for statement in schema.statements_since(revision, "postgresql"):
            await connection.execute(statement)
        revision = schema.newest_revision()
    return str(revision)


async def _revision(connection: Any) -> str | None:
    # Not to_regclass: within a transaction it goes on saying what it said before another replica's commit.
    if not await connection.fetchval(_HAS_REVISION):
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
