"""SQL that runs one statement for several callers.

A read for several callers is joined with their values:

    SELECT found.*, asked.n FROM unnest($1, $2) WITH ORDINALITY AS asked (owner, task_id, n)
    CROSS JOIN LATERAL (the statement, with asked.owner for the owner) AS found ORDER BY asked.n, …

A write has a form of its own for that (`Write.batched`), made with `batch_values`. In both, the last column
of a row is the number of its caller, `asked.n`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import (
    CTE,
    BindParameter,
    ClauseElement,
    ColumnElement,
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

from taskward.database.statements import Read, Row, Values
from taskward.database.types import Id

E = TypeVar("E", bound=ClauseElement)


@dataclass(frozen=True, eq=False, slots=True)
class BatchedRead:
    """A read for several callers: its text, and the values that all callers share as `$1`, `$2` and so on.

    The values that differ follow, as an array for each name of `batch_keys`. Without any, all callers ask the
    same, and the statement is the plain one.
    """

    sql: str
    common: tuple[str, ...]
    batch_keys: tuple[str, ...]

    @classmethod
    @cache
    def compile(
        cls, read: Read, dialect: Dialect, batch_keys: tuple[str, ...], *, merged: bool = False
    ) -> "BatchedRead":
        """Returns the form for several callers; if `merged`, the first rows of all of them together."""

        def of_each(element: ClauseElement, **_: Any) -> ClauseElement | None:
            if not isinstance(element, BindParameter) or element.key not in batch_keys:
                return None
            if not isinstance(element.type, Id):
                raise TypeError(f"{read.name}: {element.key} is not an id")
            return literal_column(f"asked.{element.key}", element.type)

        one = cast("Select[Any]", visitors.replacement_traverse(read.statement, {}, of_each))
        compiled = one.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        common = tuple(compiled.positiontup or ())
        if not batch_keys:
            return cls(compiled.string, common, batch_keys)
        arrays = ", ".join(unsized_array(len(common) + n, "uuid") for n in range(1, len(batch_keys) + 1))
        sql = (
            f"SELECT found.*, asked.n FROM unnest({arrays}) "  # noqa: S608 - compiled expressions and our own names, no values
            f"WITH ORDINALITY AS asked ({', '.join(batch_keys)}, n) "
            f"CROSS JOIN LATERAL ({compiled.string}) AS found"
        )
        order = _merged_order(read, common) if merged else f"asked.n{_order(read)}"
        return cls(f"{sql} ORDER BY {order}", common, batch_keys)

    def arguments(self, several: Sequence[Values]) -> list[Any]:
        common = [several[0].get(name) for name in self.common]
        return common + [[values[name] for values in several] for name in self.batch_keys]


def unsized_array(number: int, element: str) -> str:
    """Returns an array parameter whose length the planner cannot see.

    Otherwise it would plan each short array anew, because it assumes ten elements for an unknown length
    (PostgreSQL's `plan_cache_mode`, auto), and planning takes longer than execution.
    """
    return f"(SELECT ${number}::{element}[])"


def batch_values(
    *values: BindParameter[Any], where: Callable[[CTE], ColumnElement[bool]] | None = None
) -> CTE:
    """Returns the values of several callers as rows, for `Write.batched`; only those that meet `where`.

    There is a column for each value, an array in the statement (for the sub-select around it see
    `unsized_array`); `n`, the number of the caller; and `later`, the number of later rows of the same owner.
    """
    named = {value.key: value for value in values}
    arrays = [
        select(bindparam(key, type_=ARRAY(value.type))).scalar_subquery() for key, value in named.items()
    ]
    columns = [column(key, value.type) for key, value in named.items()]
    given = func.unnest(*arrays).table_valued(*columns, with_ordinality="n").render_derived()
    if where is None:
        return select(given, _later(given.c)).cte("asked")
    asked = select(given).cte("asked")
    return select(asked, _later(asked.c)).where(where(asked)).cte("valid")


def _later(rows: Any) -> ColumnElement[int]:
    """Returns the number of later rows of the same owner."""
    latest_first = func.row_number().over(partition_by=rows.owner, order_by=rows.n.desc())
    return (latest_first - literal_column("1")).label("later")


def for_each(expression: E, rows: CTE) -> E:
    """Returns an expression whose parameters are the columns of those names."""

    def column_of(element: ClauseElement, **_: Any) -> ClauseElement | None:
        is_value = isinstance(element, BindParameter) and element.key in rows.c
        return rows.c[cast("BindParameter[Any]", element).key] if is_value else None

    return cast("E", visitors.replacement_traverse(expression, {}, column_of))


def split_rows(rows: Sequence[Row], number: int) -> Sequence[Sequence[Row]]:
    """Returns the rows of each caller, as if it had asked alone.

    The last column of a row is the caller's number, from 1.
    """
    each: list[list[Row]] = [[] for _ in range(number)]
    for row in rows:
        each[row[-1] - 1].append(row[:-1])
    return each


def _order(read: Read) -> str:
    """Returns the ORDER BY columns of a statement as the continuation of another one."""
    direction = " DESC" if read.descending else ""
    return "".join(f", found.{column.key}{direction}" for column in read.sorted_by)


def _merged_order(read: Read, common: tuple[str, ...]) -> str:
    """Returns the order and the limit of the rows of several callers together."""
    limit = "" if read.limit_key is None else f" LIMIT ${common.index(read.limit_key) + 1}"
    return f"{_order(read).removeprefix(', ') or 'asked.n'}{limit}"
