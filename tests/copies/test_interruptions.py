"""`taskward copy` in a process of its own: killed, stopped, and followed by clients across the switch."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from changes.streams import HttpClient, http_client, in_process_server
from copies.copied import trigger
from support import MakeDatabase, running, settings_for
from support.command import Command, command
from support.paging import insert_tasks, some_tasks
from support.postgres_connection import connected
from support.waiting import TIMEOUT, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.single_statements("copies send SQL of their own")]
LOCK = 4711


def owner(number: int) -> UUID:
    return UUID(int=number << 96)


async def test_a_copy_that_is_killed_twice_is_continued_and_verified(
    new_database: MakeDatabase, tmp_path: Path
) -> None:
    """A trigger stops the copy in the middle of a transaction: at the second owner, then at the third."""
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        for number in range(1, 4):
            await insert_tasks(app, owner(number), some_tasks(2600))
    arguments = ("copy", "--from", source, "--to", target)
    async with connected(target) as holder:
        for stopped_at in (2, 3):
            await holder.execute(";".join(trigger("tasks", _wait_at(stopped_at))))
            await holder.execute(f"SELECT pg_advisory_lock({LOCK})")
            with command(tmp_path, *arguments) as killed:
                await _until(holder, WAITING)
                killed.process.kill()
                assert killed.wait() == -signal.SIGKILL
            await holder.execute(f"SELECT pg_advisory_unlock({LOCK})")
            await _until(holder, ALONE)
            found = [row["id"].int >> 96 for row in await holder.fetch("SELECT id FROM users ORDER BY id")]
            assert found == list(range(1, stopped_at)), "each owner whole, or not at all"
            assert await holder.fetchval("SELECT count(*) FROM tasks") == 2600 * len(found)
            await holder.execute("DROP FUNCTION damage CASCADE")
        kept = await holder.fetch(WRITTEN_BY)

        with command(tmp_path, *arguments) as last:
            assert last.wait() == 0, last.err

        assert any(line.split()[:2] == ["tasks", "7800"] for line in last.out), last.out
        assert await holder.fetch(WRITTEN_BY) == kept, "what was copied is not written again"


WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
ALONE = (
    "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid())"
)
WRITTEN_BY = "SELECT xmin::text FROM users ORDER BY id LIMIT 2"


def _wait_at(number: int) -> str:
    waits = f"PERFORM pg_advisory_xact_lock_shared({LOCK});"
    return f"IF NEW.user_id = '{owner(number)}' THEN {waits} END IF; RETURN NEW;"


async def _until(connection: Any, condition: str) -> None:
    async with asyncio.timeout(4 * TIMEOUT):
        while not await connection.fetchval(condition):
            await connection.execute("SELECT pg_stat_clear_snapshot()")
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_copy_that_is_stopped_is_continued_by_the_same_command(
    stop: signal.Signals, new_database: MakeDatabase, tmp_path: Path
) -> None:
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        await insert_tasks(app, owner(1), some_tasks(3))
    arguments = ("copy", "--from", source, "--to", target)

    with command(tmp_path, *arguments, "--follow") as following:
        await _until_asked(following)
        following.process.send_signal(stop)
        assert following.wait() == 130
    with command(tmp_path, *arguments) as last:
        assert last.wait() == 0, last.err

    assert following.err[-1] == "Stopped. The same command continues the copy.\n"


async def test_clients_follow_across_the_switch_and_none_has_to_start_over(
    new_database: MakeDatabase, tmp_path: Path
) -> None:
    """Clients write, pull and stream over HTTP while the copy follows; then the service is replaced."""
    source, target = await new_database("disk"), await new_database("postgres")
    sub, key = str(uuid4()), {"Idempotency-Key": str(uuid4())}
    async with in_process_server(settings_for(source)) as old:
        port = old.port
        clients = Clients(old.url, sub)
        async with clients.run(), http_client(old.url, sub) as person:
            await clients.until_writes(5)
            with _following(tmp_path, source, target) as (following, enter):
                await asyncio.to_thread(
                    wait_for, lambda: any("press Enter" in line for line in following.err), 20
                )
                await clients.until_writes(25)
                pending = await person.http.post("/api/tasks", json={"title": "Pending"}, headers=key)
                await old.end()
                os.write(enter, b"\n")
                assert await asyncio.to_thread(following.wait) == 0, following.err
            async with in_process_server(settings_for(target), port=port) as new:
                await clients.until_writes(20)
                clients.stop_writing()
                async with http_client(new.url, sub) as again:
                    repeated = await again.http.post("/api/tasks", json={"title": "Pending"}, headers=key)
                    tasks = {task["id"]: task for task in await _all_tasks(again)}
                await clients.until_equal(tasks)
    assert (repeated.headers["idempotent-replayed"], repeated.content) == ("true", pending.content)
    assert clients.acknowledged <= tasks.keys()
    assert set(clients.statuses) <= {200, 201, 503}


async def _until_asked(following: Command) -> None:
    """Waits until the operator is asked to switch."""
    await asyncio.to_thread(wait_for, lambda: "press Enter" in "".join(following.err), 4 * TIMEOUT)


async def _all_tasks(person: HttpClient) -> list[dict[str, Any]]:
    answer = await person.http.get("/api/tasks", params={"limit": "1000"})
    tasks: list[dict[str, Any]] = answer.json()["tasks"]
    return tasks


@contextmanager
def _following(folder: Path, source: str, target: str) -> Iterator[tuple[Command, int]]:
    """Runs the command with a terminal that is a pipe; yields the end that is written to."""
    read, write = os.pipe()
    arguments = ("copy", "--from", source, "--to", target, "--follow")
    with open(read, "rb") as stdin:  # noqa: PTH123 - a descriptor
        following = Command(folder, *arguments, environment={}, stdin=stdin.fileno())
    try:
        yield following, write
    finally:
        os.close(write)
        following.process.kill()
        following.wait()


class Clients:
    """A writer, a client that pulls the feed, and one that reads the event stream, of one person."""

    def __init__(self, url: str, sub: str) -> None:
        self._url = url
        self._sub = sub
        self._writing = True
        self.acknowledged: set[str] = set()
        self.statuses: list[int] = []
        self.pulled: dict[str, Any] = {}
        self.streamed: dict[str, Any] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        work = (self._write, self._pull, self._stream)
        tasks = [asyncio.create_task(self._keep(one)) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def stop_writing(self) -> None:
        self._writing = False

    async def until_writes(self, more: int) -> None:
        count = len(self.acknowledged) + more
        async with asyncio.timeout(4 * TIMEOUT):
            while len(self.acknowledged) < count:  # noqa: ASYNC110 - three tasks change it
                await asyncio.sleep(0.02)

    async def until_equal(self, tasks: dict[str, Any]) -> None:
        async with asyncio.timeout(2 * TIMEOUT):
            while not self.pulled == self.streamed == tasks:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)

    async def _keep(self, work: Callable[[HttpClient], Awaitable[None]]) -> None:
        """Works over one connection after the other, as clients do that repeat what has failed."""
        while True:
            with suppress(httpx.TransportError):
                async with http_client(self._url, self._sub) as person:
                    await work(person)
            await asyncio.sleep(0.05)

    async def _write(self, person: HttpClient) -> None:
        while self._writing:
            answer = await person.http.post("/api/tasks", json={"title": "Task"})
            self.statuses.append(answer.status_code)
            if answer.status_code == 201:
                self.acknowledged.add(answer.json()["id"])
                await person.http.put(answer.headers["location"], json={"is_completed": True})
            await asyncio.sleep(0.03)

    _cursor = ""

    async def _pull(self, person: HttpClient) -> None:
        while True:
            query = {"since": self._cursor} if self._cursor else {}
            answer = await person.http.get("/api/changes", params=query)
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                for change in answer.json()["changes"]:
                    _apply(self.pulled, change)
                self._cursor = answer.json()["cursor"]
            await asyncio.sleep(0.03)

    _last_id: str | None = None

    async def _stream(self, person: HttpClient) -> None:
        try:
            async with person.stream(self._last_id) as stream:
                while True:
                    event = await stream.next()
                    _apply(self.streamed, event.change)
                    self._last_id = event.id
        except httpx.HTTPStatusError as error:
            self.statuses.append(error.response.status_code)
        except (StopAsyncIteration, TimeoutError):
            pass


def _apply(copy: dict[str, Any], change: dict[str, Any]) -> None:
    if change["op"] == "delete":
        copy.pop(change["id"], None)
    else:
        copy[change["task"]["id"]] = change["task"]
