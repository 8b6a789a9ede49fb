"""The sorts of a list, and the position of a task in each: the value that it is sorted by, and its id."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from taskward.tasks.cursor import PagePosition
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.dates import due_key
from taskward.tasks.fields.priority import PRIORITIES
from taskward.tasks.positions import default_key
from taskward.tasks.tables import TaskRecord

Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at", "-title", "title"]
DomainSort = Literal[
    "position", "-position", "due", "-due", "priority", "-priority", "completed_at", "-completed_at"
]
"""By an optional field. A sort by a field that a task may lack lists the tasks that have it."""

AnySort = Literal[Sort, DomainSort]

SORTS: Final[tuple[str, ...]] = (
    *("-created_at", "created_at", "-updated_at", "updated_at", "title", "-title"),
    *get_args(DomainSort),
)
"""All sorts, as an error names them."""

_PRIORITY_NUMBERS: Final = {str(number) for number in range(1, len(PRIORITIES) + 1)}


def position_of(sort: AnySort, task: TaskRecord) -> PagePosition:
    """Returns the position of a task in a list of that sort."""
    key_of = _KEYS.get(sort.removeprefix("-"))
    return PagePosition(key_of(task) if key_of else None, UUID(str(task.id)))


def position_values(sort: AnySort, position: PagePosition) -> dict[str, Any] | None:
    """Returns the values that a list of that sort continues from; None if the position is of another sort."""
    column = sort.removeprefix("-")
    if column not in _KEYS:
        return {"after_id": position.task_id} if position.key is None else None
    value = None if position.key is None else _value(column, position.key)
    return None if value is None else {"after_id": position.task_id, f"after_{column}": value}


def _due(task: TaskRecord) -> str | None:
    due = TaskFields.parse(task.extra).due
    return None if due is None else due_key(due)


def _priority(task: TaskRecord) -> str | None:
    priority = TaskFields.parse(task.extra).priority
    return None if priority is None else str(PRIORITIES.index(priority) + 1)


def _completed_at(task: TaskRecord) -> str | None:
    return None if task.completed_at is None else task.completed_at.isoformat()


_KEYS: Final[dict[str, Callable[[TaskRecord], str | None]]] = {
    "updated_at": lambda task: task.updated_at.isoformat(),
    "title": lambda task: task.title,
    "position": lambda task: task.position or default_key(UUID(str(task.id))),
    "due": _due,
    "priority": _priority,
    "completed_at": _completed_at,
}
"""The value that a task is sorted by before its id, as a text. The sort by `created_at` needs only the id."""


def _value(column: str, key: str) -> Any:
    """Returns the value that a text stands for; None if it stands for none."""
    if column in {"updated_at", "completed_at"}:
        return _utc(key)
    if column == "priority":
        return int(key) if key in _PRIORITY_NUMBERS else None
    return key


def _utc(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo == UTC else None
