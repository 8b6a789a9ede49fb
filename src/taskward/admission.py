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

from taskward.errors import ServiceError, ServiceUnavailable
from taskward.metrics import ADMITTED, REJECTED, Samples
from taskward.send_budget import UNREAD, BudgetedSend, SendBudget
from taskward.settings import Settings

PLACES_ON_SQLITE: Final = 32
"""Requests in progress: that many writes share a commit. One user can have half, and whoever comes next
waits for those, and for its own commit, which may hold as many again."""

STARTS_ON_SQLITE: Final = 4
STARTS_ON_POSTGRES: Final = 16
"""Requests that begin in one turn of the event loop, so that whoever comes next waits for no more: on SQLite
for whole reads, on PostgreSQL for what comes before them, and those that begin together are read together."""

ROOM: Final = 512
"""Requests that wait."""

PATIENCE: Final = 3.0
"""Seconds that a request waits for a place."""

REFUSALS: Final = 250
"""Refusals a second that are worth their CPU; who is refused faster is not listened to for a while."""

CALM: Final = 0.2
"""Seconds of such refusals at once that are let pass."""

LONGEST_REST: Final = 5.0
"""Seconds for which a connection is not listened to."""

_NO_STATE: Final[dict[str, SendBudget]] = {}
_NO_BUDGET: Final = SendBudget()
"""Of a server that counts no unsent bytes."""

_NEW, _WAITING, _ADMITTED, _RELEASED = range(4)
"""The states of a request."""

_TICK: Final = 0.02
_LOOK_EVERY: Final = 0.1


class Capacity(NamedTuple):
    """How many requests can be in progress, and how many begin in one turn of the event loop."""

    places: int
    starts: int

    @classmethod
    def of(cls, settings: Settings) -> "Capacity":
        """Give the capacity on the engine of the settings.

        On PostgreSQL a connection is left when one user has all the places that one can have.
        """
        if settings.database_url.get_secret_value().startswith("sqlite:"):
            return cls(PLACES_ON_SQLITE, STARTS_ON_SQLITE)
        return cls(2 * max(1, settings.database_pool_size - 1), STARTS_ON_POSTGRES)


