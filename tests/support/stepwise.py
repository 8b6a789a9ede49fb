"""The tests of TEST_POSTGRES_FORM=stepwise and of TEST_CITUS_URL: those on PostgreSQL, in that form.

Those that look at one server are left out on a cluster; the end of the run counts them, with the reasons.
"""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pytest

from support import citus

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
"""Files about the form for a plain server, and why; a test has the marker `single_statements`."""

_OTHER_ENGINES: Final = frozenset({"memory", "disk", "postgres-rls", "postgres-rls-alone"})
_NAMES_POSTGRES: Final = re.compile(r"postgres_|_postgres|\"postgres\"|citus_")
"""A fixture or an engine in the source of a test, or of a fixture of its file."""


def select(config: pytest.Config, items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Returns the tests that run on PostgreSQL, without those about a plain one, which are reported."""
    on_postgres = [item for item in items if _is_on_postgres(item)]
    reasons = {item: reason for item in on_postgres if (reason := reason_to_leave_out(item))}
    config.pluginmanager.register(_Report(Counter(reasons.values())))
    return {item for item in on_postgres if item not in reasons}


class _Report:
    """Prints how many tests on PostgreSQL were left out, and why."""

    def __init__(self, left_out: Counter[str]) -> None:
        self._left_out = left_out

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"{self._left_out.total()} tests on PostgreSQL are left out:")
        for reason, count in self._left_out.most_common():
            terminalreporter.write_line(f"{count:>6}  {reason}")


def reason_to_leave_out(item: pytest.Item) -> str | None:
    """Returns why a test does not run in that form, if it does not."""
    if reason := _OF_SINGLE_STATEMENTS.get(item.path.stem):
        return reason
    for name in ("single_statements", "one_server" if citus.CLUSTER_URL else "compares_times"):
        if marker := item.get_closest_marker(name):
            return str(marker.args[0])
    return None


def _is_on_postgres(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
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


def engines(marked: list[str]) -> list[str]:
    """Returns the engines of a test that names the fixture, or those that are marked."""
    return marked if marked and "postgres" not in marked else ["postgres"]
