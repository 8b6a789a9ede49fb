"""Completes the work of processes that died: split transactions and staged imports."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from taskward.database import Database
from taskward.database.statements import TransactionSteps
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.labels import change as label_change
from taskward.lists import deletion
from taskward.me import erasure, staging

INTERVAL: Final = 1.0
"""Seconds between two checks for interrupted changes; a check reads one table that is usually empty."""

INTERVAL_STAGED: Final = 30.0
"""Seconds between two checks for abandoned imports, which are invisible to users."""

_RESUME: Final[Mapping[str, Callable[..., TransactionSteps[None]]]] = {
    staging.CHANGE: staging.resume_steps,
    erasure.CHANGE: erasure.resume_steps,
    label_change.CHANGE: label_change.resume_steps,
    **deletion.RESUME_STEPS,
}
"""The steps that complete a change, by its name. They take the owner, and what follows the name."""

log = logging.getLogger(__name__)


class Recovery:
    """Checks for unfinished changes while the process runs."""

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
                log.warning("Cannot complete an interrupted change yet", extra={"reason": error.reason})
            except Exception:
                log.exception("Completing an interrupted change crashed; retrying")
            await asyncio.sleep(INTERVAL)


async def resume_interrupted(database: Database) -> None:
    """Completes the split transactions without a running holder."""
    for owner, change in await database.interrupted():
        name, *arguments = change.split("\n", 1)
        log.info("Completing an interrupted change", extra={"reason": name})
        await database.transact(partial(_RESUME[name], owner, *arguments), long=True)
        await database.scrub()
