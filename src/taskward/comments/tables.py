"""The tables of comments, and a stored comment as statements return it."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table, Text, text
from sqlmodel import SQLModel

from taskward.database.types import STRICT, CodePointText, Counter, Id, Instant

_HAS_AUTHOR: Final = text("author_id IS NOT NULL")


def _of_tasks(name: str, tasks: str) -> tuple[Any, ...]:
    """Returns the columns of comments on tasks of that table, with which they are deleted."""
    return (
        Column("user_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("task_id", Id, nullable=False),
        Column("author_id", Id, nullable=True),
        Column("text", CodePointText, nullable=False),
        Column("mentions", Text, nullable=True),
        Column("metadata", Text, nullable=True),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("version", Counter, nullable=False),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            [f"{tasks}.user_id", f"{tasks}.id"],
            name=f"fk_{name}_task",
            ondelete="CASCADE",
        ),
        # Its condition, which every row meets, is implied by a comparison of task ids only: see `TaskRow`.
        Index(
            f"ix_{name}_user_id_task_id",
            "user_id",
            "task_id",
            "id",
            postgresql_where=text("task_id IS NOT NULL"),
        ),
    )


COMMENTS: Final = Table(
    "comments",
    SQLModel.metadata,
    *_of_tasks("comments", "tasks"),
    CheckConstraint("length(text) BETWEEN 1 AND 4000", name="ck_comments_text_length"),
    Index(
        "ix_comments_user_id_author_id",
        "user_id",
        "author_id",
        "id",
        sqlite_where=_HAS_AUTHOR,
        postgresql_where=_HAS_AUTHOR,
    ),
    Index(
        "ix_comments_user_id_version",
        "user_id",
        "version",
        postgresql_where=text("version IS NOT NULL"),
    ),
    **STRICT,
)
"""Comments on tasks; `author_id` is a member of the space, and `mentions` a JSON array of such, null without
any. Those on a task are deleted with it."""

TRASH_COMMENTS: Final = Table(
    "trash_comments", SQLModel.metadata, *_of_tasks("trash_comments", "trash"), **STRICT
)
"""Comments on tasks in the trash."""

COMMENT_TOMBSTONES: Final = Table(
    "comment_tombstones",
    SQLModel.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("comment_id", Id, primary_key=True),
    Column("version", Counter, nullable=False),
    Column("deleted_at", Instant, nullable=False),
    Index("ix_comment_tombstones_user_id_version", "user_id", "version"),
    **STRICT,
)
"""Deleted comments, except those that were deleted with their task."""


class CommentRecord(NamedTuple):
    """A stored comment."""

    id: UUID | str
    """Text on SQLite; `str` of it is the id on both engines."""
    user_id: UUID | str
    task_id: UUID | str
    author_id: UUID | str | None
    text: str
    mentions: str | None
    """A JSON array of ids; None without any."""
    metadata: str | None
    """A JSON object; None without any."""
    created_at: datetime
    updated_at: datetime
    version: int


COLUMNS: Final = tuple(COMMENTS.c[name] for name in CommentRecord._fields)
"""The columns that the statements on comments return, in the order of `CommentRecord`."""
