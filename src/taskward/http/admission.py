"""Admission control and load shedding: a bound on requests in progress, a short fair queue, 503 for the rest.

A request below /api is admitted once: its route calls `acquire` when the whole body has arrived. It is
released once, when its response starts. A slot is therefore held during computation and database work, never
for a slow client or an event stream. See `docs/decisions/0017-admission.md`.
"""

import asyncio
import math
from collections import OrderedDict, deque
from functools import partial
from typing import Final, NamedTuple

from taskward.http.context import RequestContext
from taskward.http.errors import ServiceUnavailable
from taskward.metrics import ADMITTED, REJECTED, Samples
from taskward.settings import Settings

MAX_IN_FLIGHT_SQLITE: Final = 32
"""Requests in progress; that many writes share a commit. One user can hold half of them. A new user's request
waits for those and for its own commit, which may hold as many again."""

MAX_STARTS_SQLITE: Final = 4
MAX_STARTS_POSTGRES: Final = 16
"""Requests started in one turn of the event loop. On SQLite it bounds the wait for whole reads; on PostgreSQL
it bounds the work before the query, and reads started together are batched."""

MAX_QUEUED: Final = 512
"""Requests in the queue."""

QUEUE_TIMEOUT: Final = 3.0
"""Seconds that a request waits in the queue."""

MAX_REJECTIONS_PER_SECOND: Final = 250
"""Rejections per second that are sent at once; above this rate, reading from rejected connections is paused.
"""

REJECT_BURST_SECONDS: Final = 0.2
"""Seconds of rejections at that rate that are sent as a burst without a pause."""

MAX_PAUSE: Final = 5.0
"""Maximum seconds for which a connection is not read."""

_EXPIRE_INTERVAL: Final = 0.1


class Capacity(NamedTuple):
    """The number of requests that can be in progress, and that start in one turn of the event loop."""

    max_in_flight: int
    max_starts_per_tick: int

    @classmethod
    def of(cls, settings: Settings) -> "Capacity":
        """Returns the capacity for the configured engine.

        On PostgreSQL one connection stays free when one user holds the maximum per user.
        """
        if settings.engine == "sqlite":
            return cls(MAX_IN_FLIGHT_SQLITE, MAX_STARTS_SQLITE)
        return cls(2 * max(1, settings.database_pool_size - 1), MAX_STARTS_POSTGRES)


