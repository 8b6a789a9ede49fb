"""Clients of the protocol in a page of another origin: what their browser lets them send and read."""

from collections.abc import AsyncIterator

import httpx
import httpx2
import pytest
import pytest_asyncio
from changes.streams import InProcess, in_process_server
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_endpoint.agents import MODES, TLS, tool_call
from support import settings_for, token_for

from taskward.http.cors import EXPOSED_HEADERS, REQUEST_HEADERS

APP = "https://app.example.com"
METADATA = "/.well-known/oauth-protected-resource"
PATHS = ("/mcp", METADATA, f"{METADATA}/mcp")
OF_BROWSERS = {"host", "connection", "user-agent", "accept-encoding", "content-length"}


@pytest_asyncio.fixture(scope="module")
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://", frontend_url=APP)) as service:
        yield service


@pytest_asyncio.fixture
async def page(service: InProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client that sends what a page of the front end sends."""
    async with httpx.AsyncClient(base_url=service.url, headers={"Origin": APP}) as http:
        yield http


async def allowed(page: httpx.AsyncClient, path: str) -> set[str]:
    """Returns the names of the headers that a browser may send to a path."""
    answer = await page.options(path, headers={"Access-Control-Request-Method": "POST"})
    assert (answer.status_code, answer.content) == (200, b"")
    return names(answer.headers.get("access-control-allow-headers", ""))


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")} - {""}


@pytest.mark.parametrize("version", MODES)
async def test_a_page_may_send_every_header_that_the_sdks_client_sends(
    service: InProcess, page: httpx.AsyncClient, version: str
) -> None:
    sent: set[str] = set()

    async def note(request: httpx2.Request) -> None:
        sent.update(name.lower() for name in request.headers)

    headers = {"Authorization": f"Bearer {token_for('browser')}", "Origin": APP}
    async with (
        httpx2.AsyncClient(
            headers=headers, event_hooks={"request": [note]}, trust_env=False, verify=TLS
        ) as http,
        Client(streamable_http_client(f"{service.url}/mcp", http_client=http), mode=MODES[version]) as client,
    ):
        await client.list_tools()
        await client.call_tool("find_lists", {})
    assert "mcp-protocol-version" in sent
    assert sent - OF_BROWSERS - {"origin"} <= await allowed(page, "/mcp")


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_needs_no_token_and_allows_the_headers_of_the_protocol(
    page: httpx.AsyncClient, path: str
) -> None:
    protocol = {"mcp-protocol-version", "mcp-method", "mcp-name"}
    assert await allowed(page, path) == names(REQUEST_HEADERS.decode()) | protocol


async def test_a_page_can_read_where_the_metadata_is_and_the_metadata(page: httpx.AsyncClient) -> None:
    request = tool_call("find_lists")
    rejected = await page.post("/mcp", **request)
    assert rejected.status_code == 401
    assert rejected.headers["access-control-allow-origin"] == APP
    exposed = names(rejected.headers["access-control-expose-headers"])
    assert exposed == names(EXPOSED_HEADERS.decode()) | {"www-authenticate"}
    where = rejected.headers["www-authenticate"].partition('resource_metadata="')[2].rstrip('"')
    metadata = await page.get(where, headers={"MCP-Protocol-Version": "2025-11-25"})
    assert metadata.headers["access-control-allow-origin"] == APP
    assert metadata.json()["resource"].endswith("/mcp")


async def test_a_page_can_read_the_result_of_a_tool(page: httpx.AsyncClient) -> None:
    request = tool_call("find_lists")
    request["headers"] |= {"Authorization": f"Bearer {token_for('browser')}"}
    answer = await page.post("/mcp", **request)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, APP)
    assert answer.headers["vary"] == "Origin"
    assert answer.json()["result"]["structuredContent"] == {"lists": []}


async def test_pages_of_other_origins_are_allowed_nothing(service: InProcess) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers={"Origin": "https://evil.example"}) as page:
        for path in PATHS:
            assert await allowed(page, path) == set()
            for answer in (await page.get(path), await page.post(path, json={})):
                assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_the_paths_of_the_api_allow_and_expose_nothing_more(page: httpx.AsyncClient) -> None:
    for path in ("/api/tasks", "/mcp/", "/health"):
        assert await allowed(page, path) == names(REQUEST_HEADERS.decode())
        answer = await page.get(path)
        assert answer.headers["access-control-expose-headers"] == EXPOSED_HEADERS.decode()


async def test_without_mcp_its_paths_are_as_any_other() -> None:
    settings = settings_for("sqlite://", frontend_url=APP, mcp=False)
    async with (
        in_process_server(settings) as service,
        httpx.AsyncClient(base_url=service.url, headers={"Origin": APP}) as page,
    ):
        for path in PATHS:
            assert await allowed(page, path) == names(REQUEST_HEADERS.decode())
