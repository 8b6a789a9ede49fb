"""`.ci/run`, with programs that only record how they are called."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
NEEDED = ("node", "pgbouncer", "strace", "zsh", "chromium", "chromedriver")
TWO = "make --jobs=2 --output-sync=target"
SHELL = ("bash", "chmod", "dirname", "env", "mkdir", "sed", "sh", "sleep", "sort")

# As slow as a real interpreter starts: the versions are not printed all at once.
PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m pip" ]; then {pip}; fi
sleep 0.05
[ "$3" = {version} ] && echo "$0"
"""
NO_PIP = "exit 1"
UV = (
    "mkdir -p .venv-uv/bin; printf '#!/bin/sh\\nexit {status}\\n' >.venv-uv/bin/uv; "
    "chmod +x .venv-uv/bin/uv; exit 0"
)


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)


def run_ci(
    folder: Path, *versions: str, programs: tuple[str, ...] = NEEDED, pip: str = NO_PIP
) -> subprocess.CompletedProcess[str]:
    """Runs a copy of it, in the folder `project`, with the programs of the folder only."""
    for name in (".ci/run", "tools/find-python", "pyproject.toml"):
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "project" / name)
    for name in programs:
        program(folder, name, "#!/bin/sh\n")
    for name in SHELL:
        (folder / name).symlink_to(shutil.which(name) or name)
    program(folder, "make", '#!/bin/sh\necho "make $*${UV:+ UV=$UV}"\n')
    for version in SUPPORTED:
        missing = "#!/bin/sh\nexit 1\n"  # hides the one that this machine has
        found = PYTHON.format(version=version, pip=pip)
        program(folder, f"python{version}", found if version in versions else missing)
    program(folder, "python3", PYTHON.format(version=versions[0], pip=pip))
    return subprocess.run(  # noqa: S603 - the project's own script
        [folder / "project/.ci/run"],
        env={"PATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("versions", [("3.11", "3.12", "3.13"), ("3.12", "3.13")])
def test_ci_checks_with_the_oldest_python_and_runs_quick_tests_on_the_newest(
    tmp_path: Path, versions: tuple[str, ...]
) -> None:
    run = run_ci(tmp_path, *versions)
    assert run.returncode == 0, run.stderr
    oldest = f"PYTHON={tmp_path}/python{versions[0]}"
    newest = f"PYTHONS={versions[-1]}"
    assert run.stdout.splitlines() == [
        f"{TWO} setup-tests test-pythons {oldest} {newest} TESTS=setup-tests",
        f"{TWO} test-pythons lint setup-test-clients {oldest} {newest} TESTS=test-newest",
        f"make test-clients coverage test-timed bench-smoke {oldest}",
    ]


def test_ci_runs_no_second_python_if_there_is_only_one(tmp_path: Path) -> None:
    run = run_ci(tmp_path, "3.12")
    assert run.returncode == 0, run.stderr
    only = f"PYTHON={tmp_path}/python3.12"
    assert run.stdout.splitlines() == [
        f"make setup-tests {only}",
        f"{TWO} test-stepwise lint setup-test-clients {only}",
        f"make test-clients coverage test-timed bench-smoke {only}",
    ]


def test_ci_installs_with_uv_where_it_reaches_an_index(tmp_path: Path) -> None:
    run = run_ci(tmp_path, "3.12", pip=UV.format(status=0))
    assert run.returncode == 0, run.stderr
    assert {line.partition(" UV=")[2] for line in run.stdout.splitlines()} == {
        str(tmp_path / "project/.venv-uv/bin/uv")
    }


@pytest.mark.parametrize("pip", [NO_PIP, UV.format(status=2)], ids=["no-pip", "no-index"])
def test_ci_installs_with_pip_where_uv_cannot_be_used(tmp_path: Path, pip: str) -> None:
    run = run_ci(tmp_path, "3.12", pip=pip)
    assert run.returncode == 0, run.stderr
    assert "uv cannot be used, so pip installs." in run.stderr
    assert not [line for line in run.stdout.splitlines() if "UV=" in line]


# As slow as a real one: what needs the programs has to wait for it.
APT = '#!/bin/sh\nif [ "$1" = install ]; then sleep 0.5; echo "apt-get $*"; exit {status}; fi\n'


def test_ci_installs_the_programs_that_are_missing_before_the_tests(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", APT.format(status=0))
    run = run_ci(tmp_path, "3.12", programs=("node", "strace", "chromium"))
    assert run.returncode == 0, run.stderr
    only = f"PYTHON={tmp_path}/python3.12"
    assert run.stdout.splitlines() == [
        f"make setup-tests {only}",
        "apt-get install -y -q --no-install-recommends pgbouncer zsh chromium-driver",
        f"{TWO} test-stepwise lint setup-test-clients {only}",
        f"make test-clients coverage test-timed bench-smoke {only}",
    ]


def test_ci_fails_before_the_tests_if_a_program_cannot_be_installed(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", APT.format(status=100))
    run = run_ci(tmp_path, "3.12", programs=("node", "strace", "chromium"))
    assert run.returncode == 100
    assert not [line for line in run.stdout.splitlines() if " test-" in line]
