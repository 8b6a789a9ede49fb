"""`taskward check`: who else could change the database, and which tokens are accepted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support import SECRET
from typer.testing import CliRunner, Result

from taskward import cli
from taskward.settings import Settings

CLOSED = "http://127.0.0.1:1/keys"
"""A URL at which no identity provider responds."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the working directory, which only its owner can enter."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def database(folder: Path) -> Iterator[Path]:
    """Yields a database that is in use, so that its -wal and -shm files exist."""
    assert taskward("migrate").exit_code == 0
    file = folder / "taskward.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 1")
        yield file


def taskward(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, env={"JWT_SECRET": SECRET} | environment)


def told(result: Result, subject: str) -> list[tuple[str, str]]:
    """Returns verdict and text of each line on a subject."""
    lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    return [(verdict, text) for verdict, about, text in lines if about == subject]


def test_a_database_of_its_owner_alone_is_in_order(database: Path) -> None:
    result = taskward("check")

    assert [verdict for verdict, _ in told(result, "database")] == ["ok"]
    assert {database.with_name(f"taskward.db{suffix}").exists() for suffix in ("", "-wal", "-shm")} == {True}


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize(
    ("mode", "verdict", "status", "who"),
    [(0o602, "FAIL", 1, "every user"), (0o666, "FAIL", 1, "every user"), (0o660, "warn", 0, "its group")],
)
def test_a_file_that_others_can_write_is_reported(
    database: Path, suffix: str, mode: int, verdict: str, status: int, who: str
) -> None:
    file = database.with_name(f"taskward.db{suffix}")
    file.chmod(mode)

    result = taskward("check")

    found = [text for one, text in told(result, "database") if one == verdict]
    assert found == [f"{who} can write {file.name}; run: chmod 600 {file.name}"]
    assert result.exit_code == status


@pytest.mark.parametrize(("mode", "status"), [(0o777, 1), (0o702, 1), (0o1777, 0), (0o775, 0), (0o755, 0)])
def test_a_folder_in_which_every_user_can_replace_the_file_is_reported(
    database: Path, folder: Path, mode: int, status: int
) -> None:
    assert database.parent == folder
    folder.chmod(mode)

    result = taskward("check")

    failed = [text for verdict, text in told(result, "database") if verdict == "FAIL"]
    assert bool(failed) == bool(status)
    assert all(str(folder) in text and "chmod o-w" in text for text in failed)
    assert result.exit_code == status


def test_a_key_set_without_an_issuer_is_warned_of() -> None:
    keys = {"JWT_SECRET": "", "JWT_JWKS_URL": CLOSED}

    without = told(taskward("check", **keys), "keys")
    with_one = told(taskward("check", JWT_ISSUER="https://id.example", **keys), "keys")

    warning = ("warn", "JWT_ISSUER is not set: a token of any issuer that these keys have signed is accepted")
    assert warning in without
    assert "JWT_ISSUER" not in str(with_one)


def test_the_audiences_are_listed() -> None:
    lines = told(taskward("check", JWT_AUDIENCE="tasks, app:web"), "keys")

    assert ("ok", "JWT_AUDIENCE: a token must be for tasks or app:web") in lines
