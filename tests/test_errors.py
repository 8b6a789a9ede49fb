"""docs/contract.md#errors: every failure has an answer, and no answer says more than it should."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import (
    DATABASE_ERROR,
    INTERNAL_ERROR,
    SERVICE_UNAVAILABLE,
    UNAUTHORIZED,
    BreakDatabase,
    Person,
    client_of,
    database_of,
    refusal,
    running,
    settings_for,
)
from support.errors import subclasses_of

from taskward.database.postgres import migrate
from taskward.http import errors
from taskward.http.errors import DatabaseError, ServiceError, ServiceUnavailable
from taskward.tasks.errors import TaskNotFound

pytestmark = pytest.mark.engines("memory")

CANARY = "canary"
TASK = "/api/tasks/0190b0a0-0000-7000-8000-000000000000"
ORIGIN = {"Origin": "http://localhost:3000"}

REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/api/tasks", None),
    ("GET", TASK, None),
    ("POST", "/api/tasks", {"title": CANARY}),
    ("PUT", TASK, {"title": CANARY}),
    ("DELETE", TASK, None),
]
every_request = pytest.mark.parametrize(("method", "path", "body"), REQUESTS)


@pytest.mark.parametrize(
    ("error", "status", "code", "text"),
    [
        (errors.Unauthorized, 401, "UNAUTHORIZED", "Invalid or missing authentication token"),
        (errors.InvalidToken, 401, "INVALID_TOKEN", "Authentication token is invalid"),
        (errors.TokenExpired, 401, "TOKEN_EXPIRED", "Authentication token has expired"),
        (errors.InvalidRequest, 400, "INVALID_REQUEST", "Request body is not valid JSON"),
        (TaskNotFound, 404, "NOT_FOUND", "Task not found"),
        (errors.InternalError, 500, "INTERNAL_ERROR", "An internal server error occurred"),
        (errors.DatabaseError, 500, "DATABASE_ERROR", "A database error occurred"),
    ],
)
def test_the_codes_of_part_a_have_their_status_and_text(
    error: type[ServiceError], status: int, code: str, text: str
) -> None:
    one = error()

    assert (one.status, one.envelope()) == (status, {"error": text, "code": code})


def test_the_tree_at_the_top_of_the_errors_is_the_tree_that_there_is() -> None:
    lines = re.findall(r"── (\w+) +(\d+) (\w+)", errors.__doc__ or "")

    assert {name: (int(status), code) for name, status, code in lines} == {
        kind.__name__: (kind.status, kind.code)
        for kind in subclasses_of(ServiceError)
        if kind.__module__ == errors.__name__
    }


CRASHES = [
    RuntimeError(CANARY),
    KeyError(CANARY),
    RecursionError(CANARY),
    asyncpg.UniqueViolationError(CANARY),
    TimeoutError(CANARY),
    ServiceError(reason=CANARY),
    ExceptionGroup(CANARY, [ValueError(CANARY)]),
]


@every_request
@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: type(crash).__name__)
async def test_a_crash_is_an_internal_error_that_tells_nothing(
    ann: Person,
    break_database: BreakDatabase,
    method: str,
    path: str,
    body: Any,
    crash: Exception,
) -> None:
    break_database(crash)

    answer = await ann.http.request(method, path, json=body, headers=ORIGIN)

    assert refusal(answer) == INTERNAL_ERROR
    assert CANARY not in answer.text + str(answer.headers)
    assert_common_headers(answer)


@every_request
async def test_a_failure_of_the_database_is_a_database_error_that_tells_nothing(
    ann: Person, break_database: BreakDatabase, method: str, path: str, body: Any
) -> None:
    break_database(DatabaseError(reason=CANARY))

    answer = await ann.http.request(method, path, json=body, headers=ORIGIN)

    assert refusal(answer) == DATABASE_ERROR
    assert CANARY not in answer.text + str(answer.headers)
    assert_common_headers(answer)


@every_request
async def test_a_lack_of_room_is_a_503_that_says_when_to_come_again(
    ann: Person, break_database: BreakDatabase, method: str, path: str, body: Any
) -> None:
    break_database(ServiceUnavailable(reason=CANARY))

    answer = await ann.http.request(method, path, json=body, headers=ORIGIN)

    assert refusal(answer) == SERVICE_UNAVAILABLE
    assert answer.headers["retry-after"] == "1"
    assert CANARY not in answer.text + str(answer.headers)
    assert_common_headers(answer)


def assert_common_headers(answer: httpx.Response) -> None:
    assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


@pytest_asyncio.fixture
async def without_database(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """Yields a running app whose database is gone: a closed file, or a server that is down."""
    monkeypatch.setattr(migrate, "STARTUP_WAIT", 0)
    url = "sqlite://" if engine == "memory" else f"sqlite:///{tmp_path / 'taskward.db'}"
    async with running(settings_for("postgresql://127.0.0.1:1/x" if engine == "postgres" else url)) as app:
        if engine != "postgres":
            database_of(app).reader.close()
            database_of(app).writer.close()
        yield app


@every_request
async def test_a_database_that_is_gone_is_a_database_error(
    without_database: FastAPI, method: str, path: str, body: Any
) -> None:
    ann = Person(without_database)

    assert refusal(await ann.http.request(method, path, json=body)) == DATABASE_ERROR


async def test_health_and_refusals_need_no_database(without_database: FastAPI) -> None:
    stranger, ann = client_of(without_database), Person(without_database)

    assert (await stranger.get("/health")).status_code == 200
    assert (await stranger.get("/openapi.json")).status_code == 200
    assert refusal(await stranger.get("/api/tasks")) == UNAUTHORIZED
    assert (await ann.http.post("/api/tasks", json={})).status_code == 400
    assert (await ann.http.get("/api/tasks/1")).status_code == 400
