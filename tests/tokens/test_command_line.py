"""`taskward login`, `taskward tokens`, and `taskward token --service`."""

import asyncio
import json
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from auth.identity_provider import key_set, signer
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm
from support import Person, running, settings_for, token_for
from support.command import command, in_a_shell, serve
from support.other_service import other_service
from tokens.token_support import make_token
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.cli import remote
from taskward.settings import Settings
from taskward_client import TaskwardError

REJECTED, USAGE, NO_TOKEN = 1, 2, 3
URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*map(str.upper, Settings.model_fields), "TASKWARD_TOKEN", "TASKWARD_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def taskward(*arguments: str, given: str | bytes | None = None, **environment: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, input=given, env=environment)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("service")) as running:
        yield f"http://127.0.0.1:{running.port()}"


def new_token(url: str, access: str, sub: str | None = None) -> str:
    headers = {"Authorization": f"Bearer {token_for(sub or str(uuid4()))}"}
    answer = httpx.post(f"{url}/api/tokens", json={"name": "cli", "access": access}, headers=headers)
    token: str = answer.json()["token"]
    return token


@pytest.mark.processes
def test_a_stored_token_is_used_for_its_service_only(service: str, folder: Path) -> None:
    token = new_token(service, "write")

    stored = taskward("login", given=f"{token}\n", TASKWARD_URL=f"{service}/")
    file = folder / "config/taskward/tokens.json"

    assert stored.exit_code == 0, stored.output
    assert token not in stored.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert json.loads(file.read_text()) == {service: token}
    assert [one.name for one in file.parent.iterdir()] == ["tokens.json"]
    assert taskward("tasks", "add", "Milk", TASKWARD_URL=service).exit_code == 0
    assert "Milk" in taskward("tasks", "list", TASKWARD_URL=service).output
    elsewhere = taskward("tasks", "list", TASKWARD_URL="https://tasks.example.com")
    assert (elsewhere.exit_code, "taskward login" in elsewhere.stderr) == (NO_TOKEN, True)

    assert taskward("logout", TASKWARD_URL=service).exit_code == 0
    assert json.loads(file.read_text()) == {}
    assert taskward("tasks", "list", TASKWARD_URL=service).exit_code == NO_TOKEN


@pytest.mark.processes
def test_a_token_that_the_service_rejects_is_not_stored(service: str, folder: Path) -> None:
    result = taskward("login", given="twp_nonsense", TASKWARD_URL=service)

    assert result.exit_code == NO_TOKEN
    assert result.stderr == f"taskward: {service} does not accept that token, so it is not stored\n"
    assert not (folder / "config").exists()


@pytest.mark.processes
def test_a_token_for_one_space_is_stored(service: str) -> None:
    sub = str(uuid4())
    headers = {"Authorization": f"Bearer {token_for(sub)}"}
    space = httpx.post(f"{service}/api/spaces", json={"title": "Flat"}, headers=headers).json()["id"]
    body = {"name": "cli", "access": "read", "spaces": [space], "private": False}
    token = httpx.post(f"{service}/api/tokens", json=body, headers=headers).json()["token"]

    stored = taskward("login", given=token, TASKWARD_URL=service)

    assert (stored.exit_code, stored.stderr) == (0, "")
    assert taskward("tasks", "list", "--space", space, TASKWARD_URL=service).exit_code == 0


def test_a_token_is_stored_without_an_answer_of_the_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unanswered:
        url = f"http://127.0.0.1:{unanswered.getsockname()[1]}"
    stored = taskward("login", given="one", TASKWARD_URL=url)

    assert stored.exit_code == 0
    assert stored.stderr == "The service does not answer, so the token was not tried.\n"


def test_a_token_is_not_stored_for_another_service(folder: Path) -> None:
    with other_service(200, b'[{"id": 1}]') as url:
        result = taskward("login", given="one", TASKWARD_URL=url)

    assert result.exit_code == REJECTED
    assert result.stderr == f"taskward: {url}: the response is not one of Taskward: is this its URL?\n"
    assert not (folder / "config").exists()


