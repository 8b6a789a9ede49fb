"""A stored list, as statements return it; its table is in `taskward.tasks.tables`."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from taskward.tasks.tables import LISTS


class ListRecord(NamedTuple):
    """A stored list."""

    id: UUID | str
    """Text on SQLite; `str` of it is the id on both engines."""
    user_id: UUID | str
    title: str
    is_archived: bool
    position: str
    metadata: str | None
    """A JSON object; None without any."""
    created_at: datetime
    updated_at: datetime
    version: int


COLUMNS: Final = tuple(LISTS.c[name] for name in ListRecord._fields)
"""The columns that the statements on lists return, in the order of `ListRecord`."""
