"""Requests to an app as ASGI messages, past any HTTP client."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.types import Message, Receive

from support.client import leaving_streams


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what really went over the wire for it, which an HTTP client would smooth over."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    asked: int
    """The number of pieces of the request's body that the app received."""


async def exchange(
    app: FastAPI,
    method: str,
    path: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    pieces: Sequence[bytes] = (b"",),
    whole: bool = True,
    state: dict[str, Any] | None = None,
) -> Exchange:
    """Sends a request as the server would; a body that is not `whole` ends with its client going away."""
    asked, sent = 0, list[Message]()

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        if asked > len(pieces) and whole:
            await asyncio.Event().wait()  # the client waits for the answer, however long
        if asked > len(pieces):
            return {"type": "http.disconnect"}
        more = asked < len(pieces) or not whole
        return {"type": "http.request", "body": pieces[asked - 1], "more_body": more}

    async def send(message: Message) -> None:
        sent.append(message)

    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": bare,
        "raw_path": bare.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 5000),
        "state": state or {},
        "server": ("taskward.test", 80),
    }
    await leaving_streams(app)(scope, receive, send)
    if not sent:
        return Exchange(0, [], b"", asked)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Exchange(sent[0]["status"], sent[0]["headers"], body, asked)


def an_empty_body() -> Receive:
    """Returns a `receive` as a server has it: the end of the body comes at once, whenever it is asked for."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()  # the client stays
        return messages.pop()

    return receive


class _AnyTag:
    """Equals every strong entity tag of an object."""

    __hash__ = None  # type: ignore[assignment] # it equals many

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other[0] == other[-1] == '"' and other[1:-1].isdigit()


def upsert(task: dict[str, Any], etag: object = _AnyTag()) -> dict[str, Any]:
    """Returns the change of a feed that a new or changed task makes."""
    return {"op": "upsert", "task": task, "etag": etag}
