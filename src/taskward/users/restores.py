"""What is to be done after a restore of the database (`taskward restored`).

A restore loses the newest writes, and clients still hold what they were given for them. The numbers of later
writes follow the clock, so none of them comes again. But a cursor of a lost place in the feed would be
answered with what was written since, and its holder would keep what was lost.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from taskward.database import DatabaseUnusable, open_database
from taskward.database.functions import clock_number, greatest
from taskward.database.statements import Plain, Read, Steps
from taskward.database.types import Counter, Instant
from taskward.settings import Settings
from taskward.users.models import RESTORES, USERS
from taskward.users.store import LAST_RESTORE

MARGIN: Final = timedelta(minutes=1)
"""By how much the clock may have been ahead when the lost numbers were given out, unless it is said."""

_MARGIN: Final = bindparam("margin", type_=Counter)
_NUMBER: Final = bindparam("number", type_=Counter)
_BEYOND: Final = greatest(USERS.c.seq + _MARGIN, _NUMBER)

_ADD_RESTORE: Final = Plain(
    "add a restore",
    insert(RESTORES)
    .from_select(
        ["number", "restored_at"],
        select(greatest(clock_number() + _MARGIN, LAST_RESTORE + 1), bindparam("now", type_=Instant())),
    )
    .returning(RESTORES.c.number),
)
_MOVE_COUNTERS: Final = Plain(
    "move every owner's counter beyond a restore", update(USERS).values(seq=_BEYOND, horizon=_BEYOND)
)
_COUNT_OWNERS: Final = Read("count of owners", select(func.count(USERS.c.id)), of_many=True)


@dataclass(frozen=True, slots=True)
class Restored:
    """How many owners there are, and the number that their counters are at or beyond."""

    owners: int
    number: int

    @property
    def moment(self) -> datetime:
        """The number as the moment at which it would be the clock's."""
        return datetime.fromtimestamp(self.number // 1_000_000, UTC)


async def mark_restored(settings: Settings, margin: timedelta = MARGIN) -> Restored:
    """Move every owner's counter beyond all numbers given out, and make every cursor of the feed void.

    It may run beside the service, and more than once.

    Raises:
        DatabaseUnusable: there is no database of Taskward's.
        DatabaseError: the database refuses or cannot be reached.

    """
    # Row-level security shows the rows of one owner, and this is about those of all.
    database = open_database(settings.model_copy(update={"database_rls": False}))
    try:
        if await database.revision() is None:
            raise DatabaseUnusable(
                "DATABASE_URL: there is no database of Taskward's; restore it and try again"
            )
        await database.migrate()
        await database.start()
        return await database.transact(lambda: _steps(margin), long=True)
    finally:
        await database.stop()


def _steps(margin: timedelta) -> Steps[Restored]:
    values = {"margin": margin // timedelta(microseconds=1), "now": datetime.now(UTC)}
    number = int((yield _ADD_RESTORE, values)[0][0])
    yield _MOVE_COUNTERS, values | {"number": number}
    owners = int((yield _COUNT_OWNERS, {})[0][0])
    return Restored(owners, number)
