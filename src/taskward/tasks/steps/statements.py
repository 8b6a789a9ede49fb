"""The statements of writes that need several: those on subtrees, on neighbours and on many tasks at once."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Insert,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.database.functions import any_of, few, is_false, monotonic_now
from taskward.database.statements import Change, Command, Read
from taskward.database.types import CodePointText, Counter, Id, Ids, Instant
from taskward.tasks.tables import LISTS, TASKS, TOMBSTONES, UPDATED_BY, position_key
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

MAX_LEVELS: Final = 5
"""Levels of tasks: a task and four levels below it."""

_TASK_ID: Final = bindparam("task_id", type_=Id())
_IDS: Final = bindparam("ids", type_=Ids())
_NOW: Final = bindparam("now", type_=Instant())
_FIRST_NUMBER: Final = bindparam("first_number", type_=Counter)
_LIMIT: Final = bindparam("limit", type_=Integer())
_LIST_ID: Final = bindparam("list_id", type_=Id())
_PARENT_ID: Final = bindparam("parent_id", type_=Id())
_POSITION: Final = bindparam("position", type_=CodePointText)
_MINE: Final = (TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID)
_ONE: Final = literal_column("1", Integer())

FIND_DELETED: Final = Read(
    "find a deleted task",
    select(USERS.c.id).where(
        USERS.c.id == OWNER,
        exists().where(TOMBSTONES.c.user_id == OWNER, TOMBSTONES.c.task_id == _TASK_ID)
        | exists().where(TRASH.c.user_id == OWNER, TRASH.c.id == _TASK_ID),
    ),
)
"""Returns a row if there is a tombstone of it, or if it is in the trash."""

FIND_LIST: Final = Read(
    "find the list of a task", select(LISTS.c.id).where(LISTS.c.user_id == OWNER, LISTS.c.id == _LIST_ID)
)


def _ancestors() -> Read:
    first = select(TASKS.c.id, TASKS.c.parent_id, TASKS.c.list_id, _ONE.label("level")).where(*_MINE)
    walk = first.cte("ancestors", recursive=True)
    above = TASKS.alias("above")
    walk = walk.union_all(
        select(above.c.id, above.c.parent_id, above.c.list_id, walk.c.level + 1).where(
            above.c.user_id == OWNER, above.c.id == walk.c.parent_id, walk.c.level < MAX_LEVELS
        )
    )
    return Read("ancestors", select(walk.c.id, walk.c.list_id).order_by(walk.c.level))


def _subtree() -> CTE:
    first = select(TASKS.c.id, _ONE.label("level")).where(*_MINE)
    walk = first.cte("subtree", recursive=True)
    below = TASKS.alias("below")
    return walk.union_all(
        select(below.c.id, walk.c.level + 1).where(
            below.c.user_id == OWNER,
            below.c.parent_id == walk.c.id,
            walk.c.level < MAX_LEVELS,
        )
    )


ANCESTORS: Final = _ancestors()
"""A task and those above it, with their list: from itself to the top."""

_SUBTREE: Final = _subtree()
SUBTREE: Final = Read("subtree", select(_SUBTREE.c.id, _SUBTREE.c.level))
"""A task, at level 1, and those below it."""

SUBTREE_SIZE: Final = Read("size of a subtree", select(func.count(_SUBTREE.c.id)))

CHILDREN: Final = Read(
    "children of a task",
    select(TASKS.c.id).where(TASKS.c.user_id == OWNER, TASKS.c.parent_id == _TASK_ID),
)

RANKED: Final = (
    select(TASKS.c.id, (_FIRST_NUMBER + func.row_number().over(order_by=TASKS.c.id) - 1).label("number"))
    .where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS)))
    .subquery("ranked")
)
"""The tasks among `ids`, with the numbers of their changes, from `first_number` on."""


def change_ranked(**changes: Any) -> Change:
    """Changes the tasks among `ids`, each with a number of its own.

    An interrupted change of a space is completed without its member: the last one stays.
    """
    return (
        update(TASKS)
        .where(TASKS.c.user_id == OWNER, TASKS.c.id == RANKED.c.id)
        .values(
            **changes,
            updated_at=monotonic_now(_NOW, TASKS.c.updated_at),
            updated_by=func.coalesce(UPDATED_BY, TASKS.c.updated_by),
            version=RANKED.c.number,
        )
    )


def _add_tombstones() -> Insert:
    left = upsert(TOMBSTONES).from_select(
        ["user_id", "task_id", "version", "deleted_at"],
        # The condition tells SQLite's parser where the SELECT ends.
        select(OWNER, RANKED.c.id, RANKED.c.number, _NOW).where(true()),
    )
    return left.on_conflict_do_update(
        index_elements=["user_id", "task_id"],
        set_={"version": left.excluded.version, "deleted_at": left.excluded.deleted_at},
    )


MOVE_TO_PARENT: Final = Command(
    "move several tasks below another", change_ranked(parent_id=_PARENT_ID), "task.update"
)
MOVE_TO_LIST: Final = Command("move several tasks to a list", change_ranked(list_id=_LIST_ID), "task.update")
ADD_TOMBSTONES: Final = Command("add tombstones of several tasks", _add_tombstones())
DELETE_TASKS: Final = Command(
    "delete several tasks",
    delete(TASKS).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS))),
    "task.delete",
)

FIND_POSITION: Final = Read("position of a task", select(position_key(TASKS)).where(*_MINE))
SET_POSITION: Final = Command(
    "set the position of a task",
    update(TASKS)
    .where(*_MINE)
    .values(
        position=_POSITION,
        updated_at=monotonic_now(_NOW, TASKS.c.updated_at),
        updated_by=UPDATED_BY,
        version=bindparam("version", type_=Counter),
    ),
    "task.update",
)


def next_to_key(
    table: Table, position: ColumnElement[str], *same: ColumnElement[Any], after: bool
) -> Select[Any]:
    """Selects the id and the position of the owner's rows next to a key and an id, the nearest first.

    Bounds: `key`, `near`, `limit`. The columns that are the `same` in all these rows lead the order, so that
    PostgreSQL follows an index where they are null.
    """
    key, near = bindparam("key", type_=CodePointText), bindparam("near", type_=Id())
    # Two conditions on the key, because SQLite does not compare pairs along an index of an expression.
    if after:
        beyond = (position >= key) & ((position > key) | (table.c.id > near))
    else:
        beyond = (position <= key) & ((position < key) | (table.c.id < near))
    order = (column if after else column.desc() for column in (*same, position, table.c.id))
    return select(table.c.id, position).where(table.c.user_id == OWNER, beyond).order_by(*order).limit(_LIMIT)


def _siblings(scope: str, *, after: bool) -> Read:
    index, first, *conditions = _SCOPES[scope]
    found = next_to_key(TASKS, position_key(TASKS), first, after=after)
    found = found.where(*conditions, TASKS.c.id != _TASK_ID).with_hint(TASKS, f"INDEXED BY {index}", "sqlite")
    return Read(f"siblings {'after' if after else 'before'} a key, {scope}", found)


_TOP: Final = ("ix_tasks_user_id_top_position", TASKS.c.list_id, TASKS.c.parent_id.is_(None))
_SCOPES: Final[dict[str, tuple[Any, ...]]] = {
    "below a parent": (
        "ix_tasks_user_id_parent_id_position",
        TASKS.c.parent_id,
        TASKS.c.parent_id == _PARENT_ID,
    ),
    "in a list": (*_TOP, TASKS.c.list_id == _LIST_ID),
    "in no list": (*_TOP, TASKS.c.list_id.is_(None), is_false(TASKS.c.is_completed)),
}
"""The index of each scope, its first column after the owner, and the conditions."""

SIBLINGS: Final = {
    (scope, after): _siblings(scope, after=after) for scope in _SCOPES for after in (True, False)
}
"""By where the siblings are, and whether those after the key are wanted. In no list only open tasks count,
because the number of completed ones has no bound."""
