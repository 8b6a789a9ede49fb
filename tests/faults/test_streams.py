"""Hundreds of event streams at a real server process: opening them, others' requests, and their end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from faults.fault_report import Observe
from faults.raw_clients import RawClient, ServerProcess, close_all, server_process
from support import MakeDatabase

PEOPLE: Final = 50
STREAMS_EACH: Final = 4
LIMIT: Final = 1000
OPEN: Final = "taskward_event_streams_open"
COUNTED_FOR: Final = 2.0
"""Seconds after which no stream is counted whose client has left."""

FIRST_COMMENT: Final = b"\r\n:\n\n\r\n"

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(params=["disk", "postgres"])
async def service(
    request: pytest.FixtureRequest, new_database: MakeDatabase, tmp_path: Path
) -> AsyncIterator[ServerProcess]:
    async with server_process(await new_database(request.param), tmp_path) as one:
        yield one


@asynccontextmanager
async def streams(port: int, people: Sequence[str], at_once: int) -> AsyncIterator[list[RawClient]]:
    """Opens a stream for each of these, that many at a time: one is open after its first comment."""
    slots = asyncio.Semaphore(at_once)
    opened: list[RawClient] = []

    async def one(sub: str) -> None:
        async with slots:
            client = await RawClient.get(port, "/api/events", sub)
            assert client.status == 200, f"stream {len(opened) + 1}: {client.status}"
            await client.read_until(FIRST_COMMENT)
        opened.append(client)

    try:
        async with asyncio.TaskGroup() as group:
            for sub in people:
                group.create_task(one(sub))
        yield opened
    finally:
        close_all(opened, reset=True)


@pytest.mark.fault("Event streams: 200 of 50 users, opened 8 and 32 at a time, closed or reset by them")
async def test_200_streams_of_50_people_take_nothing_from_others_and_end_with_their_clients(
    service: ServerProcess, observe: Observe
) -> None:
    people = [f"person-{number}" for number in range(PEOPLE)] * STREAMS_EACH
    alone = await service.seconds_of_a_list()
    left = []
    for at_once, reset in ((8, False), (32, True)):
        async with streams(service.port, people, at_once) as opened:
            assert await service.gauge(OPEN) == len(people)

            beside = await service.seconds_of_a_list()

            assert beside < 5 * alone + 0.01
            close_all(opened, reset=reset)
            left.append(await service.until_zero(OPEN, COUNTED_FOR))
    observe(
        f"success; another user's list {beside * 1000:.1f} ms, without them {alone * 1000:.1f} ms",
        back=max(left),
    )


@pytest.mark.parametrize("service", ["disk", pytest.param("postgres", marks=pytest.mark.soak)], indirect=True)
@pytest.mark.fault("Event streams: as many as `MAX_STREAMS`, and one more")
async def test_a_process_holds_as_many_streams_as_its_limit_says_and_refuses_one_more(
    service: ServerProcess, observe: Observe
) -> None:
    people = [f"person-{number}" for number in range(LIMIT // 10)] * 10
    alone = await service.seconds_of_a_list()
    async with streams(service.port, people, at_once=32) as opened:
        async with service.http("one-more") as http:
            refused = await http.get("/api/events")
        assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(refused.headers["retry-after"]) > 0

        beside = await service.seconds_of_a_list()

        assert beside < 5 * alone + 0.01
        close_all(opened, reset=True)
        left = await service.until_zero(OPEN, COUNTED_FOR)
        async with streams(service.port, ["one-more"], at_once=1):
            assert await service.gauge(OPEN) == 1
    observe(
        f"success; the one more: 503 `SERVICE_UNAVAILABLE`; another user's list {beside * 1000:.1f} ms, "
        f"without them {alone * 1000:.1f} ms",
        back=left,
    )
