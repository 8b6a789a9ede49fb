"""Three people with three roles in one space of the web app, each in a browser context of their own."""

import json

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess
from clients.accessibility import look, violations
from clients.test_web_app_sharing import (
    ASSIGNEES,
    COMMENTS,
    DIALOG,
    assign,
    go,
    invite,
    join,
    service,
    share,
    signed_in,
)
from clients.test_web_app_trash import delete, shows_trash
from clients.web_page import TITLES, WebApp

__all__ = ["service"]

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

SMALL = 320
ROLE_OF_BOB = "document.querySelector('[aria-label=\"Role of Bob\"]')"
REVOKE = "[...document.querySelectorAll('dialog button')].filter((one) => one.innerText === 'Revoke')"

LOSE_AN_INVITATION = """
const send = fetch;
window.isLost = false;
window.fetch = async (input, init) => {
  const response = await send(input, init);
  if (isLost || init.method !== "POST" || !String(input).endsWith("/invitations")) return response;
  window.isLost = true;
  throw new TypeError("lost");
};
"""
"""The next invitation is made, and the response never arrives."""


async def team(browser: Browser, service: InProcess, *tasks: str) -> tuple[WebApp, WebApp, WebApp]:
    """Returns the pages of an owner, an editor and a viewer of a space with a list of these tasks."""
    ann, bob, eve = [await signed_in(browser, service, sub) for sub in ("ann", "bob", "eve")]
    await join(bob, await share(ann, "Flat", *tasks), "Bob")
    await bob.shows(*tasks)
    await open_people(ann)
    await join(eve, await invite(ann, "viewer"), "Eve")
    await eve.shows(*tasks)
    return ann, bob, eve


async def open_people(page: WebApp) -> None:
    """Opens the dialog with the members."""
    await go(page, "all")
    await page.click("Space Flat")
    await page.click("People", DIALOG)


async def set_role_of_bob(owner: WebApp, role: str) -> None:
    """Sets the role of Bob, by the dialog with the members."""
    await open_people(owner)
    await choose_role(owner, role)


async def choose_role(owner: WebApp, role: str) -> None:
    """Chooses a role for Bob in the dialog that is open."""
    await owner.until(f"({ROLE_OF_BOB})?.value != null")
    change = "one.dispatchEvent(new Event('change'))"
    await owner.run(f"((one) => {{ one.value = '{role}'; {change}; }})({ROLE_OF_BOB})")


async def has(page: WebApp, *titles: str) -> None:
    """Waits until these tasks are shown, in any order."""
    await page.until(f"JSON.stringify({TITLES}.toSorted()) === JSON.stringify({json.dumps(sorted(titles))})")


async def test_three_people_work_without_a_network_and_converge(browser: Browser, service: InProcess) -> None:
    ann, bob, eve = people = await team(browser, service, "Milk", "Bread")
    for page in (ann, bob):
        await go(page, "list")
        await page.go_offline()
    await ann.add("Eggs")
    await ann.open("Milk")
    await ann.fill(".details .title textarea", "Oat milk")
    await ann.press("Escape")
    await bob.add("Butter")
    await bob.open("Milk")
    await bob.fill("[aria-label='Due: day']", "2031-02-03")
    await bob.press("Escape")
    for page in (ann, bob):
        await page.go_online()

    for page in people:
        await has(page, "Oat milk", "Bread", "Eggs", "Butter")
        assert "not saved" not in await page.run("document.body.innerText")
    await eve.open("Oat milk")
    await eve.until("document.querySelector('[aria-label=\"Due: day\"]').value === '2031-02-03'")
    assert [await page.run("window.problems") for page in people] == [[], [], []]


