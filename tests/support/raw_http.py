"""Requests and responses as bytes on a socket."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from taskward.http.cors import EXPOSED_HEADERS

HOST = b"Host: taskward.test\r\n"
CLOSE = b"Connection: close\r\n"
LAST = b"GET /last HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"


def get(path: str, *headers: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\n%s%s\r\n" % (path.encode(), HOST, b"".join(headers))


def post(path: str, *headers: bytes, body: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/1.1\r\n%s%s%s\r\n%s" % (path.encode(), HOST, length, b"".join(headers), body)


def chunked(path: str, body: bytes, *headers: bytes) -> bytes:
    head = b"POST %s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n" % (path.encode(), HOST)
    return head + b"".join(headers) + b"\r\n" + body


class RawResponse:
    """One answer as it came over the wire."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.fields, self.body = status, headers, body
        self.headers = dict(headers)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def parse_responses(wire: bytes) -> list[RawResponse]:
    """Parses the responses of a connection, and fails on anything else."""
    answers = []
    while wire:
        head, separator, wire = wire.partition(b"\r\n\r\n")
        assert separator, f"no answer: {head[:100]!r}"
        status_line, *lines = head.decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z -]+", status_line)[1])  # type: ignore[index] # or fail
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        length = dict(headers).get("content-length")
        if "transfer-encoding" in dict(headers):
            body, wire = _unchunked(wire)
        elif status < 200:
            body = b""
        elif length is not None:
            body, wire = wire[: int(length)], wire[int(length) :]
        else:
            body, wire = wire, b""
        answers.append(RawResponse(status, headers, body))
    return answers


def _unchunked(wire: bytes) -> tuple[bytes, bytes]:
    body = b""
    while wire:
        size, _, wire = wire.partition(b"\r\n")
        chunk, wire = wire[: int(size, 16)], wire[int(size, 16) + 2 :]
        body += chunk
        if not chunk:
            break
    return body, wire


def read_all(client: socket.socket) -> bytes:
    """Reads until the other side closes; a reset or a silence of some seconds fails the test."""
    received = b""
    while part := client.recv(1 << 18):
        received += part
    return received


def read_until(client: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        part = client.recv(65536)
        assert part, f"closed after {received[-200:]!r}"
        received += part
    return received


@contextmanager
def sending_repeatedly(client: socket.socket, piece: bytes, every: float) -> Iterator[None]:
    """Sends the piece repeatedly while the block runs, as long as the server reads it."""
    stop = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not stop.wait(every):
                client.sendall(piece)

    thread = threading.Thread(target=drip)
    thread.start()
    yield
    stop.set()
    thread.join()


def cors_of(answer: RawResponse) -> dict[str, str]:
    return {name: value for name, value in answer.fields if name == "vary" or name.startswith("access-")}


def cors_headers(origin: str | None) -> dict[str, str]:
    """Returns the CORS headers of a response to a page of that origin; None if it is not allowed."""
    if origin is None:
        return {"vary": "Origin"}
    return {
        "vary": "Origin",
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": EXPOSED_HEADERS.decode(),
    }
