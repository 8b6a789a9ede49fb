"""Admission control and load shedding: a bound on requests in progress, a short fair queue, 503 for the rest.

A request below /api is admitted once: its route calls `admit` of its context when the whole body has arrived.
Its slot is released once, when its response starts. A slot is therefore held during computation and database
work, never for a slow client or an event stream. See `docs/decisions/0017-admission.md`.
"""

import asyncio
from typing import Final, NamedTuple

from taskward.http.fair_semaphore import QUEUE_TIMEOUT, FairSemaphore
from taskward.http.parts import Key
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

MAX_REJECTIONS_PER_SECOND: Final = 250
"""Rejections per second that are sent at once; above this rate, reading from rejected connections is paused.
"""

REJECT_BURST_SECONDS: Final = 0.2
"""Seconds of rejections at that rate that are sent as a burst without a pause."""

MAX_PAUSE: Final = 5.0
"""Maximum seconds for which a connection is not read."""


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


class Admission(FairSemaphore):
    """Admits the requests of verified users, each for a slot, and paces the rejections."""

    def __init__(self, capacity: Capacity, max_queued: int = MAX_QUEUED) -> None:
        super().__init__(
            capacity.max_in_flight,
            QUEUE_TIMEOUT,
            max_queued=max_queued,
            max_starts_per_tick=capacity.max_starts_per_tick,
        )
        self._max_in_flight = capacity.max_in_flight
        self._rejections = 0
        self._rejections_until = 0.0  # loop time until which earlier rejections use up the rate

    def pace_rejection(self) -> float:
        """Counts a rejection; returns the seconds until the client should retry.

        At ten times the capacity nine of ten requests are rejected, which would cost more than the tenth.
        Rejections above `MAX_REJECTIONS_PER_SECOND` are therefore spread over the next seconds.
        """
        now = asyncio.get_running_loop().time()
        self._rejections += 1
        until = max(self._rejections_until, now) + 1 / MAX_REJECTIONS_PER_SECOND
        self._rejections_until = min(until, now + MAX_PAUSE)
        return self._rejections_until - now

    def collect(self) -> Samples:
        in_flight = self._max_in_flight - self._free
        return {
            ADMITTED.name: {("running",): in_flight, ("waiting",): self._queued},
            REJECTED.name: {(): self._rejections},
        }


ADMISSION: Final = Key[Admission]("admission")
