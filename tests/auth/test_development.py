"""Development: a generated secret, and tokens from the command line."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from auth.forge import NOW, StoppedClock, guard, settings
from support.programs import run_program

from taskward.auth.authenticator import authenticator
from taskward.auth.clock import Clock
from taskward.auth.development import development_secret, mint_token, secret_file
from taskward.settings import Settings, SettingsError

AT_ONCE = 4
"""Processes that generate the secret at the same time."""


def without_key(path: Path, **overrides: Any) -> Settings:
    return settings(jwt_secret=None, database_url=f"sqlite:///{path / 'tasks.db'}", **overrides)


def test_the_secret_is_beside_the_database_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        secret = development_secret(without_key(tmp_path))
    finally:
        os.umask(old_mask)
    file = tmp_path / "tasks.db.secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().strip() == secret
    assert len(secret) >= 32
    assert list(tmp_path.iterdir()) == [file]


def test_the_secret_is_generated_once_and_random(tmp_path: Path) -> None:
    first = development_secret(without_key(tmp_path))
    assert development_secret(without_key(tmp_path)) == first
    (tmp_path / "tasks.db.secret").unlink()
    assert development_secret(without_key(tmp_path)) != first


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://u:p@localhost/db"])
def test_for_another_database_it_is_in_the_working_directory(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = settings(jwt_secret=None, database_url=url)
    assert secret_file(chosen) == Path("taskward.secret")
    assert development_secret(chosen) == (tmp_path / "taskward.secret").read_bytes().strip()


RACE = """
import os, sys
from taskward.auth.development import development_secret
from taskward.settings import load_settings

settings = load_settings(_env_file=None, database_url=sys.argv[1])
start, started = os.pipe()
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        os.close(started)
        os.read(start, 1)  # until all are there, and the last end of the pipe is closed
        os.write(1, development_secret(settings) + b"\\n")
        os._exit(0)
os.close(started)
assert all(os.wait()[1] == 0 for _ in range(int(sys.argv[2])))
"""


@pytest.mark.processes
def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tasks.db'}"
    printed = run_program(tmp_path, sys.executable, "-c", RACE, url, str(AT_ONCE)).splitlines()
    assert len(printed) == AT_ONCE
    secrets = set(printed)
    assert len(secrets) == 1
    assert len(secrets.pop().strip()) >= 32
    assert [file.name for file in tmp_path.iterdir()] == ["tasks.db.secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_secret_that_others_can_access_is_rejected(mode: int, tmp_path: Path) -> None:
    development_secret(without_key(tmp_path))
    (tmp_path / "tasks.db.secret").chmod(mode)
    with pytest.raises(SettingsError, match=r"tasks.db.secret: is accessible to other users; run: chmod 600"):
        development_secret(without_key(tmp_path))


def test_a_secret_of_another_user_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user who has put it there knows it, and could sign tokens of any user."""
    development_secret(without_key(tmp_path))
    file = tmp_path / "tasks.db.secret"
    if os.geteuid() == 0:
        os.chown(file, 65534, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)

    with pytest.raises(
        SettingsError, match=r"tasks.db.secret: belongs to another user; delete it, and a new"
    ):
        development_secret(without_key(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"x" * 31 + b"\n" * 10])
def test_a_secret_that_is_too_short_is_rejected(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tasks.db.secret"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match=r"tasks.db.secret: holds fewer than 32 bytes; delete it"):
        development_secret(without_key(tmp_path))


def test_a_secret_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="cannot be used as the development secret: No such file or directory"
    ):
        development_secret(without_key(tmp_path / "nowhere"))
    (tmp_path / "tasks.db.secret").mkdir()
    with pytest.raises(SettingsError, match="cannot be used as the development secret: Is a directory"):
        development_secret(without_key(tmp_path))


def test_production_never_generates_a_secret() -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET or JWT_JWKS_URL must be set in production"):
        settings(jwt_secret=None, environment="production")


async def test_a_created_token_is_accepted_with_the_development_secret(tmp_path: Path) -> None:
    chosen = without_key(tmp_path)
    made = mint_token(chosen, "ann", email="ann@example.com")
    user = await authenticator(chosen, Clock()).identify([b"Bearer " + made.encode()])
    assert user.own.email == "ann@example.com"


@pytest.mark.parametrize("audience", [None, "tasks", "tasks, app:web"])
@pytest.mark.parametrize("issuer", [None, "https://id.example"])
async def test_a_created_token_has_the_claims_that_the_settings_require(
    issuer: str | None, audience: str | None
) -> None:
    required = {"jwt_issuer": issuer, "jwt_audience": audience}
    made = mint_token(settings(**required), "ann", expires_in=60, now=NOW)
    user = await guard(StoppedClock(NOW + 59), **required).identify([b"Bearer " + made.encode()])
    assert user.expires_at == NOW + 60


async def test_a_created_token_is_signed_with_the_first_secret() -> None:
    made = mint_token(settings(jwt_secret=f"{'a' * 32},{'b' * 32}"), "ann", now=NOW)
    await guard(jwt_secret="a" * 32).identify([b"Bearer " + made.encode()])


def test_no_token_is_created_in_production() -> None:
    with pytest.raises(SettingsError, match="ENVIRONMENT: tokens are created in development only"):
        mint_token(settings(environment="production"), "ann")


def test_no_token_is_created_if_a_provider_signs_them() -> None:
    chosen = settings(jwt_secret=None, jwt_jwks_url="https://id.example/jwks")
    with pytest.raises(
        SettingsError, match="JWT_JWKS_URL: is set, so tokens come from that identity provider"
    ):
        mint_token(chosen, "ann")


@pytest.mark.parametrize("sub", ["", "a b", "x" * 256, "a\n"])
def test_no_token_is_created_that_would_be_rejected(sub: str) -> None:
    with pytest.raises(SettingsError, match="sub: must be 1 to 255 visible characters"):
        mint_token(settings(), sub)
    with pytest.raises(SettingsError, match="email: must be an e-mail address"):
        mint_token(settings(), "ann", email=sub)
