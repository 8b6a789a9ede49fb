"""Marks owners whose reminders are due."""

from typing import Final
from uuid import UUID

from taskward.database import Queries
from taskward.database.outbox import mark_steps
from taskward.database.types import from_microseconds
from taskward.webhooks.reminder_statements import NEXT_REMINDERS

LIMIT: Final = 100
"""Reminders that are read at once."""


class DueReminders:
    """The reminders of owners who are not marked for another reason."""

    def __init__(self, database: Queries) -> None:
        self._database = database

    async def mark(self, now: int) -> float | None:
        """Marks those whose reminders are due; returns the seconds until the next one is, if there is any.

        `now` is in microseconds of the database's clock.
        """
        rows = await self._database.rows(NEXT_REMINDERS, {"limit": LIMIT})
        moment = from_microseconds(now)
        due = {UUID(str(owner)) for owner, fire_at in rows if fire_at <= moment}
        if due:
            await self._database.transact(lambda: mark_steps(due))
            return 0.0
        return (rows[0][1] - moment).total_seconds() if rows else None
