"""The table of the activity of spaces, and an entry as statements return it."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text
from sqlmodel import SQLModel

from taskward.database.types import STRICT, Id, Instant

_HAS_TASK: Final = text("task_id IS NOT NULL")

ACTIVITY: Final = Table(
    "activity",
    SQLModel.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor_id", Id, nullable=True),
    Column("action", Text, nullable=False),
    Column("task_id", Id, nullable=True),
    Column("list_id", Id, nullable=True),
    Column("comment_id", Id, nullable=True),
    Column("member_id", Id, nullable=True),
    Column("number", Integer, nullable=True),
    Column("fields", Text, nullable=True),
    Column("via", Text, nullable=True),
    Index(
        "ix_activity_user_id_task_id",
        "user_id",
        "task_id",
        "id",
        postgresql_where=_HAS_TASK,
        sqlite_where=_HAS_TASK,
    ),
    **STRICT,
)
"""The work of members in a space, without a value that a user has written. `actor_id` and `member_id` are
members, `fields` a JSON array of names of fields, `number` one of tasks."""


class ActivityRecord(NamedTuple):
    """A stored entry."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    task_id: UUID | None
    list_id: UUID | None
    comment_id: UUID | None
    member_id: UUID | None
    number: int | None
    fields: str | None
    via: str | None
