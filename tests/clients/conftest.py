"""Fixtures of the tests in a browser."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from changes.browser import Browser, chromium
from changes.streams import InProcess
from clients.web_page import WebApp, open_web_app
from clients.web_service import development
from support.npm import install_packages

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest_asyncio.fixture(scope="session")
async def running_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest_asyncio.fixture
async def browser(running_browser: Browser) -> AsyncIterator[Browser]:
    """Yields the one browser of all tests; each of their windows has storage of its own."""
    yield running_browser
    await running_browser.close_windows()


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[InProcess]:
    """Yields a service in development, with an empty database."""
    async with development(tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Browser, service: InProcess) -> AsyncIterator[WebApp]:
    """Yields the web app, which has signed in by itself. Nothing may go wrong in it unseen."""
    opened = await open_web_app(browser, service.url)
    yield opened
    assert await opened.problems() == []
    await browser.close_windows()  # before the service ends, which waits for its streams


@pytest.fixture(scope="session")
def web_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a copy of the source of the web app, with its packages."""
    copied = tmp_path_factory.mktemp("clients")
    for name in ("web", "typescript"):
        ignored = shutil.ignore_patterns("node_modules", "dist", "build", "tests")
        shutil.copytree(CLIENTS / name, copied / name, ignore=ignored)
    install_packages(copied / "web")
    return copied / "web"


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((CLIENTS / "web" / name).read_bytes())
    install_packages(folder)
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")
