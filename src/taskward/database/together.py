"""What is asked for at the same time, in one statement and one round trip.

Most of what a read of one row costs, here and on the server, is its round trip; a write costs its commit
besides. While as many statements of a kind are under way as may be, what else is asked for of that kind
gathers, and the next statement takes it all along. Each gets the rows that bear its number, `asked.n`.

A short read goes with the like of it, each with ids of its own, and alone as the plain statement:

    SELECT found.*, asked.n FROM unnest($1, $2) WITH ORDINALITY AS asked (owner, task_id, n)
    CROSS JOIN LATERAL (the statement, with asked.owner for the owner) AS found ORDER BY asked.n, …

A write that has a form for several (`Write.of_several`) is tried in that one, unless nothing else of its
kind is under way. It waits for no owner's row, and while one such statement writes for an owner, what else
that owner asks for stays behind. Who got no row, for the owner's was locked or is not there yet, goes on
alone; so do all if the server refused it.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
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
from taskward.errors import ServiceError

MOST_TOGETHER: Final = 32
MOST_ROWS: Final = 500
"""Rows that one statement may give, so that no small read waits for long behind large ones."""

AT_ONCE: Final = 4
"""Statements of a kind under way at once. Fewer gather more, and wait longer where the server is far."""


class Run(Protocol):
    """Runs a statement for one or more."""

    async def __call__(
        self, statement: Read | Write, several: Sequence[Values], until: float, *, alone: bool
    ) -> Sequence[Row]:
        """Give the rows of all; with several, each row's last column is the number of whom it is for, from 1.

        `until` is on the loop's clock. `alone` it is for one, with no other of its kind under way; there is
        one such at a time, so it may wait for a lock.
        """


@dataclass(frozen=True, eq=False, slots=True)
class Combined:
    """A read for several at once: its text, and the values that they have in common, `$1`, `$2`, …

    What differs comes behind these, an array for each name of `each`.
    """

    sql: str
    common: tuple[str, ...]
    each: tuple[str, ...]

    @classmethod
    def of(cls, read: Read, dialect: Dialect) -> "Combined":
        def of_each(element: ClauseElement, **_: Any) -> ClauseElement | None:
            if not isinstance(element, BindParameter) or element.key not in read.each:
                return None
            if not isinstance(element.type, Id):
                raise TypeError(f"{read.name}: {element.key} is no id")
            return literal_column(f"asked.{element.key}", element.type)

        one = cast("Select[Any]", visitors.replacement_traverse(read.statement, {}, of_each))
        compiled = one.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        common = tuple(compiled.positiontup or ())
        arrays = ", ".join(unknown_array(len(common) + n, "uuid") for n in range(1, len(read.each) + 1))
        sql = (
            f"SELECT found.*, asked.n FROM unnest({arrays}) "  # noqa: S608 - compiled expressions and our own names, no values
            f"WITH ORDINALITY AS asked ({', '.join(read.each)}, n) "
            f"CROSS JOIN LATERAL ({compiled.string}) AS found ORDER BY asked.n{_order(read)}"
        )
        return cls(sql, common, read.each)

    def kind(self, values: Values) -> tuple[Hashable, ...]:
        """Give what a read with these values has in common with those that it can run with."""
        return (self, *[values.get(name) for name in self.common])

    def arguments(self, several: Sequence[Values]) -> list[Any]:
        common = [several[0].get(name) for name in self.common]
        return common + [[values[name] for values in several] for name in self.each]


def unknown_array(number: int, element: str) -> str:
    """Give an array parameter whose length the planner cannot see.

    It would plan each short one anew, for it expects ten elements of one that it does not know (PostgreSQL's
    `plan_cache_mode`, auto), and that takes longer than to carry it out.
    """
    return f"(SELECT ${number}::{element}[])"


def asked_at_once(*values: BindParameter[Any]) -> CTE:
    """Give what several ask for as rows, for `Write.of_several`.

    They have a column for each of the values, an array in the statement (for the sub-select around it see
    `unknown_array`); `n`, the number of who asks, and `later`, how many more the same owner asks for.
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
class _Waiting:
    """One who waits, until a time on the loop's clock, and what becomes of it; of writes, whose it is."""

    values: Values
    until: float
    own: "asyncio.Future[Sequence[Row]]"
    writer: UUID | None


