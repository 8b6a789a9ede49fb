"""Every SQL statement on lists and on the tasks in them, except those of the feed."""

from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Integer,
    Text,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.database.functions import any_of, few, monotonic_now
from taskward.database.statements import Command, Read
from taskward.database.types import CodePointText, Counter, Flag, Id, Ids, Instant
from taskward.lists.tables import COLUMNS
from taskward.tasks.steps.statements import change_ranked, next_to_key
from taskward.tasks.tables import LIST_TOMBSTONES, LISTS, TASK_LABELS, TASKS
from taskward.users.statements import OWNER

_LIST_ID: Final = bindparam("list_id", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_LIMIT: Final = bindparam("limit", type_=Integer())
_VERSION: Final = bindparam("version", type_=Counter)
_MINE: Final = (LISTS.c.user_id == OWNER, LISTS.c.id == _LIST_ID)
_IN_LIST: Final = (TASKS.c.user_id == OWNER, TASKS.c.list_id == _LIST_ID)

_WRITABLE: Final[dict[str, BindParameter[Any]]] = {
    "title": bindparam("title", type_=CodePointText),
    "is_archived": bindparam("is_archived", type_=Flag()),
    "position": bindparam("position", type_=CodePointText),
    "metadata": bindparam("metadata", type_=Text()),
}

GET_LIST: Final = Read("get list", select(*COLUMNS).where(*_MINE), batch_keys=("owner", "list_id"))
LIST_LISTS: Final = Read(
    "list lists",
    select(*COLUMNS).where(LISTS.c.user_id == OWNER).order_by(LISTS.c.position, LISTS.c.id),
)
COUNT_LISTS: Final = Read("count of lists", select(func.count(LISTS.c.id)).where(LISTS.c.user_id == OWNER))
FIND_LIST_TOMBSTONE: Final = Read(
    "find a list's tombstone",
    select(LIST_TOMBSTONES.c.version, LIST_TOMBSTONES.c.deleted_at).where(
        LIST_TOMBSTONES.c.user_id == OWNER, LIST_TOMBSTONES.c.list_id == _LIST_ID
    ),
)
CREATE_LIST: Final = Command(
    "create list",
    insert(LISTS)
    .values(
        {
            "user_id": OWNER,
            "id": _LIST_ID,
            "created_at": bindparam("created_at", type_=Instant()),
            "updated_at": _NOW,
            "version": _VERSION,
        }
        | _WRITABLE
    )
    .returning(*COLUMNS),
    "list.create",
)
UPDATE_LIST: Final = Command(
    "update list",
    update(LISTS)
    .where(*_MINE)
    .values(_WRITABLE | {"updated_at": monotonic_now(_NOW, LISTS.c.updated_at), "version": _VERSION})
    .returning(*COLUMNS),
    "list.update",
)
"""Stores all writable fields, as they are after the change."""

LIST_POSITIONS: Final = Read(
    "positions of lists",
    select(LISTS.c.id, LISTS.c.position)
    .where(LISTS.c.user_id == OWNER)
    .order_by(LISTS.c.position, LISTS.c.id),
)
FIND_LIST_POSITION: Final = Read("position of a list", select(LISTS.c.position).where(*_MINE))
LIST_SIBLINGS: Final = {
    after: Read(
        f"lists {'after' if after else 'before'} a key",
        next_to_key(LISTS, LISTS.c.position, after=after).where(LISTS.c.id != _LIST_ID),
    )
    for after in (True, False)
}
"""The lists next to a key and an id, the nearest first, except `list_id`."""

SET_LIST_POSITION: Final = Command(
    "set the position of a list",
    update(LISTS)
    .where(*_MINE)
    .values(
        position=_WRITABLE["position"],
        updated_at=monotonic_now(_NOW, LISTS.c.updated_at),
        version=_VERSION,
    ),
    "list.update",
)
DELETE_LIST: Final = Command("delete list", delete(LISTS).where(*_MINE), "list.delete")
ADD_LIST_TOMBSTONE: Final = Command(
    "add a list's tombstone",
    upsert(LIST_TOMBSTONES)
    .values(user_id=OWNER, list_id=_LIST_ID, version=_VERSION, deleted_at=_NOW)
    .on_conflict_do_update(
        index_elements=["user_id", "list_id"], set_={"version": _VERSION, "deleted_at": _NOW}
    ),
)
COUNT_TASKS: Final = Read("count of tasks in a list", select(func.count()).where(*_IN_LIST))
NEXT_TASKS: Final = Read("next tasks in a list", select(TASKS.c.id).where(*_IN_LIST).limit(_LIMIT))

KEEP_TASKS: Final = Command(
    "take several tasks out of their list", change_ranked(list_id=null()), "task.update"
)

DROP_LABELS_OF_TASKS: Final = Command(
    "drop the labels of several tasks",
    delete(TASK_LABELS).where(
        TASK_LABELS.c.user_id == OWNER,
        any_of(TASK_LABELS.c.task_id, few(bindparam("ids", type_=Ids()))),
    ),
    quiet=True,
)

TASKS_OF_DELETED_LISTS: Final = Read(
    "tasks of a deleted list",
    select(TASKS.c.list_id, func.count())
    .where(
        TASKS.c.user_id == OWNER,
        TASKS.c.list_id.is_not(None),
        TASKS.c.list_id.not_in(select(LISTS.c.id).where(LISTS.c.user_id == OWNER)),
    )
    .group_by(TASKS.c.list_id),
)
"""The list, and the number of its tasks, of a deletion that was interrupted; no row otherwise."""