async def test_they_comment_assign_restore_and_part(browser: Browser, service: InProcess) -> None:
    ann, bob, eve = people = await team(browser, service, "Milk", "Bread")
    for page in people:
        await go(page, "list")
    await bob.open("Milk")
    await bob.fill(".discussion textarea", "Two of them?")
    await bob.click("Send", ".discussion")
    await eve.open("Milk")
    await eve.until(f"JSON.stringify({COMMENTS}) === '[\"Two of them?\"]'")
    assert await eve.run("document.querySelector('.discussion textarea')") is None, "a viewer writes nothing"
    await assign(bob, "Eve", people=3)
    await eve.until(f"{ASSIGNEES}.find((one) => one.selected).text === 'Eve'")

    await ann.focus("Bread")
    await ann.press("Delete")
    await ann.says("Deleted: Bread", ".toast")
    for page in people:
        await has(page, "Milk")
    for page in (bob, eve):
        await page.press("Escape")
        await go(page, "trash")
        await shows_trash(page, "Bread")
    in_trash = "document.querySelectorAll('main .scroll button').length"
    assert [await page.run(in_trash) for page in (bob, eve)] == [3, 0], "a viewer changes nothing"
    await go(eve, "list")
    await bob.click("Restore Bread")
    await shows_trash(bob)
    for page in (ann, eve):
        await has(page, "Milk", "Bread")

    await open_people(ann)
    await ann.click("Remove Bob", DIALOG)
    await ann.until(f"!document.querySelector('{DIALOG}').innerText.includes('Bob')")
    await ann.click("Done", DIALOG)
    await bob.until("!document.querySelector('.sidebar').innerText.includes('Flat')")
    await go(ann, "list")
    await ann.add("Eggs")
    await has(eve, "Milk", "Bread", "Eggs")
    assert [await page.run("window.problems") for page in people] == [[], [], []]


async def test_a_conflict_stays_if_what_is_to_keep_its_text_fails(
    browser: Browser, service: InProcess
) -> None:
    ann, bob, _ = await team(browser, service, "Milk")
    await go(bob, "list")
    await bob.go_offline()
    await bob.open("Milk")
    await bob.fill(".details .description textarea", "Two litres")
    await bob.press("Escape")
    await go(ann, "list")
    await delete(ann, "Milk")
    await ann.says("Up to date", ".status")
    await bob.go_online()
    await bob.click("Decide", ".banner")
    await bob.says("Keep it as a new task", DIALOG)
    await set_role_of_bob(ann, "viewer")
    await bob.says("You can view this space, but not change it.")
    await bob.click("Keep it as a new task", DIALOG)
    await bob.says("Your role in this space does not allow this", ".toast")
    await bob.reload()
    await bob.says("One of your changes was not saved", ".banner[role=alert]")
    assert await bob.problems() == []


async def test_who_may_only_look_keeps_a_change_as_a_private_task(
    browser: Browser, service: InProcess
) -> None:
    ann, bob, _ = await team(browser, service, "Milk", "Bread")
    await go(bob, "list")
    await bob.go_offline()
    for title in ("Milk", "Bread"):
        await bob.open(title)
        await bob.fill(".details .description textarea", f"About {title}")
        await bob.press("Escape")
    await set_role_of_bob(ann, "viewer")
    await ann.says("Up to date", ".status")
    await bob.go_online()
    await bob.click("Decide", ".banner")
    await bob.says("Your role in this space does not allow changes any more.", DIALOG)
    assert "Keep mine" not in await bob.run(f"document.querySelector('{DIALOG}').innerText")
    await bob.click("Keep it in your own tasks", DIALOG)
    await bob.says("Bread", f"{DIALOG} h2")
    await ann.run(f"document.querySelector('{DIALOG}').close()")
    await set_role_of_bob(ann, "editor")
    await bob.until("document.querySelector('.add') !== null")
    await bob.click("Later", DIALOG)
    await bob.click("Decide", ".banner")
    await bob.says("Keep mine", DIALOG)
    await ann.run(f"document.querySelector('{DIALOG}').close()")
    await set_role_of_bob(ann, "viewer")
    await bob.says("You can view this space, but not change it.")
    await bob.click("Keep mine", DIALOG)
    await bob.says("Your role in this space does not allow this", ".toast")
    await bob.says("One of your changes was not saved", ".banner[role=alert]")
    await bob.run("location.hash = '#/inbox'")
    await bob.shows("Milk")
    await bob.says("has a description", ".tasks")
    assert await bob.problems() == []


