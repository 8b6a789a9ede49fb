"""The tables of all features, and whose rows they hold."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Table, Text
from sqlmodel import Field, SQLModel

from taskward.database.outbox import MARKS
from taskward.database.types import STRICT, Counter, Id

_PACKAGE: Final = Path(__file__).parent.parent


class OwnerLockRow(SQLModel, table=True):
    """The lock of a change in progress; see `taskward.database.sqlite.owner_locks`.

    PostgreSQL has the table too, always empty.
    """

    __tablename__ = "owner_locks"
    __table_args__ = (STRICT,)

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    change: str = Field(sa_column=Column(Text, nullable=False))
    holder: str = Field(sa_column=Column(Text, nullable=False))
    renewed_at: int = Field(sa_column=Column(Counter, nullable=False))
    """Microseconds since 1970."""


LOCKS: Final[Table] = SQLModel.metadata.tables["owner_locks"]


@cache
def all_tables() -> tuple[Table, ...]:
    """Returns every table, one that others reference before them, and the owners' first.

    The tables of a feature are declared in its `tables.py`, or in another module of its folder whose name
    ends in `tables`. They are found by that name, like the migrations, so the result does not depend on what
    a process has imported.
    """
    for path in sorted(_PACKAGE.glob("*/*tables.py")):
        import_module(f"{_PACKAGE.name}.{path.parent.name}.{path.stem}")
    users = MARKS.metadata.tables["users"]
    return users, *(table for table in MARKS.metadata.sorted_tables if table is not users)


def owner_column(table: Table) -> Column[Any] | None:
    """Returns the column with the owner, at the beginning of the key; None if the rows have no owner."""
    first: Column[Any] = next(iter(table.primary_key.columns))
    return first if first.name == ("id" if table.name == "users" else "user_id") else None


def owned_tables() -> tuple[tuple[Table, Column[Any]], ...]:
    """Returns the tables whose rows have an owner, each with that column."""
    found = ((table, owner_column(table)) for table in all_tables())
    return tuple((table, column) for table, column in found if column is not None)


def trashed_tables() -> tuple[tuple[Table, Table], ...]:
    """Returns the tables whose rows go to the trash with their task, each with that of those in the trash.

    Both have the same columns, `task_id` among them; the second is named `trash_` and like the first.
    """
    tables = {table.name: table for table in all_tables()}
    return tuple(
        (table, trash) for name, table in tables.items() if (trash := tables.get(f"trash_{name}")) is not None
    )


def shared_tables() -> tuple[Table, ...]:
    """Returns the tables whose rows have no owner."""
    return tuple(table for table in all_tables() if owner_column(table) is None)
