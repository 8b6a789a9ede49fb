"""Measures the web app in Chromium: the first list, and scrolling. `make bench-web-app`; a minute."""

import asyncio
import statistics
import tempfile
from pathlib import Path

from changes.browser import Browser, chromium
from clients.web_page import JUMPS, LONG_TASKS, SCROLL, open_web_app
from clients.web_service import service_with

REPEATS = 5
MARK = """
new MutationObserver((_, observer) => {
  if (document.querySelector(".tasks .task") === null) return;
  window.shownAfter = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first task is in the page, in milliseconds after the navigation."""


async def first_list(browser: Browser, url: str) -> float:
    """Returns the milliseconds until a browser that knows nothing shows a task."""
    page = await open_web_app(browser, url, script=MARK)
    await page.until("window.shownAfter > 0")
    shown: float = await page.run("shownAfter")
    return shown


async def measure(folder: Path) -> None:
    async with chromium(folder / "chromium") as browser:
        async with service_with(1000, folder / "thousand") as service:
            times = [await first_list(browser, service.url) for _ in range(REPEATS)]
        print(f"first list with 1,000 tasks: {statistics.median(times):.0f} ms (worst {max(times):.0f} ms)")
        async with service_with(10_000, folder / "many") as service:
            page = await open_web_app(browser, service.url, script=LONG_TASKS)
            await page.says("10000", ".sidebar .count")
            used = await page.cpu_seconds()
            longest = [(await page.run(SCROLL))[0] for _ in range(REPEATS)]
            jump = (await page.cpu_seconds() - used) / REPEATS / JUMPS * 1000
            await page.reload()
            again = await page.run("performance.now()")
        print(f"scrolling 10,000 tasks: {jump:.1f} ms of CPU a jump")
        print(f"longest task of 50 ms or more while scrolling: {max(longest):.0f} ms")
        print(f"reload with 10,000 tasks on the device: {again:.0f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))
