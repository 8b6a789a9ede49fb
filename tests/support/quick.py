"""`pytest --quick`, which `make test-quick` runs: SQLite in memory only, and no other process."""

import subprocess
from collections.abc import Iterable
from typing import NoReturn

import pytest

_OTHER_ENGINES = frozenset({"disk", "postgres", "postgres-rls", "postgres-rls-alone"})


def select(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Returns the tests without those that a parameter puts on another engine, and those that are marked."""
    return {
        item for item in items if not item.get_closest_marker("processes") and not _is_on_another_engine(item)
    }


def _is_on_another_engine(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    return any(isinstance(one, str) and one in _OTHER_ENGINES for one in item.callspec.params.values())


def forbid_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails each test that starts a process, once it does; a PostgreSQL is one too."""
    monkeypatch.setattr(subprocess.Popen, "__init__", _fail)  # asyncio calls it too


def _fail(*_: object, **__: object) -> NoReturn:
    pytest.fail("it starts a process: mark it with pytest.mark.processes")
