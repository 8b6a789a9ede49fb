"""The columns of a task after a change; a new task is a change of an empty one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from taskward.tasks.commands import text_values
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.tables import TaskRecord


def empty_task(task_id: UUID, owner: UUID, created_at: datetime) -> TaskRecord:
    """Returns a task without content, which is not stored."""
    return TaskRecord(task_id, owner, "", None, False, created_at, created_at, version=0)  # noqa: FBT003 - in the order of the columns


def content_values(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the values of the columns that do not depend on other tasks or lists.

    Raises:
        ValidationFailed: the changes do not fit what is stored.

    """
    return {
        **text_values(given.get("title", before.title), given.get("description", before.description)),
        "is_completed": given.get("is_completed", before.is_completed),
        "completed_at": _completed_at(before, given, now),
        **TaskFields.parse(before.extra).merged(given).columns(),
    }


def changed_labels(before: TaskRecord, extra: str | None) -> str | None:
    """Returns all labels after a change, as `ADD_LABELS` takes them; None if they have not changed."""
    labels = TaskFields.parse(extra).labels
    if labels == TaskFields.parse(before.extra).labels:
        return None
    return orjson.dumps([(folded_label(label), label) for label in labels]).decode()


def _completed_at(before: TaskRecord, given: Mapping[str, Any], now: datetime) -> datetime | None:
    """Returns when the task was completed: as given, else now, unless it was completed before."""
    if "is_completed" not in given:
        return before.completed_at
    if not given["is_completed"]:
        return None
    said: datetime | None = given.get("completed_at")
    return said or (before.completed_at if before.is_completed else now)