@dataclass(slots=True)
class _Gathering:
    """Those of one kind that wait, oldest first, and how many statements of that kind are under way."""

    waiting: list[_Waiting] = field(default_factory=list)
    under_way: int = 0
    writers: set[UUID] = field(default_factory=set)
    """The owners for whom these write."""

    def take(self, most: int) -> list[_Waiting]:
        """Take along who has waited longest; not those for whose owner a statement under way writes."""
        if not self.writers:
            taken = self.waiting[:most]
            del self.waiting[:most]
        else:
            taken = [one for one in self.waiting if one.writer not in self.writers][:most]
            self.waiting = [one for one in self.waiting if one not in taken]
        self.writers.update(one.writer for one in taken if one.writer is not None)
        return taken

    def let_go(self, taken: list[_Waiting]) -> None:
        self.writers.difference_update(one.writer for one in taken if one.writer is not None)


class Together:
    """Gathers what may run as one, and hands each the rows that are its own."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._gatherings: dict[tuple[Hashable, ...], _Gathering] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def rows(
        self, statement: Read | Write, values: Values, kind: tuple[Hashable, ...], until: float
    ) -> Sequence[Row]:
        """Run a statement with others of its kind, whose deadline is the earliest `until` of them."""
        loop = asyncio.get_running_loop()
        limit = values.get("limit", 1)
        if limit > MOST_ROWS:
            return await self._run(statement, [values], until, alone=True)
        gathering = self._gatherings.get(kind)
        if gathering is None:
            gathering = self._gatherings[kind] = _Gathering()
        writer = values["owner"] if isinstance(statement, Write) else None
        waiting = _Waiting(values, until, loop.create_future(), writer)
        gathering.waiting.append(waiting)
        if gathering.under_way < AT_ONCE:
            gathering.under_way += 1
            task = loop.create_task(self._serve(statement, kind, min(MOST_TOGETHER, MOST_ROWS // limit)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.own

    async def _serve(self, statement: Read | Write, kind: tuple[Hashable, ...], most: int) -> None:
        gathering = self._gatherings[kind]
        try:
            while taken := gathering.take(most):
                alone = gathering.under_way == 1 and len(taken) == 1
                try:
                    await self._answer(statement, [one for one in taken if not one.own.done()], alone=alone)
                finally:
                    gathering.let_go(taken)
        finally:
            gathering.under_way -= 1
            if not gathering.under_way:
                del self._gatherings[kind]

    async def _answer(self, statement: Read | Write, taken: list[_Waiting], *, alone: bool) -> None:
        """Run the statement for those taken; whatever becomes of it, each of them hears of it."""
        if not taken:
            return
        until = min(one.until for one in taken)
        try:
            rows = await self._run(statement, [one.values for one in taken], until, alone=alone)
        except Exception as error:  # noqa: BLE001 - it is raised where each of them waits
            for one in taken:
                if not one.own.done():
                    one.own.set_exception(_own(error))
        except asyncio.CancelledError:
            for one in taken:
                one.own.cancel()
            raise
        else:
            for one, its in zip(taken, _by_number(rows, len(taken)), strict=True):
                if not one.own.done():
                    one.own.set_result(its)


def _own(error: Exception) -> Exception:
    """Give one that a task alone raises: tasks that raise the same one add to one traceback."""
    return type(error)(reason=error.reason) if isinstance(error, ServiceError) else error


def _by_number(rows: Sequence[Row], number: int) -> Sequence[Sequence[Row]]:
    if number == 1:
        return [rows]
    each: list[list[Row]] = [[] for _ in range(number)]
    for row in rows:
        each[row[-1] - 1].append(row)
    return each
