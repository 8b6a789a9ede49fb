"""The app in this process, called by a server without sockets: nothing is measured but the service itself."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

from dataset import BARE_TASK, SECRET, token_of
from starlette.types import Message
from uvicorn.config import Config

from taskward.app import create_app
from taskward.http.application import Taskward
from taskward.http.cors import CrossOrigin
from taskward.http.responses import CommonHeaders
from taskward.server.protocol import StrictProtocol
from taskward.server.state import ConnectionState
from taskward.settings import load_settings

NEW_TASK: Final = json.dumps(BARE_TASK).encode()


@asynccontextmanager
async def an_app(url: str, **settings: object) -> AsyncIterator[Taskward]:
    """Start the app, in production, on that database."""
    of_all = {"database_url": url, "jwt_secret": SECRET, "environment": "production"}
    app = create_app(load_settings(_env_file=None, **of_all, **settings))
    async with app.router.lifespan_context(app):
        yield app


@contextmanager
def silent_output() -> Iterator[None]:
    """Sends standard output to nowhere for a while: the log goes there."""
    real, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(real, 1)
        os.close(real)
        os.close(nowhere)


class Client:
    """Sends the requests of one user."""

    def __init__(self, app: Taskward, user: UUID) -> None:
        self._app = app
        self._headers = [
            (b"host", b"taskward.test"),
            (b"authorization", f"Bearer {token_of(user)}".encode()),
            (b"content-type", b"application/json"),
        ]

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Sends one request and returns the body of its answer.

        Raises:
            RuntimeError: the answer is none of success.

        """
        given = iter([{"type": "http.request", "body": body, "more_body": False}])
        answer: list[Message] = []

        async def receive() -> Message:
            return next(given)

        async def send(message: Message) -> None:
            answer.append(message)

        bare, _, query = path.partition("?")
        await self._app(
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": method,
                "scheme": "http",
                "path": bare,
                "raw_path": bare.encode(),
                "query_string": query.encode(),
                "root_path": "",
                "headers": [*self._headers, (b"content-length", b"%d" % len(body))],
                "client": ("127.0.0.1", 5000),
                "server": ("127.0.0.1", 8000),
                "state": {},
            },
            receive,
            send,
        )
        start, *rest = answer
        told: bytes = rest[0]["body"]
        if start["status"] not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {start['status']} {told!r}")
        return told


class Connection(asyncio.Transport):
    """Sends the requests of one user to the HTTP server, over a connection without a socket."""

    def __init__(self, app: Taskward, user: UUID) -> None:
        super().__init__()
        config = Config(app, interface="asgi3", lifespan="off", log_config=None, proxy_headers=False)
        config.load()
        state = ConnectionState(CommonHeaders(CrossOrigin(()), https_only=True))
        of_app = {"draining": state.draining, "send_budget": state.send_budget}
        self._authorization = f"Authorization: Bearer {token_of(user)}\r\n".encode()
        self._answer: asyncio.Future[bytes]
        self._protocol = StrictProtocol(config, state, of_app)
        self._protocol.connection_made(self)

    async def get(self, path: str) -> bytes:
        """Sends one request and returns the whole response.

        Raises:
            RuntimeError: the response is none of success.

        """
        self._answer = asyncio.get_running_loop().create_future()
        head = b"GET %b HTTP/1.1\r\nHost: taskward.test\r\n" % path.encode()
        self._protocol.data_received(head + self._authorization + b"\r\n")
        answer = await self._answer
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{path}: {answer!r}")
        return answer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._answer.set_result(bytes(data))

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0
