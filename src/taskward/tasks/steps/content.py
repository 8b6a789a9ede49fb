"""The columns of a task after a change; a new task is a change of an empty one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from taskward.http.caller import Owner
from taskward.http.errors import FieldError, ValidationFailed
from taskward.tasks.fields import BASE_FIELDS, TaskFields
from taskward.tasks.fields.recurrence import NEEDS_OPEN_TASK
from taskward.tasks.steps.rows import ReminderChange, label_values, schedule
from taskward.tasks.tables import TaskRecord
from taskward.users.statements import person_values

SERIES_GOES_ON: Final = "The series goes on in another task"


def empty_task(task_id: UUID, owner: UUID, created_at: datetime) -> TaskRecord:
    """Returns a task without content, which is not stored."""
    return TaskRecord(task_id, owner, "", None, False, created_at, created_at, version=0)  # noqa: FBT003 - in the order of the columns


def base_values(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the values of the columns of the base fields."""
    return {
        **text_values(given.get("title", before.title), given.get("description", before.description)),
        "is_completed": given.get("is_completed", before.is_completed),
        "completed_at": _completed_at(before, given, now),
    }


def text_values(title: str | None, description: str | None) -> dict[str, Any]:
    """Returns the values of the columns with the texts of a task."""
    return {
        "title": title,
        "title_folded": folded(title),
        "description": description,
        "description_folded": folded(description),
    }


def folded(text: str | None) -> str | None:
    """Returns a text in its case-folded form for searches."""
    return None if text is None else text.casefold()


def in_utc(moment: datetime | None) -> datetime | None:
    """Returns a time in UTC."""
    return moment and moment.astimezone(UTC)


def effective(before: TaskRecord, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the given fields, without a recurrence that has no effect.

    That is one of a task that stays completed, or is completed while its series goes on in another task.

    Raises:
        ValidationFailed: the task is a new one.

    """
    is_completed = given.get("is_completed", before.is_completed)
    if given.get("recurrence") is None or not is_completed:
        return given
    if not before.version:
        raise ValidationFailed([FieldError("recurrence", NEEDS_OPEN_TASK)])
    if not before.is_completed and TaskFields.parse(before.extra).next_id is None:
        return given
    return {name: value for name, value in given.items() if name != "recurrence"}


def merged_fields(fields: TaskFields, given: Mapping[str, Any]) -> TaskFields:
    """Returns the optional fields after a change.

    Raises:
        ValidationFailed: the changes do not fit what is stored.

    """
    if given.get("recurrence") is not None and fields.next_id is not None:
        raise ValidationFailed([FieldError("recurrence", SERIES_GOES_ON)])
    return fields.merged(given)


def values_alone(
    owner: Owner, before: TaskRecord, given: Mapping[str, Any], now: datetime, zone: str | None
) -> dict[str, Any] | None:
    """Returns what a write that concerns no other task stores; None if it needs a lock.

    It does if the changes do not fit what is stored: then the locked write names all that is wrong.
    """
    try:
        return _merged_values(owner, before, given, now, zone)
    except ValidationFailed:
        return None


def _merged_values(
    owner: Owner, before: TaskRecord, given: Mapping[str, Any], now: datetime, zone: str | None
) -> dict[str, Any] | None:
    given = effective(before, given)
    values = base_values(before, given, now)
    values |= {"owner": owner.id, "task_id": before.id, "now": now}
    if not before.version:
        values |= person_values(owner) | {"created_at": before.created_at}
        if given.keys() <= BASE_FIELDS:
            return values
    values["fields"] = sorted(given)  # for the audit log and the activity, as the next one
    values["was_completed"] = before.is_completed
    old = TaskFields.parse(before.extra)
    new = merged_fields(old, given)
    values |= new.columns()
    values |= label_values(old, new)
    reminders = ReminderChange(
        schedule(old, is_completed=before.is_completed),
        schedule(new, is_completed=values["is_completed"]),
        zone,
    )
    place = _place(before, given) | {"position": given.get("position", before.position)}
    place["assigned_to"] = given.get("assigned_to", before.assigned_to)
    seen = {"seen": before.version}
    return None if reminders.renumbers else values | reminders.values(now) | place | seen


def stored_task(
    before: TaskRecord, values: Mapping[str, Any], version: int, written_by: UUID | None
) -> TaskRecord:
    """Returns the task that was stored with these values, in a space by that member."""
    return TaskRecord(
        values["task_id"],
        values["owner"],
        values["title"],
        values["description"],
        values["is_completed"],
        before.created_at,
        values["now"],
        version,
        values.get("list_id"),
        values.get("parent_id"),
        values.get("position"),
        values["completed_at"],
        values.get("extra"),
        values.get("assigned_to"),
        before.created_by if before.version else written_by,
        written_by,
    )


def _completed_at(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> datetime | None:
    """Returns when the task was completed: as given, else now, unless it was completed before."""
    if "is_completed" not in given:
        return before.completed_at
    if not given["is_completed"]:
        return None
    return in_utc(given.get("completed_at")) or (before.completed_at if before.is_completed else now)


def _place(before: TaskRecord, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the list and the parent of a task; in the form that they are stored in."""
    list_id = given.get("list_id", before.list_id)
    is_same = before.list_id is not None and str(list_id) == str(before.list_id)
    return {"list_id": before.list_id if is_same else list_id, "parent_id": before.parent_id}
