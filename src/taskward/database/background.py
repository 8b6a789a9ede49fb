"""Work on the database that a process repeats beside its requests."""

import asyncio
import logging
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import ClassVar, Final

from taskward.http.errors import DatabaseError, ServiceUnavailable

FIRST_RUN: Final = 1.0
"""Seconds for which other work waits for a first run, which most often is one statement."""


class BackgroundWork(ABC):
    """Work that is repeated from `start` to `stop`, also after failures, unless it is done for good."""

    failed: ClassVar[str]
    """The log message after a failure of the database."""

    crashed: ClassVar[str]
    """The log message after any other failure."""

    def __init__(self, interval: float, after: "BackgroundWork | None" = None) -> None:
        """Takes the seconds between two runs, and work that runs first, so that both use one connection."""
        self.has_run = asyncio.Event()
        self._interval = interval
        self._after = after
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def run(self) -> bool:
        """Runs once. Returns True when the job is finished for good."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._repeat())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _repeat(self) -> None:
        if self._after is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_RUN):
                    await self._after.has_run.wait()
        while not await self._is_done():
            self.has_run.set()
            await asyncio.sleep(self._interval)
        self.has_run.set()

    async def _is_done(self) -> bool:
        """Runs once; a failure is logged."""
        log = logging.getLogger(type(self).__module__)
        try:
            return await self.run()
        except (DatabaseError, ServiceUnavailable) as error:
            log.warning(self.failed, extra={"reason": error.reason})
        except Exception:
            log.exception(self.crashed)
        return False
