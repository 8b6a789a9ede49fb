"""The trash of the web app: delete, restore, delete permanently, empty, undo."""

import asyncio
import json
from pathlib import Path

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess, in_process_server
from clients.web_page import WebApp, open_web_app
from clients.web_service import Task, api, create, stored
from support import settings_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

TRASHED = "[...document.querySelectorAll('.trash .text')].map((one) => one.textContent)"


async def shows_trash(page: WebApp, *titles: str) -> None:
    """Waits until the page shows exactly these tasks in the trash, in this order."""
    await page.until(f"JSON.stringify({TRASHED}) === JSON.stringify({json.dumps(titles)})")


async def in_trash(service: InProcess, *titles: str) -> None:
    """Waits until the service has these tasks in the trash, the newest deletion first."""
    async with asyncio.timeout(20):
        while await trash_of(service) != list(titles):  # noqa: ASYNC110 - the API has nothing to wait for
            await asyncio.sleep(0.05)


async def trash_of(service: InProcess) -> list[str]:
    async with api(service) as client:
        return [one["task"]["title"] for one in (await client.get("/api/trash")).json()["tasks"]]


async def delete(page: WebApp, title: str) -> None:
    """Deletes a task by a key."""
    await page.focus(title)
    await page.press("Delete")
    await page.says(f"Deleted: {title}", ".toast")


async def trashed(service: InProcess, *titles: str) -> list[Task]:
    """Creates tasks and puts them into the trash, one after the other, as another device does."""
    tasks = await create(service, *({"title": title} for title in titles))
    async with api(service) as client:
        for task in tasks:
            assert (await client.delete(f"/api/tasks/{task['id']}?to=trash")).status_code == 200
    return tasks


async def has_focus(page: WebApp, name: str) -> None:
    """Waits until the button of that name has the focus."""
    await page.until(f"document.activeElement.ariaLabel === {json.dumps(name)}")


async def test_going_back_ends_the_question_about_what_was_shown(page: WebApp, service: InProcess) -> None:
    """The answer would be taken for the trash that is shown by then, which may be that of a space."""
    await trashed(service, "One")
    await page.click("Trash", ".sidebar")
    await shows_trash(page, "One")
    await page.click("Empty trash")
    await page.says("All tasks in it are deleted permanently.", "dialog")
    await page.run("history.back()")
    await page.until("document.querySelector('dialog') === null")
    assert await trash_of(service) == ["One"]


async def test_a_deleted_task_is_restored_or_deleted_permanently(page: WebApp, service: InProcess) -> None:
    await page.click("Trash", ".sidebar")
    await page.says("The trash is empty", "main")
    await page.click("Inbox", ".sidebar")
    await page.add("One", "Two", "Three")
    for count, title in enumerate(("One", "Two", "Three"), start=1):
        await delete(page, title)
        await in_trash(service, *["Three", "Two", "One"][-count:])
    await page.click("Trash", ".sidebar")
    await shows_trash(page, "Three", "Two", "One")

    await page.click("Restore Two")
    await page.says("Restored: Two", ".toast")
    await shows_trash(page, "Three", "One")
    await page.click("Inbox 1 open", ".sidebar")
    await page.shows("Two")

    await page.click("Trash", ".sidebar")
    await page.click("Delete One permanently")
    await page.says("It cannot be restored then.", "dialog")
    await page.click("Delete permanently", "dialog")
    await page.says("Deleted permanently: One", ".toast")
    await in_trash(service, "Three")

    await page.click("Empty trash", "main")
    await page.click("Cancel", "dialog")
    await shows_trash(page, "Three")
    await page.click("Empty trash", "main")
    await page.click("Empty trash", "dialog")
    await page.says("Deleted permanently: 1 task", ".toast")
    await page.says("The trash is empty", "main")
    await in_trash(service)
    assert [one["title"] for one in await stored(service, len)] == ["Two"]


async def test_the_keys_and_the_focus_stay_in_the_trash(page: WebApp, service: InProcess) -> None:
    await trashed(service, "One", "Two", "Three", "Four")
    await page.click("Trash", ".sidebar")
    await shows_trash(page, "Four", "Three", "Two", "One")
    assert await page.run("document.querySelectorAll('.trash [tabindex=\"0\"]').length") == 2
    await page.run("document.querySelector('.trash [tabindex=\"0\"]').focus()")
    await has_focus(page, "Restore Four")
    await page.press("End")
    await has_focus(page, "Restore One")
    await page.press("ArrowUp")
    await has_focus(page, "Restore Two")
    await page.press("Enter")
    await has_focus(page, "Restore One")
    await page.press("Enter")
    await has_focus(page, "Restore Three")
    await page.press("Tab")
    await has_focus(page, "Delete Three permanently")
    await page.press("Enter")
    await page.click("Delete permanently", "dialog")
    await has_focus(page, "Delete Four permanently")
    await page.press("Enter")
    await page.click("Delete permanently", "dialog")
    await page.until("document.activeElement.innerText === 'The trash is empty'")


