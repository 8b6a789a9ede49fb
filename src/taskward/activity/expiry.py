"""Deletes the activity of spaces that is older than `ACTIVITY_DAYS`."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from taskward.activity.statements import DROP_ACTIVITY, EXPIRED_ACTIVITY
from taskward.database import Database
from taskward.database.background import BackgroundWork
from taskward.database.statements import command_steps

INTERVAL: Final = 3000.0
"""Seconds between two runs, so that an expired entry is gone within an hour."""

MAX_ROWS: Final = 1000
"""Entries that are read and deleted at once."""


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
        until = datetime.now(UTC) - self._kept
        while rows := await self._database.rows(EXPIRED_ACTIVITY, {"until": until, "limit": MAX_ROWS}):
            ids: defaultdict[str, list[UUID]] = defaultdict(list)
            for owner, entry_id in rows:
                ids[str(owner)].append(entry_id)
            for owner, expired in ids.items():
                values = {"owner": UUID(owner), "ids": expired}
                await self._database.transact(partial(command_steps, DROP_ACTIVITY, values), long=True)
        return False
