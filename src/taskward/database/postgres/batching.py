"""What is asked for at the same time, in one statement and one round trip.

Most of what a read of one row costs, here and on the server, is its round trip; a write costs its commit
besides. While as many statements of a kind are under way as may be, what else is asked for of that kind
gathers, and the next statement takes it all along. Each gets the rows that bear its number, `asked.n`.

A short read goes with the like of it, each with ids of its own, and alone as the plain statement:

    SELECT found.*, asked.n FROM unnest($1, $2) WITH ORDINALITY AS asked (owner, task_id, n)
    CROSS JOIN LATERAL (the statement, with asked.owner for the owner) AS found ORDER BY asked.n, …

A write that has a form for several (`Write.batched`) is tried in that one, unless nothing else of its
kind is under way. It waits for no owner's row, and while one such statement writes for an owner, what else
that owner asks for stays behind. Who got no row, for the owner's was locked or is not there yet, goes on
alone; so do all if the server refused it.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol, cast
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ClauseElement,
    Dialect,
    Select,
    bindparam,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import visitors

from taskward.database.statements import Read, Row, Values, Write
from taskward.database.types import Id
from taskward.http.errors import ServiceError

MAX_BATCH: Final = 32
MAX_ROWS: Final = 500
"""Rows that one statement may give, so that no small read waits for long behind large ones."""

MAX_IN_FLIGHT: Final = 4
"""Statements of a kind under way at once. Fewer gather more, and wait longer where the server is far."""


class Run(Protocol):
    """Runs a statement for one or more."""

    async def __call__(
        self, statement: Read | Write, several: Sequence[Values], until: float, *, unbatched: bool
    ) -> Sequence[Row]:
        """Give the rows of all; with several, each row's last column is the number of whom it is for, from 1.

        `until` is on the loop's clock. `alone` it is for one, with no other of its kind under way; there is
        one such at a time, so it may wait for a lock.
        """


@dataclass(frozen=True, eq=False, slots=True)
class BatchedRead:
    """A read for several at once: its text, and the values that they have in common, `$1`, `$2`, …

    What differs comes behind these, an array for each name of `each`.
    """

    sql: str
    common: tuple[str, ...]
    batch_keys: tuple[str, ...]

    @classmethod
    @cache
    def compile(cls, read: Read, dialect: Dialect) -> "BatchedRead":
        def of_each(element: ClauseElement, **_: Any) -> ClauseElement | None:
            if not isinstance(element, BindParameter) or element.key not in read.batch_keys:
                return None
            if not isinstance(element.type, Id):
                raise TypeError(f"{read.name}: {element.key} is no id")
            return literal_column(f"asked.{element.key}", element.type)

        one = cast("Select[Any]", visitors.replacement_traverse(read.statement, {}, of_each))
        compiled = one.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        common = tuple(compiled.positiontup or ())
        arrays = ", ".join(unsized_array(len(common) + n, "uuid") for n in range(1, len(read.batch_keys) + 1))
        sql = (
            f"SELECT found.*, asked.n FROM unnest({arrays}) "  # noqa: S608 - compiled expressions and our own names, no values
            f"WITH ORDINALITY AS asked ({', '.join(read.batch_keys)}, n) "
            f"CROSS JOIN LATERAL ({compiled.string}) AS found ORDER BY asked.n{_order(read)}"
        )
        return cls(sql, common, read.batch_keys)

    def batch_key(self, values: Values) -> tuple[Hashable, ...]:
        """Give what a read with these values has in common with those that it can run with."""
        return (self, *[values.get(name) for name in self.common])

    def arguments(self, several: Sequence[Values]) -> list[Any]:
        common = [several[0].get(name) for name in self.common]
        return common + [[values[name] for values in several] for name in self.batch_keys]


def unsized_array(number: int, element: str) -> str:
    """Give an array parameter whose length the planner cannot see.

    It would plan each short one anew, for it expects ten elements of one that it does not know (PostgreSQL's
    `plan_cache_mode`, auto), and that takes longer than to carry it out.
    """
    return f"(SELECT ${number}::{element}[])"


def batch_values(*values: BindParameter[Any]) -> CTE:
    """Give what several ask for as rows, for `Write.batched`.

    They have a column for each of the values, an array in the statement (for the sub-select around it see
    `unsized_array`); `n`, the number of who asks, and `later`, how many more the same owner asks for.
    """
    named = {value.key: value for value in values}
    arrays = [
        select(bindparam(key, type_=ARRAY(value.type))).scalar_subquery() for key, value in named.items()
    ]
    columns = [column(key, value.type) for key, value in named.items()]
    asked = func.unnest(*arrays).table_valued(*columns, with_ordinality="n").render_derived()
    latest_first = func.row_number().over(partition_by=asked.c.owner, order_by=asked.c.n.desc())
    later = latest_first - literal_column("1")
    return select(asked, later.label("later")).cte("asked")


def _order(read: Read) -> str:
    """Give the order of a statement that sorts by columns of its own, as the continuation of another."""
    clauses = [str(clause).rpartition(".")[2] for clause in read.statement._order_by_clauses]  # noqa: SLF001 - there is no other way to ask
    return "".join(f", found.{clause}" for clause in clauses)


@dataclass(frozen=True, eq=False, slots=True)
class _Pending:
    """One who waits, until a time on the loop's clock, and what becomes of it; of writes, whose it is."""

    values: Values
    until: float
    result: "asyncio.Future[Sequence[Row]]"
    writer: UUID | None


