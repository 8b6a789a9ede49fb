"""The statements that compute stored instants again, and those that one process runs for all."""

from typing import Any, Final

from sqlalchemy import (
    Integer,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from taskward.database.functions import instant_of, json_item, json_rows
from taskward.database.leases import Lease
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id
from taskward.tasks.instant_tables import REMINDERS, TIME_ZONE_DATA
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

_VERSION: Final = bindparam("version", type_=Text())
_AFTER: Final = bindparam("after_id", type_=Id())
_LIMIT: Final = bindparam("limit", type_=Integer())
_ONE: Final = literal_column("1", Counter)

ZONE_DATA_LEASE: Final = Lease(
    TIME_ZONE_DATA.c.number == _ONE,
    holder=TIME_ZONE_DATA.c.holder,
    renewed_at=TIME_ZONE_DATA.c.renewed_at,
    seconds=60.0,
)

STORED_VERSION: Final = Read(
    "stored version of the time zone data", select(TIME_ZONE_DATA.c.version), cross_owner=True
)


def _claim() -> Any:
    seen = func.coalesce(TIME_ZONE_DATA.c.version, literal_column("''"))
    is_seen = seen == bindparam("seen", type_=Text())
    return ZONE_DATA_LEASE.claim_or_insert({"number": _ONE}, ZONE_DATA_LEASE.has_ended & is_seen)


CLAIM_ZONE_DATA: Final = Command("claim the time zone data", _claim(), quiet=True, cross_owner=True)
"""Returns a row if no other process computes the instants, and the stored version is still the `seen` one."""

RENEW_ZONE_DATA: Final = Command(
    "renew the claim on the time zone data", ZONE_DATA_LEASE.renew(), quiet=True, cross_owner=True
)
STORE_VERSION: Final = Command(
    "store the version of the time zone data",
    ZONE_DATA_LEASE.change(version=_VERSION, renewed_at=null()),
    quiet=True,
    cross_owner=True,
)
OWNERS_AFTER: Final = Read(
    "owners after an id",
    select(USERS.c.id).where(USERS.c.id > _AFTER).order_by(USERS.c.id).limit(_LIMIT),
    cross_owner=True,
)
ZONED_AFTER: Final = Read(
    "tasks in a time zone after an id",
    select(TASKS.c.id, TASKS.c.extra, TASKS.c.due_utc, TASKS.c.start_utc)
    .where(
        TASKS.c.user_id == OWNER,
        TASKS.c.id > _AFTER,
        or_(TASKS.c.due_utc.is_not(None), TASKS.c.start_utc.is_not(None)),
    )
    .order_by(TASKS.c.id)
    .limit(_LIMIT),
    long=True,
)
HAS_REMINDERS: Final = Read(
    "whether reminders are pending",
    select(REMINDERS.c.task_id).where(REMINDERS.c.user_id == OWNER).limit(_ONE),
)


def _set_instants() -> Any:
    rows = json_rows(bindparam("tasks", type_=Text())).table_valued(column("value"), name="given")
    task_id, due, start = (json_item(rows.c.value, literal_column(n)) for n in "012")
    columns = (
        cast(task_id, Id()).label("task_id"),
        instant_of(due).label("due_utc"),
        instant_of(start).label("start_utc"),
    )
    # Materialized, because SQLite would look through the array for each task of the owner.
    given = select(*columns).cte("computed").prefix_with("MATERIALIZED")
    return (
        update(TASKS)
        .where(TASKS.c.user_id == OWNER, TASKS.c.id == given.c.task_id)
        .values(due_utc=given.c.due_utc, start_utc=given.c.start_utc)
    )


SET_INSTANTS: Final = Command("set the instants of tasks", _set_instants(), quiet=True)
"""Takes a JSON array of `[id, due, start]`, in microseconds since 1970 or null.

For clients the tasks stay the same: they see local times."""
