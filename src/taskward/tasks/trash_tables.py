"""The table of the trash: deleted tasks that can be restored. No read of tasks touches it."""

from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, Table, text
from sqlmodel import SQLModel

from taskward.database.types import STRICT, Id, Instant
from taskward.tasks.tables import TASKS

_KEY: Final = ("user_id", "id")
_WITH_ANOTHER: Final = text("deleted_with IS NOT NULL")

_ADDED: Final = ("assigned_to", "created_by", "updated_by")
"""Columns that a later migration has added."""


def _copy(name: str) -> Column[Any]:
    column = TASKS.c[name]
    return Column(name, column.type, nullable=column.nullable)


TRASH: Final = Table(
    "trash",
    SQLModel.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Id, primary_key=True),
    *(_copy(name) for name in map(str, TASKS.c.keys()) if name not in (*_KEY, *_ADDED)),
    Column("deleted_at", Instant, nullable=False),
    Column("deleted_with", Id, nullable=True),
    *map(_copy, _ADDED),
    Column("deleted_by", Id, nullable=True),
    Index("ix_trash_deleted_at", "deleted_at"),
    Index("ix_trash_user_id_deleted_at", "user_id", "deleted_at", "id"),
    Index(
        "ix_trash_user_id_deleted_with",
        "user_id",
        "deleted_with",
        "id",
        sqlite_where=_WITH_ANOTHER,
        postgresql_where=_WITH_ANOTHER,
    ),
    **STRICT,
)
"""A task as it was, in the columns of `TASKS`: `deleted_with` is the task whose deletion took it along,
`deleted_by` the member who deleted it, in a space.

An id is in one place only: in `tasks`, in the trash, or in none of them. Labels and pending reminders have no
rows here; a restored task gets them from its fields.
"""