async def test_undo_brings_the_same_task_back_with_its_subtasks(page: WebApp, service: InProcess) -> None:
    [parent] = await create(service, {"title": "Parent"})
    await create(service, {"title": "Child", "parent_id": parent["id"]}, {"title": "Other"})
    before = await stored(service, lambda found: len(found) == 3)
    await page.shows("Parent", "Child", "Other")
    await delete(page, "Other")
    await in_trash(service, "Other")
    await page.click("Undo")
    await page.shows("Parent", "Child", "Other")
    await in_trash(service)
    await page.focus("Parent")
    await page.press("Delete")
    await page.click("Delete everything", "dialog")
    await page.shows("Other")
    await page.click("Undo")
    await page.shows("Parent", "Child", "Other")
    after = await stored(service, lambda found: len(found) == 3)
    assert [(one["id"], one.get("parent_id")) for one in after] == [
        (one["id"], one.get("parent_id")) for one in before
    ]


async def test_subtasks_are_restored_and_deleted_permanently_with_the_task(
    page: WebApp, service: InProcess
) -> None:
    for title in ("One", "Two"):
        [parent] = await create(service, {"title": title})
        await create(service, {"title": f"Part of {title}", "parent_id": parent["id"]})
        async with api(service) as client:
            await client.delete(f"/api/tasks/{parent['id']}?subtasks=delete&to=trash")
    await page.click("Trash", ".sidebar")
    await page.says("with One", ".trash")
    await page.click("Restore One")
    await page.until(f"{TRASHED}.length === 2")
    await page.click("Delete Two permanently")
    await page.says("It and the task deleted with it cannot be restored then.", "dialog")
    await page.click("Delete permanently", "dialog")
    await page.says("The trash is empty", "main")
    assert [one["title"] for one in await stored(service, len)] == ["One", "Part of One"]


async def test_the_tasks_of_a_list_go_into_the_trash(page: WebApp, service: InProcess) -> None:
    await page.click("Add a list")
    await page.type("dialog input", "Home")
    await page.says("Home", "h1")
    await page.add("Inside")
    await page.click("List Home")
    await page.click("Delete", "dialog")
    await page.click("Put the tasks into the trash", "dialog")
    await page.says("In the trash: the tasks of Home", ".toast")
    await in_trash(service, "Inside")
    await page.click("Trash", ".sidebar")
    await page.click("Restore Inside")
    await page.click("Inbox 1 open", ".sidebar")
    await page.shows("Inside")


async def test_the_trash_shows_what_another_device_deletes_and_more_on_demand(
    page: WebApp, service: InProcess
) -> None:
    await trashed(service, *(f"Task {number}" for number in range(101)))
    await page.click("Trash", ".sidebar")
    await page.until(f"{TRASHED}.length === 100")
    await page.click("Show more", "main")
    await page.until(f"{TRASHED}.length === 101")
    await page.until("[...document.querySelectorAll('.more')].length === 0")
    await trashed(service, "Newest")
    await page.until(f"{TRASHED}[0] === 'Newest'")


async def test_without_a_network_undo_takes_a_deletion_back_and_the_trash_waits(
    page: WebApp, service: InProcess
) -> None:
    await trashed(service, "Old")
    await page.add("One", "Two")
    await page.says("Up to date", ".status")
    await page.until("navigator.serviceWorker.controller !== null")
    await page.go_offline()
    await delete(page, "One")
    await page.says("Offline · 1 change to send", ".status")
    await page.click("Undo")
    await page.shows("One", "Two")
    await page.reload()
    await page.shows("One", "Two")
    await delete(page, "Two")
    await page.click("Trash", ".sidebar")
    await page.says("The trash needs the network.", ".banner")
    await page.go_online()
    await shows_trash(page, "Two", "Old")
    await page.until("document.querySelector('.banner') === null")
    await page.says("Up to date", ".status")
    assert [one["title"] for one in await stored(service, len)] == ["One"]
    await in_trash(service, "Two", "Old")


async def test_where_the_trash_is_off_the_user_decides_about_a_deletion(
    browser: Browser, tmp_path: Path
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/tasks.db", jwt_secret=None, trash_days=0)
    async with in_process_server(settings) as service:
        page = await open_web_app(browser, service.url)
        await page.add("One", "Two", "Three")
        await delete(page, "One")
        await page.click("Decide", ".banner")
        await page.says("The service has no trash, so this task was not deleted.", "dialog")
        await page.click("Keep it", "dialog")
        await page.shows("One", "Two", "Three")
        await delete(page, "One")  # the app knows by now
        await page.shows("Two", "Three")
        await stored(service, lambda found: len(found) == 2)
        await page.click("Undo")
        await page.shows("One", "Two", "Three")
        await page.reload()
        await page.shows("One", "Two", "Three")
        await delete(page, "Three")
        await page.click("Decide", ".banner")
        await page.click("Delete permanently", "dialog")
        await page.shows("One", "Two")
        await stored(service, lambda found: len(found) == 2)
        await page.click("Trash", ".sidebar")
        await page.says("The trash is off: what is deleted cannot be restored", "main")
        assert await page.problems() == []
        await browser.close_windows()
