"""The metrics of what waits to be delivered."""

import asyncio
import logging
from typing import Final

from taskward.database import Queries
from taskward.database.postgres.row_level_security import NO_OWNER
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import WEBHOOK_AGE, WEBHOOK_BACKLOG, Samples
from taskward.webhooks.statements import BACKLOG

INTERVAL: Final = 15.0
"""Seconds between two counts."""

log = logging.getLogger(__name__)


class Backlog:
    """The number of owners with something to deliver, counted from time to time."""

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._count = 0
        self._seconds = 0.0

    async def count(self) -> tuple[int, float]:
        """Returns how many owners are due, and the seconds for which the first of them has been."""
        rows = await self._database.rows(BACKLOG, {"owner": NO_OWNER})
        return rows[0][0], (rows[0][1] or 0) / 1_000_000

    async def update(self) -> None:
        self._count, self._seconds = await self.count()

    async def run(self) -> None:
        """Counts until it is cancelled."""
        while True:
            try:
                await self.update()
            except (DatabaseError, ServiceUnavailable) as error:
                log.warning("Webhooks cannot be counted", extra={"reason": error.reason})
            await asyncio.sleep(INTERVAL)

    def collect(self) -> Samples:
        return {WEBHOOK_BACKLOG.name: {(): self._count}, WEBHOOK_AGE.name: {(): self._seconds}}
