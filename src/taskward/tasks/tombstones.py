"""Tombstones: a deletion leaves one, and drops up to two that have expired, so that none accumulate.

A deletion of one task does so in its own statement, one of several rows in steps of its transaction.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Table,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import greatest
from taskward.database.statements import Command, Part, Read, TransactionSteps, Written
from taskward.database.tables import all_tables
from taskward.database.types import Counter, Id, Instant
from taskward.tasks.tables import TOMBSTONES
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

_NOW: Final = bindparam("now", type_=Instant())
_SINCE: Final = bindparam("tombstones_since", type_=Instant())
"""Tombstones older than this have expired."""

_UP_TO: Final = bindparam("up_to", type_=Counter)


def _leave_tombstone(written: Written) -> Insert:
    left = select(OWNER, bindparam("task_id", type_=Id()), written.number, _NOW).where(written.has_changed)
    return (
        insert(TOMBSTONES)
        .from_select(["user_id", "task_id", "version", "deleted_at"], left)
        .on_conflict_do_update(
            index_elements=["user_id", "task_id"],
            set_={"version": written.number, "deleted_at": _NOW},
        )
    )


_OLDEST: Final = (
    select(TOMBSTONES.c.version, TOMBSTONES.c.deleted_at)
    .where(TOMBSTONES.c.user_id == OWNER)
    .order_by(TOMBSTONES.c.version)
    .limit(2)
    .subquery("oldest")
)
_OLDEST_EXPIRED: Final = select(_OLDEST.c.version).where(_OLDEST.c.deleted_at < _SINCE)


def _drop_expired(written: Written) -> Delete:
    oldest = TOMBSTONES.c.version.in_(_OLDEST_EXPIRED)
    return delete(TOMBSTONES).where(TOMBSTONES.c.user_id == OWNER, oldest, written.has_changed)


LEAVE_TOMBSTONE: Final = Part(_leave_tombstone)
DROP_TOMBSTONES: Final = Part(_drop_expired)


def horizon_after_expiry() -> ColumnElement[Any]:
    """Returns the horizon after `DROP_TOMBSTONES`: every later change is recorded."""
    newest = select(func.coalesce(func.max(_OLDEST_EXPIRED.subquery().c.version), 0)).scalar_subquery()
    return case((newest > USERS.c.horizon, newest), else_=USERS.c.horizon)


def _newest_expired(table: Table) -> Read:
    oldest = (
        select(table.c.version, table.c.deleted_at)
        .where(table.c.user_id == OWNER)
        .order_by(table.c.version)
        .limit(bindparam("limit", type_=Integer()))
        .subquery("oldest")
    )
    newest = select(func.max(oldest.c.version)).where(oldest.c.deleted_at < _SINCE)
    return Read(f"newest expired of {table.name}", newest)


def _drop(table: Table) -> Command:
    old = delete(table).where(table.c.user_id == OWNER, table.c.version <= _UP_TO)
    return Command(f"drop expired of {table.name}", old, quiet=True)


_EXPIRED: Final = {
    table: (_newest_expired(table), _drop(table))
    for table in all_tables()
    if table.name.endswith("tombstones")
}
RAISE_HORIZON: Final = Command(
    "raise the horizon",
    update(USERS).where(USERS.c.id == OWNER).values(horizon=greatest(USERS.c.horizon, _UP_TO)),
    quiet=True,
)
"""Tombstones up to that number are dropped: see `users.horizon`."""


def drop_expired_steps(owner: UUID, table: Table, deleted: int, since: datetime) -> TransactionSteps[None]:
    """Drops expired tombstones, left before `since`, after `deleted` rows were deleted."""
    newest, drop = _EXPIRED[table]
    values = {"owner": owner, "limit": 2 * deleted, "tombstones_since": since}
    rows = yield newest, values
    if up_to := rows[0][0]:
        values["up_to"] = up_to
        yield drop, values
        yield RAISE_HORIZON, values
