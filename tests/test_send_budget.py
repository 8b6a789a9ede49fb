"""Unread responses: over real sockets, with small buffers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
from changes.streams import HttpClient, InProcess, SmallSendBuffer, http_client, in_process_server
from faults.raw_clients import RawClient
from support import SERVICE_UNAVAILABLE, refusal, replace_part, settings_for
from support.raw_http import CLOSE, post
from support.waiting import until

from taskward.http.admission import ADMISSION, Admission, Capacity
from taskward.http.send_budget import LARGE, PER_USER, SendBudget

TASK = {"title": "\x01" * 200, "description": "\x01" * 2000}
LIST = 20 * 13_000
"""Bytes, somewhat fewer than a list of 20 such tasks has."""

LIST_PATH = "/api/tasks"


@pytest_asyncio.fixture
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://"), SmallSendBuffer) as one:
        yield one


@pytest.fixture
def budget(service: InProcess) -> SendBudget:
    return service.server.server_state.send_budget


@pytest_asyncio.fixture
async def ann(service: InProcess) -> AsyncIterator[HttpClient]:
    async with http_client(service.url, str(uuid4())) as one:
        yield await with_tasks(one)


@pytest_asyncio.fixture
async def bob(service: InProcess) -> AsyncIterator[HttpClient]:
    async with http_client(service.url, str(uuid4())) as one:
        yield await with_tasks(one)


async def with_tasks(one: HttpClient) -> HttpClient:
    assert (await batch(one)).status_code == 200
    return one


async def batch(one: HttpClient) -> httpx.Response:
    """Creates 20 tasks; the response is as large as a list of them."""
    return await one.http.post("/api/tasks/batch", json={"operations": [{"op": "create", "task": TASK}] * 20})


async def unread(service: InProcess, one: HttpClient, path: str = LIST_PATH, times: int = 1) -> RawClient:
    """Sends requests in one piece, and reads only the first status."""
    client = await RawClient.get(service.port, path, one.sub, times=times)
    await asyncio.sleep(0.02)
    return client


async def test_who_does_not_read_is_served_nothing_more_until_it_is_read_and_others_are(
    service: InProcess, budget: SendBudget, ann: HttpClient, bob: HttpClient
) -> None:
    budget.per_user = LIST
    client = await unread(service, ann)
    assert client.status == 200
    assert budget.total > LIST

    for method, path in (("GET", "/api/tasks?limit=1"), ("POST", "/api/tasks"), ("GET", "/api/events")):
        response = await ann.http.request(method, path, json={"title": "x"} if method == "POST" else None)
        assert refusal(response) == SERVICE_UNAVAILABLE
        assert int(response.headers["retry-after"]) > 0
    assert (await bob.http.get(LIST_PATH)).status_code == 200
    for path in ("/health", "/health/ready", "/docs"):
        assert (await ann.http.get(path)).status_code == 200

    assert b'"next_cursor":null' in await client.read_all()
    await until(lambda: budget.total == 0)
    assert len((await ann.http.get(LIST_PATH)).json()["tasks"]) == 20


async def test_what_counts_is_the_whole_response_until_the_last_of_it_is_read(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    client = await unread(service, ann)
    whole = budget.total
    (transport,) = (
        one.transport
        for one in service.server.server_state.connections
        if one.transport.get_write_buffer_size()
    )
    while (left := transport.get_write_buffer_size()) > LIST // 2:
        await client.read(2000)
    assert left > 0
    assert budget.total == whole > LIST
    assert transport.get_write_buffer_limits() == (0, LARGE), "it resumes when nothing is left"
    await client.read_all()
    await until(lambda: budget.total == 0)


@pytest.mark.parametrize("reset", [False, True])
async def test_what_a_client_has_left_unread_is_not_counted(
    service: InProcess, budget: SendBudget, ann: HttpClient, *, reset: bool
) -> None:
    clients = [await unread(service, ann, times=2) for _ in range(3)]
    assert budget.total > 3 * LIST
    for client in clients:
        client.close(reset=reset)
    await until(lambda: budget.total == 0)
    assert (budget._by_caller, budget._by_connection) == ({}, {})


async def test_a_client_that_never_reads_is_dropped_and_not_counted() -> None:
    class Hasty(SmallSendBuffer):
        stall_seconds = 0.3

    async with (
        in_process_server(settings_for("sqlite://"), Hasty) as service,
        http_client(service.url, str(uuid4())) as one,
    ):
        budget = service.server.server_state.send_budget
        client = await unread(service, await with_tasks(one))
        assert budget.total > 0
        await until(lambda: budget.total == 0)
        client.close()


async def test_responses_that_wait_behind_unread_ones_are_counted_too(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    """Each connection has one response in its buffer, and another that waits for that to be read."""
    budget.per_user = 6 * LIST
    clients = [await unread(service, ann, times=2) for _ in range(5)]
    assert [client.status for client in clients].count(503) <= 2
    assert 4 * LIST < budget.total <= budget.per_user
    bodies = await asyncio.gather(*(client.read_all() for client in clients))
    assert any(b"SERVICE_UNAVAILABLE" in body for body in bodies)
    await until(lambda: budget.total == 0)


async def test_the_response_to_a_write_is_sent_for_the_write_is_done(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    budget.per_user = 2 * LIST
    client = await unread(service, ann)
    assert refusal(await ann.http.get(LIST_PATH)) == SERVICE_UNAVAILABLE
    assert (await batch(ann)).status_code == 200
    client.close()


def refused_batch(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns a batch that changes nothing: each of its responses is a 412 with the whole task."""
    return {"operations": [{"op": "delete", "id": task["id"], "if_match": '"0"'} for task in tasks]}


