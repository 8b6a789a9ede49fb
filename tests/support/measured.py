"""The tests whose coverage is measured: the others would cost a third more, and execute nothing else."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import pytest
from coverage import Coverage

_OTHER_ENGINES: Final = frozenset({"postgres-rls", "postgres-rls-alone"})
"""The engines that execute what `postgres` does."""

_ELSEWHERE: Final = frozenset({"faults", "deployment", "mutation", "test_prose", "test_crash"})
"""Folders and files that execute the code in processes of their own, or not at all."""

_OF_DATABASES: Final = frozenset({"database", "copies", "me"})
"""The folders with code of its own for PostgreSQL. What the tests of others execute is measured on SQLite."""

_PROCESSES: Final = frozenset(
    {"test_server", "test_cli", "test_log_console", "test_workers", "test_metrics", "test_tracing"}
)
"""The files whose processes are measured too, which doubles their start: what they do runs nowhere else."""


def only_if_needed(item: pytest.Item) -> AbstractContextManager[None]:
    """Measures this test, and its processes, if that adds to the coverage; without coverage, does nothing."""
    coverage = Coverage.current()
    if coverage is None or item.path.stem in _PROCESSES:
        return nullcontext()
    return _without_processes() if _is_needed(item) else _not(coverage)


def _is_needed(item: pytest.Item) -> bool:
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    engines = {one for one in parameters if isinstance(one, str)}
    if engines & _OTHER_ENGINES or {item.path.parent.name, item.path.stem} & _ELSEWHERE:
        return False
    return "postgres" not in engines or item.path.parent.name in _OF_DATABASES


@contextmanager
def _without_processes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


@contextmanager
def _not(coverage: Coverage) -> Iterator[None]:
    coverage.stop()
    try:
        with _without_processes():
            yield
    finally:
        coverage.start()
