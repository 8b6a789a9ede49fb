"""The tables that are copied.

Rows are exchanged in the form of SQLite: ids as text, times as microseconds since 1970, flags as 0 or 1. Both
engines sort keys by code points in that form, as Python does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Column, Integer, Table

from taskward.database.tables import LOCKS, all_tables, owner_column
from taskward.database.types import Flag, Id, Instant
from taskward.features import ENTITIES
from taskward.me.import_tables import IMPORT_COMMENTS, IMPORT_TASKS, IMPORTS
from taskward.tasks.instant_tables import TIME_ZONE_DATA
from taskward.tasks.tables import TASKS
from taskward.users.tables import USERS
from taskward.webhooks.tables import RECEIVER

Row: TypeAlias = tuple[Any, ...]
Kind: TypeAlias = Literal["id", "instant", "flag", "number", "text"]
OwnerRange: TypeAlias = tuple[str, str]
"""The ids of the first and of the last owner of a range."""


@dataclass(frozen=True)
class CopiedTable:
    """A table of both databases. The columns of the primary key come first in its rows."""

    table: Table

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def has_owner(self) -> bool:
        """Whether the first column of its rows is the owner."""
        return owner_column(self.table) is not None

    @cached_property
    def key(self) -> Sequence[Column[Any]]:
        return tuple(self.table.primary_key.columns)

    @cached_property
    def columns(self) -> Sequence[Column[Any]]:
        return (*self.key, *(column for column in self.table.columns if not column.primary_key))

    @cached_property
    def others(self) -> Sequence[Column[Any]]:
        return self.columns[len(self.key) :]

    def key_of(self, row: Row) -> Row:
        return row[: len(self.key)]


def kind_of(column: Column[Any]) -> Kind:
    """Returns the kind of the values of a column."""
    if isinstance(column.type, Id):
        return "id"
    if isinstance(column.type, Instant):
        return "instant"
    if isinstance(column.type, Flag):
        return "flag"
    return "number" if isinstance(column.type, Integer) else "text"


COPIED_USERS: Final = CopiedTable(USERS)
COPIED_TASKS: Final = CopiedTable(TASKS)
EMAIL: Final = [column.name for column in COPIED_USERS.columns].index("email")
"""The index of the e-mail address in a row of `users`."""

_OF_ENTITIES: Final = [one for entity in ENTITIES for one in (entity.table, *entity.parts, entity.tombstones)]
COUNTED: Final = tuple(map(CopiedTable, _OF_ENTITIES))
"""Tables of an owner whose changes also change the owner's row, because they move its counter."""

EXCLUDED: Final = frozenset({IMPORTS.name, IMPORT_TASKS.name, IMPORT_COMMENTS.name, LOCKS.name})
"""Tables of changes in progress. Their owners are copied once the change is complete; an import that is being
staged ends with the service that runs it."""

UNCOUNTED: Final = tuple(
    CopiedTable(table)
    for table in all_tables()
    if table.name not in EXCLUDED | {USERS.name, *(one.name for one in _OF_ENTITIES)}
)
"""Tables that also change without the owner's row: they are compared row by row, each time."""

COPIED: Final = (COPIED_USERS, *COUNTED, *UNCOUNTED)
SEEDED: Final = frozenset({RECEIVER.name, TIME_ZONE_DATA.name})
"""Tables with one row, which the migrations insert."""
