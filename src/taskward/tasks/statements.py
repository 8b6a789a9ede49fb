"""Every statement on tasks. Each one's WHERE begins with the owner; a test walks them and holds that."""

from typing import Final

from sqlalchemy import (
    ColumnElement,
    Insert,
    Text,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.database.statements import Change, Read, Write
from taskward.database.types import Flag, Id, Instant, forward_only
from taskward.tasks.models import COLUMNS, TASKS, TOMBSTONES
from taskward.users.store import OWNER, touch_or_make_owner, touch_owner_if

MOST_TASKS: Final = 1000
"""How many tasks one answer holds at most."""

_TASK_ID: Final = bindparam("task_id", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_TITLE: Final = bindparam("title", type_=Text())
_TITLE_FOLDED: Final = bindparam("title_folded", type_=Text())
_DESCRIPTION: Final = bindparam("description", type_=Text())
_DESCRIPTION_FOLDED: Final = bindparam("description_folded", type_=Text())
_IS_COMPLETED: Final = bindparam("is_completed", type_=Flag())
_DESCRIBES: Final = bindparam("describes", type_=Flag())
"""Whether `description` is given at all: null is one of its values."""

_MINE: Final = (TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID)


def _insert_task(number: ColumnElement[int]) -> Change:
    return (
        insert(TASKS)
        .values(
            user_id=OWNER,
            id=_TASK_ID,
            title=_TITLE,
            title_folded=_TITLE_FOLDED,
            description=_DESCRIPTION,
            description_folded=_DESCRIPTION_FOLDED,
            is_completed=_IS_COMPLETED,
            created_at=_NOW,
            updated_at=_NOW,
            version=number,
        )
        .returning(*COLUMNS)
    )


def _update_task(number: ColumnElement[int]) -> Change:
    return (
        update(TASKS)
        .where(*_MINE, number.is_not(None))
        .values(
            title=func.coalesce(_TITLE, TASKS.c.title),
            title_folded=func.coalesce(_TITLE_FOLDED, TASKS.c.title_folded),
            description=case((_DESCRIBES, _DESCRIPTION), else_=TASKS.c.description),
            description_folded=case((_DESCRIBES, _DESCRIPTION_FOLDED), else_=TASKS.c.description_folded),
            is_completed=func.coalesce(_IS_COMPLETED, TASKS.c.is_completed),
            updated_at=forward_only(_NOW, TASKS.c.updated_at),
            version=number,
        )
        .returning(*COLUMNS)
    )


def _delete_task(number: ColumnElement[int]) -> Change:
    return delete(TASKS).where(*_MINE, number.is_not(None)).returning(*COLUMNS)


def _leave_tombstone(number: ColumnElement[int], changed: ColumnElement[bool]) -> Insert:
    return (
        upsert(TOMBSTONES)
        .from_select(
            ["user_id", "task_id", "version", "deleted_at"],
            select(OWNER, _TASK_ID, number, _NOW).where(changed),
        )
        .on_conflict_do_update(
            index_elements=["user_id", "task_id"],
            set_={"version": number, "deleted_at": _NOW},
        )
    )


LIST_TASKS: Final = Read(
    "list tasks",
    select(*COLUMNS).where(TASKS.c.user_id == OWNER).order_by(TASKS.c.id.desc()).limit(MOST_TASKS),
)
GET_TASK: Final = Read("get task", select(*COLUMNS).where(*_MINE))
CREATE_TASK: Final = Write("create task", touch_or_make_owner(), _insert_task)
UPDATE_TASK: Final = Write("update task", touch_owner_if(exists().where(*_MINE)), _update_task)
DELETE_TASK: Final = Write(
    "delete task", touch_owner_if(exists().where(*_MINE)), _delete_task, _leave_tombstone
)
