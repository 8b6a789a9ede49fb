"""Real servers on free ports, people who speak to them over the network, and readers of event streams."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from support import SECRET, Person, parts_of, settings_for, token_for
from support.command import command, executed_command, until_ready
from support.waiting import TIMEOUT

from taskward.app import create_app
from taskward.changes.streams import STREAM_REGISTRY
from taskward.server.protocol import StrictProtocol
from taskward.server.server import Server
from taskward.server.sockets import listen
from taskward.settings import Settings


class InProcessServer(Server):
    """The server of `taskward serve`, on this loop, and without its hold on the process's signals."""

    sweep_seconds = 0.05
    lame_duck_seconds = 0.0
    drain_seconds = 5.0

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        self._loop = asyncio.get_running_loop()
        yield


class SmallSendBuffer(StrictProtocol):
    """A connection of which the kernel buffers little."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        super().connection_made(transport)


@dataclass
class InProcess:
    """A server that runs in this process."""

    settings: Settings
    app: FastAPI
    server: InProcessServer
    url: str
    serving: "asyncio.Task[None]"
    port: int = 0

    async def end(self) -> None:
        self.server.should_exit = True
        await asyncio.wait_for(asyncio.shield(self.serving), TIMEOUT)


@asynccontextmanager
async def in_process_server(
    settings: Settings, protocol: type[StrictProtocol] = StrictProtocol, port: int = 0
) -> AsyncIterator[InProcess]:
    """Serves an app with these settings on 127.0.0.1 while the block runs."""
    app = create_app(settings)
    config = uvicorn.Config(app, http=protocol, ws="none", interface="asgi3", lifespan="on", log_config=None)
    sockets = listen("127.0.0.1", port)
    server = InProcessServer(config, settings)
    serving = asyncio.create_task(server.serve(sockets))
    port = sockets[0].getsockname()[1]
    service = InProcess(settings, app, server, f"http://127.0.0.1:{port}", serving, port)
    async with asyncio.timeout(TIMEOUT):
        while not server.started:  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.01)
    try:
        yield service
    finally:
        await service.end()


@asynccontextmanager
async def process(
    database_url: str, folder: Path, port: int = 0, *, execute: bool = False
) -> AsyncIterator[str]:
    """Runs `taskward serve` on 127.0.0.1 while the block runs, and yields its URL."""
    settings = {"DATABASE_URL": database_url, "JWT_SECRET": SECRET, "PORT": str(port)}
    run = executed_command if execute else command
    with run(folder, "serve", **settings) as running:
        url = f"http://127.0.0.1:{await asyncio.to_thread(running.port)}"
        await until_ready(running, url)
        yield url
        running.process.terminate()
        await asyncio.to_thread(running.wait, 2 * TIMEOUT)


class HttpClient(Person):
    """A client over the network."""

    def __init__(self, http: httpx.AsyncClient, sub: str, token: str) -> None:
        self.sub = sub
        self.token = token
        self.http = http

    @asynccontextmanager
    async def stream(self, last_event_id: str | None = None, **query: str) -> AsyncIterator["Stream"]:
        """Opens an event stream; it must be answered with 200."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        async with self.http.stream("GET", "/api/events", headers=headers, params=query) as answer:
            if answer.status_code != 200:
                await answer.aread()
            answer.raise_for_status()
            yield Stream(answer)


@asynccontextmanager
async def http_client(url: str, sub: str, **claims: Any) -> AsyncIterator[HttpClient]:
    token = token_for(sub, **claims)
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, limits=limits) as http:
        yield HttpClient(http, sub, token)


@asynccontextmanager
async def two_servers(url: str, sub: str) -> AsyncIterator[tuple[HttpClient, HttpClient]]:
    """Serves two apps on one database while the block runs, and yields a client of the same user at each."""
    settings = settings_for(url)
    async with (
        in_process_server(settings) as one,
        in_process_server(settings) as other,
        http_client(one.url, sub) as here,
        http_client(other.url, sub) as there,
    ):
        yield here, there


@dataclass(frozen=True)
class Event:
    """One event: the cursor after the change, and the change."""

    id: str
    change: dict[str, Any]


class Stream:
    """A reader of Server-Sent Events (WHATWG HTML, 9.2.5) that holds the server to what it promised."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments = 0
        self._parts = answer.aiter_raw()
        self._rest = b""

    async def next(self, seconds: float = TIMEOUT) -> Event:
        """Waits for the next event.

        Raises:
            StopAsyncIteration: the stream has ended.
            TimeoutError: nothing has come.

        """
        async with asyncio.timeout(seconds):
            while True:
                while b"\n\n" not in self._rest:
                    self._rest += await anext(self._parts)
                block, _, self._rest = self._rest.partition(b"\n\n")
                if block == b":":
                    self.comments += 1
                    continue
                return _event(block)

    async def events(self, count: int) -> list[Event]:
        return [await self.next() for _ in range(count)]

    async def ends(self, seconds: float = TIMEOUT) -> bool:
        """Returns whether it ends in time; earlier parts are ignored."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.next(seconds)
        except StopAsyncIteration:
            return True
        except TimeoutError:
            return False


def _event(block: bytes) -> Event:
    """Reads a block of exactly two lines, `id:` and `data:`, for every notion of a line break."""
    lines = block.decode().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["id", "data"], block
    return Event(lines[0].removeprefix("id: "), json.loads(lines[1].removeprefix("data: ")))


async def until_nobody_listens(service: InProcess) -> None:
    """Waits until no event stream is open."""
    async with asyncio.timeout(3):
        while parts_of(service.app)[STREAM_REGISTRY]._open:  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.01)
