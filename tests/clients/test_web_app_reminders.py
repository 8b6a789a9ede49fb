"""Reminders are shown by the web app while it is open: docs/web-app.md."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess
from clients.web_page import open_web_app
from clients.web_service import api, create, stored

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

OFTEN = """
const { setInterval: slow } = window;
window.setInterval = (tick, delay) => slow(tick, Math.min(delay, 200));
"""
"""Lets the page look every fifth of a second."""
AHEAD = """
window.ahead = 0;
const { now } = Date;
Date.now = () => now() + ahead;
"""
"""Sets the clock of the page forward by `ahead` milliseconds."""
ALLOWED = f"""
{OFTEN}
window.shown = [];
Object.defineProperty(Notification, "permission", {{ get: () => "granted" }});
ServiceWorkerRegistration.prototype.showNotification = async (title, {{ tag, data }}) => {{
  shown.push({{ title, tag, data }});
}};
"""
"""Allows notifications and records them."""
COUNTED = """
window.shown = 0;
const { showNotification: show } = ServiceWorkerRegistration.prototype;
ServiceWorkerRegistration.prototype.showNotification = async function (...given) {
  await show.apply(this, given);
  shown += 1;
};
"""
"""Counts the notifications that are shown: Chromium may lose one if it is asked for all meanwhile."""
HAS_REMINDER = "document.querySelector('.details [aria-label^=\"Remove the reminder\"]') !== null"
NOTIFICATIONS = """
navigator.serviceWorker.ready
  .then((worker) => worker.getNotifications())
  .then((found) => found.map(({ title }) => title).sort().join())
