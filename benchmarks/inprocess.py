"""The app in this process, called as a server would call it: nothing is measured but the service itself."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

from dataset import DESCRIPTION, SECRET, TITLE, token_of
from starlette.types import Message

from taskward.app import create_app
from taskward.http.application import Taskward
from taskward.settings import load_settings

NEW_TASK: Final = json.dumps({"title": TITLE, "description": DESCRIPTION}).encode()


@asynccontextmanager
async def an_app(url: str) -> AsyncIterator[Taskward]:
    """Start the app, in production, on that database."""
    app = create_app(
        load_settings(_env_file=None, database_url=url, jwt_secret=SECRET, environment="production")
    )
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