class Admission:
    """Lets the requests of verified users through, one user after the other, as many as there are places.

    A user can have as many places as are left free, and as many requests waiting as there is room left
    (Choudhury and Hahne, "Dynamic queue length thresholds", 1998): one who floods has half, two who do
    have a third each, and there is always some left for whoever comes next.
    """

    def __init__(self, app: ASGIApp, capacity: Capacity, room: int = ROOM) -> None:
        self._app = app
        self._places, self._starts = capacity
        self._room = room
        self._taken = 0
        self._taken_by: dict[int, int] = {}
        self._waiting = 0
        self._line: OrderedDict[int, deque[_Visit]] = OrderedDict()  # users, the next one first
        self._started = 0  # in this turn of the loop
        self._turning = False
        self._expiring = False
        self._refusals = 0
        self._refused_until = 0.0  # on the loop's clock: when the refusals up to now are paid for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        budget: SendBudget = scope.get("state", _NO_STATE).get("send_budget", _NO_BUDGET)
        if "user" not in scope:
            await self._pass(scope, receive, send, budget)
            return
        visit = _Visit(self, scope, send, budget)
        if budget.total and budget.blocks(visit.owner):
            raise self.refusal(scope, UNREAD)
        scope["admission"] = visit.acquire
        try:
            await self._app(scope, receive, visit.send)
        finally:
            visit.release()
            if visit.reserved:
                visit.cancel()
            del scope["admission"]  # it refers to the scope: a cycle would keep both until the next GC run

    def collect(self) -> Samples:
        return {
            ADMITTED.name: {("running",): self._taken, ("waiting",): self._waiting},
            REJECTED.name: {(): self._refusals},
        }

    def take(self, owner: int) -> bool:
        """Take a place for a user who is not in the line.

        Whoever asks for little is not, and so passes those who wait: that is what keeps others quick while
        one floods (RFC 8290, 4.2: new flows first).
        """
        most = 2 * self._starts if self._waiting else self._starts
        if owner in self._line or self._started >= most or not self._may_take(owner):
            return False
        self._give(owner)
        if self._waiting:
            self._line[owner] = deque()  # the next time after all the others
        self._turn_soon()
        return True

    def give_back(self, owner: int) -> None:
        self._taken -= 1
        left = self._taken_by[owner] - 1
        if left:
            self._taken_by[owner] = left
        else:
            del self._taken_by[owner]
        if self._waiting:
            self._turn_soon()

    def queue(self, visit: "_Visit") -> None:
        """Let a request wait until its user's turn has come.

        Raises:
            ServiceUnavailable: there is no room left for it.

        """
        queue = self._line.get(visit.owner)
        if (len(queue) if queue else 0) >= self._room - self._waiting:
            raise self.refusal(visit.scope, "too many requests wait")
        if queue is None:
            queue = self._line[visit.owner] = deque()
        queue.append(visit)
        self._waiting += 1
        self._turn_soon()
        if not self._expiring:
            self._expiring = True
            asyncio.get_running_loop().call_later(_LOOK_EVERY, self._expire)

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

    def _may_take(self, owner: int) -> bool:
        return self._taken_by.get(owner, 0) < self._places - self._taken

    def _give(self, owner: int) -> None:
        self._taken += 1
        self._taken_by[owner] = self._taken_by.get(owner, 0) + 1
        self._started += 1

    def _turn_soon(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Begin a turn of the loop: what it has read is queued, and those whose turn it is begin."""
        self._turning = False
        self._started = 0
        while self._started < self._starts and (visit := self._next()):
            self._give(visit.owner)
            visit.call()
        if self._started:
            self._turn_soon()

    def _next(self) -> "_Visit | None":
        """Take the longest waiting request of the first in the line who may have a place.

        Whoever has had a turn goes to the end, also with nothing more to ask: to come back at once with the
        next request is no way to pass the others.
        """
        if self._taken >= self._places:
            return None
        for _ in range(len(self._line)):
            owner, queue = self._line.popitem(last=False)
            if not queue:
                continue
            self._line[owner] = queue
            if self._may_take(owner):
                visit = queue.popleft()
                self._drop_one()
                return visit
        return None

    def _drop_one(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._line.clear()

    def _expire(self) -> None:
        """Refuse those who have waited long enough."""
        loop = asyncio.get_running_loop()
        long_ago = loop.time() - PATIENCE
        for queue in list(self._line.values()):
            while queue and queue[0].since <= long_ago:
                visit = queue.popleft()
                self._drop_one()
                visit.turn_away(self.refusal(visit.scope, "no place became free in time"))
        self._expiring = self._waiting > 0
        if self._expiring:
            loop.call_later(_LOOK_EVERY, self._expire)

    def refusal(self, scope: Scope, reason: str) -> ServiceUnavailable:
        """Make the refusal of a request.

        At ten times the capacity nine of ten requests are refused, which would cost more than to answer
        the tenth. So refusals beyond `REFUSALS` a second are spread over the seconds to come: that is the
        client's Retry-After, and `scope["rest"]` tells the server not to read from it until then.
        """
        now = asyncio.get_running_loop().time()
        self._refusals += 1
        until = max(self._refused_until, now) + 1 / REFUSALS
        self._refused_until = min(until, now + LONGEST_REST)
        ahead = self._refused_until - now
        if ahead > CALM:
            scope["rest"] = ahead
        return ServiceUnavailable(reason=reason, retry_after=math.ceil(ahead))


class _Visit(BudgetedSend):
    """One request on its way through: NEW, then WAITING or ADMITTED, then RELEASED; never back."""

    __slots__ = ("_admission", "_state", "_turn", "since")
    owner: int

    def __init__(self, admission: Admission, scope: Scope, send: Send, budget: SendBudget) -> None:
        BudgetedSend.__init__(self, scope, send, budget, admission.refusal)
        self.since = 0.0
        self._admission = admission
        self._state = _NEW
        self._turn: asyncio.Future[None]

    async def acquire(self) -> None:
        """Take a place, or wait for one; called once, when the body has been read.

        Raises:
            ServiceUnavailable: there is none, and no room to wait for it.

        """
        if self._state != _NEW:
            raise RuntimeError("A request is admitted once")
        if self._admission.take(self.owner):
            self._state = _ADMITTED
            return
        self._state = _WAITING
        loop = asyncio.get_running_loop()
        self.since = loop.time()
        self._turn = loop.create_future()
        self._admission.queue(self)
        await self._turn

    def call(self) -> None:
        """Tell that there is a place, which has been taken for it."""
        if self._state == _WAITING and not self._turn.done():
            self._state = _ADMITTED
            self._turn.set_result(None)
        else:  # it was cancelled while it waited
            self._admission.give_back(self.owner)

    def turn_away(self, error: ServiceError) -> None:
        if not self._turn.done():
            self._turn.set_exception(error)

    def release(self) -> None:
        """Give the place back, if it has one; there is no second one."""
        if self._state == _ADMITTED:
            self._admission.give_back(self.owner)
        self._state = _RELEASED

    async def send(self, message: Message) -> None:
        """Pass the response on; from its start it depends on the client how long it takes."""
        self.release()
        if self._budget.total:
            await self.send_checked(message)
        else:
            await self._send(message)


class Resting:
    """Connections that are not listened to for a while, each until a time of its own."""

    def __init__(self) -> None:
        self._until: deque[tuple[float, Callable[[], None]]] = deque()

    def add(self, seconds: float, wake: Callable[[], None]) -> None:
        """Call `wake` in so many seconds; those that come later must not be shorter by more than a tick."""
        loop = asyncio.get_running_loop()
        if not self._until:
            loop.call_later(_TICK, self._look)
        self._until.append((loop.time() + seconds, wake))

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._until and self._until[0][0] <= loop.time():
            _, wake = self._until.popleft()
            wake()
        if self._until:
            loop.call_later(_TICK, self._look)
