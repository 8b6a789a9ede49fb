"""SQL functions that compile differently on the two engines."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, Text, bindparam, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from taskward.database.types import Counter, Flag, Instant

SQLITE_CLOCK: Final = "clock_microseconds"
"""A function registered on each SQLite connection, because SQLite's own clock has milliseconds only."""

CLOCK: Final = bindparam("clock", type_=Counter)
"""The value of `clock_number` in a change of a distributed database, read from its clock just before."""

CONDITIONAL: Final = bindparam("is_conditional", value=False, type_=Flag())
"""Whether an INSERT has a condition. A distributed database evaluates that before, with the owner locked."""


def _is_distributed(compiler: SQLCompiler) -> bool:
    """Returns whether a change is compiled for a distributed database.

    That evaluates a volatile function in no change, and a stable one never on the columns of a row.
    """
    return getattr(compiler.dialect, "is_distributed", False)


class monotonic_now(FunctionElement[datetime]):  # noqa: N801 - named like an SQL function
    """`monotonic_now(now, before)`: now, or just after `before` if the clock has not moved past it."""

    type = Instant()
    inherit_cache = True


@compiles(monotonic_now, "postgresql")
def _monotonic_on_postgresql(element: monotonic_now, compiler: SQLCompiler, **options: Any) -> str:
    now, before = (compiler.process(clause, **options) for clause in element.clauses)
    if _is_distributed(compiler):  # adding to a time in a time zone is no immutable function
        before = f"{before} AT TIME ZONE 'UTC'"
        return f"greatest({now}, ({before} + interval '1 microsecond') AT TIME ZONE 'UTC')"
    return f"greatest({now}, {before} + interval '1 microsecond')"


@compiles(monotonic_now, "sqlite")
def _monotonic_on_sqlite(element: monotonic_now, compiler: SQLCompiler, **options: Any) -> str:
    now, before = (compiler.process(clause, **options) for clause in element.clauses)
    return f"max({now}, {before} + 1)"


class earlier(FunctionElement[datetime]):  # noqa: N801 - named like an SQL function
    """`earlier(instant, microseconds)`: the instant that much before."""

    type = Instant()
    inherit_cache = True


@compiles(earlier, "postgresql")
def _earlier_on_postgresql(element: earlier, compiler: SQLCompiler, **options: Any) -> str:
    instant, span = (compiler.process(clause, **options) for clause in element.clauses)
    # In UTC, because subtracting from a time in a time zone is no immutable function.
    return f"(({instant} AT TIME ZONE 'UTC' - {span} * INTERVAL '1 microsecond') AT TIME ZONE 'UTC')"


@compiles(earlier, "sqlite")
def _earlier_on_sqlite(element: earlier, compiler: SQLCompiler, **options: Any) -> str:
    instant, span = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({instant} - {span})"


class clock_number(FunctionElement[int]):  # noqa: N801 - named like an SQL function
    """`clock_number()`: microseconds since 1970 by the database's clock, at the moment of evaluation.

    Not at the start of the transaction, which may have waited for a lock since.
    """

    type = Counter
    inherit_cache = True


