"""The table of the trash: deleted tasks that can be restored. No read of tasks touches it."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, text
from sqlmodel import SQLModel

from taskward.database.types import Id, Instant
from taskward.tasks.tables import TASKS

_KEY: Final = ("user_id", "id")
_TAKEN_ALONG: Final = text("deleted_with IS NOT NULL")

TRASH: Final = Table(
    "trash",
    SQLModel.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Id, primary_key=True),
    *(Column(one.name, one.type, nullable=one.nullable) for one in TASKS.c if one.name not in _KEY),
    Column("deleted_at", Instant, nullable=False),
    Column("deleted_with", Id, nullable=True),
    Index("ix_trash_deleted_at", "deleted_at"),
    Index("ix_trash_user_id_deleted_at", "user_id", "deleted_at", "id"),
    Index(
        "ix_trash_user_id_deleted_with",
        "user_id",
        "deleted_with",
        "id",
        sqlite_where=_TAKEN_ALONG,
        postgresql_where=_TAKEN_ALONG,
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""A task as it was, in the columns of `TASKS`: `deleted_with` is the task whose deletion took it along.

An id is in one place only: in `tasks`, in the trash, or in none of them. Labels and pending reminders have no
rows here; a restored task gets them from its fields.
"""
