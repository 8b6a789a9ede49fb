"""What wakes the open event streams: one bell a process, rung for an owner whose tasks may have changed."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request

from taskward.changes.statements import COUNTERS
from taskward.database import Database
from taskward.http.errors import DatabaseError, RateLimited, ServiceUnavailable
from taskward.metrics import STREAMS, Samples
from taskward.settings import Settings

RETRY_AFTER: Final = 5
"""Seconds after which a client that found no room may try again."""

log = logging.getLogger(__name__)


class Line:
    """What one open stream waits on. `rung` is set when there may be changes, or when it is `over`."""

    __slots__ = ("over", "rung")

    def __init__(self) -> None:
        self.over = False
        self.rung = asyncio.Event()

    def end(self) -> None:
        self.over = True
        self.rung.set()


class Bell:
    """The open streams of this process, by owner.

    It is rung by the database for what this process writes and for what others tell of. Besides, and only
    while streams are open, it looks at their owners' counters as often as the database has it do so.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.reading = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        """For whoever reads for a stream: however many are woken, the requests find room beside them."""
        self._database = database
        self._per_owner = settings.max_streams_per_user
        self._in_all = settings.max_streams
        self._open = 0
        self._lines: dict[UUID, set[Line]] = {}
        self._attending: asyncio.Task[None] | None = None
        self._let_go: set[asyncio.Task[None]] = set()
        database.on_change = self.ring

    @contextmanager
    def line(self, owner: UUID, draining: asyncio.Event | None = None) -> Iterator[Line]:
        """Give a line for a stream of the owner's; once the process is `draining` it is over.

        Raises:
            RateLimited: the owner has as many as anybody may have.
            ServiceUnavailable: the process has as many as it can, or is about to end.

        """
        self._judge(owner, draining)
        line = Line()
        self._open += 1
        self._lines.setdefault(owner, set()).add(line)
        if self._attending is None:
            self._attending = asyncio.create_task(self._attend(draining))
        try:
            yield line
        finally:
            self._open -= 1
            self._lines[owner].discard(line)
            if not self._lines[owner]:
                del self._lines[owner]
            if not self._open:
                self._leave()

    def ring(self, owner: UUID) -> None:
        """Wake the streams of an owner."""
        for line in self._lines.get(owner, ()):
            line.rung.set()

    def collect(self) -> Samples:
        return {STREAMS.name: {(): self._open}}

    async def stop(self) -> None:
        """End every stream, and what goes on for them."""
        self._end_all()
        self._leave()
        if self._let_go:
            await asyncio.wait(self._let_go)

    def _judge(self, owner: UUID, draining: asyncio.Event | None) -> None:
        if draining is not None and draining.is_set():
            raise ServiceUnavailable("The service is stopping")
        if len(self._lines.get(owner, ())) >= self._per_owner:
            raise RateLimited("Too many event streams are open", retry_after=RETRY_AFTER)
        if self._open >= self._in_all:
            raise ServiceUnavailable(reason="MAX_STREAMS streams are open", retry_after=RETRY_AFTER)

    def _end_all(self) -> None:
        for lines in self._lines.values():
            for line in lines:
                line.end()

    def _leave(self) -> None:
        """Let go of what goes on only while streams are open."""
        task, self._attending = self._attending, None
        if task is not None:
            self._let_go.add(task)
            task.add_done_callback(self._let_go.discard)
            task.cancel()

    async def _attend(self, draining: asyncio.Event | None) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._look_around())
                if draining is not None:
                    both.create_task(self._end_when(draining))
        except Exception:  # then it is deaf: clients that come back find it well again
            log.exception("Nobody looks what other processes change")
            self._attending = None
            self._end_all()

    async def _end_when(self, draining: asyncio.Event) -> None:
        await draining.wait()
        self._end_all()

    async def _look_around(self) -> None:
        counters: dict[UUID, Any] = {}
        async with aclosing(self._database.poll_hints()) as news:
            async for _ in news:
                try:
                    counters = await self._look(counters)
                except (DatabaseError, ServiceUnavailable) as error:
                    log.warning("The counters cannot be looked at", extra={"reason": error.reason})

    async def _look(self, before: dict[UUID, Any]) -> dict[UUID, Any]:
        """Ring for each owner whose counter has moved since it was looked at, or never was looked at."""
        owners = list(self._lines)
        rows = await self._database.rows(COUNTERS, {"owners": owners})
        found = dict.fromkeys(owners) | {UUID(str(owner)): number for owner, number in rows}
        for owner, number in found.items():
            if owner not in before or before[owner] != number:
                self.ring(owner)
        return found


def _bell(request: Request) -> Bell:
    bell: Bell = request.app.state.bell
    return bell


TheBell = Annotated[Bell, Depends(_bell)]
"""For a handler: the bell of this process."""
