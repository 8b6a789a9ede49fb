"""One request and its response, as the ASGI application sees them."""

import asyncio
import logging
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Scope

from taskward.http.context import CONTEXT_KEY, Headers, RequestContext
from taskward.http.errors import InternalError, ServiceError
from taskward.server.request_parser import RequestParser
from taskward.server.state import STATUS_LINES, ConnectionState

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})
_LINE: Final = b"%s: %s\r\n".__mod__
"""The line of a header."""
MAX_COPIED: Final = 64 * 1024
"""Bytes of the largest body that is copied to be one write with the head, for which a client waits less."""

_log = logging.getLogger(__name__)


class ClientConnection(Protocol):
    """The connection that a cycle reads from and writes to."""

    server_state: ConnectionState
    write_paused: bool

    @property
    def may_continue(self) -> bool: ...
    def write(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...
    def resume_reading(self) -> None: ...
    def on_response_complete(self) -> None: ...
    async def drain(self) -> None: ...


class StrictCycle:
    """One request and its response (ASGI, HTTP connection scope)."""

    task: asyncio.Task[None]
    """Runs the application; the connection starts it."""
    disconnected = False
    response_started = False
    response_complete = False
    body_size = 0
    """Bytes of the body that the application has not read yet."""
    _event: asyncio.Event | None = None  # of an application that waits in `receive`
    _bodiless = False
    _chunked = False
    _remaining: int | None = None  # bytes of the response still to be sent, where it is known
    _head = b""  # one that waits for its body, so that both are one write

    def __init__(self, connection: ClientConnection, scope: Scope, request: RequestParser) -> None:
        self.scope = scope
        self._connection = connection
        self._keep_alive = request.keep_alive
        self._continue_expected = request.expects_continue
        self._body: list[bytes] = []
        self._more_body = not request.message_complete
        self._unread = request.message_complete  # whether `receive` has something to return

    @property
    def context(self) -> RequestContext | None:
        """The context that the application has created for the request; None before that."""
        return self.scope.get(CONTEXT_KEY)

    async def run(self, app: ASGIApp) -> None:
        """Calls the application, and sends the error response if it sends none."""
        try:
            if not self.disconnected:  # otherwise its body turned out to be malformed
                await app(self.scope, self.receive, self.send)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - logged, and a response is sent
            await self._fail(error)
        else:
            if not self.response_complete and not self.disconnected:
                _log.error("The ASGI application returned without completing its response")
                await self._end()
        finally:
            self._connection.server_state.tasks.discard(self.task)

    async def _fail(self, error: BaseException) -> None:
        if isinstance(error, ServiceError):
            _log.warning("Response cut off", extra={"code": error.code, "reason": error.reason})
        else:
            _log.error("Exception in the ASGI application", exc_info=error)
        await self._end()

    async def _end(self) -> None:
        if self.disconnected:
            return
        if self.response_started:
            self._connection.close()
        else:
            await self._send_error()

    # Request

    def feed_body(self, body: bytes, *, complete: bool) -> None:
        """Adds received bytes of the body."""
        if body:
            self._body.append(body)
            self.body_size += len(body)
        self._more_body = not complete
        self._unread = True
        self._wake()

    def disconnect(self) -> None:
        """Notifies the application that its client is gone, unless it has responded."""
        if not self.response_complete:
            self.disconnected = True
            self._wake()

    def _wake(self) -> None:
        if self._event is not None:
            self._event.set()

    async def receive(self) -> Message:
        """Returns the next part of the request; after its end, waits until the client has disconnected."""
        connection = self._connection
        if self._continue_expected and not connection.is_closing():
            self._continue_expected = False
            connection.write(_CONTINUE)
        while not (self._unread or self.disconnected or self.response_complete):
            connection.resume_reading()
            self._event = self._event or asyncio.Event()
            self._event.clear()
            await self._event.wait()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        self._unread = False
        self.body_size = 0
        body = b"".join(self._body)
        self._body.clear()
        if self._more_body:
            connection.resume_reading()
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    # Response

    async def send(self, message: Message) -> None:
        """Sends a part of the response."""
        if self._connection.write_paused and not self.disconnected:
            await self._connection.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._start_response(message["status"], list(message.get("headers", ())))
        elif message["type"] == "http.response.body" and self.response_started and not self.response_complete:
            self._send_body(message.get("body", b""), last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"Unexpected ASGI message: {message['type']}")

    def _start_response(self, status: int, headers: Headers) -> None:
        """Makes the head. It waits for the first part of the body, so that both are one write."""
        names = dict(headers)
        length = names.get(b"content-length")
        self._bodiless = status in _BODILESS or self.scope["method"] == "HEAD"
        self._keep_alive = self._keep_alive and b"connection" not in names and self._connection.may_continue
        if length is not None:
            self._remaining = int(length)
        elif not self._bodiless:
            self._start_unbounded(headers)
        if not self._keep_alive and b"connection" not in names:
            headers.append((b"connection", b"close"))
        headers = self._connection.server_state.default_headers + headers
        head = b"".join([STATUS_LINES[status], *map(_LINE, headers), b"\r\n"])
        if head.count(b"\n") != len(headers) + 2 or head.count(b"\r") != len(headers) + 2:
            raise RuntimeError("A response header contains a line break")
        self.response_started = True
        self._continue_expected = False
        self._head = head
        if not self._remaining or self._bodiless:
            self._write(b"")

    def _start_unbounded(self, headers: Headers) -> None:
        """Frames a body of unknown length: in chunks, or in HTTP/1.0 by the end of the connection."""
        self._chunked = self.scope["http_version"] == "1.1"
        if self._chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        else:
            self._keep_alive = False

    def _send_body(self, body: bytes, *, last: bool) -> None:
        if self._bodiless:
            body = b""
        elif self._chunked:
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if last else b"")
        elif self._remaining is not None:
            self._remaining -= len(body)
            if self._remaining < 0 or (last and self._remaining):
                self._write(b"")
                raise RuntimeError("The response body does not match its Content-Length")
        if self._head or body:
            self._write(body)
        if last:
            self._complete()

    def _write(self, body: bytes) -> None:
        """Writes the head, if that has not been written, and a part of the body."""
        head, self._head = self._head, b""
        for part in (head, body) if len(body) > MAX_COPIED else (head + body,):
            self._connection.write(part)
        if self._connection.write_paused:
            self._hold(len(head) + len(body))

    def _hold(self, size: int) -> None:
        """Counts bytes that the client has not read, until it has read all of them."""
        caller = self.context.counted_by if self.context else None
        self._connection.server_state.send_budget.hold(self._connection, caller, size)

    def _complete(self) -> None:
        self.response_complete = True
        if self._event is not None:
            self._event.set()
        if not self._keep_alive or not self._connection.may_continue:
            self._connection.close()
        self._connection.on_response_complete()

    async def _send_error(self) -> None:
        """Sends the error response for an application that sent none."""
        error = InternalError()
        headers, body = self._connection.server_state.error_message(error, self.scope["headers"])
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})