class Admission:
    """Admits the requests of verified users, round robin, up to the capacity.

    A user can hold as many slots, and queue as many requests, as are left free (Choudhury and Hahne, "Dynamic
    queue length thresholds", 1998): one flooding user gets half, two get a third each, and some capacity
    always remains for another user.
    """

    def __init__(self, capacity: Capacity, max_queued: int = MAX_QUEUED) -> None:
        self._max_in_flight, self._max_starts_per_tick = capacity
        self._max_queued = max_queued
        self._in_flight = 0
        self._in_flight_by: dict[int, int] = {}
        self._queued = 0
        self._queues: OrderedDict[int, deque[_Ticket]] = OrderedDict()  # users, the next one first
        self._started_this_tick = 0  # since the last tick, perhaps some turns of the loop ago
        self._tick_scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._expiring = False
        self._rejections = 0
        self._rejections_until = 0.0  # loop time until which earlier rejections use up the rate

    async def acquire(self, context: RequestContext) -> None:
        """Acquires a slot, or waits for one, unless the request is admitted; the body has been read.

        Raises:
            ServiceUnavailable: the queue is full, no slot became free in time, or responses are unread.

        """
        if context.is_admitted:
            return
        context.is_admitted = True
        owner = context.caller.id.int
        if self._try_acquire(owner):
            context.on_response_start = partial(self._release, owner)
        else:
            await self._queue(context, owner)  # a variable for the future would be a cycle with its error
        if context.send_budget.total:
            self.refuse_unread(context)

    def refuse_unread(self, context: RequestContext) -> None:
        """Raises ServiceUnavailable if too many bytes of the user's responses are unread."""
        if context.send_budget.blocks(context.owner):
            raise self.unread(context)

    def unread(self, context: RequestContext) -> ServiceUnavailable:
        """Returns the error for a user whose clients do not read their responses."""
        return self.rejection(context, "too many response bytes are unread")

    def rejection(self, context: RequestContext, reason: str) -> ServiceUnavailable:
        """Returns the error for a rejected request.

        At ten times the capacity nine of ten requests are rejected, which would cost more than the tenth.
        Rejections above `MAX_REJECTIONS_PER_SECOND` are therefore spread over the next seconds: that is the
        client's Retry-After, and until then the server does not read from the connection.
        """
        now = asyncio.get_running_loop().time()
        self._rejections += 1
        until = max(self._rejections_until, now) + 1 / MAX_REJECTIONS_PER_SECOND
        self._rejections_until = min(until, now + MAX_PAUSE)
        ahead = self._rejections_until - now
        if ahead > REJECT_BURST_SECONDS:
            context.pause_reading_s = ahead
        return ServiceUnavailable(reason=reason, retry_after=math.ceil(ahead))

    def collect(self) -> Samples:
        return {
            ADMITTED.name: {("running",): self._in_flight, ("waiting",): self._queued},
            REJECTED.name: {(): self._rejections},
        }

    def _try_acquire(self, owner: int) -> bool:
        """Acquires a slot for a user without queued requests.

        A user with few requests passes the queue, which keeps their latency low while another user floods the
        service (RFC 8290, 4.2: new flows first).
        """
        most = 2 * self._max_starts_per_tick if self._queued else self._max_starts_per_tick
        if owner in self._queues or self._started_this_tick >= most or not self._may_acquire(owner):
            return False
        self._acquire(owner)
        if self._queued:
            self._queues[owner] = deque()  # the next turn comes after all other users
        if self._queued or self._started_this_tick >= self._max_starts_per_tick:
            self._schedule_tick()  # not at each start: a tick can cost an idle service a turn of the loop
        return True

    def _release(self, owner: int) -> None:
        self._in_flight -= 1
        left = self._in_flight_by[owner] - 1
        if left:
            self._in_flight_by[owner] = left
        else:
            del self._in_flight_by[owner]
        if self._queued:
            self._schedule_tick()

    def _queue(self, context: RequestContext, owner: int) -> "asyncio.Future[None]":
        """Queues a request; the future is done when it is its turn.

        Raises:
            ServiceUnavailable: the queue has no room for it.

        """
        queue = self._queues.get(owner)
        if (len(queue) if queue else 0) >= self._max_queued - self._queued:
            raise self.rejection(context, "too many requests are queued")
        if queue is None:
            queue = self._queues[owner] = deque()
        loop = asyncio.get_running_loop()
        ticket = _Ticket(context, owner, loop.time(), loop.create_future())
        queue.append(ticket)
        self._queued += 1
        self._schedule_tick()
        if not self._expiring:
            self._expiring = True
            loop.call_later(_EXPIRE_INTERVAL, self._expire)
        return ticket.admitted

    def _may_acquire(self, owner: int) -> bool:
        return self._in_flight_by.get(owner, 0) < self._max_in_flight - self._in_flight

    def _acquire(self, owner: int) -> None:
        self._in_flight += 1
        self._in_flight_by[owner] = self._in_flight_by.get(owner, 0) + 1
        self._started_this_tick += 1

    def _schedule_tick(self) -> None:
        if not self._tick_scheduled:
            self._tick_scheduled = True
            self._loop = self._loop or asyncio.get_running_loop()  # until Python 3.12, a system call
            self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        """Starts a turn of the loop: queues what has been read, and starts the requests whose turn it is."""
        self._tick_scheduled = False
        self._started_this_tick = 0
        while self._started_this_tick < self._max_starts_per_tick and (ticket := self._next()):
            self._admit(ticket)
        if self._started_this_tick:
            self._schedule_tick()

    def _admit(self, ticket: "_Ticket") -> None:
        """Starts a queued request; the request releases the slot, even if it is cancelled at this moment."""
        if not ticket.admitted.done():  # otherwise it was cancelled in the queue
            self._acquire(ticket.owner)
            ticket.context.on_response_start = partial(self._release, ticket.owner)
            ticket.admitted.set_result(None)

    def _next(self) -> "_Ticket | None":
        """Removes the oldest request of the first queued user who may hold a slot.

        After each turn a user moves to the end, even with nothing more queued, so that an immediate next
        request does not pass the other users.
        """
        if self._in_flight >= self._max_in_flight:
            return None
        for _ in range(len(self._queues)):
            owner, queue = self._queues.popitem(last=False)
            if not queue:
                continue
            self._queues[owner] = queue
            if self._may_acquire(owner):
                ticket = queue.popleft()
                self._drop_one()
                return ticket
        return None

    def _drop_one(self) -> None:
        self._queued -= 1
        if not self._queued:
            self._queues.clear()

    def _expire(self) -> None:
        """Rejects the requests that have waited too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() - QUEUE_TIMEOUT
        for queue in list(self._queues.values()):
            while queue and queue[0].since <= deadline:
                ticket = queue.popleft()
                self._drop_one()
                if not ticket.admitted.done():
                    error = self.rejection(ticket.context, "no slot became free in time")
                    ticket.admitted.set_exception(error)
        self._expiring = self._queued > 0
        if self._expiring:
            loop.call_later(_EXPIRE_INTERVAL, self._expire)


class _Ticket(NamedTuple):
    """A queued request; `admitted` is done when it is its turn, or when it is rejected."""

    context: RequestContext
    owner: int
    since: float
    """In seconds, on the loop's clock."""
    admitted: "asyncio.Future[None]"
