"""The keys of the web app, and where the focus is after them."""

import json

import pytest
from changes.browser import CHROMIUM
from changes.streams import InProcess
from clients.web_page import CTRL, WebApp
from clients.web_service import api, create

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]


async def has_focus(page: WebApp, text: str, control: str) -> None:
    """Waits until a control of the row with that text has the focus."""
    row = "document.activeElement.closest('[data-row]')"
    await page.until(
        f"{row}?.innerText.includes({json.dumps(text)}) && "
        f"document.activeElement.dataset.control === {json.dumps(control)}"
    )


async def test_space_completes_one_task_after_the_other_and_keeps_the_focus(page: WebApp) -> None:
    await page.add("One", "Two", "Three")
    await page.shows("One", "Two", "Three")
    await page.focus("Two", "check")
    await page.press("Space")
    await page.shows("One", "Three")
    await has_focus(page, "Three", "check")
    await page.press("Space")
    await page.shows("One")
    await has_focus(page, "One", "check")
    await page.press("Space")
    await page.shows()
    await has_focus(page, "Completed", "title")


async def test_a_key_undoes_a_completion_also_with_the_focus_on_a_check_box(page: WebApp) -> None:
    await page.add("One", "Two")
    await page.focus("One", "check")
    await page.press("Space")
    await page.shows("Two")
    await page.says("Completed: One", ".toast")
    await has_focus(page, "Two", "check")
    await page.press("z", CTRL)
    await page.shows("One", "Two")
    await has_focus(page, "Two", "check")
    await page.press("Delete")
    await page.says("Deleted: Two", ".toast")
    await has_focus(page, "One", "check")
    await page.press("z", CTRL)
    await page.shows("One", "Two")
    await page.open("Two")
    await page.run("document.querySelector('.details-head input').focus()")
    await page.press("Space")
    await page.says("Completed: Two", ".toast")
    await page.press("z", CTRL)
    await page.shows("One", "Two")


async def test_a_key_in_a_text_undoes_typing_alone(page: WebApp) -> None:
    await page.add("One", "Two")
    await page.check("One")
    await page.shows("Two")
    await page.run("document.querySelector('.add input').focus()")
    await page.press("z", CTRL)
    await page.says("Completed: One", ".toast")
    await page.run("document.querySelector('.task [data-control=title]').focus()")
    await page.press("z", CTRL)
    await page.shows("One", "Two")


async def test_the_focus_stays_in_the_list_when_another_device_deletes_the_task(
    page: WebApp, service: InProcess
) -> None:
    one, *_ = await create(service, {"title": "One"}, {"title": "Two"})
    await page.shows("One", "Two")
    await page.focus("One")
    async with api(service) as client:
        await client.delete(f"/api/tasks/{one['id']}")
    await page.shows("Two")
    await has_focus(page, "Two", "title")


async def test_the_focus_of_the_last_task_goes_to_the_text_in_its_place(
    page: WebApp, service: InProcess
) -> None:
    await create(service, {"title": "Later", "due": {"date": "2031-02-03"}})
    await page.click("Upcoming 1 open", ".sidebar")
    await page.focus("Later", "check")
    await page.press("Space")
    await page.shows()
    await page.until("document.activeElement.innerText === 'Nothing to do here'")


async def test_the_keys_of_an_input_method_leave_the_field_and_the_details_as_they_are(page: WebApp) -> None:
    await page.add("Milk")
    await page.open("Milk")
    await page.run("document.querySelector('.details .title textarea').focus()")
    for key in ("Enter", "Escape"):
        await page.run(
            f"document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
            f"{{ key: '{key}', isComposing: true, bubbles: true, cancelable: true }}))"
        )
        assert await page.run("document.activeElement.matches('.details .title textarea')"), key
        assert "task=" in await page.run("location.hash"), key
