"""Invalidation of cursors after a restore of the database (`taskward restored`).

A restore loses the newest writes, while clients still hold their cursors. The numbers of later writes follow
the clock, so none is reused. But a cursor of a lost position would get only the changes since then, and its
client would keep the lost ones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, insert, select, update

from taskward.database import DatabaseUnusable, Queries
from taskward.database.engines import open_database
from taskward.database.functions import clock_number, greatest
from taskward.database.outbox import mark_steps
from taskward.database.statements import Command, Values, command_steps
from taskward.database.types import Counter, Id, Instant
from taskward.settings import Settings
from taskward.users.statements import LAST_RESTORE
from taskward.users.tables import RESTORES, USERS

MARGIN: Final = timedelta(minutes=1)
"""By how much the clock may have been ahead when the lost numbers were issued (default)."""

MAX_OWNERS: Final = 5000
"""Owners that are moved in one transaction; their writes wait for it."""

_MARGIN: Final = bindparam("margin", type_=Counter)
_NUMBER: Final = bindparam("number", type_=Counter)
_BEYOND: Final = greatest(USERS.c.seq + _MARGIN, _NUMBER)

_ADD_RESTORE: Final = Command(
    "add a restore",
    insert(RESTORES)
    .from_select(
        ["number", "restored_at"],
        select(greatest(clock_number() + _MARGIN, LAST_RESTORE + 1), bindparam("now", type_=Instant())),
    )
    .returning(RESTORES.c.number),
)
_NEXT_OWNERS: Final = (
    select(USERS.c.id)
    .where(USERS.c.id > bindparam("after_id", type_=Id()))
    .order_by(USERS.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_MOVE_COUNTERS: Final = Command(
    "move the next owners' counters beyond a restore",
    update(USERS)
    .where(USERS.c.id.in_(_NEXT_OWNERS))
    .values(seq=_BEYOND, horizon=_BEYOND)
    .returning(USERS.c.id),
)


@dataclass(frozen=True, slots=True)
class Restored:
    """The number of owners, and the number that their counters are at or beyond."""

    owners: int
    number: int

    @property
    def moment(self) -> datetime:
        """The number as a time of the clock."""
        return datetime.fromtimestamp(self.number // 1_000_000, UTC)


async def mark_restored(settings: Settings, margin: timedelta = MARGIN) -> Restored:
    """Moves every owner's counter beyond all issued numbers, and invalidates every cursor of the feed.

    The cursors are invalidated first. It may run beside the service, and more than once.

    Raises:
        DatabaseUnusable: the database has no schema of Taskward.
        DatabaseError: the database rejects the statement or cannot be reached.

    """
    # Row-level security shows the rows of one owner; this statement moves all of them.
    database = open_database(settings.model_copy(update={"database_rls": False}))
    try:
        if await database.revision() is None:
            raise DatabaseUnusable(
                "DATABASE_URL: the database has no Taskward schema; restore it and try again"
            )
        await database.migrate()
        await database.start()
        values = {"margin": margin // timedelta(microseconds=1)}
        delivers = settings.webhooks is not None and settings.webhooks.changes
        return await _mark(database, values, delivers=delivers)
    finally:
        await database.stop()


async def _mark(database: Queries, values: Values, *, delivers: bool) -> Restored:
    added = await database.transact(lambda: command_steps(_ADD_RESTORE, {**values, "now": datetime.now(UTC)}))
    number, owners, after = int(added[0][0]), 0, UUID(int=0)
    values = {**values, "number": number, "limit": MAX_OWNERS}
    move = partial(command_steps, _MOVE_COUNTERS)
    while moved := await database.transact(partial(move, {**values, "after_id": after})):
        ids = [UUID(str(row[0])) for row in moved]
        if delivers:
            await database.transact(partial(mark_steps, ids))
        owners += len(ids)
        after = max(ids)
    return Restored(owners, number)
