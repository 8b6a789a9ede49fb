"""Delivers webhooks: in every service process, each owner in one process at a time."""

import asyncio
import logging
from contextlib import aclosing
from typing import Final
from uuid import UUID, uuid4

from taskward.database import Database
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import WEBHOOK_STOPPED, Samples
from taskward.settings.webhooks import WebhookSettings
from taskward.webhooks.attempts import Attempts, Trace, untraced
from taskward.webhooks.backlog import Backlog
from taskward.webhooks.due_reminders import DueReminders
from taskward.webhooks.receiver import ReceiverState, ReceiverStopped, Waiting, state_of, waiting_of
from taskward.webhooks.statements import FAILED_BEFORE, UNTRIED, WAITING
from taskward.webhooks.steps import DeliveryQueue

MAX_PARALLEL: Final = 16
"""Owners whose webhooks a process delivers at the same time."""

POLL_INTERVAL: Final = 0.05
"""Seconds between two polls, so that the writes of a moment are delivered together."""

IDLE_POLL_INTERVAL: Final = 0.2
"""Seconds after a poll that found no one due: who writes all the time waits for `MIN_DELIVERY_INTERVAL`."""

FAILING_POLL_INTERVAL: Final = 1.0
"""Seconds between two polls while the last attempt has failed: then one owner at a time is tried."""

RETRY_DELAY: Final = 5.0
"""Seconds after a failure of the database."""

STOP_TIMEOUT: Final = 2.0
"""Seconds at shutdown for attempts that are in progress; then they are given up, and made again elsewhere."""

log = logging.getLogger(__name__)


class WebhookWorker:
    """The deliveries of one process.

    It polls the outbox when it is woken: by a change in this process, by the hints of the database about
    others, or when an attempt is to be repeated. It does not poll while nothing is due.
    """

    def __init__(self, database: Database, settings: WebhookSettings, trace: Trace = untraced) -> None:
        from taskward.webhooks.sender import WebhookSender  # noqa: PLC0415 - imports an HTTP client

        holder = uuid4()
        self._database = database
        self._sender = WebhookSender(settings.url, settings.secrets)
        queue = DeliveryQueue(holder, settings.changes, settings.reminders, settings.kinds)
        self._attempts = Attempts(database, self._sender, queue, trace)
        self._reminders = DueReminders(database) if settings.reminders else None
        self._backlog = Backlog(database)
        self._woken = asyncio.Event()
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._started_at: int | None = None
        self._stopped = False
        self._prefers_failed = False
        self._poll_interval = POLL_INTERVAL

    @property
    def reminds(self) -> bool:
        """Whether it delivers reminders."""
        return self._reminders is not None

    def wake(self) -> None:
        """Makes it poll."""
        self._woken.set()

    async def start(self) -> None:
        parts = [self._run(), self._wake_on_hints()]
        self._tasks = [asyncio.create_task(part) for part in (*parts, self._backlog.run())]

    async def stop(self) -> None:
        """Ends the attempts in progress, and frees their owners for other processes."""
        await _cancel(self._tasks)
        if self._running:
            await asyncio.wait(self._running.values(), timeout=STOP_TIMEOUT)
        await _cancel(list(self._running.values()))
        await self._sender.stop()

    def collect(self) -> Samples:
        return {
            **self._attempts.collect(),
            **self._backlog.collect(),
            WEBHOOK_STOPPED.name: {(): int(self._stopped)},
        }

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                pause = await self._poll()
            except (DatabaseError, ServiceUnavailable) as error:
                log.warning("Webhooks wait for the database", extra={"reason": error.reason})
                pause = RETRY_DELAY
            except ReceiverStopped:
                self._stopped = True
                log.error("The receiver of webhooks answered 410; none is sent until a restart")  # noqa: TRY400 - the frames say nothing
                return
            except Exception:
                log.exception("Webhooks crashed; retrying")
                pause = RETRY_DELAY
            await self._wait(pause)

    async def _wait(self, seconds: float | None) -> None:
        """Waits until it is woken, or for that time, and at least until the next poll is allowed."""
        await asyncio.sleep(self._poll_interval)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _wake_on_hints(self) -> None:
        async with aclosing(self._database.poll_hints()) as hints:
            async for _ in hints:
                self.wake()

    async def _poll(self) -> float | None:
        """Starts deliveries to those who are due; returns the seconds until the next is."""
        if len(self._running) >= MAX_PARALLEL:
            return None
        state = state_of(await self._database.rows(WAITING, {"limit": MAX_PARALLEL}))
        if self._started_at is None:
            self._started_at = state.now
        state.check(self._started_at)
        self._poll_interval = _poll_interval(state)
        for one in await self._next_owners(state):
            self._start(one, state)
        if self._reminders is None or state.has_untried:  # until those are tried no reminder marks others
            return state.pause
        return _earlier(state.pause, await self._reminders.mark(state.now))

    async def _next_owners(self, state: ReceiverState) -> list[Waiting]:
        """Returns the owners to deliver to: one at a time while attempts fail."""
        if not state.is_suspect:
            free = MAX_PARALLEL - len(self._running)
            return [one for one in state.due if one.owner not in self._running][:free]
        if self._running or (state.is_failing and not state.is_probe_due):
            return []
        chosen = await self._next_suspect(state)
        self._prefers_failed ^= bool(chosen)
        return chosen

    async def _next_suspect(self, state: ReceiverState) -> list[Waiting]:
        """Returns the owner to try next. Those whose delivery has failed take turns with the others.

        If the receiver refused what it gets of two of them, they would keep the others waiting for ever.
        """
        reads = (FAILED_BEFORE, UNTRIED) if self._prefers_failed else (UNTRIED, FAILED_BEFORE)
        found = [waiting_of(await self._database.rows(read, {"limit": MAX_PARALLEL})) for read in reads]
        candidates = [one for owners in found for one in owners]
        if not state.is_failing:
            return state.due_of(candidates)[:1]
        probe = state.next_probe(candidates)
        return [probe] if probe is not None and await self._attempts.claim_probe() else []

    def _start(self, one: Waiting, state: ReceiverState) -> None:
        task = asyncio.create_task(self._attempts.deliver(one.owner, one.next_at, state))
        self._running[one.owner] = task
        task.add_done_callback(lambda _: self._ended(one.owner))

    def _ended(self, owner: UUID) -> None:
        del self._running[owner]
        self.wake()


def _poll_interval(state: ReceiverState) -> float:
    """Returns the seconds until the next poll is allowed."""
    if not state.due:
        return IDLE_POLL_INTERVAL
    return FAILING_POLL_INTERVAL if state.is_suspect else POLL_INTERVAL


def _earlier(one: float | None, other: float | None) -> float | None:
    return min(one, other) if one is not None and other is not None else other if one is None else one


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
