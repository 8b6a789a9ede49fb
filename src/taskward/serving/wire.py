"""How bytes become requests: uvicorn's HTTP protocol, made strict and given limits of size and time.

What is not proper HTTP/1.1 or HTTP/1.0 (RFC 9112) is answered in the envelope of `errors.py`, after the
answers to the requests before it, and the connection closes. A client that is slow or silent costs a
little memory and is let go; see `docs/decisions/0007-uvicorn-with-a-strict-protocol.md`.
"""

import asyncio
import logging
import re
import urllib.parse
from typing import Any, ClassVar, Final, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from taskward.errors import (
    HeadersTooLarge,
    MalformedHttp,
    NotSupported,
    RequestTimedOut,
    ServiceError,
    ServiceUnavailable,
    TargetTooLong,
)
from taskward.log import log_request, loggable_path
from taskward.middleware import request_id_of
from taskward.serving.exchange import Exchange
from taskward.serving.state import Shared

KIBIBYTE: Final = 1024
LONGEST_TARGET: Final = 16 * KIBIBYTE
LARGEST_HEADERS: Final = 64 * KIBIBYTE
MOST_HEADERS: Final = 100
SLICE: Final = 16 * KIBIBYTE
"""The parser is fed no more at once, so that it can never have buffered much more than the limits."""
LARGEST_HEAD: Final = LONGEST_TARGET + LARGEST_HEADERS + SLICE
MOST_FRAMING: Final = 64 * KIBIBYTE
"""Bytes of chunk extensions and trailers for which no body need to have come."""
FRAMING_PER_BYTE: Final = 16
"""So a client that sends one byte a chunk is still served."""
MOST_UNWANTED: Final = 64 * KIBIBYTE
"""Bytes of a body that are read after its answer, so that the connection can go on to the next request."""
BYTES_PER_SECOND: Final = 64 * KIBIBYTE
"""At this rate or faster, a body may take as long as it needs."""

NOTHING, HEAD, BODY = range(3)
"""What the parser of a connection is at."""

_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")
_TOKEN: Final = re.compile(rb"[\r\n]*[A-Za-z0-9!#$%&'*+.^_`|~-]+( |$)")
_BAD_TARGET: Final = "The request URL is not valid"


