"""What is stored about one owner, as a whole."""

from typing import Any, Final

from sqlalchemy import Integer, bindparam, delete, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from taskward.database.statements import Plain, Read
from taskward.database.types import Counter, Id
from taskward.tasks.models import COLUMNS, TASKS, TOMBSTONES
from taskward.users.models import USERS
from taskward.users.store import OWNER, touch_or_make_owner

_TASK_ID: Final = bindparam("task_id", type_=Id())

USER: Final = Read(
    "user",
    select(USERS.c.id, USERS.c.email, USERS.c.created_at, USERS.c.updated_at).where(USERS.c.id == OWNER),
)
TASKS_AFTER: Final = Read(
    "tasks after an id",
    select(*COLUMNS)
    .where(TASKS.c.user_id == OWNER, TASKS.c.id > bindparam("after_id", type_=Id()))
    .order_by(TASKS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)
COUNT: Final = Read("count of tasks", select(func.count(TASKS.c.id)).where(TASKS.c.user_id == OWNER))
TASK_IDS: Final = Read("ids of tasks", select(TASKS.c.id).where(TASKS.c.user_id == OWNER))
TOMBSTONE_IDS: Final = Read(
    "ids of tombstones", select(TOMBSTONES.c.task_id).where(TOMBSTONES.c.user_id == OWNER)
)


def _count_many() -> ReturningInsert[Any]:
    return touch_or_make_owner(bindparam("count", type_=Counter))


COUNT_MANY: Final = Plain("count many writes", _count_many())
"""Moves the owner's counter by `count` and gives the number of the last of those writes."""

INSERT_TASK: Final = Plain(
    "insert an imported task",
    insert(TASKS).values(
        {column.name: bindparam(column.name, type_=column.type) for column in TASKS.c} | {"user_id": OWNER}
    ),
    "task.import",
)
DROP_TOMBSTONE: Final = Plain(
    "drop a tombstone",
    delete(TOMBSTONES).where(TOMBSTONES.c.user_id == OWNER, TOMBSTONES.c.task_id == _TASK_ID),
)
ERASE: Final = Plain("erase an owner", delete(USERS).where(USERS.c.id == OWNER), "user.erase")
"""Everything else that is stored about the owner hangs on that row, and goes with it."""
