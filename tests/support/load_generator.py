"""Many clients at once, over raw sockets: what a server is loaded with, and what each of them sees of it."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

_HEAD: Final = re.compile(rb"HTTP/1\.1 (\d{3}) .*?content-length: (\d+)", re.DOTALL)
_RETRY_AFTER: Final = re.compile(rb"retry-after: (\d+)")


def request_bytes(
    token: str, method: str = "GET", path: str = "/api/tasks?limit=20", body: str = ""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: taskward.test", f"Authorization: Bearer {token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


class Seen:
    """The responses of a group of clients: count and latency by status."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds: dict[int, list[float]] = {}
        self.retry_after: Counter[int] = Counter()
        self.broken = 0

    def add(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(seconds)

    @property
    def successes(self) -> int:
        return sum(number for status, number in self.statuses.items() if status < 300)

    def percentile(self, percent: float, *statuses: int) -> float:
        """Returns the seconds within which that part of the answers came."""
        seconds = sorted(one for status in statuses or self.statuses for one in self.seconds.get(status, ()))
        return seconds[min(len(seconds) - 1, int(len(seconds) * percent / 100))] if seconds else 0.0

    def begin_anew(self) -> None:
        self.__init__()  # type: ignore[misc] # as if it had just been made


class Client(asyncio.Protocol):
    """A connection that asks for one thing again and again, each time it has been answered."""

    def __init__(self, request: bytes, seen: Seen, pause: float = 0.0, *, obedient: bool = False) -> None:
        self._request, self._seen, self._pause, self._obedient = request, seen, pause, obedient
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self.asked = 0.0
        self._over = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as it is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or not (found := _HEAD.match(head)) or len(body) < int(found[2]):
            return
        now = time.perf_counter()
        self._received = b""
        self._seen.add(int(found[1]), now - self.asked)
        pause = self._pause
        if told := _RETRY_AFTER.search(head):
            self._seen.retry_after[int(told[1])] += 1
            pause = max(pause, int(told[1]) if self._obedient else 0.0)
        if pause:
            self._loop.call_later(pause, self.ask)
        else:
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        self._seen.broken += not self._over

    def close(self) -> None:
        self._over = True
        self._transport.close()

    def ask(self) -> None:
        if not self._transport.is_closing():
            self.asked = time.perf_counter()
            self._transport.write(self._request)


async def clients(port: int, number: int, requests: Sequence[bytes], seen: Seen, **how: Any) -> list[Client]:
    """Connects that many clients; each sends one of the requests."""
    loop = asyncio.get_running_loop()
    made = []
    for index in range(number):
        make = partial(Client, requests[index % len(requests)], seen, **how)
        _, client = await loop.create_connection(make, "127.0.0.1", port)
        made.append(client)
    for client in made:
        client.ask()
    return made
