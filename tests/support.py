"""Shared by all tests: settings, tokens, users, and HTTP to an app."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, cast
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import pytest
from fastapi import FastAPI
from openapi_check import documented
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskward.app import create_app
from taskward.database.sqlite.database import SqliteDatabase
from taskward.http.application import Taskward
from taskward.http.context import RequestContext
from taskward.services import Services
from taskward.settings import Settings, load_settings

MakeDatabase = Callable[[str], Awaitable[str]]
"""Creates a database of the engine named, and returns its URL."""

SECRET = "a secret that only the tests know about"

UNAUTHORIZED = (401, "UNAUTHORIZED", "Invalid or missing authentication token")
INVALID_TOKEN = (401, "INVALID_TOKEN", "Authentication token is invalid")
INVALID_REQUEST = (400, "INVALID_REQUEST", "Request body is not valid JSON")
NO_SUCH_TASK = (404, "NOT_FOUND", "Task not found")
NO_SUCH_PATH = (404, "NOT_FOUND", "Not found")
METHOD_NOT_ALLOWED = (405, "METHOD_NOT_ALLOWED", "Method not allowed")
PAYLOAD_TOO_LARGE = (413, "PAYLOAD_TOO_LARGE", "Request body is too large")
INTERNAL_ERROR = (500, "INTERNAL_ERROR", "An internal server error occurred")
SERVICE_UNAVAILABLE = (503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable")
DATABASE_ERROR = (500, "DATABASE_ERROR", "A database error occurred")
"""The errors that name no field, as `refusal` gives them (docs/contract.md, A3)."""


def settings_for(url: str, **others: Any) -> Settings:
    """Returns settings for a test: nothing from the environment or `.env` but what is said here."""
    return load_settings(**{"_env_file": None, "database_url": url, "jwt_secret": SECRET} | others)


def token_for(sub: str, **claims: Any) -> str:
    """Signs a token as an identity provider with the shared secret would; valid for an hour by default."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 3600} | claims, SECRET, algorithm="HS256")


class Person:
    """A user with a token, and the HTTP client that sends it."""

    def __init__(self, app: FastAPI, sub: str | None = None, **claims: Any) -> None:
        self.sub = sub or str(uuid4())
        self.token = token_for(self.sub, **claims)
        self.http = client_of(app, Authorization=f"Bearer {self.token}")

    async def create(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/tasks", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def get(self, task_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def put(self, task_id: str, **fields: Any) -> dict[str, Any]:
        answer = await self.http.put(f"/api/tasks/{task_id}", json=fields)
        assert answer.status_code == 200, answer.text
        task: dict[str, Any] = answer.json()
        return task

    async def tasks(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/api/tasks")
        assert answer.status_code == 200, answer.text
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """Returns a client of the app without a network in between.

    Each response is checked against the OpenAPI document, in all tests.
    """

    async def check(answer: httpx.Response) -> None:
        await answer.aread()
        documented(app).check(answer)

    transport = httpx.ASGITransport(leaving_streams(app), raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport,
        base_url="http://taskward.test",
        headers=headers,
        event_hooks={"response": [check]},
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """Starts an app with these settings and stop it afterwards."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


def context_for(scope: Scope, services: Services | None = None) -> RequestContext:
    """Return the context of a request; its scope need not have all that a server gives it."""
    whole = {"method": "GET", "path": "/", "query_string": b"", "http_version": "1.1", "headers": [], **scope}
    return RequestContext(whole, cast("Services", services))


def as_taskward(app: FastAPI) -> Taskward:
    assert isinstance(app, Taskward)
    return app


def services_of(app: FastAPI) -> Services:
    """Return the services of an app: its database, its caches and so on."""
    return as_taskward(app).services


def database_of(app: FastAPI) -> Any:
    """Return the database of an app; untyped, because tests look into that of either engine."""
    return services_of(app).database


def replace_services(monkeypatch: pytest.MonkeyPatch, app: FastAPI, **services: Any) -> None:
    """Replace some of the services of an app until the test is over."""
    monkeypatch.setattr(app, "services", replace(services_of(app), **services))


async def stored(app: FastAPI, table: str, **values: object) -> list[dict[str, Any]]:
    """Returns the rows of a table that have these values, past the app: as its database really holds them.

    Ids come as text and moments as microseconds since 1970, on every engine.
    """
    where = " AND ".join(f"{column} = '{value}'" for column, value in values.items()) or "1 = 1"
    sql = f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 - a test's own words
    database = database_of(app)
    if isinstance(database, SqliteDatabase):
        return from_sqlite(database, sql)
    connection = await asyncpg.connect(database.pool.url)
    try:
        return [{name: plain(value) for name, value in row.items()} for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def execute(app: FastAPI, sql: str) -> None:
    """Run a statement that changes something, past the app."""
    database = database_of(app)
    if isinstance(database, SqliteDatabase):
        database.writer.execute(sql)
        return
    connection = await asyncpg.connect(database.pool.url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def from_sqlite(database: SqliteDatabase, sql: str) -> list[dict[str, Any]]:
    """Ask the file; a database in memory can be asked on its own connection only."""
    connection = sqlite3.connect(database.path) if database.path else database.reader
    cursor = connection.execute(sql)
    rows = [dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor]
    if database.path:
        connection.close()
    return rows


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return microseconds(value)
    return str(value) if isinstance(value, UUID) else value


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


BreakDatabase = Callable[[BaseException], None]
"""After a call of it, the app's database answers everything with that error, until the test is over."""


class Broken:
    """A database that answers everything with an error; the rest of the app cannot tell why."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def rows(self, *_: object) -> NoReturn:
        raise self._error

    async def write(self, *_: object) -> NoReturn:
        raise self._error

    async def ping(self) -> NoReturn:
        raise self._error


def leaving_streams(app: FastAPI) -> ASGIApp:
    """Leaves a stream when its first part has arrived, for it would never end by itself."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/api/events":
            await app(scope, receive, send)
            return
        whole, arrived = False, asyncio.Event()

        async def receive_and_leave() -> Message:
            nonlocal whole
            if whole:
                await arrived.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            whole = not message.get("more_body", False)
            return message

        async def send_and_note(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                arrived.set()

        await app(scope, receive_and_leave, send_and_note)

    return wrapped


def an_empty_body() -> Receive:
    """Returns a `receive` as a server has it: the end of the body comes at once, whenever it is asked for."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()  # the client stays
        return messages.pop()

    return receive


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


class _AnyTag:
    """Equals every strong entity tag of an object."""

    __hash__ = None  # type: ignore[assignment] # it equals many

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other[0] == other[-1] == '"' and other[1:-1].isdigit()


def upsert(task: dict[str, Any], etag: object = _AnyTag()) -> dict[str, Any]:
    """Returns the change of a feed that a new or changed task makes."""
    return {"op": "upsert", "task": task, "etag": etag}


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Returns status, code and text of an error without fields, and asserts its format."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["error", "code"], body
    return answer.status_code, body["code"], body["error"]


def problems(answer: httpx.Response) -> dict[str, str]:
    """Returns the message for each field that a VALIDATION_ERROR names, having seen that it is one."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, body["code"], body["error"]) == (400, "VALIDATION_ERROR", "Validation failed")
    assert list(body) == ["error", "code", "details"]
    assert all(list(one) == ["field", "message"] for one in body["details"])
    named = {one["field"]: one["message"] for one in body["details"]}
    assert len(named) == len(body["details"]), "a field is named twice"
    return named
