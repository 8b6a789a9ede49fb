"""Clients on raw sockets, for what an HTTP client would not do, and the server process they speak to."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Self

import httpx
from observability.metrics_page import samples_in, value
from support import SECRET, token_for
from support.command import command

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of 0: to close resets the connection."""

_STATUS_LINE: Final = len("HTTP/1.1 200")
_RECEIVE_BUFFER: Final = 64 * 1024


class RawClient:
    """One connection, with a receive buffer as small as a phone's."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.setblocking(False)  # noqa: FBT003 - as Python has it
        self.received = b""

    @classmethod
    async def get(cls, port: int, path: str, sub: str, times: int = 1) -> Self:
        """Sends a request several times in one piece, and reads up to the first status."""
        client = await cls.connect(port)
        try:
            await client._ask(path, sub, times)
        except BaseException:
            client.close()
            raise
        return client

    @classmethod
    async def connect(cls, port: int) -> Self:
        """Connects, and sends nothing yet."""
        client = cls()
        await asyncio.get_running_loop().sock_connect(client._socket, ("127.0.0.1", port))
        return client

    async def send(self, request: bytes) -> None:
        """Sends bytes in one piece."""
        await asyncio.get_running_loop().sock_sendall(self._socket, request)

    async def read_status(self) -> int:
        """Reads up to the first status, and no further."""
        while len(self.received) < _STATUS_LINE:
            assert await self.read(_STATUS_LINE - len(self.received)), self.received
        return self.status

    async def _ask(self, path: str, sub: str, times: int) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token_for(sub)}\r\n"
        request = (head + "\r\n") * (times - 1) + head + "Connection: close\r\n\r\n"
        await self.send(request.encode())
        await self.read_status()

    @property
    def status(self) -> int:
        return int(self.received[9:12])

    async def read(self, size: int) -> bool:
        """Reads up to that many more bytes; returns whether there were any."""
        part = await asyncio.get_running_loop().sock_recv(self._socket, size)
        self.received += part
        return bool(part)

    async def read_until(self, end: bytes) -> None:
        while not self.received.endswith(end):
            assert await self.read(65536), self.received

    async def read_all(self) -> bytes:
        """Reads until the server closes, and returns all that follows the first head."""
        parts = [self.received]
        while part := await asyncio.get_running_loop().sock_recv(self._socket, 1 << 20):
            parts.append(part)
        self.close()
        return b"".join(parts).partition(b"\r\n\r\n")[2]

    def close(self, *, reset: bool = False) -> None:
        """Closes normally, or with a reset."""
        if reset and self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()


def close_all(clients: Sequence[RawClient], *, reset: bool) -> None:
    for client in clients:
        client.close(reset=reset)


@dataclass
class ServerProcess:
    """A `taskward serve` and its metrics."""

    pid: int
    port: int
    metrics: str

    def http(self, sub: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token_for(sub)}"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=30)

    async def gauge(self, name: str, **labels: str) -> float:
        async with httpx.AsyncClient() as http:
            return value(samples_in((await http.get(self.metrics)).text), name, **labels)

    async def until_zero(self, name: str, seconds: float) -> float:
        """Returns the seconds until a gauge is 0, which must be at most the maximum."""
        begun = time.monotonic()
        async with asyncio.timeout(5 * seconds):
            while left := await self.gauge(name):
                assert time.monotonic() - begun < seconds, f"{name} is {left:.0f} after {seconds:.0f} s"
                await asyncio.sleep(0.02)
        return time.monotonic() - begun

    async def seconds_of_a_list(self, sub: str = "somebody-else", requests: int = 40) -> float:
        """Returns the median time of a person's list of 20 tasks; each must be a 200."""
        seconds = []
        async with self.http(sub) as http:
            operations = [{"op": "create", "task": {"title": "Buy milk"}}] * 20
            assert (await http.post("/api/tasks/batch", json={"operations": operations})).status_code == 200
            for _ in range(requests):
                begun = time.perf_counter()
                response = await http.get("/api/tasks", params={"limit": 20})
                seconds.append(time.perf_counter() - begun)
                assert response.status_code == 200, response.text
                await asyncio.sleep(0.005)
        return median(seconds)


@asynccontextmanager
async def server_process(database_url: str, folder: Path) -> AsyncIterator[ServerProcess]:
    """Runs a server process with metrics while the block runs."""
    settings = {"DATABASE_URL": database_url, "JWT_SECRET": SECRET, "PORT": "0", "METRICS_PORT": "0"}
    with command(folder, "serve", **settings) as taskward:
        port = await asyncio.to_thread(taskward.port)
        yield ServerProcess(taskward.process.pid, port, taskward.metrics_url())
