"""The SQL that reads copied tables in the order of their keys, in the dialect of one engine or the other."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Final, Protocol

from sqlalchemy import Column, Integer

from taskward.copy.copied import CopiedTable, OwnerRange, Row

_LIMIT: Final = Column("limit", Integer())


class SqlDialect(Hashable, Protocol):
    """The parts of a page's SQL on one engine."""

    def parameter(self, number: int, column: Column[Any]) -> str:
        """Returns the placeholder of a parameter that is compared with a column."""

    def value(self, column: Column[Any]) -> str:
        """Returns the expression for a column in the form of SQLite."""

    def order(self, column: Column[Any]) -> str:
        """Returns the expression that a column of a key is sorted by."""


@lru_cache
def page_sql(table: CopiedTable, dialect: SqlDialect, *, of_owners: bool, is_next: bool) -> str:
    """Returns the SELECT of a page.

    Its parameters are the key before the page if it `is_next`, else the first owner; then the last owner,
    and the limit.
    """
    owner = table.key[0]
    key = ", ".join(map(dialect.order, table.key))
    compared = table.key if is_next else table.key[:1] if of_owners else ()
    given = [dialect.parameter(number, column) for number, column in enumerate(compared, 1)]
    conditions = (
        [f"({key}) > ({', '.join(given)})"] if is_next else [f"{owner.name} >= {one}" for one in given]
    )
    if of_owners:
        conditions.append(f"{owner.name} <= {dialect.parameter(len(given) + 1, owner)}")
    limit = dialect.parameter(len(given) + of_owners + 1, _LIMIT)
    values = ", ".join(map(dialect.value, table.columns))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {values} FROM {table.name}{where} ORDER BY {key} LIMIT {limit}"  # noqa: S608 - names of our own tables


def page_arguments(owners: OwnerRange | None, after: Row | None, limit: int) -> list[Any]:
    """Returns the parameters of `page_sql`."""
    first, last = owners or ("", "")
    begin = [first] if owners else []
    return [*(begin if after is None else after), *([last] if owners else []), limit]


def on_conflict(table: CopiedTable) -> str:
    """Returns the end of an INSERT that replaces a row with the same key."""
    key = ", ".join(column.name for column in table.key)
    changes = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.others)
    return f"ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
