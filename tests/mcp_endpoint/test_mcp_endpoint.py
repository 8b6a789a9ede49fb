"""/mcp over HTTP: tokens, origins, bodies, limits, many sessions, and the settings."""

import asyncio
import errno
import importlib
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import Mock
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from changes.streams import InProcess, in_process_server, process
from mcp_endpoint.agents import LEGACY, MODERN, agent, tool_call
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from support import settings_for, token_for
from support.processes import bare_environment
from support.waiting import TIMEOUT
from typer.testing import CliRunner

from taskward import cli
from taskward.mcp.endpoint import MAX_BODY
from taskward.settings import SettingsError

PUBLIC = "https://tasks.example.com"
ISSUER = "https://id.example.com"
AUDIENCES = f"app,{PUBLIC}/mcp"
METADATA = "/.well-known/oauth-protected-resource"


@pytest_asyncio.fixture(scope="module")
async def public() -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of a service as in production, without a token."""
    settings = settings_for(
        "sqlite://",
        environment="production",
        mcp=True,
        public_url=PUBLIC,
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCES,
        frontend_url="https://app.example.com",
        rate_limit="20/h",
    )
    async with in_process_server(settings) as service, httpx.AsyncClient(base_url=service.url) as http:
        yield http


def bearer(sub: str, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_for(sub, iss=ISSUER, **claims)}"}


async def call(http: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    request = tool_call("find_lists")
    return await http.post("/mcp", json=request["json"], headers=request["headers"] | headers)


async def test_the_metadata_names_the_service_and_its_identity_provider(public: httpx.AsyncClient) -> None:
    for path in (METADATA, f"{METADATA}/mcp"):
        assert (await public.get(path)).json() == {
            "resource": f"{PUBLIC}/mcp",
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "resource_name": "Taskward",
        }


async def test_a_request_without_a_valid_token_learns_where_the_metadata_is(
    public: httpx.AsyncClient,
) -> None:
    where = f'resource_metadata="{PUBLIC}{METADATA}/mcp"'
    expired = bearer("ann", aud="app", exp=1)
    for headers, challenge, code in (
        ({}, f"Bearer {where}", "UNAUTHORIZED"),
        ({"Authorization": "Bearer x.y.z"}, f'Bearer error="invalid_token", {where}', "INVALID_TOKEN"),
        (expired, f'Bearer error="invalid_token", {where}', "TOKEN_EXPIRED"),
        (bearer("ann"), f'Bearer error="invalid_token", {where}', "INVALID_TOKEN"),
        (bearer("ann", aud="other"), f'Bearer error="invalid_token", {where}', "INVALID_TOKEN"),
    ):
        answer = await call(public, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["www-authenticate"] == challenge
    assert (await public.get("/api/tasks")).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost:8123", "localhost:8123"),
        ("LOCALHOST", "LOCALHOST"),
        ("127.0.0.1:8123", "127.0.0.1:8123"),
        ("[::1]:8123", "[::1]:8123"),
        ("evil.example", "127.0.0.1:8000"),
        ("localhost.evil.example", "127.0.0.1:8000"),
        ("127.0.0.1.evil.example:80", "127.0.0.1:8000"),
        ("192.168.0.7:8000", "127.0.0.1:8000"),
    ],
)
async def test_in_development_the_metadata_is_at_a_name_of_this_machine(
    service: InProcess, host: str, base: str
) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        rejected = await call(http, {"Host": host})
        assert f'resource_metadata="http://{base}{METADATA}/mcp"' in rejected.headers["www-authenticate"]
        metadata = await http.get(METADATA, headers={"Host": host})
        assert metadata.json()["resource"] == f"http://{base}/mcp"


async def test_a_token_for_either_audience_is_accepted(public: httpx.AsyncClient) -> None:
    for audience in ("app", f"{PUBLIC}/mcp", [f"{PUBLIC}/mcp", "other"]):
        assert (await call(public, bearer("both", aud=audience))).status_code == 200


async def test_pages_of_other_origins_are_refused(public: httpx.AsyncClient) -> None:
    token = bearer("origin", aud="app")
    for origin in ("https://evil.example.com", "null", "http://localhost:3000", f"{PUBLIC}.evil.example"):
        for headers in (token, {}):
            answer = await call(public, {**headers, "Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    for origin in (PUBLIC, "https://app.example.com"):
        assert (await call(public, {**token, "Origin": origin})).status_code == 200


async def test_the_rate_limit_counts_what_agents_ask(public: httpx.AsyncClient) -> None:
    token = bearer("fast", aud="app")
    answers = [await call(public, token) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [
        429
    ]  # each is a request, and makes one
    assert answers[-1].headers["retry-after"]
    token = bearer("odd", aud="app")
    await public.get("/api/tasks", headers=token)
    text = [await call(public, token) for _ in range(10)][-1].json()["result"]["content"][0]["text"]
    assert text.startswith("Too many requests. Try again in ")


async def test_a_body_that_is_no_message_is_refused(service: InProcess) -> None:
    token = {"Authorization": f"Bearer {token_for('bodies')}"}
    deep = b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": ' + b'{"a": ' * 40 + b"1" + b"}" * 41

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * (MAX_BODY // 8)

    async with httpx.AsyncClient(base_url=service.url) as http:
        for content, status in (
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b"{}", 400),
            (b'{"jsonrpc": "2.0"}', 400),
            (deep, 400),
            (b" " * (MAX_BODY + 1), 413),
            (pieces(), 413),
        ):
            headers = {**tool_call("find_lists")["headers"], **token, "Content-Type": "application/json"}
            answer = await http.post("/mcp", content=content, headers=headers)
            assert answer.status_code == status, answer.text
            assert content != deep or answer.json()["code"] == "INVALID_REQUEST"
        assert (await call(http, token | {"Content-Type": "text/plain"})).status_code == 400
        assert (await call(http, token | {"MCP-Protocol-Version": "2030-01-01"})).status_code == 400
        assert (await call(http, token | {"Mcp-Name": "get_tasks"})).status_code == 400
        for method in ("GET", "DELETE"):
            answer = await http.request(method, "/mcp", headers=token)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.processes
async def test_a_hundred_sessions_of_one_person_do_not_delay_another(tmp_path: Path) -> None:
    """A hundred agents of one person, one of which sends half a request; another person meanwhile."""
    flooder, other = ({"Authorization": f"Bearer {token_for(str(uuid4()))}"} for _ in range(2))
    async with process(f"sqlite:///{tmp_path / 'taskward.db'}", tmp_path) as url:
        port = int(url.rpartition(":")[2])
        _, slow = await asyncio.open_connection("127.0.0.1", port)
        slow.write(message(flooder)[:-9])
        async with httpx.AsyncClient(base_url=url) as http:
            await http.post("/api/tasks", json={"title": "Buy milk"}, headers=other)
            sessions = [asyncio.create_task(session(port, message(flooder), 2)) for _ in range(100)]
            waits = []
            while not all(one.done() for one in sessions):
                begun = time.perf_counter()
                assert (await http.get("/api/tasks", headers=other)).status_code == 200
                waits.append(time.perf_counter() - begun)
            statuses = [status for one in sessions for status in await one]
        slow.close()
    assert {*statuses} <= {b"200", b"503"}
    assert statuses.count(b"200") >= 100
    assert sorted(waits)[len(waits) // 2] < 0.25, waits


def message(headers: dict[str, str]) -> bytes:
    """Returns the bytes of a call of a tool."""
    call = tool_call("find_tasks")
    request = httpx.Request(
        "POST", "http://taskward.test/mcp", json=call["json"], headers=call["headers"] | headers
    )
    lines = [b"POST /mcp HTTP/1.1", *(b"%b: %b" % pair for pair in request.headers.raw)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.content


async def session(port: int, request: bytes, calls: int) -> list[bytes]:
    """Sends the calls of an agent one after the other; returns the status of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    statuses = []
    for _ in range(calls):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
        statuses.append(head.split()[1])
    writer.close()
    return statuses


