"""The statements on all data of one owner."""

from typing import Final

from sqlalchemy import Integer, Table, bindparam, case, delete, func, null, select, true, update

from taskward.database.functions import clock_number, monotonic_now
from taskward.database.outbox import MARKS
from taskward.database.statements import Command, Read
from taskward.database.tables import owned_tables
from taskward.database.types import Id, Instant
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER, SINCE, TIME_ZONE, upsert_person
from taskward.users.tables import USERS

_LIMIT: Final = bindparam("limit", type_=Integer())
_NOW: Final = bindparam("now", type_=Instant())

_USER: Final = (USERS.c.id, USERS.c.email, USERS.c.created_at, USERS.c.updated_at, USERS.c.time_zone)
USER: Final = Read(
    "user",
    select(*_USER).where(USERS.c.id == OWNER),
)
SET_TIME_ZONE: Final = Command(
    "set the time zone of an owner",
    upsert_person(time_zone=TIME_ZONE, updated_at=monotonic_now(SINCE, USERS.c.updated_at)).returning(*_USER),
    "user.update",
    quiet=True,
)
"""Returns the row as `USER` does. It is not in the feed, so there is no change to notify."""


def _after(entity: Entity) -> Read:
    table = entity.table
    return Read(
        f"{table.name} after an id",
        select(*(table.c[name] for name in entity.record._fields))
        .where(table.c.user_id == OWNER, table.c.id > bindparam("after_id", type_=Id()))
        .order_by(table.c.id)
        .limit(_LIMIT),
    )


AFTER: Final = {entity: _after(entity) for entity in ENTITIES}
"""Rows of `Entity.record`."""

COUNT: Final = Read("count of tasks", select(func.count(TASKS.c.id)).where(TASKS.c.user_id == OWNER))


def _next(table: Table, key: str) -> Read:
    """Reads the next keys of an owner's rows, which bounds the rows deleted at once."""
    columns = table.c
    return Read(
        f"next of {table.name}",
        select(columns[key])
        .where(columns.user_id == OWNER, columns[key] > bindparam("after", type_=columns[key].type))
        .order_by(columns[key])
        .limit(_LIMIT),
    )


def _delete(table: Table, key: str) -> Command:
    column = table.c[key]
    after, up_to = (bindparam(name, type_=column.type) for name in ("after", "up_to"))
    return Command(
        f"erase of {table.name}",
        delete(table).where(table.c.user_id == OWNER, column > after, column <= up_to),
    )


ERASE_PART: Final = {
    table.name: (_next(table, key), _delete(table, key))
    for table, _ in reversed(owned_tables())
    for key in table.primary_key.columns.keys()[1:2]
}
"""For each table that can hold many rows of an owner, which have more in their key: the statements that read
and that delete the next values of that. Referenced tables come last: their rows delete others with them."""

RESET_WEBHOOKS: Final = Command(
    "reset the webhooks of an owner",
    update(MARKS)
    .where(MARKS.c.user_id == OWNER)
    .values(
        acknowledged=null(),
        delivery_id=null(),
        body=null(),
        upto=null(),
        attempts=0,
        is_erased=true(),
        next_at=case((MARKS.c.holder.is_not(None), MARKS.c.next_at), else_=clock_number()),
        marked_at=func.coalesce(MARKS.c.marked_at, clock_number()),
    ),
    quiet=True,
)
"""The id stays until the receiver has confirmed the erasure. A process that delivers at this moment keeps the
owner until its attempt ends."""
ERASE: Final = Command("erase an owner", delete(USERS).where(USERS.c.id == OWNER), "user.erase")
"""All other rows of the owner reference that row and are deleted with it."""
