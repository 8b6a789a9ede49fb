"""Sign-in at an OpenID Connect provider, in the web app: docs/web-app.md#sign-in."""

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pytest
import pytest_asyncio
from changes.browser import CHROMIUM, Browser
from changes.streams import InProcess, in_process_server
from clients.test_web_app_users import open_page
from clients.web_page import WebApp
from support import settings_for
from support.npm import install_packages

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),  # the first installation may download much
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

SERVER: Final = Path(__file__).parent / "oidc"
AUDIENCE: Final = "https://tasks.example.com"
VALID: Final = 4
"""Seconds for which an access token is valid."""

PROVIDERS: Final = {"oidc_provider.js": "", "better_auth.js": "/api/auth"}
"""Programs, and the path of each one's issuer."""

STORED: Final = "JSON.stringify({ ...localStorage })"
TOKEN: Final = "sessionStorage.getItem('taskward.token')"


@dataclass
class IdentityProvider:
    """A running provider, and what it prints."""

    issuer: str
    process: subprocess.Popen[str]
    output: IO[str]

    @property
    def origin(self) -> str:
        """The beginning of the issuer, without a path."""
        return "/".join(self.issuer.split("/")[:3])

    def revoke_all(self) -> None:
        """Revokes all refresh tokens."""
        self.process.send_signal(signal.SIGUSR2)
        assert "revoked\n" in iter(self.output.readline, ""), "beside notices of the library"


@dataclass
class Place:
    """The service, and the provider at which its users sign in."""

    service: InProcess
    provider: IdentityProvider


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a copy of the providers with their dependencies, exactly as in its lock file."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed, and the provider runs on it")
    folder = tmp_path_factory.mktemp("oidc") / "provider"
    shutil.copytree(SERVER, folder, ignore=shutil.ignore_patterns("node_modules"))
    install_packages(folder)
    return folder


