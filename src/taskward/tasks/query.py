"""The query parameters of a list: docs/contract.md#pages-and-sorts and #filters-and-summary."""

from functools import cached_property
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from taskward.http.cursors import scope_of, well_formed_cursor
from taskward.http.validation import field_error, query_flag, query_number, query_sort, strict_uuid
from taskward.tasks.fields.labels import Label
from taskward.tasks.filter_values import (
    AssigneeFilter,
    AvailableAt,
    CompletedBefore,
    CompletedFrom,
    DueBefore,
    DueFilter,
    DueFrom,
    ListFilter,
    ParentFilter,
    PriorityFilter,
    Reference,
)
from taskward.tasks.filters import FILTERS, Filter
from taskward.tasks.list_statements import ListShape
from taskward.tasks.sorts import BASE_SORTS, SORT_KEYS, SORTS

MAX_TASKS: Final = 1000
"""Tasks in one response at most."""

MAX_WORDS: Final = 32
"""Words in a search at most."""

_MAY_BE_ABSENT: Final = [f"`{key.name}`" for key in SORT_KEYS.values() if key.requires is not None]
_BY_AGE: Final = frozenset({"created_at", "-created_at"})


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
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None,
        description="`next_cursor` of the previous page, with the same `sort` and filters.",
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
    sort: Annotated[str, query_sort(SORTS)] = Field(
        default="-created_at",
        description="The order; `-` is descending. Titles are ordered by code points. "
        f"By {', '.join(_MAY_BE_ABSENT[:-1])} or {_MAY_BE_ABSENT[-1]}: only tasks that have one.",
        json_schema_extra={"enum": list(SORTS)},
    )
    list_id: ListFilter | None = None
    parent_id: ParentFilter | None = None
    label: Label | None = None
    priority: PriorityFilter | None = None
    due: DueFilter | None = None
    due_from: DueFrom | None = None
    due_before: DueBefore | None = None
    available_at: AvailableAt | None = None
    completed_from: CompletedFrom | None = None
    completed_before: CompletedBefore | None = None
    series_id: Annotated[UUID, strict_uuid("Series id")] | None = Field(
        default=None, description="Only tasks of this series."
    )
    assigned_to: AssigneeFilter | None = None
    archived: Annotated[bool | None, query_flag("Archived")] = Field(
        default=None, description="Only tasks in archived lists, or only the others."
    )

    def assigned_to_member(self, member: UUID) -> Self:
        """Returns the same query for tasks of that member, in place of the caller."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_construct(self.model_fields_set, **{**given, "assigned_to": Reference(member)})

    @cached_property
    def words(self) -> list[str]:
        """Returns the search words, case-folded, without duplicates."""
        return sorted({word.casefold() for word in (self.q or "").split()})

    @cached_property
    def filters(self) -> tuple[Filter, ...]:
        """Returns the filters by optional fields."""
        given = self.model_fields_set & FILTERS.keys()
        return tuple(make(getattr(self, name)) for name, make in FILTERS.items() if name in given)

    @cached_property
    def shape(self) -> ListShape:
        """Returns the shape of the list.

        There are no conditions if the sort and the filters are of base fields. Open tasks by age are
        different: there is an index of open tasks, and only a statement with that condition uses it.
        """
        plain = ListShape(self.sort, self.cursor is not None, bool(self.words))
        is_open_by_age = self.is_completed is False and self.sort in _BY_AGE
        if self.sort in BASE_SORTS and not self.filters and not is_open_by_age:
            return plain
        conditions = {one.condition for one in self.filters}
        if self.is_completed is not None:
            conditions.add("completed" if self.is_completed else "open")
        return plain._replace(conditions=frozenset(conditions))

    @cached_property
    def values(self) -> dict[str, Any]:
        """Returns the values of the statement, by name, except the owner and the position."""
        values = {"only_completed": self.is_completed, "words": self.words, "limit": self.limit + 1}
        return values | {name: value for one in self.filters for name, value in one.values}

    def cursor_scope(self, owner: Any) -> bytes:
        """Returns the scope of the cursors of this list, which does not depend on its cursor and limit."""
        return scope_of(owner, self.sort, self.is_completed, self.words, *self.filters)
