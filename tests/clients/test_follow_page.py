"""examples/follow.html in a real browser: two windows, a network that fails, and nothing that is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser, Window
from changes.streams import HttpClient, InProcess, http_client, in_process_server
from support import MakeDatabase, settings_for, token_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

PAGE = Path(__file__).parents[2] / "examples" / "follow.html"
SECONDS = 5.0
"""Within which a change must be seen."""


@asynccontextmanager
async def page_served() -> AsyncIterator[str]:
    """Serves the page from an origin of its own, and returns that origin."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = PAGE.read_bytes()
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        )
        writer.write(head % len(body) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Follower:
    """A user of the page."""

    def __init__(self, window: Window) -> None:
        self.window = window

    @classmethod
    async def of(cls, browser: Browser, origin: str, api: str, token: str) -> "Follower":
        window = await browser.window(f"{origin}/follow.html")
        for field, value in {"api": api, "token": token}.items():
            await window.run(f"document.getElementById('{field}').value = {json.dumps(value)}")
        await window.run("document.getElementById('session').requestSubmit()")
        follower = cls(window)
        await follower.is_shown("live")
        return follower

    async def is_shown(self, state: str, seconds: float = 4 * SECONDS) -> None:
        await self.window.until(f"document.getElementById('status').dataset.state === '{state}'", seconds)

    async def add(self, title: str) -> None:
        await self.window.run(f"document.getElementById('title').value = {json.dumps(title)}")
        await self.window.run("document.getElementById('adding').requestSubmit()")

    async def click(self, title: str, what: str) -> None:
        item = (
            f"[...document.querySelectorAll('li')].find(li => li.textContent.includes({json.dumps(title)}))"
        )
        await self.window.run(f"{item}.querySelector('{what}').click()")

    async def sees(self, *lines: str, seconds: float = SECONDS) -> None:
        """Waits until the list is this, newest first; `x ` stands before what is done, `? ` what waits."""
        script = """[...document.querySelectorAll('li')].map(li =>
            (li.classList.contains('waiting') ? '? ' : '') + (li.classList.contains('done') ? 'x ' : '')
            + li.querySelector('span').textContent)"""
        await self.window.until(f"JSON.stringify({script}) === JSON.stringify({json.dumps(lines)})", seconds)

    async def note(self) -> str:
        return str(await self.window.run("document.getElementById('note').textContent"))


class TwoWindows(NamedTuple):
    """Two windows of one user, the user's client of the API, the service, and what stops it."""

    here: Follower
    there: Follower
    person: HttpClient
    service: InProcess
    services: AsyncExitStack


@pytest_asyncio.fixture
async def windows(browser: Browser, new_database: MakeDatabase) -> AsyncIterator[TwoWindows]:
    async with page_served() as origin, AsyncExitStack() as services:
        settings = settings_for(await new_database("disk"), frontend_url=origin)
        service = await services.enter_async_context(in_process_server(settings))
        sub = str(uuid4())
        async with http_client(service.url, sub) as person:
            here, there = [await Follower.of(browser, origin, service.url, token_for(sub)) for _ in range(2)]
            yield TwoWindows(here, there, person, service, services)


async def test_what_happens_in_one_window_is_seen_in_the_other(windows: TwoWindows) -> None:
    here, there, person, *_ = windows
    await here.add("Milk <b>&amp;</b>")
    await there.sees("Milk <b>&amp;</b>")
    await there.add("Bread")
    await here.sees("Bread", "Milk <b>&amp;</b>")
    await here.click("Milk", "input")
    await there.sees("Bread", "x Milk <b>&amp;</b>")
    await there.click("Milk", "button")
    await here.sees("Bread")
    await person.create("From elsewhere")
    for window in (here, there):
        await window.sees("From elsewhere", "Bread")
    assert [await here.note(), await there.note()] == ["", ""]


async def test_a_concurrent_change_is_not_overwritten(windows: TwoWindows) -> None:
    here, there, person, *_ = windows
    task = await person.create("Mine")
    await here.sees("Mine")
    await here.click("Mine", "input")
    for window in (here, there):
        await window.sees("x Mine")
    await here.window.cut_off(offline=True)
    await here.click("Mine", "input")
    await here.sees("? Mine")
    await person.http.put(f"/api/tasks/{task['id']}", json={"title": "Theirs"})
    await here.window.cut_off(offline=False)
    await here.sees("x Theirs", seconds=4 * SECONDS)
    assert "Somebody else changed it" in await here.note()
    assert [one["is_completed"] for one in await person.tasks()] == [True]


async def test_the_network_is_cut_and_comes_back_and_nothing_is_lost(windows: TwoWindows) -> None:
    here, there, person, *_ = windows
    await here.add("Before")
    await there.sees("Before")
    await here.window.cut_off(offline=True)
    await here.is_shown("offline")
    await here.add("Written offline")
    await here.sees("? Written offline", "Before")
    await there.add("Written meanwhile")
    await there.click("Before", "button")
    await there.sees("Written meanwhile")
    await here.window.cut_off(offline=False)
    for window in (here, there):
        await window.sees("Written offline", "Written meanwhile", seconds=4 * SECONDS)
    await here.is_shown("live")
    assert len(await person.tasks()) == 2


async def test_the_service_is_restarted_and_nothing_is_lost(windows: TwoWindows) -> None:
    here, there, person, service, services = windows
    await here.add("Before")
    await there.sees("Before")
    await services.aclose()
    await here.is_shown("offline")
    await here.add("Written meanwhile")
    await services.enter_async_context(in_process_server(service.settings, port=service.port))
    for window in (here, there):
        await window.sees("Written meanwhile", "Before", seconds=4 * SECONDS)
        await window.is_shown("live")
    assert len(await person.tasks()) == 2
