"""Headless Chromium, spoken to in its own protocol through two pipes: no driver, no port, no library."""

import asyncio
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from support.waiting import TIMEOUT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Of several windows only one is in front; on a busy machine the others would hardly run.
    *("--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
    "--disable-backgrounding-occluded-windows",
    "--remote-debugging-pipe",
)
_MOVE_PIPES = "import os, sys; r, w = map(int, sys.argv[1:3]); os.dup2(r, 3); os.dup2(w, 4); "
_START = _MOVE_PIPES + "os.execv(sys.argv[3], sys.argv[3:])"
"""Chromium reads commands from descriptor 3 and writes to 4."""

PAGE_TIMEOUT = 2 * TIMEOUT


class CommandError(AssertionError):
    """A command that Chromium refuses, or cannot execute in a page that is replaced by another one."""


class Browser:
    """A running Chromium."""

    def __init__(self, reader: asyncio.StreamReader, commands: Any) -> None:
        self._reader = reader
        self._commands = commands
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._contexts: list[str] = []

    async def ask(self, method: str, session: str | None = None, **values: Any) -> dict[str, Any]:
        """Sends a command and returns its result."""
        number = len(self._asked) + 1
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": values} | (
            {} if session is None else {"sessionId": session}
        )
        self._commands.write(json.dumps(command).encode() + b"\0")
        async with asyncio.timeout(PAGE_TIMEOUT):
            told = await answer
        if "error" in told:
            raise CommandError(told["error"]["message"])
        result: dict[str, Any] = told["result"]
        return result

    async def read(self) -> None:
        """Takes the answers in, until it ends."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in told and not self._asked[told["id"]].done():
                    self._asked[told["id"]].set_result(told)

    async def window(self, url: str, *, beside: "Window | None" = None, script: str = "") -> "Window":
        """Opens a window at a page: with storage of its own, or with that of another window.

        The script runs before those of each page.
        """
        context = beside.context if beside else await self._new_context()
        place = {"url": "about:blank", "browserContextId": context}
        target = await self.ask("Target.createTarget", **place, newWindow=True, width=1280, height=900)
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        window = Window(self, attached["sessionId"], context)
        await window.ask("Network.enable")
        await window.ask("Page.enable")
        await window.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        await window.ask("Page.navigate", url=url)
        await window.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        return window

    async def _new_context(self) -> str:
        context: str = (await self.ask("Target.createBrowserContext"))["browserContextId"]
        self._contexts.append(context)
        return context

    async def close_windows(self) -> None:
        """Closes all windows. Those of services that have ended would try to reconnect for ever."""
        while self._contexts:
            await self.ask("Target.disposeBrowserContext", browserContextId=self._contexts.pop())


class Window:
    """One page."""

    def __init__(self, browser: Browser, session: str, context: str) -> None:
        self._browser = browser
        self._session = session
        self.context = context

    async def ask(self, method: str, **values: Any) -> dict[str, Any]:
        return await self._browser.ask(method, self._session, **values)

    async def run(self, script: str) -> Any:
        """Returns the value of an expression."""
        found = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, condition: str, seconds: float = PAGE_TIMEOUT) -> None:
        """Waits until an expression is true, also if the page is replaced by another one meanwhile."""
        end = asyncio.get_running_loop().time() + seconds
        while not await self._holds(condition):
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"never: {condition}\n{await self.run('document.body.innerText')}")
            await asyncio.sleep(0.02)

    async def _holds(self, condition: str) -> bool:
        try:
            return bool(await self.run(condition))
        except CommandError:
            return False

    async def cut_off(self, *, offline: bool) -> None:
        """Turns the network of this page off, or on again."""
        await self.ask(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """Runs Chromium on an empty profile while the block runs."""
    assert CHROMIUM is not None
    (theirs_in, ours_out), (ours_in, theirs_out) = _high_pipe(), _high_pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _START, str(theirs_in), str(theirs_out)),
        *(CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank"),
        pass_fds=(theirs_in, theirs_out),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    read_end = os.fdopen(ours_in, "rb")
    listening, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), read_end)
    with os.fdopen(ours_out, "wb", buffering=0) as commands:
        browser = Browser(reader, commands)
        reading = asyncio.create_task(browser.read())
        try:
            yield browser
            await browser.ask("Browser.close")
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await process.wait()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading
            listening.close()
            read_end.close()


def _high_pipe() -> tuple[int, int]:
    """Returns a pipe whose ends are none of the descriptors that Chromium wants to have."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
