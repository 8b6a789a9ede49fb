"""The SQL that reads and writes copied tables on PostgreSQL, with values in the form of SQLite."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column

from taskward.copy.copied import CopiedTable, Kind, kind_of
from taskward.copy.sql import SqlDialect, on_conflict


@lru_cache
def upsert(table: CopiedTable) -> str:
    """Returns the statement that writes rows, from an array for each column."""
    names = ", ".join(column.name for column in table.columns)
    values = ", ".join(_WRITTEN.get(kind_of(column), "{0}").format(column.name) for column in table.columns)
    source = f"SELECT {values} FROM {_given(table.columns)}"  # noqa: S608 - names of our own tables
    return f"INSERT INTO {table.name} ({names}) {source} {on_conflict(table)}"


@lru_cache
def delete_of(table: CopiedTable) -> str:
    """Returns the statement that deletes the rows of keys, from an array for each column of the key."""
    where = " AND ".join(f"{table.name}.{column.name} = given.{column.name}" for column in table.key)
    return f"DELETE FROM {table.name} USING {_given(table.key)} WHERE {where}"  # noqa: S608 - names of our own tables


def _given(columns: Sequence[Column[Any]]) -> str:
    arrays = (f"${number}::{_TYPES[kind_of(column)]}[]" for number, column in enumerate(columns, 1))
    return f"unnest({', '.join(arrays)}) AS given ({', '.join(column.name for column in columns)})"


_TYPES: Final[Mapping[Kind, str]] = {
    "id": "uuid",
    "instant": "bigint",
    "flag": "bigint",
    "number": "bigint",
    "text": "text",
}
_READ: Final[Mapping[Kind, str]] = {
    "id": "{}::text",
    "instant": "(extract(epoch FROM {}) * 1000000)::bigint",
    "flag": "{}::integer",
}
_WRITTEN: Final[Mapping[Kind, str]] = {
    "instant": "TIMESTAMPTZ 'epoch' + ({0} / 1000000) * INTERVAL '1 second' "
    "+ ({0} % 1000000) * INTERVAL '1 microsecond'",
    "flag": "{0} <> 0",
}


class _PostgresDialect:
    def parameter(self, number: int, column: Column[Any]) -> str:
        return f"${number}::{_TYPES[kind_of(column)]}"

    def value(self, column: Column[Any]) -> str:
        name = str(column.name)
        return _READ.get(kind_of(column), "{}").format(name)

    def order(self, column: Column[Any]) -> str:
        name = f"{column.table.name}.{column.name}"  # the bare name would be that of the converted value
        return f'{name} COLLATE "C"' if kind_of(column) == "text" else name


DIALECT: Final[SqlDialect] = _PostgresDialect()
