"""Nothing in the web app is wider than the screen, and each address shows something."""

import pytest
from changes.browser import CHROMIUM
from changes.streams import InProcess
from clients.web_page import WebApp
from clients.web_service import api, create

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

LINK = "https://example.com/" + "a" * 90
WIDER = """
(() => {
const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
return [document.documentElement, ...document.querySelectorAll("body *")]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
  .filter((one) => one === document.documentElement || scrolls(one))
  .concat([...document.querySelectorAll("main *, .details *, dialog *")].filter((one) =>
    one.checkVisibility({ visibilityProperty: true })
      && one.closest(".visually-hidden, [style*='translateY']") === null
      && one.getBoundingClientRect().right > innerWidth + 1))
  .map((one) => `${one.localName}.${one.className}: ${one.scrollWidth} in ${one.clientWidth}`);
})()
"""
"""Returns what scrolls sideways, and what ends right of the screen."""


async def resize(page: WebApp, width: int) -> None:
    sizes = {"height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    await page.window.ask("Emulation.setDeviceMetricsOverride", width=width, **sizes)
    await page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize("width", [320, 1280])
async def test_a_long_word_makes_nothing_wider(page: WebApp, service: InProcess, width: int) -> None:
    parent, _ = await create(
        service,
        {"title": LINK, "description": LINK, "labels": ["M" * 50], "due": {"date": "2031-02-03"}},
        {"title": "Other"},
    )
    await create(service, {"title": LINK, "parent_id": parent["id"], "description": LINK})
    await page.shows(LINK, LINK, "Other")
    await resize(page, width)
    assert await page.run(WIDER) == []
    await page.open(LINK)
    assert await page.run(WIDER) == []
    await page.run("document.querySelector('.details .title textarea').select()")
    await page.window.ask("Input.insertText", text="b" * 199)
    assert await page.run(WIDER) == []
    await page.click("Move down", ".details")
    await page.press("Escape")


@pytest.mark.parametrize("width", [320, 1280])
async def test_a_long_word_makes_the_trash_no_wider(page: WebApp, service: InProcess, width: int) -> None:
    [parent] = await create(service, {"title": LINK})
    await create(service, {"title": LINK, "parent_id": parent["id"]})
    async with api(service) as client:
        await client.delete(f"/api/tasks/{parent['id']}?subtasks=delete&to=trash")
    await page.click("Trash", ".sidebar")
    await page.until("document.querySelectorAll('.trash li').length === 2")
    await resize(page, width)
    assert await page.run(WIDER) == []


@pytest.mark.parametrize("width", [320, 1280])
async def test_a_long_label_makes_the_filters_no_wider(page: WebApp, service: InProcess, width: int) -> None:
    await create(service, {"title": "One", "labels": ["M" * 40]})
    await page.shows("One")
    await resize(page, width)
    await page.click("Filter and sort")
    await page.until("document.querySelector('.filters') !== null")
    await page.choose("Label", "M" * 40)
    assert await page.run(WIDER) == []


@pytest.mark.parametrize("path", ["label/%E0%A4%A", "label/%", "list/%", "%E0%A4%A?task=%E0%A4%A&q=%"])
async def test_an_address_that_cannot_be_decoded_shows_something(
    page: WebApp, service: InProcess, path: str
) -> None:
    await page.window.ask("Page.navigate", url=f"{service.url}/#/{path}")
    await page.reload()
    await page.until("document.querySelector('h1')?.innerText !== ''")
    await page.click("All tasks", ".sidebar")
    await page.says("All tasks", "h1")