@pytest.mark.parametrize("words", [("tasks", "list"), ("mcp",), ("login",), ("logout",)])
def test_a_missing_home_folder_is_one_line_and_a_status(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    result = taskward(*words, given="one", TASKWARD_URL="http://127.0.0.1:9")

    assert result.exit_code in {REJECTED, NO_TOKEN}
    assert re.fullmatch(
        r"taskward: .*there is no home folder for tokens; set XDG_CONFIG_HOME\n", result.stderr
    )


@pytest.mark.processes
def test_the_variable_comes_before_the_stored_token(service: str) -> None:
    taskward("login", given=new_token(service, "write"), TASKWARD_URL=service)

    result = taskward("tasks", "list", TASKWARD_URL=service, TASKWARD_TOKEN="nonsense")

    assert (result.exit_code, "TASKWARD_TOKEN is not accepted" in result.stderr) == (NO_TOKEN, True)


@pytest.mark.processes
def test_a_command_says_that_its_token_may_only_read(service: str) -> None:
    taskward("login", given=new_token(service, "read"), TASKWARD_URL=service)

    assert taskward("tasks", "list", TASKWARD_URL=service).exit_code == 0
    result = taskward("tasks", "add", "Milk", TASKWARD_URL=service)

    assert (result.exit_code, result.stderr) == (REJECTED, "taskward: This token does not allow this\n")


@pytest.mark.parametrize("text", ["", " \n", "two words", "tab\there", "ümlaut", "x" * 20_000, b"\xff"])
def test_what_is_no_token_is_not_stored(folder: Path, text: str | bytes) -> None:
    result = taskward("login", given=text)

    assert (result.exit_code, result.stderr) == (USAGE, "taskward: that is not a token\n")
    assert not (folder / "config").exists()


@pytest.mark.processes
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stream_that_is_full_or_closed_is_said_in_one_line(folder: Path, unbuffered: str) -> None:
    full, closed = (
        "taskward: [Errno 28] No space left on device\n",
        "taskward: [Errno 9] Bad file descriptor\n",
    )
    variables = {
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONUNBUFFERED": unbuffered,
        "TASKWARD_TOKEN": "one",
    }
    for words, status, text in (
        ("login <&-", USAGE, "taskward: that is not a token\n"),
        ("login <&- >&-", USAGE, "taskward: that is not a token\n"),
        ("login >/dev/full", REJECTED, full),
        ("login >&-", REJECTED, closed),
        ("logout >/dev/full", REJECTED, full),
        ("logout >&-", REJECTED, closed),
        ("mcp <&-", 0, ""),
    ):
        result = in_a_shell(folder, words, given="one", **variables)
        assert (result.returncode, result.stderr) == (status, text), words


@pytest.mark.processes
@pytest.mark.parametrize(("output", "text"), [("/dev/full", "No space left on device"), ("&-", "Bad file")])
def test_an_agent_that_reads_nothing_is_said_without_a_traceback(
    folder: Path, output: str, text: str
) -> None:
    result = in_a_shell(folder, f"mcp >{output}", given="a line that is answered\n", TASKWARD_TOKEN="one")

    assert result.returncode == REJECTED
    assert result.stderr.startswith("taskward: [Errno ")
    assert text in result.stderr.splitlines()[0]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", [("tasks", "list"), ("mcp",), ("login",), ("logout",)])
@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://127.0.0.1:secret",
        "http://127.0.0.1:8000\n",
        "https://ann:secret@tasks.example.com",
        "https://tasks.example.com/?secret",
        "https://tasks.example.com/#secret",
        "https://exämple..com",
        "https://xn--a.example",
        f"https://{64 * 'a'}.example.com",
        "https://tasks.example.com\udcff",
        "https://",
        "ftp://tasks.example.com",
    ],
)
def test_a_url_that_cannot_be_used_is_said_in_one_line(words: tuple[str, ...], url: str) -> None:
    result = taskward(*words, given="one", TASKWARD_URL=url, TASKWARD_TOKEN="one")

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert result.stderr == "taskward: TASKWARD_URL must be like https://tasks.example.com\n"


