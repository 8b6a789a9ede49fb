"""A limit of requests per caller: one token bucket each, in this process alone (`RATE_LIMIT`)."""

import time
from collections.abc import Callable

from taskward.http.context import RequestContext
from taskward.http.errors import RateLimited
from taskward.settings.parsing import Rate


class TokenBuckets:
    """The token buckets of all callers (GCRA, the generic cell rate algorithm).

    A bucket is one number: the time at which it will be full again. In units of a nanosecond divided by the
    requests of the rate, all values are exact integers. A full bucket needs no entry, and a bucket unused for
    the whole period of the rate is full: entries unused for two periods are dropped.
    """

    def __init__(self, rate: Rate, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._rate = rate
        self._cost = rate.seconds * 1_000_000_000
        self._capacity = self._cost * rate.requests
        self._tat: dict[int, int] = {}
        self._tat_before: dict[int, int] = {}
        self._next_round = 0

    def __len__(self) -> int:
        return len(self._tat) + len(self._tat_before)

    def take(self, caller: int) -> tuple[bool, int, int]:
        """Takes one request from a caller's bucket.

        Returns whether it had one, how many are left, and the seconds until there is one more than that.
        """
        now = self._clock() * self._rate.requests
        self._turn_over(now)
        tat = self._tat.get(caller) or self._tat_before.get(caller, 0)
        used = max(tat - now, 0)
        allowed = used + self._cost <= self._capacity
        if allowed:
            used += self._cost
            self._tat[caller] = now + used
        left = (self._capacity - used) // self._cost
        until_next = used - (self._capacity - (left + 1) * self._cost)
        return allowed, left, -(-until_next // (self._rate.requests * 1_000_000_000))

    def _turn_over(self, now: int) -> None:
        if now >= self._next_round:
            self._tat, self._tat_before = {}, self._tat
            if now >= self._next_round + self._capacity:
                self._tat_before = {}
            self._next_round = now + self._capacity


class RateLimit:
    """Admits a verified user's request within the rate limit, and adds the headers with what is left.

    The headers are those of draft-ietf-httpapi-ratelimit-headers-11.
    """

    def __init__(self, rate: Rate, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._buckets = TokenBuckets(rate, clock)
        self._policy = (b"ratelimit-policy", b'"user";q=%d;w=%d' % (rate.requests, rate.seconds))

    def check(self, context: RequestContext) -> None:
        """Counts a request, and sets the headers of its response.

        Raises:
            RateLimited: it exceeds the limit.

        """
        allowed, left, seconds = self._buckets.take(context.caller.id.int)
        context.rate_limit_headers = (self._policy, (b"ratelimit", b'"user";r=%d;t=%d' % (left, seconds)))
        if not allowed:
            raise RateLimited(retry_after=seconds)
