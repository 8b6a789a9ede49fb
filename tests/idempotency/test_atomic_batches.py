"""docs/contract.md#concurrency-and-retries: the `Idempotency-Key` of an atomic batch, in two processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import HttpClient, http_client, process
from support import MakeDatabase, refusal

ROUNDS = 6
REPEATS = 8
"""Sent at the same time, half of them to each process."""

IN_USE = (409, "IDEMPOTENCY_KEY_IN_USE", "A request with this idempotency key is still running")


@pytest_asyncio.fixture(scope="module", params=["disk", "postgres"])
async def services(
    request: pytest.FixtureRequest, new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[str]]:
    """Yields the URLs of two processes on one database."""
    url = await new_database(request.param)
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("services")
        # One is executed: processes of which one is a copy of the other would have the same hash values.
        # No engine knows of them, and that takes long, so it is so on one engine.
        processes = [process(url, folder), process(url, folder, execute=request.param == "postgres")]
        yield [await stack.enter_async_context(each) for each in processes]


@pytest_asyncio.fixture
async def ann(services: list[str]) -> AsyncIterator[tuple[HttpClient, HttpClient]]:
    """Yields one person as a client of either process."""
    sub = str(uuid4())
    async with http_client(services[0], sub) as one, http_client(services[1], sub) as other:
        yield one, other


def batch_of(task: dict[str, Any], etag: str, title: str) -> dict[str, Any]:
    """Returns a batch that can be applied once: afterwards the entity tag is another."""
    operations = [
        {"op": "update", "id": task["id"], "if_match": etag, "task": {"title": title}},
        {"op": "create", "task": {"title": title}},
    ]
    return {"operations": operations, "atomic": True}


async def send_to_both(
    ann: tuple[HttpClient, HttpClient], body: dict[str, Any], key: str
) -> list[httpx.Response]:
    headers = {"Idempotency-Key": key}
    return await asyncio.gather(
        *(ann[n % 2].http.post("/api/tasks/batch", json=body, headers=headers) for n in range(REPEATS))
    )


def statuses(response: httpx.Response) -> list[int]:
    assert response.status_code == 200, response.text
    return [result["status"] for result in response.json()["results"]]


async def test_a_repeat_never_reports_that_an_applied_batch_was_not_applied(
    ann: tuple[HttpClient, HttpClient],
) -> None:
    """The first one changes the entity tag, by which a repeat that runs at the same time fails."""
    for n in range(ROUNDS):
        created = await ann[0].http.post("/api/tasks", json={"title": "Buy milk"})
        body = batch_of(created.json(), created.headers["etag"], f"Batch {n}")

        responses = await send_to_both(ann, body, f"key-{n}")

        answered = [response for response in responses if response.status_code == 200]
        assert all(refusal(response) == IN_USE for response in responses if response not in answered)
        assert [statuses(response) for response in answered] == [[200, 201]] * len(answered)
        assert len({response.content for response in answered}) == 1
        assert [response.headers.get("idempotent-replayed") for response in answered].count(None) == 1
        titles = [task["title"] for task in await ann[1].tasks()]
        assert titles.count(f"Batch {n}") == 2


async def test_a_batch_that_was_not_applied_leaves_its_key_free(ann: tuple[HttpClient, HttpClient]) -> None:
    created = await ann[0].http.post("/api/tasks", json={"title": "Buy milk"})
    stale = batch_of(created.json(), '"1"', "Stale")
    fresh = batch_of(created.json(), created.headers["etag"], "Fresh")

    refused = await send_to_both(ann, stale, "key")
    answered = [response for response in refused if response.status_code == 200]
    assert answered
    assert [statuses(response) for response in answered] == [[412, 424]] * len(answered)
    assert all("idempotent-replayed" not in response.headers for response in answered)

    headers = {"Idempotency-Key": "key"}
    acted = await ann[1].http.post("/api/tasks/batch", json=fresh, headers=headers)
    again = await ann[0].http.post("/api/tasks/batch", json=fresh, headers=headers)

    assert statuses(acted) == [200, 201]
    assert "idempotent-replayed" not in acted.headers
    assert (again.content, again.headers["idempotent-replayed"]) == (acted.content, "true")
    assert (await ann[0].http.post("/api/tasks/batch", json=stale, headers=headers)).status_code == 422
