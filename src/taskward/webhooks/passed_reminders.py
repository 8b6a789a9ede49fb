"""Drops the reminders that pass where none is delivered, so that webhooks do not begin with old ones."""

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from taskward.database import Queries
from taskward.database.statements import TransactionSteps
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.users.statements import LOCK_OWNER
from taskward.webhooks.reminder_statements import DROP_PASSED, PASSED_REMINDERS

KEPT: Final = timedelta(hours=1)
"""Time after its moment for which a reminder is kept, because another process may deliver it: while webhooks
are turned on, processes with and without them run beside each other."""

INTERVAL: Final = 3600.0
"""Seconds between two looks."""

LIMIT: Final = 100
"""Reminders that are read at once."""

_MICROSECOND: Final = timedelta(microseconds=1)

log = logging.getLogger(__name__)


class PassedReminders:
    """Drops passed reminders from time to time, in a process that does not deliver reminders."""

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def drop(self) -> None:
        """Drops those that have passed, a person at a time."""
        values = {"kept": KEPT // _MICROSECOND, "limit": LIMIT}
        while rows := await self._database.rows(PASSED_REMINDERS, values):
            for owner in {UUID(str(row[0])) for row in rows}:
                await self._database.transact(partial(_drop_steps, owner))

    async def _run(self) -> None:
        while True:
            try:
                await self.drop()
            except (DatabaseError, ServiceUnavailable) as error:
                log.warning("Cannot drop passed reminders yet; retrying", extra={"reason": error.reason})
            except Exception:
                log.exception("Dropping passed reminders crashed; retrying")
            await asyncio.sleep(INTERVAL)


def _drop_steps(owner: UUID) -> TransactionSteps[None]:
    yield LOCK_OWNER, {"owner": owner}
    yield DROP_PASSED, {"owner": owner, "kept": KEPT // _MICROSECOND}
