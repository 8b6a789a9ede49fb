"""Taskward with a real identity provider: that of examples/better-auth, started as its README says."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import client_of, running, settings_for
from support.npm import install_packages

from taskward.auth import jwks

EXAMPLE = Path(__file__).parents[2] / "examples" / "better-auth"
QUICK_ROTATION = {"NEW_KEY_EVERY": "2", "OLD_KEYS_FOR": "8"}
"""Seconds, so that a test can see a key come and go."""

pytestmark = pytest.mark.timeout(300)  # the first installation may download much


@dataclass
class Account:
    """A user who has signed up, with their session and its opaque token."""

    http: httpx.AsyncClient
    user_id: str
    session_token: str

    async def token(self) -> str:
        """Exchanges the session for a new JWT, as a front end does."""
        answer = await self.http.get("/api/auth/token")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed, and Better Auth runs on it")
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a copy of the example with its dependencies, exactly as in its lock file."""
    program("node")
    folder = tmp_path_factory.mktemp("better-auth") / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    install_packages(folder)
    return folder


@contextmanager
def serving(installed: Path, **environment: str) -> Iterator[str]:
    """Starts the example and yields its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    command = [program("node"), "server.js"]
    with subprocess.Popen(  # noqa: S603 - our own example
        command,
        cwd=installed,
        env=os.environ | environment | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout
            assert f"JWT_JWKS_URL={url}/api/auth/jwks" in "".join(server.stdout.readline() for _ in range(3))
            # The first request makes the key, which may take seconds on a busy machine.
            httpx.get(f"{url}/api/auth/jwks", timeout=30, trust_env=False).raise_for_status()
            yield url
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def identity_url(installed: Path) -> Iterator[str]:
    with serving(installed) as url:
        yield url


@pytest_asyncio.fixture(scope="module")
async def app(identity_url: str) -> AsyncIterator[FastAPI]:
    async with running(behind(identity_url)) as one:
        yield one


def behind(url: str) -> Any:
    """Returns the settings that the example prints."""
    return settings_for(
        "sqlite://", jwt_secret=None, jwt_jwks_url=f"{url}/api/auth/jwks", jwt_issuer=url, jwt_audience=url
    )


async def sign_up(url: str, name: str) -> Account:
    http = httpx.AsyncClient(base_url=url, trust_env=False)
    body = {"name": name, "email": f"{name}@example.com", "password": "correct horse battery"}
    answer = await http.post("/api/auth/sign-up/email", json=body)
    assert answer.status_code == 200, answer.text
    return Account(http, answer.json()["user"]["id"], answer.json()["token"])


@pytest_asyncio.fixture(scope="module")
async def ann(identity_url: str) -> AsyncIterator[Account]:
    account = await sign_up(identity_url, "ann")
    yield account
    await account.http.aclose()


@pytest_asyncio.fixture(scope="module")
async def bob(identity_url: str) -> AsyncIterator[Account]:
    account = await sign_up(identity_url, "bob")
    yield account
    await account.http.aclose()


def kid(token: str) -> str:
    head = token.partition(".")[0]
    return str(json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


@pytest.mark.processes
async def test_a_new_account_creates_reads_changes_and_deletes_tasks(app: FastAPI, ann: Account) -> None:
    async with client_of(app, Authorization=f"Bearer {await ann.token()}") as tasks:
        created = await tasks.post("/api/tasks", json={"title": "Buy milk"})
        assert created.status_code == 201
        place = created.headers["location"]
        assert (await tasks.get(place)).json() == created.json()
        changed = await tasks.put(place, json={"is_completed": True})
        assert changed.json()["is_completed"] is True
        assert (await tasks.get("/api/tasks")).json()["tasks"] == [changed.json()]
        assert (await tasks.delete(place)).status_code == 200
        assert (await tasks.get(place)).status_code == 404


@pytest.mark.processes
async def test_two_accounts_see_nothing_of_each_other(app: FastAPI, ann: Account, bob: Account) -> None:
    async with (
        client_of(app, Authorization=f"Bearer {await ann.token()}") as hers,
        client_of(app, Authorization=f"Bearer {await bob.token()}") as his,
    ):
        task = (await hers.post("/api/tasks", json={"title": "Ann's own"})).json()
        place = f"/api/tasks/{task['id']}"
        assert (await his.get("/api/tasks")).json()["tasks"] == []
        answers = [await his.get(place), await his.put(place, json={"title": "x"}), await his.delete(place)]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert (await hers.get(place)).json() == task
        assert (await his.post("/api/tasks", json={"title": "Bob's own"})).json()["user_id"] != task[
            "user_id"
        ]


@pytest.mark.processes
async def test_a_new_token_of_the_same_account_finds_the_same_tasks(app: FastAPI, ann: Account) -> None:
    async with client_of(app, Authorization=f"Bearer {await ann.token()}") as before:
        owner = (await before.post("/api/tasks", json={"title": "Mine"})).json()["user_id"]
    async with client_of(app, Authorization=f"Bearer {await ann.token()}") as after:
        assert owner in {task["user_id"] for task in (await after.get("/api/tasks")).json()["tasks"]}


@pytest.mark.processes
async def test_the_opaque_session_token_is_rejected(app: FastAPI, ann: Account) -> None:
    async with client_of(app, Authorization=f"Bearer {ann.session_token}") as tasks:
        answer = await tasks.get("/api/tasks")
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


@pytest.mark.processes
async def test_a_key_rotation_needs_no_restart(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Keys change here far more often than unknown keys are fetched by default.
    monkeypatch.setattr(jwks, "UNKNOWN_KEY_REFETCH_INTERVAL", 0.0)
    with serving(installed, **QUICK_ROTATION) as url:
        ann = await sign_up(url, "ann")
        async with aclosing(ann.http), running(behind(url)) as app:
            old = await ann.token()
            assert await status(app, old) == 200
            new = await rotated(ann, old)
            assert await status(app, new) == 200
            assert await status(app, old) == 200
            await withdrawn(url, old)
            newest = (
                await ann.token()
            )  # from here on there is a key, if the earlier ones were removed together
            async with running(behind(url)) as fresh:
                assert await status(fresh, newest) == 200
                assert await status(fresh, old) == 401


async def status(app: FastAPI, token: str) -> int:
    async with client_of(app, Authorization=f"Bearer {token}") as tasks:
        return (await tasks.get("/api/tasks")).status_code


async def rotated(account: Account, old: str) -> str:
    deadline = time.monotonic() + 30
    while kid(new := await account.token()) == kid(old):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    return new


async def withdrawn(url: str, old: str) -> None:
    deadline = time.monotonic() + 30
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        while kid(old) in (await http.get("/api/auth/jwks")).text:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)


def test_the_example_names_no_package_registry() -> None:
    lock = json.loads((EXAMPLE / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
