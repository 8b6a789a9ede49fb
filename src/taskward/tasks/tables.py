"""The tables of tasks, lists, labels and deleted tasks and lists; a stored task as statements return it."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlmodel import Field, SQLModel

from taskward.database.statements import Row
from taskward.database.types import STRICT, CodePointText, Counter, Flag, Id, Instant, Small

_OWNER: Final = "users.id"


class TaskRow(SQLModel, table=True):
    """A stored task; every key begins with the owner.

    `version` is the owner's counter at the task's last change. The folded texts are searched: case-folding in
    Python makes both engines find the same.

    `extra` is a JSON object with the optional fields as they are answered (`tasks/fields/`); null without
    any. What is filtered, sorted or changed in many rows at once has a column of its own, beside it or
    instead: `due_key` and `start_key` are the local times as sortable texts, `due_utc` and `start_utc` the
    instants of those in a time zone, `priority` is 1 to 4. A null `position` is the default one
    (`position_key`). A completed task of a series keeps the recurrence that it had, for its reopening, and
    the version in which the next task was made: in another one that has been changed. `created_by` and
    `updated_by` are the members who made and last changed a task of a space, and `assigned_to` is the one who
    is asked to do it; a private task has none of them.

    On PostgreSQL the index of versions has a condition that every row meets, and that only a comparison of
    versions implies. What names the owner and an id then has no index but the primary key. In a small table,
    or one without statistics, another index of the owner seems as good, and a session keeps such a plan while
    the table grows, also for the foreign keys that lead here.

    No foreign key leads to a list or another task: an import may refer forwards, and takes several
    transactions. The owner's lock orders all writes that could break such a reference.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="ck_tasks_title_length"),
        CheckConstraint("length(description) <= 2000", name="ck_tasks_description_length"),
        Index(
            "ix_tasks_user_id_version",
            "user_id",
            "version",
            postgresql_where=text("version IS NOT NULL"),
        ),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey(_OWNER, ondelete="CASCADE"), primary_key=True))
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    title: str = Field(sa_column=Column(CodePointText, nullable=False))
    title_folded: str = Field(sa_column=Column(Text, nullable=False))
    description: str | None = Field(sa_column=Column(Text, nullable=True))
    description_folded: str | None = Field(sa_column=Column(Text, nullable=True))
    is_completed: bool = Field(sa_column=Column(Flag, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    version: int = Field(sa_column=Column(Counter, nullable=False))
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
    next_version: int | None = Field(sa_column=Column(Counter, nullable=True))
    past_recurrence: str | None = Field(sa_column=Column(Text, nullable=True))
    assigned_to: UUID | None = Field(sa_column=Column(Id, nullable=True))
    created_by: UUID | None = Field(sa_column=Column(Id, nullable=True))
    updated_by: UUID | None = Field(sa_column=Column(Id, nullable=True))


class TombstoneRow(SQLModel, table=True):
    """The record of a deleted task in the change feed."""

    __tablename__ = "tombstones"
    __table_args__ = (
        Index("ix_tombstones_user_id_version", "user_id", "version"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey(_OWNER, ondelete="CASCADE"), primary_key=True))
    task_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    version: int = Field(sa_column=Column(Counter, nullable=False))
    deleted_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class TaskLabelRow(SQLModel, table=True):
    """A label of a task, as it was given, and case-folded: labels that differ in case only are the same."""

    __tablename__ = "task_labels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_task_labels_task",
            ondelete="CASCADE",
        ),
        Index("ix_task_labels_user_id_label_folded", "user_id", "label_folded", "task_id"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    task_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    label_folded: str = Field(sa_column=Column(CodePointText, primary_key=True))
    label: str = Field(sa_column=Column(CodePointText, nullable=False))


class ListRow(SQLModel, table=True):
    """A stored list of tasks; `version` is the owner's counter at its last change."""

    __tablename__ = "lists"
    __table_args__ = (
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="ck_lists_title_length"),
        Index("ix_lists_user_id_version", "user_id", "version"),
        Index("ix_lists_user_id_position", "user_id", "position", "id"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey(_OWNER, ondelete="CASCADE"), primary_key=True))
    id: UUID = Field(sa_column=Column(Id, primary_key=True))
    title: str = Field(sa_column=Column(CodePointText, nullable=False))
    is_archived: bool = Field(sa_column=Column(Flag, nullable=False))
    position: str = Field(sa_column=Column(CodePointText, nullable=False))
    metadata_json: str | None = Field(sa_column=Column("metadata", Text, nullable=True))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    version: int = Field(sa_column=Column(Counter, nullable=False))


class ListTombstoneRow(SQLModel, table=True):
    """The record of a deleted list in the change feed."""

    __tablename__ = "list_tombstones"
    __table_args__ = (
        Index("ix_list_tombstones_user_id_version", "user_id", "version"),
        STRICT,
    )

    user_id: UUID = Field(sa_column=Column(Id, ForeignKey(_OWNER, ondelete="CASCADE"), primary_key=True))
    list_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    version: int = Field(sa_column=Column(Counter, nullable=False))
    deleted_at: datetime = Field(sa_column=Column(Instant, nullable=False))


TASKS: Final[Table] = SQLModel.metadata.tables["tasks"]
TOMBSTONES: Final[Table] = SQLModel.metadata.tables["tombstones"]
TASK_LABELS: Final[Table] = SQLModel.metadata.tables["task_labels"]
LISTS: Final[Table] = SQLModel.metadata.tables["lists"]
LIST_TOMBSTONES: Final[Table] = SQLModel.metadata.tables["list_tombstones"]


def position_key(tasks: FromClause) -> ColumnElement[str]:
    """Returns the position of a task, as the indexes have it: its own, or the default one made of its id."""
    compact_id = func.replace(sql_cast(tasks.c.id, Text), literal_column("'-'"), literal_column("''"))
    default = literal_column("'m'", Text).op("||")(compact_id).op("||")(literal_column("'h'", Text))
    return func.coalesce(tasks.c.position, default, type_=CodePointText)


def task_index(name: str, *columns: ColumnElement[Any], where: str) -> None:
    """Adds an index of the owner's tasks that meet a condition, in which `open` is that of the open ones."""
    Index(
        f"ix_tasks_user_id_{name}",
        TASKS.c.user_id,
        *columns,
        postgresql_where=text(where.replace("open", "NOT is_completed")),
        sqlite_where=text(where.replace("open", "is_completed = 0")),
    )


_PLACE: Final = (position_key(TASKS), TASKS.c.id)
_SUMMED: Final = (TASKS.c.list_id, TASKS.c.due_key, TASKS.c.due_utc, TASKS.c.is_completed)
task_index("open", TASKS.c.id, *_SUMMED, where="open")
"""With all that the summary reads, so that it does not read the tasks, which are on a page each."""

task_index("open_position", TASKS.c.list_id, *_PLACE, where="list_id IS NOT NULL AND open")
task_index("list_id_position", TASKS.c.list_id, *_PLACE, where="list_id IS NOT NULL")
task_index(
    "top_position", TASKS.c.list_id, *_PLACE, where="parent_id IS NULL AND (list_id IS NOT NULL OR open)"
)
"""Of the siblings in a list and in none, so that the neighbours of a new position are next to each other."""

task_index("parent_id_position", TASKS.c.parent_id, *_PLACE, where="parent_id IS NOT NULL")
task_index(
    "assigned_to", TASKS.c.assigned_to, TASKS.c.due_key, TASKS.c.id, where="assigned_to IS NOT NULL AND open"
)
task_index("assigned", TASKS.c.assigned_to, TASKS.c.id, where="assigned_to IS NOT NULL AND open")
task_index("series_id", TASKS.c.series_id, TASKS.c.id, where="series_id IS NOT NULL")


class TaskRecord(NamedTuple):
    """A stored task."""

    id: UUID | str
    """Text on SQLite; `str` of it is the id on both engines."""
    user_id: UUID | str
    title: str
    description: str | None
    is_completed: bool
    created_at: datetime
    updated_at: datetime
    version: int
    list_id: UUID | str | None = None
    parent_id: UUID | str | None = None
    position: str | None = None
    completed_at: datetime | None = None
    extra: str | None = None
    """The optional fields that have no column of their own in a response: a JSON object; None without any."""
    assigned_to: UUID | str | None = None
    created_by: UUID | str | None = None
    updated_by: UUID | str | None = None


UPDATED_BY: Final = bindparam("updated_by", type_=Id())
"""The member who changes a task of a space; null for other owners, and for the service's own work."""

COLUMNS: Final = tuple(TASKS.c[name] for name in TaskRecord._fields)
"""The columns that the statements on tasks return first, in the order of `TaskRecord`."""

RECORD_WIDTH: Final = len(COLUMNS)
_columns_of_task: Final = itemgetter(slice(RECORD_WIDTH))
new_record: Final = partial(tuple.__new__, TaskRecord)
"""Without a Python function for each row: a list of 1000 takes 0.2 ms, with `TaskRecord._make` 0.4 ms."""


def task_records(rows: Iterable[Row]) -> list[TaskRecord]:
    """Returns the task at the beginning of each row."""
    return list(map(new_record, map(_columns_of_task, rows)))


def columns_after_task(row: Row) -> Row:
    """Returns the columns of a row that follow those of its task."""
    rest: Row = row[RECORD_WIDTH:]
    return rest