@pytest_asyncio.fixture(params=PROVIDERS.items(), ids=lambda one: one[0])
async def place(installed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Yields a service in production, with an empty database, and its provider."""
    program, path = request.param
    issuer = f"http://127.0.0.1:{free_port()}{path}"
    settings = settings_for(
        f"sqlite:///{tmp_path}/tasks.db",
        environment="production",
        web_app=True,
        jwt_secret=None,
        jwt_jwks_url=f"{issuer}/jwks",
        jwt_issuer=issuer,
        jwt_audience=AUDIENCE,
        web_app_issuer=issuer,
        web_app_client_id="web-app",
        web_app_scope="openid offline_access",
        web_app_resource=AUDIENCE,
    )
    async with in_process_server(settings) as service:
        with serving(installed, program, issuer, service.url) as provider:
            yield Place(service, provider)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, program: str, issuer: str, origin: str) -> Iterator[IdentityProvider]:
    command = [str(shutil.which("node")), program, issuer, origin, str(VALID)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield IdentityProvider(issuer, process, process.stdout)
        finally:
            process.kill()


async def opened(browser: Browser, place: Place) -> WebApp:
    page = await open_page(browser, place.service)
    await page.says("Sign in with 127.0.0.1")
    return page


async def sign_in(page: WebApp, place: Place, name: str) -> None:
    """Signs in at the provider, and returns to the app."""
    await page.click(f"Sign in with {place.provider.origin.removeprefix('http://')}")
    await consent(page, place, name)


async def consent(page: WebApp, place: Place, name: str) -> None:
    """Signs in on the provider's page, if it asks for that, and consents, if it asks for that."""
    await page.until(
        f"location.origin === '{place.provider.origin}' && document.querySelector('form') !== null"
    )
    if await page.run("document.querySelector('[name=login]') !== null"):
        await page.fill("[name=login]", name)
        await page.fill("[name=password]", "a password")
        await page.run("document.querySelector('form').requestSubmit()")
        await page.until("document.querySelector('[name=login]') === null && document.body !== null")
    back = f"location.origin === '{place.service.url}' && document.querySelector('.app') !== null"
    await page.until(
        f"{back} || document.querySelector('form') !== null && location.origin === '{place.provider.origin}'"
    )
    if not await page.run(back):
        await page.run("document.querySelector('form').requestSubmit()")
    await page.until(back)


async def up_to_date(page: WebApp) -> None:
    await page.until("document.querySelector('.status p').textContent === 'Up to date'")


async def test_a_user_signs_in_and_out_at_the_provider(browser: Browser, place: Place) -> None:
    page = await opened(browser, place)
    await page.run("location.hash = '#/today'")
    await sign_in(page, place, "ann")
    await up_to_date(page)
    assert await page.run("location.search + location.hash") == "#/today", "no code is left in the address"
    await page.add("Milk")
    await up_to_date(page)

    issued = await page.run(TOKEN)
    assert issued.count(".") == 2
    assert issued not in await page.run(STORED)
    assert "refresh" not in await page.run(STORED)
    await page.reload()
    await page.shows("Milk")
    assert await page.run("problems") == []

    await page.click("Sign out")
    await page.click("Sign out", "dialog[open]")
    asked, is_back = (
        "document.querySelector('[name=logout], [value=yes]')",
        "document.querySelector('.sign-in')",
    )
    await page.until(f"({asked} ?? {is_back}) !== null")
    if await page.run(f"{asked} !== null"):  # the provider asks whether it is meant
        await page.run(f"{asked}.click()")
    await page.says("Sign in with 127.0.0.1")
    assert await page.run("JSON.stringify({ ...sessionStorage })") == "{}"
    await page.click(f"Sign in with {place.provider.origin.removeprefix('http://')}")
    await page.until("document.querySelector('[name=login]') !== null")  # signed out there, too


async def test_an_expired_token_is_renewed_in_the_middle_of_work(browser: Browser, place: Place) -> None:
    page = await opened(browser, place)
    await sign_in(page, place, "ann")
    await up_to_date(page)
    for number in range(2):
        first = await page.run(TOKEN)
        await asyncio.sleep(VALID + 1)
        await page.add(f"Task {number}")
        await page.until(f"{TOKEN} !== '{first}'")
        await up_to_date(page)
    assert await page.run("document.querySelector('dialog[open]') === null")
    assert await page.run("problems") == []


async def test_after_a_revocation_work_goes_on_and_is_sent_after_a_sign_in(
    browser: Browser, place: Place
) -> None:
    page = await opened(browser, place)
    await sign_in(page, place, "ann")
    await up_to_date(page)
    place.provider.revoke_all()
    await page.run("document.querySelector('.add input').focus()")
    await page.window.ask("Input.insertText", text="Begun before")
    await page.says("Your session has ended", "dialog[open]")
    await page.press("Enter")
    await page.click("Later", "dialog[open]")
    assert await page.run("document.querySelector('.add input').value") == "Begun before"
    await page.type(".add input", " the revocation was seen")
    await page.shows("Begun before the revocation was seen")
    await page.run("document.querySelector('.add input').focus()")
    await page.window.ask("Input.insertText", text="Not finished")

    await page.click("Sign in", ".sidebar")
    await page.says("Your session has ended", "dialog[open]")
    for address, title in (("#/today", "Today"), ("#/inbox", "Inbox")):
        await page.run(f"location.hash = '{address}'")
        await page.says(title, "h1")
    assert await page.run("document.querySelector('dialog[open]') !== null"), "it is not about what is shown"
    await page.click(f"Sign in with {place.provider.origin.removeprefix('http://')}", "dialog[open]")
    await page.leaves()
    await consent(page, place, "ann")
    await page.shows("Begun before the revocation was seen")
    await up_to_date(page)
    assert await page.run("document.querySelector('.add input').value") == "Not finished"


async def test_an_answer_of_no_sign_in_of_this_tab_is_ignored(browser: Browser, place: Place) -> None:
    page = await opened(browser, place)
    await page.run(f"location.href = '/?code=stolen&state=guessed&iss={place.provider.issuer}'")
    await page.says("Sign in with 127.0.0.1")
    assert await page.run(f"{TOKEN} === null")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("code=stolen&state=guessed&iss={issuer}", "state"),
        ("code=stolen&state={state}&iss=https://other.example.com", "iss"),
        ("code=stolen&state={state}", "iss"),
        (
            "error=access_denied&state={state}&iss={issuer}",
            "authorization response from the server is an error",
        ),
        ("code=stolen&state={state}&iss={issuer}", "server responded with an error"),
    ],
)
async def test_a_wrong_answer_is_refused(browser: Browser, place: Place, answer: str, problem: str) -> None:
    page = await opened(browser, place)
    started = {"state": "known", "nonce": "n", "verifier": "v" * 43, "hash": ""}
    await page.run(f"sessionStorage.setItem('taskward.sign-in', JSON.stringify({started}))")
    query = answer.format(state="known", issuer=place.provider.issuer)
    await page.run(f"location.href = '/?{query}'")
    await page.says("The sign-in did not succeed")
    assert problem in await page.run("document.querySelector('.problem').textContent")
    assert await page.run(f"{TOKEN} === null")
    await page.says("Sign in with 127.0.0.1")
