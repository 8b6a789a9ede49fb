"""Prints the files and functions that a read and a write pass through: `make request-path`.

The read is of one task in PostgreSQL, the write creates one in a list, with a due date and labels. Each is
sent over a socket to a server in this process, on a connection and with a token that were used before, as
most requests are.
"""

import ast
import asyncio
import io
import json
import logging
import os
import socket
import sys
import tokenize
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Final
from uuid import uuid4

import uvicorn
from dataset import token_of
from inprocess import NEW_TASK, an_app
from stage import a_postgres

import taskward
from taskward.http.application import Taskward
from taskward.http.cors import CrossOrigin
from taskward.http.responses import CommonHeaders
from taskward.log import JsonLinesHandler
from taskward.server.protocol import StrictProtocol
from taskward.server.state import ConnectionState

PACKAGE: Final = Path(taskward.__file__).parent
PAGE: Final = PACKAGE.parents[1] / "docs" / "request-path.md"

TOTAL: Final = "in total"
BEFORE_DATABASE: Final = "from the ASGI call to the database call"
SECTIONS: Final = ("server", "application", "database", TOTAL, BEFORE_DATABASE)

_ENTRY: Final = Taskward.__call__.__code__
_WARM_UP: Final = 3
_TURNS: Final = 30
_NO_CODE: Final = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of Taskward that ran: its file below the package, its name, its first and last line."""

    file: str
    name: str
    first_line: int
    last_line: int

    @classmethod
    def of(cls, code: CodeType) -> "Function":
        file = str(Path(code.co_filename).relative_to(PACKAGE))
        last_line = max(line for _, _, line in code.co_lines() if line is not None)
        return cls(file, code.co_qualname, code.co_firstlineno, last_line)

    @property
    def lines(self) -> set[tuple[str, int]]:
        """The lines of code; docstrings, comments and empty lines are not counted."""
        return {(self.file, n) for n in code_lines(self.file) if self.first_line <= n <= self.last_line}

    @property
    def section(self) -> str:
        folder = self.file.partition("/")[0]
        return folder if folder in SECTIONS else "application"


@dataclass(frozen=True, slots=True)
class Size:
    """The number of files, of functions, and of the lines of code of these functions."""

    files: int
    functions: int
    lines: int

    @classmethod
    def of(cls, functions: Sequence[Function]) -> "Size":
        lines = set().union(*(one.lines for one in set(functions)))
        return cls(len({one.file for one in functions}), len(set(functions)), len(lines))


@cache
def code_lines(file: str) -> frozenset[int]:
    """Returns the numbers of the lines of a file that hold code."""
    source = (PACKAGE / file).read_text("utf-8")
    texts = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return frozenset(
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
        if line not in texts
    )


def sizes(functions: Sequence[Function]) -> dict[str, Size]:
    """Returns the size of each section, given the functions in the order of their calls."""
    of_sections = {
        name: [one for one in functions if one.section == name]
        for name in ("server", "application", "database")
    }
    begin = functions.index(Function.of(_ENTRY))
    end = next(n for n, one in enumerate(functions) if n > begin and one.section == "database")
    parts = {**of_sections, TOTAL: functions, BEFORE_DATABASE: functions[begin:end]}
    return {name: Size.of(part) for name, part in parts.items()}


Send = Callable[[bytes, bytes, bytes], Awaitable[bytes]]
"""Sends a method, a path and a body, and returns the body of the response."""

Request = tuple[bytes, bytes, bytes]


async def read(send: Send) -> Request:
    """Returns a request for a task that has been created."""
    task = json.loads(await send(b"POST", b"/api/tasks", NEW_TASK))
    return b"GET", f"/api/tasks/{task['id']}".encode(), b""


async def write(send: Send) -> Request:
    """Returns a request that creates a task with what people give most."""
    home = json.loads(await send(b"POST", b"/api/lists", b'{"title": "Home"}'))
    task = {"title": "Buy milk", "list_id": home["id"], "due": {"date": "2030-01-01"}, "labels": ["shop"]}
    return b"POST", b"/api/tasks", json.dumps(task).encode()


REQUESTS: Final = {"read": read, "write": write}


async def trace(database_url: str, new_request: Callable[[Send], Awaitable[Request]]) -> list[Function]:
    """Returns the functions that a request calls, in order, on a PostgreSQL database."""
    with _json_log():
        async with an_app(database_url) as app, _connection(app) as (reader, writer):
            authorization = f"Authorization: Bearer {token_of(uuid4())}\r\n".encode()

            async def send(method: bytes, path: bytes, body: bytes) -> bytes:
                length = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
                head = b"%b %b HTTP/1.1\r\nHost: localhost\r\n" % (method, path)
                writer.write(head + authorization + (length if body else b"") + b"\r\n" + body)
                return await _body_of_response(reader)

            request = await new_request(send)
            for _ in range(_WARM_UP):
                await send(*request)
            traces = []
            for _ in range(_TURNS):
                with _profile() as called:
                    await send(*request)
                    await asyncio.sleep(0.01)  # for the log line
                traces.append(called)
    return min(traces, key=len)  # one without work in the background


@contextmanager
def _profile() -> Iterator[list[Function]]:
    """Collects the functions of Taskward that are called, those inside of other functions aside."""
    called: list[Function] = []

    def note(frame: object, event: str, _: object) -> None:
        code: CodeType = frame.f_code  # type: ignore[attr-defined] # typeshed gives no type for a profile function's frame
        if event == "call" and code.co_filename.startswith(f"{PACKAGE}/") and "<" not in code.co_name:
            called.append(Function.of(code))

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


@asynccontextmanager
async def _connection(app: Taskward) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yields a connection to a server of the app in this process."""
    config = uvicorn.Config(app, interface="asgi3", lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ConnectionState(CommonHeaders(CrossOrigin(()), https_only=True))
    of_app = {"draining": state.draining, "send_budget": state.send_budget}
    server = await asyncio.get_running_loop().create_server(
        lambda: StrictProtocol(config, state, of_app), "127.0.0.1", 0, family=socket.AF_INET
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


@contextmanager
def _json_log() -> Iterator[None]:
    """Writes the log as in production, to nowhere."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        root.handlers[:] = [JsonLinesHandler(nowhere)]
        root.setLevel(logging.INFO)
        try:
            yield
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)


async def _body_of_response(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    return await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))


def main() -> None:
    with a_postgres() as postgres:
        for name, new_request in REQUESTS.items():
            lines = report(asyncio.run(trace(postgres.url, new_request)))
            sys.stdout.write("\n".join([f"# A {name}", "", *lines, "", ""]))


def report(functions: Sequence[Function]) -> Iterator[str]:
    """Yields a line for each file, then one for each section."""
    for file in dict.fromkeys(one.file for one in functions):
        in_file = list(dict.fromkeys(one for one in functions if one.file == file))
        names = ", ".join(one.name for one in in_file)
        yield f"{file:<40} {Size.of(in_file).lines:4} lines  {names}"
    yield ""
    for name, size in sizes(functions).items():
        yield f"{name:<40} {size.files:4} files {size.functions:4} functions {size.lines:4} lines"


if __name__ == "__main__":
    main()
