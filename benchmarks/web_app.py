"""Measures the web app in Chromium: the first list, and scrolling. `make bench-web-app`; a minute."""

import asyncio
import statistics
import tempfile
from pathlib import Path

from changes.browser import Browser, chromium
from clients.web_page import LONG_TASKS, SCROLL, WebApp, open_web_app
from clients.web_service import service_with

REPEATS = 5
STEPS = 60
"""Jumps of `SCROLL`."""
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


async def cpu_seconds(page: WebApp) -> float:
    """Returns the CPU time that the page has used."""
    metrics = (await page.window.ask("Performance.getMetrics"))["metrics"]
    return float(sum(one["value"] for one in metrics if one["name"] == "TaskDuration"))


async def measure(folder: Path) -> None:
    async with chromium(folder / "chromium") as browser:
        async with service_with(1000, folder / "thousand") as service:
            times = [await first_list(browser, service.url) for _ in range(REPEATS)]
        print(f"first list with 1,000 tasks: {statistics.median(times):.0f} ms (worst {max(times):.0f} ms)")
        async with service_with(10_000, folder / "many") as service:
            page = await open_web_app(browser, service.url, script=LONG_TASKS)
            await page.says("10000", ".sidebar .count")
            await page.window.ask("Performance.enable", timeDomain="threadTicks")
            used = await cpu_seconds(page)
            longest = [(await page.run(SCROLL))[0] for _ in range(REPEATS)]
            frame = (await cpu_seconds(page) - used) / REPEATS / STEPS * 1000
            await page.reload()
            again = await page.run("performance.now()")
        print(f"scrolling 10,000 tasks: {frame:.1f} ms of CPU a jump, longest task {max(longest):.0f} ms")
        print(f"reload with 10,000 tasks on the device: {again:.0f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))
