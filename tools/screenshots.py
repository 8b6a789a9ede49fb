"""Writes the screenshot of docs/nextjs.md: `make screenshots`; needs npm and Chromium."""

import asyncio
import base64
import tempfile
from pathlib import Path
from typing import Final

from changes.browser import Window, chromium
from clients.nextjs_example import Person, copied_example, running_app

DOCS: Final = Path(__file__).parents[1] / "docs"
TITLES: Final = ("Water the plants", "Call the dentist", "Buy milk")


async def tasks_page(app: str, profile: Path) -> bytes:
    """Returns a screenshot of the list of a person who has completed one of three tasks."""
    async with chromium(profile) as browser:
        ann = await Person.of(browser, app, "ann@example.com", "Sign up")
        for count in range(1, len(TITLES) + 1):
            await ann.add(TITLES[count - 1])
            await ann.sees(*reversed(TITLES[:count]))
        await ann.window.run("document.querySelectorAll('li input')[1].click()")
        await ann.window.until("document.querySelectorAll('li input')[1].checked")
        return await screenshot(ann.window, width=640, height=400)


async def screenshot(window: Window, *, width: int, height: int, dark: bool = False) -> bytes:
    """Returns a PNG of the page, without the focus and without what the development server adds."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await window.ask("Emulation.setEmulatedMedia", features=[scheme])
    await window.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
    )
    await window.run("document.querySelector('nextjs-portal')?.remove(); document.activeElement.blur()")
    shot = await window.ask("Page.captureScreenshot", format="png")
    return base64.b64decode(shot["data"])


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        copied_example() as example,
        running_app(example, Path(folder)) as url,
    ):
        picture = asyncio.run(tasks_page(url, Path(folder) / "chromium"))
    (DOCS / "nextjs.png").write_bytes(picture)
