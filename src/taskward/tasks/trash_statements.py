"""The statements that move tasks to the trash."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
)

from taskward.database.functions import any_found, any_of, few
from taskward.database.statements import Command, Part, Read, Written
from taskward.database.tables import trashed_tables
from taskward.database.types import Id, Ids, Instant
from taskward.tasks.tables import TASKS, UPDATED_BY
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER

_NOW: Final = bindparam("now", type_=Instant())
_IDS: Final = bindparam("ids", type_=Ids())
_TASK_ID: Final = bindparam("task_id", type_=Id())
_NONE: Final = literal_column("NULL", Id())


def insert_into_trash(*conditions: Any, deleted_with: Any = _NONE) -> Insert:
    """Copies the tasks that meet the conditions to the trash."""
    columns = [one for one in TASKS.c if one.name != "user_id"]
    names = ["user_id", *(one.name for one in columns), "deleted_at", "deleted_with", "deleted_by"]
    copies = select(OWNER, *columns, _NOW, deleted_with, UPDATED_BY)
    return insert(TRASH).from_select(names, copies.where(*conditions))


def copy_rows(table: Table, copies: Table, *conditions: Any) -> Insert:
    """Copies the rows of a table that meet the conditions to a table with the same columns."""
    names = [one.name for one in table.c if one.name != "user_id"]
    rows = select(OWNER, *(table.c[name] for name in names)).where(table.c.user_id == OWNER, *conditions)
    rows = rows.with_hint(table, f"INDEXED BY ix_{table.name}_user_id_task_id", "sqlite")
    return insert(copies).from_select(["user_id", *names], rows)


def has_none_below() -> ColumnElement[bool]:
    """Returns whether no rows that would go to the trash with the task are there."""
    below = (
        select(one.c.task_id).where(one.c.user_id == OWNER, one.c.task_id == _TASK_ID) for one, _ in _GO_WITH
    )
    return and_(*(~exists(rows) for rows in below))


def count_rows_of_tasks(table: Table) -> Read:
    """Returns the read of how many rows of a table each of the tasks among `ids` has, if it has any."""
    counts = select(table.c.task_id, func.count()).group_by(table.c.task_id)
    counts = counts.where(table.c.user_id == OWNER, any_of(table.c.task_id, few(_IDS)))
    index = f"INDEXED BY ix_{table.name}_user_id_task_id"
    return Read(f"count {table.name} of tasks", counts.with_hint(table, index, "sqlite"))


_GO_WITH: Final = trashed_tables()
COUNT_ROWS: Final = tuple(count_rows_of_tasks(table) for table, _ in _GO_WITH)


def drop_expired(limit: Any) -> Delete:
    """Drops the oldest tasks in the owner's trash that have expired, most often none."""
    expired = (
        select(TRASH.c.id)
        .where(TRASH.c.user_id == OWNER, TRASH.c.deleted_at <= bindparam("trash_since", type_=Instant()))
        .order_by(TRASH.c.deleted_at, TRASH.c.id)
        .limit(limit)
    )
    return delete(TRASH).where(TRASH.c.user_id == OWNER, any_found(TRASH.c.id, expired.scalar_subquery()))


def _trash_rows_of(table: Table, trash: Table) -> Part:
    def change(written: Written) -> Insert:
        return copy_rows(table, trash, table.c.task_id == _TASK_ID, written.has_changed)

    return Part(change)


def _delete_trashed(written: Written) -> Delete:
    return delete(TASKS).where(TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID, written.has_changed)


def _drop_two_expired(written: Written) -> Delete:
    return drop_expired(literal_column("2")).where(written.has_changed)


ROWS_TO_TRASH: Final = tuple(_trash_rows_of(*tables) for tables in _GO_WITH)
DELETE_TRASHED: Final = Part(_delete_trashed)
DROP_TRASH: Final = Part(_drop_two_expired)
"""The parts of a write that moves one task to the trash; the commands below are for several."""

TRASH_TASKS: Final = Command(
    "copy several tasks to the trash",
    insert_into_trash(
        TASKS.c.user_id == OWNER,
        any_of(TASKS.c.id, few(_IDS)),
        deleted_with=bindparam("deleted_with", type_=Id()),
    ),
)
TRASH_ROWS: Final = tuple(
    Command(
        f"copy {table.name} of several tasks to the trash",
        copy_rows(table, trash, any_of(table.c.task_id, few(_IDS))),
        quiet=True,
    )
    for table, trash in _GO_WITH
)
"""They are deleted with their tasks."""

DELETE_TRASHED_TASKS: Final = Command(
    "delete several tasks that are in the trash",
    delete(TASKS).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS))),
    "task.trash",
)
DROP_EXPIRED_TRASH: Final = Command(
    "drop the expired tasks in the trash", drop_expired(bindparam("limit", type_=Integer())), quiet=True
)