async def test_one_endpoint_serves_agents_of_both_revisions_at_once(service: InProcess) -> None:
    async def agents(number: int) -> None:
        version = (MODERN, LEGACY)[number % 2]
        async with agent(service.url, token_for(f"agent{number}"), version) as one:
            await one.ask("add_tasks", tasks=[{"title": f"{number}"}], idempotency_key="1")
            assert [task["title"] for task in (await one.ask("find_tasks"))["tasks"]] == [f"{number}"]

    await asyncio.gather(*map(agents, range(4)))


async def test_the_endpoint_can_be_switched_off() -> None:
    production = {"environment": "production", "jwt_audience": "app", "jwt_issuer": ISSUER}
    for settings in ({"mcp": False}, production):
        async with (
            in_process_server(settings_for("sqlite://", **settings)) as service,
            httpx.AsyncClient(base_url=service.url) as http,
        ):
            for path in ("/mcp", METADATA):
                assert (await http.get(path)).status_code == 404


class Unstartable:
    """A session manager of the SDK that cannot run."""

    def run(self) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize("is_imported", [False, True])
async def test_an_endpoint_that_could_not_start_starts_with_the_next_request(
    monkeypatch: pytest.MonkeyPatch, *, is_imported: bool
) -> None:
    failures = [OSError(errno.EMFILE, "Too many open files")]

    def import_module(name: str) -> Any:
        if name != "taskward.mcp.server" or not failures:
            return real(name)
        failure = failures.pop()
        if not is_imported:
            raise failure
        return SimpleNamespace(new_server=Mock(), new_session_manager=lambda *_: Unstartable())

    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", import_module)
    token = {"Authorization": f"Bearer {token_for('early')}"}
    async with (
        in_process_server(settings_for("sqlite://")) as service,
        httpx.AsyncClient(base_url=service.url) as http,
    ):
        assert [(await call(http, token)).status_code for _ in range(3)] == [500, 200, 200]


