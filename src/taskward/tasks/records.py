"""A stored task as a row has it and as responses have it."""

from typing import Any, Final

import orjson

from taskward.database.statements import Row
from taskward.http.caller import Owner
from taskward.http.responses import json_timestamp, rfc3339
from taskward.tasks.tables import RECORD_WIDTH, TaskRecord, new_record

_NO_OPTIONAL_FIELDS: Final = [None] * 8


def task_path(owner: Owner, task_id: object) -> str:
    """Returns the path of a task."""
    return f"{owner.path}/tasks/{task_id}"


def task_record(row: Row) -> TaskRecord:
    """Returns the task at the beginning of a row; other columns may follow."""
    return new_record(row[:RECORD_WIDTH])


def version_tag(version: int) -> str:
    """Returns the entity tag of an object in that version."""
    return f'"{version}"'


def task_json(task: TaskRecord) -> dict[str, Any]:
    """Returns a stored task, ready for `dump_json`."""
    task_id, user_id, title, description, is_completed, created_at, updated_at, _, *optional = task
    value = {
        "id": str(task_id),
        "user_id": str(user_id),
        "title": title,
        "description": description,
        "is_completed": is_completed,
        # `json_timestamp`, without its call: a list of 1000 has 2000 times
        "created_at": created_at if created_at.microsecond else rfc3339(created_at),
        "updated_at": updated_at if updated_at.microsecond else rfc3339(updated_at),
    }
    return value if optional == _NO_OPTIONAL_FIELDS else value | _optional_fields(task)


def _optional_fields(task: TaskRecord) -> dict[str, Any]:
    """Returns the fields that are in a response only where they have a value."""
    columns = {
        "list_id": task.list_id and str(task.list_id),
        "parent_id": task.parent_id and str(task.parent_id),
        "position": task.position,
        "completed_at": task.completed_at and json_timestamp(task.completed_at),
        "assigned_to": task.assigned_to and str(task.assigned_to),
    }
    present: dict[str, Any] = {name: value for name, value in columns.items() if value is not None}
    if task.updated_by is not None:
        present |= {
            "created_by": task.created_by and str(task.created_by),
            "updated_by": str(task.updated_by),
        }
    return present if task.extra is None else present | orjson.loads(task.extra)
