"""The web app with other windows, other devices and without a network."""

from pathlib import Path

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess
from clients.web_page import CHOOSE, REMIND, WebApp, open_web_app
from clients.web_service import api, change, create, development, stored, tasks_of

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]


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
LOST_COMMENTS = """
window.isLost = false;
const send = fetch;
window.fetch = async (input, init) => {
  const response = await send(input, init);
  const isComment = init.method === "POST" && String(input).includes("/api/comments");
  if (isLost && isComment) throw new TypeError("lost");
  return response;
};
"""
"""While `isLost`, comments are added, and no response of that arrives."""
HELD_COMMENTS = """
const send = fetch;
window.fetch = async (input, init) => {
  const response = await send(input, init);
  if (!String(input).includes("/api/comments")) return response;
  if (init.method === "GET") window.reads += 1;
  else await new Promise((resolve) => void (window.release = resolve));
  return response;
};
window.reads = 0;
"""
"""The response about a comment that is written arrives with `release()`; then all are read once more."""
FULL_DISK = """
const put = IDBObjectStore.prototype.put;
window.isFull = false;
IDBObjectStore.prototype.put = function (...values) {
  if (isFull) throw new DOMException("The disk is full", "QuotaExceededError");
  return put.apply(this, values);
};
"""
"""While `isFull`, nothing can be stored on this device."""
IS_LEFT = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
HOLD_DATABASE = """
(async () => {
  const [{ name }] = await indexedDB.databases();
  const database = await new Promise((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => resolve(opening.result);
  });
  const transaction = database.transaction([...database.objectStoreNames], "readwrite");
  let isHeld = true;
  window.release = () => void (isHeld = false);
  const hold = () => isHeld && (transaction.objectStore("meta").count().onsuccess = hold);
  hold();
})()
"""
"""A transaction on everything, which ends with `release()`."""


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
    await page.check("Written once")
    await page.reload()
    await stored(service, lambda found: found[0]["is_completed"])


async def with_a_comment_begun(browser: Browser, service: InProcess, script: str) -> WebApp:
    """Returns a page on which a comment is typed and not sent yet."""
    page = await open_web_app(browser, service.url, script=script)
    await page.add("Milk")
    await page.says("Up to date", ".status")
    await page.open("Milk")
    await page.fill(".discussion textarea", "Two of them?")
    return page


async def test_what_is_typed_while_a_comment_is_sent_stays(browser: Browser, service: InProcess) -> None:
    field = "document.querySelector('.discussion textarea').value"
    page = await with_a_comment_begun(browser, service, HELD_COMMENTS)
    await page.click("Send", ".discussion")
    await page.until("window.release !== undefined")
    await page.fill(".discussion textarea", "Two of them? Or three?")
    await page.run("release(), delete window.release")
    await page.says("Two of them?", ".discussion .comment")
    assert await page.run(field) == "Two of them? Or three?"
    await page.fill(".discussion textarea", "")

    await page.click("Change the comment", ".discussion")
    await page.fill(".discussion li textarea", "Two of them!")
    await page.click("Save", ".discussion")
    await page.until("window.release !== undefined")
    await page.fill(".discussion li textarea", "Two of them, please!")
    await page.run("window.before = reads, release(), delete window.release")
    await page.until("reads > before")
    assert await page.run("document.querySelector('.discussion li textarea').value") == "Two of them, please!"
    await page.click("Save", ".discussion")
    await page.until("window.release !== undefined")
    await page.run("release()")
    await page.says("Two of them, please!", ".discussion .comment")
    assert await page.problems() == []


async def test_a_title_that_cannot_be_stored_comes_back_into_its_field(
    browser: Browser, service: InProcess
) -> None:
    page = await open_web_app(browser, service.url, script=FULL_DISK)
    await page.add("Milk")
    await page.run("isFull = true")
    await page.type(".add input", "Bread")
    await page.says("The disk is full", ".toast")
    await page.until("document.querySelector('.add input').value === 'Bread'")
    await page.open("Milk")
    for field in (".subtasks input", ".labels input"):
        await page.type(f".details {field}", "Whole")
        await page.until(f"document.querySelector('.details {field}').value === 'Whole'")
    await page.run("isFull = false")
    await page.type(".details .subtasks input", "")
    await page.says("Whole", ".details .subtasks")
    await page.press("Escape")
    await page.type(".add input", "")
    await page.shows("Milk", "Whole", "Bread")
    assert await page.problems() == []


