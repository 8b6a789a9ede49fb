"""Removes the owner filter from every statement of an app, as a defect of one of them would."""

from functools import cache
from typing import Any, cast

from fastapi import FastAPI
from sqlalchemy import BinaryExpression, BindParameter, ColumnClause, ColumnElement, Subquery, Update
from sqlalchemy.sql import operators, visitors

from support import database_of
from taskward.database.postgres.compiled import CompiledStatement, CompiledWrite, as_single_statement
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.statements import (
    STATEMENTS,
    Command,
    Part,
    Read,
    Statement,
    Values,
    Write,
    keeping_forms,
)
from taskward.users.statements import OWNER


def drop_owner_filters(app: FastAPI) -> None:
    """Removes the owner filter from every statement that the running app has on PostgreSQL for its users.

    Those of the service itself stay: they run outside of row-level security.
    """
    database = database_of(app)
    assert isinstance(database, PostgresDatabase)
    database.use(compiled_without_owner_filter)


class UnfilteredWrite(CompiledWrite):
    """A write of which each form lacks the owner filter."""

    def for_values(self, values: Values) -> CompiledStatement:
        write = cast("Write", self.write)
        return unfiltered_form(write, write.parts_for(values))


@cache
def unfiltered_form(write: Write, parts: tuple[Part, ...]) -> CompiledStatement:
    return CompiledStatement.from_expression(without_owner(as_single_statement(write, parts)))


@keeping_forms
def compiled_without_owner_filter(statement: Statement) -> CompiledStatement:
    if isinstance(statement, Write):
        return UnfilteredWrite("", (), write=statement)
    if is_of_service(statement):
        return CompiledStatement.compile(statement)
    return CompiledStatement.compile(without_owner_filter(statement))


def is_of_service(statement: Statement) -> bool:
    return not isinstance(statement, Write) and statement.cross_owner


def without_owner_filter(statement: Read | Command) -> Statement:
    """Returns the same statement without any comparison with the owner; inserted values stay as they are."""
    forgotten = Command(statement.name, without_owner(statement.statement))
    STATEMENTS.remove(forgotten)  # it is none of the service's
    return forgotten


def without_owner(expression: Any) -> Any:
    """Puts in the place of each such comparison what holds for every row."""
    derived: dict[Subquery, Subquery] = {}

    def replaced(element: Any, **_: Any) -> Any:
        if not isinstance(expression, Update) or not isinstance(element, ColumnClause):
            return anybodys(element)
        table = element.table
        if not isinstance(table, Subquery):  # an UPDATE names what it reads from by its columns alone
            return None
        if table not in derived:
            derived[table] = without_owner(table.element).subquery(table.name)
        return derived[table].c[element.key]

    return visitors.replacement_traverse(expression, {}, replaced)


def anybodys(element: Any, **_: Any) -> Any:
    if not isinstance(element, BinaryExpression) or element.operator is not operators.eq:
        return None
    sides = (element.left, element.right)
    if not any(isinstance(side, BindParameter) and side.key == OWNER.key for side in sides):
        return None
    column: ColumnElement[Any] = next(side for side in sides if not isinstance(side, BindParameter))
    return column.is_not(None)
