"""The web app in a real browser: docs/web-app.md."""

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess
from clients.web_page import ALT, WebApp, open_web_app
from clients.web_service import create, stored

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

OLD_ZONES = """
const { DateTimeFormat } = Intl;
Intl.DateTimeFormat = function (locale, options) {
  if (options?.timeZone === "America/Coyhaique") throw new RangeError("Invalid time zone specified");
  return new DateTimeFormat(locale, options);
};
"""
"""A browser does not know a zone that is younger than itself."""


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
    await page.until("document.querySelector('[data-level=\"1\"]')?.innerText.includes('Water the plants')")
    await page.press("ArrowLeft", ALT)
    await page.until("document.querySelector('[data-level=\"1\"]') === null")
    await page.until("document.activeElement.innerText.includes('Water the plants')")
    await page.press("Delete")
    await page.shows("Buy milk", "Call the bank")
    await page.click("Undo")
    await page.shows("Buy milk", "Water the plants", "Call the bank")

    titles = ["Buy milk", "Call the bank", "Water the plants"]
    await stored(
        service, lambda found: sorted(one["title"] for one in found if "parent_id" not in one) == titles
    )


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
    await page.unfold()
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
    await page.says("Errands", "h1")
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


async def test_a_time_in_a_zone_that_the_browser_does_not_know_names_the_zone(
    browser: Browser, service: InProcess
) -> None:
    page = await open_web_app(browser, service.url, script=OLD_ZONES)
    due = {"date": "2031-02-03", "time": "10:00", "time_zone": "America/Coyhaique"}
    await create(service, {"title": "Ferry", "due": due, "reminders": [{"offset_minutes": -10}]})
    await page.says("Feb 3, 2031 10:00 America/Coyhaique", ".tasks")
    await page.reload()
    await page.open("Ferry")
    await page.says("10 minutes before", ".details")
    assert await page.problems() == []
    await browser.close_windows()
