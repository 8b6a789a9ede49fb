"""Tasks and lists of an import as the JSON arrays that the statements take."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.database.types import to_microseconds
from taskward.me.import_models import ImportedList, ImportedTask
from taskward.me.import_statements import COLUMNS
from taskward.tasks.positions import default_key
from taskward.tasks.steps.content import text_values
from taskward.tasks.steps.rows import labels_json

_ABSENT: Final[dict[str, Any]] = dict.fromkeys(COLUMNS)
_in_order: Final = itemgetter(*COLUMNS)


def staged_row(task: ImportedTask, list_id: UUID | None = None) -> bytes:
    """Returns a task, in the list of that id, as the JSON array that `STAGE` takes."""
    values = {
        **_ABSENT,
        "id": task.stored_id,
        "given_id": None if task.id == task.stored_id else task.id,
        **text_values(task.title, task.description),
        "is_completed": task.is_completed,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }
    if task.has_optional_fields:
        fields = task.fields()
        place = {"list_id": list_id, "parent_id": task.parent_id, "position": task.position}
        values |= place | {"completed_at": task.completed_at} | fields.columns()
        values["labels"] = labels_json(fields.labels) if fields.labels else None
    return orjson.dumps(_in_order(values), to_microseconds, orjson.OPT_PASSTHROUGH_DATETIME)


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
