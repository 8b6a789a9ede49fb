"""PostgreSQL 14 and later, through bare asyncpg.

Every read and every write is one statement and one round trip. Behind a pooler in transaction mode, which
is recognised by itself, each runs inside an explicit transaction, so that its two halves meet one server.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Dialect, exists, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from taskward.database import AlreadyThere, DatabaseUnusable, nobody, schema
from taskward.database.connections import FAILURES, LOST, READ_ONLY, Connections
from taskward.database.grapevine import CHANNEL, NOTIFY, Crier, Ear
from taskward.database.owner_wall import NOBODY, OwnerWall, missing
from taskward.database.statements import (
    STATEMENTS,
    Change,
    Read,
    Row,
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
from taskward.figures import Figures

DEADLINE: Final = 10.0
"""Seconds for a statement, with the connecting that it may need."""

LONG_DEADLINE: Final = 60.0
"""Seconds for what is known to be long: an import, a migration."""

TRIES: Final = 4
"""Times that a write runs which the server has undone because of another one."""

_UNDONE: Final = frozenset({"23505", "40001", "40P01", READ_ONLY})
"""SQLSTATEs of a statement that met another one: a unique value, a serialisation failure, a deadlock.
Or that came to a server which only reads; then the next try is on a new connection, perhaps to the primary.

