"""The sorts of a list, and the position of a task in each: the value that it is sorted by, and its id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement

from taskward.tasks.cursor import PagePosition
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.priority import PRIORITIES
from taskward.tasks.positions import default_key
from taskward.tasks.tables import TASKS, TaskRecord, position_key, task_index

Conditions: TypeAlias = frozenset[str]
"""The names of a list's conditions: `filters.CONDITIONS`."""

_SELECTIVE: Final = frozenset({"assigned", "label", "list", "parent", "series"})
_PRIORITY_NUMBERS: Final = {str(number) for number in range(1, len(PRIORITIES) + 1)}


def _own_index(_: Conditions) -> None:
    """Returns nothing: the engine finds the index of the column."""


def _index_by_age(conditions: Conditions) -> str | None:
    if conditions & _SELECTIVE == {"assigned"} and "open" in conditions:
        return "assigned"
    return "series_id" if "series" in conditions else _index_of_open(conditions)


def _index_by_place(conditions: Conditions) -> str | None:
    return "open_position" if conditions >= {"open", "list"} else _index_of_open(conditions)


def _index_of_open(conditions: Conditions) -> str | None:
    return "open" if "open" in conditions and not conditions & _SELECTIVE else None


def _text(key: str) -> str:
    return key


def _utc(key: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(key)
    except ValueError:
        return None
    return moment if moment.tzinfo == UTC else None


def _number(key: str) -> int | None:
    return int(key) if key in _PRIORITY_NUMBERS else None


def _of_fields(column: str) -> Callable[[TaskRecord], str | None]:
    """Returns the function that returns the value of a column of the optional fields, as a text."""

    def of_record(task: TaskRecord) -> str | None:
        value = TaskFields.parse(task.extra).columns()[column]
        return None if value is None else str(value)

    return of_record


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """A value that a list is sorted by, before the id, in both directions."""

    name: str
    column: ColumnElement[Any] | None
    """None: by the id only, because ids are ordered by time."""

    of_record: Callable[[TaskRecord], str | None]
    """Returns the value of a task, as a cursor has it."""

    parse: Callable[[str], Any] = _text
    """Returns the value that a cursor has; None if it has none of this sort."""

    index: Callable[[Conditions], str | None] = _own_index
    """Returns the index of a list with these conditions, if SQLite, without statistics, would choose another
    one: the end of its name."""

    requires: ColumnElement[bool] | None = None
    """The condition of a sort by a field that a task may lack: only tasks that have one are listed."""

    is_base: bool = False
    """Whether it is by a base field: its statements are declared, and batched."""

    is_newest_first: bool = False
    """Whether its descending sort is named first."""

    @property
    def sorts(self) -> tuple[str, str]:
        """Both directions, as a query names them."""
        names = (self.name, f"-{self.name}")
        return names[::-1] if self.is_newest_first else names


SORT_KEYS: Final[Mapping[str, SortKey]] = {
    key.name: key
    for key in (
        SortKey(
            name="created_at",
            column=None,
            of_record=lambda _: None,
            index=_index_by_age,
            is_base=True,
            is_newest_first=True,
        ),
        SortKey(
            name="updated_at",
            column=TASKS.c.updated_at,
            of_record=lambda task: task.updated_at.isoformat(),
            parse=_utc,
            is_base=True,
            is_newest_first=True,
        ),
        SortKey(name="title", column=TASKS.c.title, of_record=lambda task: task.title, is_base=True),
        SortKey(
            name="position",
            column=position_key(TASKS),
            of_record=lambda task: task.position or default_key(UUID(str(task.id))),
            index=_index_by_place,
        ),
        SortKey(
            name="due",
            index=lambda conditions: "assigned_to" if conditions >= {"open", "assigned"} else None,
            column=TASKS.c.due_key,
            of_record=_of_fields("due_key"),
            requires=TASKS.c.due_key.is_not(None),
        ),
        SortKey(
            name="priority",
            column=TASKS.c.priority,
            of_record=_of_fields("priority"),
            parse=_number,
            requires=TASKS.c.priority.is_not(None),
        ),
        SortKey(
            name="completed_at",
            column=TASKS.c.completed_at,
            of_record=lambda task: task.completed_at.isoformat() if task.completed_at else None,
            parse=_utc,
            requires=TASKS.c.completed_at.is_not(None),
        ),
    )
}
"""By name, in the order in which the OpenAPI document and an error name them."""

task_index("due_key", TASKS.c.due_key, TASKS.c.id, where="due_key IS NOT NULL AND open")
task_index("priority", TASKS.c.priority, TASKS.c.id, where="priority IS NOT NULL AND open")
task_index("completed_at", TASKS.c.completed_at, TASKS.c.id, where="completed_at IS NOT NULL")

SORTS: Final = tuple(sort for key in SORT_KEYS.values() for sort in key.sorts)
BASE_SORTS: Final = tuple(sort for key in SORT_KEYS.values() if key.is_base for sort in key.sorts)


def key_of(sort: str) -> SortKey:
    """Returns the key of a sort in either direction."""
    return SORT_KEYS[sort.removeprefix("-")]


def position_of(sort: str, task: TaskRecord) -> PagePosition:
    """Returns the position of a task in a list of that sort."""
    return PagePosition(key_of(sort).of_record(task), UUID(str(task.id)))


def position_values(sort: str, position: PagePosition) -> dict[str, Any] | None:
    """Returns the values that a list of that sort continues from; None if the position is of another sort."""
    key = key_of(sort)
    if key.column is None:
        return {"after_id": position.task_id} if position.key is None else None
    value = None if position.key is None else key.parse(position.key)
    return None if value is None else {"after_id": position.task_id, f"after_{key.name}": value}
