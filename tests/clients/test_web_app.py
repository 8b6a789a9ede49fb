"""The web app in a real browser: docs/web-app.md."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser, chromium
from changes.streams import InProcess
from clients.web_page import ALT, WebApp, api, development, open_web_app

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

Task = dict[str, Any]
LOST_RESPONSE = """
const send = fetch;
window.fetch = async (input, init) => {
  const response = await send(input, init);
  if (!String(input).includes("/api/batch") || sessionStorage.getItem("lost")) return response;
  sessionStorage.setItem("lost", "yes");
  return new Promise(() => undefined);
};
"""
"""The first batch is executed, and its response never arrives."""


@pytest_asyncio.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Yields the one browser of all tests; each of their windows has storage of its own."""
    async with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[InProcess]:
    """Yields a service in development, with an empty database."""
    async with development(tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Browser, service: InProcess) -> AsyncIterator[WebApp]:
    """Yields the web app, which has signed in by itself. Nothing may go wrong in it unseen."""
    opened = await open_web_app(browser, service.url)
    yield opened
    assert await opened.problems() == []


async def tasks_of(service: InProcess) -> list[Task]:
    """Returns what the service has, oldest first."""
    async with api(service) as client:
        listed: list[Task] = (await client.get("/api/tasks?sort=created_at")).json()["tasks"]
        return listed


async def stored(service: InProcess, holds: Callable[[list[Task]], object]) -> list[Task]:
    """Waits until the tasks of the service are as a function says, and returns them."""
    async with asyncio.timeout(20):
        while not holds(tasks := await tasks_of(service)):  # noqa: ASYNC110 - the API has nothing to wait for
            await asyncio.sleep(0.05)
    return tasks


async def create(service: InProcess, *bodies: Task) -> list[Task]:
    """Creates tasks by the API, as another device does."""
    async with api(service) as client:
        return [(await client.post("/api/tasks", json=body)).json() for body in bodies]


async def change(service: InProcess, task: Task, body: Task) -> None:
    """Changes a task by the API, as another device does."""
    async with api(service) as client:
        assert (await client.patch(f"/api/tasks/{task['id']}", json=body)).status_code == 200


async def test_tasks_are_added_moved_and_deleted_by_keys(page: WebApp, service: InProcess) -> None:
    await page.add("Buy milk", "Call the bank", "Water the plants")
    await page.shows("Buy milk", "Call the bank", "Water the plants")
    await page.focus("Buy milk")
    await page.press("ArrowDown")
    await page.press("ArrowDown")
    await page.press("ArrowUp", ALT)
    await page.shows("Buy milk", "Water the plants", "Call the bank")
    await page.says("Water the plants: 2 of 3", ".toast")
    await page.press("ArrowRight", ALT)
    await page.says("1 of 1 below Buy milk", ".toast")
    await page.until("document.querySelector('[data-level=\"1\"]').innerText.includes('Water the plants')")
    await page.press("ArrowLeft", ALT)
    await page.until("document.querySelector('[data-level=\"1\"]') === null")
    await page.until("document.activeElement.innerText.includes('Water the plants')")
    await page.press("Delete")
    await page.shows("Buy milk", "Call the bank")
    await page.click("Undo")
    await page.shows("Buy milk", "Water the plants", "Call the bank")

    tasks = await stored(
        service, lambda found: [one["title"] for one in found].count("Water the plants") == 1
    )
    assert {one["title"] for one in tasks} == {"Buy milk", "Water the plants", "Call the bank"}
    assert not any("parent_id" in one for one in tasks)


async def test_a_task_is_dragged_between_others_below_one_and_to_a_list(
    page: WebApp, service: InProcess
) -> None:
    await page.add("One", "Two", "Three", "Four")
    await page.drag("One", below="Three")
    await page.shows("Two", "Three", "One", "Four")
    await page.drag("Four", below="Two", right=40)
    await page.shows("Two", "Four", "Three", "One")
    await page.until("document.querySelector('[data-level=\"1\"]')?.innerText.includes('Four')")
    await page.click("Add a list")
    await page.type("dialog input", "Home")
    await page.says("Home", "h1")
    await page.click("Inbox 4 open", ".sidebar")
    await page.drag("Three", onto=".sidebar a[href*='/list/']")
    await page.shows("Two", "Four", "One")

    tasks = {
        one["title"]: one
        for one in await stored(service, lambda found: any("list_id" in one for one in found))
    }
    assert tasks["Four"]["parent_id"] == tasks["Two"]["id"]
    assert "list_id" in tasks["Three"]


