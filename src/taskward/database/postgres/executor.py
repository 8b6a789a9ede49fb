"""Runs statements on a connection of the pool, within their deadline and with their owner's rights."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from taskward.database import ConnectionLost
from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.connection import Transaction, begin, set_lock_timeout
from taskward.database.postgres.deadlines import SECOND_LOCK, begin_if_late, time_left
from taskward.database.postgres.errors import Conflict, EmailTaken, translate_driver_errors
from taskward.database.postgres.pool import ConnectionPool
from taskward.database.postgres.row_level_security import RowLevelSecurity
from taskward.database.statements import Command, Rollback, Row, Split, Statement, T, Values
from taskward.database.transaction_run import TransactionRun
from taskward.http.fair_semaphore import FairTurns

MAX_ROWS_AT_ONCE: Final = 50
"""Rows of a statement with which the steps of a transaction may compute without a turn."""

MAX_ATTEMPTS: Final = 4
"""Attempts at a write that the server rolls back because of a conflict."""


class Executor:
    """Runs statements; each `until` is on the loop's clock.

    A read is repeated once if its connection was lost. A write is never repeated unless it was rolled back:
    the server has said so, or the connection was lost before the commit was sent.
    """

    mark: CompiledStatement | None = None
    """Marks an owner in the outbox, at the end of a transaction; None without webhooks."""

    def __init__(self, pool: ConnectionPool, rls: RowLevelSecurity | None) -> None:
        self._pool = pool
        self._rls = rls
        self._turns = FairTurns(1)

    def read(
        self, statement: CompiledStatement, values: Values, until: float
    ) -> Coroutine[Any, Any, Sequence[Row]]:
        """Runs a read for the owner that its values name."""
        return self.read_as(statement.owner(values), statement.sql, statement.arguments(values), until)

    async def read_as(
        self, owner: UUID | None, sql: str, arguments: Sequence[Any], until: float
    ) -> Sequence[Row]:
        """Runs a read, once more if its connection was lost or the schema has changed; for None see `run`."""
        try:
            return await self.run(sql, arguments, until, owner)
        except (ConnectionLost, Conflict):
            return await self.run(sql, arguments, until, owner)

    async def write(self, statement: CompiledStatement, values: Values, until: float) -> Sequence[Row]:
        """Runs a write by itself."""
        owner, statement = values["owner"], statement.for_values(values)
        return await retry_on_conflict(
            lambda overrides: self.run(
                statement.sql, statement.arguments(values, overrides), until, owner, writes=True
            )
        )

    async def transact(
        self, run: TransactionRun[T], statements: Mapping[Statement, CompiledStatement], until: float
    ) -> T:
        """Runs a transaction, and again while the server rolls it back because of a conflict."""
        return await retry_on_conflict(lambda overrides: self._transact(run, statements, overrides, until))

    async def run(
        self, sql: str, arguments: Sequence[Any], until: float, owner: UUID | None, *, writes: bool = False
    ) -> Sequence[Row]:
        """Runs one statement for that owner; for None as the service itself, without row-level security."""
        is_direct = (self._rls is None or owner is None) and not (writes and begin_if_late(until))
        connection = self._pool.take_idle(writes=writes) if is_direct and not self._pool.pooled else None
        if connection is None:
            return await self._run_when_connected(sql, arguments, until, owner, writes=writes)
        with translate_driver_errors:
            return await self._pool.run(connection, sql, arguments, until)

    async def _run_when_connected(
        self, sql: str, arguments: Sequence[Any], until: float, owner: UUID | None, *, writes: bool
    ) -> Sequence[Row]:
        """Waits for a connection, and runs a statement on it, in a transaction if it needs one."""
        rows: Sequence[Row]
        with translate_driver_errors:
            async with asyncio.timeout_at(until), self._pool.acquire(writes=writes) as connection:
                late = begin_if_late(until) if writes else None
                if self._rls is not None and owner is not None:
                    rows = await self._rls.fetch(connection, owner, sql, arguments, late or connection.begin)
                elif late or self._pool.pooled:
                    async with Transaction(connection, late):
                        rows = await connection.fetch(sql, *arguments)
                else:
                    rows = await connection.fetch(sql, *arguments)
        return rows

    async def _transact(
        self,
        run: TransactionRun[T],
        statements: Mapping[Statement, CompiledStatement],
        overrides: Values,
        until: float,
    ) -> T:
        run.restart()
        await self._commit(until, lambda connection: self._run_steps(connection, run, statements, overrides))
        return run.result

    async def _commit(self, until: float, work: Callable[[Any], Awaitable[None]]) -> None:
        """Does something in a transaction and commits it, unless it ends with `Rollback`."""
        transaction: Transaction | None = None
        try:
            with translate_driver_errors:
                async with asyncio.timeout_at(until), self._pool.acquire(writes=True) as connection:
                    transaction = Transaction(connection, begin(time_left(until)))
                    with suppress(Rollback):
                        async with transaction:
                            await work(connection)
        except ConnectionLost as error:
            if transaction is None or transaction.is_committing:
                raise
            raise Conflict(reason=f"{error.reason} before the commit") from error

    async def _run_steps(
        self,
        connection: Any,
        run: TransactionRun[T],
        statements: Mapping[Statement, CompiledStatement],
        overrides: Values,
    ) -> None:
        current_owner: UUID | None = None
        while run.step is not None:
            statement, values = run.step
            rows: Sequence[Row] = ()
            if run.comes_to_further_owner():
                await connection.execute(set_lock_timeout(SECOND_LOCK))
            if not isinstance(statement, Split):
                of_service = isinstance(statement, Command) and statement.cross_owner
                if self._rls is not None and not of_service and values["owner"] != current_owner:
                    current_owner = values["owner"]  # RLS: one owner per statement
                    await self._rls.set_owner(connection, values["owner"])
                compiled = statements[statement].for_values(values)
                rows = await connection.fetch(compiled.sql, *compiled.arguments(values, overrides))
            await self._turn_for(run, rows)
            run.send(rows)
        if self.mark is not None:
            await self._mark_owners(connection, self.mark, run.owners)

    async def _turn_for(self, run: TransactionRun[T], rows: Sequence[Row]) -> None:
        """Waits for a turn if the next step may compute with many rows."""
        if len(rows) > MAX_ROWS_AT_ONCE:
            await self._turns.wait(run.owner)

    async def _mark_owners(self, connection: Any, mark: CompiledStatement, owners: set[UUID]) -> None:
        for owner in sorted(owners):
            if self._rls is not None and len(owners) > 1:
                await self._rls.set_owner(connection, owner)
            await connection.fetch(mark.sql, *mark.arguments({"owner": owner}))


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
