"""The service's wheel, as a newcomer installs it: by uvx and by pipx, in an empty home, without a checkout.

Both install the dependencies of the wheel, at their pinned versions. pip fetches them, because it is what is
configured where these tests run; uv and pipx get its files. They are kept in the virtual environment, as
`support/npm.py` keeps what npm has fetched.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from support.waiting import wait_for

from taskward import __version__

ROOT = Path(__file__).parents[2]
PINS = ROOT / "requirements/run.txt"
CACHE = Path(sys.prefix) / "uv-cache"
DEPENDENCIES = Path(sys.prefix) / "run-wheels"
BIN = Path(sys.executable).parent

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
]  # the first run may have much to fetch


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the wheel, as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT, {**os.environ})
    (built,) = folder.glob("*.whl")
    assert built.name == f"taskward-{__version__}-py3-none-any.whl"
    return built


@pytest.fixture(scope="module")
def dependencies() -> Path:
    """Returns the folder with the wheels that the service needs."""
    fetched = DEPENDENCIES / f".{sha256(PINS.read_bytes()).hexdigest()}"
    if not fetched.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
        run([*pip, "--requirement", str(PINS), "--dest", str(DEPENDENCIES)], ROOT, {**os.environ})
        fetched.touch()
    return DEPENDENCIES


@pytest.fixture
def home(dependencies: Path, tmp_path: Path) -> dict[str, str]:
    """Returns the environment of a newcomer: an empty home, and of this project nothing but the pins."""
    pins = tmp_path / "pins.txt"
    shutil.copy(PINS, pins)
    return {
        "HOME": str(tmp_path),
        "PATH": f"{BIN}:/usr/bin:/bin",
        "UV_CACHE_DIR": str(CACHE),
        "UV_CONSTRAINT": str(pins),
        "UV_FIND_LINKS": str(dependencies),
        "UV_OFFLINE": "1",
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }


def run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Runs a command that serves, and yields the session that it prints."""
    output = folder / "output"
    with output.open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait_for(lambda: "Paste these lines" in output.read_text() or process.poll() is not None, seconds=240)
        text = output.read_text()
        assert process.poll() is None, text
        yield text
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def value_of(name: str, session: str) -> str:
    (line,) = [line for line in session.splitlines() if line.startswith(f"{name}=")]
    return line.partition("=")[2]


def try_session(session: str, token: str) -> None:
    """Does what the printed session does: creates a task, lists it; and opens the pages of the service."""
    api = value_of("API", session)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    created = urllib.request.Request(api, b'{"title": "Buy milk"}', headers)  # noqa: S310 - our own service
    with urllib.request.urlopen(created) as answer:  # noqa: S310 - as above
        assert answer.status == 201
    with urllib.request.urlopen(urllib.request.Request(api, headers=headers)) as answer:  # noqa: S310 - as above
        assert [task["title"] for task in json.load(answer)["tasks"]] == ["Buy milk"]
    for path in ("/", "/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"):
        with urllib.request.urlopen(api.removesuffix("/api/tasks") + path) as answer:  # noqa: S310 - as above
            assert answer.status == 200


def test_uvx_runs_the_wheel_and_serves(wheel: Path, home: dict[str, str], tmp_path: Path) -> None:
    uvx = [str(BIN / "uvx"), "--from", str(wheel), "taskward"]
    assert run([*uvx, "--version"], tmp_path, home) == f"taskward {__version__}\n"
    with serving([*uvx, "serve", "--port", "0"], tmp_path, home) as session:
        try_session(session, run([*uvx, "token", "--sub", "developer"], tmp_path, home).strip())
        listed = run(
            [*uvx, "tasks", "list"], tmp_path, home | {"TASKWARD_URL": value_of("API", session)[:-10]}
        )
        assert "Buy milk" in listed
    assert "FAIL" not in run([*uvx, "check"], tmp_path, home)


def test_pipx_installs_the_wheel(wheel: Path, home: dict[str, str], tmp_path: Path) -> None:
    pipx = [sys.executable, "-m", "pipx"]
    run([*pipx, "install", str(wheel)], tmp_path, home)
    command = str(tmp_path / ".local/bin/taskward")
    with serving([command, "serve", "--port", "0"], tmp_path, home) as session:
        try_session(session, run([command, "token", "--sub", "developer"], tmp_path, home).strip())