async def test_the_details_set_every_field(page: WebApp, service: InProcess) -> None:
    await page.add("Write the report")
    await page.open("Write the report")
    await page.fill(".details .title textarea", "Write the annual report")
    await page.fill(".details .description textarea", "Ask Ann for the figures")
    await page.fill("[aria-label='Due: day']", "2031-02-03")
    await page.fill("[aria-label='Due: time']", "09:30")
    await page.type(".details .labels input", "work")
    await page.type(".details .labels input", "Office")
    await page.type(".details .subtasks input", "Figures")
    await page.choose("Priority", "high")
    await page.choose("Repeats", "FREQ=WEEKLY")
    await page.fill("[aria-label='Starts: day']", "2031-02-01")
    await page.press("Escape")
    await page.until("document.querySelector('.details') === null")
    for text in ("Feb 3, 2031 09:30", "Every week", "0/1", "Office", "work"):
        await page.says(text, ".tasks")

    tasks = await stored(service, lambda found: len(found) == 2 and "start" in found[0])
    report, figures = tasks
    assert report["title"] == "Write the annual report"
    assert report["description"] == "Ask Ann for the figures"
    assert report["due"] == {"date": "2031-02-03", "time": "09:30"}
    assert report["start"] == {"date": "2031-02-01"}
    assert (report["labels"], report["priority"]) == (["Office", "work"], "high")
    assert report["recurrence"]["rule"] == "FREQ=WEEKLY"
    assert figures["parent_id"] == report["id"]


async def test_a_completion_can_be_undone_and_a_series_continues(page: WebApp, service: InProcess) -> None:
    weekly = {"due": {"date": "2031-02-03"}, "recurrence": {"rule": "FREQ=WEEKLY"}}
    await create(service, {"title": "Once"}, {"title": "Weekly", **weekly})
    await page.shows("Once", "Weekly")
    await page.check("Once")
    await page.shows("Weekly")
    await page.says("Completed 1", ".fold")
    await page.click("Undo")
    await page.shows("Once", "Weekly")
    await page.check("Weekly")
    await page.says("Feb 10, 2031", ".tasks")
    await page.click("Undo")
    await page.says("Feb 3, 2031", ".tasks")
    await stored(service, lambda found: [one["is_completed"] for one in found] == [False, False])
    await page.check("Weekly")
    await page.says("Feb 10, 2031", ".tasks")
    await page.run("document.querySelector('.fold').click()")
    await page.shows("Once", "Weekly", "Weekly")


async def test_lists_labels_search_and_filters_narrow_what_is_shown(page: WebApp, service: InProcess) -> None:
    await create(
        service,
        {"title": "Paint the fence", "labels": ["garden"], "priority": "high", "due": {"date": "2020-01-01"}},
        {"title": "Plant roses", "labels": ["garden"], "description": "Twelve of them"},
        {"title": "File the taxes", "priority": "urgent"},
    )
    await page.click("Add a list")
    await page.type("dialog input", "Errands")
    await page.add("Post the letter")
    await page.shows("Post the letter")
    await page.click("All tasks 4 open", ".sidebar")
    await page.shows("Paint the fence", "Plant roses", "File the taxes", "Post the letter")
    await page.click("Today 1 open", ".sidebar")
    await page.says("Overdue", ".tasks")
    await page.shows("Paint the fence")
    await page.click("garden 2 open", ".sidebar")
    await page.shows("Paint the fence", "Plant roses")
    await page.click("Filter and sort")
    await page.choose("Priority", "high")
    await page.shows("Paint the fence")
    await page.click("Reset")
    await page.choose("Sort by", "title")
    await page.type("[type=search]", "TWELVE")
    await page.shows("Plant roses")
    await page.press("Escape")
    await page.click("Errands 1 open", ".sidebar")
    await page.click("List Errands")
    await page.click("Delete", "dialog")
    await page.says("It has one task.", "dialog")
    await page.click("Move them to the inbox", "dialog")
    await page.shows("Paint the fence", "Plant roses", "File the taxes", "Post the letter")
    await stored(service, lambda found: len(found) == 4 and not any("list_id" in one for one in found))


async def test_two_windows_and_two_devices_see_each_other(
    browser: Browser, page: WebApp, service: InProcess
) -> None:
    beside = await open_web_app(browser, service.url, beside=page)
    device = await open_web_app(browser, service.url)
    await page.add("Written in the first window")
    for other in (beside, device):
        await other.shows("Written in the first window")
    await device.add("Written on another device")
    await beside.check("Written in the first window")
    for one in (page, beside, device):
        await one.shows("Written on another device")
        await one.says("Up to date", ".status")
    assert await beside.problems() == await device.problems() == []


