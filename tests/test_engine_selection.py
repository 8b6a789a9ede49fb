"""`--engines`: which engines a test runs on."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import engines

pytestmark = pytest.mark.processes

CONFTEST = """
import engines
import pytest

def pytest_addoption(parser):
    engines.add_option(parser)

def pytest_generate_tests(metafunc):
    own = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not own:
        metafunc.parametrize("engine", engines.of_test(metafunc, ["postgres-rls"]))

def pytest_collection_modifyitems(config, items):
    selected = engines.select(items, config.getoption("engines"))
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = [item for item in items if item in selected]
"""
TESTS = """
import pytest

def test_none(): ...

def test_any(engine): ...

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.engines("postgres", "disk")
def test_marked(engine, n): ...

@pytest.mark.engines("memory")
def test_validation(engine): ...

@pytest.mark.parametrize("engine", ["disk", "postgres"])
def test_own(engine): ...

@pytest.mark.parametrize(("engine", "examples"), [("memory", 15), ("postgres", 8)])
def test_examples(engine, examples): ...
"""


@pytest.fixture
def collected(tmp_path: Path) -> "Collect":
    shutil.copy(engines.__file__, tmp_path)  # the package would import the service too
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = engines\n")
    return Collect(tmp_path)


class Collect:
    """Collects the tests of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *options: str, tests: str = TESTS) -> list[str]:
        """Returns the names of the tests, with their parameters."""
        return re.findall(r"::test_(\S+)", self.output(*options, tests=tests))

    def output(self, *options: str, tests: str = TESTS) -> str:
        (self._folder / "test_them.py").write_text(tests)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *options]
        ran = subprocess.run(  # noqa: S603 - pytest, on our own tests
            command,
            cwd=self._folder,
            env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # their imports take seconds
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return ran.stdout + ran.stderr


def test_a_test_runs_on_the_first_engine_that_it_allows(collected: Collect) -> None:
    assert collected() == [
        *("none", "any[memory]", "marked[disk-1]", "marked[disk-2]", "validation[memory]"),
        *("own[disk]", "examples[memory-15]"),
    ]


def test_each_engine_that_is_named_is_added_where_it_is_allowed(collected: Collect) -> None:
    assert collected("--engines", "disk,postgres") == [
        *("none", "any[disk]", "any[postgres]"),
        *(f"marked[{engine}-{n}]" for engine in ("disk", "postgres") for n in (1, 2)),
        *("own[disk]", "own[postgres]", "examples[postgres-8]"),
    ]
    assert collected("--engines", "memory") == [
        *("none", "any[memory]", "validation[memory]", "examples[memory-15]")
    ]


def test_all_are_the_engines_that_show_different_things(collected: Collect) -> None:
    assert collected("--engines", "all") == [
        *("none", "any[disk]", "any[postgres]", "any[postgres-rls]"),
        *(f"marked[{engine}-{n}]" for engine in ("disk", "postgres") for n in (1, 2)),
        *("validation[memory]", "own[disk]", "own[postgres]", "examples[memory-15]", "examples[postgres-8]"),
    ]


def test_an_unknown_engine_is_an_error(collected: Collect) -> None:
    marked = '@__import__("pytest").mark.engines("oracle")\ndef test_it(engine): ...\n'

    assert "there is no engine {'oracle'}" in collected.output(tests=marked)
    assert "--engines: there is no engine oracle" in collected.output("--engines", "disk,oracle")
