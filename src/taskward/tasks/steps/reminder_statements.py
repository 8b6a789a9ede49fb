"""The statements on pending reminders."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    column,
    delete,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import any_of, clock_number, few, instant_of, is_false, json_item, json_rows
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id, Ids
from taskward.tasks.fields.reminders import MAX_REMINDERS
from taskward.tasks.instant_tables import REMINDERS
from taskward.tasks.member_tables import MEMBER_REMINDERS, TRASH_MEMBER_REMINDERS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

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
    names = ["user_id", "task_id", "n", "fire_at"]
    return insert(REMINDERS).from_select(names, select(OWNER, *values).where(true())).on_conflict_do_nothing()


def _set_member_reminders() -> Any:
    given = json_rows(bindparam("reminders", type_=Text())).table_valued(column("value"), name="given")
    task_id, member_id, slot, reminders = (json_item(given.c.value, literal_column(n)) for n in "0123")
    key = (cast(member_id, Id()), cast(task_id, Id()))
    values = (*key, cast(slot, Integer()), cast(reminders, Text()), clock_number())
    names = ["user_id", "member_id", "task_id", "slot", "reminders", "version"]
    added = insert(MEMBER_REMINDERS).from_select(names, select(OWNER, *values).where(true()))
    later = MEMBER_REMINDERS.c.version + literal_column("1", Counter)
    return added.on_conflict_do_update(
        index_elements=["user_id", "member_id", "task_id"],
        set_={
            "reminders": added.excluded.reminders,
            "version": case((added.excluded.version > later, added.excluded.version), else_=later),
        },
    ).returning(MEMBER_REMINDERS.c.version)


PENDING: Final = Read(
    "pending reminders of tasks",
    select(REMINDERS.c.task_id, REMINDERS.c.n, REMINDERS.c.fire_at).where(*_OF_TASKS),
)
PENDING_AFTER: Final = Read(
    "tasks of pending reminders after an id",
    select(REMINDERS.c.task_id)
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
REMINDED_MEMBERS: Final = Read(
    "reminders that members have for tasks",
    select(
        MEMBER_REMINDERS.c.task_id,
        MEMBER_REMINDERS.c.member_id,
        MEMBER_REMINDERS.c.slot,
        MEMBER_REMINDERS.c.reminders,
        TASKS.c.extra,
        TASKS.c.is_completed,
        USERS.c.time_zone,
    )
    .join(
        TASKS,
        (TASKS.c.user_id == MEMBER_REMINDERS.c.user_id) & (TASKS.c.id == MEMBER_REMINDERS.c.task_id),
    )
    .join(USERS, USERS.c.id == MEMBER_REMINDERS.c.user_id)
    .where(
        MEMBER_REMINDERS.c.user_id == OWNER,
        TASKS.c.user_id == OWNER,
        USERS.c.id == OWNER,
        any_of(MEMBER_REMINDERS.c.task_id, few(_IDS)),
    )
    .with_hint(MEMBER_REMINDERS, "INDEXED BY ix_member_reminders_user_id_task_id", "sqlite"),
)
"""Each with the optional fields and the state of the task, and the time zone of the space."""

SET_MEMBER_REMINDERS: Final = Command(
    "set the reminders of members",
    _set_member_reminders(),
)
"""Takes a JSON array of `[task, member, slot, JSON array of reminders]`; returns the versions."""

SLOT: Final = REMINDERS.c.n // literal_column(str(MAX_REMINDERS), Integer())
"""The slot of the member whose pending reminder it is."""

_MEMBER_ID: Final = bindparam("member_id", type_=Id())
DROP_REMINDERS_OF_MEMBER: Final = (
    Command(
        "drop the pending reminders of a member",
        delete(REMINDERS).where(
            REMINDERS.c.user_id == OWNER,
            tuple_(REMINDERS.c.task_id, SLOT).in_(
                select(MEMBER_REMINDERS.c.task_id, MEMBER_REMINDERS.c.slot).where(
                    MEMBER_REMINDERS.c.user_id == OWNER, MEMBER_REMINDERS.c.member_id == _MEMBER_ID
                )
            ),
        ),
        quiet=True,
    ),
    *(
        Command(
            f"drop the rows of a member in {table.name}",
            delete(table).where(table.c.user_id == OWNER, table.c.member_id == _MEMBER_ID),
            quiet=True,
        )
        for table in (MEMBER_REMINDERS, TRASH_MEMBER_REMINDERS)
    ),
)
REMINDED_BETWEEN: Final = Read(
    "tasks with reminders between two versions",
    _reminded(
        TASKS.c.version > bindparam("after_number", type_=Counter),
        TASKS.c.version <= bindparam("last_number", type_=Counter),
    )
    .order_by(TASKS.c.version)
    .limit(_LIMIT),
)
