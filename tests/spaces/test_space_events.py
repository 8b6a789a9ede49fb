"""docs/contract.md#spaces: one stream says which spaces of the caller have changed, and which are gone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from changes.streams import HttpClient, http_client, in_process_server, until_nobody_listens
from spaces.space_support import invite, join, new_space, redeem, remove, task_in
from support import MakeDatabase, settings_for
from tokens.token_support import store_token

from taskward.database.postgres.notifications import ChangeNotifier

Event = dict[str, Any]


class SpaceStream:
    """A reader of the stream, whose events have no id; it reads all the time."""

    def __init__(self, answer: httpx.Response) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(answer))

    async def next(self, seconds: float = 15) -> Event:
        async with asyncio.timeout(seconds):
            return await self._events.get()

    async def _read(self, answer: httpx.Response) -> None:
        rest = b""
        async for part in answer.aiter_raw():
            *blocks, rest = (rest + part).split(b"\n\n")
            for block in blocks:
                if block != b":":
                    assert block.startswith(b"data: "), block
                    self._events.put_nowait(json.loads(block.removeprefix(b"data: ")))

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def is_silent(self, seconds: float = 1.5) -> bool:
        try:
            await self.next(seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def opened(person: HttpClient) -> AsyncIterator[SpaceStream]:
    async with person.http.stream("GET", "/api/spaces/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        stream = SpaceStream(answer)
        try:
            yield stream
        finally:
            await stream.close()


async def states(person: HttpClient) -> dict[str, str]:
    listed = (await person.http.get("/api/spaces")).json()["spaces"]
    return {one["space"]["id"]: one["state"] for one in listed}


@pytest.mark.engines("disk")
async def test_a_stream_that_ends_while_it_waits_to_read_is_closed(
    engine: str, new_database: MakeDatabase
) -> None:
    """It reads once a second: the change has woken it, and the end comes before it reads."""
    async with (
        in_process_server(settings_for(await new_database(engine))) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        space = await new_space(ann)
        async with opened(ann) as stream:
            await stream.next()
            await task_in(ann, space)
            await asyncio.sleep(0.3)
        await until_nobody_listens(service)


async def test_each_space_comes_once_and_then_whenever_it_has_changed(
    engine: str, new_database: MakeDatabase
) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine))) as service,
        http_client(service.url, str(uuid4())) as ann,
        http_client(service.url, str(uuid4())) as bob,
    ):
        spaces = [await new_space(ann) for _ in range(3)]
        member = await join(ann, spaces[0], bob)
        await join(ann, spaces[1], bob)
        async with opened(bob) as stream:
            first = [await stream.next(), await stream.next()]
            assert {one["space_id"]: one["state"] for one in first} == await states(bob)

            await task_in(ann, spaces[1])
            assert await stream.next() == {
                "space_id": spaces[1][-36:],
                "state": (await states(bob))[spaces[1][-36:]],
            }
            await task_in(ann, spaces[2])
            assert await stream.is_silent()

            await redeem(bob, await invite(ann, spaces[2]))
            assert (await stream.next())["space_id"] == spaces[2][-36:]
            await task_in(ann, spaces[2])
            assert (await stream.next())["state"] == (await states(bob))[spaces[2][-36:]]

            await remove(ann, spaces[0], member)
            assert await stream.next() == {"space_id": spaces[0][-36:], "gone": True}
            await task_in(ann, spaces[0])
            assert await stream.is_silent()
            await redeem(bob, await invite(ann, spaces[0]))
            assert (await stream.next())["space_id"] == spaces[0][-36:]

            await ann.http.delete(spaces[1], params={"tasks": "delete"})
            assert await stream.next() == {"space_id": spaces[1][-36:], "gone": True}
            await bob.http.delete(f"{spaces[2]}/members/me")
            assert await stream.next() == {"space_id": spaces[2][-36:], "gone": True}


@pytest.mark.engines("memory")
async def test_a_busy_space_has_one_event_a_second(engine: str, new_database: MakeDatabase) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine))) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        space = await new_space(ann)
        async with opened(ann) as stream:
            await stream.next()
            begun, events = time.monotonic(), 0
            while time.monotonic() - begun < 2.5:
                await task_in(ann, space)
                if not await stream.is_silent(0.01):
                    events += 1
            assert 1 <= events <= 3
            while (await stream.next())["state"] != (await states(ann))[space[-36:]]:
                pass


@pytest.mark.engines("disk", "postgres")
async def test_a_removal_in_another_process_is_seen_within_6_seconds_without_notifications(
    engine: str, new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChangeNotifier, "notify", lambda *_: None)
    settings = settings_for(await new_database(engine))
    async with (
        in_process_server(settings) as one,
        in_process_server(settings) as other,
        http_client(one.url, str(uuid4())) as ann,
        http_client(other.url, str(uuid4())) as bob,
    ):
        space = await new_space(ann)
        member = await join(ann, space, bob)
        async with opened(bob) as stream:
            assert (await stream.next())["space_id"] == space[-36:]
            removed = time.monotonic()
            await remove(ann, space, member)
            while "gone" not in await stream.next():
                pass
            assert time.monotonic() - removed < 6


@pytest.mark.engines("memory")
async def test_it_is_one_stream_of_the_caller(engine: str, new_database: MakeDatabase) -> None:
    settings = settings_for(await new_database(engine), max_streams_per_user=2)
    async with (
        in_process_server(settings) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        await new_space(ann)
        async with opened(ann), ann.stream():
            refused = await ann.http.get("/api/spaces/events")
            assert (refused.status_code, refused.json()["error"]) == (429, "Too many event streams are open")
        async with asyncio.timeout(10):
            while (await ann.http.head("/api/spaces/events")).status_code != 200:
                pass


@pytest.mark.engines("memory")
async def test_a_caller_without_spaces_gets_an_event_with_the_first_one(
    engine: str, new_database: MakeDatabase
) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine))) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        refused = await ann.http.get("/api/spaces/events?kinds=tasks")
        assert refused.status_code == 400
        async with opened(ann) as stream:
            assert await stream.is_silent(0.5)
            space = await new_space(ann)
            assert (await stream.next())["space_id"] == space[-36:]


@pytest.mark.engines("memory")
async def test_a_token_gets_the_events_of_the_spaces_in_its_reach(
    engine: str, new_database: MakeDatabase
) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine))) as service,
        http_client(service.url, str(uuid4())) as ann,
    ):
        spaces = [await new_space(ann) for _ in range(2)]
        reach = [UUID(spaces[0][-36:])]
        token = await store_token(service.app, ann.sub, "read", spaces=reach)
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx.AsyncClient(base_url=service.url, headers=headers) as http,
            http.stream("GET", "/api/spaces/events") as answer,
        ):
            stream = SpaceStream(answer)
            assert (await stream.next())["space_id"] == spaces[0][-36:]
            await task_in(ann, spaces[1])
            assert await stream.is_silent()
            await stream.close()
