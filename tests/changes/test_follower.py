"""Followers of the feed: under eight writers and restarts they come to hold just what the list gives."""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from changes.streams import Event, HttpClient, http_client, in_process_server, process, two_servers
from support import MakeDatabase, settings_for
from support.postgres_connection import connected
from support.waiting import until

from taskward.database.postgres.notifications import POLL_INTERVAL

WRITERS = 8
WRITES = 25
"""Of each writer."""

Find = Callable[[], HttpClient]
"""Returns a client of one process or another."""


class Writers:
    """Eight at once, who create, change and delete what they find; what fails is not tried again."""

    def __init__(self, find: Find, seed: int) -> None:
        self._find = find
        self._random = random.Random(seed)  # noqa: S311 - so that a failure comes again
        self._known: list[str] = []
        self.done = 0

    async def write(self) -> None:
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(self._one())

    async def _one(self) -> None:
        written = 0
        while written < WRITES:
            try:
                await self._act(self._find())
            except httpx.TransportError:  # it is restarting
                await asyncio.sleep(0.05)
                continue
            written += 1
            self.done += 1
            await asyncio.sleep(self._random.random() / 50)

    async def _act(self, person: HttpClient) -> None:
        act = self._random.random()
        if act < 0.4 or not self._known:
            answer = await person.http.post("/api/tasks", json={"title": f"Task {self._random.random()}"})
            if answer.status_code == 201:
                self._known.append(answer.json()["id"])
        elif act < 0.7:
            fields = {"title": f"Changed {self._random.random()}"}
            await person.http.put(f"/api/tasks/{self._random.choice(self._known)}", json=fields)
        elif act < 0.9:
            await person.http.delete(f"/api/tasks/{self._random.choice(self._known)}")
        else:
            operations = [{"op": "create", "task": {"title": "Batched"}}] * 3
            await person.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})


class Follower:
    """Holds the tasks as the changes make them, and notices when one comes again."""

    def __init__(self, find: Find) -> None:
        self.tasks: dict[str, Any] = {}
        self.cursor: str | None = None
        self.starts = 0
        self.turns = 0
        self._find = find
        self._seen: set[tuple[str, str]] = set()

    async def follow(self) -> None:
        """Follows until cancelled, also if the connection fails."""
        while True:
            self.turns += 1
            try:
                await self.turn(self._find())
            except httpx.HTTPStatusError as error:
                if error.response.status_code == 410:
                    self.tasks, self.cursor, self.starts = {}, None, self.starts + 1
                    self._seen.clear()
                elif error.response.status_code < 500:
                    raise
            except (httpx.TransportError, StopAsyncIteration):
                await asyncio.sleep(0.02)

    async def turn(self, person: HttpClient) -> None:
        raise NotImplementedError

    def apply(self, change: dict[str, Any]) -> None:
        if change["op"] == "delete":
            self.tasks.pop(change["id"], None)
            return
        task = change["task"]
        state = (task["id"], task["updated_at"])
        assert state not in self._seen, "a change was repeated"
        self._seen.add(state)
        self.tasks[task["id"]] = task


class Pulling(Follower):
    async def turn(self, person: HttpClient) -> None:
        query: dict[str, Any] = {"limit": random.randint(1, 20)}  # noqa: S311 - any will do
        if self.cursor is not None:
            query["since"] = self.cursor
        answer = await person.http.get("/api/changes", params=query)
        answer.raise_for_status()
        found = answer.json()
        for change in found["changes"]:
            self.apply(change)
        self.cursor = found["cursor"]
        await asyncio.sleep(0.01)


class Pushed(Follower):
    """Disconnects after some events, and reconnects with the id of the last."""

    async def turn(self, person: HttpClient) -> None:
        async with person.stream(self.cursor) as stream:
            for _ in range(random.randint(1, 30)):  # noqa: S311 - any will do
                event = await stream.next(60)
                self.apply(event.change)
                self.cursor = event.id


async def converge(find: Find, seed: int, meanwhile: Callable[[], Awaitable[None]]) -> list[Follower]:
    """Runs the writers and the followers; in the end all must have the same tasks."""
    writers = Writers(find, seed)
    followers = [Pulling(find), Pushed(find), Pushed(find)]
    following = [asyncio.create_task(follower.follow()) for follower in followers]
    try:
        async with asyncio.timeout(40):
            writing = asyncio.create_task(writers.write())
            while writers.done < WRITERS * WRITES / 3:  # noqa: ASYNC110 - a third of it
                await asyncio.sleep(0.01)
            await meanwhile()
            await writing
        held = {task["id"]: task for task in await find().tasks()}
        assert held
        begun = time.monotonic()
        while any(follower.tasks != held for follower in followers) and time.monotonic() < begun + 10:
            assert not any(one.done() for one in following), [
                one.exception() for one in following if one.done()
            ]
            await asyncio.sleep(0.02)
        for follower in followers:
            assert follower.tasks == held, type(follower).__name__
    finally:
        for one in following:
            one.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return followers


async def test_followers_converge_under_eight_writers_and_a_restart(
    engine: str, new_database: MakeDatabase
) -> None:
    settings = settings_for(await new_database(engine))
    sub = str(uuid4())
    async with AsyncExitStack() as connections, AsyncExitStack() as services:
        service = await services.enter_async_context(in_process_server(settings))
        person = await connections.enter_async_context(http_client(service.url, sub))

        async def restart() -> None:
            await services.aclose()
            await services.enter_async_context(in_process_server(settings, port=service.port))

        followers = await converge(lambda: person, 1, restart)
    assert all(follower.turns > 5 for follower in followers)
    if engine != "memory":  # there the restart was an erasure, and each had to start over
        assert [follower.starts for follower in followers] == [0, 0, 0]


