"""`taskward mcp`: the MCP server over standard input and output, for agents on this machine."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
import httpx
import mcp_types as types
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from taskward.mcp.server import McpContext, new_server
from taskward_client import AsyncClient

_MAX_DIGITS: Final = 18
"""Of the number that names a message: fewer than the SDK can read."""

_MEMBER: Final = 2
"""Parts of the place of a member of a message: the kind of message, and the name of the member."""


async def serve_stdio(url: str, token: Callable[[], str], *, uses_proxies: bool) -> None:
    """Serves until standard input ends, with the tasks of a service and of the user of these tokens."""
    # With a transport of its own httpx uses no proxy of the environment.
    transport = None if uses_proxies else httpx.AsyncHTTPTransport()
    async with AsyncClient(url, token, transport=transport) as api, stdio_server() as (reading, writing):

        @asynccontextmanager
        async def client_of(_: McpContext) -> AsyncIterator[AsyncClient]:
            yield api

        server = new_server(client_of)
        sending, messages = anyio.create_memory_object_stream[SessionMessage | Exception]()
        async with anyio.create_task_group() as group:
            group.start_soon(_relay, reading, writing.send, sending)
            await server.run(messages, writing, server.create_initialization_options())


async def _relay(
    reading: AsyncIterator[SessionMessage | Exception],
    answer: Callable[[SessionMessage], Awaitable[None]],
    sending: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    """Passes on the messages. To a line that is none the SDK says nothing, and the agent would wait."""
    async with sending:
        async for one in reading:
            if isinstance(one, ValidationError):
                await answer(SessionMessage(_refusal(one)))
            else:
                await sending.send(one)


def _refusal(error: ValidationError) -> types.JSONRPCError:
    """Returns the answer to a line that is no message, for the request that it was meant to be."""
    problems = error.errors(include_url=False)
    problem = problems[0]
    is_json = problem["type"] != "json_invalid"
    message = _message_of(problems) if is_json else _read(problem["input"])
    code = types.INVALID_REQUEST if is_json else types.PARSE_ERROR
    return types.JSONRPCError(
        jsonrpc="2.0", id=_id_of(message), error=types.ErrorData(code=code, message=problem["msg"])
    )


def _message_of(problems: Sequence[ErrorDetails]) -> object:
    """Returns what the line has, which is the input of the problem that a member of it is missing.

    To a request the members of the other kinds of messages are missing. What has no problem of that kind is
    no object, and has no id.
    """
    found = (one["input"] for one in problems if one["type"] == "missing" and len(one["loc"]) == _MEMBER)
    return next(found, None)


def _read(line: str) -> object:
    """Returns the object of a line as far as Python can read it, which refuses less than the SDK."""
    try:
        return json.loads(line, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else None)
    except (ValueError, RecursionError):
        return None


def _id_of(message: object) -> int | str | None:
    """Returns the id of a message that can be sent back; None if it has none."""
    found = message.get("id") if isinstance(message, dict) else None
    can_be_sent = type(found) is int or (isinstance(found, str) and found.isprintable())
    return found if can_be_sent else None
