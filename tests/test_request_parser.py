"""The request parser stops after each message, for every split of the input."""

import contextlib
import random
from typing import Final

import httptools

from taskward.http.errors import ServiceError
from taskward.server.request_parser import RequestParser

PARTS: Final = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\r\n", b" ", b"0\r\n", b"0\r\n\r\n", b"5\r\nabcde\r\n",
    b"3;a=b\r\n\r\n\r\r\n", b"A: b\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n",
)  # fmt: skip


class Plain:
    """The bodies that httptools finds by itself, in all it is fed at once."""

    def __init__(self, wire: bytes) -> None:
        self.bodies: list[bytes] = []
        self._body = b""
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        with contextlib.suppress(httptools.HttpParserError):
            parser.feed_data(wire)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.bodies.append(self._body)


def parsed(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    """Returns the bodies of the complete requests, and whether an error followed them."""
    parser, bodies, body = RequestParser(), [], b""
    try:
        for piece in pieces:
            offset = 0
            while offset < len(piece):
                offset = parser.feed(piece, offset)
                if parser.scope is not None:
                    parser.take_scope()
                    body = b""
                body += parser.take_body()
                if parser.message_complete:
                    bodies.append(body)
    except ServiceError:
        return bodies, True
    return bodies, False


def test_no_call_parses_more_than_one_message() -> None:
    numbers = random.Random(25)  # noqa: S311 - test data
    for _ in range(3000):
        wire = b"".join(numbers.choices(PARTS, k=numbers.randint(1, 12)))
        cuts = sorted(numbers.choices(range(len(wire) + 1), k=numbers.randint(1, 9)))
        pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
        bodies, failed = parsed([wire])
        assert parsed(pieces) == (bodies, failed), wire
        assert Plain(wire).bodies[: len(bodies)] == bodies, wire


def test_bytes_behind_a_message_are_not_parsed() -> None:
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    parser = RequestParser()
    assert parser.feed(get * 1000, 0) == len(get)
    assert parser.message_complete
    assert parser.feed(get * 1000, len(get)) == 2 * len(get)
