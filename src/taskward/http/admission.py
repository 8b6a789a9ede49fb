"""Admission control and load shedding: a bound on requests in progress, a short fair queue, 503 for the rest.

A request below /api is admitted once: `Endpoint` calls `scope["admission"]()` when the whole body has
arrived. It is released once, when its response starts. A slot is therefore held during computation and
database work, never for a slow client or an event stream. See `docs/decisions/0017-admission.md`.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskward.http.errors import ServiceError, ServiceUnavailable
from taskward.http.send_budget import UNREAD, BudgetedSend, SendBudget
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

_NO_STATE: Final[dict[str, SendBudget]] = {}
_NO_BUDGET: Final = SendBudget()
"""Used if the server counts no unsent bytes."""

_NEW, _WAITING, _ADMITTED, _RELEASED = range(4)
"""The states of a request."""

_RESUME_INTERVAL: Final = 0.02
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

    def __init__(self, app: ASGIApp, capacity: Capacity, max_queued: int = MAX_QUEUED) -> None:
        self._app = app
        self._max_in_flight, self._max_starts_per_tick = capacity
        self._max_queued = max_queued
        self._in_flight = 0
        self._in_flight_by: dict[int, int] = {}
        self._queued = 0
        self._queues: OrderedDict[int, deque[_Ticket]] = OrderedDict()  # users, the next one first
        self._started_this_tick = 0  # in this turn of the loop
        self._tick_scheduled = False
        self._expiring = False
        self._rejections = 0
        self._rejections_until = 0.0  # loop time until which earlier rejections use up the rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        budget: SendBudget = scope.get("state", _NO_STATE).get("send_budget", _NO_BUDGET)
        if "user" not in scope:
            await self._pass(scope, receive, send, budget)
            return
        ticket = _Ticket(self, scope, send, budget)
        if budget.total and budget.blocks(ticket.owner):
            raise self.refusal(scope, UNREAD)
        scope["admission"] = ticket.acquire
        try:
            await self._app(scope, receive, ticket.send)
        finally:
            ticket.release()
            if ticket.reserved:
                ticket.cancel()
            del scope["admission"]  # it refers to the scope: a cycle would keep both until the next GC run

    def collect(self) -> Samples:
        return {
            ADMITTED.name: {("running",): self._in_flight, ("waiting",): self._queued},
            REJECTED.name: {(): self._rejections},
        }

    def try_acquire(self, owner: int) -> bool:
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
        self._schedule_tick()
        return True

    def release(self, owner: int) -> None:
        self._in_flight -= 1
        left = self._in_flight_by[owner] - 1
        if left:
            self._in_flight_by[owner] = left
        else:
            del self._in_flight_by[owner]
        if self._queued:
            self._schedule_tick()

    def queue(self, ticket: "_Ticket") -> None:
        """Queues a request until its user's turn.

        Raises:
            ServiceUnavailable: the queue has no room for it.

        """
        queue = self._queues.get(ticket.owner)
        if (len(queue) if queue else 0) >= self._max_queued - self._queued:
            raise self.refusal(ticket.scope, "too many requests are queued")
        if queue is None:
            queue = self._queues[ticket.owner] = deque()
        queue.append(ticket)
        self._queued += 1
        self._schedule_tick()
        if not self._expiring:
            self._expiring = True
            asyncio.get_running_loop().call_later(_EXPIRE_INTERVAL, self._expire)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, budget: SendBudget) -> None:
        """Runs a request without a user, which needs no slot."""
        if not budget.total:
            await self._app(scope, receive, send)
            return
        response = BudgetedSend(scope, send, budget, self.refusal)
        try:
            await self._app(scope, receive, response.send_checked)
        finally:
            response.cancel()

    def _may_acquire(self, owner: int) -> bool:
        return self._in_flight_by.get(owner, 0) < self._max_in_flight - self._in_flight

    def _acquire(self, owner: int) -> None:
        self._in_flight += 1
        self._in_flight_by[owner] = self._in_flight_by.get(owner, 0) + 1
        self._started_this_tick += 1

    def _schedule_tick(self) -> None:
        if not self._tick_scheduled:
            self._tick_scheduled = True
            asyncio.get_running_loop().call_soon(self._tick)

    def _tick(self) -> None:
        """Starts a turn of the loop: queues what has been read, and starts the requests whose turn it is."""
        self._tick_scheduled = False
        self._started_this_tick = 0
        while self._started_this_tick < self._max_starts_per_tick and (ticket := self._next()):
            self._acquire(ticket.owner)
            ticket.admit()
        if self._started_this_tick:
            self._schedule_tick()

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
                ticket.reject(self.refusal(ticket.scope, "no slot became free in time"))
        self._expiring = self._queued > 0
        if self._expiring:
            loop.call_later(_EXPIRE_INTERVAL, self._expire)

    def refusal(self, scope: Scope, reason: str) -> ServiceUnavailable:
        """Returns the error for a rejected request.

        At ten times the capacity nine of ten requests are rejected, which would cost more than the tenth.
        Rejections above `MAX_REJECTIONS_PER_SECOND` are therefore spread over the next seconds: that is the
        client's Retry-After, and `scope["rest"]` makes the server pause reading until then.
        """
        now = asyncio.get_running_loop().time()
        self._rejections += 1
        until = max(self._rejections_until, now) + 1 / MAX_REJECTIONS_PER_SECOND
        self._rejections_until = min(until, now + MAX_PAUSE)
        ahead = self._rejections_until - now
        if ahead > REJECT_BURST_SECONDS:
            scope["rest"] = ahead
        return ServiceUnavailable(reason=reason, retry_after=math.ceil(ahead))


class _Ticket(BudgetedSend):
    """One request: NEW, then WAITING or ADMITTED, then RELEASED; never back."""

    __slots__ = ("_admission", "_admitted", "_state", "since")
    owner: int

    def __init__(self, admission: Admission, scope: Scope, send: Send, budget: SendBudget) -> None:
        BudgetedSend.__init__(self, scope, send, budget, admission.refusal)
        self.since = 0.0
        self._admission = admission
        self._state = _NEW
        self._admitted: asyncio.Future[None]

    async def acquire(self) -> None:
        """Acquires a slot, or waits for one; called once, when the body has been read.

        Raises:
            ServiceUnavailable: the queue is full.

        """
        if self._state != _NEW:
            raise RuntimeError("The request has already been admitted")
        if self._admission.try_acquire(self.owner):
            self._state = _ADMITTED
            return
        self._state = _WAITING
        loop = asyncio.get_running_loop()
        self.since = loop.time()
        self._admitted = loop.create_future()
        self._admission.queue(self)
        await self._admitted

    def admit(self) -> None:
        """Starts the request; a slot has been acquired for it."""
        if self._state == _WAITING and not self._admitted.done():
            self._state = _ADMITTED
            self._admitted.set_result(None)
        else:  # it was cancelled in the queue
            self._admission.release(self.owner)

    def reject(self, error: ServiceError) -> None:
        if not self._admitted.done():
            self._admitted.set_exception(error)

    def release(self) -> None:
        """Releases the slot, if the request holds one; later calls do nothing."""
        if self._state == _ADMITTED:
            self._admission.release(self.owner)
        self._state = _RELEASED

    async def send(self, message: Message) -> None:
        """Sends a message; releases the slot first, because the client decides how long sending takes."""
        self.release()
        if self._budget.total:
            await self.send_checked(message)
        else:
            await self._send(message)


class PausedConnections:
    """Connections that are not read until a given time."""

    def __init__(self) -> None:
        self._until: deque[tuple[float, Callable[[], None]]] = deque()

    def add(self, seconds: float, resume: Callable[[], None]) -> None:
        """Calls `resume` after that many seconds; a later call must not be shorter by more than a tick."""
        loop = asyncio.get_running_loop()
        if not self._until:
            loop.call_later(_RESUME_INTERVAL, self._resume_due)
        self._until.append((loop.time() + seconds, resume))

    def _resume_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._until and self._until[0][0] <= loop.time():
            _, wake = self._until.popleft()
            wake()
        if self._until:
            loop.call_later(_RESUME_INTERVAL, self._resume_due)
