"""The query parameters of a list: docs/contract.md, B1."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from taskward.http.cursors import scope_of
from taskward.http.validation import field_error, query_flag, query_number
from taskward.tasks.cursor import Position
from taskward.tasks.tables import TaskRecord

MAX_TASKS: Final = 1000
"""Tasks in one response at most."""

MAX_WORDS: Final = 32
"""Words in a search at most."""

Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at", "-title", "title"]

_SORTS: Final = ("-created_at", "created_at", "-updated_at", "updated_at", "title", "-title")


def _known_sort(value: Any) -> Any:
    if value not in _SORTS:
        raise field_error(f"Sort must be one of {', '.join(_SORTS)}")
    return value


def _few_words(value: Any) -> Any:
    if isinstance(value, str) and len(value.split()) > MAX_WORDS:
        raise field_error(f"Search cannot have more than {MAX_WORDS} words")
    return value


class ListQuery(BaseModel):
    """The query of `GET /api/tasks`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_TASKS)] = Field(
        default=MAX_TASKS, ge=1, le=MAX_TASKS, description="How many tasks to return at most."
    )
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the previous page, with the same `sort`, `q` and `is_completed`.",
    )
    is_completed: Annotated[bool | None, query_flag("Is completed")] = Field(
        default=None, description="Only tasks in this state."
    )
    q: Annotated[str | None, BeforeValidator(_few_words)] = Field(
        default=None,
        description=f"At most {MAX_WORDS} words, each of which occurs in the title or the description, "
        "case-folded.",
        examples=["milk"],
    )
    sort: Annotated[Sort, BeforeValidator(_known_sort)] = Field(
        default="-created_at", description="The order; `-` is descending. Titles are ordered by code points."
    )

    @cached_property
    def words(self) -> list[str]:
        """Returns the search words, case-folded, without duplicates."""
        return sorted({word.casefold() for word in (self.q or "").split()})

    def cursor_scope(self, owner: Any) -> bytes:
        """Returns the scope of the cursors of this walk, which does not depend on its cursor and limit."""
        return scope_of(owner, self.sort, self.is_completed, self.words)


def position_of(sort: Sort, task: TaskRecord) -> Position:
    """Returns the position of a task in a list of that sort."""
    key: str | None
    match sort.removeprefix("-"):
        case "updated_at":
            key = task.updated_at.isoformat()
        case "title":
            key = task.title
        case _:
            key = None
    return Position(key, UUID(str(task.id)))


def position_values(sort: Sort, position: Position) -> dict[str, Any] | None:
    """Returns the values that a list of that sort continues from; None if the position is of another sort."""
    values: dict[str, Any] = {"after_id": position.task_id}
    match sort.removeprefix("-"), position.key:
        case "created_at", None:
            return values
        case "title", str(title):
            return values | {"after_title": title}
        case "updated_at", str(text):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                return None
            return values | {"after_updated_at": moment} if moment.tzinfo == UTC else None
    return None
