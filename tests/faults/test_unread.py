"""Clients that ask for large responses and do not read them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import orjson
import pytest
import pytest_asyncio
from faults.fault_report import Observe
from faults.load import describe_results
from faults.raw_clients import RawClient, ServerProcess, close_all, server_process
from mcp_endpoint.agents import tool_call
from support import MakeDatabase, token_for
from support.process_memory import resident_bytes

from taskward.http.send_budget import PER_USER

CLIENTS: Final = 20
TASKS: Final = 1000
UNSENT: Final = "taskward_response_bytes_unsent"
GROWTH: Final = 120_000_000
"""Bytes by which the process may grow: the budget, and what a few such responses are made of."""

NAMES: Final = {200: "success", 503: "503 `SERVICE_UNAVAILABLE`"}
LARGEST_TASK: Final = {"title": "\x01" * 200, "description": "\x01" * 2000}
"""Of each character JSON makes six bytes."""

pytestmark = pytest.mark.timeout(90)


@pytest_asyncio.fixture(
    scope="module", params=["disk", pytest.param("postgres", marks=pytest.mark.soak)], loop_scope="session"
)
async def service(
    request: pytest.FixtureRequest, new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """Yields a server process, on which ann has as many and as large tasks as one list can hold."""
    folder = tmp_path_factory.mktemp("unread")
    async with server_process(await new_database(request.param), folder) as one, one.http("ann") as http:
        operations = [{"op": "create", "task": LARGEST_TASK}] * 50
        for _ in range(TASKS // len(operations)):
            response = await http.post("/api/tasks/batch", json={"operations": operations})
            assert response.status_code == 200
        await read_whole_list(http)  # now all code has run
        yield one


async def read_whole_list(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/tasks")
    assert response.status_code == 200, response.text
    assert 13_000_000 < len(response.content) < PER_USER
    assert len(orjson.loads(response.content)["tasks"]) == TASKS


@asynccontextmanager
async def unread(port: int, path: str, number: int) -> AsyncIterator[list[RawClient]]:
    """Runs that many concurrent clients of ann, which read up to the status."""
    clients = await asyncio.gather(*(RawClient.get(port, path, "ann") for _ in range(number)))
    try:
        yield clients
    finally:
        close_all(clients, reset=True)


@pytest.mark.fault("Responses: 20 clients of one user do not read their list of 13 MB")
async def test_unread_lists_use_up_the_budget_of_their_user_and_affect_no_other(
    service: ServerProcess, observe: Observe
) -> None:
    alone = await service.seconds_of_a_list()
    before = resident_bytes(service.pid)
    async with unread(service.port, "/api/tasks", CLIENTS) as clients, service.http("ann") as ann:
        beside = await service.seconds_of_a_list()
        grown = resident_bytes(service.pid) - before
        seen = Counter(NAMES[client.status] for client in clients)
        one_more = await ann.get("/api/tasks")
        unsent = await service.gauge(UNSENT)

        served = [client for client in clients if client.status == 200]
        refused = [client for client in clients if client.status == 503]
        assert served
        assert len(refused) == CLIENTS - len(served)
        assert (one_more.status_code, one_more.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(one_more.headers["retry-after"]) > 0
        assert 0 < unsent <= PER_USER
        assert grown < GROWTH
        assert beside < 5 * alone + 0.01

        assert len(orjson.loads(await served[0].read_all())["tasks"]) == TASKS
        assert orjson.loads(await refused[0].read_all())["code"] == "SERVICE_UNAVAILABLE"
        close_all(clients, reset=True)
        back = await service.until_zero(UNSENT, 2.0)
        await read_whole_list(ann)
    observe(
        f"{describe_results(seen)}; memory {grown / 1e6:+.0f} MB; "
        f"another user's list {beside * 1000:.1f} ms, without them {alone * 1000:.1f} ms",
        back=back,
    )


async def test_the_kernel_holds_little_of_an_unread_response(service: ServerProcess) -> None:
    """The size of a response that it would take whole by itself, which the budget would not count."""
    path, number = "/api/tasks?limit=100", 3 * CLIENTS

    async with unread(service.port, path, number) as clients:
        unsent = await service.gauge(UNSENT)
        served = sum(client.status == 200 for client in clients)

    assert PER_USER - 2_000_000 < unsent <= PER_USER
    assert served < number / 3, "1.3 MB each"


POSTING: Final = 60
PIPELINED: Final = 6
"""Requests of one connection: the first few of their responses are in the buffers of the kernel."""


@pytest.mark.parametrize("path", ["/api/tasks/batch", "/mcp"])
async def test_responses_to_posts_that_change_nothing_cost_no_more(service: ServerProcess, path: str) -> None:
    async with service.http("ann") as ann:
        tasks = (await ann.get("/api/tasks", params={"limit": 100})).json()["tasks"]
    refused = [{"op": "delete", "id": task["id"], "if_match": '"0"'} for task in tasks]
    call = tool_call("find_tasks", {"limit": 200}) if path == "/mcp" else {"json": {"operations": refused}}
    headers = {"Authorization": f"Bearer {token_for('ann')}", **call.get("headers", {})}
    request = httpx.Request("POST", f"http://taskward.test{path}", json=call["json"], headers=headers)
    lines = [b"POST %b HTTP/1.1" % path.encode(), *(b"%b: %b" % pair for pair in request.headers.raw)]
    before = resident_bytes(service.pid)
    clients = [await RawClient.connect(service.port) for _ in range(POSTING)]
    try:
        content = b"\r\n".join([*lines, b"", request.content])
        await asyncio.gather(*(client.send(PIPELINED * content) for client in clients))
        await asyncio.gather(*(client.read_status() for client in clients))
        assert 200 in {client.status for client in clients}
        await service.seconds_of_a_list()
        unsent, grown = await service.gauge(UNSENT), resident_bytes(service.pid) - before
        assert unsent < PER_USER + 2_000_000
        assert grown < GROWTH
    finally:
        close_all(clients, reset=True)
    await service.until_zero(UNSENT, 2.0)


@pytest.mark.parametrize("path", ["/api/me/export", "/api/changes", "/api/events"])
async def test_exports_changes_and_streams_that_are_not_read_cost_no_more(
    service: ServerProcess, path: str
) -> None:
    before = resident_bytes(service.pid)
    async with unread(service.port, path, CLIENTS) as clients:
        assert 200 in {client.status for client in clients}
        await service.seconds_of_a_list()
        assert await service.gauge("taskward_admission_requests", state="running") == 0
        assert await service.gauge(UNSENT) < PER_USER + 2_000_000
        assert resident_bytes(service.pid) - before < GROWTH
        close_all(clients, reset=False)
        await service.until_zero(UNSENT, 2.0)
    async with service.http("ann") as ann:
        await read_whole_list(ann)
