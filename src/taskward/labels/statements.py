"""The statements on the labels of one owner."""

from typing import Final

from sqlalchemy import (
    CTE,
    Insert,
    Integer,
    Text,
    Update,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import json_item, json_rows, monotonic_now
from taskward.database.statements import Command, Read
from taskward.database.types import CodePointText, Counter, Id, Instant
from taskward.tasks.tables import TASK_LABELS, TASKS, UPDATED_BY
from taskward.users.statements import OWNER

_FOLDED: Final = bindparam("folded", type_=CodePointText)
_NEW: Final = bindparam("new", type_=CodePointText)
"""The spelling that tasks get; empty if the label is removed."""
_NEW_FOLDED: Final = bindparam("new_folded", type_=CodePointText)
_NOW: Final = bindparam("now", type_=Instant())
_AFTER_ID: Final = bindparam("after_id", type_=Id())
_LIMIT: Final = bindparam("limit", type_=Integer())

_MATCHING: Final = (
    TASK_LABELS.c.user_id == OWNER,
    TASK_LABELS.c.label_folded == _FOLDED,
    TASK_LABELS.c.label != _NEW,
)
"""The rows of a label, except those with the new spelling."""


def _given() -> CTE:
    """Returns the id, the `extra` and the version of each changed task.

    SQLite would otherwise look through the array for each task of the owner.
    """
    rows = json_rows(bindparam("tasks", type_=Text())).table_valued(column("value"), name="given")
    task_id, extra, version = (json_item(rows.c.value, literal_column(str(n))) for n in range(3))
    columns = cast(task_id, Id()).label("id"), extra.label("extra"), cast(version, Counter).label("version")
    return select(*columns).cte("changed").prefix_with("MATERIALIZED")


def _change_tasks() -> Update:
    changed = _given()
    return (
        update(TASKS)
        .where(TASKS.c.user_id == OWNER, TASKS.c.id == changed.c.id)
        .values(
            extra=changed.c.extra,
            updated_at=monotonic_now(_NOW, TASKS.c.updated_at),
            updated_by=func.coalesce(UPDATED_BY, TASKS.c.updated_by),  # none completes an interrupted change
            version=changed.c.version,
        )
    )


def _add_labels() -> Insert:
    return (
        insert(TASK_LABELS)
        .from_select(
            ["user_id", "task_id", "label_folded", "label"],
            select(OWNER, _given().c.id, _NEW_FOLDED, _NEW).where(true()),
        )
        .on_conflict_do_nothing()
    )


LABELS_AFTER: Final = Read(
    "labels after one",
    select(TASK_LABELS.c.label_folded, func.min(TASK_LABELS.c.label), func.count())
    .where(
        TASK_LABELS.c.user_id == OWNER,
        TASK_LABELS.c.label_folded > bindparam("after", type_=CodePointText),
    )
    .group_by(TASK_LABELS.c.label_folded)
    .order_by(TASK_LABELS.c.label_folded)
    .limit(_LIMIT),
    long=True,
)
COUNT_LABELLED: Final = Read(
    "count of tasks with a label",
    select(func.count())
    .select_from(TASK_LABELS)
    .where(*_MATCHING)
    # SQLite would look through all labels of the owner, because the index lacks the spelling.
    .with_hint(TASK_LABELS, "INDEXED BY ix_task_labels_user_id_label_folded", "sqlite"),
)


def _labelled_after() -> Read:
    """Finds the labels first, and then the task of each.

    For a join, PostgreSQL without statistics reads all tasks of the owner.
    """
    labelled = (
        select(TASK_LABELS.c.task_id)
        .where(*_MATCHING, TASK_LABELS.c.task_id > _AFTER_ID)
        .order_by(TASK_LABELS.c.task_id)
        .limit(_LIMIT)
        .subquery("labelled")
    )
    extra = select(TASKS.c.extra).where(TASKS.c.user_id == OWNER, TASKS.c.id == labelled.c.task_id)
    return Read(
        "tasks with a label after an id",
        select(labelled.c.task_id, extra.scalar_subquery()).order_by(labelled.c.task_id),
    )


LABELLED_AFTER: Final = _labelled_after()
CHANGE_TASKS: Final = Command("change the labels of tasks", _change_tasks(), "task.relabel")
"""Takes the tasks as a JSON array of `[id, extra, version]`."""

DROP_LABELS: Final = Command(
    "drop a label of tasks",
    delete(TASK_LABELS).where(
        *_MATCHING,
        TASK_LABELS.c.task_id > _AFTER_ID,
        TASK_LABELS.c.task_id <= bindparam("up_to_id", type_=Id()),
    ),
)
"""Takes a range of ids: PostgreSQL would compare an array of the tasks with each row of the label."""

ADD_LABELS: Final = Command("add a label to tasks", _add_labels())
"""A task that has the label in another spelling keeps it."""
