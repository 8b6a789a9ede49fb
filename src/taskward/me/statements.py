"""The statements on all data of one owner."""

from typing import Final

from sqlalchemy import Integer, bindparam, func, select

from taskward.database.functions import monotonic_now
from taskward.database.statements import Command, Read
from taskward.database.types import Id, Instant
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.spaces.records import MEMBER_COLUMNS
from taskward.spaces.tables import MEMBERS
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

MEMBERS_AFTER: Final = Read(
    "members after an id",
    select(*MEMBER_COLUMNS)
    .where(MEMBERS.c.user_id == OWNER, MEMBERS.c.id > bindparam("after_id", type_=Id()))
    .order_by(MEMBERS.c.id)
    .limit(_LIMIT),
)
"""Also those who have left."""

COUNT: Final = Read("count of tasks", select(func.count(TASKS.c.id)).where(TASKS.c.user_id == OWNER))
