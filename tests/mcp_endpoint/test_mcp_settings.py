"""`taskward check`: what is missing or wrong in the settings of MCP."""

from typing import Any

import pytest
from support import SECRET
from typer.testing import CliRunner

from taskward import cli
from taskward.settings import Settings

PUBLIC = "https://tasks.example.com"
RESOURCE = f"{PUBLIC}/mcp"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "MCP": "on",
    "PUBLIC_URL": PUBLIC,
    "JWT_ISSUER": "https://id.example.com",
    "JWT_AUDIENCE": f"app,{RESOURCE}",
}
CLOSED = "http://127.0.0.1:1/keys"
"""A URL at which no identity provider responds."""


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def check(**environment: str) -> tuple[int, list[tuple[str, str]]]:
    """Returns the exit status, and verdict and text of each line on MCP or on settings that are not valid."""
    result = CliRunner().invoke(
        cli.app, ["check"], env={"JWT_SECRET": SECRET, "DATABASE_URL": "sqlite://"} | environment
    )
    lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    return result.exit_code, [
        (verdict, text) for verdict, about, text in lines if about == "mcp" or verdict == "FAIL"
    ]


def test_in_development_it_is_on_and_needs_nothing() -> None:
    assert check(PORT="8123") == (0, [("ok", "on, http://127.0.0.1:8123/mcp")])
    assert check(MCP="off") == (0, [("ok", "off; it needs MCP=on")])


def test_in_production_it_is_off_and_the_report_says_what_it_needs() -> None:
    needs = "off; it needs MCP=on and PUBLIC_URL and JWT_ISSUER and JWT_AUDIENCE"
    assert check(ENVIRONMENT="production") == (0, [("ok", needs)])
    assert check(**PRODUCTION | {"MCP": ""}) == (0, [("ok", "off; it needs MCP=on")])


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "JWT_ISSUER", "JWT_AUDIENCE"])
def test_a_missing_setting_is_named(missing: str) -> None:
    status, [(verdict, text)] = check(**PRODUCTION | {missing: ""})
    assert (status, verdict) == (1, "FAIL")
    assert text.endswith(f"are rejected. Not set: {missing}")


def test_a_whole_configuration_has_no_warning() -> None:
    assert check(**PRODUCTION) == (0, [("ok", f"on, {RESOURCE}")])


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        (
            {"JWT_AUDIENCE": "app"},
            f"JWT_AUDIENCE has no {RESOURCE}: agents request tokens for that, and they are rejected",
        ),
        (
            {"PUBLIC_URL": "http://tasks.example.com", "JWT_AUDIENCE": "http://tasks.example.com/mcp"},
            "PUBLIC_URL is not https: agents would send their tokens in plain text",
        ),
        (
            {"JWT_ISSUER": "taskward"},
            "JWT_ISSUER is not an https URL, so agents cannot find the identity provider",
        ),
    ],
)
def test_what_keeps_agents_out_is_a_warning(changed: dict[str, str], warning: str) -> None:
    status, findings = check(**PRODUCTION | changed)
    assert status == 0
    assert findings[1:] == [("warn", warning)]


def test_a_provider_without_a_known_issuer_cannot_be_found() -> None:
    _, findings = check(JWT_SECRET="", JWT_JWKS_URL=CLOSED)
    assert ("warn", "JWT_ISSUER is not set, so agents cannot find the identity provider") in findings
