"""The server in a thread of this process, with a tiny application."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

from starlette.types import Receive, Scope, Send

from support.apps import context_for
from support.raw_http import RawResponse, parse_responses, read_all
from support.waiting import TIMEOUT
from taskward.http.context import CONTEXT_KEY
from taskward.http.errors import ServiceUnavailable
from taskward.server.lifespan import Lifespan
from taskward.server.protocol import StrictProtocol
from taskward.server.server import Server, new_config
from taskward.server.sockets import listen
from taskward.settings import load_settings


class Call(NamedTuple):
    """The arguments of a call of an ASGI application."""

    scope: Scope
    receive: Receive
    send: Send


class TinyApp:
    """Answers as the path says, and remembers what became of each request."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.scopes.append(scope)
        kind = scope["path"].strip("/") or "echo"
        try:
            await getattr(self, f"_{kind}", self._echo)(Call(scope, receive, send))
        finally:
            self.outcomes.append(f"{kind} ended")

    async def _live(self, receive: Receive, send: Send) -> None:
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})

    async def _echo(self, call: Call) -> None:
        body = await self._body(call.receive)
        if body is not None:
            await answer(call.send, f"{call.scope['method']} {call.scope['path']} [{body.decode()}]".encode())

    async def _body(self, receive: Receive) -> bytes | None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.outcomes.append("disconnected")
                return None
            body += message["body"]
            more = message["more_body"]
        return body

    async def _slow(self, call: Call) -> None:
        await asyncio.sleep(0.4)
        await self._echo(call)

    async def _closing(self, call: Call) -> None:
        await asyncio.sleep(0.4)
        await answer(call.send, b"goodbye", (b"connection", b"close"))

    async def _slower(self, call: Call) -> None:
        await asyncio.sleep(0.8)
        await self._echo(call)

    async def _count(self, call: Call) -> None:
        body = await self._body(call.receive)
        if body is not None:
            await answer(call.send, b"%d" % len(body))

    async def _early(self, call: Call) -> None:
        await answer(call.send, b"no", status=401)

    async def _toobig(self, call: Call) -> None:
        await answer(call.send, b"too big", (b"connection", b"close"), status=413)

    async def _unfinished(self, call: Call) -> None:
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        await call.send({"type": "http.response.body", "body": b"first", "more_body": True})
        await self._body(call.receive)

    async def _stream(self, call: Call) -> None:
        gone = asyncio.ensure_future(self._gone(call.receive))
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done() and not call.scope["state"]["draining"]:
            await call.send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
            await asyncio.sleep(0.05)
        gone.cancel()
        await call.send({"type": "http.response.body", "body": b"end\n"})

    async def _ready(self, call: Call) -> None:
        await answer(call.send, b"ready?", status=503 if call.scope["state"].get("draining") else 200)

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.outcomes.append("disconnected")

    async def _flood(self, call: Call) -> None:
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400):
            await call.send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        await call.send({"type": "http.response.body"})

    async def _forever(self, call: Call) -> None:
        await self._body(call.receive)
        await asyncio.sleep(TIMEOUT)

    async def _pause(self, call: Call) -> None:
        pause_reading(call.scope, 0.5)
        await answer(call.send, b"later", status=503)

    async def _longpause(self, call: Call) -> None:
        pause_reading(call.scope, 60.0)
        await answer(call.send, b"later", status=503)

    async def _crash(self, call: Call) -> None:
        raise LookupError(call.scope["path"])

    async def _cutoff(self, call: Call) -> None:
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        await call.send({"type": "http.response.body", "body": b"first", "more_body": True})
        raise ServiceUnavailable(reason="no slot became free in time")

    async def _noresponse(self, call: Call) -> None:
        assert call

    async def _long(self, call: Call) -> None:
        headers = [(b"content-length", b"3")]
        await call.send({"type": "http.response.start", "status": 200, "headers": headers})
        await call.send({"type": "http.response.body", "body": b"12", "more_body": True})
        await call.send({"type": "http.response.body", "body": b"34", "more_body": True})
        await call.send({"type": "http.response.body"})

    async def _short(self, call: Call) -> None:
        await answer(call.send, b"1234", (b"content-length", b"5"))

    async def _tworesponses(self, call: Call) -> None:
        await answer(call.send, b"once")
        await answer(call.send, b"twice")

    async def _headerinjection(self, call: Call) -> None:
        await answer(call.send, b"", (b"location", b"/\r\nset-cookie: stolen"))

    async def _notmodified(self, call: Call) -> None:
        await call.send({"type": "http.response.start", "status": 304, "headers": [(b"etag", b'"1"')]})
        await call.send({"type": "http.response.body"})


def pause_reading(scope: Scope, seconds: float) -> None:
    """Tells the server, as admission control does, not to read from the connection for that time."""
    scope[CONTEXT_KEY] = context = context_for(scope)
    context.pause_reading_s = seconds


async def answer(send: Send, body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    if b"content-length" not in dict(headers):
        headers = (*headers, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class RunningServer:
    """A server that runs in a thread."""

    def __init__(
        self, app: TinyApp, server: Server, port: int, thread: threading.Thread, exit_after: mock.Mock
    ) -> None:
        self.app, self.server, self.port, self.thread = app, server, port, thread
        self.exit_after = exit_after

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def exchange(self, *parts: bytes, pause: float = 0.02, half_close: bool = False) -> "list[RawResponse]":
        """Sends the parts, and reads until the server closes."""
        with self.connect() as client:
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            return parse_responses(read_all(client))

    def ended(self, seconds: float = TIMEOUT) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()


@contextmanager
def run_server(
    protocol: type[StrictProtocol] = StrictProtocol,
    *,
    sweep: float = 0.05,
    lame_duck: float = 0.0,
    drain: float = TIMEOUT,
    production: bool = False,
    parent: int | None = None,
) -> Iterator[RunningServer]:
    """Serves a tiny app on a free port while the block runs."""
    app = TinyApp()
    settings = load_settings(
        _env_file=None, jwt_secret="s" * 32, environment="production" if production else "development"
    )
    config = new_config(settings)
    config.app, config.factory, config.http = app, False, protocol
    config.load()
    config.lifespan_class = Lifespan
    server = Server(config, settings, parent=parent)
    server.sweep_seconds, server.lame_duck_seconds, server.drain_seconds = sweep, lame_duck, drain
    started = threading.Event()
    server.on_started = started.set
    sockets = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    port = sockets[0].getsockname()[1]
    with mock.patch("taskward.server.server._exit_after") as exit_after:  # it would end the tests
        thread.start()
        assert started.wait(TIMEOUT)
        yield RunningServer(app, server, port, thread, exit_after)
        server.should_exit = True
        server.lame_duck_seconds = server.drain_seconds = 0.0
        thread.join(2 * TIMEOUT)


def access_lines(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    return [record.__dict__ for record in records if record.name == "taskward.access"]