@pytest.mark.parametrize("words", [("tasks", "list"), ("mcp",), ("login",)])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("https_proxy", "ftp://ann:secret@proxy.example.com"),
        ("https_proxy", "http://ann:sec ret@proxy.example.com:secret"),
        ("all_proxy", "socks5://ann:secret@proxy.example.com"),
        ("no_proxy", "[::1"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_said_in_one_line(
    words: tuple[str, ...], name: str, value: str
) -> None:
    variables = {name: value, "TASKWARD_URL": "https://tasks.example.com", "TASKWARD_TOKEN": "one"}

    result = taskward(*words, given="one", **variables)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    names = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY"
    assert result.stderr == f"taskward: {names} cannot be used\n"


@pytest.mark.processes
@pytest.mark.parametrize("file", ["nowhere.pem", "empty.pem"])
def test_certificates_that_cannot_be_used_are_said_in_one_line(folder: Path, file: str) -> None:
    (folder / "empty.pem").touch()

    with command(folder, "tasks", "list", TASKWARD_TOKEN="one", SSL_CERT_FILE=file) as running:
        assert running.wait() == USAGE

    assert running.err == ["taskward: SSL_CERT_FILE or SSL_CERT_DIR cannot be used\n"]


@pytest.mark.parametrize("words", [("tasks", "list"), ("mcp",)])
@pytest.mark.parametrize("text", [" ", "sec\nret", "sec ret", "sécret", "secret" * 3_000, "sec\x1b[31mret"])
def test_what_is_no_token_is_not_sent_and_in_no_error(
    folder: Path, words: tuple[str, ...], text: str
) -> None:
    given = taskward(*words, TASKWARD_TOKEN=text)
    taskward("login", given="one")
    file = folder / "config/taskward/tokens.json"
    file.write_text(file.read_text().replace("one", json.dumps(text)[1:-1]))
    stored = taskward(*words)

    for result, source in ((given, "TASKWARD_TOKEN"), (stored, f"the token for {URL} in {file}")):
        assert (result.exit_code, result.stdout) == (NO_TOKEN, "")
        assert result.stderr == (
            f"taskward: {source} is not a token: it must be visible ASCII characters, at most 16384\n"
        )


def test_a_folder_of_the_database_that_cannot_exist_is_no_token() -> None:
    """In development the secret that signs tokens is beside the database."""
    result = taskward("tasks", "list", DATABASE_URL=f"sqlite:///{5000 * 'x'}")

    assert result.exit_code == NO_TOKEN
    assert result.stderr.startswith("taskward: TASKWARD_TOKEN must be a token")


def test_a_token_that_is_forgotten_meanwhile_is_an_error_for_the_agent() -> None:
    taskward("login", given="one")
    _, token, _ = remote.checked_service()
    assert token() == "one"
    taskward("logout")

    with pytest.raises(TaskwardError, match="TASKWARD_TOKEN must be a token"):
        token()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_not_used(folder: Path, mode: int) -> None:
    taskward("login", given="one")
    file = folder / "config/taskward/tokens.json"
    file.chmod(mode)

    for words in (("login",), ("logout",), ("tasks", "list")):
        result = taskward(*words, given="two")
        assert result.exit_code != 0
        assert f"chmod 600 {file}" in result.stderr
    assert "two" not in file.read_text()


def test_a_file_of_another_content_is_not_overwritten(folder: Path) -> None:
    taskward("login", given="one")
    file = folder / "config/taskward/tokens.json"
    file.write_text("[")

    assert "delete it" in taskward("login", given="two").stderr
    assert file.read_text() == "["


def test_there_is_no_option_for_a_token() -> None:
    assert taskward("login", "twp_x").exit_code == USAGE
    assert "twp_x" not in taskward("login", "--help").output


async def test_an_operator_lists_and_revokes_the_tokens_of_a_user(folder: Path) -> None:
    url = f"sqlite:///{folder / 'taskward.db'}"
    async with running(settings_for(url)) as app:
        ann, bob = Person(app), Person(app)
        one, two = await make_token(ann, name="one\x1b[1m"), await make_token(ann, name="two", access="read")
        await make_token(bob)

        listed = await asyncio.to_thread(taskward, "tokens", "list", "--user", ann.sub, DATABASE_URL=url)
        assert [line.split("\t")[:2] for line in listed.stdout.splitlines()] == [
            [two["id"], "read"],
            [one["id"], "write"],
        ]
        assert [line.split("\t")[-1] for line in listed.stdout.splitlines()] == ["two", "one\ufffd[1m"]
        options = ("tokens", "revoke", "--user", ann.sub)
        alone = await asyncio.to_thread(taskward, *options, "--token", one["id"], DATABASE_URL=url)
        again = await asyncio.to_thread(taskward, *options, "--token", one["id"], DATABASE_URL=url)
        rest = await asyncio.to_thread(taskward, *options, DATABASE_URL=url)

        assert (alone.stdout, rest.stdout) == ("Revoked: 1 token.\n", "Revoked: 1 token.\n")
        assert (again.exit_code, again.stderr) == (1, "taskward: Token not found\n")
        assert (await ann.http.get("/api/tokens")).json() == {"tokens": []}
        assert len((await bob.http.get("/api/tokens")).json()["tokens"]) == 1
    for secret in (one["token"], two["token"]):
        assert secret not in listed.output + alone.output


async def test_a_service_token_is_made_with_a_private_key(folder: Path) -> None:
    user = str(uuid4())
    for alg in ("EdDSA", "ES256", "RS256"):
        one = signer(alg, "of the command line")
        pem = folder / f"{alg}.pem"
        pem.write_bytes(one.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        made = taskward(
            "token", "--service", str(pem), "--sub", user, "--scope", "read", JWT_AUDIENCE="tasks"
        )
        assert made.exit_code == 0, made.output

        keys = key_set(one).decode()
        settings = settings_for("sqlite://", service_public_keys=keys, jwt_audience="tasks")
        async with running(settings) as app:
            http = Person(app, aud="tasks").http
            headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
            assert (await http.get("/api/tasks", headers=headers)).status_code == 200
            refused = await http.post("/api/tasks", json={"title": "x"}, headers=headers)
            assert refused.status_code == 405


def test_a_private_jwk_is_a_key_too(folder: Path) -> None:
    one = signer("EdDSA", "of the command line")
    file = folder / "key.json"
    file.write_text(json.dumps({**OKPAlgorithm.to_jwk(one.private, as_dict=True), "kid": "k"}))

    assert taskward("token", "--service", str(file), "--sub", str(uuid4())).stdout.count(".") == 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--sub", "ann"), "sub: must be the id of a user"),
        (("--scope", "admin"), "scope:"),
        (("--actor", "two words"), "actor:"),
        (("--expires-in", "301"), "expires-in:"),
        (("--service", "nowhere.pem"), "cannot be read"),
        (("--service", "public.pem"), "is not a private key"),
    ],
)
def test_a_service_token_that_would_be_refused_is_not_made(
    folder: Path, options: tuple[str, str], reason: str
) -> None:
    one = signer("EdDSA", "of the command line")
    (folder / "key.pem").write_bytes(
        one.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "public.pem").write_text("-----BEGIN PUBLIC KEY-----\n")
    given = {"--sub": str(uuid4()), "--service": "key.pem"} | dict([options])

    result = taskward("token", *(word for pair in given.items() for word in pair))

    assert result.exit_code == 1
    assert reason in result.stderr
