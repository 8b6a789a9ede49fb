"""Two people who share a list in the web app, each in a browser context of their own."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess, in_process_server
from clients.test_web_app_users import open_page, sign_in
from clients.web_page import CHOOSE, RECORD, REMIND, WebApp
from clients.web_service import development
from support import settings_for, token_for
from support.waiting import until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

A_NEWCOMER_HAS = 120.0
SECONDS_OF_AN_ACTION = 8.0
"""For a person who looks for the button, or thinks of a text."""

LINK = "document.querySelector('.invitation input')?.value"
DIALOG = "dialog[open]"
SELECT = (
    "[...document.querySelectorAll('.details select')]"
    ".find((one) => one.closest('label')?.innerText.includes('Assigned'))"
)
ASSIGNEES = f"[...(({SELECT})?.options ?? [])]"
MENTION = "document.querySelector('[aria-label=\"Mention a member\"]')"
USABLE = """
[".tasks :is(input, button.grip)", ".details :is(input, select, textarea, form button)"]
  .flatMap((fields) => [...document.querySelectorAll(fields)])
  .filter((one) => !one.matches(":disabled, [readonly]") && one.checkVisibility())
  .map((one) => one.ariaLabel)
"""
"""The fields in which something can be changed."""
HOLD_COMMENTS = """
window.refuse = undefined;
const send = fetch;
window.fetch = (input, init) =>
  window.refuse !== undefined || !String(input).includes("/api/comments") ? send(input, init)
    : new Promise((resolve) => { window.refuse = () => resolve(new Response("{}", { status: 400 })); });
