"""The tests of TEST_POSTGRES_FORM=stepwise and of TEST_CITUS_URL: those on PostgreSQL, in that form."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest

_OF_SINGLE_STATEMENTS: Final = {
    "test_write_batching": "writes of several owners as one statement",
    "test_batching": "reads of several owners as one statement",
    "test_row_level_security": "refused with Citus",
    "test_statements": "each form of a statement, run nowhere",
    "test_schema": "constraints that the directory of addresses replaces",
    "test_index_builds": "locks of one server",
    "test_prepared_statements": "statements that are prepared once for each write",
    "test_event_loop": "compares times",
    "test_overload": "compares rates",
    "test_request_path": "the path of a request on a plain server",
    "test_benchmarks": "measure a plain server",
}
"""Files about the form for a plain server, and why."""

_OTHER_ENGINES: Final = frozenset({"memory", "disk", "postgres-rls", "postgres-rls-alone"})
_NAMES_POSTGRES: Final = re.compile(r"postgres_|_postgres|\"postgres\"")
"""A fixture or an engine in the source of a test, or of a fixture of its file."""


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that do not run on PostgreSQL, and those about its other form."""
    left_out = [item for item in items if not _runs(item)]
    config.hook.pytest_deselected(items=left_out)
    others = set(left_out)
    items[:] = [item for item in items if item not in others]


def _runs(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or item.path.stem in _OF_SINGLE_STATEMENTS:
        return False
    if item.get_closest_marker("single_statements"):
        return False
    parameters = list(item.callspec.params.values()) if hasattr(item, "callspec") else []
    if any(isinstance(one, str) and one in _OTHER_ENGINES for one in parameters):
        return False
    return "postgres" in parameters or any(map(_names_postgres, [item.function, *_fixtures_of_file(item)]))


def _fixtures_of_file(item: pytest.Function) -> Iterator[Callable[..., object]]:
    """Yields the fixtures of a test that its own file defines."""
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        yield from (one.func for one in definitions if one.func.__module__ == item.module.__name__)


def _names_postgres(function: Callable[..., object]) -> bool:
    return bool(_NAMES_POSTGRES.search(inspect.getsource(function)))


def engines(marked: list[str] | None) -> list[str]:
    """Returns the engines of a test that names the fixture, or of those that are marked."""
    return marked if marked is not None and "postgres" not in marked else ["postgres"]
