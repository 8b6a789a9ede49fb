"""The command line: what it prints, and the status that it ends with."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from support import SECRET, settings_for
from support.command import command
from support.processes import bare_environment, start
from support.waiting import wait_for
from typer.testing import CliRunner, Result

from taskward import __version__, cli
from taskward.cli.terminal import print_quickstart
from taskward.server import serving
from taskward.settings import Settings, load_settings

URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def taskward(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, env=environment)


def shell_lines(printed: list[str]) -> list[str]:
    """Returns the lines to paste, from the token to the last one before the log continues."""
    lines = [line.rstrip("\n") for line in printed]
    begin = next(number for number, line in enumerate(lines) if line.startswith("TOKEN="))
    end = next(
        (number for number, line in enumerate(lines) if number > begin and line[:1] == "{"), len(lines)
    )
    return [line for line in lines[begin:end] if line]


def test_the_version_is_that_of_the_package() -> None:
    assert taskward("--version").output == f"taskward {__version__}\n"


# serve


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_printed_session_can_be_pasted_line_by_line(tmp_path: Path, *, is_terminal: bool) -> None:
    """On a terminal with its token; elsewhere, where it may be a log, with the command that makes one."""
    with session(tmp_path, is_terminal=is_terminal) as (port, printed):
        lines = shell_lines(printed)
        pasted = subprocess.run(
            ["/bin/sh"],
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=True,
            env=bare_environment() | {"PATH": os.defpath},
        )
    assert pasted.stderr == ""
    created, listed, read, updated, deleted = map(json.loads, pasted.stdout.splitlines())
    assert (created["title"], created["description"]) == ("Buy milk", "Two litres")
    assert listed["tasks"] == [created]
    assert read == created
    assert (updated["id"], updated["is_completed"]) == (created["id"], True)
    assert deleted == {"message": "Task deleted successfully", "id": created["id"]}
    assert f"API=http://127.0.0.1:{port}/api/tasks" in lines
    assert ("eyJ" in "".join(printed)) == is_terminal


@contextmanager
def session(folder: Path, *, is_terminal: bool) -> Iterator[tuple[int, list[str]]]:
    """Runs a service; yields its port, and what it has printed up to the end of the session."""
    if not is_terminal:
        with command(folder, "serve", "--port", "0") as running:
            wait_for(lambda: any("-X DELETE" in line for line in running.out))
            yield running.port(), running.out
        return
    reading, writing = os.openpty()
    with open(reading, encoding="utf-8") as shown, open(writing, "wb") as terminal:  # noqa: PTH123 - descriptors
        streams = (terminal.fileno(),) * 3
        process = start(
            ("serve", "--port", "0"), folder, bare_environment() | {"LOG_FORMAT": "json"}, streams
        )
        try:
            printed = [""]
            while "-X DELETE" not in printed[-1]:
                printed.append(shown.readline())
            (port,) = re.findall(r"^API=http://127.0.0.1:(\d+)/", "".join(printed), re.MULTILINE)
            yield int(port), printed
        finally:
            process.kill()
            process.wait()


def test_the_printed_token_is_a_developers_and_holds_for_a_day(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for("sqlite://")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_quickstart(settings, URL)
    print_quickstart(settings, URL)
    lines = capsys.readouterr().out.splitlines()
    tokens = [line.removeprefix("TOKEN=") for line in lines if line.startswith("TOKEN=")]
    claims = [jwt.decode(token, SECRET, algorithms=["HS256"]) for token in tokens]
    assert [claim["sub"] for claim in claims] == ["developer"] * 2, "a restart finds the same tasks"
    assert claims[0]["exp"] - claims[0]["iat"] == 24 * 60 * 60


@pytest.mark.parametrize(
    "others",
    [
        {"environment": "production"},
        {"jwt_secret": None, "jwt_jwks_url": "https://id.example.com/keys"},
    ],
)
def test_no_session_is_printed_where_tokens_are_not_ours_to_make(
    capsys: pytest.CaptureFixture[str], others: dict[str, Any]
) -> None:
    print_quickstart(settings_for("sqlite://", **others), URL)
    assert capsys.readouterr().out == ""


def test_flags_override_the_environment_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[Settings, bool, Settings]] = []

    def serve(settings: Settings, *, reload: bool, announce: object) -> int:
        assert announce
        served.append((settings, reload, load_settings()))
        return 7

    monkeypatch.setattr(serving, "serve", serve)
    result = taskward(
        "serve", "--host", "::1", "--port", "81", "--workers", "3", HOST="::2", PORT="1", WORKERS="2"
    )
    assert result.exit_code == 7
    ((settings, reload, of_a_worker),) = served
    assert (settings.host, settings.port, settings.workers, reload) == ("::1", 81, 3, False)
    assert of_a_worker == settings


def test_what_is_wrong_with_the_settings_is_said_line_by_line() -> None:
    result = taskward("serve", PORT="many", LOG_LEVEL="loud", JWT_SECRET="short and sweet")
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["JWT_SECRET", "LOG_LEVEL", "PORT"]
    assert "sweet" not in result.stderr


def test_production_without_keys_refuses_to_start_and_says_why() -> None:
    result = taskward("serve", ENVIRONMENT="production")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "taskward: JWT_SECRET or JWT_JWKS_URL must be set in production\n"


@pytest.mark.processes
def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with command(tmp_path, "serve", "--port", str(port)) as running:
            assert running.wait() == 1
    assert running.err == [f"taskward: Cannot listen on 127.0.0.1:{port}: Address already in use\n"]
    assert running.out == []


# token


def test_a_token_is_all_that_is_printed() -> None:
    result = taskward(
        "token", "--sub", "amira", "--email", "amira@example.com", "--expires-in", "60", JWT_SECRET=SECRET
    )
    claims = jwt.decode(result.stdout.removesuffix("\n"), SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["email"], claims["exp"] - claims["iat"]) == (
        "amira",
        "amira@example.com",
        60,
    )
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("sub", "environment"),
    [("amira", {"ENVIRONMENT": "production", "JWT_SECRET": SECRET}), (" ", {"JWT_SECRET": SECRET})],
)
def test_a_token_that_would_be_refused_or_is_not_ours_is_not_made(
    sub: str, environment: dict[str, str]
) -> None:
    result = taskward("token", "--sub", sub, **environment)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("taskward: ")


@pytest.mark.parametrize("seconds", ["0", "-5"])
def test_a_token_that_has_expired_is_not_made(seconds: str) -> None:
    result = taskward("token", "--sub", "amira", "--expires-in", seconds, JWT_SECRET=SECRET)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "taskward: expires-in: must be at least 1 second\n"


# migrate


def test_migrate_brings_the_schema_up_to_date_and_may_be_repeated(tmp_path: Path) -> None:
    outputs = {taskward("migrate", DATABASE_URL="sqlite:///new.db").stdout for _ in range(2)}
    assert len(outputs) == 1
    assert outputs.pop().startswith("The schema is at revision ")
    connection = sqlite3.connect(tmp_path / "new.db")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert {"tasks", "users"} <= tables


def test_migrate_says_why_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database " * 100)
    result = taskward("migrate", DATABASE_URL="sqlite:///broken.db")
    assert result.exit_code == 1
    assert result.stderr.startswith("taskward: ")
    assert "broken.db" in result.stderr


# check


def report(result: Result) -> dict[str, str]:
    """Returns the worst verdict on each subject."""
    worst = ["ok", "warn", "FAIL"]
    found: dict[str, str] = {}
    for line in result.stdout.splitlines():
        verdict, subject = line.split()[:2]
        found[subject] = max(verdict, found.get(subject, "ok"), key=worst.index)
    return found


def test_check_finds_everything_in_order() -> None:
    environment = {
        "ENVIRONMENT": "production",
        "JWT_SECRET": SECRET,
        "FRONTEND_URL": "https://app.example.com",
        "DATABASE_URL": "sqlite:///new.db",
    }
    taskward("migrate", **environment)
    result = taskward("check", **environment)
    subjects = ["settings", "keys", "database", "schema", "cors", "mcp"]
    assert report(result) == dict.fromkeys(subjects, "ok"), result.stdout
    assert result.exit_code == 0
    assert SECRET not in result.stdout


def test_check_warns_of_what_will_do_for_now(tmp_path: Path) -> None:
    result = taskward("check")
    assert report(result) == {
        "settings": "ok",
        "keys": "warn",
        "tokens": "ok",
        "database": "ok",
        "schema": "warn",
        "cors": "ok",
        "mcp": "ok",
    }
    assert result.exit_code == 0
    assert not (tmp_path / "taskward.db").exists(), "to look is not to make"


def test_check_warns_of_pages_that_cannot_call_or_are_not_safe() -> None:
    production = {"ENVIRONMENT": "production", "JWT_SECRET": SECRET}
    assert report(taskward("check", **production))["cors"] == "warn"
    assert report(taskward("check", FRONTEND_URL="http://app.example.com", **production))["cors"] == "warn"


def test_check_reports_settings_that_cannot_be_used() -> None:
    result = taskward("check", PORT="many", ENVIRONMENT="production")
    assert result.exit_code == 1
    assert report(result) == {"settings": "FAIL"}
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["PORT:"]


def test_check_reports_keys_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "taskward.db.secret").write_text("open to everybody, and long enough otherwise")
    (tmp_path / "taskward.db.secret").chmod(0o644)
    result = taskward("check")
    assert (result.exit_code, report(result)["keys"]) == (1, "FAIL")
    assert "long enough otherwise" not in result.stdout


def test_check_reports_a_database_that_is_not_there() -> None:
    url = "postgresql://someuser:p4ssw0rd@127.0.0.1:1/tasks?application_name=secretive"
    result = taskward("check", DATABASE_URL=url)
    assert (result.exit_code, report(result)["database"]) == (1, "FAIL")
    assert "127.0.0.1:1/tasks" in result.stdout
    for private in ("someuser", "p4ssw0rd", "secretive"):
        assert private not in result.stdout


def test_check_reports_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "taskward.db").write_bytes(b"no database " * 100)
    result = taskward("check")
    assert (result.exit_code, report(result)["database"]) == (1, "FAIL")


def test_check_reports_a_folder_that_is_not_there() -> None:
    result = taskward("check", DATABASE_URL="sqlite:///nowhere/taskward.db", JWT_SECRET=SECRET)
    assert (result.exit_code, report(result)["database"]) == (1, "FAIL")


def test_check_reports_what_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taskward.db").touch()
    for forbidden in (tmp_path, tmp_path / "taskward.db"):
        # Root may write everywhere, so that permissions alone would not do.
        monkeypatch.setattr(os, "access", lambda path, _, no=forbidden: Path(path).absolute() != no)
        assert report(taskward("check", JWT_SECRET=SECRET))["database"] == "FAIL"


def test_check_says_in_one_line_that_no_file_can_have_such_a_name() -> None:
    result = taskward("check", DATABASE_URL=f"sqlite:///{5000 * 'x'}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"taskward: x+.*: File name too long\n", result.stderr)


def test_check_says_how_old_the_schema_is(tmp_path: Path) -> None:
    taskward("migrate")
    for revision, status, verdict in (("0003", 1, "FAIL"), ("9999", 0, "warn")):
        with sqlite3.connect(tmp_path / "taskward.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
        connection.close()
        result = taskward("check")
        assert (result.exit_code, report(result)["schema"]) == (status, verdict)
        assert f"at {revision}" in result.stdout