async def tasks_of(one: HttpClient) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = (await one.http.get(LIST_PATH)).json()["tasks"]
    return tasks


async def test_a_large_response_to_a_post_that_has_changed_nothing_is_refused(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    refused = refused_batch(await tasks_of(ann))
    atomic = refused | {"atomic": True}
    budget.per_user = 2 * LIST
    client = await unread(service, ann)
    for body in (refused, atomic):
        assert refusal(await ann.http.post("/api/tasks/batch", json=body)) == SERVICE_UNAVAILABLE
    client.close()
    await until(lambda: budget.total == 0)
    for body in (refused, atomic):
        answer = await ann.http.post("/api/tasks/batch", json=body)
        assert [one["status"] for one in answer.json()["results"]] == [412] * 20


async def test_a_stored_response_that_is_large_is_refused_and_kept(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    request: dict[str, Any] = {
        "json": {"operations": [{"op": "create", "task": TASK}] * 20},
        "headers": {"Idempotency-Key": "1"},
    }
    first = await ann.http.post("/api/tasks/batch", **request)
    budget.per_user = 2 * LIST
    client = await unread(service, ann, "/api/tasks?limit=20")
    assert refusal(await ann.http.post("/api/tasks/batch", **request)) == SERVICE_UNAVAILABLE
    client.close()
    await until(lambda: budget.total == 0)
    again = await ann.http.post("/api/tasks/batch", **request)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


async def test_a_head_request_has_no_body_that_could_be_unread(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    budget.per_user = 2 * LIST
    client = await unread(service, ann)
    assert (await ann.http.head(LIST_PATH)).status_code == 200
    client.close()


async def burst(service: InProcess, one: HttpClient, body: object, number: int) -> list[RawClient]:
    """Sends that many batches on connections that read no more than the status, all at once."""
    clients = [await RawClient.connect(service.port) for _ in range(number)]
    await asyncio.sleep(0.05)  # the server has accepted all of them
    headers = (
        b"Authorization: Bearer %b\r\n" % one.token.encode(),
        b"Content-Type: application/json\r\n",
        CLOSE,
    )
    request = post("/api/tasks/batch", *headers, body=orjson.dumps(body))
    for client in clients:
        await client.send(request)
    await asyncio.gather(*(client.read_status() for client in clients))
    return clients


async def test_of_a_burst_that_changes_nothing_the_responses_that_fit_are_sent(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    budget.per_user = 6 * LIST
    clients = await burst(service, ann, refused_batch(await tasks_of(ann)), 30)
    statuses = [client.status for client in clients]
    assert statuses.count(200) + statuses.count(503) == 30
    assert 4 <= statuses.count(200) <= 7
    assert budget.total <= budget.per_user + LIST
    for client in clients:
        client.close()


async def test_of_a_burst_of_writes_those_that_were_queued_are_not_executed(
    service: InProcess, budget: SendBudget, ann: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None has a response yet when they arrive, so each of them is checked again when its turn has come."""
    replace_part(monkeypatch, service.app, ADMISSION, Admission(Capacity(2, 2)))
    budget.per_user = 4 * LIST
    clients = await burst(service, ann, {"operations": [{"op": "create", "task": TASK}] * 20}, 30)
    statuses = [client.status for client in clients]
    executed = statuses.count(200)
    assert executed + statuses.count(503) == 30
    assert 4 <= executed <= 6
    for client in clients:
        client.close()
    await until(lambda: budget.total == 0)
    assert len(await tasks_of(ann)) == 20 + 20 * executed


async def test_responses_to_writes_that_wait_behind_unread_ones_are_counted_too(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    """A response that must be sent waits for the one before it on its connection: it counts meanwhile."""
    client = await unread(service, ann)
    before = budget.total
    headers = (
        b"Authorization: Bearer %b\r\n" % ann.token.encode(),
        b"Content-Type: application/json\r\n",
    )
    second = await RawClient.connect(service.port)
    batch_of_20 = orjson.dumps({"operations": [{"op": "create", "task": TASK}] * 20})
    await second.send(2 * post("/api/tasks/batch", *headers, body=batch_of_20))
    await second.read_status()
    await until(lambda: budget.total > before + LIST)
    await until(lambda: budget.total > before + 2 * LIST)
    for one in (client, second):
        one.close()
    await until(lambda: budget.total == 0)


async def test_when_the_process_has_no_budget_left_every_large_response_is_refused(
    service: InProcess, budget: SendBudget, ann: HttpClient, bob: HttpClient
) -> None:
    budget.per_process = LIST
    client = await unread(service, ann)
    assert refusal(await bob.http.get(LIST_PATH)) == SERVICE_UNAVAILABLE
    assert refusal(await bob.http.get("/api/me/export")) == SERVICE_UNAVAILABLE
    assert (await bob.http.get("/api/tasks?limit=1")).status_code == 200
    assert (await bob.http.post("/api/tasks", json={"title": "x"})).status_code == 201
    assert refusal(await ann.http.get("/api/tasks?limit=1")) == SERVICE_UNAVAILABLE
    client.close()


async def test_clients_without_a_token_share_one_budget_and_cannot_use_up_that_of_users(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    budget.per_user = 2_000_000
    asset = "/docs/swagger-ui-bundle.js"
    clients = [await unread(service, ann, asset) for _ in range(3)]
    assert [client.status for client in clients] == [200, 503, 503]
    assert (await ann.http.get(LIST_PATH)).status_code == 200
    for path in ("/health", "/docs"):
        assert (await ann.http.get(path)).status_code == 200
    for client in clients:
        client.close()
    await until(lambda: budget.total == 0)
    assert (await ann.http.get(asset)).status_code == 200


async def test_304_is_sent_with_any_amount_unread(
    service: InProcess, budget: SendBudget, ann: HttpClient, bob: HttpClient
) -> None:
    budget.per_process = LIST
    tag = (await bob.http.get(LIST_PATH)).headers["etag"]
    client = await unread(service, ann)
    assert refusal(await bob.http.get(LIST_PATH)) == SERVICE_UNAVAILABLE
    assert (await bob.http.get(LIST_PATH, headers={"If-None-Match": tag})).status_code == 304
    client.close()


@pytest.mark.parametrize("size", [1, PER_USER, 10 * PER_USER])
def test_a_user_with_nothing_unsent_may_have_a_response_of_any_size(size: int) -> None:
    budget = SendBudget()
    assert budget.reserve(1, PER_USER)
    assert not budget.reserve(1, 1)
    assert not budget.blocks(2)
    assert budget.reserve(2, size)
    budget.cancel(2, size)
    budget.cancel(1, PER_USER)
    assert (budget.total, budget._by_caller) == (0, {})


async def test_the_budget_is_shown_among_the_metrics(
    service: InProcess, budget: SendBudget, ann: HttpClient
) -> None:
    client = await unread(service, ann)
    shown: Any = service.server.server_state.collect()["taskward_response_bytes_unsent"]
    assert shown == {(): budget.total}
    client.close()
