"""The tables in which an import is staged until it is published."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Index, Table, Text, text
from sqlmodel import Field, SQLModel

from taskward.database.types import STRICT, CodePointText, Counter, Flag, Id, Instant, Small

_GIVEN: Final = text("given_id IS NOT NULL")


class ImportRow(SQLModel, table=True):
    """The import of an owner that is in progress: at most one.

    The process that runs it renews the row; a row that is not renewed any more was left by a process that
    died. `first_number` is the number of the first task once the import is published.
    """

    __tablename__ = "imports"
    __table_args__ = (STRICT,)

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    token: UUID = Field(sa_column=Column(Id, nullable=False))
    renewed_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    first_number: int | None = Field(sa_column=Column(Counter, nullable=True))


class ImportTaskRow(SQLModel, table=True):
    """A staged task; `given_id` is its id in the document, if it is stored under another."""

    __tablename__ = "import_tasks"
    __table_args__ = (
        Index(
            "ix_import_tasks_user_id_given_id",
            "user_id",
            "given_id",
            unique=True,
            sqlite_where=_GIVEN,
            postgresql_where=_GIVEN,
        ),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    given_id: UUID | None = Field(sa_column=Column(Id, nullable=True))
    title: str = Field(sa_column=Column(Text, nullable=False))
    title_folded: str = Field(sa_column=Column(Text, nullable=False))
    description: str | None = Field(sa_column=Column(Text, nullable=True))
    description_folded: str | None = Field(sa_column=Column(Text, nullable=True))
    is_completed: bool = Field(sa_column=Column(Flag, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    list_id: UUID | None = Field(sa_column=Column(Id, nullable=True))
    parent_id: UUID | None = Field(sa_column=Column(Id, nullable=True))
    position: str | None = Field(sa_column=Column(CodePointText, nullable=True))
    completed_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    extra: str | None = Field(sa_column=Column(Text, nullable=True))
    due_key: str | None = Field(sa_column=Column(CodePointText, nullable=True))
    due_utc: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    start_key: str | None = Field(sa_column=Column(CodePointText, nullable=True))
    start_utc: datetime | None = Field(sa_column=Column(Instant, nullable=True))
    priority: int | None = Field(sa_column=Column(Small, nullable=True))
    series_id: UUID | None = Field(sa_column=Column(Id, nullable=True))
    labels: str | None = Field(sa_column=Column(Text, nullable=True))
    """A JSON array of `[folded, label]`."""


class ImportCommentRow(SQLModel, table=True):
    """A staged comment on a task that is staged, or that the owner has."""

    __tablename__ = "import_comments"
    __table_args__ = (
        Index("ix_import_comments_user_id_task_id", "user_id", "task_id", "id"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    task_id: UUID = Field(sa_column=Column(Id, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    metadata_json: str | None = Field(sa_column=Column("metadata", Text, nullable=True))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))


IMPORTS: Final[Table] = SQLModel.metadata.tables["imports"]
IMPORT_TASKS: Final[Table] = SQLModel.metadata.tables["import_tasks"]
IMPORT_COMMENTS: Final[Table] = SQLModel.metadata.tables["import_comments"]
