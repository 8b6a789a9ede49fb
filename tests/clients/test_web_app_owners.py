"""Private tasks beside those of a space: what is done to the ones does not reach the others."""

import json
from pathlib import Path

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess, in_process_server
from clients.test_web_app_sharing import DIALOG, assign, go, join, service, share, signed_in
from clients.test_web_app_team import open_people, set_role_of_bob
from clients.test_web_app_trash import delete, shows_trash
from clients.test_web_app_users import titles_of
from clients.web_page import ALT, CHOOSE, REMIND, WebApp
from support import settings_for

__all__ = ["service"]

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

DESCRIPTION = "document.querySelector('.details .description textarea').value"
UNKNOWN = "#/space/01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a0a/all"


async def test_where_the_trash_is_off_an_undo_creates_the_task_where_it_was_deleted(
    browser: Browser, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/tasks.db"
    settings = settings_for(database, environment="production", web_app=True, trash_days=0)
    async with in_process_server(settings) as service:
        ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
        await join(bob, await share(ann, "Flat", "Milk"), "Bob")
        await show(ann, "#/inbox", "Inbox")
        await ann.add("Refused", "Salary")
        await delete(ann, "Refused")
        await ann.click("Decide", ".banner")
        await ann.click("Delete permanently", DIALOG)
        await ann.shows("Salary")
        await delete(ann, "Salary")
        await go(ann, "all")
        await ann.click("Undo", ".toast")
        await show(ann, "#/inbox", "Inbox")
        await ann.shows("Salary")
        await ann.says("Up to date", ".status")
        await bob.shows("Milk")

        assert await titles_of(service, "ann") == ["Salary"]
        assert await ann.problems() == await bob.problems() == []
        await browser.close_windows()


async def test_the_address_of_a_space_that_is_not_here_shows_nothing_and_takes_nothing(
    browser: Browser, service: InProcess
) -> None:
    ann = await signed_in(browser, service, "ann")
    await ann.add("Diary")
    await show(ann, UNKNOWN, "Space")
    await ann.says("This space is not on this device", "main")
    await ann.shows()
    for control in (".add", "main [aria-haspopup]"):
        assert await ann.run(f"document.querySelector('{control}')") is None
    await show(ann, "#/inbox", "Inbox")
    await ann.shows("Diary")
    assert await ann.problems() == []


async def test_after_the_last_decision_in_a_lost_space_the_private_tasks_are_shown_as_such(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await bob.add("Diary")
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await bob.go_offline()
    await bob.check("Milk")
    await open_people(ann)
    await ann.click("Remove Bob", DIALOG)
    await ann.until(f"!document.querySelector('{DIALOG}').innerText.includes('Bob')")
    await bob.go_online()
    await bob.says("You are not in this space any more.", "main")
    await bob.click("Decide", ".banner")
    await bob.click("Discard mine", DIALOG)
    await bob.says("Inbox", "h1")
    await bob.shows("Diary")
    assert await bob.run("location.hash") == "#/inbox"
    assert await bob.problems() == []


async def test_a_text_that_is_being_typed_stays_with_its_task_when_the_address_changes(
    browser: Browser, service: InProcess
) -> None:
    ann = await signed_in(browser, service, "ann")
    await share(ann, "Flat", "Milk")
    await go(ann, "all")
    space = await ann.run("location.hash")
    await show(ann, "#/inbox", "Inbox")
    await ann.add("Diary")
    await ann.open("Diary")
    await write(ann, "description", "Typed")
    await show(ann, space, "Flat")
    await ann.shows("Milk")
    await show(ann, "#/inbox", "Inbox")
    await ann.open("Diary")
    await ann.until(f"{DESCRIPTION} === 'Typed'")
    await ann.until("sessionStorage.getItem('taskward.drafts') === null")  # it is stored
    assert await ann.problems() == []


async def test_a_text_that_cannot_be_stored_stays_in_its_field(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await bob.open("Milk")
    await write(bob, "description", "Typed")
    await set_role_of_bob(ann, "viewer")
    await bob.says("You can view this space, but not change it.")
    await bob.run("document.activeElement.blur()")
    await bob.says("Your role in this space does not allow this", ".toast")
    await bob.stays()
    assert await bob.run(DESCRIPTION) == "Typed"
    await bob.says("You can no longer change this", ".details [role=alert]")
    await bob.click("Discard it", ".details")
    await bob.until(f"{DESCRIPTION} === ''")
    assert await bob.run("document.querySelector('.details [role=alert]')") is None
    await bob.reload()
    await bob.until(f"{DESCRIPTION} === ''")
    assert await ann.problems() == await bob.problems() == []


async def test_a_comment_that_was_begun_by_a_viewer_to_be_can_be_discarded(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await bob.open("Milk")
    await bob.fill(".discussion textarea", "Two of them?")
    await set_role_of_bob(ann, "viewer")
    await bob.says("You can no longer change this", ".discussion [role=alert]")
    assert await bob.run("document.querySelector('.discussion textarea').readOnly")
    await bob.click("Discard it", ".discussion")
    await bob.until("document.querySelector('.discussion textarea') === null")
    await bob.reload()
    assert await ann.problems() == await bob.problems() == []


async def test_a_conflict_of_a_space_is_shown_and_decided_beside_the_private_tasks(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk", "Bread"), "Bob")
    await bob.shows("Milk", "Bread")
    for title in ("Milk", "Bread"):
        await ann.set_due_today(title)
        await assign(ann, "Bob", people=2)
        await ann.press("Escape")
    await show(bob, "#/today", "Today")
    await bob.shows("Milk", "Bread")
    await bob.go_offline()
    await bob.check("Milk")
    await delete(ann, "Milk")
    await ann.says("Up to date", ".status")
    await bob.go_online()
    await bob.says("One of your changes was not saved", ".banner[role=alert]")
    await bob.click("Decide", ".banner")
    await bob.says("Another device deleted this task", DIALOG)
    await bob.click("Keep it as a new task", DIALOG)
    await bob.until("document.querySelector('.banner') === null")
    await bob.unfold()
    await bob.shows("Bread", "Milk")
    assert await titles_of(service, "bob") == []
    assert await bob.problems() == []


async def test_a_change_of_what_was_moved_into_a_space_meanwhile_is_offered_there(
    browser: Browser, service: InProcess
) -> None:
    phone, ann = [await signed_in(browser, service, "ann") for _ in range(2)]
    await ann.click("Add a list")
    await ann.type(f"{DIALOG} input", "Flat")
    await ann.says("Flat", "h1")
    await ann.add("Milk", "Bread")
    await show(phone, "#/all", "All tasks")
    await phone.shows("Milk", "Bread")
    await phone.go_offline()
    for title in ("Milk", "Bread"):
        await phone.open(title)
        await phone.fill(".details .title textarea", f"Oat {title}")
        if title == "Milk":
            await remind(phone)
        await phone.press("Escape")
    await ann.says("Up to date", ".status")
    await ann.click("List Flat")
    await ann.click("Share", DIALOG)
    await ann.click("Share", DIALOG)
    await ann.says("People in Flat", DIALOG)
    await ann.click("Done", DIALOG)
    await phone.go_online()
    await go(phone, "all")
    await phone.shows("Milk", "Bread")
    await phone.says("2 of your changes were not saved", ".banner")
    await phone.click("Decide", ".banner")
    await phone.says("It was moved to Flat", DIALOG)
    await phone.click("Change it in Flat", DIALOG)
    await phone.click("Discard mine", DIALOG)
    await phone.until("document.querySelector('.banner') === null")
    await ann.shows("Oat Milk", "Bread")
    await has_sent_everything(phone)
    for page in (phone, ann):
        await page.open("Oat Milk")
        await page.says("2031", ".details .field .chip")
    assert await titles_of(service, "ann") == []
    assert await ann.problems() == await phone.problems() == []


async def two_devices_with_a_list(browser: Browser, service: InProcess, title: str) -> tuple[WebApp, WebApp]:
    """Returns the pages of two devices of one user; the second shows the list "Home" with that task."""
    phone, ann = [await signed_in(browser, service, "ann") for _ in range(2)]
    await ann.click("Add a list")
    await ann.type(f"{DIALOG} input", "Home")
    await ann.says("Home", "h1")
    await ann.add(title)
    return phone, ann


async def rename_offline(phone: WebApp) -> None:
    """Changes the title of "Milk" without a network."""
    await show(phone, "#/all", "All tasks")
    await phone.open("Milk")
    await phone.go_offline()
    await phone.fill(".details .title textarea", "Oat milk")


async def keep_as_a_new_task(phone: WebApp) -> None:
    """Goes online, and decides that the changed task is kept."""
    await phone.go_online()
    await phone.click("Decide", ".banner")
    await phone.click("Keep it as a new task", DIALOG)


async def has_sent_everything(phone: WebApp) -> None:
    """Waits until nothing is left to send."""
    await phone.says("Up to date", ".status")
    assert await phone.run("document.querySelector('.banner')") is None, "the service has refused nothing"


async def test_a_task_that_is_kept_after_its_list_was_deleted_is_in_the_inbox(
    browser: Browser, service: InProcess
) -> None:
    phone, ann = await two_devices_with_a_list(browser, service, "Milk")
    await rename_offline(phone)
    await ann.says("Up to date", ".status")
    await ann.click("List Home")
    await ann.click("Delete", DIALOG)
    await ann.click("Put the tasks into the trash", DIALOG)
    await ann.says("In the trash", ".toast")
    await ann.says("Up to date", ".status")
    await keep_as_a_new_task(phone)
    await phone.until("document.querySelector('.banner') === null")
    await show(ann, "#/inbox", "Inbox")
    await ann.shows("Oat milk")
    await has_sent_everything(phone)
    assert await ann.problems() == await phone.problems() == []


async def test_a_subtask_that_is_kept_after_its_parent_was_deleted_stays_in_its_list(
    browser: Browser, service: InProcess
) -> None:
    phone, ann = await two_devices_with_a_list(browser, service, "Shopping")
    await ann.open("Shopping")
    await ann.type(".details .subtasks input", "Milk")
    await ann.shows("Shopping", "Milk")
    await rename_offline(phone)
    await ann.says("Up to date", ".status")
    await ann.focus("Shopping")
    await ann.press("Delete")
    await ann.says("It has a subtask.", DIALOG)
    await ann.click("Delete everything", DIALOG)
    await ann.says("Deleted: Shopping", ".toast")
    await ann.says("Up to date", ".status")
    await keep_as_a_new_task(phone)
    await ann.shows("Oat milk")
    assert await ann.run("document.querySelector('h1').innerText") == "Home"
    await has_sent_everything(phone)
    assert await ann.problems() == await phone.problems() == []


async def test_a_change_of_a_task_that_was_restored_meanwhile_is_offered_to_be_made(
    browser: Browser, service: InProcess
) -> None:
    phone, ann = await two_devices_with_a_list(browser, service, "Milk")
    await rename_offline(phone)
    await delete(ann, "Milk")
    await ann.says("Up to date", ".status")
    await phone.go_online()
    await phone.says("One of your changes was not saved", ".banner")
    await ann.click("Undo", ".toast")
    await phone.shows("Milk")
    await phone.click("Decide", ".banner")
    await phone.says("Another device deleted this task and brought it back", DIALOG)
    await phone.click("Change it", DIALOG)
    await ann.shows("Oat milk")
    await has_sent_everything(phone)
    assert await ann.problems() == await phone.problems() == []


async def test_the_trash_of_a_space_does_not_stay_after_the_removal(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk", "Bread"), "Bob")
    await bob.shows("Milk", "Bread")
    await delete(bob, "Bread")
    await bob.says("Up to date", ".status")
    trash = (await bob.run("location.hash")).replace("/all", "/trash")
    await show(bob, trash, "Trash")
    await shows_trash(bob, "Bread")
    await bob.go_offline()
    await go(bob, "all")
    await bob.check("Milk")
    await show(bob, trash, "Trash")
    await open_people(ann)
    await ann.click("Remove Bob", DIALOG)
    await ann.until(f"!document.querySelector('{DIALOG}').innerText.includes('Bob')")
    await bob.go_online()
    await bob.says("You are not in this space any more.", "main")
    await shows_trash(bob)
    assert "Bread" not in await bob.run("document.querySelector('main').innerText")
    assert await ann.problems() == await bob.problems() == []


async def test_a_question_about_a_space_ends_with_the_membership(
    browser: Browser, service: InProcess
) -> None:
    """The private tasks are shown then, and the answer would be taken for their trash."""
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await bob.add("Diary")
    await delete(bob, "Diary")
    await join(bob, await share(ann, "Flat", "Milk", "Bread"), "Bob")
    await bob.shows("Milk", "Bread")
    await delete(bob, "Bread")
    await go(bob, "trash")
    await shows_trash(bob, "Bread")
    await bob.click("Empty trash", "main")
    await bob.says("Empty the trash?", DIALOG)
    await open_people(ann)
    await ann.click("Remove Bob", DIALOG)
    await bob.says("You are not in Flat any more.")
    await bob.says("Inbox", "h1")
    await bob.until("document.querySelector('dialog') === null")
    await show(bob, "#/trash", "Trash")
    await shows_trash(bob, "Diary")
    assert await ann.problems() == await bob.problems() == []


async def test_the_keys_act_on_a_task_of_a_space_beside_the_private_ones(
    browser: Browser, service: InProcess
) -> None:
    ann = await signed_in(browser, service, "ann")
    await share(ann, "Flat", "Milk")
    await ann.set_due_today("Milk")
    await assign(ann, "A member", people=1)
    await ann.type(".details .subtasks input", "Whole")
    await ann.says("Whole", ".details .subtasks")
    await show(ann, "#/today", "Today")
    await ann.focus("Milk")
    await ann.press("ArrowUp", ALT)
    await ann.says("Here the tasks are sorted: open a list to move them", ".toast")
    await ann.press("Delete")
    await ann.says("subtask", DIALOG)
    await ann.click("Delete everything", DIALOG)
    await ann.says("Deleted: Milk", ".toast")
    await ann.shows()
    await ann.click("Undo", ".toast")
    await ann.shows("Milk")
    assert await ann.problems() == []


async def show(page: WebApp, address: str, title: str) -> None:
    """Opens a view by its address, and waits until it is shown."""
    await page.run(f"location.hash = {json.dumps(address)}")
    await page.says(title, "h1")


async def remind(page: WebApp) -> None:
    """Adds a reminder at a time to the task whose details are shown."""
    await page.until(f"({REMIND})?.options.length === 2")
    await page.run(CHOOSE.format(field=REMIND, index=1))
    await page.fill(f"{DIALOG} input", "2031-02-03T09:00")
    await page.click("Remind me", DIALOG)
    await page.says("2031", ".details .field .chip")


async def write(page: WebApp, name: str, text: str) -> None:
    """Types a text into a field of the details, and does not leave it."""
    await page.run(f"document.querySelector('.details .{name} textarea').select()")
    await page.window.ask("Input.insertText", text=text)
