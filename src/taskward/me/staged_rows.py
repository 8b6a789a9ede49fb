"""Tasks and lists of an import as the JSON arrays that the statements take."""

from collections.abc import Iterable
from uuid import UUID

import orjson

from taskward.database.types import to_microseconds
from taskward.me.import_models import ImportedList, ImportedTask
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.positions import default_key
from taskward.tasks.steps.content import folded


def staged_row(task: ImportedTask, list_id: UUID | None = None) -> bytes:
    """Returns a task, in the list of that id, as the JSON array that `STAGE` takes."""
    plain = (
        task.stored_id,
        None if task.id == task.stored_id else task.id,
        task.title,
        folded(task.title),
        task.description,
        folded(task.description),
        task.is_completed,
        to_microseconds(task.created_at),
        to_microseconds(task.updated_at),
    )
    if not task.has_optional_fields:
        return orjson.dumps(plain)
    fields = task.fields()
    columns = fields.columns()
    labels = [(folded_label(label), label) for label in fields.labels]
    return orjson.dumps(
        (
            *plain,
            list_id,
            task.parent_id,
            task.position,
            to_microseconds(task.completed_at),
            columns["extra"],
            columns["due_key"],
            to_microseconds(columns["due_utc"]),
            columns["start_key"],
            to_microseconds(columns["start_utc"]),
            columns["priority"],
            columns["series_id"],
            orjson.dumps(labels).decode() if labels else None,
        )
    )


def list_rows(lists: Iterable[ImportedList]) -> str:
    """Returns lists as the JSON array that `PUBLISH_LISTS` takes."""
    rows = [
        (
            one.stored_id,
            one.title,
            one.is_archived,
            one.position or default_key(one.stored_id),
            orjson.dumps(one.metadata).decode() if one.metadata else None,
            to_microseconds(one.created_at),
            to_microseconds(one.updated_at),
        )
        for one in lists
    ]
    return orjson.dumps(rows).decode()
