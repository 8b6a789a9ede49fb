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


class Subscription:
    """What one open stream waits on. `rung` is set when there may be changes, or when it is `over`."""

    __slots__ = ("closed", "woken")

    def __init__(self) -> None:
        self.closed = False
        self.woken = asyncio.Event()

    def close(self) -> None:
        self.closed = True
        self.woken.set()


class StreamRegistry:
    """The open streams of this process, by owner.

    It is rung by the database for what this process writes and for what others tell of. Besides, and only
    while streams are open, it looks at their owners' counters as often as the database has it do so.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.reading = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        """For whoever reads for a stream: however many are woken, the requests find room beside them."""
        self._database = database
        self._max_per_owner = settings.max_streams_per_user
        self._max_open = settings.max_streams
        self._open = 0
        self._subscriptions: dict[UUID, set[Subscription]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        database.on_change = self.notify

    @contextmanager
    def subscribe(self, owner: UUID, draining: asyncio.Event | None = None) -> Iterator[Subscription]:
        """Give a line for a stream of the owner's; once the process is `draining` it is over.

        Raises:
            RateLimited: the owner has as many as anybody may have.
            ServiceUnavailable: the process has as many as it can, or is about to end.

        """
        self._check_limits(owner, draining)
        subscription = Subscription()
        self._open += 1
        self._subscriptions.setdefault(owner, set()).add(subscription)
        if self._polling is None:
            self._polling = asyncio.create_task(self._run(draining))
        try:
            yield subscription
        finally:
            self._open -= 1
            self._subscriptions[owner].discard(subscription)
            if not self._subscriptions[owner]:
                del self._subscriptions[owner]
            if not self._open:
                self._stop_polling()

    def notify(self, owner: UUID) -> None:
        """Wake the streams of an owner."""
        for subscription in self._subscriptions.get(owner, ()):
            subscription.woken.set()

    def collect(self) -> Samples:
        return {STREAMS.name: {(): self._open}}

    async def stop(self) -> None:
        """End every stream, and what goes on for them."""
        self._close_all()
        self._stop_polling()
        if self._stopping:
            await asyncio.wait(self._stopping)

    def _check_limits(self, owner: UUID, draining: asyncio.Event | None) -> None:
        if draining is not None and draining.is_set():
            raise ServiceUnavailable("The service is stopping")
        if len(self._subscriptions.get(owner, ())) >= self._max_per_owner:
            raise RateLimited("Too many event streams are open", retry_after=RETRY_AFTER)
        if self._open >= self._max_open:
            raise ServiceUnavailable(reason="MAX_STREAMS streams are open", retry_after=RETRY_AFTER)

    def _close_all(self) -> None:
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()

    def _stop_polling(self) -> None:
        """Let go of what goes on only while streams are open."""
        task, self._polling = self._polling, None
        if task is not None:
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
            task.cancel()

    async def _run(self, draining: asyncio.Event | None) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._poll())
                if draining is not None:
                    both.create_task(self._close_on(draining))
        except Exception:  # then it is deaf: clients that come back find it well again
            log.exception("Change polling crashed; closing event streams")
            self._polling = None
            self._close_all()

    async def _close_on(self, draining: asyncio.Event) -> None:
        await draining.wait()
        self._close_all()

    async def _poll(self) -> None:
        counters: dict[UUID, Any] = {}
        async with aclosing(self._database.poll_hints()) as hints:
            async for _ in hints:
                try:
                    counters = await self._poll_once(counters)
                except (DatabaseError, ServiceUnavailable) as error:
                    log.warning("Polling change counters failed", extra={"reason": error.reason})

    async def _poll_once(self, before: dict[UUID, Any]) -> dict[UUID, Any]:
        """Ring for each owner whose counter has moved since it was looked at, or never was looked at."""
        owners = list(self._subscriptions)
        rows = await self._database.rows(COUNTERS, {"owners": owners})
        found = dict.fromkeys(owners) | {UUID(str(owner)): number for owner, number in rows}
        for owner, number in found.items():
            if owner not in before or before[owner] != number:
                self.notify(owner)
        return found


def _streams(request: Request) -> StreamRegistry:
    streams: StreamRegistry = request.app.state.streams
    return streams


Streams = Annotated[StreamRegistry, Depends(_streams)]
"""For a handler: the bell of this process."""
