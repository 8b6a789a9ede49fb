"""Containerfile, .containerignore and compose.yaml, against the service; no container engine is needed."""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployment.files import (
    GRACE,
    ROOT,
    SECONDS_TO_STOP,
    assignments,
    check_command,
    check_schema,
    instructions,
    interpolated,
    load_yaml,
    settings_of,
)
from support import SECRET
from support.command import command
from support.processes import bare_environment

from taskward.me.spool import MAX_UPLOADED

CONTAINERFILE = list(instructions((ROOT / "Containerfile").read_text("utf-8")))
BUILD, IMAGE = (
    CONTAINERFILE[: (last := max(n for n, (name, _) in enumerate(CONTAINERFILE) if name == "FROM"))],
    CONTAINERFILE[last:],
)
OF_THE_SYSTEM = {"PATH", "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT = {
    name: value
    for what, rest in IMAGE
    if what == "ENV"
    for name, value in assignments(rest).items()
    if name not in OF_THE_SYSTEM
}
COMPOSE = load_yaml("compose.yaml")
GIVEN = {"POSTGRES_PASSWORD": "a3f", "ENVIRONMENT": "development", "PORT": "3000", "HOST": "127.0.0.1"}
"""A file .env, also for development; the settings of the identity provider are missing."""


def of_image(name: str) -> str:
    """Returns the arguments of the one instruction of that name in the last stage."""
    (arguments,) = [rest for what, rest in IMAGE if what == name]
    return arguments


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


# The image


def test_the_stages_have_one_base_and_nothing_comes_from_the_network_by_add() -> None:
    bases = [rest.split()[0] for name, rest in CONTAINERFILE if name == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.1[1-3]-slim-\w+", bases[0])
    assert "ADD" not in {name for name, _ in CONTAINERFILE}


def test_packages_are_installed_by_their_hashes() -> None:
    installs = [
        install
        for name, rest in BUILD
        if name == "RUN"
        for install in re.findall(r"pip install ([^&]*)", rest)
    ]
    assert len(installs) == 3
    for install in installs:
        assert install.startswith(("--require-hashes ", "--no-deps --no-index /wheels/"))
    assert {file for install in installs for file in re.findall(r"-r (\S+)", install)} == {
        f"requirements/{name}.txt" for name in ("build", "run", "otel")
    }


def test_the_service_has_no_rights_and_writes_to_its_folder_alone() -> None:
    user = of_image("USER")
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user)
    uid = user.split(":")[0]
    assert f"--uid {uid} --gid {uid} --no-create-home" in of_image("RUN")
    assert f"--owner={uid} --group={uid} --mode=0700 /data" in of_image("RUN")
    assert of_image("WORKDIR") == "/data"
    assert [rest for name, rest in IMAGE if name == "COPY"] == ["--from=build /opt/taskward /opt/taskward"]


def test_its_settings_are_those_of_production_and_need_only_the_keys() -> None:
    settings = settings_of(ENVIRONMENT, JWT_SECRET=SECRET)
    assert settings.production
    assert settings.host == "0.0.0.0"  # noqa: S104 - within the container
    assert str(settings.port) == of_image("EXPOSE")
    assert settings.sqlite_path == Path("/data/taskward.db")
    assert not {name for name in ENVIRONMENT if "SECRET" in name or "TOKEN" in name}


def test_its_command_and_its_signal_are_those_of_the_service() -> None:
    check_command(json.loads(of_image("CMD")))
    assert of_image("STOPSIGNAL") == "SIGTERM"
    assert SECONDS_TO_STOP < 30 < GRACE


def ignored(path: str) -> bool:
    """Returns whether .containerignore leaves out a file: the last pattern that matches decides."""
    parts = path.split("/")
    parents = {"/".join(parts[: n + 1]) for n in range(len(parts))}
    left_out = False
    for line in (ROOT / ".containerignore").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = re.escape(line.removeprefix("!"))
        pattern = pattern.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*").replace(r"\[co\]", "[co]")
        if any(re.fullmatch(pattern, parent) for parent in parents):
            left_out = not line.startswith("!")
    return left_out


