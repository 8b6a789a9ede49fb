"""The context of one request: what its parts share, typed, at `scope[CONTEXT_KEY]`."""

import math
import os
import random
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

from fastapi import Depends, Request
from starlette.types import Scope

from taskward.http.admission import ADMISSION, REJECT_BURST_SECONDS
from taskward.http.caller import Caller, Owner
from taskward.http.errors import ServiceUnavailable
from taskward.http.parts import Parts
from taskward.http.send_budget import SendBudget

Headers = list[tuple[bytes, bytes]]

CONTEXT_KEY: Final = "taskward"

UNREAD: Final = "too many response bytes are unread"
"""The reason of a rejection because the clients of the user do not read their responses."""

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_random: Final = random.Random()  # noqa: S311 - an id is not a secret
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_random.seed)
_NO_STATE: Final[dict[str, Any]] = {}
_NO_BUDGET: Final = SendBudget()
"""Used if the server counts no unsent bytes."""
_EMPTY: Final = [b"0"]
_HTTP_1: Final = frozenset({"1.0", "1.1"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ErrorInfo(NamedTuple):
    """The description of an error for logs, metrics and traces."""

    status: int
    code: str
    reason: str | None


class RequestContext:
    """One request, as the parts of the service see it: created once, and completed on its way.

    It refers neither to the scope, which refers to it, nor to an exception, whose frames refer to both: such
    a cycle would keep the body until the next GC run.
    """

    # Set on the way
    known_caller: Caller | None = None
    """The user of the verified token; None outside of /api."""
    rate_limit_headers: Sequence[tuple[bytes, bytes]] = ()
    route: str | None = None
    """The template of the route."""
    path_params: Mapping[str, str] = MappingProxyType({})
    path_methods: Mapping[str, Any] = MappingProxyType({})
    """The routes of the path by method."""
    other_owner: Owner | None = None
    """The owner of the rows, if it is not the caller as a person."""
    body = b""
    digest: str | None = None
    """The digest of a request whose body was not read into memory."""
    is_admitted = False
    """Set at the start for a request that is a part of an admitted one."""
    pause_reading_s = 0.0
    """Seconds for which the server does not read from the connection after the response."""
    on_response_start: Callable[[], None] | None = None
    """Called once: when the response starts, or at the end of a request without a response."""
    has_changed_nothing = False
    """Set by a handler that knows it, of a method that may change what is stored."""
    status = 0
    """The status of the response, once it has started."""
    error: ErrorInfo | None = None

    def __init__(self, scope: Scope, parts: Parts) -> None:
        self.started_at = time.perf_counter()
        self.parts = parts
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope["query_string"]
        self.headers: dict[bytes, list[bytes]] = {}
        """All values of each header, by its name in lower case."""
        for name, value in scope["headers"]:
            self.headers.setdefault(name, []).append(value)
        self.request_id = request_id_of(self.headers.get(b"x-request-id", ()))
        self.is_api = self.path.startswith("/api/") or self.path == "/api"
        self.has_body = (
            self.headers.get(b"content-length", _EMPTY) != _EMPTY
            or b"transfer-encoding" in self.headers
            or scope["http_version"] not in _HTTP_1
        )
        """Whether a body is announced, or how the server's protocol announces one is not known."""
        state = scope.get("state", _NO_STATE)
        self.draining: Any = state.get("draining")
        """An `asyncio.Event` that is set when the process begins to shut down, if the server has one."""
        self.send_budget: SendBudget = state.get("send_budget", _NO_BUDGET)

    @property
    def caller(self) -> Caller:
        """The sender of a request below /api."""
        if self.known_caller is None:
            raise AssertionError(f"{self.route} is used without authentication")
        return self.known_caller

    @property
    def owner(self) -> Owner:
        """The owner of the rows that a request below /api reads and writes."""
        return self.other_owner or self.caller.own

    @property
    def counted_by(self) -> int | None:
        """The number of the caller's id, by which limits are counted; None without a caller."""
        return self.known_caller.id.int if self.known_caller else None

    @property
    def may_have_committed(self) -> bool:
        """Whether what is stored may have been changed.

        If so, the response is sent with any amount unread, because 503 would mean that nothing was changed.
        """
        return self.method not in _SAFE and not self.has_changed_nothing

    async def admit(self) -> None:
        """Waits for a slot, and holds it until the response starts.

        Without a caller, or once admitted, it returns at once.

        Raises:
            ServiceUnavailable: the queue is full, no slot became free in time, or responses are unread.

        """
        if self.is_admitted or self.known_caller is None:
            return
        self.is_admitted = True
        admission, caller = self.parts[ADMISSION], self.known_caller.id.int
        if not admission.try_acquire(caller):
            await admission.wait(caller, self.rejection)
        self.on_response_start = partial(admission.release, caller)
        if self.send_budget.total:
            self.refuse_unread()

    def refuse_unread(self) -> None:
        """Raises ServiceUnavailable if too many bytes of the user's responses are unread."""
        if self.send_budget.blocks(self.counted_by):
            raise self.rejection(UNREAD)

    def rejection(self, reason: str) -> ServiceUnavailable:
        """Returns the error for a rejected request.

        During many rejections, the server does not read from the connection until the client should retry.
        """
        seconds = self.parts[ADMISSION].pace_rejection()
        if seconds > REJECT_BURST_SECONDS:
            self.pause_reading_s = seconds
        return ServiceUnavailable(reason=reason, retry_after=math.ceil(seconds))

    def response_started(self) -> None:
        """Calls `on_response_start`; later calls do nothing."""
        call, self.on_response_start = self.on_response_start, None
        if call is not None:
            call()


def request_id_of(values: Sequence[bytes]) -> str:
    """Returns the client's `X-Request-ID` if it is valid, else a new id."""
    if len(values) == 1 and _REQUEST_ID.fullmatch(values[0]):
        return values[0].decode()
    return f"{_random.getrandbits(128):032x}"


def request_context(request: Request) -> RequestContext:
    """Returns the context of a request; as a dependency, without a call."""
    context: RequestContext = request.scope[CONTEXT_KEY]
    return context


Context = Annotated[RequestContext, Depends(request_context)]
"""For a handler or a dependency: the context of the request."""
