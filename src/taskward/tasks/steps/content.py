"""The columns of a task after a change; a new task is a change of an empty one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.http.errors import FieldError, ValidationFailed
from taskward.tasks.commands import in_utc, text_values
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.fields.recurrence import NEEDS_OPEN_TASK
from taskward.tasks.tables import TaskRecord

SERIES_GOES_ON: Final = "The series goes on in another task"


def empty_task(task_id: UUID, owner: UUID, created_at: datetime) -> TaskRecord:
    """Returns a task without content, which is not stored."""
    return TaskRecord(task_id, owner, "", None, False, created_at, created_at, version=0)  # noqa: FBT003 - in the order of the columns


def plain_values(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the values of the columns of Part A."""
    return {
        **text_values(given.get("title", before.title), given.get("description", before.description)),
        "is_completed": given.get("is_completed", before.is_completed),
        "completed_at": _completed_at(before, given, now),
    }


def effective(before: TaskRecord, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the given fields, without a recurrence for a task that stays completed: it has no effect.

    Raises:
        ValidationFailed: the task is a new one.

    """
    is_completed = given.get("is_completed", before.is_completed)
    if given.get("recurrence") is None or not is_completed:
        return given
    if not before.version:
        raise ValidationFailed([FieldError("recurrence", NEEDS_OPEN_TASK)])
    return {name: given[name] for name in given if name != "recurrence" or not before.is_completed}


def merged_fields(before: TaskRecord, given: Mapping[str, Any]) -> TaskFields:
    """Returns the optional fields.

    Raises:
        ValidationFailed: the changes do not fit what is stored.

    """
    fields = TaskFields.parse(before.extra)
    if given.get("recurrence") is not None and fields.next_id is not None:
        raise ValidationFailed([FieldError("recurrence", SERIES_GOES_ON)])
    return fields.merged(given)


def changed_labels(before: TaskRecord, extra: str | None) -> str | None:
    """Returns all labels after a change, as `ADD_LABELS` takes them; None if they have not changed."""
    labels = TaskFields.parse(extra).labels
    return None if labels == TaskFields.parse(before.extra).labels else labels_json(labels)


def labels_json(labels: Iterable[str]) -> str:
    """Returns labels as `ADD_LABELS` takes them."""
    return orjson.dumps([(folded_label(label), label) for label in labels]).decode()


def _completed_at(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> datetime | None:
    """Returns when the task was completed: as given, else now, unless it was completed before."""
    if "is_completed" not in given:
        return before.completed_at
    if not given["is_completed"]:
        return None
    return in_utc(given.get("completed_at")) or (before.completed_at if before.is_completed else now)
