"""The SQL that reads and writes copied tables on SQLite."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column

from taskward.copy.copied import CopiedTable
from taskward.copy.sql import SqlDialect, on_conflict


class _SqliteDialect:
    def parameter(self, number: int, column: Column[Any]) -> str:  # noqa: ARG002 - the same for each
        return "?"

    def value(self, column: Column[Any]) -> str:
        return str(column.name)

    def order(self, column: Column[Any]) -> str:
        return str(column.name)


DIALECT: Final[SqlDialect] = _SqliteDialect()


@lru_cache
def upsert(table: CopiedTable) -> str:
    """Returns the statement that writes one row."""
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {on_conflict(table)}"  # noqa: S608 - names of our own tables


@lru_cache
def delete_of(table: CopiedTable) -> str:
    """Returns the statement that deletes the row of one key."""
    where = " AND ".join(f"{column.name} = ?" for column in table.key)
    return f"DELETE FROM {table.name} WHERE {where}"  # noqa: S608 - names of our own tables