@dataclass(slots=True)
class _Batch:
    """Those of one kind that wait, oldest first, and how many statements of that kind are under way."""

    pending: list[_Pending] = field(default_factory=list)
    in_flight: int = 0
    writers: set[UUID] = field(default_factory=set)
    """The owners for whom these write."""

    def next(self, most: int) -> list[_Pending]:
        """Take along who has waited longest; not those for whose owner a statement under way writes."""
        if not self.writers:
            taken = self.pending[:most]
            del self.pending[:most]
        else:
            taken = [one for one in self.pending if one.writer not in self.writers][:most]
            self.pending = [one for one in self.pending if one not in taken]
        self.writers.update(one.writer for one in taken if one.writer is not None)
        return taken

    def release(self, taken: list[_Pending]) -> None:
        self.writers.difference_update(one.writer for one in taken if one.writer is not None)


class Batcher:
    """Gathers what may run as one, and hands each the rows that are its own."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._batches: dict[tuple[Hashable, ...], _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def rows(
        self, statement: Read | Write, values: Values, kind: tuple[Hashable, ...], until: float
    ) -> Sequence[Row]:
        """Run a statement with others of its kind, whose deadline is the earliest `until` of them."""
        loop = asyncio.get_running_loop()
        limit = values.get("limit", 1)
        if limit > MAX_ROWS:
            return await self._run(statement, [values], until, unbatched=True)
        batch = self._batches.get(kind)
        if batch is None:
            batch = self._batches[kind] = _Batch()
        writer = values["owner"] if isinstance(statement, Write) else None
        pending = _Pending(values, until, loop.create_future(), writer)
        batch.pending.append(pending)
        if batch.in_flight < MAX_IN_FLIGHT:
            batch.in_flight += 1
            task = loop.create_task(self._run_batches(statement, kind, min(MAX_BATCH, MAX_ROWS // limit)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await pending.result

    async def _run_batches(self, statement: Read | Write, kind: tuple[Hashable, ...], most: int) -> None:
        batch = self._batches[kind]
        try:
            while taken := batch.next(most):
                unbatched = batch.in_flight == 1 and len(taken) == 1
                try:
                    await self._run_one(
                        statement, [one for one in taken if not one.result.done()], unbatched=unbatched
                    )
                finally:
                    batch.release(taken)
        finally:
            batch.in_flight -= 1
            if not batch.in_flight:
                del self._batches[kind]

    async def _run_one(self, statement: Read | Write, taken: list[_Pending], *, unbatched: bool) -> None:
        """Run the statement for those taken; whatever becomes of it, each of them hears of it."""
        if not taken:
            return
        until = min(one.until for one in taken)
        try:
            rows = await self._run(statement, [one.values for one in taken], until, unbatched=unbatched)
        except Exception as error:  # noqa: BLE001 - it is raised where each of them waits
            for one in taken:
                if not one.result.done():
                    one.result.set_exception(_copy_error(error))
        except asyncio.CancelledError:
            for one in taken:
                one.result.cancel()
            raise
        else:
            for one, its in zip(taken, _split_rows(rows, len(taken)), strict=True):
                if not one.result.done():
                    one.result.set_result(its)


def _copy_error(error: Exception) -> Exception:
    """Give one that a task alone raises: tasks that raise the same one add to one traceback."""
    return type(error)(reason=error.reason) if isinstance(error, ServiceError) else error


def _split_rows(rows: Sequence[Row], number: int) -> Sequence[Sequence[Row]]:
    if number == 1:
        return [rows]
    each: list[list[Row]] = [[] for _ in range(number)]
    for row in rows:
        each[row[-1] - 1].append(row)
    return each
