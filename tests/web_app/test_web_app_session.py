"""The token of the web app in development: for a page of this service on this machine, for nothing else."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from changes.streams import in_process_server
from fastapi import FastAPI
from support import NO_SUCH_PATH, SECRET, problems, refusal, running, settings_for

from taskward.web_app.peer import is_of_another_user

pytestmark = pytest.mark.engines("memory")
Ask = Callable[..., Awaitable[httpx.Response]]

HOST = "127.0.0.1:8000"
SAME_SITE = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
Address = tuple[str, int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest_asyncio.fixture(scope="module")
async def app(folder: Path) -> AsyncIterator[FastAPI]:
    """Yields an app in development, with a generated secret."""
    async with running(settings_for(f"sqlite:///{folder}/tasks.db", jwt_secret=None)) as running_app:
        yield running_app


@pytest.fixture(scope="module", autouse=True)
def connection() -> Iterator[tuple[Address, Address]]:
    """Yields the addresses of the client and of the server of a connection on this machine."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        yield client.getsockname(), server.getsockname()


@pytest.fixture
def ask(app: FastAPI, connection: tuple[Address, Address]) -> Ask:
    """Returns a function that asks for a token, by default over that connection."""

    async def send(
        headers: dict[str, str], *, of: FastAPI = app, peer: Address | None = connection[0], query: str = ""
    ) -> httpx.Response:
        transport = httpx.ASGITransport(of, client=peer)  # type: ignore[arg-type] # a Unix socket has no address
        async with httpx.AsyncClient(transport=transport) as http:
            url = f"http://127.0.0.1:{connection[1][1]}/app/session{query}"
            return await http.post(url, headers={"Connection": "keep-alive"} | headers)

    return send


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
async def test_a_page_of_the_service_gets_a_token_of_the_developer(ask: Ask, folder: Path, host: str) -> None:
    answer = await ask({"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
    token, secret = answer.json()["token"], (folder / "tasks.db.secret").read_text().strip()
    claims = jwt.decode(token, secret, algorithms=["HS256"])

    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert claims["sub"] == "developer"
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_second_user_is_another_one(ask: Ask) -> None:
    """So that sharing can be tried."""
    subs = []
    for query in ("", "?user=first", "?user=second"):
        token = (await ask(SAME_SITE, query=query)).json()["token"]
        subs.append(jwt.decode(token, options={"verify_signature": False})["sub"])
    assert subs == ["developer", "developer", "developer-2"]
    assert problems(await ask(SAME_SITE, query="?user=third")) == {
        "user": "User must be one of first, second"
    }


async def test_a_browser_that_does_not_name_the_site_of_a_request_gets_one_too(ask: Ask) -> None:
    assert (await ask({"Host": HOST, "Origin": f"http://{HOST}"})).status_code == 200


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
        {"Connection": "close"},
        {"Connection": "keep-alive, Close"},
    ],
)
async def test_no_other_page_gets_one(ask: Ask, changed: dict[str, str]) -> None:
    answer = await ask(SAME_SITE | changed)
    assert refusal(answer) == NO_SUCH_PATH
    assert "access-control-allow-origin" not in answer.headers or "token" not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-Proto", "X-Forwarded-Server", "X-Forwarded-Host", "X-Forwarded-Anything"),
        *("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP"),
        *("Fastly-Client-IP", "Fly-Client-IP", "X-Azure-ClientIP", "X-Appengine-User-IP", "X-Remote-Addr"),
        *("X-Original-Forwarded-For", "X-Original-Host", "X-Envoy-External-Address", "Client_IP"),
    ],
)
async def test_a_header_of_a_proxy_gets_none(ask: Ask, name: str) -> None:
    assert refusal(await ask(SAME_SITE | {name: "127.0.0.1"})) == NO_SUCH_PATH


async def test_a_browser_s_other_headers_do_not_matter(ask: Ask) -> None:
    others = {
        "User-Agent": "Mozilla/5.0",
        "Accept-Language": "en",
        "Content-Length": "0",
        "Referer": f"http://{HOST}/",
        "Sec-CH-UA-Platform": "x",
        "DNT": "1",
        "Cookie": "a=b",
        "Priority": "u=4",
        "Sec-Fetch-Mode": "cors",
        "Upgrade-Insecure-Requests": "1",
    }
    assert (await ask(SAME_SITE | others)).status_code == 200


async def test_a_request_without_an_origin_gets_none(ask: Ask) -> None:
    assert refusal(await ask({"Host": HOST})) == NO_SUCH_PATH


@pytest.mark.parametrize("host", ["192.168.1.7", "203.0.113.7", "2001:db8::1", "unix", None])
async def test_another_machine_gets_none(
    ask: Ask, connection: tuple[Address, Address], host: str | None
) -> None:
    peer = None if host is None else (host, connection[0][1])
    assert refusal(await ask(SAME_SITE, peer=peer)) == NO_SUCH_PATH


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the sockets of each user")
async def test_a_program_of_another_user_gets_none(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert refusal(await ask(SAME_SITE)) == NO_SUCH_PATH


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the sockets of each user")
async def test_a_connection_that_the_system_does_not_list_gets_none(
    ask: Ask, connection: tuple[Address, Address]
) -> None:
    host, port = connection[0]
    assert refusal(await ask(SAME_SITE, peer=(host, port % 65535 + 1))) == NO_SUCH_PATH


@pytest.mark.parametrize(("listening", "host"), [("127.0.0.1",) * 2, ("::1",) * 2, ("::", "127.0.0.1")])
def test_the_user_of_a_connection_is_found_for_each_kind_of_address(listening: str, host: str) -> None:
    is_v6 = ":" in listening
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    with (
        socket.create_server((listening, 0), family=family, dualstack_ipv6=is_v6) as server,
        socket.create_connection((host, server.getsockname()[1])),
        server.accept()[0] as accepted,
    ):
        assert not is_of_another_user(accepted.getpeername()[:2], accepted.getsockname()[:2])


async def raw_status(port: int, version: str, *lines: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [f"POST /app/session HTTP/{version}", *lines, "Content-Length: 0", "", ""]
    writer.write("\r\n".join(head).encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    return status


async def test_a_proxy_that_adds_no_header_gets_none(tmp_path: Path) -> None:
    """As it connects for each request. The address of a proxy is that of a program on this machine."""
    async with in_process_server(settings_for(f"sqlite:///{tmp_path}/x.db", jwt_secret=None)) as service:
        here = f"127.0.0.1:{service.port}"
        own = (f"Host: {here}", f"Origin: http://{here}")
        assert await raw_status(service.port, "1.1", *own) == b"200"
        assert await raw_status(service.port, "1.0", *own) == b"404"
        assert await raw_status(service.port, "1.0", *own, "Connection: keep-alive") == b"404"
        assert await raw_status(service.port, "1.1", *own, "Connection: close") == b"404"


async def test_it_is_not_read_by_another_method(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as http:
        assert (await http.get("/app/session", headers=SAME_SITE)).status_code == 405


@pytest.mark.parametrize(
    "others",
    [
        {"environment": "production", "jwt_secret": SECRET, "web_app": True},
        {"jwt_secret": SECRET},
        {"jwt_jwks_url": "http://127.0.0.1:9/keys", "web_app": True},
        {"web_app": False},
    ],
)
async def test_where_tokens_are_not_ours_to_make_there_is_none(
    ask: Ask, tmp_path: Path, others: dict[str, Any]
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/x.db", **{"jwt_secret": None} | others)
    async with running(settings) as app:
        assert refusal(await ask(SAME_SITE, of=app)) == NO_SUCH_PATH