@pytest.mark.parametrize("missing", ["public_url", "jwt_issuer", "jwt_audience"])
def test_in_production_it_needs_settings_that_name_the_service(missing: str) -> None:
    whole = {"public_url": PUBLIC, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCES} | {missing: None}
    with pytest.raises(SettingsError, match="MCP needs PUBLIC_URL, JWT_ISSUER and JWT_AUDIENCE"):
        settings_for("sqlite://", environment="production", mcp=True, **whole)


@pytest.mark.parametrize(
    "url", ["tasks.example.com", "https://tasks.example.com/app", "ftp://x", "https://*"]
)
def test_the_public_url_is_an_origin(url: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        settings_for("sqlite://", public_url=url)


@pytest.mark.processes
async def test_an_agent_on_this_machine_uses_standard_input_and_output(
    service: InProcess, tmp_path: Path
) -> None:
    from mcp.client.client import Client  # noqa: PLC0415 - as in agents.py
    from mcp.client.stdio import StdioServerParameters, stdio_client  # noqa: PLC0415 - as above

    environment = bare_environment() | {"TASKWARD_URL": service.url, "TASKWARD_TOKEN": token_for("stdio")}
    environment["http_proxy"] = "http://127.0.0.1:9"  # is not for this machine
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "taskward", "mcp"], env=environment
    )
    with (tmp_path / "errors").open("w") as errors:  # the default is what was sys.stderr at the import
        async with Client(stdio_client(parameters, errlog=errors)) as client:
            result: Any = await client.call_tool(
                "add_tasks", {"tasks": [{"title": "Buy milk"}], "idempotency_key": "1"}
            )
            assert json.loads(result.content[0].text)["tasks"][0]["title"] == "Buy milk"
            result = await client.call_tool("find_lists", {})
            assert result.structured_content == {"lists": []}


