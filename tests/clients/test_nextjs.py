"""examples/nextjs in a browser: sign up, add, see it live in a second window, sign out.

Its packages are kept in `.venv/examples`; everything else is a clean copy each time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser, Window, chromium
from clients.typescript_package import built_package, run
from faults.own_postgres import free_port
from support.command import command
from support.waiting import wait_for

SOURCE: Final = Path(__file__).parents[2] / "examples" / "nextjs"
BUILT: Final = Path(sys.prefix) / "examples" / "nextjs"
"""Two folders below that of `clients/typescript`, as in the repository."""
PACKAGES: Final = frozenset({"node_modules", "package.json", "package-lock.json"})
MADE: Final = shutil.ignore_patterns(
    "node_modules", ".next", ".env.local", "*.db*", "next-env.d.ts", "*.tsbuildinfo"
)
LIFETIME: Final = 4
"""Seconds that a token is valid, so that a session needs several."""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),  # the first installation may have much to fetch
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]


@pytest.fixture(scope="module")
def example() -> Iterator[Path]:
    """Yields a clean copy with its packages; another run waits."""
    with built_package():
        pass
    BUILT.mkdir(parents=True, exist_ok=True)
    with BUILT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clean(BUILT)
        shutil.copytree(SOURCE, BUILT, ignore=MADE, dirs_exist_ok=True)
        install()
        yield BUILT


def clean(folder: Path) -> None:
    """Removes everything but the packages."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in PACKAGES:
            shutil.rmtree(path)
        elif path.name not in PACKAGES:
            path.unlink()


def install() -> None:
    """Installs what the lock file names, unless it is there. The client, which is a link, is compiled."""
    key = hashlib.sha256((BUILT / "package-lock.json").read_bytes()).hexdigest()
    installed = BUILT / "node_modules" / f".{key}"
    if not installed.exists():
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", folder=BUILT)
        installed.touch()


@contextmanager
def serving(example: Path, port: int, **environment: str) -> Iterator[str]:
    """Starts the example and yields its URL."""
    url = f"http://localhost:{port}"
    with (
        (example / "log").open("w+") as log,
        subprocess.Popen(  # noqa: S603 - our own example
            [shutil.which("node") or "node", "start.js"],
            cwd=example,
            env=os.environ | environment | {"PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_for(lambda: has_started(example, url) or process.poll() is not None, seconds=120, pause=0.1)
            assert has_started(example, url), (example / "log").read_text()
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def has_started(example: Path, url: str) -> bool:
    return f"Open {url}" in (example / "log").read_text()


@pytest.fixture(scope="module")
def app(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yields the URL of the example, beside which Taskward runs with the settings that it needs."""
    port = free_port()
    taskward = f"http://127.0.0.1:{free_port()}"
    with serving(example, port, TASKWARD_URL=taskward, TOKEN_LIFETIME=f"{LIFETIME}s") as url:
        settings = dict.fromkeys(("JWT_ISSUER", "JWT_AUDIENCE", "FRONTEND_URL"), url)
        settings["JWT_JWKS_URL"] = f"{url}/api/auth/jwks"
        folder = tmp_path_factory.mktemp("taskward")
        with command(folder, "serve", "--port", taskward.rpartition(":")[2], **settings) as running:
            running.port()
            httpx.get(url, timeout=120, trust_env=False)  # compiles the page, before a browser waits for it
            yield url


@pytest_asyncio.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(tmp_path_factory.mktemp("profile")) as one:
        yield one


class Person:
    """Someone in a window of their own, with cookies of its own."""

    def __init__(self, window: Window) -> None:
        self.window = window

    @classmethod
    async def of(cls, browser: Browser, app: str, email: str, button: str) -> "Person":
        """Signs up or in."""
        person = cls(await browser.window(app))
        await person.window.until(
            f"Object.keys({FORM} ?? {{}}).some((key) => key.startsWith('__reactProps'))"
        )
        await person.fill("email", email)
        await person.fill("password", "correct horse battery")
        await person.click(button)
        await person.window.until(f"document.querySelector('.state') !== null && {STATE} === 'live'")
        return person

    async def fill(self, name: str, value: str) -> None:
        await self.window.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

    async def click(self, button: str) -> None:
        buttons = "[...document.querySelectorAll('button')]"
        await self.window.run(
            f"{buttons}.find((one) => one.textContent.trim() === {json.dumps(button)}).click()"
        )

    async def add(self, title: str) -> None:
        await self.fill("title", title)
        await self.click("Add")

    async def sees(self, *titles: str) -> None:
        await self.window.until(f"JSON.stringify({TITLES}) === JSON.stringify({json.dumps(titles)})")


FORM: Final = "document.querySelector('form')"
TITLES: Final = "[...document.querySelectorAll('li label')].map((one) => one.textContent)"
STATE: Final = "document.querySelector('.state').textContent"
OBSERVED: Final = f"""
new MutationObserver(() => states.push({STATE}))
  .observe(document.body, {{subtree: true, childList: true, characterData: true}})
"""
ALERT: Final = "document.querySelector('[role=alert]').textContent"


async def test_a_task_is_live_in_two_windows_and_of_one_person(app: str, browser: Browser) -> None:
    ann = await Person.of(browser, app, "ann@example.com", "Sign up")
    beside = await Person.of(browser, app, "ann@example.com", "Sign in")

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
    stranger = Person(window)
    await window.until(f"Object.keys({FORM}).some((key) => key.startsWith('__reactProps'))")
    await stranger.fill("email", "ann@example.com")
    await stranger.fill("password", "wrong password")
    await stranger.click("Sign in")

    await window.until(f"{ALERT} === 'Invalid email or password'")


def test_the_example_is_strictly_typed(example: Path) -> None:
    run("node", "node_modules/typescript/bin/tsc", folder=example)


def test_the_lock_file_names_no_package_registry() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    addresses = {package["resolved"] for package in lock["packages"].values() if "resolved" in package}
    assert addresses <= {"../../clients/typescript"}