class StrictProtocol(HttpToolsProtocol):
    """One connection.

    Time is counted by `sweep`, which the server calls every second or so for all connections together: a
    request costs no timer, and a process that was held up itself blames no client for it.
    """

    head_seconds: ClassVar[float] = 10.0
    """For a whole head, from its first byte; for the first byte, from the connection."""
    body_seconds: ClassVar[float] = 30.0
    """For a whole request; and a second more for each `BYTES_PER_SECOND` that came."""
    idle_seconds: ClassVar[float] = 45.0
    idle_seconds_draining: ClassVar[float] = 1.0
    stall_seconds: ClassVar[float] = 30.0
    """For a client that takes nothing of its answer."""
    linger_seconds: ClassVar[float] = 10.0
    """For a client that is still sending, to read why nobody listens any more (RFC 9112, 9.6)."""

    server_state: Shared
    cycle: Exchange | None  # type: ignore[assignment] # uvicorn says that it is always there

    def __init__(
        self,
        config: Config,
        server_state: Shared,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.running: Exchange | None = None  # `cycle` is the newest, which may still wait in the pipeline
        self.reading = NOTHING
        self.head_size = 0  # bytes of the slices before this one that belong to the head
        self.body_size = 0  # bytes since the head, framing included
        self.content_size = 0  # of these, the content alone
        self.waited = 0.0  # seconds since the last step forward
        self.unsent = 0  # bytes, at the last sweep
        self.stalled = 0.0  # seconds for which the client took nothing
        self.refused: ServiceError | None = None
        self.leaving = False
        self.resting = False

    # What the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        self.write = transport.write

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            if self.refused is not None or self.leaving:
                return
            self._feed(data if len(data) <= SLICE else data[start : start + SLICE])

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn never keeps such a connection
        """Keep the connection of a client that has said all it had to say and waits for the answer."""
        if self.reading != NOTHING and self.refused is None and not self.leaving:
            self.refuse(MalformedHttp("The request ended early"))
        if self.cycle is None or self.running is None or not self.busy or self.is_closing():
            return False
        self.cycle.keep_alive = False
        return bool(self.pipeline) or not self.running.response_started

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.pipeline.clear()
        if self.running is not None:
            self.running.cut_off()

    def resume_writing(self) -> None:
        self.stalled = 0.0
        super().resume_writing()

    # What the exchanges know as their transport

    def is_closing(self) -> bool:
        return self.leaving or self.transport.is_closing()

    def close(self) -> None:
        """Close once all that is written is sent, and, if the client is still sending, has been read."""
        if self.is_closing():
            return
        self.leaving = True
        self.waited = 0.0
        if self.reading == NOTHING and not self.flow.read_paused:
            self.transport.close()
        else:  # to close now would reset the connection, and the client could lose the answer
            self.flow.resume_reading()
            self.transport.write_eof()

    # What the server asks

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.running is not None and not self.running.response_complete

    def sweep(self, seconds: float) -> None:
        """Count `seconds` more, and let go of a client for which it is too long."""
        unsent = self.transport.get_write_buffer_size()
        self.stalled = self.stalled + seconds if unsent >= self.unsent > 0 else 0.0
        self.unsent = unsent
        if self.stalled >= self.stall_seconds:
            self.transport.abort()
        elif self.leaving:
            self.waited += seconds
            if self.waited >= self.linger_seconds and not unsent:
                self.transport.abort()
        elif self.refused is None and not self.flow.read_paused:
            self.waited += seconds
            self._judge_wait()

    def shutdown(self) -> None:
        """Answer what has been asked, then close."""
        if self.cycle is not None:
            self.cycle.keep_alive = False
        self.wake()
        self.sweep(0)

    def wake(self) -> None:
        """Listen to a client again that has rested."""
        if self.resting:
            self.resting = False
            if not self.is_closing():
                self.waited = 0.0
                self._go_on()

    def give_up(self) -> None:
        """Close, whatever is left to do."""
        self.pipeline.clear()
        self.refused = ServiceUnavailable()
        if self.busy:
            self._break_off()
        else:
            self.close()

    def refuse(self, error: ServiceError) -> None:
        """Listen to nothing more; when its turn comes, answer with `error`, then close."""
        self.refused = error
        broken = self.reading == BODY  # the newest request is
        if broken and self.pipeline:
            self.pipeline.popleft()
        elif broken and self.busy:
            self._break_off()
        elif broken:  # it has had its answer
            self.close()
        if not self.busy:
            self._send_refusal()

    # What the parser tells

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.reading = HEAD
        self.head_size = 0
        self.waited = 0.0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > LONGEST_TARGET:
            raise TargetTooLong

    def on_headers_complete(self) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        self._judge_head(method, version)
        if self.parser.should_upgrade():
            return  # it comes again, without the upgrade
        try:
            target = httptools.parse_url(self.url)
        except httptools.HttpParserError:
            raise MalformedHttp(_BAD_TARGET) from None
        raw_path = target.path or b"/"
        path = raw_path.decode("ascii")
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": "http",
            "root_path": "",
            "method": method.decode("ascii"),
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": target.query or b"",
            "headers": self.headers,
            "state": self.app_state.copy(),
        }
        self.headers = []  # what comes now are trailers, and no header of this request
        self.reading = BODY
        self.body_size = self.content_size = 0
        before, self.cycle = self.cycle, Exchange(self)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        self.content_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self.reading = NOTHING
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.is_closing():
            return
        self.waited = 0.0
        rest = cast("Any", self.running).scope.get("rest", 0.0)
        if rest:  # there is more load than room, and the client has been told when to come again
            self.resting = True
            self.flow.pause_reading()
            self.server_state.resting.add(rest, self.wake)
        else:
            self._go_on()

    # How it is done

    def _go_on(self) -> None:
        """Turn to what the client sends next, or has sent."""
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.refused is not None:
            self._send_refusal()
        elif self.reading == BODY and self.expect_100_continue:
            self.close()  # whether the client will still send the body, nobody can know

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self.refuse(_fault(error, data, self.reading))
        else:
            if self.reading != NOTHING:
                self._judge_size(len(data))

    def _feed_without_upgrade(self, rest: bytes) -> None:
        """Read the request again as the plain one that it is, too (RFC 9110, 7.8); it is the last."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        for name, value in self.headers:
            if name not in {b"connection", b"upgrade"}:
                head.append(b"%s: %s\r\n" % (name, value))
        self.parser = httptools.HttpRequestParser(self)
        self._feed(b"".join([*head, b"connection: close\r\n\r\n", rest]))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.running = cast("Exchange", cycle)
        super()._start_asgi_task(cycle, app)

    def _judge_head(self, method: bytes, version: str) -> None:
        headers = self.headers
        if len(headers) > MOST_HEADERS or (
            self.head_size and sum(len(name) + len(value) + 4 for name, value in headers) > LARGEST_HEADERS
        ):
            raise HeadersTooLarge
        if version not in {"1.1", "1.0"}:
            raise MalformedHttp("The HTTP version is not supported")
        if method == b"CONNECT":
            raise NotSupported
        if b"#" in self.url or (self.url == b"*" and method != b"OPTIONS"):
            raise MalformedHttp(_BAD_TARGET)
        self._judge_routing(version)

    def _judge_routing(self, version: str) -> None:
        """Judge the headers on which whoever is in between could disagree with us (RFC 9112, 3.2 and 6.1)."""
        hosts, codings = [], []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"transfer-encoding":
                codings.append(value.lower())
        if len(hosts) > 1 or (version == "1.1" and not hosts) or not all(map(_HOST.fullmatch, hosts)):
            raise MalformedHttp("The Host header is missing, repeated or malformed")
        if codings and (codings != [b"chunked"] or version == "1.0"):
            if version == "1.0" or codings[-1].rpartition(b",")[2].strip() != b"chunked":
                raise MalformedHttp("The transfer coding leaves the length of the body open")
            raise NotSupported("The transfer coding is not supported")

    def _judge_size(self, size: int) -> None:
        """Judge what `size` bytes more have made of a request that is not yet complete."""
        if self.reading == HEAD:
            self.head_size += size
            if self.head_size > LARGEST_HEAD:
                self.refuse(HeadersTooLarge())
        elif self.reading == BODY and self.cycle is not None:
            self.body_size += size
            framing = self.body_size - self.content_size
            if framing > MOST_FRAMING + FRAMING_PER_BYTE * self.content_size:
                self.refuse(MalformedHttp("The request body has too much framing"))
            elif self.cycle.response_complete and self.body_size > MOST_UNWANTED:
                self.close()

    def _judge_wait(self) -> None:
        """Judge whether the client has had time enough."""
        waited = self.waited
        if self.reading == HEAD:
            if waited >= self.head_seconds:
                self.refuse(RequestTimedOut())
        elif self.reading == BODY:
            if waited >= self.body_seconds + self.body_size / BYTES_PER_SECOND:
                self.refuse(RequestTimedOut())
        elif not self.busy:
            longest = self.head_seconds if self.cycle is None else self.idle_seconds
            if waited >= (self.idle_seconds_draining if self.server_state.draining else longest):
                self.close()

    def _break_off(self) -> None:
        """End the running request before its answer is complete."""
        if self.running is not None:
            self.running.cut_off()
            if self.running.response_started:
                self.close()  # an answer that is cut short shows that it is
            else:
                self._send_refusal()

    def _send_refusal(self) -> None:
        error = self.refused
        if error is None or self.is_closing():
            return
        known: dict[str, Any] = dict(self.scope) if self.reading == BODY else {"headers": self.headers or []}
        request_id = request_id_of(known)
        self.server_state.refusals[error.status, error.code] += 1
        headers, body = self.server_state.refusal(error, request_id)
        lines = [b"%s: %s\r\n" % header for header in self.server_state.default_headers + headers]
        self.write(b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body]))
        log_request(
            logging.INFO,
            {
                "request_id": request_id,
                "method": known.get("method"),
                "path": loggable_path(known["path"]) if "path" in known else None,
                "status": error.status,
                "duration_ms": round(self.waited * 1000, 3),
                "user_id": None,
                "code": error.code,
                "reason": str(error),
            },
        )
        self.close()


def _fault(error: httptools.HttpParserError, data: bytes, reading: int) -> ServiceError:
    """Say what the parser found wrong."""
    if isinstance(error.__context__, ServiceError):
        return error.__context__
    reason = str(error)
    if isinstance(error, httptools.HttpParserInvalidMethodError) and not _TOKEN.match(data):
        return MalformedHttp(reason=reason)  # TLS, for instance
    if reason.startswith("Invalid method"):
        return NotSupported(reason=reason)
    text = None
    if isinstance(error, httptools.HttpParserInvalidURLError):
        text = _BAD_TARGET
    elif "Transfer-Encoding" in reason and "Content-Length" in reason:
        text = "Transfer-Encoding and Content-Length exclude each other"
    elif reading == BODY:
        text = "The request body is not valid HTTP"
    return MalformedHttp(text, reason=reason)
