"""examples/nextjs, running beside Taskward, and people who use it.

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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from changes.browser import Browser, Window
from clients.typescript_package import built_package
from faults.own_postgres import free_port
from support.command import command
from support.programs import run_program
from support.waiting import wait_for

SOURCE: Final = Path(__file__).parents[2] / "examples" / "nextjs"
BUILT: Final = Path(sys.prefix) / "examples" / "nextjs"
"""Two folders below that of `clients/typescript`, as in the repository."""
PACKAGES: Final = frozenset({"node_modules", "package.json", "package-lock.json"})
MADE: Final = shutil.ignore_patterns(
    "node_modules", ".next", ".env.local", "*.db*", "next-env.d.ts", "*.tsbuildinfo"
)


@contextmanager
def copied_example() -> Iterator[Path]:
    """Yields a clean copy with its packages; another run waits."""
    with built_package():
        pass
    BUILT.mkdir(parents=True, exist_ok=True)
    with BUILT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _clean(BUILT)
        shutil.copytree(SOURCE, BUILT, ignore=MADE, dirs_exist_ok=True)
        _install()
        yield BUILT


@contextmanager
def running_app(example: Path, folder: Path, **environment: str) -> Iterator[str]:
    """Yields the URL of the example, beside which Taskward runs in a folder."""
    port = free_port()
    taskward = f"http://127.0.0.1:{free_port()}"
    with _serving(example, port, TASKWARD_URL=taskward, **environment) as url:
        settings = dict.fromkeys(("JWT_ISSUER", "JWT_AUDIENCE", "FRONTEND_URL"), url)
        settings["JWT_JWKS_URL"] = f"{url}/api/auth/jwks"
        with command(folder, "serve", "--port", taskward.rpartition(":")[2], **settings) as running:
            running.port()
            httpx.get(url, timeout=120, trust_env=False)  # compiles the page, before a browser waits for it
            yield url


class Person:
    """Someone in a window of their own, with cookies of its own."""

    def __init__(self, window: Window) -> None:
        self.window = window

    @classmethod
    async def of(cls, browser: Browser, app: str, email: str, button: str) -> "Person":
        """Signs up or in."""
        person = cls(await browser.window(app))
        await person.sign(email, "correct horse battery", button)
        await person.window.until(f"document.querySelector('.state') !== null && {STATE} === 'live'")
        return person

    async def sign(self, email: str, password: str, button: str) -> None:
        """Fills the form in once React listens to it, and presses a button."""
        await self.window.until(f"Object.keys({FORM} ?? {{}}).some((key) => key.startsWith('__reactProps'))")
        await self.fill("email", email)
        await self.fill("password", password)
        await self.click(button)

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
ALERT: Final = "document.querySelector('[role=alert]').textContent"


def _clean(folder: Path) -> None:
    """Removes everything but the packages."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in PACKAGES:
            shutil.rmtree(path)
        elif path.name not in PACKAGES:
            path.unlink()


def _install() -> None:
    """Installs what the lock file names, unless it is there. The client, which is a link, is compiled."""
    key = hashlib.sha256((BUILT / "package-lock.json").read_bytes()).hexdigest()
    installed = BUILT / "node_modules" / f".{key}"
    if not installed.exists():
        run_program(BUILT, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        installed.touch()


@contextmanager
def _serving(example: Path, port: int, **environment: str) -> Iterator[str]:
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
            wait_for(lambda: _has_started(example, url) or process.poll() is not None, seconds=120, pause=0.1)
            assert _has_started(example, url), (example / "log").read_text()
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def _has_started(example: Path, url: str) -> bool:
    return f"Open {url}" in (example / "log").read_text()
