"""One client connection: HTTP/1.1 and HTTP/1.0 for an ASGI application, with limits of size and time.

Malformed requests (RFC 9112) get an error response in the envelope of `http/errors.py`, after the responses
to the requests before them, and the connection closes. See `docs/decisions/0025-own-http-protocol.md`.
"""

import asyncio
from typing import Any, ClassVar

from starlette.types import Scope
from uvicorn.config import Config

from taskward.http.errors import ServiceError, ServiceUnavailable
from taskward.http.protocol_errors import MalformedHttp, RequestTimedOut
from taskward.server.connection import BufferedConnection
from taskward.server.limits import (
    BODY_HIGH_WATER,
    MAX_BUFFERED,
    MAX_UNREAD_BODY,
    MIN_BODY_RATE,
    rejected_headers,
)
from taskward.server.parse_turns import MAX_AT_ONCE, MAX_CHUNKS_AT_ONCE
from taskward.server.request_parser import BODY, HEAD, IDLE, RequestParser
from taskward.server.response_cycle import StrictCycle
from taskward.server.state import ConnectionState


class StrictProtocol(BufferedConnection):
    """One client connection.

    Nothing is parsed while a request waits for its response: what the client has pipelined behind it stays
    in one buffer of bytes, and reading is paused if that holds more than `MAX_BUFFERED`.

    Time is counted by `sweep`, which the server calls every second or so for all connections together: a
    request costs no timer, and a process that was blocked itself does not time out its clients.
    """

    head_seconds: ClassVar[float] = 10.0
    """For a complete head, from its first byte; for the first byte, from the connection."""
    body_seconds: ClassVar[float] = 30.0
    """For a complete request; and a second more for each `MIN_BODY_RATE` bytes received."""
    idle_seconds: ClassVar[float] = 45.0
    idle_seconds_draining: ClassVar[float] = 2.0
    """More than one sweep, so that a connection in use is closed by a response and not under a request."""

    def __init__(
        self,
        config: Config,
        server_state: ConnectionState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__()
        self.server_state = server_state
        self.active: StrictCycle | None = None
        """The request that waits for its response."""
        self._app = config.loaded_app
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = RequestParser()
        self._used = False  # whether there has been a request

    # Called by the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as TCP has it
        super().connection_made(transport)
        self.server_state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Releases what the connection holds, so that no memory waits for the garbage collector."""
        super().connection_lost(exc)
        self.server_state.connections.discard(self)
        self._parser.close()
        if self.active is not None:
            self.active.disconnect()
            self.active = None

    def resume_writing(self) -> None:
        """Called when nothing is buffered any more, and when the connection has ended."""
        self.server_state.send_budget.release(self)
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self._buffer, self._offset = self._buffer[self._offset :] + data, 0
        self._parse()

    def parse_in_turn(self) -> int:
        size = len(self._buffer) - self._offset
        self._parse(is_turn=True)
        if self._read_paused:
            self.resume_reading()
        if self._eof:
            self._after_end()
        return size - (len(self._buffer) - self._offset)

    def eof_received(self) -> bool:
        """Keeps the connection of a client that has sent its last request and waits for the response."""
        self._eof = True
        self._check_end()
        if self.is_closing():
            return False
        return bool(self._buffer) or (self.active is not None and not self.active.response_started)

    # Called by the cycle

    @property
    def may_continue(self) -> bool:
        """Whether another request can follow the one that is being answered."""
        return bool(self._buffer) or not (self._eof or self.server_state.draining.is_set())

    def on_response_complete(self) -> None:
        cycle, self.active = self.active, None
        self.server_state.total_requests += 1
        if cycle is None or self.closing or self.transport.is_closing():
            return
        self._waited = 0.0
        context = cycle.context
        if context and context.pause_reading_s:  # overloaded; the client has got a Retry-After
            self.paused = True
            self.pause_reading()
            self.server_state.paused_connections.add(context.pause_reading_s, self.resume)
        else:
            self._next_request()

    # Called by the server

    def shutdown(self) -> None:
        """Responds to what has been received, then closes."""
        self.resume()
        self.sweep(0)

    def resume(self) -> None:
        """Serves a client again that was paused."""
        if self.paused:
            self.paused = False
            if not self.is_closing():
                self._waited = 0.0
                self._next_request()

    def abort(self) -> None:
        """Closes, with a 503 for a request that has no response yet."""
        if self.active is not None:
            self._abort_response(ServiceUnavailable())
        else:
            self.close()

    # Requests

    def _parse(self, *, is_turn: bool = False) -> None:
        """Parses what has been received, as long as no request waits for its response.

        What may take long waits for a turn; in its turn a connection parses one slice of it.
        """
        parser, data = self._parser, self._buffer
        try:
            while self._offset < len(data) and not (self.closing or self.paused):
                was_idle = parser.state is IDLE
                if was_idle and self.active is not None:
                    break
                in_chunks = parser.state is BODY and parser.unread_length is None
                at_once = MAX_CHUNKS_AT_ONCE if in_chunks else MAX_AT_ONCE
                if len(data) - self._offset > at_once and not is_turn:
                    self.server_state.parse_turns.add(self)
                    break
                is_turn = False
                self._offset = parser.feed(data, self._offset)
                if was_idle and parser.state is not IDLE:
                    self._waited = 0.0
                if parser.scope is not None:
                    self._start_request()
                elif parser.message_complete or parser.state is BODY:
                    self._pass_body()
        except ServiceError as error:
            self._reject(error)
        if self._offset >= len(self._buffer):
            self._buffer, self._offset = b"", 0
        elif len(self._buffer) - self._offset > MAX_BUFFERED:
            self.pause_reading()

    def _start_request(self) -> None:
        parser = self._parser
        scope = parser.take_scope()
        scope["server"], scope["client"] = self._addresses
        scope["state"] = self._app_state.copy()
        self._used = True
        self._waited = 0.0
        self.active = cycle = StrictCycle(self, scope, parser)
        cycle.task = self._loop.create_task(cycle.run(self._app))
        self.server_state.tasks.add(cycle.task)

    def _pass_body(self) -> None:
        """Passes the received body to the active request; a body without a request is discarded."""
        parser = self._parser
        body = parser.take_body()
        if self.active is None:
            if parser.state is BODY and parser.body_size > MAX_UNREAD_BODY:
                self.close()
        elif body or parser.message_complete:
            self.active.feed_body(body, complete=parser.message_complete)
            if self.active.body_size > BODY_HIGH_WATER:
                self.pause_reading()

    def _next_request(self) -> None:
        if self._parser.state is BODY and self._parser.expects_continue:
            self.close()  # whether the client will still send the body is not known
            return
        if self._buffer:
            self._parse()
        if self._read_paused:
            self.resume_reading()
        if self._eof:
            self._after_end()

    def _after_end(self) -> None:
        """Closes the connection of a client that has sent everything, once all of that is answered."""
        self._check_end()
        if self.active is None and not self._buffer:
            self.close()

    def _may_read(self) -> bool:
        has_room = self.active is None or self.active.body_size <= BODY_HIGH_WATER
        return has_room and super()._may_read()

    def _is_receiving(self) -> bool:
        return self._parser.state is not IDLE

    # Errors

    def _check_end(self) -> None:
        """Checks, once the client has sent everything, that the last request is complete."""
        if self._parser.state is not IDLE and not self._buffer and not self.is_closing():
            self._reject(MalformedHttp("The request ended early"))

    def _check_timeout(self) -> None:
        if self._parser.state is HEAD:
            if self._waited >= self.head_seconds:
                self._reject(RequestTimedOut())
        elif self._parser.state is BODY:
            if self._waited >= self.body_seconds + self._parser.body_size / MIN_BODY_RATE:
                self._reject(RequestTimedOut())
        elif self.active is None and not self._buffer:  # what is in it waits for its turn
            limit = self.idle_seconds if self._used else self.head_seconds
            if self._waited >= (self.idle_seconds_draining if self.server_state.draining else limit):
                self.close()

    def _reject(self, error: ServiceError) -> None:
        """Responds to a malformed or late request with `error`, and closes."""
        if self.active is not None:
            self._abort_response(error)
        else:
            if self._parser.state is not BODY:  # otherwise it has had its response
                unparsed = self._buffer[self._offset :]
                self._send_error(error, {"headers": rejected_headers(self._parser.headers, unparsed)})
            self.close()

    def _abort_response(self, error: ServiceError) -> None:
        """Ends the active request with `error`, or, if its response has begun, by truncating that."""
        cycle, self.active = self.active, None
        assert cycle is not None  # noqa: S101 - the callers have checked
        cycle.disconnect()
        if not cycle.response_started:
            self._send_error(error, cycle.scope)
        self.close()

    def _send_error(self, error: ServiceError, request: Scope) -> None:
        if not self.is_closing():
            self.write(self.server_state.error_response(error, request, waited=self._waited))
