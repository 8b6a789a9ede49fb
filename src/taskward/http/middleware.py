"""The ASGI middleware of every request: request id, common headers, access log, error responses.

RequestMiddleware    request id, CORS, headers of every response, the access log, errors -> envelope
  AuthenticationMiddleware     (auth/middleware.py) below /api every request needs a valid token
    Dispatcher  (http/routing.py)   path, method, and the handler
"""

import logging
import random
import re
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskward.http.cors import CrossOrigin
from taskward.http.errors import InternalError, ServiceError
from taskward.http.requests import ClientDisconnect, header_values
from taskward.log import log_request, masked_path

Headers = list[tuple[bytes, bytes]]

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_numbers: Final = random.Random()  # noqa: S311 - an id is not a secret
_SERVER_ERROR: Final = 500
_CLIENT_GONE: Final = 499
"""Logged as the status of a request whose client closed the connection before the response."""

log = logging.getLogger(__name__)


class RequestMiddleware:
    """The outermost application: sends exactly one complete response for each request."""

    def __init__(self, app: ASGIApp, cross_origin: CrossOrigin, *, https_only: bool) -> None:
        self._app = app
        self._cross_origin = cross_origin
        self._common_headers = CommonHeaders(cross_origin, https_only=https_only)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = ResponseWriter(send, scope, self._common_headers.of(scope))
        try:
            if preflight := self._cross_origin.preflight(scope):
                await response.send_response(200, preflight, b"")
            else:
                await self._app(scope, receive, response.send)
        except ServiceError as error:
            if error.status == _SERVER_ERROR:
                log.exception(error.code, extra={"request_id": response.result.request_id})
            await response.send_error(error)
        except ClientDisconnect:
            response.result.status = _CLIENT_GONE
        except Exception:
            log.exception("Unforeseen error", extra={"request_id": response.result.request_id})
            await response.send_error(InternalError())
        finally:
            response.log()


class CommonHeaders:
    """The headers that every response carries, errors of the HTTP protocol included."""

    def __init__(self, cross_origin: CrossOrigin, *, https_only: bool) -> None:
        self._cross_origin = cross_origin
        self._security = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if https_only:
            hsts = b"max-age=31536000; includeSubDomains"
            self._security.append((b"strict-transport-security", hsts))

    def of(self, request: Scope) -> Headers:
        """Returns the headers of the response to `request`, of which only the headers are read."""
        return self._security + self._cross_origin.headers(request)


def default_headers(headers: Headers) -> Headers:
    """Returns the headers that a response has unless it sets them itself: no caching, no scripts."""
    names = {name for name, _ in headers}
    defaults = []
    if b"cache-control" not in names:
        defaults.append((b"cache-control", b"private, no-cache" if b"etag" in names else b"no-store"))
    if b"content-security-policy" not in names:
        defaults.append((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
    return defaults


class ErrorInfo(NamedTuple):
    """The description of an error for logs and traces."""

    status: int
    code: str
    reason: str | None


@dataclass(slots=True)
class RequestResult:
    """The result of a request, read by metrics, tracing and audit.

    Holds no reference to the request or to an exception: that cycle would keep both bodies alive until the
    next GC run.
    """

    request_id: str
    status: int = 0
    error: ErrorInfo | None = None


class ResponseWriter:
    """Writes the response to one request."""

    def __init__(self, send: Send, scope: Scope, common_headers: Headers) -> None:
        self.result = scope["outcome"] = RequestResult(request_id_of(scope))
        self._send = send
        self._scope = scope
        self._common_headers = [*common_headers, (b"x-request-id", self.result.request_id.encode())]
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Sends a message; adds the common headers to the first one."""
        if message["type"] == "http.response.start":
            self.result.status = message["status"]
            headers: Headers = message["headers"]
            limit = self._scope.get("rate_limit", ())
            message["headers"] = [*headers, *self._common_headers, *limit, *default_headers(headers)]
        elif self._scope["method"] == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    async def send_response(self, status: int, headers: Headers, body: bytes) -> None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def send_error(self, error: ServiceError) -> None:
        """Sends the envelope; if a response has already started, aborts it."""
        self.result.error = ErrorInfo(error.status, error.code, error.reason)
        if self.result.status:
            raise error
        await self.send_response(
            error.status, [(b"content-type", b"application/json"), *error.headers()], error.body()
        )

    def log(self) -> None:
        """Writes the access log record of the request."""
        user = self._scope.get("user")
        outcome = self.result
        line = {
            "request_id": outcome.request_id,
            "method": self._scope["method"],
            "path": masked_path(self._scope["path"]),
            "status": outcome.status,
            "duration_ms": round((time.perf_counter() - self._started) * 1000, 3),
            "user_id": str(user.id) if user else None,
        }
        if outcome.error is not None:
            line |= {"code": outcome.error.code, "reason": outcome.error.reason}
        level = logging.ERROR if outcome.status >= _SERVER_ERROR else logging.INFO
        log_request(level, line)


def request_id_of(scope: Scope) -> str:
    """Returns the client's request id if it is valid, else a new one."""
    given = header_values(scope, b"x-request-id")
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return given[0].decode()
    return f"{_numbers.getrandbits(128):032x}"
