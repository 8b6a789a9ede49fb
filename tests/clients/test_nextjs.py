"""examples/nextjs in a browser: sign up, add, see it live in a second window, sign out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from changes.browser import CHROMIUM, Browser
from clients.nextjs_example import ALERT, SOURCE, STATE, Person, copied_example, running_app
from support.programs import run_program

LIFETIME: Final = 4
"""Seconds that a token is valid, so that a session needs several."""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),  # the first installation may have much to fetch
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]


@pytest.fixture(scope="module")
def example() -> Iterator[Path]:
    with copied_example() as folder:
        yield folder


@pytest.fixture(scope="module")
def app(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("taskward")
    with running_app(example, folder, TOKEN_LIFETIME=f"{LIFETIME}s") as url:
        yield url


OBSERVED: Final = f"""
new MutationObserver(() => states.push({STATE}))
  .observe(document.body, {{subtree: true, childList: true, characterData: true}})
"""


async def test_a_task_is_live_in_two_windows_and_of_one_person(app: str, browser: Browser) -> None:
    ann = await Person.of(browser, app, "ann@example.com", "Sign up")
    beside = await Person.of(browser, app, "ann@example.com", "Sign in")

    assert "No tasks yet" in await ann.window.run("document.body.textContent")
    await ann.add("")
    await ann.window.until(f"{ALERT} === 'Title cannot be empty'")
    await ann.add("Buy milk")
    await beside.sees("Buy milk")
    await beside.add("Call Bob")
    await ann.sees("Call Bob", "Buy milk")
    assert await ann.window.run(ALERT) == ""

    bob = await Person.of(browser, app, "bob@example.com", "Sign up")
    await bob.add("Bob's own")
    await bob.sees("Bob's own")

    await ann.window.run("document.querySelectorAll('li input')[1].click()")
    await beside.window.until("document.querySelectorAll('li input')[1].checked")
    await ann.window.run("document.querySelector('li button').click()")
    await beside.sees("Buy milk")
    await ann.click("Sign out")
    await ann.window.until("document.querySelector('[name=password]') !== null")
    assert "Buy milk" not in await ann.window.run("document.body.textContent")


async def test_a_session_goes_on_with_new_tokens(app: str, browser: Browser) -> None:
    eve = await Person.of(browser, app, "eve@example.com", "Sign up")
    await eve.window.run(f"window.states = []; {OBSERVED}")
    requests = "performance.getEntriesByType('resource').map(({ name }) => name)"
    renewals = f"{requests}.filter((url) => url.endsWith('/api/auth/token')).length"
    await eve.window.until(f"{renewals} > 1", seconds=4 * LIFETIME)

    await eve.add("Later")

    await eve.sees("Later")
    assert await eve.window.run(ALERT) == ""
    assert set(await eve.window.run("states")) == {"live"}


async def test_the_page_loads_nothing_from_other_sites(app: str, browser: Browser) -> None:
    window = await browser.window(app)
    loaded = await window.run("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert [url for url in loaded if not url.startswith((app, "http://127.0.0.1:"))] == []


async def test_a_wrong_password_is_an_error_that_is_shown(app: str, browser: Browser) -> None:
    window = await browser.window(app)
    await Person(window).sign("ann@example.com", "wrong password", "Sign in")

    await window.until(f"{ALERT} === 'Invalid email or password'")


def test_the_example_is_strictly_typed(example: Path) -> None:
    run_program(example, "node", "node_modules/typescript/bin/tsc")


def test_the_lock_file_names_no_package_registry() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    addresses = {package["resolved"] for package in lock["packages"].values() if "resolved" in package}
    assert addresses <= {"../../clients/typescript"}
