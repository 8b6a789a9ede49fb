"""The latencies of other users while a service, in a process of its own, answers an expensive request."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Final, Protocol
from uuid import UUID

from support import running, settings_for, token_for
from support.paging import Stored, insert_tasks

TIMEOUT: Final = 100.0
NO_RESPONSE: Final = 599
"""In place of a status."""

KEPT: Final = 8 * 1024 * 1024
"""Bytes of a response that are kept; the rest is read and dropped."""

_PAUSE: Final = 0.02
_PIECE: Final = 256 * 1024
_LENGTH: Final = re.compile(rb"content-length: (\d+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, and the seconds until all of it had come."""

    status: int
    body: bytes
    seconds: float


class Sender(Protocol):
    """What sends a request, or several, and returns the last response."""

    def send(self, port: int) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a person's."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    person: str = "ann"

    def send(self, port: int) -> Reply:
        with self.sent(port) as (response, begun):
            body = response.read(KEPT)
            while response.read(_PIECE):
                pass
            return Reply(response.status, body, time.perf_counter() - begun)

    @contextmanager
    def sent(self, port: int) -> Iterator[tuple[HTTPResponse, float]]:
        """Sends it; yields the response, of which only the head is read, and the time of sending."""
        connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        try:
            connection.connect()
            begun = time.perf_counter()
            connection.request(self.method, self.path, self.body or None, self._all_headers())
            yield connection.getresponse(), begun
        finally:
            connection.close()

    def head(self) -> bytes:
        """Returns the bytes of the request, for a bare socket."""
        headers = {"Host": "taskward.test"} | self._all_headers()
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def _all_headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token_for(self.person)}"}
        if self.body:
            headers["Content-Type"] = "application/json"
        return headers | dict(self.headers)


class Repeated:
    """Sends the same request again and again, on a connection and a thread of its own."""

    def __init__(self, port: int, request: Request) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._request = request.head()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def once(self) -> None:
        begun = time.perf_counter()
        try:
            self.statuses.add(self._status())
        except TimeoutError:
            self.statuses.add(NO_RESPONSE)
        self.seconds.append(time.perf_counter() - begun)

    def close(self) -> None:
        self._socket.close()

    def _status(self) -> int:
        self._socket.sendall(self._request)
        received = b""
        while not _is_whole(received):
            part = self._socket.recv(65536)
            assert part, f"the service has closed the connection after {received!r}"
            received += part
        return int(received[9:12])


@dataclass(frozen=True, slots=True)
class Beside:
    """What was noticed beside a request."""

    begun: float
    """When it was sent, on the monotonic clock."""

    reply: Reply
    waits: Mapping[str, float]
    """The worst latency of each of the others, by name, in seconds."""

    statuses: Mapping[str, set[int]]
    """Those of the responses to the others."""


def beside(port: int, sender: Sender, others: Mapping[str, Request], settle: float = 0.02) -> Beside:
    """Sends a request, and those of others before, beside and after it."""
    repeated = {name: Repeated(port, request) for name, request in others.items()}
    for one in repeated.values():
        one.once()  # when it is answered, nothing of before keeps the service busy
        one.seconds.clear()
    with _repeating(repeated.values()):
        time.sleep(settle)
        begun = time.monotonic()
        reply = _sent(port, sender)
        time.sleep(settle)
    for one in repeated.values():
        one.close()
    return Beside(
        begun,
        reply,
        {name: max(one.seconds) for name, one in repeated.items()},
        {name: one.statuses for name, one in repeated.items()},
    )


def _sent(port: int, sender: Sender) -> Reply:
    begun = time.perf_counter()
    try:
        return sender.send(port)
    except TimeoutError:
        return Reply(NO_RESPONSE, b"", time.perf_counter() - begun)


@contextmanager
def _repeating(repeated: Iterable[Repeated]) -> Iterator[None]:
    stop = threading.Event()

    def run(one: Repeated) -> None:
        one.once()
        while not stop.wait(_PAUSE):
            one.once()

    threads = [threading.Thread(target=run, args=[one]) for one in repeated]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _is_whole(received: bytes) -> bool:
    """Returns whether a response has ended."""
    head, separator, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(separator) and (len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n"))


def fill(url: str, tasks: dict[UUID, Iterable[Stored]]) -> None:
    """Creates the schema of an empty database, and stores tasks of some owners in it."""

    async def stored() -> None:
        async with running(settings_for(url)) as app:
            for owner, theirs in tasks.items():
                await insert_tasks(app, owner, theirs)

    asyncio.run(stored())
