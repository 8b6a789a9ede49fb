"""What sends requests in other ways than one after the other."""

import re
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from support.latency import NO_RESPONSE, TIMEOUT, Reply, Request

_PIECE: Final = 1024 * 1024
_END_OF_EVENT: Final = b"\n\n"
UNREAD: Final = 0.3
"""Seconds without a read."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A connection on which nothing of the response is read but its status."""

    request: Request

    def send(self, port: int) -> Reply:
        begun = time.perf_counter()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.settimeout(TIMEOUT)
            connection.connect(("127.0.0.1", port))
            connection.sendall(self.request.head())
            status = int(connection.recv(12)[9:])
            time.sleep(UNREAD)
            return Reply(status, b"", time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class Streamed:
    """An event stream, which is read as fast as it comes until it has had that many events."""

    request: Request
    events: int

    def send(self, port: int) -> Reply:
        with self.request.sent(port) as (response, begun):
            left = self.events
            while left > 0 and (part := response.read1(_PIECE)):
                left -= part.count(_END_OF_EVENT)
            return Reply(NO_RESPONSE if left > 0 else response.status, b"", time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class Watched:
    """A request beside open event streams, which are read until each has shown a text that many times."""

    streams: Sequence[Request]
    request: Request
    text: bytes
    times: int = 1

    def send(self, port: int) -> Reply:
        with ExitStack() as opened:
            waiting = opened.enter_context(selectors.DefaultSelector())
            for stream in self.streams:
                connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
                connection.sendall(stream.head())
                begun = bytearray(connection.recv(_PIECE))
                waiting.register(connection, selectors.EVENT_READ, begun)
            reply = self.request.send(port)
            while waiting.get_map() and (ready := waiting.select(TIMEOUT)):
                for key, _ in ready:
                    self._read(key, waiting)
            return Reply(NO_RESPONSE, b"", reply.seconds) if waiting.get_map() else reply

    def _read(self, stream: selectors.SelectorKey, waiting: selectors.BaseSelector) -> None:
        assert isinstance(stream.fileobj, socket.socket)
        part = stream.fileobj.recv(_PIECE)
        assert part, "the service has closed a stream"
        stream.data.extend(part)
        if stream.data.count(self.text) >= self.times:
            waiting.unregister(stream.fileobj)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Requests, each on a connection of its own, at once."""

    requests: Sequence[bytes]

    def send(self, port: int) -> Reply:
        """Returns a response of the largest status."""
        with ThreadPoolExecutor(len(self.requests)) as threads:
            replies = threads.map(partial(self._send, port), self.requests)
            return max(replies, key=lambda reply: reply.status)

    def _send(self, port: int, request: bytes) -> Reply:
        begun = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
            connection.sendall(request)
            status = int(connection.recv(12)[9:])
        return Reply(status, b"", time.perf_counter() - begun)


def in_chunks(request: Request) -> bytes:
    """Returns the bytes of a request whose body is in chunks of one byte."""
    head, _, body = request.head().partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return head + b"\r\n\r\n" + chunks + b"0\r\n\r\n"