@pytest_asyncio.fixture(scope="module")
async def pair(
    new_postgres: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str, str]]:
    """Yields the URL of a PostgreSQL, and those of two processes of `taskward serve` on it."""
    url, folder = await new_postgres(), tmp_path_factory.mktemp("pair")
    async with process(url, folder) as one, process(url, folder) as other:
        yield url, one, other


@pytest.mark.processes
async def test_followers_converge_with_two_processes_one_of_which_is_restarted(
    new_postgres: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    url, sub = await new_postgres(), str(uuid4())
    async with AsyncExitStack() as connections, AsyncExitStack() as second, process(url, tmp_path) as one:
        other = await second.enter_async_context(process(url, tmp_path))
        people = [await connections.enter_async_context(http_client(each, sub)) for each in (one, other)]

        async def restart() -> None:
            await second.aclose()
            port = int(other.rpartition(":")[2])
            await second.enter_async_context(process(url, tmp_path, port))

        followers = await converge(lambda: random.choice(people), 3, restart)  # noqa: S311 - any will do
    assert [follower.starts for follower in followers] == [0, 0, 0]


@pytest.mark.processes
async def test_a_change_is_pushed_to_the_streams_of_another_process_at_once(
    pair: tuple[str, str, str], record_property: Callable[[str, object], None]
) -> None:
    _, here, there = pair
    sub = str(uuid4())
    async with (
        http_client(here, sub) as reader,
        http_client(there, sub) as writer,
        reader.stream() as stream,
    ):
        await writer.create("Warm up")
        await stream.next()
        await asyncio.sleep(0.5)
        delays = []
        for n in range(30):
            task = await writer.create(str(n))
            committed = time.perf_counter()
            event = await stream.next()
            delays.append(time.perf_counter() - committed)
            assert event.change["task"] == task
            await asyncio.sleep(random.random() / 20)  # noqa: S311 - so that no rhythm helps
    told = f"median {statistics.median(delays) * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms"
    record_property("push latency across two processes", told)
    print(f"push latency across two processes: {told}")  # noqa: T201 - a figure worth seeing
    assert statistics.median(delays) < 1


@pytest.mark.processes
async def test_the_listening_connection_is_there_only_while_streams_are_open(
    pair: tuple[str, str, str],
) -> None:
    url, here, _ = pair
    async with connected(url) as connection, http_client(here, str(uuid4())) as one:
        await until_listeners(connection, 0)
        async with one.stream():
            await until_listeners(connection, 1)
        await until_listeners(connection, 0)


@pytest.mark.processes
async def test_a_listener_that_is_cut_off_misses_nothing_and_listens_again(
    pair: tuple[str, str, str],
) -> None:
    url, here, there = pair
    sub = str(uuid4())
    async with (
        connected(url) as connection,
        http_client(here, sub) as reader,
        http_client(there, sub) as writer,
        reader.stream() as stream,
    ):
        await until_listeners(connection, 1)
        await connection.execute(END_LISTENERS)
        task = await writer.create("While nobody listens")
        assert (await stream.next(3 * POLL_INTERVAL + 1)).change["task"] == task
        await until_listeners(connection, 1)


_LISTENERS = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')
"""
COUNT_LISTENERS = "SELECT count(*)" + _LISTENERS
END_LISTENERS = "SELECT pg_terminate_backend(pid)" + _LISTENERS


async def listeners(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval(COUNT_LISTENERS))


async def until_listeners(connection: Any, number: int) -> None:
    async def is_reached() -> bool:
        return await listeners(connection) == number

    await until(is_reached)


@pytest.mark.processes
async def test_where_nothing_can_be_heard_polling_finds_the_changes_of_other_processes(
    new_postgres: Callable[[], Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def through_a_pooler(_: object) -> bool:
        return True

    monkeypatch.setattr("taskward.database.postgres.connector._is_pooled", through_a_pooler)
    url = await new_postgres()
    async with two_servers(url, str(uuid4())) as (here, there), here.stream() as stream:
        for n in range(3):
            task = await there.create(str(n))
            assert (await stream.next(POLL_INTERVAL + 1)).change["task"] == task
        async with connected(url) as connection:
            assert await listeners(connection) == 0


async def test_on_disk_a_change_of_another_process_is_found_by_the_version_of_the_file(
    new_database: MakeDatabase,
) -> None:
    url = await new_database("disk")
    async with two_servers(url, str(uuid4())) as (here, there), here.stream() as stream:
        for n in range(5):
            task = await there.create(str(n))
            assert (await stream.next(2)).change["task"] == task


async def test_an_erasure_by_another_process_ends_the_stream(engine: str, new_database: MakeDatabase) -> None:
    if engine == "memory":
        return  # no two processes share it
    async with two_servers(await new_database(engine), str(uuid4())) as (here, there):
        await there.create()
        async with here.stream() as stream:
            seen: Event = await stream.next()
            await there.http.delete("/api/me")
            assert await stream.ends(3)
        answer = await here.http.get("/api/events", headers={"Last-Event-ID": seen.id})
        assert answer.status_code == 410
