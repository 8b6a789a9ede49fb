"""Who uses the web app: signing out, other windows, and another user on the same device."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess, in_process_server
from clients.web_page import RECORD, WebApp, open_web_app
from support import settings_for, token_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

STORED = """
(async () => {
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result);
    });
    for (const table of database.objectStoreNames) {
      const request = database.transaction(table).objectStore(table).getAll();
      found.push(...(await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))));
    }
    database.close();
  }
  return JSON.stringify(found);
})()
"""
"""Returns what is in all databases of the device, as JSON."""
NAMES = "indexedDB.databases().then((found) => JSON.stringify(found.map(({ name }) => name)))"
NO_STORAGE = """
const refuse = () => { throw new DOMException("denied", "SecurityError"); };
Object.defineProperty(window, "localStorage", { get: refuse });
"""
NO_DATABASE = "indexedDB.open = () => { throw new DOMException('denied', 'UnknownError'); };"
SIGN_IN_PAGE = "document.querySelector('.sign-in') !== null"


@pytest_asyncio.fixture
async def production(tmp_path: Path) -> AsyncIterator[InProcess]:
    """Yields a service in production, with an empty database."""
    settings = settings_for(f"sqlite:///{tmp_path}/tasks.db", environment="production", web_app=True)
    async with in_process_server(settings) as running:
        yield running


async def open_page(browser: Browser, service: InProcess, beside: WebApp | None = None) -> WebApp:
    window = await browser.window(f"{service.url}/", beside=beside.window if beside else None, script=RECORD)
    return WebApp(window)


async def sign_in(page: WebApp, token: str, within: str = "body") -> None:
    await page.fill(f"{within} textarea", token)
    await page.click("Sign in", within)


async def signed_in(browser: Browser, service: InProcess, token: str) -> WebApp:
    page = await open_page(browser, service)
    await sign_in(page, token)
    await page.until("document.querySelector('.app') !== null")
    return page


async def duplicated(browser: Browser, service: InProcess, page: WebApp) -> WebApp:
    """Opens another window as "Duplicate" in the menu of a tab does: with the same session storage."""
    stored = await page.run("JSON.stringify({ ...sessionStorage })")
    copy = await open_page(browser, service, page)
    await copy.until("document.querySelector('.app') !== null")
    await copy.run(f"Object.assign(sessionStorage, {stored})")
    await copy.reload()
    return copy


async def later(browser: Browser, service: InProcess, page: WebApp) -> WebApp:
    """Closes a page, and opens one of the same browser, which has no token."""
    again = await open_page(browser, service, page)
    await page.window.ask("Page.close")
    await again.says("Your session has ended", "dialog")
    await again.click("Later", "dialog")
    return again


async def titles_of(service: InProcess, person: str) -> list[str]:
    """Returns the titles of the tasks that the service has of a user."""
    headers = {"Authorization": f"Bearer {token_for(person)}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers) as client:
        return [one["title"] for one in (await client.get("/api/tasks")).json()["tasks"]]


async def test_signing_out_ends_every_window_and_leaves_nothing(
    browser: Browser, production: InProcess
) -> None:
    first = await signed_in(browser, production, token_for("ann"))
    await first.add("Private", "Secret")
    second = await duplicated(browser, production, first)
    await second.shows("Private", "Secret")
    await second.open("Private")
    await second.run("document.querySelector('.details .title textarea').select()")
    await second.window.ask("Input.insertText", text="Being edited")
    await first.click("Sign out")
    await first.click("Sign out", "dialog")

    for page in (first, second):
        await page.until(SIGN_IN_PAGE)
        assert await page.run("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])") == "[{},{}]"
        assert "Private" not in await page.run("document.body.innerText")
    await second.window.ask("Page.reload")
    await second.until(SIGN_IN_PAGE)
    await second.until(f"{NAMES}.then((names) => names === '[]')")
    assert "Private" not in await second.run(STORED)
    assert await first.problems() == await second.problems() == []


async def test_signing_out_does_not_wait_for_a_provider_that_does_not_answer(
    browser: Browser, tmp_path: Path
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # it accepts connections, and answers nothing
    issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
    database = f"sqlite:///{tmp_path}/tasks.db"
    settings = settings_for(
        database, environment="production", web_app=True, web_app_issuer=issuer, web_app_client_id="web-app"
    )
    issued = {"token": token_for("ann"), "refresh": "a refresh token"}
    session = {"token": token_for("ann"), "session": "one", "issued": json.dumps(issued)}
    async with in_process_server(settings) as service:
        page = await open_page(browser, service)
        for name, value in session.items():
            await page.run(f"sessionStorage.setItem('taskward.{name}', {json.dumps(value)})")
        await page.run("localStorage.setItem('taskward.session', 'one')")
        await page.reload()
        await page.add("Private")
        await page.says("Up to date", ".status")
        await page.click("Sign out")
        await page.click("Sign out", "dialog")
        await page.until("document.body?.inert")  # nothing that is typed now would be kept
        await page.until(SIGN_IN_PAGE)
        assert await page.problems() == []
        await browser.close_windows()
    silent.close()


@pytest.mark.parametrize("script", [NO_STORAGE, NO_DATABASE], ids=["storage", "database"])
async def test_the_page_says_that_the_browser_stores_nothing(
    browser: Browser, service: InProcess, script: str
) -> None:
    page = WebApp(await browser.window(f"{service.url}/", script=RECORD + script))
    await page.says("The app stores its data in this browser", "[role=alert]")
    assert await page.problems() == []


async def test_a_window_that_was_away_while_another_one_signed_out_is_signed_out(
    browser: Browser, production: InProcess
) -> None:
    first = await signed_in(browser, production, token_for("ann"))
    await first.add("Private")
    second = await duplicated(browser, production, first)
    await second.shows("Private")
    await second.window.ask("Page.navigate", url="about:blank")
    await first.click("Sign out")
    await first.click("Sign out", "dialog")
    await first.until(SIGN_IN_PAGE)
    await second.window.ask("Page.navigate", url=f"{production.url}/")

    await second.until(SIGN_IN_PAGE)
    assert await second.run("JSON.stringify({ ...sessionStorage })") == "{}"
    assert "Private" not in await second.run(STORED)


async def test_no_name_of_a_database_tells_the_user(browser: Browser, production: InProcess) -> None:
    page = await signed_in(browser, production, token_for("ann"))
    await page.add("Private")
    await page.says("Up to date", ".status")

    assert "Private" in await page.run(STORED)
    assert await page.run(NAMES) == '["taskward-app"]'
    assert "ann" not in await page.run("JSON.stringify({ ...localStorage })")


async def test_the_tasks_of_another_user_do_not_stay(browser: Browser, production: InProcess) -> None:
    first = await signed_in(browser, production, token_for("ann"))
    await first.add("Of Ann")
    await first.says("Up to date", ".status")
    page = await later(browser, production, first)
    await page.add("Of Ann, not sent")
    await page.click("Sign in", ".status")
    await sign_in(page, token_for("bob"), "dialog")
    await page.says("1 change was not sent", "dialog")
    await page.click("Cancel", "dialog")
    await page.says("Your session has ended", "dialog")
    await page.shows("Of Ann", "Of Ann, not sent")
    assert await titles_of(production, "bob") == []
    await sign_in(page, token_for("bob"), "dialog")
    await page.click("Delete them and sign in", "dialog")
    await page.says("Up to date", ".status")
    await page.shows()

    assert "Of Ann" not in await page.run(STORED)
    await page.add("Of Bob")
    await page.says("Up to date", ".status")
    assert await titles_of(production, "bob") == ["Of Bob"]
    assert await titles_of(production, "ann") == ["Of Ann"]
    assert await page.problems() == []


async def test_the_same_user_continues_after_a_question_about_another_one(
    browser: Browser, production: InProcess
) -> None:
    first = await signed_in(browser, production, token_for("ann"))
    await first.says("Up to date", ".status")
    page = await later(browser, production, first)
    await page.add("Not sent")
    await page.click("Sign in", ".status")
    await sign_in(page, token_for("bob"), "dialog")
    await page.click("Cancel", "dialog")
    await page.says("Your session has ended", "dialog")
    await sign_in(page, token_for("ann"), "dialog")
    await page.says("Up to date", ".status")

    await page.shows("Not sent")
    assert await titles_of(production, "ann") == ["Not sent"]
    assert await titles_of(production, "bob") == []


async def test_databases_of_earlier_versions_do_not_stay(browser: Browser, production: InProcess) -> None:
    page = await open_page(browser, production)
    await page.run("void indexedDB.open('taskward of ann at https://provider.example')")
    await page.until(f"{NAMES}.then((names) => names.includes('of ann'))")
    await page.window.ask("Page.reload")
    await page.until(f"{NAMES}.then((names) => names === '[]')")


async def test_in_development_a_cleared_device_is_filled_once_for_all_windows(
    browser: Browser, service: InProcess
) -> None:
    first = await open_web_app(browser, service.url)
    await first.add("Kept by the service")
    second = await open_web_app(browser, service.url, beside=first)
    for page in (first, second):
        await page.says("Up to date", ".status")
        await page.run("window.isOld = true")
    await first.click("Clear this device")
    await first.click("Sign out", "dialog")

    for page in (first, second):
        await page.until("!window.isOld && document.querySelector('.app') !== null")
        await page.shows("Kept by the service")
        await page.says("Up to date", ".status")
    assert await first.run(NAMES) == '["taskward-app"]'
    await second.add("Added in the second window")
    await first.shows("Kept by the service", "Added in the second window")
    assert await first.problems() == await second.problems() == []