@compiles(clock_number, "postgresql")
def _clock_on_postgresql(element: clock_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001 - as SQLAlchemy calls it
    if _is_distributed(compiler):
        return compiler.process(CLOCK, **options)
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@compiles(clock_number, "sqlite")
def _clock_on_sqlite(element: clock_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001 - as SQLAlchemy calls it
    return f"{SQLITE_CLOCK}()"


class clock_instant(FunctionElement[datetime]):  # noqa: N801 - named like an SQL function
    """`clock_instant(microseconds)`: the time of `clock_number` that long ago, as an `Instant`."""

    type = Instant()
    inherit_cache = True


@compiles(clock_instant, "postgresql")
def _clock_instant_on_postgresql(element: clock_instant, compiler: SQLCompiler, **options: Any) -> str:
    (ago,) = element.clauses
    if _is_distributed(compiler):
        return compiler.process(instant_of(CLOCK - ago), **options)
    return f"(clock_timestamp() - {compiler.process(ago, **options)} * INTERVAL '1 microsecond')"


@compiles(clock_instant, "sqlite")
def _clock_instant_on_sqlite(element: clock_instant, compiler: SQLCompiler, **options: Any) -> str:
    (ago,) = element.clauses
    return f"({SQLITE_CLOCK}() - {compiler.process(ago, **options)})"


class greatest(FunctionElement[int]):  # noqa: N801 - named like an SQL function
    """`greatest(one, other)`: the greater of two numbers."""

    type = Counter
    inherit_cache = True


@compiles(greatest)
def _greatest(element: greatest, compiler: SQLCompiler, **options: Any) -> str:
    one, other = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{'max' if compiler.dialect.name == 'sqlite' else 'greatest'}({one}, {other})"


class unless_taken(FunctionElement[str]):  # noqa: N801 - named like an SQL function
    """`unless_taken(text, taken)`: a text, or null if a condition on other rows says that it is taken."""

    type = Text()
    inherit_cache = True


@compiles(unless_taken)
def _unless_taken(element: unless_taken, compiler: SQLCompiler, **options: Any) -> str:
    text, taken = element.clauses
    return compiler.process(case((taken, None), else_=text), **options)


class is_false(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`is_false(flag)`: spelled like the condition of the partial indexes, so that they are used.

    It has no type, because SQLAlchemy compares a Boolean function with 1 on SQLite.
    """

    type = NullType()
    inherit_cache = True


@compiles(is_false, "postgresql")
def _false_on_postgresql(element: is_false, compiler: SQLCompiler, **options: Any) -> str:
    return f"NOT {compiler.process(element.clauses, **options)}"


@compiles(is_false, "sqlite")
def _false_on_sqlite(element: is_false, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} = 0"


class bound_on_sqlite(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`bound_on_sqlite(condition)`: a condition that others imply, for SQLite's planner; true on PostgreSQL.

    There it would only distort the estimate of the rows.
    """

    type = NullType()
    inherit_cache = True


@compiles(bound_on_sqlite, "postgresql")
def _no_bound_on_postgresql(element: bound_on_sqlite, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001 - as SQLAlchemy calls it
    return "true"


class unless_locked(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`unless_locked(condition)`: true on a distributed database, which has locked the owner before.

    It takes no sub-select in such a condition.
    """

    type = NullType()
    inherit_cache = True


@compiles(unless_locked)
def _unless_locked(element: unless_locked, compiler: SQLCompiler, **options: Any) -> str:
    return "true" if _is_distributed(compiler) else compiler.process(element.clauses, **options)


class any_of(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`any_of(one, many)`: whether a value is among the `Ids` or `Counters`.

    Without a type, as `is_false`: compared with 1, it would lead along no index of SQLite.
    """

    type = NullType()
    inherit_cache = True


@compiles(any_of, "postgresql")
def _any_on_postgresql(element: any_of, compiler: SQLCompiler, **options: Any) -> str:
    one, many = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{one} = ANY ({many})"


@compiles(any_of, "sqlite")
def _any_on_sqlite(element: any_of, compiler: SQLCompiler, **options: Any) -> str:
    one, many = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{one} IN (SELECT value FROM json_each({many}))"  # noqa: S608 - compiled expressions, no values


class any_found(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`any_found(one, select)`: whether a value is among the few that a sub-select finds.

    PostgreSQL runs the sub-select first: of an IN it can make a join with all rows of an owner.
    """

    type = NullType()
    inherit_cache = True


@compiles(any_found, "postgresql")
def _any_found_on_postgresql(element: any_found, compiler: SQLCompiler, **options: Any) -> str:
    one, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{one} = ANY (ARRAY{found})"


@compiles(any_found, "sqlite")
def _any_found_on_sqlite(element: any_found, compiler: SQLCompiler, **options: Any) -> str:
    one, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{one} IN {found}"


class few(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`few(ids)`: an array whose length PostgreSQL's planner cannot see; it assumes ten elements.

    For a longer one it would read all rows of an owner instead, who has few by its estimate: without
    statistics, a 200th of the table.
    """

    inherit_cache = True


@compiles(few, "postgresql")
def _few_on_postgresql(element: few, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return array if _is_distributed(compiler) else f"CAST((SELECT {array}) AS uuid[])"


class contains_all_words(FunctionElement[bool]):  # noqa: N801 - named like an SQL function
    """`contains_all_words(words, text, other_text)`: whether each of the `Words` occurs in a text.

    Plain containment, code point by code point; a null text contains nothing.
    """

    type = Boolean()
    inherit_cache = True


@compiles(contains_all_words, "postgresql")
def _contains_on_postgresql(element: contains_all_words, compiler: SQLCompiler, **options: Any) -> str:
    words, text, other = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"NOT EXISTS (SELECT 1 FROM unnest({words}) AS word "  # noqa: S608 - compiled expressions, never values
        f"WHERE strpos({text}, word) = 0 "
        f"AND coalesce(strpos({other}, word), 0) = 0)"
    )


@compiles(contains_all_words, "sqlite")
def _contains_on_sqlite(element: contains_all_words, compiler: SQLCompiler, **options: Any) -> str:
    words, text, other = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"NOT EXISTS (SELECT 1 FROM json_each({words}) AS word "  # noqa: S608 - compiled expressions, never values
        f"WHERE instr({text}, word.value) = 0 "
        f"AND coalesce(instr({other}, word.value), 0) = 0)"
    )


class json_rows(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`json_rows(array)`: each element of a JSON array as a row with the column `value`, in order.

    On PostgreSQL by way of an array, for the reason of `few`: it assumes 100 rows of the plain function.
    """

    inherit_cache = True


@compiles(json_rows, "postgresql")
def _rows_on_postgresql(element: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    rows = f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS jsonb))"
    return rows if _is_distributed(compiler) else f"LATERAL (SELECT unnest(ARRAY(SELECT {rows})) AS value)"


@compiles(json_rows, "sqlite")
def _rows_on_sqlite(element: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


class json_item(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`json_item(value, n)`: element n of a JSON array; text on PostgreSQL, its own type on SQLite."""

    inherit_cache = True


@compiles(json_item)
def _item(element: json_item, compiler: SQLCompiler, **options: Any) -> str:
    value, number = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({value} ->> {number})"


class instant_of(FunctionElement[datetime]):  # noqa: N801 - named like an SQL function
    """`instant_of(microseconds)`: the exact `Instant` of a number of microseconds since 1970."""

    type = Instant()
    inherit_cache = True


@compiles(instant_of, "postgresql")
def _instant_on_postgresql(element: instant_of, compiler: SQLCompiler, **options: Any) -> str:
    given = f"CAST({compiler.process(element.clauses, **options)} AS bigint)"
    # In UTC, because adding to a time in a time zone is no immutable function.
    return (
        f"((TIMESTAMP 'epoch' + ({given} / 1000000) * INTERVAL '1 second' "
        f"+ ({given} % 1000000) * INTERVAL '1 microsecond') AT TIME ZONE 'UTC')"
    )


class once(FunctionElement[Any]):  # noqa: N801 - named like an SQL function
    """`once(value)`: a value that PostgreSQL evaluates once, at the start, and that its planner cannot see.

    A volatile function would be evaluated for each row, and along no index. A parameter that is seen may make
    the plan for any values seem dear, so that each execution is planned anew.
    """

    inherit_cache = True


@compiles(once, "postgresql")
def _once_on_postgresql(element: once, compiler: SQLCompiler, **options: Any) -> str:
    value = compiler.process(element.clauses, **options)
    return value if _is_distributed(compiler) else f"(SELECT {value})"


@compiles(bound_on_sqlite, "sqlite")
@compiles(few, "sqlite")
@compiles(once, "sqlite")
@compiles(instant_of, "sqlite")
def _argument(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)