"""
"""The next request of comments is refused once that is called."""
COMMENTS = "[...document.querySelectorAll('.discussion .comment')].map((one) => one.textContent)"


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[InProcess]:
    """Yields a service in production, with an empty database."""
    settings = settings_for(f"sqlite:///{tmp_path}/tasks.db", environment="production", web_app=True)
    async with in_process_server(settings) as running:
        yield running


async def signed_in(browser: Browser, service: InProcess, sub: str) -> WebApp:
    page = await open_page(browser, service)
    await sign_in(page, token_for(sub))
    await page.says("Up to date")
    return page


async def share(page: WebApp, title: str, *tasks: str) -> str:
    """Makes a list with these tasks, shares it, and returns the address of an invitation."""
    await page.click("Add a list")
    await page.type(f"{DIALOG} input", title)
    await page.says(title, "h1")
    await page.add(*tasks)
    await page.until("document.querySelector('.status p').textContent === 'Up to date'")
    await page.click(f"List {title}")
    await page.click("Share", DIALOG)
    await page.says("Everybody whom you invite sees all that is in the space", DIALOG)
    await page.click("Share", DIALOG)
    await page.says(f"People in {title}", DIALOG)
    return await invite(page)


async def invite(page: WebApp, role: str = "editor") -> str:
    await page.until(f"document.querySelector('{DIALOG} .invite select') !== null")
    await page.run(f"document.querySelector('{DIALOG} .invite select').value = '{role}'")
    await page.click("Make an invitation", DIALOG)
    await page.until(f"{LINK} !== undefined")
    link: str = await page.run(LINK)
    await page.click("Done", DIALOG)
    return link


async def go(page: WebApp, view: str) -> None:
    """Opens all tasks of the space, or its list, and waits until they are shown."""
    link = f'document.querySelector(\'.sidebar a[href^="#/space/"][href*="/{view}"]\')'
    await page.until(f"((one) => one !== null && (one.click(), true))({link})")
    await page.until(f"({link})?.ariaCurrent === 'page'")


async def assign(page: WebApp, name: str, *, people: int) -> None:
    """Assigns the task that is shown to one of that many people."""
    await page.until(f"{ASSIGNEES}?.length === {people + 1}")
    # At once: the page shows the stored member again whenever something arrives.
    chosen = f"{ASSIGNEES}.find((one) => one.text === '{name}').value"
    change = "one.dispatchEvent(new Event('change', { bubbles: true }))"
    await page.run(f"((one) => {{ one.value = {chosen}; {change}; }})({SELECT})")


async def join(page: WebApp, link: str, name: str) -> None:
    await page.run(f"location.href = '{link}'")
    await page.says("Join a space", DIALOG)
    assert await page.run("location.hash") == "#/inbox", "the address has no secret any more"
    await page.type(f"{DIALOG} input", name)


async def test_two_people_share_a_list(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    link = await share(ann, "Flat", "Milk")
    await ann.says("Flat", "h1")
    await ann.shows("Milk")

    await join(bob, link, "Bob")
    await bob.says("You are in Flat now")
    await bob.shows("Milk")
    await go(bob, "list")
    await bob.add("Bread")
    await ann.shows("Milk", "Bread")

    await ann.open("Bread")
    await ann.says("by Bob", ".details")
    await ann.fill(".discussion textarea", "Which one?")
    await ann.click("Send", ".discussion")
    await ann.until(f"{COMMENTS}.includes('Which one?')")
    await bob.open("Bread")
    await bob.until(f"{COMMENTS}.includes('Which one?')")
    assert await ann.run("window.problems") == await bob.run("window.problems") == []


async def test_a_newcomer_shares_a_list_with_a_second_browser_in_development(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions: list[str] = []
    for name in ("click", "type"):
        counted(monkeypatch, name, actions)
    async with development(tmp_path) as service:
        begun = time.monotonic()
        ann = await open_page(browser, service)
        link = await share(ann, "Flat", "Milk")
        bob = WebApp(await browser.window(link, script=RECORD))
        await bob.says("Join a space", DIALOG)
        await bob.type(f"{DIALOG} input", "Bob")
        await bob.says("You are in Flat now")
        await bob.shows("Milk")
        taken = time.monotonic() - begun
        await go(bob, "list")
        await bob.add("Bread")
        await ann.shows("Milk", "Bread")
        found = [await one.run("window.problems") for one in (ann, bob)]

    assert link.startswith(f"http://localhost:{service.url.rpartition(':')[2]}/?user=second#/join/")
    assert found == [[], []]
    assert taken + SECONDS_OF_AN_ACTION * len(actions) < A_NEWCOMER_HAS, (taken, actions)


def counted(monkeypatch: pytest.MonkeyPatch, name: str, actions: list[str]) -> None:
    """Adds each action of that name in a window to a list."""
    act = getattr(WebApp, name)

    async def counting(self: WebApp, what: str, *others: str) -> None:
        actions.append(f"{name} {what}")
        await act(self, what, *others)

    monkeypatch.setattr(WebApp, name, counting)


async def test_comments_mention_members_and_are_changed_by_their_authors(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await ann.open("Milk")
    await ann.until(f"({MENTION})?.options.length === 2")
    await ann.run(CHOOSE.format(field=MENTION, index=1))
    await ann.says("Bob", ".discussion .chip")
    await ann.fill(".discussion textarea", "Do you have some?")
    await ann.click("Send", ".discussion")
    await bob.open("Milk")
    await bob.says("Do you have some? To Bob", ".discussion")
    assert await bob.run("document.querySelector('[aria-label=\"Change the comment\"]')") is None

    await ann.click("Change the comment")
    await ann.fill(".discussion li textarea", "Do you have some more?")
    await ann.click("Do not mention Bob")
    await ann.click("Save", ".discussion")
    await ann.until(f"JSON.stringify({COMMENTS}) === '[\"Do you have some more?\"]'")
    await ann.says("changed", ".discussion li")
    assert "To Bob" not in await ann.run("document.querySelector('.discussion').innerText")
    assert await ann.run("window.problems") == await bob.run("window.problems") == []


async def test_comments_that_could_not_be_read_are_not_reported_beside_another_task(
    browser: Browser, service: InProcess
) -> None:
    ann = await signed_in(browser, service, "ann")
    await ann.add("Milk", "Bread")
    await ann.says("Up to date", ".status")
    await ann.window.ask("Page.addScriptToEvaluateOnNewDocument", source=HOLD_COMMENTS)
    await ann.reload()
    await ann.open("Milk")
    await ann.until("typeof refuse === 'function'")
    await ann.press("Escape")
    await ann.open("Bread")
    await ann.says("Comments", ".details")
    await ann.run("refuse()")
    await ann.run("new Promise((resolve) => setTimeout(resolve, 300))")
    assert "could not be read" not in await ann.run("document.querySelector('.discussion').innerText")
    assert await ann.problems() == []


async def test_reminders_of_a_space_are_each_members_own(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.open("Milk")
    await bob.fill("[aria-label='Due: day']", "2031-02-03")
    await bob.until(f"({REMIND})?.options.length === 4")
    await bob.run(CHOOSE.format(field=REMIND, index=1))
    await bob.says("On the day at 9:00", ".details .chip")
    await ann.open("Milk")
    await ann.until("document.querySelector('[aria-label=\"Due: day\"]').value === '2031-02-03'")
    assert await ann.run("document.querySelector('.details .field .chip')") is None

    await bob.reload()
    await bob.says("On the day at 9:00", ".details .chip")
    await bob.click("Remove the reminder: On the day at 9:00")
    await bob.until("document.querySelector('.details .field .chip') === null")
    assert await ann.run("window.problems") == await bob.run("window.problems") == []


async def test_who_only_looks_changes_nothing(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await share(ann, "Flat", "Milk")
    await go(ann, "all")
    await ann.click("Space Flat")
    await ann.click("People", DIALOG)
    await join(bob, await invite(ann, "viewer"), "Bob")
    await bob.shows("Milk")
    await bob.says("You can view this space, but not change it.")
    assert await bob.run("document.querySelector('.add')") is None
    await bob.open("Milk")
    assert await bob.run(USABLE) == ["Add a reminder"]
    assert await bob.run("document.querySelector('.details .description textarea').readOnly")
    await bob.click("Close details")
    await bob.until("document.querySelector('.details') === null")
    assert await bob.run("window.problems") == []


async def test_who_is_removed_keeps_what_was_not_sent(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await bob.window.ask("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    await bob.window.ask("Network.emulateNetworkConditions", offline=True, **offline)
    await bob.type(".add input", "Written without a network every day")
    await bob.shows("Written without a network", "Milk")

    await go(ann, "all")
    await ann.click("Space Flat")
    await ann.click("People", DIALOG)
    await ann.click("Remove Bob", DIALOG)
    await ann.until(f"!document.querySelector('{DIALOG}').innerText.includes('Bob')")
    await bob.window.ask("Network.emulateNetworkConditions", offline=False, **offline)

    await bob.says("You are not in this space any more.")
    await bob.click("Decide")
    await bob.says("You are not in this space any more, so your change was not sent.", DIALOG)
    await bob.click("Keep it in your own tasks", DIALOG)
    await bob.until("(document.querySelector('.sidebar a[href=\"#/inbox\"]').click(), true)")
    await bob.shows("Written without a network")
    await bob.until("!document.querySelector('.sidebar').innerText.includes('Flat')")
    headers = {"Authorization": f"Bearer {token_for('bob')}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers) as client:

        async def is_kept() -> bool:
            tasks = (await client.get("/api/tasks")).json()["tasks"]
            return [task.get("recurrence", {}).get("rule") for task in tasks] == ["FREQ=DAILY"]

        await until(is_kept)


async def test_a_conflict_shows_who_is_assigned_by_name(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.open("Milk")
    await bob.until(f"{ASSIGNEES}.length === 3")
    await bob.go_offline()
    await assign(bob, "Bob", people=2)
    await ann.open("Milk")
    await assign(ann, "A member", people=2)
    await ann.says("Up to date", ".status")
    await bob.go_online()

    await bob.click("Decide")
    await bob.says("Assigned to Bob A member", f"{DIALOG} table")


async def test_who_leaves_is_asked_and_out(browser: Browser, service: InProcess) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await bob.shows("Milk")
    await bob.click("Space Flat")
    await bob.click("Leave", DIALOG)
    await bob.click("Leave", DIALOG)
    await bob.until("!document.querySelector('.sidebar').innerText.includes('Flat')")
    await go(ann, "all")
    await ann.click("Space Flat")
    await ann.click("People", DIALOG)
    await ann.until(f"!document.querySelector('{DIALOG}').innerText.includes('Bob')")


async def test_what_is_assigned_is_in_the_own_views_of_the_member(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk", "Bread"), "Bob")
    await bob.shows("Milk", "Bread")
    for title in ("Milk", "Bread"):
        await ann.set_due_today(title)
    await assign(ann, "Bob", people=2)

    await bob.run("document.querySelector('.sidebar a[href=\"#/today\"]').click()")
    await bob.shows("Bread")
    await bob.says("Flat", ".tasks")
    await bob.until("document.querySelector('.sidebar a[href=\"#/today\"] .count').textContent === '1 open'")
    await bob.focus("Bread")
    await bob.press("Enter")
    await bob.says("Activity of this task", ".details")
    assert "/space/" in await bob.run("location.hash")

    await bob.click("Activity of this task", ".details")
    await bob.says("updated “Bread” (assignee)", DIALOG)
    await bob.says("updated “Bread” (due)", DIALOG)
    await bob.click("Done", DIALOG)
    await bob.run("document.querySelector('.sidebar a[href=\"#/today\"]').click()")
    await bob.shows("Bread")
    await bob.focus("Bread", "check")
    await bob.press("Space")
    await ann.until("document.querySelector('.details input[type=checkbox]').checked")
    assert await ann.run("window.problems") == await bob.run("window.problems") == []