Of the unique values only an e-mail address can be met twice, and the next try leaves it out.
"""

_DIALECT: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here
_STARTING: Final = 3.0
_PAUSE: Final = 1.0

log = logging.getLogger(__name__)


class PostgresDatabase:
    """A `taskward.database.Database` on a server, with `rls` behind the wall of `owner_wall`."""

    engine = "postgresql"

    def __init__(self, url: str, size: int, *, rls: bool = False) -> None:
        self.on_change: Callable[[UUID], None] = nobody
        self._connections = Connections(url, size)
        self._long_reads = FairSlots(max(1, size // 2))
        self._crier = Crier(self._cry)
        self._plans: dict[Statement, _Plan] = {}
        self._combined: dict[Read, Combined] = {}
        self._together = Together(self._run_for, DEADLINE)
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
        return await self._together.rows(read, values, self._combined[read].kind(values))

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
        rows: Sequence[Row] = ()
        if write in self._of_several and self._wall is None:  # behind the wall, each owner writes alone
            rows = await self._together.rows(write, values, (write,))
        if not rows:
            rows = await self._write_alone(write, values, _from_now(DEADLINE))
        if not rows:
            return None
        self._tell({values["owner"]})
        return rows[0]

    async def _write_for(self, write: Write, several: Sequence[Values], until: float) -> Sequence[Row]:
        """Write for those of several for whom it can be done at once; if it is refused, for nobody."""
        plan = self._of_several[write]
        try:
            return await self._run(plan.sql, plan.arrays(several), until, None)
        except _Refused:
            return ()

    async def _write_alone(self, write: Write, values: Values, until: float) -> Sequence[Row]:
        plan = self._plans[write]
        return await _until_it_stands(
            lambda others: self._run(plan.sql, plan.arguments(values, others), until, values["owner"])
        )

    async def transact(self, steps: Callable[[], Steps[T]], *, long: bool = False) -> T:
        owners: set[UUID] = set()
        until = _from_now(LONG_DEADLINE if long else DEADLINE)
        result = await _until_it_stands(lambda others: self._run_steps(steps(), others, until, owners))
        self._tell(owners)
        return result

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

    def figures(self) -> Figures:
        return self._connections.figures()

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
        except _ConnectionLost:
            return await self._run(sql, arguments, until, owner)

    async def _run(
        self, sql: str, arguments: Sequence[Any], until: float, owner: UUID | None
    ) -> Sequence[Row]:
        """Run one statement for that owner; for None as the service itself, outside of any wall."""
        rows: Sequence[Row]
        with _told_as_database_errors:
            async with asyncio.timeout_at(until), self._connections.one() as connection:
                if self._wall is not None and owner is not None:
                    rows = await self._wall.fetch(connection, owner, sql, arguments)
                elif self._connections.pooled:
                    async with connection.transaction():
                        rows = await connection.fetch(sql, *arguments)
                else:
                    rows = await connection.fetch(sql, *arguments)
        return rows

    async def _run_steps(self, steps: Steps[T], others: Values, until: float, owners: set[UUID]) -> T:
        with _told_as_database_errors:
            async with asyncio.timeout_at(until), self._connections.one() as connection:
                try:
                    async with connection.transaction():
                        return await self._follow(steps, others, connection, owners)
                except Undo as undo:
                    owners.clear()
                    result: T = undo.result
                    return result

    async def _follow(self, steps: Steps[T], others: Values, connection: Any, owners: set[UUID]) -> T:
        rows: Sequence[Row] | None = None
        behind: UUID | None = None
        while True:
            try:
                statement, values = next(steps) if rows is None else steps.send(rows)
            except StopIteration as end:
                result: T = end.value
                return result
            plan = self._plans[statement]
            note_owner(owners, statement, values)
            if self._wall is not None:
                owner = (values if isinstance(values, Mapping) else values[0])["owner"]
                if owner != behind:
                    await self._wall.enter(connection, owner)
                    behind = owner
            if isinstance(values, Mapping):
                rows = await connection.fetch(plan.sql, *plan.arguments(values, others))
            else:
                await connection.executemany(plan.sql, [plan.arguments(one) for one in values])
                rows = ()

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
        with _told_as_database_errors:
            async with asyncio.timeout(LONG_DEADLINE), self._connections.one() as connection:
                async with connection.transaction():
                    revision = await _migrated(connection)
                if self._wall is not None:
                    async with connection.transaction():
                        await self._wall.stand(connection)
        return revision

    async def missing_for_rls(self) -> str | None:
        """Say what row-level security lacks; with `rls`, what it would lack after a start."""
        with _told_as_database_errors:
            async with asyncio.timeout(DEADLINE), self._connections.one() as connection:
                return await missing(connection, after_a_start=self._wall is not None)

    async def revision(self) -> str | None:
        """Give the revision that the schema is at; None for an empty database."""
        with _told_as_database_errors:
            async with (
                asyncio.timeout(DEADLINE),
                self._connections.one() as connection,
                connection.transaction(),
            ):
                return await _revision(connection)


class _ConnectionLost(DatabaseError):
    """The connection went away; whether the statement was carried out is not known."""


class _Refused(DatabaseError):
    """The server has carried out nothing of the statement, and will not."""


class _Undone(_Refused):
    """It has undone the statement, and it may succeed if it is run again."""


class _AddressTaken(_Undone):
    """It has undone it because another owner has that e-mail address."""


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
        except _AddressTaken:
            others = {"email": None}
        except _Undone:
            pass
    return await run(others)


async def _migrated(connection: Any) -> str:
    """Apply what is missing and give the revision, inside the transaction that is open."""
    revision = await _revision(connection)
    if not schema.is_usable(revision):
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


class _ToldAsDatabaseErrors:
    """Raises whatever the driver raises as what it means."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, FAILURES):
            raise _database_error(error) from error


_told_as_database_errors: Final = _ToldAsDatabaseErrors()


def _database_error(error: Exception) -> DatabaseError:
    """Tell by SQLSTATE what happened; the message is left out, for it may quote what was stored."""
    if isinstance(error, TimeoutError):
        return DatabaseError(reason="no answer in time")
    state = getattr(error, "sqlstate", None)
    reason = f"{type(error).__name__} {state}" if state else type(error).__name__
    if getattr(error, "table_name", None) == "idempotency_keys":
        return AlreadyThere(reason=reason)
    if getattr(error, "constraint_name", None) == "uq_users_email":
        return _AddressTaken(reason=reason)
    if state in _UNDONE:
        return _Undone(reason=reason)
    if state is None or state.startswith(LOST):
        return _ConnectionLost(reason=reason)
    return _Refused(reason=reason)
