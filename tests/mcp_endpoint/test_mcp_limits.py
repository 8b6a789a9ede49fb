"""The limits hold at /mcp as below /api: over real sockets, with the SDK's client and with hostile ones."""

import asyncio
import gc
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import InProcess, SmallSendBuffer, http_client, in_process_server
from faults.raw_clients import RawClient
from mcp.shared.exceptions import MCPError
from mcp_endpoint.agents import LEGACY, MODERN, agent, of_version, tool_call
from support import SERVICE_UNAVAILABLE, refusal, replace_part, settings_for, token_for
from support.command import serve
from support.process_memory import resident_bytes
from support.waiting import TIMEOUT

from taskward.http.admission import ADMISSION, Admission, Capacity
from taskward.http.send_budget import LARGE
from taskward.mcp.endpoint import MAX_BODY

LARGE_TASK = {"title": 200 * "\U0001f600", "description": 2000 * "\U0001f600"}
"""In a response of the newest revision each of these characters has 24 bytes, in an older one 8."""

QUOTES = {"title": 200 * '"', "description": 2000 * '"', "labels": ["quotes"]}
"""In both revisions each of these characters has 6 bytes."""

TASKS = 50
RESULT = 120_000
"""Bytes, somewhat fewer than the response with as many such tasks as fit has."""


class ImpatientConnection(SmallSendBuffer):
    """A connection whose client has half a second for a body."""

    body_seconds = 0.5


@pytest_asyncio.fixture(scope="module")
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://"), ImpatientConnection) as one:
        yield one