async def test_it_works_without_a_network_and_catches_up(browser: Browser, tmp_path: Path) -> None:
    async with development(tmp_path) as service:
        page = await open_web_app(browser, service.url)
        await page.add("Kept", "Completed offline")
        await page.says("Up to date", ".status")
        await page.until("navigator.serviceWorker.controller !== null")
    await page.says("Offline", ".status")
    await page.add("Added offline")
    await page.check("Completed offline")
    await page.reload()
    await page.shows("Kept", "Added offline")
    await page.says("Offline · 2 changes to send", ".status")
    async with development(tmp_path, service.port) as again:
        await create(again, {"title": "Added elsewhere"})
        await page.run("dispatchEvent(new Event('online'))")
        await page.shows("Kept", "Added offline", "Added elsewhere")
        tasks = await stored(
            again, lambda found: len(found) == 4 and any(one["is_completed"] for one in found)
        )
        assert [one["title"] for one in tasks if one["is_completed"]] == ["Completed offline"]
        await page.says("Up to date", ".status")
    assert await page.problems() == []


async def test_a_reload_in_the_middle_of_a_write_loses_and_doubles_nothing(
    browser: Browser, service: InProcess
) -> None:
    page = await open_web_app(browser, service.url, script=LOST_RESPONSE)
    await page.add("Written once")
    await stored(service, lambda found: len(found) == 1)
    await page.reload()
    await page.shows("Written once")
    await page.says("Up to date", ".status")
    assert [one["title"] for one in await tasks_of(service)] == ["Written once"]
    await page.run("document.querySelector('.tasks input').click()")
    await page.reload()
    await stored(service, lambda found: found[0]["is_completed"])


async def test_a_conflict_is_shown_until_it_is_decided(page: WebApp, service: InProcess) -> None:
    renamed, deleted, moved = await create(
        service, {"title": "Renamed"}, {"title": "Deleted"}, {"title": "Moved", "priority": "low"}
    )
    await page.shows("Renamed", "Deleted", "Moved")
    await page.window.cut_off(offline=True)
    await page.says("Offline", ".status")
    for title, name in (("Renamed", "Mine"), ("Deleted", "Mine too"), ("Moved", "Moved here")):
        await page.open(title)
        await page.fill(".details .title textarea", name)
        await page.press("Escape")
    await change(service, renamed, {"title": "Theirs"})
    await change(service, moved, {"priority": "high"})
    async with api(service) as client:
        await client.delete(f"/api/tasks/{deleted['id']}")
    await page.window.cut_off(offline=False)
    await page.run("dispatchEvent(new Event('online'))")
    await page.says("2 of your changes were not saved", ".banner")
    await page.reload()
    await page.click("Decide")
    await page.says("Theirs", "dialog table")
    await page.click("Keep mine", "dialog")
    await page.says("deleted this task", "dialog")
    await page.click("Keep it as a new task", "dialog")
    await page.until("document.querySelector('.banner') === null")
    tasks = await stored(
        service, lambda found: {one["title"] for one in found} == {"Mine", "Mine too", "Moved here"}
    )
    assert [one.get("priority") for one in tasks if one["title"] == "Moved here"] == ["high"]


async def test_a_text_that_is_being_edited_is_not_overwritten(page: WebApp, service: InProcess) -> None:
    (task,) = await create(service, {"title": "First"})
    await page.shows("First")
    await page.open("First")
    await page.run("document.querySelector('.details .title textarea').select()")
    await page.window.ask("Input.insertText", text="Mine")
    await change(service, task, {"title": "Theirs"})
    await page.says("Another device has changed it to: Theirs", ".details")
    assert await page.run("document.querySelector('.details .title textarea').value") == "Mine"
    await page.click("Take that", ".details")
    await page.until("document.querySelector('.details .title textarea').value === 'Theirs'")


async def test_a_text_is_never_taken_for_code(page: WebApp, service: InProcess) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>${1}{{1}}"
    await create(service, {"title": hostile, "description": hostile, "labels": ["<b>bold</b>"]})
    await page.shows(hostile)
    await page.open(hostile)
    assert await page.run("document.querySelector('img, .tasks script, .details b')") is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_a_due_day_is_the_same_day_everywhere(page: WebApp, service: InProcess, zone: str) -> None:
    await page.window.ask("Emulation.setTimezoneOverride", timezoneId=zone)
    await page.reload()
    today = await page.run("new Date().toLocaleDateString('sv')")
    await create(
        service,
        {"title": "Due here", "due": {"date": today}},
        {"title": "Due then", "due": {"date": "2031-02-03"}},
    )
    await page.says("Today", ".chip.due")
    await page.says("Feb 3, 2031", ".tasks")
    await page.open("Due then")
    assert await page.run("document.querySelector('[aria-label=\"Due: day\"]').value") == "2031-02-03"
    await page.click("Tomorrow", ".quick")
    tomorrow = await page.run("new Date(Date.now() + 864e5).toLocaleDateString('sv')")
    await stored(service, lambda found: found[1]["due"] == {"date": tomorrow})
