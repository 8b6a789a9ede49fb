"""Short reads that are asked for at the same time, in one statement and one round trip.

Most of what a read of one row costs, here and on the server, is its round trip. While as many statements
of a kind are under way as may be, further reads of that kind gather, each with ids of its own, and the next
statement takes all of them along:

    SELECT found.*, asked.n FROM unnest($1, $2) WITH ORDINALITY AS asked (owner, task_id, n)
    CROSS JOIN LATERAL (the statement, with asked.owner for the owner) AS found ORDER BY asked.n, …

Each gets just the rows that bear its number. A read that nobody keeps company runs as the plain statement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import BindParameter, ClauseElement, Dialect, Select, literal_column
from sqlalchemy.sql import visitors

from taskward.database.statements import Read, Row, Values
from taskward.database.types import Id
from taskward.errors import ServiceError

MOST_TOGETHER: Final = 32
MOST_ROWS: Final = 500
"""Rows that one statement may give, so that no small read waits for long behind large ones."""

AT_ONCE: Final = 4
"""Statements of a kind under way at once. Fewer gather more, and wait longer where the server is far."""

Run = Callable[[Read, Sequence[Values], float], Awaitable[Sequence[Row]]]
"""Runs a read for one or more, until a time on the loop's clock, and gives the rows of all: with several,
each row's last column is the number of whom it is for, from 1."""


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


def _order(read: Read) -> str:
    """Give the order of a statement that sorts by columns of its own, as the continuation of another."""
    clauses = [str(clause).rpartition(".")[2] for clause in read.statement._order_by_clauses]  # noqa: SLF001 - there is no other way to ask
    return "".join(f", found.{clause}" for clause in clauses)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A read that waits, since a time on the loop's clock, and what becomes of it."""

    values: Values
    since: float
    own: "asyncio.Future[Sequence[Row]]"


@dataclass(slots=True)
class _Gathering:
    """The reads of one kind that wait, oldest first, and how many statements of that kind are under way."""

    waiting: list[_Waiting] = field(default_factory=list)
    under_way: int = 0


class Together:
    """Gathers reads that may run as one, and hands each the rows that are its own."""

    def __init__(self, run: Run, deadline: float) -> None:
        self._run = run
        self._deadline = deadline
        self._gatherings: dict[tuple[Hashable, ...], _Gathering] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def rows(self, read: Read, values: Values, kind: tuple[Hashable, ...]) -> Sequence[Row]:
        """Run a read with others of its kind, whose deadline is the one of who waits longest."""
        loop = asyncio.get_running_loop()
        limit = values.get("limit", 1)
        if limit > MOST_ROWS:
            return await self._run(read, [values], loop.time() + self._deadline)
        gathering = self._gatherings.get(kind)
        if gathering is None:
            gathering = self._gatherings[kind] = _Gathering()
        waiting = _Waiting(values, loop.time(), loop.create_future())
        gathering.waiting.append(waiting)
        if gathering.under_way < AT_ONCE:
            gathering.under_way += 1
            task = loop.create_task(self._serve(read, kind, min(MOST_TOGETHER, MOST_ROWS // limit)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.own

    async def _serve(self, read: Read, kind: tuple[Hashable, ...], most: int) -> None:
        gathering = self._gatherings[kind]
        try:
            while gathering.waiting:
                taken = gathering.waiting[:most]
                del gathering.waiting[:most]
                await self._answer(read, [one for one in taken if not one.own.done()])
        finally:
            gathering.under_way -= 1
            if not gathering.under_way:
                del self._gatherings[kind]

    async def _answer(self, read: Read, taken: list[_Waiting]) -> None:
        """Run the read for those taken; whatever becomes of it, each of them hears of it."""
        if not taken:
            return
        try:
            rows = await self._run(read, [one.values for one in taken], taken[0].since + self._deadline)
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
