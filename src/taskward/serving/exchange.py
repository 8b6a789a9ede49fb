"""How an answer becomes bytes: uvicorn's cycle of a request, made strict."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from taskward.errors import InternalError
from taskward.middleware import request_id_of
from taskward.serving.state import Headers

if TYPE_CHECKING:
    from taskward.serving.wire import StrictProtocol

_BODILESS: Final = frozenset({204, 304})


class Exchange(RequestResponseCycle):
    """One request and its answer."""

    def __init__(self, connection: "StrictProtocol") -> None:
        version: str = connection.scope["http_version"]
        super().__init__(
            scope=connection.scope,
            transport=cast("asyncio.Transport", connection),  # of which it uses write, close and is_closing
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=False,
            default_headers=connection.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=connection.expect_100_continue,
            keep_alive=version == "1.1"
            and connection.parser.should_keep_alive()
            and not connection.server_state.draining.is_set(),
            on_response=connection.on_response_complete,
        )
        self.shared = connection.server_state
        self.bodiless = False
        self.left: int | None = None  # bytes of the body still to be sent, where it is known
        self.head = b""  # one that waits for its body, so that both are one write

    def cut_off(self) -> None:
        """Tell the application that its client is gone, unless it has answered."""
        if not self.response_complete:
            self.disconnected = True
            self.message_event.set()

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the answer (ASGI, HTTP connection scope)."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._send_head(message["status"], list(message.get("headers", ())))
        elif message["type"] == "http.response.body" and self.response_started and not self.response_complete:
            self._send_body(message.get("body", b""), last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"Out of turn: {message['type']}")

    def _send_head(self, status: int, headers: Headers) -> None:
        self.bodiless = status in _BODILESS or self.scope["method"] == "HEAD"
        self.left = None
        for name, value in headers:
            if name == b"content-length":
                self.left = int(value)
            elif name == b"connection":
                self.keep_alive = False  # nothing here says anything but close
        endless = self.left is None and not self.bodiless
        self.chunked_encoding = endless and self.scope["http_version"] == "1.1"
        if self.chunked_encoding:
            headers.append((b"transfer-encoding", b"chunked"))
        elif endless:
            self.keep_alive = False  # HTTP/1.0 knows no chunks: the answer ends with the connection
        if not self.keep_alive and (b"connection", b"close") not in headers:
            headers.append((b"connection", b"close"))
        headers = self.default_headers + headers
        head = STATUS_LINE[status] + b"".join([b"%s: %s\r\n" % header for header in headers])
        if head.count(b"\n") != len(headers) + 1 or head.count(b"\r") != len(headers) + 1:
            raise RuntimeError("A header holds a line break")
        self.response_started = True
        self.waiting_for_100_continue = False
        self.head = head + b"\r\n"
        if not self.left or self.bodiless:
            self._write_head()

    def _send_body(self, body: bytes, *, last: bool) -> None:
        if self.bodiless:
            body = b""
        elif self.chunked_encoding:
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if last else b"")
        elif self.left is not None:
            self.left -= len(body)
            if self.left < 0 or (last and self.left):
                self._write_head()
                raise RuntimeError("The answer is not as long as it says")
        if self.head:
            self._write_head(body)
        elif body:
            self.transport.write(body)
        if last:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def _write_head(self, body: bytes = b"") -> None:
        head, self.head = self.head, b""
        self.transport.write(head + body)

    async def send_500_response(self) -> None:
        """Answer for an application that did not."""
        error = InternalError()
        headers, body = self.shared.refusal(error, request_id_of(dict(self.scope)))
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})
