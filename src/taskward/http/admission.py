"""Who runs next when more is asked than can be done: a short queue, fair to users, and 503 for the rest.

A request below /api is admitted once: `Endpoint` calls `scope["admission"]()` when all of it has arrived. It
is released once, when its response starts. So places are held while something is computed or asked of the
database, and never for a slow client or an event stream. See `docs/decisions/0017-admission.md`.
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
"""Requests in progress: that many writes share a commit. One user can have half, and whoever comes next
waits for those, and for its own commit, which may hold as many again."""

MAX_STARTS_SQLITE: Final = 4
MAX_STARTS_POSTGRES: Final = 16
"""Requests that begin in one turn of the event loop, so that whoever comes next waits for no more: on SQLite
for whole reads, on PostgreSQL for what comes before them, and those that begin together are read together."""

MAX_QUEUED: Final = 512
"""Requests that wait."""

QUEUE_TIMEOUT: Final = 3.0
"""Seconds that a request waits for a place."""

MAX_REJECTIONS_PER_SECOND: Final = 250
"""Refusals a second that are worth their CPU; who is refused faster is not listened to for a while."""

REJECT_BURST_SECONDS: Final = 0.2
"""Seconds of such refusals at once that are let pass."""

MAX_PAUSE: Final = 5.0
"""Seconds for which a connection is not listened to."""

_NO_STATE: Final[dict[str, SendBudget]] = {}
_NO_BUDGET: Final = SendBudget()
"""Of a server that counts no unsent bytes."""

_NEW, _WAITING, _ADMITTED, _RELEASED = range(4)
"""The states of a request."""

_RESUME_INTERVAL: Final = 0.02
_EXPIRE_INTERVAL: Final = 0.1


class Capacity(NamedTuple):
    """How many requests can be in progress, and how many begin in one turn of the event loop."""

    max_in_flight: int
    max_starts_per_tick: int

    @classmethod
    def of(cls, settings: Settings) -> "Capacity":
        """Give the capacity on the engine of the settings.

        On PostgreSQL a connection is left when one user has all the places that one can have.
        """
        if settings.engine == "sqlite":
            return cls(MAX_IN_FLIGHT_SQLITE, MAX_STARTS_SQLITE)
        return cls(2 * max(1, settings.database_pool_size - 1), MAX_STARTS_POSTGRES)


class Admission:
    """Lets the requests of verified users through, one user after the other, as many as there are places.

    A user can have as many places as are left free, and as many requests waiting as there is room left
    (Choudhury and Hahne, "Dynamic queue length thresholds", 1998): one who floods has half, two who do
    have a third each, and there is always some left for whoever comes next.
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
        self._rejections_until = 0.0  # on the loop's clock: when the refusals up to now are paid for

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
        """Take a place for a user who is not in the line.

        Whoever asks for little is not, and so passes those who wait: that is what keeps others quick while
        one floods (RFC 8290, 4.2: new flows first).
        """
        most = 2 * self._max_starts_per_tick if self._queued else self._max_starts_per_tick
        if owner in self._queues or self._started_this_tick >= most or not self._may_acquire(owner):
            return False
        self._acquire(owner)
        if self._queued:
            self._queues[owner] = deque()  # the next time after all the others
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
        """Let a request wait until its user's turn has come.

        Raises:
            ServiceUnavailable: there is no room left for it.

        """
        queue = self._queues.get(ticket.owner)
        if (len(queue) if queue else 0) >= self._max_queued - self._queued:
            raise self.refusal(ticket.scope, "too many requests wait")
        if queue is None:
            queue = self._queues[ticket.owner] = deque()
        queue.append(ticket)
        self._queued += 1
        self._schedule_tick()
        if not self._expiring:
            self._expiring = True
            asyncio.get_running_loop().call_later(_EXPIRE_INTERVAL, self._expire)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, budget: SendBudget) -> None:
        """Run a request without a user, which needs no place."""
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
        """Begin a turn of the loop: what it has read is queued, and those whose turn it is begin."""
        self._tick_scheduled = False
        self._started_this_tick = 0
        while self._started_this_tick < self._max_starts_per_tick and (ticket := self._next()):
            self._acquire(ticket.owner)
            ticket.admit()
        if self._started_this_tick:
            self._schedule_tick()

    def _next(self) -> "_Ticket | None":
        """Take the longest waiting request of the first in the line who may have a place.

        Whoever has had a turn goes to the end, also with nothing more to ask: to come back at once with the
        next request is no way to pass the others.
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
        """Refuse those who have waited long enough."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() - QUEUE_TIMEOUT
        for queue in list(self._queues.values()):
            while queue and queue[0].since <= deadline:
                ticket = queue.popleft()
                self._drop_one()
                ticket.reject(self.refusal(ticket.scope, "no place became free in time"))
        self._expiring = self._queued > 0
        if self._expiring:
            loop.call_later(_EXPIRE_INTERVAL, self._expire)

    def refusal(self, scope: Scope, reason: str) -> ServiceUnavailable:
        """Make the refusal of a request.

        At ten times the capacity nine of ten requests are refused, which would cost more than to answer
        the tenth. So refusals beyond `REFUSALS` a second are spread over the seconds to come: that is the
        client's Retry-After, and `scope["rest"]` tells the server not to read from it until then.
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
    """One request on its way through: NEW, then WAITING or ADMITTED, then RELEASED; never back."""

    __slots__ = ("_admission", "_admitted", "_state", "since")
    owner: int

    def __init__(self, admission: Admission, scope: Scope, send: Send, budget: SendBudget) -> None:
        BudgetedSend.__init__(self, scope, send, budget, admission.refusal)
        self.since = 0.0
        self._admission = admission
        self._state = _NEW
        self._admitted: asyncio.Future[None]

    async def acquire(self) -> None:
        """Take a place, or wait for one; called once, when the body has been read.

        Raises:
            ServiceUnavailable: there is none, and no room to wait for it.

        """
        if self._state != _NEW:
            raise RuntimeError("A request is admitted once")
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
        """Tell that there is a place, which has been taken for it."""
        if self._state == _WAITING and not self._admitted.done():
            self._state = _ADMITTED
            self._admitted.set_result(None)
        else:  # it was cancelled while it waited
            self._admission.release(self.owner)

    def reject(self, error: ServiceError) -> None:
        if not self._admitted.done():
            self._admitted.set_exception(error)

    def release(self) -> None:
        """Give the place back, if it has one; there is no second one."""
        if self._state == _ADMITTED:
            self._admission.release(self.owner)
        self._state = _RELEASED

    async def send(self, message: Message) -> None:
        """Pass the response on; from its start it depends on the client how long it takes."""
        self.release()
        if self._budget.total:
            await self.send_checked(message)
        else:
            await self._send(message)


class PausedConnections:
    """Connections that are not listened to for a while, each until a time of its own."""

    def __init__(self) -> None:
        self._until: deque[tuple[float, Callable[[], None]]] = deque()

    def add(self, seconds: float, resume: Callable[[], None]) -> None:
        """Call `wake` in so many seconds; those that come later must not be shorter by more than a tick."""
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
