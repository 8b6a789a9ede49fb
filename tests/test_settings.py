"""docs/contract.md#operation: the configuration, and what is refused at start."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support import SECRET

from taskward.settings import Settings, SettingsError, load_settings

CANARY = "canary-in-a-setting"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs in an empty folder, with none of the settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def refused(**given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_nothing_needs_to_be_set_in_development() -> None:
    settings = load_settings()

    assert settings.environment == "development"
    assert settings.jwt_secrets == ()
    assert settings.database_url.get_secret_value() == "sqlite:///taskward.db"
    assert settings.sqlite_path == Path("taskward.db")
    assert settings.allowed_origins == {"http://localhost:3000"}
    assert (settings.host, settings.port, settings.workers, settings.log_level) == (
        "127.0.0.1",
        8000,
        1,
        "INFO",
    )


def test_the_environment_is_read_and_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=1234\nHOST=0.0.0.0\nUNKNOWN=1\nJWT_ISSUER='https://é.example'\n")
    monkeypatch.setenv("PORT", "4321")

    settings = load_settings()

    assert (settings.port, settings.host, settings.jwt_issuer) == (4321, "0.0.0.0", "https://é.example")  # noqa: S104


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")

    assert load_settings() == load_settings(_env_file=None)
    assert load_settings().jwt_secret is None


@pytest.mark.parametrize(("given", "on"), [("on", True), ("off", False), ("true", True), ("0", False)])
def test_row_level_security_is_on_or_off(monkeypatch: pytest.MonkeyPatch, given: str, *, on: bool) -> None:
    monkeypatch.setenv("DATABASE_RLS", given)

    assert load_settings(database_url="postgresql://h/d").database_rls is on


def test_row_level_security_is_refused_where_there_is_none_or_it_cannot_be_read() -> None:
    told = "DATABASE_RLS is for PostgreSQL; SQLite has no row-level security"

    assert refused(database_rls=True) == told
    assert refused(database_url="postgresql://h/d", database_rls=CANARY).startswith("DATABASE_RLS: ")


def test_the_sign_in_of_the_web_app_is_whole_or_not_there() -> None:
    issuer = {"web_app_issuer": "https://id.example.com"}
    together = "WEB_APP_ISSUER and WEB_APP_CLIENT_ID are only valid together"

    assert refused(**issuer) == refused(web_app_client_id="app") == together
    assert load_settings(**issuer, web_app_client_id="app").web_app_scope == "openid"
    assert refused(web_app_scope="offline_access openid_connect") == (
        "WEB_APP_SCOPE: must contain openid; several scopes are separated by spaces"
    )
    assert refused(web_app_issuer="http://id.example.com").startswith("WEB_APP_ISSUER: must begin with https")


def test_settings_do_not_change_once_they_are_read() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1


def test_what_is_secret_is_not_in_the_text_of_the_settings() -> None:
    settings = load_settings(jwt_secret=SECRET, database_url=f"postgresql://me:{CANARY}@db.example/tasks")

    assert CANARY not in repr(settings) + str(settings)
    assert SECRET not in repr(settings) + str(settings)


def test_an_error_without_a_text_of_its_own_shows_no_value_either() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"port": CANARY, "jwt_secret": CANARY})

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a.db", "a.db"), ("sqlite:////srv/a.db", "/srv/a.db"),
        ("sqlite:///a folder/b.db", "a folder/b.db"),
        ("sqlite://", None), ("sqlite:///", None), ("sqlite:///:memory:", None), ("postgresql://h/d", None),
        ("postgres://u:p%40ss@h:5432/d?sslmode=require&channel_binding=require", None),
    ],
)  # fmt: skip
def test_the_urls_of_both_engines_are_taken(url: str, path: str | None) -> None:
    assert load_settings(database_url=url).sqlite_path == (Path(path) if path else None)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:a.db", "sqlite:/a.db", "sqlite://a.db", "sqlite://:memory:", "sqlite:///a.db?mode=ro", "a.db",
        "mysql://u:canary-in-a-setting@h/d", "postgresql:h",
        "postgresql+asyncpg://u:canary-in-a-setting@h/d", "x",
        "http://h", " sqlite://", "POSTGRES://h/d", "postgresql://u:canary-in-a-setting@h:port/d",
        "postgresql://[canary-in-a-setting/d", "postgresql://h:99999/canary-in-a-setting",
    ],
)  # fmt: skip
def test_any_other_database_url_is_refused(url: str) -> None:
    assert refused(database_url=url).startswith("DATABASE_URL: ")


@pytest.mark.parametrize("secret", ["x" * 32, "é" * 16, f" {SECRET} , {'y' * 32} "])
def test_secrets_of_32_bytes_are_taken(secret: str) -> None:
    assert load_settings(jwt_secret=secret).jwt_secrets == tuple(
        part.strip().encode() for part in secret.split(",")
    )


@pytest.mark.parametrize(
    "secret",
    ["x", CANARY, "x" * 31, f"{SECRET},{CANARY}", f"{SECRET},", ",", f",{SECRET}", " " * 40, "é" * 15],
)
def test_a_secret_under_32_bytes_is_refused_and_not_shown(secret: str) -> None:
    assert refused(jwt_secret=secret) == "JWT_SECRET: each secret must be at least 32 bytes long"


@pytest.mark.parametrize(
    ("given", "audiences"),
    [
        (None, ()),
        ("", ()),
        ("tasks", ("tasks",)),
        ("https://a.example, b", ("https://a.example", "b")),
    ],
)
def test_the_audiences_are_those_between_the_commas(given: str | None, audiences: tuple[str, ...]) -> None:
    assert load_settings(jwt_audience=given or None).jwt_audiences == audiences


@pytest.mark.parametrize("given", ["a,", ",a", "a,,b", " ", ","])
def test_an_empty_audience_is_refused(given: str) -> None:
    told = "JWT_AUDIENCE: has an empty audience; several are separated by single commas"
    assert refused(jwt_audience=given) == told


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_secret_and_a_key_set_together_are_refused(environment: str) -> None:
    told = refused(jwt_secret=SECRET, jwt_jwks_url="https://idp.example/keys", environment=environment)

    assert "JWT_SECRET" in told
    assert "JWT_JWKS_URL" in told
    assert SECRET not in told


def test_production_without_keys_is_refused() -> None:
    assert refused(environment="production") == "JWT_SECRET or JWT_JWKS_URL must be set in production"
    assert load_settings(environment="production", jwt_secret=SECRET).production


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("https://app.example.com", {"https://app.example.com"}),
        ("https://a.example/, http://b.example:8080 ,", {"https://a.example", "http://b.example:8080"}),
        ("HTTPS://App.Example.COM:443", {"https://app.example.com"}),
        ("http://h.example:80,https://h.example:80", {"http://h.example", "https://h.example:80"}),
        ("http://[2001:DB8::1]:3000", {"http://[2001:db8::1]:3000"}),
        (" , ", set()),
    ],
)
def test_origins_are_read_as_a_browser_writes_them(given: str, origins: set[str]) -> None:
    settings = load_settings(frontend_url=given, environment="production", jwt_secret=SECRET)

    assert settings.allowed_origins == origins


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https://*.example.com", "https://", "app.example.com", "ftp://a.example", "null",
        "https://a.example/x",
        "https://a.example?x=1", "https://a.example#x", "https://me@a.example", "https://me:pw@a.example",
        "https://a.example:port-canary-in-a-setting", "https://a.example:99999",
        "https://[canary-in-a-setting]",
        "https://[::1", "https://ok.example,canary-in-a-setting", "//a.example", "file:///a",
    ],
)  # fmt: skip
def test_any_other_origin_is_refused(origin: str) -> None:
    assert refused(frontend_url=origin) == (
        "FRONTEND_URL: each origin must be like https://app.example.com: scheme and host, no path, no *"
    )


@pytest.mark.parametrize("level", ["debug", "Info", "WARNING", "error", "CRITICAL"])
def test_the_log_level_is_taken_in_any_case(level: str) -> None:
    assert load_settings(log_level=level).log_level == level.upper()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"), ("ENVIRONMENT", "Production"), ("LOG_LEVEL", "loud"),
        ("LOG_LEVEL", "TRACE"),
        ("PORT", "-1"), ("PORT", "65536"), ("PORT", "eighty"), ("PORT", "80.5"), ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("DATABASE_POOL_SIZE", "0"), ("DATABASE_POOL_SIZE", "1001"), ("TOMBSTONE_DAYS", "0"),
        ("TOMBSTONE_DAYS", "nan"), ("TOMBSTONE_DAYS", "36501"), ("PORT", CANARY), ("ENVIRONMENT", CANARY),
        ("HOST", 64 * "a"), ("HOST", "a..b"), ("HOST", "\udcff"), ("METRICS_HOST", 64 * "a"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert refused().startswith(f"{name}: ")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_processes_that_could_not_share_their_database_are_refused(url: str) -> None:
    assert refused(database_url=url, workers=2).startswith("WORKERS must be 1 with a database in memory")
    assert load_settings(database_url=url, workers=1).workers == 1


def test_every_broken_setting_is_named_at_once() -> None:
    told = refused(port="x", workers=0, jwt_secret=CANARY, database_url="x", frontend_url="*").splitlines()

    assert [line.partition(":")[0] for line in told] == [
        "DATABASE_URL", "JWT_SECRET", "FRONTEND_URL", "PORT", "WORKERS",
    ]  # fmt: skip
