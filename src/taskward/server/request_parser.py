"""Incremental parser of HTTP/1 requests that stops after each message (sans I/O, on httptools)."""

import urllib.parse
from enum import Enum
from typing import Any, Final

import httptools

from taskward.http.protocol_errors import HeadersTooLarge, MalformedHttp, TargetTooLong
from taskward.server.limits import (
    FRAMING_HEADERS,
    HOST,
    MAX_HEAD,
    MAX_HEADERS,
    MAX_SLICE,
    MAX_TARGET,
    ORIGIN_FORM,
    VERSIONS,
    Headers,
    check_framing,
    check_header_sizes,
    check_hosts,
    parser_error,
    read_framing,
    split_target,
    unsupported,
)

_END: Final = b"\r\n\r\n"
"""The end of every head and every chunked body."""

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class ParserState(Enum):
    """The part of a request that is being parsed."""

    IDLE = 0
    HEAD = 1
    BODY = 2


IDLE, HEAD, BODY = ParserState


class RequestParser:
    """Parses the requests of one connection.

    httptools cannot be paused: it parses all that it is fed. So `feed` cuts the input where a message can
    end, which is after an empty line (RFC 9112, 2.1 and 7.1) or with the last byte of a Content-Length, and
    no call parses more than one message.
    """

    __slots__ = (
        "_body",
        "_head_size",
        "_parser",
        "_tail",
        "body_size",
        "content_size",
        "expects_continue",
        "headers",
        "keep_alive",
        "message_complete",
        "scope",
        "state",
        "target",
        "unread_length",
    )

    def __init__(self) -> None:
        self.state = IDLE
        self.scope: dict[str, Any] | None = None
        """The parts of the ASGI scope that the head decides, once it is complete; until `take_scope`."""
        self.message_complete = False
        """Whether the last call of `feed` completed a message."""
        self.target = b""
        self.headers: Headers = []
        """Of a head that is not complete yet; afterwards, the trailers."""
        self.keep_alive = False
        self.expects_continue = False
        self.body_size = 0
        """Bytes since the head, framing included."""
        self.content_size = 0
        self.unread_length: int | None = None
        """Bytes of the body that are still to come, if announced; None in chunks."""
        self._body: list[bytes] = []
        self._head_size = 0  # bytes of earlier slices
        self._tail = b""  # the last bytes fed, if the end of the message may continue them
        self._parser: Any
        self._new_parser()

    def close(self) -> None:
        """Breaks the reference cycle with httptools, which keeps bound methods."""
        self._parser = None
        self._body.clear()

    def feed(self, data: bytes, start: int) -> int:
        """Parses `data` from `start` on, at most to the end of the current head or body.

        Returns the offset of the first byte that was not parsed.

        Raises:
            ServiceError: the bytes are not valid or exceed a limit; the parser cannot be used any more.

        """
        end = self._cut(data, start)
        piece = data if start == 0 and end == len(data) else data[start:end]
        in_body = self.state is BODY
        self.message_complete = False
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._feed_without_upgrade()
        except httptools.HttpParserError as error:
            raise parser_error(error, piece, in_body=in_body) from None
        if self.state is IDLE or (self.state is BODY and not in_body):
            self._tail = b""
        else:
            self._check_size(piece)
        return end

    def take_scope(self) -> dict[str, Any]:
        scope, self.scope = self.scope, None
        assert scope is not None  # noqa: S101 - only called where there is one
        return scope

    def take_body(self) -> bytes:
        """Returns the content that has been parsed since the last call."""
        if not self._body:
            return b""
        body = b"".join(self._body)
        self._body.clear()
        return body

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        if self.message_complete:
            raise MalformedHttp(reason="a message without an end")
        self.state = HEAD
        self.target = b""
        self.headers = []
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        if len(self.target) <= MAX_TARGET:
            self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if len(self.target) > MAX_TARGET:  # only now, so that the response knows the headers
            raise TargetTooLong
        parser, headers, target = self._parser, self.headers, self.target
        method, version = parser.get_method(), parser.get_http_version()
        if len(headers) > MAX_HEADERS or self._head_size:
            check_header_sizes(headers)
        if version not in VERSIONS or method == b"CONNECT":
            raise unsupported(version)
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
            check_hosts(hosts, version)
        self.unread_length, self.expects_continue = None, False
        if not FRAMING_HEADERS.isdisjoint(dict(headers)):
            self.unread_length, self.expects_continue = read_framing(version, headers)
        if parser.should_upgrade():
            return  # it is fed again, without the upgrade
        form = ORIGIN_FORM.fullmatch(target)
        raw_path, query = form.groups(b"") if form else split_target(method, target)
        path = raw_path.decode("ascii")
        self.keep_alive = version == "1.1" and parser.should_keep_alive()
        self.scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "scheme": "http",
            "root_path": "",
            "method": method.decode("ascii"),
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
        }
        self.headers = []  # what follows are trailers
        self.state = BODY
        self.body_size = self.content_size = 0

    def on_body(self, body: bytes) -> None:
        self.content_size += len(body)
        if self.unread_length is not None:
            self.unread_length -= len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_upgrade():
            self.state = IDLE
            self.message_complete = True
            self.headers = []

    # Internals

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        # Data after a request with `Connection: close` is no error; it is not parsed.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _cut(self, data: bytes, start: int) -> int:
        """Returns the offset after which the current head or body may end."""
        limit = min(len(data), start + MAX_SLICE)
        if self.state is BODY and self.unread_length is not None:
            return min(limit, start + self.unread_length)
        if self._tail:
            edge = self._tail + data[start : start + 3]
            if (found := edge.find(_END)) >= 0:
                return start + found + len(_END) - len(self._tail)
        found = data.find(_END, start, limit)
        return limit if found < 0 else found + len(_END)

    def _feed_without_upgrade(self) -> None:
        """Parses the head again without its upgrade, as a server may (RFC 9110, 7.8); it is the last."""
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (method, self.target, version)]
        for name, value in self.headers:
            if name not in {b"connection", b"upgrade"}:
                lines.append(b"%s: %s\r\n" % (name, value))
        self._new_parser()
        head = b"".join([*lines, b"connection: close\r\n\r\n"])
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserError as error:
            raise parser_error(error, head, in_body=False) from None

    def _check_size(self, piece: bytes) -> None:
        """Checks the limits of a head or body that has not ended with `piece`."""
        if self.state is HEAD:
            self._head_size += len(piece)
            if self._head_size > MAX_HEAD:
                raise TargetTooLong if len(self.target) > MAX_TARGET else HeadersTooLarge
        else:
            self.body_size += len(piece)
            check_framing(self.body_size, self.content_size)
        self._tail = (self._tail + piece)[-3:]
