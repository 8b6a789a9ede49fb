"""`pytest --quick`, which `make test-quick` runs: SQLite in memory only, and no other process."""

import subprocess
from collections.abc import Iterable
from typing import NoReturn

import pytest


def select(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Returns the tests without those that are marked."""
    return {item for item in items if not item.get_closest_marker("processes")}


def forbid_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails each test that starts a process, once it does; a PostgreSQL is one too."""
    monkeypatch.setattr(subprocess.Popen, "__init__", _fail)  # asyncio calls it too


def _fail(*_: object, **__: object) -> NoReturn:
    pytest.fail("it starts a process: mark it with pytest.mark.processes")
