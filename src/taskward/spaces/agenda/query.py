"""The query parameters of an agenda, and the cursors of its pages."""

from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.cursors import decode_cursor, encode_cursor, scope_of, well_formed_cursor
from taskward.http.validation import query_number, query_sort
from taskward.tasks.cursor import PagePosition
from taskward.tasks.filter_values import DueBefore, DueFrom
from taskward.tasks.filters import FILTERS, Filter
from taskward.tasks.sorts import position_values

MAX_TASKS: Final = 200
"""Tasks in one page at most."""

SORTS: Final = ("due", "-created_at")

_VERSION: Final = 1
_LAST_ID: Final = UUID(int=2**128 - 1)


class AgendaPosition(NamedTuple):
    """The position after a page: its last task, of that owner, and the value that it is sorted by."""

    sort: str
    key: str | None
    task_id: UUID
    owner: UUID

    def values(self, owner: UUID) -> dict[str, Any] | None:
        """Returns the values that the list of an owner continues from; None if it is of another sort.

        Of two tasks of one id the owner decides: the list of an owner who comes later begins with that id.
        """
        is_descending = self.sort.startswith("-")
        is_later = owner < self.owner if is_descending else owner > self.owner
        step = (1 if is_descending else -1) if is_later else 0
        return position_values(self.sort, PagePosition(self.key, UUID(int=self.task_id.int + step)))


class AgendaQuery(BaseModel):
    """The query of `GET /api/me/agenda`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_TASKS)] = Field(
        default=100, ge=1, le=MAX_TASKS, description="How many tasks to return at most."
    )
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None, description="`next_cursor` of the previous page, with the same `sort` and filters."
    )
    sort: Annotated[str, query_sort(SORTS)] = Field(
        default="due",
        description="The order; `-` is descending. By due: only tasks that have a due date.",
        json_schema_extra={"enum": list(SORTS)},
    )
    due_from: DueFrom | None = None
    due_before: DueBefore | None = None

    @cached_property
    def filters(self) -> tuple[Filter, ...]:
        """Returns the filters by the due date."""
        return tuple(
            FILTERS[name](getattr(self, name))
            for name in ("due_from", "due_before")
            if name in self.model_fields_set
        )

    @cached_property
    def conditions(self) -> frozenset[str]:
        """Returns the conditions on the tasks of each owner."""
        return frozenset({"open", *(one.condition for one in self.filters)})

    @cached_property
    def values(self) -> dict[str, Any]:
        """Returns the values that the lists of all owners share."""
        return {"limit": self.limit + 1} | {name: value for one in self.filters for name, value in one.values}

    def scope(self, caller: UUID) -> bytes:
        """Returns the scope of the cursors, which does not depend on cursor and limit."""
        return scope_of("agenda", caller, self.sort, *self.filters)

    def write_cursor(self, caller: UUID, key: str | None, task_id: UUID, owner: UUID) -> str:
        """Returns the cursor of the position after a task."""
        return encode_cursor([_VERSION, key, str(task_id), str(owner)], self.scope(caller))

    def read_cursor(self, caller: UUID) -> AgendaPosition | None:
        """Returns the position of the cursor; None if it has another scope or is malformed."""
        match decode_cursor(self.cursor or "", self.scope(caller)):
            case [1, None | str() as key, str(task_id), str(owner)] if "\0" not in (key or ""):
                try:
                    position = AgendaPosition(self.sort, key, UUID(task_id), UUID(owner))
                except ValueError:
                    return None
                return position if UUID(int=0) < position.task_id < _LAST_ID else None
        return None
