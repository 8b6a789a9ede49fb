"""The labels and the pending reminders of a task, as parts of the writes of tasks; see `steps/rows.py`.

Each takes a JSON array of arrays: of `[folded, label]`, `[folded]`, `[number, microseconds since 1970 or
null]` or `[number]`.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    delete,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import instant_of, json_item, json_rows
from taskward.database.statements import Part, Written
from taskward.database.types import Id
from taskward.tasks import instant_tables
from taskward.tasks.tables import TASK_LABELS
from taskward.users.statements import OWNER

_REMINDERS: Final = instant_tables.REMINDERS
_TASK_ID: Final = bindparam("task_id", type_=Id())


def _items(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Returns the first two items of each element of the array that is given by that name."""
    given = json_rows(bindparam(name, type_=Text())).table_valued(column("value"), name="given")
    first, second = (json_item(given.c.value, literal_column(n)) for n in "01")
    return first, second


def _labels(written: Written) -> Insert:
    folded, label = (cast(item, Text()) for item in _items("labels"))
    values = select(OWNER, _TASK_ID, folded, label).where(written.has_changed)
    added = insert(TASK_LABELS).from_select(["user_id", "task_id", "label_folded", "label"], values)
    return added.on_conflict_do_update(
        index_elements=["user_id", "task_id", "label_folded"], set_={"label": added.excluded.label}
    )


def _dropped_labels(written: Written) -> Delete:
    folded, _ = _items("dropped_labels")
    return delete(TASK_LABELS).where(
        TASK_LABELS.c.user_id == OWNER,
        TASK_LABELS.c.task_id == _TASK_ID,
        TASK_LABELS.c.label_folded.in_(select(cast(folded, Text()))),
        written.has_changed,
    )


def _reminders(written: Written) -> Insert:
    number, moment = _items("reminders")
    values = select(OWNER, _TASK_ID, cast(number, Integer()), instant_of(moment)).where(written.has_changed)
    added = insert(_REMINDERS).from_select(["user_id", "task_id", "n", "fire_at"], values)
    return added.on_conflict_do_update(
        index_elements=["user_id", "task_id", "n"], set_={"fire_at": added.excluded.fire_at}
    )


def _dropped_reminders(written: Written) -> Delete:
    number, _ = _items("dropped_reminders")
    return delete(_REMINDERS).where(
        _REMINDERS.c.user_id == OWNER,
        _REMINDERS.c.task_id == _TASK_ID,
        _REMINDERS.c.n.in_(select(cast(number, Integer()))),
        written.has_changed,
    )


LABELS: Final = Part(_labels, "labels")
DROPPED_LABELS: Final = Part(_dropped_labels, "dropped_labels")
REMINDERS: Final = Part(_reminders, "reminders")
DROPPED_REMINDERS: Final = Part(_dropped_reminders, "dropped_reminders")