def test_no_secret_database_or_test_is_sent_to_the_builder() -> None:
    for path in (
        ".env",
        "taskward.db",
        "taskward.db.secret",
        ".git/config",
        "tests/conftest.py",
        "node_modules/a.js",
        "src/taskward/__pycache__/app.cpython-311.pyc",
        "clients/typescript/package.json",
        "dist/taskward-0.1.0-py3-none-any.whl",
    ):
        assert ignored(path), path


@pytest.mark.processes
def test_what_is_copied_is_enough_to_build_the_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, rest in BUILD:
        if name == "COPY":
            *paths, target = rest.split()
            for path in paths:
                _copy(path, source / target / Path(path).name if len(paths) > 1 else source / target)
    for name, rest in BUILD:
        if name == "RUN" and "hatchling" in rest:
            words = shlex.split(rest.partition("&&")[0].replace("/wheels", str(tmp_path)))
            assert words.pop(0) == "/build/bin/python"
            subprocess.run([sys.executable, *words], cwd=source, check=True, capture_output=True)  # noqa: S603 - ours
    (wheel,) = tmp_path.glob("*.whl")
    packed = {Path(name).parts[0] for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    assert packed == {"taskward", "taskward_client"}
    assert "taskward/py.typed" in zipfile.ZipFile(wheel).namelist()


def _copy(path: str, target: Path) -> None:
    """Copies what the builder gets of a path."""
    for file in [ROOT / path] if (ROOT / path).is_file() else (ROOT / path).rglob("*"):
        name = file.relative_to(ROOT).as_posix()
        if file.is_file() and not ignored(name):
            copy = target if file == ROOT / path else target / file.relative_to(ROOT / path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)


# Health checks


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Returns the port of a running service."""
    settings = {"DATABASE_URL": "sqlite://", "JWT_SECRET": SECRET, "PORT": "0"}
    with command(tmp_path_factory.mktemp("health"), "serve", **settings) as running:
        yield running.port()


HEALTH_CHECKS = {
    "image": json.loads(of_image("HEALTHCHECK").partition("CMD ")[2]),
    "compose": COMPOSE["services"]["taskward"]["healthcheck"]["test"][1:],
}


def exit_status(check: list[str], port: int) -> int:
    """Runs a health check, as if the service had that port."""
    program, *rest = (word.replace("8000", str(port)) for word in check)
    assert program == "python"
    environment = bare_environment() | {"PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    words = [sys.executable, "-I", *rest]
    return subprocess.run(words, env=environment, check=False, capture_output=True).returncode  # noqa: S603 - ours


@pytest.mark.processes
@pytest.mark.parametrize("check", HEALTH_CHECKS.values(), ids=HEALTH_CHECKS)
def test_a_health_check_succeeds_with_a_service_and_fails_without(check: list[str], port: int) -> None:
    assert exit_status(check, port) == 0
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert exit_status(check, closed.getsockname()[1]) == 1


def test_the_image_is_checked_for_life_and_compose_for_readiness() -> None:
    assert "'/health'" in HEALTH_CHECKS["image"][-1]
    assert "'/health/ready'" in HEALTH_CHECKS["compose"][-1]


# Compose


def services(**variables: str) -> dict[str, Any]:
    found: dict[str, Any] = interpolated(COMPOSE, GIVEN | variables)["services"]
    return found


def test_it_is_valid_compose() -> None:
    check_schema("compose-spec", COMPOSE)


def mebibytes(size: str) -> int:
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]


@pytest.mark.parametrize("service", ["taskward", "migration", "database"])
def test_no_service_can_take_all_of_the_machine(service: str) -> None:
    limits = services()[service]
    assert mebibytes(limits["mem_limit"]) <= 1024
    assert 0 < limits["cpus"] <= 2
    assert 0 < limits["pids_limit"] <= 256


def test_the_temporary_folder_is_for_all_uploads_and_counts_towards_the_memory() -> None:
    (tmpfs,) = services()["taskward"]["tmpfs"]
    (size,) = re.findall(r"^/tmp:size=(\d+m),", tmpfs)
    pod = load_yaml("deploy/kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    (container,), (volume,) = pod["containers"], pod["volumes"]
    assert mebibytes(size) * 2**20 >= 3 * MAX_UPLOADED
    process = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
    assert mebibytes(services()["taskward"]["mem_limit"]) * 2**20 >= process * 2**20 + MAX_UPLOADED
    assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30 > MAX_UPLOADED


def test_without_a_password_it_says_so() -> None:
    with pytest.raises(LookupError, match="POSTGRES_PASSWORD is not set"):
        services(POSTGRES_PASSWORD="")


def environment_of(service: str, **settings: str) -> dict[str, str]:
    """Returns the environment of a service: the image's, that of the file .env, and that of compose.yaml."""
    found = services()[service]
    assert found["env_file"] == [{"path": ".env", "required": False}]
    file = {name: value for name, value in (GIVEN | settings).items() if name != "POSTGRES_PASSWORD"}
    own: dict[str, str] = found["environment"]
    return ENVIRONMENT | file | own


@pytest.mark.parametrize("service", ["taskward", "migration"])
def test_the_service_starts_with_one_secret_and_its_settings_are_valid(service: str) -> None:
    settings = settings_of(environment_of(service, JWT_SECRET=SECRET))
    assert settings.production
    assert settings.database_url.get_secret_value() == "postgresql://taskward:a3f@database/taskward"
    assert (settings.host, str(settings.port)) == ("0.0.0.0", of_image("EXPOSE"))  # noqa: S104 - in the container


def test_any_setting_can_be_given() -> None:
    settings = settings_of(
        environment_of(
            "taskward",
            JWT_JWKS_URL="https://id.example.com/keys",
            JWT_ISSUER="https://id.example.com",
            JWT_AUDIENCE="app",
            MCP="on",
            PUBLIC_URL="https://tasks.example.com",
            WORKERS="4",
        )
    )
    assert settings.serves_mcp
    assert settings.workers == 4
    assert settings.metrics_port == 9100


def test_the_database_is_the_one_in_the_url() -> None:
    database = services()["database"]["environment"]
    assert (database["POSTGRES_USER"], database["POSTGRES_DB"]) == ("taskward", "taskward")
    secret = database["POSTGRES_PASSWORD_FILE"].removeprefix("/run/secrets/")
    assert secret in services()["database"]["secrets"]
    assert COMPOSE["secrets"][secret] == {"environment": "POSTGRES_PASSWORD"}
    assert {volume.split(":")[0] for volume in services()["database"]["volumes"]} == set(COMPOSE["volumes"])


def test_the_schema_is_migrated_once_before_the_service_starts() -> None:
    migration, taskward = services()["migration"], services()["taskward"]
    assert migration["command"] == ["taskward", "migrate"]
    assert migration["restart"] == "no"
    assert taskward["depends_on"]["migration"] == {"condition": "service_completed_successfully"}
    for service in (migration, taskward):
        assert service["depends_on"]["database"] == {"condition": "service_healthy"}
        assert service["image"] == "taskward"
        check_command(service["command"])


def test_it_has_time_to_stop_and_no_rights() -> None:
    for name in ("taskward", "migration"):
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]  # noqa: S108 - within the container
    assert seconds(services()["taskward"]["stop_grace_period"]) == GRACE


def test_only_the_api_is_published_and_on_this_machine_alone() -> None:
    ports = {name: service.get("ports", []) for name, service in services().items()}
    assert ports == {"taskward": [f"127.0.0.1:8000:{of_image('EXPOSE')}"], "migration": [], "database": []}
