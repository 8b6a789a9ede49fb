"""The open event streams of a process, and their notification when their owner's tasks may have changed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends

from taskward.changes.statements import COUNTERS
from taskward.database import Database
from taskward.http.context import Context
from taskward.http.errors import DatabaseError, RateLimited, ServiceUnavailable
from taskward.http.fair_semaphore import FairTurns
from taskward.http.parts import Key
from taskward.metrics import STREAMS, Samples
from taskward.settings import Settings

RETRY_AFTER: Final = 5
"""Seconds after which a rejected client may retry."""

STARTS_PER_TURN: Final = 4
"""Streams that begin to read in one turn of the event loop, which reads from SQLite do not suspend."""

log = logging.getLogger(__name__)


class Subscription:
    """The state of one open stream. `woken` is set when there may be changes, or when it is `closed`.

    `owners` are those whose changes wake it, and `changed` those that have woken it, until the stream takes
    them out.
    """

    __slots__ = ("changed", "closed", "owners", "woken")

    def __init__(self) -> None:
        self.closed = False
        self.woken = asyncio.Event()
        self.owners: set[UUID] = set()
        self.changed: set[UUID] = set()

    def wake(self, owner: UUID) -> None:
        self.changed.add(owner)
        self.woken.set()

    def close(self) -> None:
        self.closed = True
        self.woken.set()


class StreamRegistry:
    """The open streams of this process: each is notified by owner, and counted by caller.

    The database notifies it of changes in this process and in others. While streams are open, it also polls
    their owners' counters, at the interval that the database sets.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.reading = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        """Limits the concurrent reads of streams, so that requests always find free connections."""
        self.writing = asyncio.Lock()
        """Held while the events of one page are written, and until other requests have had the event loop."""
        self.turns = FairTurns(STARTS_PER_TURN)
        """Of streams to read, by caller: one change can wake all of them."""
        self._database = database
        self._max_per_caller = settings.max_streams_per_user
        self._max_open = settings.max_streams
        self._open = 0
        self._open_of = Counter[UUID]()
        self._subscriptions: dict[UUID, set[Subscription]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    @contextmanager
    def subscribe(
        self, owner: UUID, caller: UUID, draining: asyncio.Event | None = None
    ) -> Iterator[Subscription]:
        """Subscribes a caller's stream of an owner's changes; it is over once the process is `draining`.

        Raises:
            RateLimited: the caller has the maximum number of streams.
            ServiceUnavailable: the process has the maximum number of streams, or is stopping.

        """
        self._check_limits(caller, draining)
        subscription = Subscription()
        self._open += 1
        self._open_of[caller] += 1
        self.watch(subscription, {owner})
        if self._polling is None:
            self._polling = asyncio.create_task(self._run(draining))
        try:
            yield subscription
        finally:
            self._open -= 1
            self._open_of[caller] -= 1
            if not self._open_of[caller]:
                del self._open_of[caller]
            self.watch(subscription, set())
            if not self._open:
                self._stop_polling()

    def watch(self, subscription: Subscription, owners: set[UUID]) -> None:
        """Notifies a stream of the changes of these owners from now on, and of no others."""
        for owner in owners - subscription.owners:
            self._subscriptions.setdefault(owner, set()).add(subscription)
        for owner in subscription.owners - owners:
            self._subscriptions[owner].discard(subscription)
            if not self._subscriptions[owner]:
                del self._subscriptions[owner]
        subscription.owners = owners

    def notify(self, owner: UUID) -> None:
        """Notifies the streams of an owner."""
        for subscription in self._subscriptions.get(owner, ()):
            subscription.wake(owner)

    def collect(self) -> Samples:
        return {STREAMS.name: {(): self._open}}

    async def stop(self) -> None:
        """Closes every stream, and stops polling."""
        self._close_all()
        self._stop_polling()
        if self._stopping:
            await asyncio.wait(self._stopping)

    def _check_limits(self, caller: UUID, draining: asyncio.Event | None) -> None:
        if draining is not None and draining.is_set():
            raise ServiceUnavailable("The service is stopping")
        if self._open_of[caller] >= self._max_per_caller:
            raise RateLimited("Too many event streams are open", retry_after=RETRY_AFTER)
        if self._open >= self._max_open:
            raise ServiceUnavailable(reason="MAX_STREAMS streams are open", retry_after=RETRY_AFTER)

    def _close_all(self) -> None:
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()

    def _stop_polling(self) -> None:
        """Stops polling, which is needed only while streams are open."""
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
        except Exception:  # changes would be missed: clients reconnect and start over here
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
        """Notifies each owner whose counter has moved since the last poll, or was not polled before."""
        owners = list(self._subscriptions)
        rows = await self._database.rows(COUNTERS, {"owners": owners})
        found = dict.fromkeys(owners) | {UUID(str(owner)): number for owner, number in rows}
        for owner, number in found.items():
            if owner not in before or before[owner] != number:
                self.notify(owner)
        return found


STREAM_REGISTRY: Final = Key[StreamRegistry]("event streams")


def _streams(context: Context) -> StreamRegistry:
    return context.parts[STREAM_REGISTRY]


Streams = Annotated[StreamRegistry, Depends(_streams)]
"""For a handler: the stream registry of this process."""
