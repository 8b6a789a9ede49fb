"""Drops the reminders that pass where none is delivered, so that webhooks do not begin with old ones."""

from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from taskward.database import Queries
from taskward.database.background import BackgroundWork
from taskward.database.statements import TransactionSteps
from taskward.users.statements import LOCK_OWNER
from taskward.webhooks.reminder_statements import DROP_PASSED, PASSED_REMINDERS

RETENTION: Final = timedelta(hours=1)
"""Time after its moment for which a reminder is kept, because another process may deliver it: while webhooks
are turned on, processes with and without them run beside each other."""

INTERVAL: Final = 3600.0
"""Seconds between two runs."""

LIMIT: Final = 100
"""Reminders that are read at once."""

_MICROSECOND: Final = timedelta(microseconds=1)


class PassedReminders(BackgroundWork):
    """Drops passed reminders from time to time, in a process that does not deliver reminders."""

    failed = "Cannot drop passed reminders yet; retrying"
    crashed = "Dropping passed reminders crashed; retrying"

    def __init__(self, database: Queries, *, after: BackgroundWork | None = None) -> None:
        super().__init__(INTERVAL, after)
        self._database = database

    async def run(self) -> bool:
        """Drops those that have passed, an owner at a time."""
        values = {"retention": RETENTION // _MICROSECOND, "limit": LIMIT}
        while rows := await self._database.rows(PASSED_REMINDERS, values):
            for owner in {UUID(str(row[0])) for row in rows}:
                await self._database.transact(partial(_drop_steps, owner))
        return False


def _drop_steps(owner: UUID) -> TransactionSteps[None]:
    yield LOCK_OWNER, {"owner": owner}
    yield DROP_PASSED, {"owner": owner, "retention": RETENTION // _MICROSECOND}
