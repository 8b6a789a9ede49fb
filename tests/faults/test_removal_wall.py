"""A removal ends everything at once in three processes: reads, conditional reads, streams and writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import HttpClient, Stream, http_client
from faults.own_postgres import free_port
from faults.services import serving
from spaces.space_support import SPACE_NOT_FOUND, join, new_space, remove, task_in
from support import MakeDatabase, refusal
from support.waiting import until

PROCESSES: Final = 3
STREAM_ENDS: Final = 6.0
"""Seconds after the removal within which a stream ends."""

SECRET: Final = "Written after the removal"
READS: Final = (
    "",
    "/tasks",
    "/tasks/summary?now=2026-11-25T00:00:00%2B01:00",
    "/lists",
    "/labels",
    "/changes",
    "/members",
    "/export",
)

pytestmark = [pytest.mark.processes, pytest.mark.engines("disk", "postgres")]


@dataclass
class Member:
    """What a member is answered by one process, with the time at which each request was sent."""

    client: HttpClient
    space: str
    answers: list[tuple[float, httpx.Response]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    ended: float = 0.0

    async def read(self) -> None:
        """Reads everything again and again, with the entity tags of earlier responses."""
        tags: dict[str, str] = {}
        while True:
            for path in READS:
                known = {"If-None-Match": tags[path]} if path in tags else {}
                answer = await self._send("GET", path, headers=known)
                tags[path] = answer.headers.get("etag", tags.get(path, '"0"'))

    async def write(self) -> None:
        while True:
            await self._send("POST", "/tasks", json={"title": "Of the member"})
            await self._send("POST", "/tasks/batch", json={"operations": [OPERATION]})

    async def watch(self) -> None:
        async with self.client.http.stream("GET", f"{self.space}/events") as answer:
            stream = Stream(answer)
            try:
                while True:
                    self.shown.append((await stream.next()).change)
            except (StopAsyncIteration, httpx.RemoteProtocolError):
                self.ended = monotonic()

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        sent = monotonic()
        answer = await self.client.http.request(method, self.space + path, **options)
        self.answers.append((sent, answer))
        return answer


OPERATION: Final = {"op": "create", "task": {"title": "Of the member, in a batch"}}


@pytest_asyncio.fixture
async def urls(engine: str, new_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[list[str]]:
    """Yields the addresses of processes on one database."""
    database = await new_database(engine)
    async with AsyncExitStack() as stack:
        ports = [free_port() for _ in range(PROCESSES)]
        for port in ports:
            await stack.enter_async_context(serving(tmp_path, database, port))
        yield [f"http://127.0.0.1:{port}" for port in ports]


async def test_nothing_passes_it_in_any_process(urls: list[str]) -> None:
    sub = str(uuid4())
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(http_client(urls[0], str(uuid4())))
        space = await new_space(ann)
        clients = [await stack.enter_async_context(http_client(url, sub)) for url in urls]
        members = [Member(client, space) for client in clients]
        member = await join(ann, space, clients[0])
        await task_in(ann, space, "Before", labels=["a"])
        working = [asyncio.create_task(work()) for one in members for work in (one.read, one.write)]
        watching = [asyncio.create_task(one.watch()) for one in members]
        await until(lambda: all(len(one.answers) > 50 and one.shown for one in members), 30)

        await remove(ann, space, member)
        removed = monotonic()
        number = await number_of(ann, space)
        secrets = {(await task_in(ann, space, SECRET))["id"] for _ in range(5)}
        await until(lambda: all(one.answers[-1][0] > removed + 1 for one in members), 30)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await asyncio.wait_for(asyncio.gather(*watching), 2 * STREAM_ENDS)

        for one in members:
            assert_refused(one, removed)
            assert 0 < one.ended < removed + STREAM_ENDS
            assert not secrets & {change["task"]["id"] for change in one.shown if "task" in change}
        stored = (await ann.http.get(f"{space}/changes", params={"limit": 1000})).json()["changes"]
        late = [one["task"]["title"] for one in stored if "task" in one and tag_of(one) > number]
        assert set(late) == {SECRET}


def assert_refused(member: Member, removed: float) -> None:
    after = [answer for sent, answer in member.answers if sent > removed]
    assert len(after) > len(READS)
    assert {refusal(answer) for answer in after} == {SPACE_NOT_FOUND}
    for _, answer in member.answers:
        assert SECRET not in answer.text


async def number_of(ann: HttpClient, space: str) -> int:
    """Returns the number of the latest change of a space."""
    changes = (await ann.http.get(f"{space}/changes", params={"kinds": "members", "limit": 1000})).json()
    return max(tag_of(one) for one in changes["changes"])


def tag_of(change: dict[str, Any]) -> int:
    return int(change["etag"].strip('"'))
