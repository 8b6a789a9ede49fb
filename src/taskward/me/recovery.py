"""Completes the work of processes that died: split transactions and staged imports."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from taskward.database import Database
from taskward.database.background import BackgroundWork
from taskward.database.statements import TransactionSteps
from taskward.labels import change as label_change
from taskward.lists import deletion
from taskward.me import erasure, staging
from taskward.tasks.steps import reminders
from taskward.trash import restoring

INTERVAL: Final = 1.0
"""Seconds between two checks for interrupted changes; a check reads one table that is usually empty."""

INTERVAL_STAGED: Final = 30.0
"""Seconds between two checks for abandoned imports, which are invisible to users."""

_RESUME: Final[Mapping[str, Callable[..., TransactionSteps[None]]]] = {
    staging.CHANGE: staging.resume_steps,
    erasure.CHANGE: erasure.resume_steps,
    label_change.CHANGE: label_change.resume_steps,
    reminders.CHANGE: reminders.resume_steps,
    restoring.CHANGE: restoring.resume_steps,
    **deletion.RESUME_STEPS,
}
"""The steps that complete a change, by its name. They take the owner, and what follows the name."""

log = logging.getLogger(__name__)


class Recovery(BackgroundWork):
    """Checks for unfinished changes while the process runs."""

    failed = "Cannot complete an interrupted change yet; retrying"
    crashed = "Completing an interrupted change crashed; retrying"

    def __init__(self, database: Database) -> None:
        super().__init__(INTERVAL)
        self._database = database
        self._staged_at = 0.0

    async def run(self) -> bool:
        await resume_interrupted(self._database)
        now = time.monotonic()
        if now >= self._staged_at:
            self._staged_at = now + INTERVAL_STAGED
            await staging.delete_abandoned(self._database)
        return False


async def resume_interrupted(database: Database) -> None:
    """Completes the split transactions without a running holder."""
    for owner, change in await database.interrupted():
        name, *arguments = change.split("\n", 1)
        log.info("Completing an interrupted change", extra={"reason": name})
        await database.transact(partial(_RESUME[name], owner, *arguments), long=True)
        await database.scrub()
