"""docs/contract.md#operation: which pages may call from a browser, and what their scripts may see."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import Person, client_of, exchange, running, settings_for

from taskward.app import ROUTERS
from taskward.http.cors import REQUEST_HEADERS
from taskward.http.routing import StrictRoute

APP = "https://app.example.com"
LOCAL = "http://localhost:3000"
FOREIGN = [
    "https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null", "*", "",
    "https://app.example.com:8443", "https://APP.example.com", "https://app.example.com/", "http://localhost",
]  # fmt: skip
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
GRANTED = "access-control-allow-origin"


@pytest_asyncio.fixture(scope="module")
async def one() -> AsyncIterator[FastAPI]:
    """Yields an app with a front end."""
    async with running(settings_for("sqlite://", frontend_url=APP)) as app:
        yield app


@pytest.mark.parametrize("origin", [APP, LOCAL])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200), ("GET", "/api/tasks", 200), ("GET", "/api/tasks/1", 400),
        ("GET", "/nowhere", 404),
        ("GET", "/api/tasks/0190b0a0-0000-7000-8000-000000000000", 404), ("PROPFIND", "/api/tasks", 405),
        ("OPTIONS", "/api/tasks", 405), ("GET", "/docs", 200), ("GET", "/openapi.json", 200),
    ],
)  # fmt: skip
async def test_every_answer_tells_an_allowed_page_the_same(
    one: FastAPI, origin: str, method: str, path: str, status: int
) -> None:
    answer = await Person(one).http.request(method, path, headers={"Origin": origin})

    assert answer.status_code == status
    assert granted(answer) == {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Location, ETag, X-Request-ID, Retry-After, Idempotent-Replayed",
    }
    assert answer.headers["vary"] == "Origin"


async def test_a_refused_token_and_a_refused_size_have_cors_headers_too(one: FastAPI) -> None:
    strangers = await client_of(one).get("/api/tasks", headers={"Origin": APP})
    large = await Person(one).http.post("/api/tasks", content=b" " * 70_000, headers={"Origin": APP})

    assert (strangers.status_code, strangers.headers[GRANTED]) == (401, APP)
    assert (large.status_code, large.headers[GRANTED]) == (413, APP)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_another_origin_is_granted_nothing(one: FastAPI, origin: str) -> None:
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = await client_of(one).request(method, "/health", headers={"Origin": origin} | headers)
        assert granted(answer) == {}
        assert answer.headers["vary"] == "Origin"


async def test_two_origins_are_granted_nothing(one: FastAPI) -> None:
    told = await exchange(one, "GET", "/health", headers=[("Origin", APP), ("Origin", APP)])

    assert GRANTED.encode() not in dict(told.headers)


async def test_a_request_without_an_origin_varies_by_origin(one: FastAPI) -> None:
    answer = await client_of(one).get("/health")

    assert granted(answer) == {}
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/1", "/api/nothing", "/health", "/nowhere", "/"])
async def test_a_preflight_needs_no_token_and_lists_what_is_allowed(one: FastAPI, path: str) -> None:
    answer = await client_of(one).options(path, headers={"Origin": APP} | PREFLIGHT)

    assert (answer.status_code, answer.content) == (200, b"")
    assert granted(answer) == {
        "access-control-allow-origin": APP,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Location, ETag, X-Request-ID, Retry-After, Idempotent-Replayed",
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        "access-control-allow-headers": "Authorization, Content-Type, Accept, If-Match, If-None-Match, "
        "Idempotency-Key, Last-Event-ID, X-Request-ID",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize("left_out", ["Origin", "Access-Control-Request-Method"])
async def test_a_plain_options_is_no_preflight(one: FastAPI, left_out: str) -> None:
    headers = {"Origin": APP} | PREFLIGHT
    del headers[left_out]

    assert (await client_of(one).options("/api/tasks", headers=headers)).status_code == 401
    assert (await client_of(one).options("/health", headers=headers)).status_code == 405


async def test_only_options_can_be_a_preflight(one: FastAPI) -> None:
    answer = await client_of(one).get("/api/tasks", headers={"Origin": APP} | PREFLIGHT)

    assert answer.status_code == 401


async def test_pages_may_send_every_header_that_a_route_reads() -> None:
    read = {
        name.decode()
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, StrictRoute)
        for name, _ in route.signature.headers
    }

    assert read
    assert read <= {name.strip().lower() for name in REQUEST_HEADERS.decode().split(",")}


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_the_local_front_end_may_call_outside_production_only(environment: str) -> None:
    async with running(settings_for("sqlite://", environment=environment, frontend_url=APP)) as app:
        local = await client_of(app).get("/health", headers={"Origin": LOCAL})
        deployed = await client_of(app).get("/health", headers={"Origin": APP})

    assert (GRANTED in local.headers) == (environment == "development")
    assert deployed.headers[GRANTED] == APP


async def test_production_without_a_front_end_grants_nothing_to_any_page() -> None:
    async with running(settings_for("sqlite://", environment="production")) as app:
        for origin in (LOCAL, APP, *FOREIGN):
            assert granted(await client_of(app).get("/health", headers={"Origin": origin})) == {}


def granted(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