async def test_a_role_that_cannot_be_set_is_shown_as_it_is_with_the_reason_in_the_dialog(
    browser: Browser, service: InProcess
) -> None:
    ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
    await join(bob, await share(ann, "Flat", "Milk"), "Bob")
    await open_people(ann)
    await ann.until(f"({ROLE_OF_BOB})?.value === 'editor'")
    await ann.go_offline()
    await choose_role(ann, "viewer")
    await ann.says("This needs the network", f"{DIALOG} [role=status]")
    await ann.until(f"({ROLE_OF_BOB})?.value === 'editor'")
    toast = f"document.querySelector('{DIALOG} .toast').getBoundingClientRect()"
    at_toast = f"(({{ x, y }}) => document.elementFromPoint(x + 9, y + 9))({toast})"
    assert await ann.run(f"({at_toast}).closest('.toast') !== null"), "it is not below the dialog"
    await ann.go_online()
    await ann.click("Done", DIALOG)
    await ann.until(f"document.querySelector('{DIALOG}') === null")
    assert await ann.problems() == await bob.problems() == []


async def test_a_double_click_makes_one_invitation(browser: Browser, service: InProcess) -> None:
    ann = await signed_in(browser, service, "ann")
    await share(ann, "Flat")  # makes one, too
    await open_people(ann)
    await ann.until(f"{REVOKE}.length === 1")
    await ann.click_twice("Make an invitation", DIALOG)
    await ann.says("Anyone with this address can join", DIALOG)
    await ann.click("Done", DIALOG)
    await open_people(ann)
    await ann.until(f"{REVOKE}.length > 1")
    assert await ann.run(f"{REVOKE}.length") == 2
    assert await ann.problems() == []


async def test_a_lost_answer_makes_no_address_of_an_invitation_without_its_secret(
    browser: Browser, service: InProcess
) -> None:
    ann = await signed_in(browser, service, "ann")
    await share(ann, "Flat", "Milk")
    await open_people(ann)
    await ann.until(f"{REVOKE}.length === 1")
    await ann.click("Done", DIALOG)
    await ann.window.ask("Page.addScriptToEvaluateOnNewDocument", source=LOSE_AN_INVITATION)
    await ann.reload()
    await open_people(ann)
    link = await invite(ann)
    assert "#/join/twi_" in link
    await open_people(ann)
    await ann.until(f"{REVOKE}.length > 1")
    assert await ann.run(f"{REVOKE}.length") == 2, "the one without its secret was revoked"
    bob = await signed_in(browser, service, "bob")
    await bob.run(f"location.href = '{link.partition('twi_')[0]}'")
    await bob.says("The address of the invitation is incomplete", ".toast")
    await join(bob, link, "Bob")
    await bob.shows("Milk")
    assert await ann.problems() == await bob.problems() == []


async def test_axe_finds_nothing_in_the_views_of_a_space(
    browser: Browser, service: InProcess, axe: str
) -> None:
    ann, bob, eve = await team(browser, service, "Milk")
    found = {"viewer": await violations(eve, axe)}
    await go(ann, "list")
    found["list"] = await violations(ann, axe)
    await ann.open("Milk")
    await ann.fill(".discussion textarea", "Two of them?")
    await ann.click("Send", ".discussion")
    await ann.until(f"{COMMENTS}.length === 1")
    for width in (1280, SMALL):
        found[f"details, {width}"] = await violations(ann, axe, width)
    await ann.click("Activity of this task", ".details")
    await ann.says("commented on", DIALOG)
    found["activity"] = await violations(ann, axe, SMALL)
    await ann.click("Done", DIALOG)
    await look(ann, dark=False, width=1280)
    await ann.press("Escape")
    await open_people(ann)
    await ann.says("Eve", DIALOG)
    for width in (1280, SMALL):
        found[f"people, {width}"] = await violations(ann, axe, width)
        assert await ann.run("document.documentElement.scrollWidth") <= width
    await bob.run("location.hash = '#/today'")
    found["today"] = await violations(bob, axe, SMALL)
    assert {view: rules for view, rules in found.items() if rules} == {}
