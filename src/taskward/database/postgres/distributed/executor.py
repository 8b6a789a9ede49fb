"""Runs writes on a distributed database: step by step, in one transaction of one owner.

A write is three to six round trips instead of one. Everything else is as on PostgreSQL: the deadlines, the
queue of each owner, the retries, the outbox of webhooks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from taskward.database.functions import CONDITIONAL
from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.connection import set_lock_timeout
from taskward.database.postgres.deadlines import SECOND_LOCK
from taskward.database.postgres.distributed import email_directory
from taskward.database.postgres.distributed.routed_sql import RoutedStatement
from taskward.database.postgres.executor import Executor, retry_on_conflict
from taskward.database.postgres.pool import ConnectionPool
from taskward.database.statements import Row, Split, Statement, T, Values
from taskward.database.transaction_run import TransactionRun

_LOCK_OWNER: Final = "SELECT 1 FROM users WHERE id = $1 FOR UPDATE"
_TO_WORKERS: Final = "SET LOCAL citus.propagate_set_commands = 'local'"
"""From then on a setting of the transaction is one of its transactions on other servers, too."""

_READ_CLOCK: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class RoutedExecutor(Executor):
    """Runs statements on a distributed database; it has no row-level security."""

    def __init__(self, pool: ConnectionPool, mark: CompiledStatement | None) -> None:
        super().__init__(pool, rls=None)
        self.mark = mark

    async def write(self, statement: CompiledStatement, values: Values, until: float) -> Sequence[Row]:
        """Runs a write by itself."""
        return await retry_on_conflict(
            lambda overrides: self._write(statement, {**values, **overrides}, until)
        )

    async def _write(self, statement: CompiledStatement, values: Values, until: float) -> Sequence[Row]:
        rows: list[Row] = []

        async def work(connection: Any) -> None:
            rows.extend(await _run(connection, statement, values))
            if rows and self.mark is not None:
                await self._mark_owners(connection, self.mark, {values["owner"]})

        await self._commit(until, work)
        return rows

    async def _run_steps(
        self,
        connection: Any,
        run: TransactionRun[T],
        statements: Mapping[Statement, CompiledStatement],
        overrides: Values,
    ) -> None:
        while run.step is not None:
            statement, values = run.step
            rows: Sequence[Row] = ()
            if run.comes_to_further_owner():
                await connection.execute(f"{_TO_WORKERS}; {set_lock_timeout(SECOND_LOCK)}")
            if not isinstance(statement, Split):
                rows = await _run(connection, statements[statement], {**values, **overrides})
            await self._turn_for(run, rows)
            run.send(rows)
        if self.mark is not None:
            await self._mark_owners(connection, self.mark, run.owners)

    async def _mark_owners(self, connection: Any, mark: CompiledStatement, owners: set[UUID]) -> None:
        for owner in sorted(owners):
            await _run(connection, mark, {"owner": owner})


async def _run(connection: Any, statement: CompiledStatement, values: Values) -> Sequence[Row]:
    """Runs a statement and those that follow it; returns the rows of a read, a command or a change."""
    rows = await _run_one(connection, statement, values)
    if not rows or not isinstance(statement, RoutedStatement) or not statement.following:
        return rows
    values = {**values, "seq": rows[0][0]}
    change, *parts = statement.following
    rows = await _run_one(connection, change, values)
    if rows:
        for part in parts:
            if part.needs is None or values.get(part.needs) is not None:
                await _run_one(connection, part, values)
    return rows


async def _run_one(connection: Any, statement: CompiledStatement, values: Values) -> Sequence[Row]:
    if not isinstance(statement, RoutedStatement):
        return await _fetch(connection, statement, values)
    condition = statement.condition
    is_new = condition is not None and not await _locks_owner(connection, condition, values)
    if condition is not None and not await _holds(connection, condition, values):
        return ()
    if statement.reads_clock:
        values = {**values, "clock": await connection.fetchval(_READ_CLOCK)}
    try:
        rows = await _fetch(connection, statement, values)
    except asyncpg.IntegrityConstraintViolationError as error:
        error.table_name = statement.table  # Citus does not set it
        raise
    if statement.creates_owner:
        rows = await email_directory.claim(connection, statement, values, rows)
    if statement.erases_owner:
        await email_directory.release(connection, values, rows)
    if is_new and condition is not None and not await _holds(connection, condition, values):
        return ()  # who has made the owner's row has written; the number stays unused
    return rows


async def _locks_owner(connection: Any, condition: CompiledStatement, values: Values) -> bool:
    """Locks the owner for a condition on other rows, which then holds until the end of the transaction.

    Returns false if there is no row to lock: another transaction may make it, and those rows, until this one
    comes to it.
    """
    if not _is_conditional(condition) or not values.get(CONDITIONAL.key):
        return True
    return await connection.fetchval(_LOCK_OWNER, values["owner"]) is not None


async def _holds(connection: Any, condition: CompiledStatement, values: Values) -> bool:
    if _is_conditional(condition) and not values.get(CONDITIONAL.key):
        return True
    return bool(await connection.fetchval(condition.sql, *condition.arguments(values)))


def _is_conditional(condition: CompiledStatement) -> bool:
    return any(name == CONDITIONAL.key for name, _ in condition.names)


async def _fetch(connection: Any, statement: CompiledStatement, values: Values) -> Sequence[Row]:
    rows: Sequence[Row] = await connection.fetch(statement.sql, *statement.arguments(values))
    return rows
