"""Event streams that send a long history let other requests run after each page."""

import asyncio
from itertools import groupby
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.types import Message
from support import Person, token_for
from support.paging import insert_tasks, some_tasks

from taskward.changes.sse import PAGE

PAGES: Final = 6
STREAMS: Final = 3

pytestmark = pytest.mark.engines("disk", "postgres")


async def test_no_two_pages_of_any_streams_are_written_in_one_turn_of_the_event_loop(
    app: FastAPI, ann: Person
) -> None:
    await insert_tasks(app, ann, some_tasks(PAGES * PAGE))
    turns, sent = [0], list[int]()
    counting = asyncio.create_task(count_turns(turns))

    await asyncio.gather(*(read_history(app, ann, turns, sent) for _ in range(STREAMS)))

    counting.cancel()
    assert len(sent) == STREAMS * PAGES
    assert max(len([*pages]) for _, pages in groupby(sent)) == 1


async def count_turns(turns: list[int]) -> None:
    while True:
        turns[0] += 1
        await asyncio.sleep(0)


async def read_history(app: FastAPI, person: Person, turns: list[int], sent: list[int]) -> None:
    """Reads a stream as fast as it is sent, and adds the turn in which each page came."""
    pages, done = 0, asyncio.Event()

    async def receive() -> Message:
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal pages
        if message.get("body", b"").startswith(b"id:"):
            sent.append(turns[0])
            pages += 1
        if pages == PAGES:
            done.set()

    headers = [(b"host", b"test"), (b"authorization", f"Bearer {token_for(person.sub)}".encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/events",
        "query_string": b"",
        "http_version": "1.1",
        "headers": headers,
    }
    await app(scope, receive, send)
