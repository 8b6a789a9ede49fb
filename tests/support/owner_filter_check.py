"""Looks through a statement for parts that do not name the owner of the rows that they read or write."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    CTE,
    Alias,
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ColumnClause,
    ColumnElement,
    Delete,
    FromClause,
    Insert,
    Join,
    Select,
    Subquery,
    Table,
    TextClause,
    Update,
)
from sqlalchemy.dialects.postgresql.dml import OnConflictDoUpdate
from sqlalchemy.sql import operators
from sqlmodel import SQLModel

from taskward.app import ROUTERS
from taskward.database.functions import once
from taskward.users.statements import OWNER

assert ROUTERS  # with them every feature is imported, and so is every table

OwnerColumns: TypeAlias = Mapping[Table, str]
"""Tables whose rows belong to a user, and the column that says to whom."""

OWNED: Final[OwnerColumns] = {
    table: "user_id" for table in SQLModel.metadata.tables.values() if "user_id" in table.c
}
_OF_A_BATCH: Final = {"asked", "valid", "numbered", "counted"}
"""The rows of a batch, each with the owner who asked, and the owners of them."""


def unowned(expression: Any, columns: OwnerColumns = OWNED) -> Iterator[str]:
    """Yields each part, at any depth, that could access a row of another user."""
    for part in parts(expression):
        if isinstance(part, TextClause):
            yield "text that nobody can look into"
        for table in owned_tables(part, columns):
            if not is_bound(part, table, columns):
                yield f"{type(part).__name__} on {table}"


def parts(expression: Any) -> Iterator[Any]:
    """Yields each part; of an UPDATE also those of the subqueries that only its columns name."""
    within = list(distinct_parts(expression))
    yield from within
    if isinstance(expression, Update):
        tables = {part.table for part in within if isinstance(part, ColumnClause)}
        for table in tables:
            if isinstance(table, Subquery):
                yield from parts(table.element)


def distinct_parts(expression: Any) -> Iterator[Any]:
    """Yields an expression and each part of it once; `visitors.iterate` enters a CTE at each column of it."""
    seen, left = {id(expression)}, [expression]
    while left:
        part = left.pop()
        yield part
        for child in part.get_children():
            if id(child) not in seen:
                seen.add(id(child))
                left.append(child)


def owned_tables(part: Any, columns: OwnerColumns = OWNED) -> list[FromClause]:
    """Returns the owned tables that this part itself reads or writes, not those of parts inside it."""
    if isinstance(part, Select):
        return list(dict.fromkeys(table for source in sources(part) for table in tables(source, columns)))
    if isinstance(part, Insert | Update | Delete):
        return tables(part.table, columns)
    return []


def sources(part: Select[Any]) -> Iterator[FromClause]:
    """Yields the sources of a SELECT, in its FROM clause or by one of its columns."""
    yield from part.columns_clause_froms
    yield from part._from_obj
    for clause in part._where_criteria:
        yield from clause._from_objects
    for target, _, left, _ in part._setup_joins:
        yield from (source for source in (target, left) if isinstance(source, FromClause))


def tables(source: Any, columns: OwnerColumns) -> list[FromClause]:
    if isinstance(source, Join):
        return tables(source.left, columns) + tables(source.right, columns)
    return [source] if table_of(source) in columns else []


def table_of(source: Any) -> Any:
    return source.element if isinstance(source, Alias) else source


def is_bound(part: Any, table: FromClause, columns: OwnerColumns) -> bool:
    column = columns[table_of(table)]
    if isinstance(part, Insert):
        return is_owner(inserted_owner(part, column)) and updates_own_row_only(part, column)
    if isinstance(part, Update) and column in {getattr(name, "name", name) for name in part._values or ()}:
        return False
    return any(says_whose(clause, table.c[column]) for clause in conjunction(part.whereclause))


def inserted_owner(part: Insert, column: str) -> object:
    if part.select is None:
        return {getattr(name, "name", name): value for name, value in (part._values or {}).items()}.get(
            column
        )
    assert isinstance(part.select, Select)
    return part.select._raw_columns[(part._select_names or []).index(column)]


def updates_own_row_only(part: Insert, column: str) -> bool:
    conflict = part._post_values_clause
    return not isinstance(conflict, OnConflictDoUpdate) or column in (conflict.inferred_target_elements or ())


def conjunction(clause: Any) -> Iterator[Any]:
    """Yields the clauses that every row satisfies."""
    if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from conjunction(one)
    elif clause is not None:
        yield clause


def says_whose(clause: Any, column: ColumnElement[Any]) -> bool:
    if not isinstance(clause, BinaryExpression) or clause.operator is not operators.eq:
        return False
    sides = (clause.left, clause.right)
    return any(side is column for side in sides) and any(map(is_owner, sides))


def is_owner(value: object) -> bool:
    if isinstance(value, once):
        (value,) = value.clauses
    if isinstance(value, ColumnClause):  # each row of a batch is one call, or one owner of those that asked
        rows = value.table
        return value.key == OWNER.key and isinstance(rows, CTE) and rows.name in _OF_A_BATCH
    return isinstance(value, BindParameter) and value.key == OWNER.key
