"""The wheel of the Python client, and that of the service, which contains it."""

import sys
import sysconfig
from pathlib import Path

import pytest
from support.programs import run_program

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.processes


def install(project: Path, folder: Path) -> Path:
    """Builds a wheel and installs it into a folder of its own; returns that folder."""
    run_program(
        project, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheels")
    )
    (wheel,) = (folder / "wheels").iterdir()
    target = folder / "installed"
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-index")
    run_program(folder, *uv, "--target", str(target), str(wheel))
    return target


def run_installed(target: Path, code: str) -> str:
    """Runs code with what is installed there and the dependencies, without the editable installation."""
    paths = f"import sys; sys.path[:0] = [{str(target)!r}, {sysconfig.get_path('purelib')!r}]"
    return run_program(target, sys.executable, "-I", "-S", "-c", f"{paths}\n{code}")


def test_the_clients_wheel_needs_httpx_alone_and_is_typed(tmp_path: Path) -> None:
    target = install(ROOT / "clients/python", tmp_path)
    metadata = next(target.glob("*.dist-info/METADATA")).read_text("utf-8")
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: httpx>=0.28"
    ]
    assert (target / "taskward_client/py.typed").exists()
    code = (
        "import httpx; before = {*sys.modules}; import taskward_client as one; print(one.__file__);"
        "print({name.partition('.')[0] for name in {*sys.modules} - before} - sys.stdlib_module_names)"
    )
    assert run_installed(target, code).splitlines() == [
        str(target / "taskward_client/__init__.py"),
        "{'taskward_client'}",
    ]


@pytest.fixture(scope="module")
def service_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder in which the wheel of the service is installed."""
    return install(ROOT, tmp_path_factory.mktemp("service"))


def test_the_services_wheel_contains_the_client(service_wheel: Path) -> None:
    target = service_wheel
    sources = ROOT / "clients/python/src"
    packaged = {path.relative_to(target) for path in (target / "taskward_client").rglob("*.py")}
    assert packaged == {path.relative_to(sources) for path in (sources / "taskward_client").rglob("*.py")}
    code = "from taskward.cli import app; app(['tasks', 'list', '--help'])"
    assert "--priority" in run_installed(target, code)


def test_the_wheel_alone_serves_the_web_app(service_wheel: Path, tmp_path: Path) -> None:
    code = SERVE.format(database=f"sqlite:///{tmp_path}/tasks.db")
    page, script, token = run_installed(service_wheel, code).splitlines()[-3:]
    assert page == "200 text/html; charset=utf-8"
    assert script == "200 text/javascript; charset=utf-8"
    assert token == "200 application/json"


SERVE = """
import os, subprocess, sys, httpx
environment = os.environ | {{"DATABASE_URL": "{database}", "PORT": "0", "LOG_FORMAT": "json"}}
start = "import sys; sys.path[:0] = " + repr(sys.path[:2]) + "; from taskward.cli import app; app(['serve'])"
command = [sys.executable, "-I", "-S", "-c", start]
with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as service:
    line = next(line for line in service.stdout if "The web app is at" in line)
    url = line.split("The web app is at ")[1].split('"')[0]
    session = httpx.post(url + "app/session", headers={{"Origin": url[:-1]}})
    for response in (httpx.get(url), httpx.get(url + "app/app.js"), session):
        print(response.status_code, response.headers["content-type"])
    service.kill()
"""
