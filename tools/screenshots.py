"""Writes the screenshots of docs/nextjs.md and docs/web-app.md; `make screenshots` runs it."""

import asyncio
import base64
import io
import tempfile
from pathlib import Path
from typing import Final

from changes.browser import Browser, Window, chromium
from clients.nextjs_example import Person, copied_example, running_app
from clients.web_page import open_web_app
from clients.web_service import api, development
from PIL import Image
from sample_account import fill, fill_space

DOCS: Final = Path(__file__).parents[1] / "docs"
COLOURS: Final = 256
"""Colours of a picture, which make it a third of its size."""

TITLES: Final = ("Water the plants", "Call the dentist", "Buy milk")


async def of_example(browser: Browser, folder: Path) -> None:
    """Shows the list of a person who has completed one of three tasks."""
    with copied_example() as example, running_app(example, folder) as url:
        ann = await Person.of(browser, url, "ann@example.com", "Sign up")
        for count in range(1, len(TITLES) + 1):
            await ann.add(TITLES[count - 1])
            await ann.sees(*reversed(TITLES[:count]))
        await ann.window.run("document.querySelectorAll('li input')[1].click()")
        await ann.window.until("document.querySelectorAll('li input')[1].checked")
        await save(ann.window, "nextjs.png", width=640, height=400)
        await browser.close_windows()


async def of_web_app(browser: Browser, folder: Path) -> None:
    """Shows a list with a task, the tasks of today on a telephone in the dark, and a task of two people."""
    async with development(folder) as service:
        async with api(service) as client:
            await fill(client)
        page = await open_web_app(browser, service.url)
        await page.click("Work 9 open", ".sidebar")
        await page.open("Prepare the quarterly review")
        await page.says("Draft the outlook", ".details")
        await save(page.window, "web-app.png", width=1280, height=800)
        small = await open_web_app(browser, service.url)
        await small.click("Today 5 open", ".sidebar")
        await small.says("Water the plants")
        await save(small.window, "web-app-small.png", width=390, height=844, dark=True)
        async with api(service) as ann, api(service, "bob") as bob:
            await fill_space(ann, bob)
        shared = await open_web_app(browser, service.url)
        await shared.click("Flat 3 open", ".sidebar")
        await shared.open("Buy a lamp for the kitchen")
        await shared.says("Yes, tomorrow. Warm white again?", ".details")
        await shared.run("document.querySelector('.discussion form').scrollIntoView({ block: 'end' })")
        await save(shared.window, "web-app-shared.png", width=1280, height=900)
        await browser.close_windows()


async def save(window: Window, name: str, *, width: int, height: int, dark: bool = False) -> None:
    """Saves a PNG of the page, without the focus and without what the development server adds."""
    features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
    media = [{"name": name, "value": value} for name, value in features.items()]
    await window.ask("Emulation.setEmulatedMedia", features=media)
    await window.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
    )
    await window.run("document.querySelector('nextjs-portal')?.remove(); document.activeElement.blur()")
    shot = await window.ask("Page.captureScreenshot", format="png")
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"])))
    picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(DOCS / name, optimize=True)


async def main(folder: Path) -> None:
    async with chromium(folder / "chromium") as browser:
        await of_example(browser, folder)
        await of_web_app(browser, folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
