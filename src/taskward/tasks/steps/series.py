"""Series: completing a recurring task makes the next one, and reopening it takes that one back.

Both are a part of the write that completes or reopens, in its transaction: docs/decisions/0044.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from taskward.database.statements import TransactionSteps, Values
from taskward.http.caller import Owner
from taskward.http.errors import FieldError, ValidationFailed
from taskward.ids import created_at, new_id
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.completion import has_offset
from taskward.tasks.fields.dates import moved_by
from taskward.tasks.fields.reminders import relative
from taskward.tasks.recurrence.next_day import Recurrence, next_occurrence
from taskward.tasks.statements import CREATE_TASK
from taskward.tasks.steps.content import SERIES_GOES_ON
from taskward.tasks.steps.reminders import add_reminders_steps, carry_over_steps, follow_tasks_steps
from taskward.tasks.steps.rows import labels_json
from taskward.tasks.steps.series_statements import (
    FIND_NEXT,
    MOVE_TO_NEXT,
    NOTE_NEXT,
    OPEN_IN_SERIES,
    SUBTASKS,
)
from taskward.tasks.steps.several import change_several_steps, delete_several_steps, raise_children_steps
from taskward.tasks.steps.subtasks import fits_steps
from taskward.tasks.tables import TaskRecord
from taskward.users.retention import Deletion
from taskward.users.statements import person_values


class NextTask(NamedTuple):
    """The task that is made when a recurring one is completed."""

    id: UUID
    fields: TaskFields


class Undo(NamedTuple):
    """A completed task as it was while it was open, and the untouched next one, which is taken back."""

    task: TaskRecord
    next_id: UUID
    list_id: UUID | None
    """The list of the next one."""


def completed_fields(
    task_id: UUID, fields: TaskFields, completed_at: datetime, zone: str | None
) -> tuple[TaskFields, NextTask | None]:
    """Returns the fields of a recurring task once it is completed, and the next one; None if it was the last.

    `zone` is the owner's time zone. `completed_at` has its offset if the client has given one.
    """
    recurrence, due = Recurrence.parse(fields.recurrence or {}), fields.due or {}
    found = next_occurrence(recurrence, due, completed_at, zone, offset_given=has_offset(completed_at))
    done = fields.replaced(recurrence=None, series_id=fields.series_id or str(task_id))
    if found is None:
        return done, None
    days = found[0] - date.fromisoformat(due["date"])
    following = done.replaced(
        due=moved_by(due, days),
        start=fields.start and moved_by(fields.start, days),
        reminders=relative(fields.reminders),
        recurrence=found[1].json(),
    )
    next_task = NextTask(new_id(), following)
    return done.replaced(next_id=str(next_task.id)), next_task


def is_part_of_series(task: TaskRecord, given: Mapping[str, Any], next_version: int | None) -> bool:
    """Returns whether a change may concern another task of the series: the next one, or the open one."""
    fields = TaskFields.parse(task.extra)
    if given.get("recurrence") is not None and fields.series_id is not None:
        return True
    if given.get("is_completed", task.is_completed):
        return not task.is_completed and (fields.recurrence or given.get("recurrence")) is not None
    return task.is_completed and next_version is not None


def check_series_steps(owner: UUID, before: TaskRecord, given: Mapping[str, Any]) -> TransactionSteps[None]:
    """Checks that a task which gets a recurrence is the only one of its series that has one.

    Raises:
        ValidationFailed: another task has it.

    """
    fields = TaskFields.parse(before.extra)
    if given.get("recurrence") is None or fields.recurrence is not None or fields.series_id is None:
        return
    values = {"owner": owner, "task_id": UUID(str(before.id)), "series_id": UUID(fields.series_id)}
    rows = yield OPEN_IN_SERIES, values
    if any(TaskFields.parse(extra).recurrence is not None for (extra,) in rows):
        raise ValidationFailed([FieldError("recurrence", SERIES_GOES_ON)])


def next_task_steps(
    owner: Owner,
    done: Values,
    recurrence: Mapping[str, str] | None,
    next_task: NextTask,
    zone: str | None,
) -> TransactionSteps[None]:
    """Stores the task after the one that was completed with these values, and moves the subtasks there."""
    now = created_at(next_task.id)
    state = {"is_completed": False, "completed_at": None, "created_at": now, "now": now}
    columns = next_task.fields.columns()
    labels = labels_json(next_task.fields.labels) if next_task.fields.labels else None
    rows_of_task = {"labels": labels, "reminders": None, "is_conditional": False}
    values = {**done, **columns, **state, **rows_of_task, "task_id": next_task.id, "fields": ["recurrence"]}
    values |= person_values(owner)
    rows = yield CREATE_TASK, values
    of_done = {"owner": owner.id, "task_id": done["task_id"], "next_id": next_task.id}
    past = orjson.dumps(recurrence).decode()
    yield NOTE_NEXT, of_done | {"next_version": rows[0][0], "past_recurrence": past}
    rows = yield SUBTASKS, of_done
    moved = of_done | {
        "list_id": done["list_id"],
        "now": done["now"],
        "fields": ["is_completed", "parent_id"],
    }
    opened = [row[0] for row in rows]
    yield from change_several_steps(owner.id, MOVE_TO_NEXT, opened, moved)
    reminded = [next_task.id] if next_task.fields.reminders else []
    yield from add_reminders_steps(owner.id, [*reminded, *opened], zone)
    if owner.author is not None:
        yield from carry_over_steps(owner.id, done["task_id"], next_task.id)
        yield from follow_tasks_steps(owner.id, opened)


def undo_steps(owner: UUID, task: TaskRecord, given: Mapping[str, Any]) -> TransactionSteps[Undo | None]:
    """Returns how a completed task is reopened with its recurrence; None if the next one stays.

    It stays if it has been changed or deleted, or if its subtasks have no room where the task is now. A task
    without a due day cannot have its recurrence back.
    """
    fields = TaskFields.parse(task.extra)
    if not task.is_completed or given.get("is_completed") is not False or fields.next_id is None:
        return None
    next_id = UUID(fields.next_id)
    rows = yield FIND_NEXT, {"owner": owner, "task_id": UUID(str(task.id)), "next_id": next_id}
    past_recurrence, made_in, version, list_id = rows[0]
    if past_recurrence is None or made_in != version or (fields.due or given.get("due")) is None:
        return None
    if "parent_id" not in given and not (yield from fits_steps(owner, UUID(str(task.id)), next_id)):
        return None
    is_first = fields.series_id == str(task.id)
    fields = fields.replaced(
        recurrence=orjson.loads(past_recurrence),
        series_id=None if is_first else fields.series_id,
        next_id=None,
    )
    undone = task._replace(extra=fields.columns()["extra"])
    return Undo(undone, next_id, None if list_id is None else UUID(str(list_id)))


def take_back_steps(owner: UUID, task_id: UUID, next_id: UUID, deletion: Deletion) -> TransactionSteps[None]:
    """Deletes the next task of a series; its subtasks are below the one before again."""
    yield from raise_children_steps(owner, next_id, task_id, deletion.now)
    yield from delete_several_steps(owner, [next_id], deletion)
    values = {"owner": owner, "task_id": task_id, "next_version": None, "past_recurrence": None}
    yield NOTE_NEXT, values
