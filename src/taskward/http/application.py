"""The ASGI application, and the steps of every request, in order.

Taskward             creates the context of the request
  RequestMiddleware  exactly one complete response: errors become the envelope
    RequestPipeline  token, rate limit, unread responses, route
      StrictRoute    (http/routing.py) body, admission, arguments, handler
  ResponseWriter     headers and body; the access log
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskward.http.caller import CALLER, Caller
from taskward.http.context import CONTEXT_KEY, UNREAD, ErrorInfo, Headers, RequestContext
from taskward.http.cors import CrossOrigin
from taskward.http.errors import InternalError, ServiceError
from taskward.http.parts import Parts
from taskward.http.rate_limit import RateLimit
from taskward.http.requests import ClientDisconnect
from taskward.http.responses import (
    CommonHeaders,
    HeaderSet,
    JSONBytesResponse,
    content_length,
    default_headers,
)
from taskward.http.routing import Router
from taskward.http.send_budget import LARGE
from taskward.log import log_request, request_fields
from taskward.metrics import Samples

_START: Final = "http.response.start"
_BODY: Final = "http.response.body"
_FIRST_REDIRECT: Final = 300
_SERVER_ERROR: Final = 500
_CLIENT_GONE: Final = 499
"""Logged as the status of a request whose client closed the connection before the response."""

Pipeline = Callable[[RequestContext, Scope, Receive, "ResponseWriter"], Awaitable[None]]
"""Passes the response to a request to its writer, or raises a ServiceError."""

Describe = Callable[[str, str, Sequence[BaseRoute]], dict[str, Any]]
"""Returns the OpenAPI document for a title, a version and routes."""

log = logging.getLogger(__name__)


class Stops(Protocol):
    """A component that is stopped with the application."""

    async def stop(self) -> None:
        """Ends its work."""


@runtime_checkable
class Runs(Stops, Protocol):
    """A component that runs from the start of the application to its end."""

    async def start(self) -> None:
        """Begins its work."""


class Taskward(FastAPI):
    """FastAPI for declarations and their document; the request path is Taskward's own."""

    components: Sequence[Stops] = ()
    """In the order of their starts, which is the reverse of that of their stops."""
    pipeline: ASGIApp
    collect_metrics: Callable[[], Samples]
    """Set only if metrics are enabled."""

    def __init__(self, describe: Describe, **options: object) -> None:
        super().__init__(docs_url=None, redoc_url=None, openapi_url=None, **options)  # type: ignore[arg-type] # FastAPI has forty options
        self.parts = Parts()
        self.openapi_schema = None
        self._describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["app"] = self
            await self.router(scope, receive, send)
            return
        scope[CONTEXT_KEY] = RequestContext(scope, self.parts)
        await self.pipeline(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = self._describe(self.title, self.version, self.routes)
        return self.openapi_schema


class RequestMiddleware:
    """Sends exactly one complete response for each request, and logs it."""

    def __init__(self, pipeline: Pipeline, cross_origin: CrossOrigin, common_headers: CommonHeaders) -> None:
        self._pipeline = pipeline
        self._cross_origin = cross_origin
        self._common_headers = common_headers
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        self._in_progress += 1
        outside = CALLER.set(None)
        writer = ResponseWriter(context, send, self._common_headers)
        try:
            if context.method == "OPTIONS" and (preflight := self._cross_origin.preflight(context)):
                await writer.send_response(200, preflight, b"")
            else:
                await self._pipeline(context, scope, receive, writer)
        except ServiceError as error:
            if error.status == _SERVER_ERROR:
                log.exception(error.code, extra={"request_id": context.request_id})
            await writer.send_error(error)
        except ClientDisconnect:
            context.status = _CLIENT_GONE
        except Exception:
            log.exception("Unforeseen error", extra={"request_id": context.request_id})
            await writer.send_error(InternalError())
        finally:
            self._in_progress -= 1
            writer.close(idle=not self._in_progress)
            CALLER.reset(outside)


class Identifies(Protocol):
    """Authentication, as a request uses it."""

    async def identify(self, authorization: Sequence[bytes], /) -> Caller:
        """Returns the caller of the `Authorization` headers; raises a ServiceError if there is none."""


class RequestPipeline:
    """The steps of a request before its route; each raises a ServiceError to reject the request."""

    def __init__(self, router: Router, authenticator: Identifies, rate_limit: RateLimit | None) -> None:
        self._router = router
        self._authenticator = authenticator
        self._rate_limit = rate_limit

    async def __call__(
        self, context: RequestContext, scope: Scope, receive: Receive, writer: "ResponseWriter"
    ) -> None:
        if context.is_api:
            caller = await self._authenticator.identify(context.headers.get(b"authorization", ()))
            context.known_caller = caller
            CALLER.set(caller.id)
            if self._rate_limit is not None:
                self._rate_limit.check(context)
            if context.send_budget.total:
                context.refuse_unread()
        response = await self._router.find(context).respond(context, receive)
        if isinstance(response, JSONBytesResponse):
            await writer.send_json(response)
        else:
            await response(scope, receive, writer.send)


class ResponseWriter:
    """Writes the response to one request; all that happens at its start happens in `_start`."""

    __slots__ = ("_common_headers", "_context", "_reserved", "_send")

    def __init__(self, context: RequestContext, send: Send, common_headers: CommonHeaders) -> None:
        self._context = context
        self._send = send
        self._common_headers = common_headers
        self._reserved = 0  # bytes of the send budget

    async def send(self, message: Message) -> None:
        """Sends a message of an ASGI application.

        Raises:
            ServiceUnavailable: the response is large, and too many response bytes are unread.

        """
        if message["type"] == _START:
            await self._send_start(message["status"], message["headers"])
        else:
            await self._send_body(message)

    async def send_json(self, response: JSONBytesResponse) -> None:
        """Sends a whole JSON response; raises as `send` does."""
        body, context = response.body, self._context
        common = self._start(response.status_code, len(body))
        headers = [(b"content-length", b"%d" % len(body)), (b"x-request-id", context.request_id.encode())]
        tag = response.tag
        headers += common.json if tag is None else [(b"etag", tag.encode()), *common.tagged_json]
        if response.location is not None:
            headers.append((b"location", response.location.encode()))
        headers += context.rate_limit_headers
        await self._send({"type": _START, "status": response.status_code, "headers": headers})
        await self._send({"type": _BODY, "body": b"" if context.method == "HEAD" else body})
        if self._reserved:
            self._cancel_reservation()  # from here on the connection counts the unsent bytes

    async def send_response(self, status: int, headers: Headers, body: bytes) -> None:
        """Sends a whole response; raises as `send` does."""
        await self._send_start(status, headers)
        await self._send_body({"type": _BODY, "body": body})

    async def send_error(self, error: ServiceError) -> None:
        """Sends the envelope; if a response has already started, aborts it."""
        context = self._context
        context.error = ErrorInfo(error.status, error.code, error.reason)
        if context.status:
            raise error
        body = error.body()
        headers = [(b"content-type", b"application/json"), *error.headers(), content_length(body)]
        await self.send_response(error.status, headers, body)

    def close(self, *, idle: bool = False) -> None:
        """Releases what the request holds, and writes its access log record, if `idle` at once."""
        context = self._context
        context.response_started()
        if self._reserved:
            self._cancel_reservation()
        caller, took = context.known_caller, time.perf_counter() - context.started_at
        user = caller.id if caller else None
        fields = request_fields(context.request_id, context.method, context.path, context.status, took, user)
        if caller is not None and caller.reach is not None:
            fields |= caller.reach.log_fields
        if context.error is not None:
            fields |= {"code": context.error.code, "reason": context.error.reason}
        level = logging.ERROR if context.status >= _SERVER_ERROR else logging.INFO
        log_request(level, fields, at_once=idle)

    def _start(self, status: int, size: int | None) -> HeaderSet:
        """Starts the response with a body of that size, if it is known; returns its common headers.

        Admission is released first, because the client decides how long sending takes.
        """
        context = self._context
        context.response_started()
        if context.send_budget.total and status < _FIRST_REDIRECT and context.method != "HEAD":
            self._reserve(size)
        context.status = status
        common, origins = self._common_headers, context.headers.get(b"origin")
        return common.default if origins is None else common.of(origins, context.path)

    async def _send_start(self, status: int, headers: Headers) -> None:
        size = next((int(value) for name, value in headers if name == b"content-length"), None)
        common = self._start(status, size).every
        request_id = (b"x-request-id", self._context.request_id.encode())
        others = [request_id, *self._context.rate_limit_headers, *default_headers(headers)]
        await self._send({"type": _START, "status": status, "headers": [*headers, *common, *others]})

    async def _send_body(self, message: Message) -> None:
        if self._context.method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)
        if self._reserved:
            self._cancel_reservation()

    def _reserve(self, size: int | None) -> None:
        """Reserves room for a large success; called only while bytes are unsent.

        The response to what may be committed is sent and counted, whether there is room or not.
        """
        context, budget = self._context, self._context.send_budget
        if size is not None and size < LARGE:
            return
        if context.may_have_committed:
            budget.count(context.counted_by, size or 0)
        elif not budget.reserve(context.counted_by, size or 0):
            raise context.rejection(UNREAD)
        self._reserved = size or 0

    def _cancel_reservation(self) -> None:
        self._context.send_budget.cancel(self._context.counted_by, self._reserved)
        self._reserved = 0
