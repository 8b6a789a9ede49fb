"""Deletes from the trash what has been in it for `TRASH_DAYS`."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from taskward.database import Database
from taskward.database.background import BackgroundWork
from taskward.trash.statements import OWNERS_OF_EXPIRED
from taskward.trash.store import purge_oldest_steps

INTERVAL: Final = 3000.0
"""Seconds between two runs, so that an expired task is gone within an hour."""

LIMIT: Final = 100
"""Expired tasks whose owners are read at once."""


class TrashExpiry(BackgroundWork):
    """Deletes expired tasks from time to time, a part of an owner's at a time."""

    failed = "Cannot delete expired tasks from the trash yet; retrying"
    crashed = "Deleting expired tasks from the trash crashed; retrying"

    def __init__(self, database: Database, kept: timedelta, *, after: BackgroundWork | None = None) -> None:
        super().__init__(INTERVAL, after)
        self._database = database
        self._kept = kept

    async def run(self) -> bool:
        """Deletes those that have expired.

        Afterwards deleted texts are removed from SQLite's files, if a task was deleted here, or from the
        second run on: requests may have purged tasks since. The start has removed earlier ones.
        """
        scrub = self.has_run.is_set()
        until = datetime.now(UTC) - self._kept
        while rows := await self._database.rows(OWNERS_OF_EXPIRED, {"until": until, "limit": LIMIT}):
            scrub = True
            for owner in {UUID(str(row[0])) for row in rows}:
                await self._database.transact(partial(purge_oldest_steps, owner, until), long=True)
        if scrub:
            await self._database.scrub()
        return False
