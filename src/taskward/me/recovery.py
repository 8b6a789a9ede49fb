"""Completes what a process that died has left unfinished: split transactions, staged imports."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from taskward.database import Database
from taskward.database.statements import TransactionSteps
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.me import erasure, staging

INTERVAL: Final = 1.0
"""Seconds between two looks for interrupted changes; a look reads one table that is empty."""

INTERVAL_STAGED: Final = 30.0
"""Seconds between two looks for abandoned imports, which nobody sees."""

_RESUME: Final[Mapping[str, Callable[[UUID], TransactionSteps[None]]]] = {
    staging.CHANGE: staging.resume_steps,
    erasure.CHANGE: erasure.resume_steps,
}

log = logging.getLogger(__name__)


class Recovery:
    """Looks for unfinished changes from the start of the process to its end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        staged_at = loop.time()
        while True:
            try:
                await resume_interrupted(self._database)
                if loop.time() >= staged_at:
                    staged_at = loop.time() + INTERVAL_STAGED
                    await staging.delete_abandoned(self._database)
            except (DatabaseError, ServiceUnavailable) as error:
                log.warning("Unfinished changes cannot be completed yet", extra={"reason": error.reason})
            except Exception:
                log.exception("Unfinished changes cannot be completed")
            await asyncio.sleep(INTERVAL)


async def resume_interrupted(database: Database) -> None:
    """Complete the split transactions that nobody carries on."""
    for owner, change in await database.interrupted():
        log.info("An interrupted change is completed", extra={"reason": change})
        await database.transact(partial(_RESUME[change], owner), long=True)
        await database.scrub()
