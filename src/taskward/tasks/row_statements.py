"""The labels and the pending reminders of a task, as parts of the writes of tasks; see `steps/rows.py`.

Each takes a JSON array of arrays: of `[folded, label]`, `[folded]`, `[number, microseconds since 1970 or
null]` or `[number]`.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Table,
    Text,
    bindparam,
    cast,
    column,
    delete,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from taskward.database.functions import instant_of, json_item, json_rows
from taskward.database.statements import Part, Written
from taskward.database.types import Id
from taskward.tasks import instant_tables
from taskward.tasks.tables import TASK_LABELS
from taskward.users.statements import OWNER

_TASK_ID: Final = bindparam("task_id", type_=Id())


def _added(name: str, table: Table, columns: tuple[str, str], of: Callable[[Any, Any], Any]) -> Part:
    """Adds rows with these two columns, or changes the second of those that are there; `of` returns both."""
    key, value = columns

    def change(written: Written) -> Insert:
        values = select(OWNER, _TASK_ID, *of(*_items(name))).where(written.has_changed)
        added = insert(table).from_select(["user_id", "task_id", key, value], values)
        return added.on_conflict_do_update(
            index_elements=["user_id", "task_id", key], set_={value: added.excluded[value]}
        )

    return Part(change, name)


def _dropped(name: str, table: Table, key: str, type_: TypeEngine[Any]) -> Part:
    def change(written: Written) -> Delete:
        keys = select(cast(_items(name)[0], type_))
        of_task = (table.c.user_id == OWNER, table.c.task_id == _TASK_ID)
        return delete(table).where(*of_task, table.c[key].in_(keys), written.has_changed)

    return Part(change, name)


def _items(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Returns the first two items of each element of the array that is given by that name."""
    given = json_rows(bindparam(name, type_=Text())).table_valued(column("value"), name="given")
    first, second = (json_item(given.c.value, literal_column(n)) for n in "01")
    return first, second


def _label(folded: Any, label: Any) -> Any:
    return cast(folded, Text()), cast(label, Text())


def _reminder(number: Any, moment: Any) -> Any:
    return cast(number, Integer()), instant_of(moment)


LABELS: Final = _added("labels", TASK_LABELS, ("label_folded", "label"), _label)
DROPPED_LABELS: Final = _dropped("dropped_labels", TASK_LABELS, "label_folded", Text())
REMINDERS: Final = _added("reminders", instant_tables.REMINDERS, ("n", "fire_at"), _reminder)
DROPPED_REMINDERS: Final = _dropped("dropped_reminders", instant_tables.REMINDERS, "n", Integer())
