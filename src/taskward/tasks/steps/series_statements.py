"""The statements on a recurring task, the next one of its series, and their subtasks."""

from typing import Any, Final

from sqlalchemy import Integer, Text, bindparam, case, literal_column, select, update

from taskward.database.functions import is_false
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id
from taskward.tasks.steps.statements import MAX_LEVELS, change_ranked
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

_TASK_ID: Final = bindparam("task_id", type_=Id())
_NEXT_ID: Final = bindparam("next_id", type_=Id())
_MINE: Final = (TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID)


def _find_next() -> Read:
    following = TASKS.alias("following")
    is_next = following.c.user_id == OWNER, following.c.id == _NEXT_ID
    of_next = (
        select(column).where(*is_next).scalar_subquery()
        for column in (following.c.version, following.c.list_id)
    )
    return Read(
        "find the next task of a series",
        select(TASKS.c.past_recurrence, TASKS.c.next_version, *of_next).where(*_MINE),
    )


FIND_NEXT: Final = _find_next()
"""Of a completed task: its past recurrence, the version in which the next one was made, and the version that
it has now, or null if it was deleted, and its list."""

NOTE_NEXT: Final = Command(
    "note the next task of a series",
    update(TASKS)
    .where(*_MINE)
    .values(
        next_version=bindparam("next_version", type_=Counter),
        past_recurrence=bindparam("past_recurrence", type_=Text()),
    ),
    quiet=True,
)
OPEN_IN_SERIES: Final = Read(
    "open tasks of a series",
    select(TASKS.c.extra)
    .where(
        TASKS.c.user_id == OWNER,
        TASKS.c.series_id == bindparam("series_id", type_=Id()),
        TASKS.c.id != _TASK_ID,
        is_false(TASKS.c.is_completed),
    )
    # SQLite would look through all tasks of the owner, as if an owner had ten.
    .with_hint(TASKS, "INDEXED BY ix_tasks_user_id_series_id", "sqlite"),
)


def _subtasks() -> Read:
    """Reads the tasks below one, except completed ones of a series with a next one: they are history."""
    first = select(TASKS.c.id, literal_column("1", Integer()).label("level")).where(*_MINE)
    walk = first.cte("subtasks", recursive=True)
    below = TASKS.alias("below")
    walk = walk.union_all(
        select(below.c.id, walk.c.level + 1)
        .where(
            below.c.user_id == OWNER,
            below.c.parent_id == walk.c.id,
            walk.c.level < MAX_LEVELS,
            is_false(below.c.is_completed) | below.c.next_version.is_(None),
        )
        # SQLite would look through all tasks of the owner for each of them.
        .with_hint(below, "INDEXED BY ix_tasks_user_id_parent_id_position", "sqlite")
    )
    return Read("subtasks that move to the next task", select(walk.c.id).where(walk.c.level > 1))


SUBTASKS: Final = _subtasks()


def _move_to_next() -> Any:
    return change_ranked(
        parent_id=case((TASKS.c.parent_id == _TASK_ID, _NEXT_ID), else_=TASKS.c.parent_id),
        list_id=bindparam("list_id", type_=Id()),
        is_completed=literal_column("false"),
        completed_at=literal_column("NULL"),
    )


MOVE_TO_NEXT: Final = Command("move subtasks to the next task of a series", _move_to_next(), "task.update")
"""They are open again."""
