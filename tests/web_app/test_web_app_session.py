"""The token of the web app in development: for a page of this service on this machine, for nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import NO_SUCH_PATH, SECRET, refusal, running, settings_for

pytestmark = pytest.mark.engines("memory")

HOST = "127.0.0.1:8000"
SAME_SITE = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}


@pytest_asyncio.fixture(scope="module")
async def app() -> AsyncIterator[FastAPI]:
    """Yields an app in development."""
    async with running(settings_for("sqlite://")) as running_app:
        yield running_app


async def ask(app: FastAPI, headers: dict[str, str], peer: str | None = "127.0.0.1") -> httpx.Response:
    """Asks for a token from an address."""
    client = None if peer is None else (peer, 50_000)
    transport = httpx.ASGITransport(app, client=client)  # type: ignore[arg-type] # a Unix socket has no address
    async with httpx.AsyncClient(transport=transport) as http:
        return await http.post(f"http://{headers['Host']}/app/session", headers=headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
async def test_a_page_of_the_service_gets_a_token_of_the_developer(app: FastAPI, host: str) -> None:
    answer = await ask(app, {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
    token = answer.json()["token"]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])

    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert claims["sub"] == "developer"
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_browser_that_does_not_name_the_site_of_a_request_gets_one_too(app: FastAPI) -> None:
    assert (await ask(app, {"Host": HOST, "Origin": f"http://{HOST}"})).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:3000"},  # the front end that CORS allows in development
        {"Origin": "http://localhost:8000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": f"https://{HOST}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"},  # DNS rebinding
        {"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"},
        {"Host": "localhost.", "Origin": "http://localhost."},
        {"Host": "192.168.1.7:8000", "Origin": "http://192.168.1.7:8000"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_no_other_page_gets_one(app: FastAPI, changed: dict[str, str]) -> None:
    answer = await ask(app, SAME_SITE | changed)
    assert refusal(answer) == NO_SUCH_PATH
    assert "access-control-allow-origin" not in answer.headers or "token" not in answer.text


async def test_a_request_without_an_origin_gets_none(app: FastAPI) -> None:
    assert refusal(await ask(app, {"Host": HOST})) == NO_SUCH_PATH


@pytest.mark.parametrize("peer", ["192.168.1.7", "203.0.113.7", "2001:db8::1", "unix", None])
async def test_another_machine_gets_none(app: FastAPI, peer: str | None) -> None:
    assert refusal(await ask(app, SAME_SITE, peer)) == NO_SUCH_PATH


async def test_it_is_not_read_by_another_method(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as http:
        assert (await http.get("/app/session", headers=SAME_SITE)).status_code == 405


@pytest.mark.parametrize(
    "others",
    [
        {"environment": "production", "web_app": True},
        {"jwt_secret": None, "jwt_jwks_url": "http://127.0.0.1:9/keys", "web_app": True},
        {"web_app": False},
    ],
)
async def test_where_tokens_are_not_ours_to_make_there_is_none(others: dict[str, Any]) -> None:
    async with running(settings_for("sqlite://", **others)) as app:
        assert refusal(await ask(app, SAME_SITE)) == NO_SUCH_PATH
