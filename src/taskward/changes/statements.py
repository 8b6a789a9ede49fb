"""The statements of the change feed: current tasks and lists, and tombstones of deleted ones, after a number.

A list has the columns of a task: its flag is `is_completed`, and its metadata `extra`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from taskward.database.functions import any_of, once
from taskward.database.statements import Read
from taskward.database.types import Counter, Ids
from taskward.tasks.tables import LIST_TOMBSTONES, LISTS, TASKS, TOMBSTONES, TaskRecord
from taskward.users.statements import LAST_RESTORE, OWNER
from taskward.users.tables import USERS

Kind: TypeAlias = Literal["tasks", "lists"]
Kinds: TypeAlias = Literal["tasks", "lists", "tasks,lists"]

_SINCE: Final = once(bindparam("since", type_=Counter))
_LIMIT: Final = once(bindparam("limit", type_=Integer()))
"""Values that PostgreSQL's planner cannot see. If it could, the plan for any values would seem dear, and each
pull of an owner with many tasks would be planned anew, which takes longer than the pull."""

_COLUMNS_OF_LIST: Final = {
    "is_completed": LISTS.c.is_archived,
    "extra": LISTS.c.metadata,
} | {name: LISTS.c[name] for name in TaskRecord._fields if name in LISTS.c}


def _source(table: Table, columns: Mapping[str, ColumnElement[Any]], kind: Kind) -> Select[Any]:
    """Selects the rows of one table after the number; columns that it lacks are null.

    Each is ordered and limited separately, so that its index is read only as far as the page needs.
    """
    selected = (
        columns.get(name, cast(null(), TASKS.c[name].type)).label(name) for name in TaskRecord._fields
    )
    is_list = literal_column(str(int(kind == "lists")), Integer()).label("is_list")
    return select(
        select(*selected, is_list)
        .where(table.c.user_id == OWNER, table.c.version > _SINCE)
        .order_by(table.c.version)
        .limit(_LIMIT)
        .subquery(f"some_{table.name}")
    )


def _tombstones(table: Table, key: str, kind: Kind) -> Select[Any]:
    return _source(table, {"id": table.c[key], "user_id": table.c.user_id, "version": table.c.version}, kind)


_SOURCES: Final[Mapping[Kind, Sequence[Select[Any]]]] = {
    "tasks": (_source(TASKS, dict(TASKS.c.items()), "tasks"), _tombstones(TOMBSTONES, "task_id", "tasks")),
    "lists": (_source(LISTS, _COLUMNS_OF_LIST, "lists"), _tombstones(LIST_TOMBSTONES, "list_id", "lists")),
}


def _changes(*kinds: Kind) -> Read:
    changes = union_all(*(source for kind in kinds for source in _SOURCES[kind])).subquery("changes")
    owner = (
        select(USERS.c.horizon, USERS.c.seq, LAST_RESTORE.label("restore"))
        .where(USERS.c.id == OWNER)
        .subquery("owner")
    )
    return Read(
        f"changes of {' and '.join(kinds)} since a number",
        select(changes, owner)
        .select_from(owner.outerjoin(changes, true()))
        .order_by(changes.c.version)
        .limit(_LIMIT),
    )


CHANGES: Final[Mapping[Kinds, Read]] = {
    "tasks": _changes("tasks"),
    "lists": _changes("lists"),
    "tasks,lists": _changes("tasks", "lists"),
}
"""By kinds: rows of `TaskRecord`, with a null title for a deletion; then whether it is a list, the horizon,
the owner's counter, and the last restore. Without changes there is one row, with a null id; without an owner
there is none."""

COUNTERS: Final = Read(
    "owners' counters",
    select(USERS.c.id, USERS.c.seq).where(any_of(USERS.c.id, bindparam("owners", type_=Ids()))),
    cross_owner=True,
)
"""Only for owners with streams open in this process."""

RESTORE: Final = Read("last restore", select(LAST_RESTORE.label("restore")))
