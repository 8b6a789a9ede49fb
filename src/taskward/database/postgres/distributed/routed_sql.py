"""The changes of stores for a distributed database: one statement for each table that they change.

Citus routes a statement that compares the owner with a value to the server that has the owner. It refuses a
change with a CTE that changes anything, a sub-select among the values of an INSERT, a volatile function, or a
stable one on the columns of a row. So a write runs as its steps, as on SQLite. An INSERT of values is written
as one (`as_values`), and the clock is a parameter (`clock_number`).
"""

from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import BindParameter, ColumnClause, Delete, Insert, Select, Subquery, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import AsBoolean, True_

from taskward.database.functions import CLOCK, once, unless_taken
from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.statements import SEQ, Change, Command, Read, Statement, keeping_forms

OWNERS: Final = "users"
"""The table of owners, whose e-mail addresses are in the directory too (`email_directory.py`)."""


class DistributedDialect(PGDialect_asyncpg):
    """The dialect of changes; reads are compiled for PostgreSQL."""

    is_distributed = True
    supports_statement_cache = True


DIALECT: Final = DistributedDialect()  # type: ignore[no-untyped-call] # SQLAlchemy has none here


@dataclass(frozen=True, eq=False, slots=True)
class RoutedStatement(CompiledStatement):
    """A statement for one table; a write has others `following` it.

    One that `creates_owner` returns the time of creation after its own columns, one that `erases_owner` the
    e-mail address. `email_column` is the number of that column among those that it returns, if it does. It
    runs only if its `condition` returns true, a part of a write only if there is the value that it `needs`.
    """

    table: str = ""
    reads_clock: bool = False
    creates_owner: bool = False
    erases_owner: bool = False
    email_column: int | None = None
    condition: CompiledStatement | None = None
    needs: str | None = None
    following: tuple["RoutedStatement", ...] = ()


@keeping_forms
def route(statement: Statement) -> CompiledStatement:
    """Compiles a statement for a distributed database."""
    if isinstance(statement, Read):
        expression = with_visible_owner(statement.statement)
        return CompiledStatement.from_expression(expression, cross_owner=statement.cross_owner)
    if isinstance(statement, Command):
        return _compile(statement.statement)
    bump, change, *parts = statement.statements()
    needs = [part.needs for part in statement.parts]
    following = (_compile(one, needs=needed) for one, needed in zip(parts, needs, strict=True))
    return _compile(bump, (_compile(change), *following))


def with_visible_owner(read: Any) -> Any:
    """Returns a read that compares with the owner where it hides the owner from the planner by `once`.

    The router is a part of the planner.
    """

    def replaced(element: Any, **_: Any) -> Any:
        if not isinstance(element, once):
            return None
        (value,) = element.clauses
        return value if isinstance(value, BindParameter) and value.key == "owner" else None

    return visitors.replacement_traverse(read, {}, replaced)


def routed_change(change: Any) -> Any:
    """Returns a change in its routed form; one of an owner also returns the column for the directory."""
    if isinstance(change, Insert):
        change = as_values(change)
    if change.table.name != OWNERS:
        return change
    if isinstance(change, Insert):
        return change.returning(change.table.c.created_at)
    return change.returning(change.table.c.email) if isinstance(change, Delete) else change


def as_values(change: Insert) -> Insert:
    """Returns an INSERT of values in place of one of a SELECT that reads no rows for them.

    The coordinator would run such a SELECT and send its rows on, and then with parameters in ON CONFLICT that
    have no type.
    """
    columns = _values_of_select(change)
    if columns is None:
        return change
    values = insert(change.table).values(dict(zip(change._select_names or (), columns, strict=True)))  # noqa: SLF001 - there is no public accessor
    values._post_values_clause = change._post_values_clause  # noqa: SLF001 - ON CONFLICT
    return values.returning(*change._returning) if change._returning else values  # noqa: SLF001 - there is no public accessor


def condition_of(change: Any) -> Select[Any] | None:
    """Returns the condition of an INSERT that `as_values` turns into one of values, as a statement.

    One on the number of a write is left out: without it the change does not run.
    """
    if not isinstance(change, Insert) or _values_of_select(change) is None:
        return None
    condition = cast("Select[Any]", change.select).whereclause
    if condition is None or _is_true(condition) or _names_only_the_number(condition):
        return None
    return select(condition)


def _values_of_select(change: Insert) -> list[Any] | None:
    query = change.select
    if not isinstance(query, Select):
        return None
    columns = [_without_subquery(column) for column in query._raw_columns]  # noqa: SLF001 - there is no public accessor
    reads_rows = any(_reads_rows(part) for column in columns for part in visitors.iterate(column))
    return None if reads_rows or _reads_tables(query) else columns


def _reads_tables(query: Select[Any]) -> bool:
    """Returns whether a SELECT has a source that is more than a subquery of one row."""
    return any(not _is_one_row(source) for source in query.columns_clause_froms)


def _is_one_row(source: Any) -> bool:
    return (
        isinstance(source, Subquery)
        and isinstance(source.element, Select)
        and not source.element.columns_clause_froms
    )


def _is_true(condition: Any) -> bool:
    return isinstance(condition.element if isinstance(condition, AsBoolean) else condition, True_ | None)


def _names_only_the_number(condition: Any) -> bool:
    parts = list(visitors.iterate(condition))
    binds = {part.key for part in parts if isinstance(part, BindParameter)}
    return binds == {SEQ.key} and not any(_reads_rows(part) for part in parts)


def _reads_rows(part: Any) -> bool:
    return isinstance(part, Select) or (isinstance(part, ColumnClause) and part.table is not None)


def _without_subquery(column: Any) -> Any:
    """Returns an expression without subqueries of one row, and without conditions on other rows."""

    def replaced(element: Any, **_: Any) -> Any:
        if isinstance(element, unless_taken):
            return null()
        return _value_of(element) if isinstance(element, ColumnClause) else None

    return visitors.replacement_traverse(column, {}, replaced)


def _value_of(column: ColumnClause[Any]) -> Any:
    """Returns the expression that a column names, if it is one of a subquery that reads no table."""
    if not _is_one_row(column.table):
        return None
    return cast("Any", column.table).element.selected_columns[column.key].element


def _compile(
    declared: Change, following: tuple[RoutedStatement, ...] = (), needs: str | None = None
) -> RoutedStatement:
    change, condition = routed_change(declared), condition_of(declared)
    compiled = RoutedStatement.from_expression(change, dialect=DIALECT)
    returned = [column.name for column in change._returning]  # noqa: SLF001 - there is no public accessor
    is_of_owner = change.table.name == OWNERS
    return RoutedStatement(
        compiled.sql,
        compiled.names,
        table=change.table.name,
        reads_clock=any(name == CLOCK.key for name, _ in compiled.names),
        creates_owner=is_of_owner and isinstance(change, Insert),
        erases_owner=is_of_owner and isinstance(change, Delete),
        email_column=returned.index("email") if "email" in returned else None,
        condition=None if condition is None else CompiledStatement.from_expression(condition),
        needs=needs,
        following=following,
    )
