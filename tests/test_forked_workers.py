"""`pytest --workers`: every test runs once, and is reported as if it ran in the process that was started."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import workers

pytestmark = pytest.mark.processes

CONFTEST = """
import pytest
from workers import Workers

def pytest_configure(config):
    config.pluginmanager.register(Workers(3))

@pytest.fixture(scope="session")
def resource(tmp_path_factory):
    path = tmp_path_factory.mktemp("resource")
    yield path
    path.rmdir()
"""
TESTS = """
import os, random, sys, time
from pathlib import Path
import pytest

def workers():
    return {line.split()[2] for line in Path(os.environ["RAN"]).read_text().splitlines()}

@pytest.mark.parametrize("n", range(3))
def test_passes(n, resource, tmp_path):
    print("printed by", n)
    with open(os.environ["RAN"], "a") as ran:
        ran.write(f"{__name__} {n} {os.getpid()} {resource} {random.random()}\\n")
    start = time.monotonic()
    while len(workers()) == 1 and time.monotonic() < start + 20:
        time.sleep(0.01)  # or one worker runs all, before the others have started
"""
FAILING = """
import pytest

def test_fails(capfd):
    print("printed by the test")
    assert [1, 2] == [1, 3]

def test_is_skipped():
    pytest.skip("no such program")

@pytest.fixture
def broken():
    yield
    raise ValueError("in the teardown")

def test_breaks_afterwards(broken):
    pass
"""
DYING = """
import os

def test_before():
    pass

def test_dies():
    os._exit(7)
"""


def run(folder: Path, *options: str, **files: str) -> tuple[int, str]:
    """Runs the tests of a folder in three workers; returns the exit status and the output."""
    (folder / "conftest.py").write_text(CONFTEST)
    shutil.copy(workers.__file__, folder)  # the package would import the service too
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    ran = subprocess.run(  # noqa: S603 - pytest, on our own tests
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra", *options],
        cwd=folder,
        env=os.environ
        | {
            "RAN": str(folder / "ran"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # their imports take seconds
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_every_test_runs_once_in_a_worker_with_resources_of_its_own(tmp_path: Path) -> None:
    status, output = run(tmp_path, **{f"test_{n}": TESTS for n in range(8)})

    assert status == 0, output
    assert re.search(r"=+ 24 passed in ", output)
    assert output.count("[100%]") == 1
    assert "printed by" not in output
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    assert sorted((file, n) for file, n, *_ in ran) == [
        (f"test_{m}", str(n)) for m in range(8) for n in range(3)
    ]
    workers = {pid for _, _, pid, *_ in ran}
    assert 1 < len(workers) <= 3
    assert len({(pid, resource) for _, _, pid, resource, _ in ran}) == len(workers)
    assert len({resource for _, _, _, resource, _ in ran}) == len(workers)
    assert len({number for *_, number in ran}) == 24
    assert all(len({pid for file, _, pid, *_ in ran if file == f"test_{n}"}) == 1 for n in range(8))
    assert not any(Path(resource).exists() for _, _, _, resource, _ in ran), "a fixture was not ended"


def test_failures_skips_and_broken_teardowns_are_reported(tmp_path: Path) -> None:
    status, output = run(tmp_path, test_failing=FAILING, test_passing="def test_it(): pass")

    assert status == 1
    assert "assert [1, 2] == [1, 3]" in output
    assert "printed by the test" in output
    assert "SKIPPED [1] test_failing.py:9: no such program" in output
    assert "ERROR test_failing.py::test_breaks_afterwards - ValueError: in the teardown" in output
    assert re.search(r"=+ 1 failed, 2 passed, 1 skipped, 1 error in ", output)


def test_a_worker_that_dies_is_a_failure_and_the_others_go_on(tmp_path: Path) -> None:
    three = "import pytest\n\n@pytest.mark.parametrize('n', range(3))\ndef test_it(n): pass"
    files = {"test_dying": DYING, **{f"test_{n}": three for n in range(6)}}  # which come first
    status, output = run(tmp_path, **files)

    assert status == 1
    assert (
        "A worker ended with status 7. The last test that it reported is test_dying.py::test_before."
        in output
    )
    assert re.search(r"=+ 1 failed, 19 passed in ", output)


def test_the_option_x_ends_all_workers_at_the_first_failure(tmp_path: Path) -> None:
    slow = "import time\ndef test_it():\n    time.sleep(30)\n"
    status, output = run(tmp_path, "-x", test_1="def test_it(): assert False", test_2=slow, test_3=slow)

    assert status == 1
    assert "stopping after 1 failures" in output
    assert re.search(r"=+ 1 failed in [0-9.]{1,4}s", output)
