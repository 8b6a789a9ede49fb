"""Tombstones that have expired: a deletion of several rows drops up to twice as many, so none accumulate."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Table, bindparam, delete, func, select, update

from taskward.database.functions import greatest
from taskward.database.statements import Command, Read, TransactionSteps
from taskward.database.tables import all_tables
from taskward.database.types import Counter, Instant
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

_UP_TO: Final = bindparam("up_to", type_=Counter)


def _newest_expired(table: Table) -> Read:
    oldest = (
        select(table.c.version, table.c.deleted_at)
        .where(table.c.user_id == OWNER)
        .order_by(table.c.version)
        .limit(bindparam("limit", type_=Integer()))
        .subquery("oldest")
    )
    expired = oldest.c.deleted_at < bindparam("tombstones_since", type_=Instant())
    return Read(f"newest expired of {table.name}", select(func.max(oldest.c.version)).where(expired))


def _drop(table: Table) -> Command:
    old = delete(table).where(table.c.user_id == OWNER, table.c.version <= _UP_TO)
    return Command(f"drop expired of {table.name}", old, quiet=True)


_EXPIRED: Final = {
    table: (_newest_expired(table), _drop(table))
    for table in all_tables()
    if table.name.endswith("tombstones")
}
_RAISE_HORIZON: Final = Command(
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
        yield _RAISE_HORIZON, values
