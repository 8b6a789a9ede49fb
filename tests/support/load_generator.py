"""A load generator: many clients at once, over raw sockets, and the statistics of their responses."""

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


class LoadStatistics:
    """The responses of a group of clients: count and latency by status."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds: dict[int, list[float]] = {}
        self.retry_after: Counter[int] = Counter()
        self.disconnected = 0

    def add(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(seconds)

    @property
    def successes(self) -> int:
        return sum(number for status, number in self.statuses.items() if status < 300)

    def percentile(self, percent: float, *statuses: int) -> float:
        """Returns the seconds within which that percentage of the responses came."""
        seconds = sorted(one for status in statuses or self.statuses for one in self.seconds.get(status, ()))
        return seconds[min(len(seconds) - 1, int(len(seconds) * percent / 100))] if seconds else 0.0

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc] # as if it had just been made


class LoadClient(asyncio.Protocol):
    """A connection that sends its request again after each response."""

    def __init__(
        self,
        request: bytes,
        statistics: LoadStatistics,
        pause: float = 0.0,
        *,
        honours_retry_after: bool = False,
    ) -> None:
        self._request, self._statistics = request, statistics
        self._pause, self._honours_retry_after = pause, honours_retry_after
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._sent_at = 0.0
        self._is_closed = False
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
        self._statistics.add(int(found[1]), now - self._sent_at)
        pause = self._pause
        if retry_after := _RETRY_AFTER.search(head):
            self._statistics.retry_after[int(retry_after[1])] += 1
            pause = max(pause, int(retry_after[1]) if self._honours_retry_after else 0.0)
        if pause:
            self._loop.call_later(pause, self.send)
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        self._statistics.disconnected += not self._is_closed

    def close(self) -> None:
        self._is_closed = True
        self._transport.close()

    def send(self) -> None:
        if not self._transport.is_closing():
            self._sent_at = time.perf_counter()
            self._transport.write(self._request)


async def connect_clients(
    port: int, number: int, requests: Sequence[bytes], statistics: LoadStatistics, **options: Any
) -> list[LoadClient]:
    """Connects that many clients; each sends one of the requests."""
    loop = asyncio.get_running_loop()
    connected = []
    for index in range(number):
        make = partial(LoadClient, requests[index % len(requests)], statistics, **options)
        _, client = await loop.create_connection(make, "127.0.0.1", port)
        connected.append(client)
    for client in connected:
        client.send()
    return connected
