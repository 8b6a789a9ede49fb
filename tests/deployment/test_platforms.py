"""fly.toml and render.yaml, against the service. No package has their schemas, so their keys are listed."""

import tomllib
from typing import Any

import pytest
from deployment.files import GRACE, ROOT, check_command, load_yaml, settings_of
from support import SECRET, running, settings_for

FLY: dict[str, Any] = tomllib.loads((ROOT / "fly.toml").read_text("utf-8"))
RENDER: dict[str, Any] = load_yaml("render.yaml")
(SERVICE,), (DATABASE,) = RENDER["services"], RENDER["databases"]
URL = "postgresql://taskward:x@db.example.com/taskward"

FLY_KEYS: dict[str, set[str]] = {
    "": {
        "app", "primary_region", "kill_signal", "kill_timeout", "build", "deploy", "env", "http_service",
        "metrics", "vm",
    },
    "build": {"dockerfile"},
    "deploy": {"strategy", "release_command"},
    "http_service": {
        "internal_port", "force_https", "auto_stop_machines", "auto_start_machines", "min_machines_running",
        "concurrency", "checks",
    },
    "http_service.concurrency": {"type", "soft_limit", "hard_limit"},
    "http_service.checks": {"method", "path", "interval", "timeout", "grace_period"},
    "metrics": {"port", "path"},
    "vm": {"size", "memory"},
}  # fmt: skip
"""As https://fly.io/docs/reference/configuration/ names them."""

RENDER_KEYS = {
    "service": {
        "type", "name", "runtime", "dockerfilePath", "dockerContext", "dockerCommand", "plan",
        "preDeployCommand", "healthCheckPath", "maxShutdownDelaySeconds", "envVars",
    },
    "database": {"name", "plan", "postgresMajorVersion", "databaseName", "user", "ipAllowList"},
}  # fmt: skip
"""As https://render.com/docs/blueprint-spec names them."""


def tables(value: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Returns each table of fly.toml with its path; those of an array have one path. [env] is no schema's."""
    found = [(path, value)]
    for name, one in value.items():
        for table in one if isinstance(one, list) else [one]:
            if isinstance(table, dict) and name != "env":
                found += tables(table, f"{path}.{name}".removeprefix("."))
    return found


def test_the_keys_are_those_of_the_platforms() -> None:
    for path, table in tables(FLY):
        assert set(table) <= FLY_KEYS[path], path
    assert set(RENDER) == {"services", "databases"}
    assert set(SERVICE) <= RENDER_KEYS["service"]
    assert set(DATABASE) <= RENDER_KEYS["database"]


def test_the_settings_are_valid_in_production() -> None:
    fly = settings_of(FLY["env"], DATABASE_URL=URL, JWT_SECRET=SECRET)
    given = {one["key"]: one["value"] for one in SERVICE["envVars"] if "value" in one}
    asked = {one["key"] for one in SERVICE["envVars"] if "sync" in one}
    render = settings_of(
        given | dict.fromkeys(asked, ""), DATABASE_URL=URL, JWT_JWKS_URL="https://id.example.com/keys"
    )
    for settings in (fly, render):
        assert settings.production
        assert settings.host == "0.0.0.0"  # noqa: S104 - within the container
    assert FLY["http_service"]["internal_port"] == fly.port
    assert FLY["metrics"] == {"port": fly.metrics_port, "path": "/metrics"}
    assert render.port == 8000
    assert FLY["http_service"]["concurrency"]["hard_limit"] > fly.max_streams


def test_no_file_has_a_secret() -> None:
    assert not {"JWT_SECRET", "DATABASE_URL", "WEBHOOK_SECRET"} & set(FLY["env"])
    secret = [one for one in SERVICE["envVars"] if one["key"] in {"JWT_SECRET", "DATABASE_URL"}]
    assert secret == [
        {
            "key": "DATABASE_URL",
            "fromDatabase": {"name": DATABASE["name"], "property": "connectionString"},
        }
    ]


@pytest.mark.parametrize(
    "command",
    [FLY["deploy"]["release_command"], SERVICE["preDeployCommand"], SERVICE["dockerCommand"]],
)
def test_the_commands_exist(command: str) -> None:
    check_command(command.split())


async def test_the_health_checks_use_the_path_that_decides_about_traffic() -> None:
    (check,) = FLY["http_service"]["checks"]
    assert check["path"] == SERVICE["healthCheckPath"] == "/health/ready"
    async with running(settings_for("sqlite://")) as app:
        assert "/health/ready" in {getattr(route, "path", "") for route in app.routes}


def test_the_service_has_time_to_stop() -> None:
    assert FLY["kill_signal"] == "SIGTERM"
    assert FLY["kill_timeout"] == f"{GRACE}s"
    assert SERVICE["maxShutdownDelaySeconds"] == GRACE


def test_both_build_the_one_image() -> None:
    assert FLY["build"]["dockerfile"] == SERVICE["dockerfilePath"].removeprefix("./") == "Containerfile"
    assert (ROOT / "Containerfile").is_file()
