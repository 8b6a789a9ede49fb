"""The statements on pending reminders."""

from typing import Final

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import any_of, few, instant_of, is_false, json_item, json_rows
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id, Ids
from taskward.tasks.instant_tables import REMINDERS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

_IDS: Final = bindparam("ids", type_=Ids())
_LIMIT: Final = bindparam("limit", type_=Integer())
_OF_TASKS: Final = (REMINDERS.c.user_id == OWNER, any_of(REMINDERS.c.task_id, few(_IDS)))


def _reminded(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Selects open tasks that may have reminders; some text of a task can look like them."""
    return select(TASKS.c.id, TASKS.c.extra, TASKS.c.version).where(
        TASKS.c.user_id == OWNER,
        *conditions,
        is_false(TASKS.c.is_completed),
        TASKS.c.extra.like(literal_column("""'%"reminders":%'""")),
    )


def _add() -> Insert:
    given = json_rows(bindparam("reminders", type_=Text())).table_valued(column("value"), name="given")
    task_id, number, at = (json_item(given.c.value, literal_column(n)) for n in "012")
    values = (cast(task_id, Id()), cast(number, Integer()), instant_of(at))
    return (
        insert(REMINDERS)
        .from_select(["user_id", "task_id", "n", "fire_at"], select(OWNER, *values).where(true()))
        .on_conflict_do_nothing()
    )


PENDING: Final = Read(
    "pending reminders of tasks",
    select(REMINDERS.c.task_id, REMINDERS.c.n, REMINDERS.c.fire_at).where(*_OF_TASKS),
)
PENDING_AFTER: Final = Read(
    "tasks with pending reminders after an id",
    select(REMINDERS.c.task_id)
    .distinct()
    .where(REMINDERS.c.user_id == OWNER, REMINDERS.c.task_id > bindparam("after_id", type_=Id()))
    .order_by(REMINDERS.c.task_id)
    .limit(_LIMIT),
)
DROP_REMINDERS: Final = Command(
    "drop the pending reminders of tasks", delete(REMINDERS).where(*_OF_TASKS), quiet=True
)
ADD_REMINDERS: Final = Command("add pending reminders", _add(), quiet=True)
"""Takes a JSON array of `[task id, number, microseconds since 1970 or null]`; one that is there stays."""

REMINDED: Final = Read("tasks with reminders", _reminded(any_of(TASKS.c.id, few(_IDS))))
REMINDED_BETWEEN: Final = Read(
    "tasks with reminders between two versions",
    _reminded(
        TASKS.c.version > bindparam("after_number", type_=Counter),
        TASKS.c.version <= bindparam("last_number", type_=Counter),
    )
    .order_by(TASKS.c.version)
    .limit(_LIMIT),
)
