"""The statements that list tasks: docs/design.md, "Lists"."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Integer, bindparam, or_, select, tuple_

from taskward.database.functions import bound_on_sqlite, contains_all_words, once
from taskward.database.statements import Read
from taskward.database.types import Flag, Words
from taskward.tasks.filters import CONDITIONS
from taskward.tasks.sorts import SortKey, key_of
from taskward.tasks.tables import COLUMNS, TASK_LABELS, TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

MAX_FILTERED: Final = 256
"""Statements with filters that a process keeps. Clients ask for the same few."""

_ONLY_COMPLETED: Final = bindparam("only_completed", type_=Flag())
_WORDS: Final = bindparam("words", type_=Words())


class ListShape(NamedTuple):
    """The form of a list, which decides its statement.

    `conditions` are `CONDITIONS` on optional fields; None for a list that filters by base fields at most.
    """

    sort: str
    has_cursor: bool = False
    has_search: bool = False
    conditions: frozenset[str] | None = None


def list_tasks(shape: ListShape, *, declared: bool = True) -> Read:
    """Lists one task more than a page holds, which shows whether another page follows."""
    sort, has_cursor, has_search, conditions = shape
    key, descending = key_of(sort), sort.startswith("-")
    columns = _sort_columns(key, conditions or frozenset())
    counter = select(USERS.c.seq).where(USERS.c.id == OWNER).scalar_subquery()
    statement = select(*COLUMNS, counter).where(*_where(shape, key, columns))
    if index := key.index(conditions or frozenset()):
        statement = statement.with_hint(TASKS, f"INDEXED BY ix_tasks_user_id_{index}", "sqlite")
    return Read(
        f"list tasks by {sort}"
        + has_cursor * " from a position"
        + has_search * " with words"
        + (conditions is not None) * " with filters",
        statement.order_by(*(column.desc() if descending else column for column in columns)).limit(
            bindparam("limit", type_=Integer())
        ),
        long=has_search,
        batch_keys=() if has_cursor or has_search or not declared else ("owner",),
        limit_key="limit",
        sorted_by=columns,
        descending=descending,
        declared=declared,
    )


@lru_cache(maxsize=MAX_FILTERED)
def filtered_list(shape: ListShape) -> Read:
    """Returns the statement of a list with conditions on optional fields, made when it is first needed."""
    return OPEN_LISTS.get(shape) or list_tasks(shape, declared=False)


def _where(
    shape: ListShape, key: SortKey, columns: tuple[ColumnElement[Any], ...]
) -> Iterator[ColumnElement[bool]]:
    """Yields the conditions of a list in the order of the statement."""
    conditions = shape.conditions
    # To sort labelled tasks PostgreSQL begins with the labels, also with statistics from before them.
    sorts_labelled = key.column is not None and conditions is not None and "label" in conditions
    yield TASKS.c.user_id == (once(OWNER) if sorts_labelled else OWNER)
    if conditions is None:
        yield or_(_ONLY_COMPLETED.is_(None), TASKS.c.is_completed == _ONLY_COMPLETED)
    if shape.has_cursor:
        yield from _after_cursor(key, columns, descending=shape.sort.startswith("-"))
    yield from (CONDITIONS[name] for name in sorted(conditions or ()))
    if key.requires is not None:
        yield key.requires
    if shape.has_search:
        yield contains_all_words(_WORDS, TASKS.c.title_folded, TASKS.c.description_folded)


def _sort_columns(key: SortKey, conditions: frozenset[str]) -> tuple[ColumnElement[Any], ...]:
    """Returns what a list is sorted by: along the index of labels, their own column of the same id."""
    task_id = TASK_LABELS.c.task_id if "label" in conditions else TASKS.c.id
    return (task_id,) if key.column is None else (key.column, task_id)


def _after_cursor(
    key: SortKey, columns: tuple[ColumnElement[Any], ...], *, descending: bool
) -> list[ColumnElement[bool]]:
    after = [
        bindparam(f"after_{name}", type_=column.type)
        for name, column in zip((key.name, "id")[-len(columns) :], columns, strict=True)
    ]
    rows = tuple_(*columns) < tuple_(*after) if descending else tuple_(*columns) > tuple_(*after)
    if isinstance(columns[0], Column):
        return [rows]
    # SQLite continues along an index of an expression only if the expression is compared by itself.
    expression, bound = columns[0], after[0]
    return [rows, bound_on_sqlite(expression <= bound if descending else expression >= bound)]


_OPEN: Final = [ListShape(sort, conditions=frozenset({"open"})) for sort in ("-created_at", "created_at")]
OPEN_LISTS: Final = {shape: list_tasks(shape) for shape in _OPEN}
"""The first pages of the open tasks by age, which are declared, so that they are batched."""