def request_bytes(token: str, tool: str, **arguments: Any) -> bytes:
    call = tool_call(tool, arguments)
    request = httpx.Request(
        "POST",
        "http://taskward.test/mcp",
        json=call["json"],
        headers=call["headers"] | {"Authorization": f"Bearer {token}"},
    )
    lines = [b"POST /mcp HTTP/1.1", *(b"%b: %b" % pair for pair in request.headers.raw)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.content


async def unread(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Sends a request on a connection with a small receive buffer, and reads only the status line."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.setblocking(False)  # noqa: FBT003 - as Python has it
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    writer.write(request)
    assert (await reader.readline()).split()[1] == b"200"
    return reader, writer


async def with_large_tasks(service: InProcess) -> str:
    """Creates a person with large tasks; returns who it is."""
    sub = str(uuid4())
    async with http_client(service.url, sub) as one:
        for task in (QUOTES, LARGE_TASK):
            operations = [{"op": "create", "task": task}] * TASKS
            answer = await one.http.post("/api/tasks/batch", json={"operations": operations})
            assert answer.status_code == 200
    return sub


async def test_a_large_result_that_is_not_read_delays_no_other_person(service: InProcess) -> None:
    slow, token = token_for(await with_large_tasks(service)), token_for(str(uuid4()))
    budget = service.server.server_state.send_budget
    connections = [await unread(service.port, request_bytes(slow, "find_tasks")) for _ in range(3)]
    assert budget.total > 3 * RESULT
    waits = []
    async with agent(service.url, token) as other:
        for number in range(30):
            begun = time.perf_counter()
            await other.ask("add_tasks", tasks=[{"title": "Mine"}], idempotency_key=str(number))
            assert (await other.ask("find_tasks", limit=1))["tasks"]
            waits.append(time.perf_counter() - begun)
    assert sorted(waits)[15] < 0.25, waits
    reader, writer = connections[0]
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    result = json.loads(await reader.readexactly(length))["result"]
    assert len(result["structuredContent"]["tasks"]) > 10
    for _, one in connections:
        one.close()
    writer.close()
    async with asyncio.timeout(TIMEOUT):
        while budget.total:  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.01)


async def test_who_leaves_too_much_unread_gets_nothing_more_from_mcp(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub = await with_large_tasks(service)
    token = token_for(sub)
    monkeypatch.setattr(service.server.server_state.send_budget, "per_user", RESULT)
    _, writer = await unread(service.port, request_bytes(token, "find_tasks"))
    async with http_client(service.url, sub) as raw:
        rejected = await raw.http.post("/mcp", **tool_call("find_lists"))
    assert refusal(rejected) == SERVICE_UNAVAILABLE
    assert int(rejected.headers["retry-after"]) > 0
    incomplete = request_bytes(token, "find_lists")[:-5]
    early = await RawClient.connect(service.port)
    await early.send(incomplete)
    assert await early.read_status() == 503, "it is refused before its body has come"
    early.close()
    writer.close()


@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_a_large_result_that_does_not_fit_is_refused_unless_it_is_that_of_a_write(
    service: InProcess, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    sub = await with_large_tasks(service)
    budget = service.server.server_state.send_budget
    async with http_client(service.url, sub) as one:
        tasks = (await one.http.get("/api/tasks", params={"limit": 25, "label": "quotes"})).json()["tasks"]
        changes = {"tasks": [{"id": task["id"], "priority": "high"} for task in tasks]}
        reading, writing = (
            of_version(version, tool_call(tool, arguments))
            for tool, arguments in (("find_tasks", {"label": "quotes"}), ("update_tasks", changes))
        )
        monkeypatch.setattr(budget, "per_user", RESULT + LARGE)
        _, writer = await unread(service.port, request_bytes(token_for(sub), "find_tasks"))
        assert refusal(await one.http.post("/mcp", **reading)) == SERVICE_UNAVAILABLE
        answer = await one.http.post("/mcp", **writing)
        assert {task["priority"] for task in answer.json()["result"]["structuredContent"]["tasks"]} == {
            "high"
        }
        assert refusal(await one.http.post("/mcp", **reading)) == SERVICE_UNAVAILABLE
        writer.close()
        async with asyncio.timeout(TIMEOUT):
            while budget.total:  # noqa: ASYNC110 - it offers nothing to wait for
                await asyncio.sleep(0.01)
        assert (await one.http.post("/mcp", **reading)).status_code == 200


@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_no_call_keeps_the_responses_of_the_api(service: InProcess, version: str) -> None:
    sub = await with_large_tasks(service)
    async with http_client(service.url, sub) as one:
        failing = {"ids": [str(uuid4())]}
        for tool, arguments in (("find_tasks", {"limit": 200}), ("get_tasks", failing), ("find_lists", {})):
            call = of_version(version, tool_call(tool, arguments))
            await one.http.post("/mcp", **call)
            gc.collect()
            gc.disable()
            try:
                before = responses_of_the_api()
                for _ in range(3):
                    await one.http.post("/mcp", **call)
                assert responses_of_the_api() == before == 0
            finally:
                gc.enable()


FEW, MANY = 20, 200
"""Calls before the first and the second look at the memory."""

GROWTH = 40_000_000
"""Bytes. With 180 calls the API sends more than 200 MB to the tool."""


@pytest.mark.processes
@pytest.mark.parametrize("version", [MODERN, LEGACY])
def test_many_calls_take_no_more_memory_than_a_few(tmp_path: Path, version: str) -> None:
    headers = {"Authorization": f"Bearer {token_for('ann')}"}
    call = of_version(version, tool_call("find_tasks", {"limit": 200}))
    with (
        serve(tmp_path) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{running.port()}", headers=headers, timeout=TIMEOUT) as http,
    ):
        task = {"title": 200 * "\x01", "description": 2000 * "\x01"}
        operations = [{"op": "create", "task": task}] * 50
        assert http.post("/api/tasks/batch", json={"operations": operations}).status_code == 200
        grown = {}
        for number in range(1, MANY + 1):
            assert http.post("/mcp", **call).status_code == 200
            grown[number] = resident_bytes(running.process.pid)
    assert grown[MANY] - grown[FEW] < GROWTH


def responses_of_the_api() -> int:
    """Returns the number of responses to requests that tools have made."""
    return sum(
        isinstance(one, httpx.Response) and one.request.url.host == "taskward.internal"
        for one in gc.get_objects()
    )


async def test_more_agents_than_there_is_room_for_are_rejected_and_others_are_not(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_part(monkeypatch, service.app, ADMISSION, Admission(Capacity(4, 4), 4))
    sub, other = str(uuid4()), str(uuid4())
    async with http_client(service.url, sub) as flood, agent(service.url, token_for(other)) as bob:
        calls = [asyncio.create_task(flood.http.post("/mcp", **tool_call("find_lists"))) for _ in range(40)]
        assert await bob.ask("find_lists") == {"lists": []}
        answers = await asyncio.gather(*calls)
    rejected = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert {answer.json()["code"] for answer in rejected} == {"SERVICE_UNAVAILABLE"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in rejected)


async def test_a_body_that_stalls_ends_at_the_timeout(service: InProcess) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request_bytes(token_for("stalls"), "find_lists")[:-5])
    begun = time.monotonic()
    received = await asyncio.wait_for(reader.read(), TIMEOUT)
    assert 0.3 < time.monotonic() - begun < 5
    assert received.startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_the_sdks_client_goes_on_after_a_body_that_is_too_large(service: InProcess) -> None:
    async with agent(service.url, token_for("large")) as one:
        with pytest.raises(MCPError, match="error response"):
            await one.ask("add_tasks", tasks=[{"title": "x" * MAX_BODY}], idempotency_key="1")
        assert await one.ask("find_tasks") == {"tasks": []}


async def test_the_sdks_client_fails_at_the_rate_limit_and_does_not_hang() -> None:
    async with (
        in_process_server(settings_for("sqlite://", rate_limit="7/h")) as service,
        agent(service.url, token_for("fast")) as one,
    ):
        calls = await asyncio.gather(*[one.client.list_tools() for _ in range(8)], return_exceptions=True)
    rejected = [call for call in calls if isinstance(call, Exception)]
    assert 0 < len(rejected) < 8
    assert all(isinstance(error, MCPError) for error in rejected)