async def test_a_comment_is_added_once_however_often_it_is_sent(browser: Browser, service: InProcess) -> None:
    page = await with_a_comment_begun(browser, service, LOST_COMMENTS)
    await page.click_twice("Send", ".discussion")
    await page.until("document.querySelector('.discussion textarea').value === ''")
    await page.fill(".discussion textarea", "Three of them?")
    await page.run("isLost = true")
    await page.click("Send", ".discussion")
    await page.says("This needs the network", ".toast")
    await page.run("isLost = false")
    await page.click("Send", ".discussion")
    await page.until("document.querySelector('.discussion textarea').value === ''")

    async with api(service) as client:
        comments = (await client.get("/api/comments")).json()["comments"]
    assert [one["text"] for one in comments] == ["Two of them?", "Three of them?"]
    assert await page.problems() == []


async def test_the_page_is_not_left_before_a_change_is_kept_on_the_device(
    page: WebApp, service: InProcess
) -> None:
    await page.add("Written")
    await page.open("Written")
    await page.run("document.querySelector('.details .title textarea').select()")
    await page.window.ask("Input.insertText", text="Written and changed")
    await page.stays()
    await page.press("Escape")
    await page.shows("Written and changed")
    await page.says("Up to date", ".status")
    await page.run(HOLD_DATABASE)
    await page.run("document.querySelector('.tasks input').click()")
    await page.stays()
    await page.run("release()")
    await page.says("Completed: Written and changed", ".toast")
    await page.reload()
    await stored(service, lambda found: found[0]["is_completed"])


async def test_the_page_is_left_without_a_question_about_texts_of_what_is_deleted(page: WebApp) -> None:
    await page.click("Add a list")
    await page.type("dialog input", "Home")
    await page.says("Home", "h1")
    await page.add("Milk")
    await page.run("document.querySelector('.add input').focus()")
    await page.window.ask("Input.insertText", text="Not added")
    await page.open("Milk")
    await page.run("document.querySelector('.discussion textarea').focus()")
    await page.window.ask("Input.insertText", text="Not sent")
    await page.press("Escape")
    await page.until(f"!{IS_LEFT}")
    await page.focus("Milk")
    await page.press("Delete")
    await page.click("Undo", ".toast")
    await page.open("Milk")
    await page.until("document.querySelector('.discussion textarea').value === 'Not sent'")
    await page.click("Delete", ".details")
    await page.says("Deleted: Milk", ".toast")
    assert await page.run(f"!{IS_LEFT}"), "the text of a new task is being typed"
    await page.click("List Home")
    await page.click("Delete", "dialog")
    await page.click("Delete", "dialog")
    await page.says("Inbox", "h1")
    await page.reload()


async def test_a_conflict_is_shown_until_it_is_decided(page: WebApp, service: InProcess) -> None:
    renamed, deleted, moved = await create(
        service, {"title": "Renamed"}, {"title": "Deleted"}, {"title": "Moved", "priority": "low"}
    )
    await page.shows("Renamed", "Deleted", "Moved")
    await page.go_offline()
    for title, name in (("Renamed", "Mine"), ("Deleted", "Mine too"), ("Moved", "Moved here")):
        await page.open(title)
        await page.fill(".details .title textarea", name)
        await page.press("Escape")
    await change(service, renamed, {"title": "Theirs"})
    await change(service, moved, {"priority": "high"})
    async with api(service) as client:
        await client.delete(f"/api/tasks/{deleted['id']}")
    await page.go_online()
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


async def test_a_conflict_shows_reminders_in_words(page: WebApp, service: InProcess) -> None:
    (task,) = await create(service, {"title": "Milk", "due": {"date": "2031-02-03"}})
    await page.open("Milk")
    await page.until(f"({REMIND})?.options.length === 4")
    await page.go_offline()
    await page.run(CHOOSE.format(field=REMIND, index=1))
    await page.says("On the day at 9:00", ".details .chip")
    await change(service, task, {"reminders": [{"offset_minutes": -900}]})
    await page.go_online()
    await page.click("Decide")
    await page.says("Reminders On the day at 9:00 The day before at 9:00", "dialog table")


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