"""


@pytest.mark.parametrize(
    "other", [{"is_completed": False}, {"is_completed": True}], ids=["open", "completed"]
)
async def test_one_whose_moment_comes_is_shown(
    browser: Browser, service: InProcess, other: dict[str, bool]
) -> None:
    page = await open_web_app(browser, service.url, script=ALLOWED)
    moment = datetime.now(UTC) + timedelta(seconds=2)
    async with api(service) as client:
        for title, state in (("Call Ann", {}), ("Buy milk", other)):
            body = {"title": title, "reminders": [{"at": moment.isoformat()}], **state}
            assert (await client.post("/api/tasks", json=body)).status_code == 201
    expected = ["Call Ann"] if other["is_completed"] else ["Buy milk", "Call Ann"]
    await page.until(f"shown.map(({{ title }}) => title).sort().join() === {','.join(expected)!r}")
    assert datetime.now(UTC) >= moment - timedelta(milliseconds=50)
    await page.says("Reminder: ", ".toast")
    (task,) = [one for one in await stored(service, len) if one["title"] == "Call Ann"]
    shown = [one for one in await page.run("shown") if one["title"] == "Call Ann"]
    assert shown == [{"title": "Call Ann", "tag": task["id"], "data": f"/#/all?task={task['id']}"}]
    assert await page.problems() == []


async def test_they_are_set_in_the_details(browser: Browser, service: InProcess) -> None:
    page = await open_web_app(browser, service.url)
    await page.add("Call Ann")
    await page.open("Call Ann")
    await page.fill("[aria-label='Due: day']", "2031-02-03")
    await page.until("document.querySelector('[aria-label=\"Due: time\"]') !== null")
    await page.fill("[aria-label='Due: time']", "10:00")
    choose = "document.querySelector('[aria-label=\"Add a reminder\"]')"
    for text in ("10 minutes before", "At a time…"):
        option = f"[...{choose}.options].find(({{ text }}) => text === {text!r})"
        await page.until(f"({option}) !== undefined")
        await page.run(f"{choose}.value = {option}.value; {choose}.dispatchEvent(new Event('change'))")
    await page.fill("dialog [name=moment]", "2031-02-02T08:30")
    await page.click("Remind me", "dialog")
    at = await page.run("new Date('2031-02-02T08:30').toISOString().replace('.000', '')")
    expected = [{"offset_minutes": -10}, {"at": at}]
    await stored(service, lambda found: found and found[0].get("reminders") == expected)
    await page.click("Remove the reminder: 10 minutes before")
    await stored(service, lambda found: found[0]["reminders"] == expected[1:])
    assert await page.problems() == []
    await browser.close_windows()


async def test_notifications_of_a_lost_space_and_of_who_signs_out_do_not_stay(
    browser: Browser, service: InProcess
) -> None:
    reminders = {"reminders": [{"at": (datetime.now(UTC) + timedelta(minutes=3)).isoformat()}]}
    await create(service, {"title": "Private", **reminders})
    async with api(service) as client:
        space, task = await shared_task(client, "Shared")
        await remind(client, space, task, reminders)
        page = await open_web_app(browser, service.url, script=OFTEN + AHEAD + COUNTED)
        place = {"origin": service.url, "browserContextId": page.window.context}
        await browser.ask("Browser.grantPermissions", None, permissions=["notifications"], **place)
        await page.shows("Private")
        await page.run(f"location.hash = '#/space/{space}/all?task={task}'")
        await page.until(HAS_REMINDER)
        await page.run("ahead = 200_000")
        await page.until("shown === 2")
        assert await page.run(NOTIFICATIONS) == "Private,Shared"
        assert (await client.delete(f"/api/spaces/{space}?tasks=delete")).status_code == 200
        await page.until(f"{NOTIFICATIONS}.then((titles) => titles === 'Private')")
    await page.run("window.isOld = true")
    await page.click("Clear this device")
    await page.click("Sign out", "dialog")
    await page.until("!window.isOld && document.querySelector('.app') !== null")
    assert await page.run(NOTIFICATIONS) == ""
    assert await page.problems() == []
    await browser.close_windows()


async def test_those_of_a_space_are_read_again_after_a_minute(browser: Browser, service: InProcess) -> None:
    page = await open_web_app(browser, service.url, script=ALLOWED + AHEAD)
    async with api(service) as client:
        space, task = await shared_task(client, "Milk")
        await page.says("Flat", ".sidebar")
        await page.run(f"location.hash = '#/space/{space}/all?task={task}'")
        await page.says("Reminders Remind me…", ".details")
        at = (datetime.now(UTC) + timedelta(minutes=3)).isoformat()
        await remind(client, space, task, {"reminders": [{"at": at}]})
        await page.run("ahead = 70_000")
        await page.until(HAS_REMINDER)
        await page.run("ahead = 200_000")
        await page.until("shown.map(({ title }) => title).join() === 'Milk'")
        await remind(client, space, task, {"reminders": []})
        await page.run("ahead = 300_000")
        await page.until("document.querySelector('.details [aria-label^=\"Remove the reminder\"]') === null")
    assert await page.problems() == []
    await browser.close_windows()


async def test_one_at_the_end_of_time_does_not_stop_the_others(browser: Browser, service: InProcess) -> None:
    page = await open_web_app(browser, service.url, script=ALLOWED)
    far = {"due": {"date": "9998-12-31"}, "reminders": [{"offset_minutes": 527_040}]}
    soon = {"reminders": [{"at": (datetime.now(UTC) + timedelta(seconds=2)).isoformat()}]}
    await create(service, {"title": "Far", **far}, {"title": "Soon", **soon})
    await page.until("shown.map(({ title }) => title).join() === 'Soon'")
    assert await page.problems() == []
    await browser.close_windows()


async def shared_task(client: httpx.AsyncClient, title: str) -> tuple[str, str]:
    """Creates a space with a task, as another device does; returns their ids."""
    space: str = (await client.post("/api/spaces", json={"title": "Flat"})).json()["id"]
    task: str = (await client.post(f"/api/spaces/{space}/tasks", json={"title": title})).json()["id"]
    return space, task


async def remind(client: httpx.AsyncClient, space: str, task: str, reminders: dict[str, Any]) -> None:
    """Sets the reminders of a task in a space, as another device does."""
    path = f"/api/spaces/{space}/tasks/{task}/reminders"
    assert (await client.put(path, json=reminders)).status_code == 200