HELLO = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
NOT_FINITE = "the arguments of {} have a number that is not finite"
ODD_CALLS: list[tuple[str, str, int | str]] = [
    ("find_tasks", '{"label": NaN}', NOT_FINITE.format("find_tasks")),
    ("add_tasks", '{"tasks": [{"title": 1e999}]}', NOT_FINITE.format("add_tasks")),
    ("add_tasks", '{"tasks": [{"metadata": {"a": [-1e999]}}]}', NOT_FINITE.format("add_tasks")),
    ("find_tasks", r'{"query": "\ud800"}', PARSE_ERROR),
    ("find_tasks", f'{{"limit": {5000 * "9"}}}', PARSE_ERROR),
    ("find_tasks", f'{{"query": {250 * "["}{250 * "]"}}}', PARSE_ERROR),
    ("find_lists", "{}", '{"lists":[]}'),
]
NO_CALLS: list[tuple[str, Any, int]] = [
    ("hello", None, PARSE_ERROR),
    (r'{"jsonrpc": "2.0", "id": "\ud800", "method": "ping"}', None, PARSE_ERROR),
    (f'{{"jsonrpc": "2.0", "id": {5000 * "9"}, "method": "ping"}}', None, PARSE_ERROR),
    (r'{"jsonrpc": "2.0", "method": "ping", "params": {"a": "\ud800"}}', None, PARSE_ERROR),
    ("[]", None, INVALID_REQUEST),
    ('{"id": 7, "method": "ping"}', 7, INVALID_REQUEST),
    ('{"jsonrpc": "1.0", "id": 7, "method": "ping"}', 7, INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 7, "method": 7}', 7, INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": "x", "method": "ping", "params": [1]}', "x", INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": "x"}', 7, INVALID_REQUEST),
]


@pytest.mark.processes
async def test_each_line_on_standard_input_gets_an_answer(service: InProcess, tmp_path: Path) -> None:
    async with on_standard_input(service, tmp_path) as ask:
        await ask(f'{{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {json.dumps(HELLO)}}}')
        for line, number, code in NO_CALLS:
            answer = await ask(line)
            assert (answer["id"], answer["error"]["code"]) == (number, code), line
        for number, (tool, arguments, expected) in enumerate(ODD_CALLS):
            params = f'{{"name": "{tool}", "arguments": {arguments}}}'
            answer = await ask(
                f'{{"jsonrpc": "2.0", "id": {number}, "method": "tools/call", "params": {params}}}'
            )
            assert (answer["id"], outcome(answer)) == (number, expected)
    assert (tmp_path / "errors").read_text() == ""


def outcome(answer: dict[str, Any]) -> Any:
    """Returns the code of an error, or the text of a result."""
    return answer["error"]["code"] if "error" in answer else answer["result"]["content"][0]["text"]


@asynccontextmanager
async def on_standard_input(
    service: InProcess, folder: Path
) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """Runs `taskward mcp`; yields a function that sends it a line and returns its answer."""
    environment = bare_environment() | {"TASKWARD_URL": service.url, "TASKWARD_TOKEN": token_for("odd")}
    with (folder / "errors").open("w") as errors:
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "taskward", "mcp"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            env=environment,
        )
    assert command.stdin
    assert command.stdout
    stdin, stdout = command.stdin, command.stdout

    async def ask(line: str) -> Any:
        stdin.write(line.encode() + b"\n")
        async with asyncio.timeout(TIMEOUT):
            return json.loads(await stdout.readline())

    try:
        yield ask
    finally:
        stdin.close()
        async with asyncio.timeout(TIMEOUT):
            assert await command.wait() == 0


def test_without_a_token_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKWARD_URL", "https://tasks.example.com")
    monkeypatch.delenv("TASKWARD_TOKEN", raising=False)
    result = CliRunner().invoke(cli.app, ["mcp"])
    assert (result.exit_code, result.stdout) == (3, "")
    assert "TASKWARD_TOKEN must be a token" in result.stderr
