"""The engines that a test runs on: the first one that it allows, or with `--engines` those that are named.

A test that uses the fixture `engine` allows those of its nearest marker `engines`, otherwise all. A test
whose own parameters name engines allows these. Tests without an engine always run.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import pytest

MEMORY: Final = "memory"
RLS: Final = "postgres-rls"
RLS_ALONE: Final = "postgres-rls-alone"
"""Row-level security on; and with nothing but that, for then no statement says whose rows it means."""

ENGINES: Final = (MEMORY, "disk", "postgres", RLS, RLS_ALONE)
EVERY: Final = "all"
"""Each test on all engines that it allows, but not in memory if any will do: a file shows as much."""


def add_option(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        type=_asked,
        default=(),
        metavar="NAMES",
        help=f"run each test on those of these engines that it allows: {', '.join(ENGINES)}, or {EVERY}; "
        "without this option, on the first one that it allows",
    )


def _asked(names: str) -> tuple[str, ...]:
    asked = tuple(names.split(","))
    if unknown := {*asked} - {*ENGINES, EVERY}:
        raise pytest.UsageError(f"--engines: there is no engine {', '.join(sorted(unknown))}")
    return asked


def of_test(metafunc: pytest.Metafunc, behind_rls: Sequence[str]) -> list[str]:
    """Returns the engines of a test that uses the fixture `engine`.

    Without a marker it allows those of `behind_rls`, too. If it allows none of those that are asked for, it
    has its first one, with which `select` leaves it out.
    """
    asked = metafunc.config.getoption("engines")
    allowed = marked(metafunc) or ["disk", "postgres", *behind_rls]
    if EVERY in asked:
        return allowed
    if not marked(metafunc):
        allowed.insert(0, MEMORY)
    return [engine for engine in allowed if engine in asked] or allowed[:1]


def marked(metafunc: pytest.Metafunc) -> list[str]:
    """Returns the engines that the nearest marker names, in the order of `ENGINES`, or none."""
    marker = metafunc.definition.get_closest_marker("engines")
    if marker is None:
        return []
    unknown = {*marker.args} - {*ENGINES}
    if unknown or not marker.args:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: there is no engine {unknown or 'named'}")
    return sorted(marker.args, key=ENGINES.index)


def select(items: Iterable[pytest.Item], asked: Sequence[str]) -> set[pytest.Item]:
    """Returns the tests that are asked for, or those on the first engine of each test."""
    engines = {item: _engine_of(item) for item in items}
    if EVERY in asked:
        return {*engines}
    if asked:
        return {item for item, engine in engines.items() if engine is None or engine in asked}
    first: dict[str, str] = {}
    for item, engine in engines.items():
        if engine is not None:
            test = item.nodeid.partition("[")[0]
            first[test] = min(first.get(test, engine), engine, key=ENGINES.index)
    return {
        item
        for item, engine in engines.items()
        if engine is None or engine == first[item.nodeid.partition("[")[0]]
    }


def _engine_of(item: pytest.Item) -> str | None:
    """Returns the engine that a parameter of a test names."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return None
    return next(
        (one for one in item.callspec.params.values() if isinstance(one, str) and one in ENGINES), None
    )
