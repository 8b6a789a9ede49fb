"""Work on the database that a process repeats beside its requests."""

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import ClassVar

from taskward.http.errors import DatabaseError, ServiceUnavailable


class BackgroundWork(ABC):
    """Work that is repeated from `start` to `stop`, also after failures, unless it is done for good."""

    failed: ClassVar[str]
    """The log message after a failure of the database."""

    crashed: ClassVar[str]
    """The log message after any other failure."""

    def __init__(self, interval: float) -> None:
        """Takes the seconds between two runs."""
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def run(self) -> bool:
        """Does what there is to do; returns whether there will never be more."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._repeat())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _repeat(self) -> None:
        log = logging.getLogger(type(self).__module__)
        while True:
            try:
                if await self.run():
                    return
            except (DatabaseError, ServiceUnavailable) as error:
                log.warning(self.failed, extra={"reason": error.reason})
            except Exception:
                log.exception(self.crashed)
            await asyncio.sleep(self._interval)
