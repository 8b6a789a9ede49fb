"""The statements that move tasks to the trash."""

from typing import Any, Final

from sqlalchemy import Delete, Insert, Integer, bindparam, delete, insert, literal_column, select

from taskward.database.functions import any_found, any_of, few
from taskward.database.statements import Command
from taskward.database.types import Id, Ids, Instant
from taskward.tasks.tables import TASKS
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER

_NOW: Final = bindparam("now", type_=Instant())
_IDS: Final = bindparam("ids", type_=Ids())
_NONE: Final = literal_column("NULL", Id())


def insert_into_trash(*conditions: Any, deleted_with: Any = _NONE) -> Insert:
    """Copies the tasks that meet the conditions to the trash."""
    columns = [one for one in TASKS.c if one.name != "user_id"]
    names = ["user_id", *(one.name for one in columns), "deleted_at", "deleted_with"]
    return insert(TRASH).from_select(names, select(OWNER, *columns, _NOW, deleted_with).where(*conditions))


def drop_expired(limit: Any) -> Delete:
    """Drops the oldest tasks in the owner's trash that have expired, most often none."""
    expired = (
        select(TRASH.c.id)
        .where(TRASH.c.user_id == OWNER, TRASH.c.deleted_at <= bindparam("trash_since", type_=Instant()))
        .order_by(TRASH.c.deleted_at, TRASH.c.id)
        .limit(limit)
    )
    return delete(TRASH).where(TRASH.c.user_id == OWNER, any_found(TRASH.c.id, expired.scalar_subquery()))


TRASH_TASKS: Final = Command(
    "copy several tasks to the trash",
    insert_into_trash(
        TASKS.c.user_id == OWNER,
        any_of(TASKS.c.id, few(_IDS)),
        deleted_with=bindparam("deleted_with", type_=Id()),
    ),
)
DELETE_TRASHED_TASKS: Final = Command(
    "delete several tasks that are in the trash",
    delete(TASKS).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS))),
    "task.trash",
)
DROP_EXPIRED_TRASH: Final = Command(
    "drop the expired tasks in the trash", drop_expired(bindparam("limit", type_=Integer())), quiet=True
)
