"""`.ci/run`, with programs that only record how they are called."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
NEEDED = ("node", "pgbouncer", "strace", "chromium", "chromedriver")

# As slow as a real interpreter starts: the versions are not printed all at once.
PYTHON = '#!/bin/sh\nsleep 0.05\n[ "$3" = {version} ] && echo "$0"\n'


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)


def run_ci(folder: Path, *versions: str) -> subprocess.CompletedProcess[str]:
    for name in NEEDED:
        program(folder, name, "#!/bin/sh\n")
    program(folder, "make", '#!/bin/sh\necho "make $*"\n')
    for version in SUPPORTED:
        missing = "#!/bin/sh\nexit 1\n"  # hides the one that this machine has
        program(
            folder, f"python{version}", PYTHON.format(version=version) if version in versions else missing
        )
    program(folder, "python3", PYTHON.format(version=versions[0]))
    return subprocess.run(  # noqa: S603 - the project's own script
        [ROOT / ".ci/run"],
        env={"PATH": f"{folder}:{os.defpath}", "HOME": str(folder)},
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
    newest = f"PYTHONS={versions[-1]} TESTS=test-quick test-stepwise"
    assert run.stdout.splitlines() == [
        f"make --jobs=2 --output-sync=target lint test-pythons test-clients {oldest} {newest}",
        f"make coverage bench-smoke {oldest}",
    ]


def test_ci_runs_no_second_python_if_there_is_only_one(tmp_path: Path) -> None:
    run = run_ci(tmp_path, "3.12")
    assert run.returncode == 0, run.stderr
    only = f"PYTHON={tmp_path}/python3.12"
    assert run.stdout.splitlines() == [
        f"make --jobs=2 --output-sync=target lint test-stepwise test-clients {only}",
        f"make coverage bench-smoke {only}",
    ]
