"""Deletes the activity of spaces that is older than `ACTIVITY_DAYS`."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from taskward.activity.statements import DROP_ACTIVITY, EXPIRED_ACTIVITY, SPACES_OF_ACTIVITY
from taskward.database import Database
from taskward.database.background import BackgroundWork
from taskward.database.statements import TransactionSteps, Values
from taskward.ids import first_id_at

INTERVAL: Final = 3000.0
"""Seconds between two runs, so that an expired entry is gone within an hour."""

MAX_ROWS: Final = 1000
"""Spaces that are read at once, and entries that are deleted at once."""


class ActivityExpiry(BackgroundWork):
    """Deletes expired entries from time to time, a part of a space's at a time."""

    failed = "Cannot delete expired activity yet; retrying"
    crashed = "Deleting expired activity crashed; retrying"

    def __init__(self, database: Database, kept: timedelta, *, after: BackgroundWork | None = None) -> None:
        super().__init__(INTERVAL, after)
        self._database = database
        self._kept = kept

    async def run(self) -> bool:
        """Deletes those that have expired."""
        kept_from, after = first_id_at(datetime.now(UTC) - self._kept), UUID(int=0)
        values = {"activity_kept_from": kept_from, "limit": MAX_ROWS}
        while rows := await self._database.rows(SPACES_OF_ACTIVITY, {"after_id": after, **values}):
            for space in [UUID(str(space)) for space, has_expired in rows if has_expired]:
                while await self._database.transact(
                    partial(_drop_steps, {"owner": space, **values}), long=True
                ):
                    pass
            after = UUID(str(rows[-1][0]))
        return False


def _drop_steps(values: Values) -> TransactionSteps[int]:
    """Deletes the oldest expired entries of a space; returns their number."""
    ids = [row[0] for row in (yield EXPIRED_ACTIVITY, values)]
    if ids:
        yield DROP_ACTIVITY, {"owner": values["owner"], "ids": ids}
    return len(ids)
