"""Decides after each attempt at a call: renew the token, retry after a delay, or stop. No I/O, no clock."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from taskward_client._replies import error_of
from taskward_client.errors import NoResponse, retry_after

if TYPE_CHECKING:
    from taskward_client._calls import Call
    from taskward_client._replies import Reply

_MIN_DELAY: Final = 0.25
_MAX_DELAY: Final = 8.0
"""Seconds, unless the service says when to try again."""

_UNAUTHORIZED: Final = 401
_NOT_EXECUTED: Final = frozenset({"RATE_LIMITED", "SERVICE_UNAVAILABLE"})
"""Codes with which the service has not executed the request."""

_RETRYABLE: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed; 500 and those of a proxy leave its outcome unknown."""

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Retries:
    """How often and for how long a call is tried again."""

    count: int = 3
    longest_wait: float = 30.0
    """Seconds. If the service asks for more, the call fails at once, with `retry_after`."""


@dataclass(frozen=True)
class Wait:
    """Try again after these seconds."""

    seconds: float


class RenewToken:
    """Try again at once, with a new token."""


RENEW_TOKEN: Final = RenewToken()


class Attempts:
    """The attempts at one call."""

    def __init__(self, call: "Call[Any]", retries: Retries, *, renewable: bool) -> None:
        self._call = call
        self._retries = retries
        self._renewable = renewable
        self._count = 0
        self._may_have_executed = False

    def after_reply(self, reply: "Reply") -> Wait | RenewToken | None:
        """Returns what to do after a response; None: it is the last one, a success or not."""
        if reply.status == _UNAUTHORIZED and self._renewable:
            self._renewable = False
            return RENEW_TOKEN
        if not self._may_succeed_later(reply):
            return None
        self._may_have_executed |= error_of(reply).code not in _NOT_EXECUTED
        return self._next(retry_after(reply.headers))

    def finds_own_creation(self, reply: "Reply") -> bool:
        """Returns whether the object that the response reports as existing is that of an earlier attempt.

        The response to that attempt was lost, and the id is the client's own.
        """
        return self._may_have_executed and error_of(reply).code == "PRECONDITION_FAILED"

    def after_failure(self, failure: httpx.TransportError) -> Wait:
        """Returns how long to wait after an attempt without a response.

        Raises:
            NoResponse: it is not to be tried again.

        """
        sent = not isinstance(failure, _NOT_SENT)
        hopeless = isinstance(failure, httpx.UnsupportedProtocol)
        wait = self._next(None) if (self._call.repeatable or not sent) and not hopeless else None
        if wait is None:
            text = f"{self._call.method} {self._call.path}: {type(failure).__name__}: {failure}"
            raise NoResponse(text.rstrip(": "), sent=sent) from failure
        self._may_have_executed |= sent
        return wait

    def _may_succeed_later(self, reply: "Reply") -> bool:
        if reply.status < _UNAUTHORIZED:
            return False
        code = error_of(reply).code
        if code in _NOT_EXECUTED:
            return True
        return self._call.repeatable and (reply.status in _RETRYABLE or code == "IDEMPOTENCY_KEY_IN_USE")

    def _next(self, asked: float | None) -> Wait | None:
        if self._count >= self._retries.count or (asked or 0) > self._retries.longest_wait:
            return None
        self._count += 1
        return Wait((asked or 0) + backoff(self._count))


def backoff(failures: int) -> float:
    """Returns the seconds to wait after that many failures in a row: random, and longer each time."""
    return random.uniform(0, min(_MAX_DELAY, _MIN_DELAY * 2 ** (failures - 1)))  # noqa: S311 - no secret
