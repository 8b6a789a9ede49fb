"""What a start does not import: what few need; for help and in a new worker, nothing that is slow."""

import json
import sys
from pathlib import Path

import pytest
from support.programs import run_program

pytestmark = pytest.mark.processes


def imported_with(folder: Path, *modules: str) -> set[str]:
    """Returns the names of all modules that a new interpreter has imported with these."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps([*sys.modules]))"
    return {*json.loads(run_program(folder, sys.executable, "-W", "ignore", "-c", code))}


@pytest.mark.parametrize("module", ["taskward.cli", "taskward.server.worker"])
def test_help_and_a_new_worker_import_nothing_that_is_slow(tmp_path: Path, module: str) -> None:
    assert imported_with(tmp_path, module).isdisjoint({"fastapi", "sqlalchemy", "uvicorn", "pydantic"})


def test_a_service_starts_without_what_agents_and_calendars_need(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "taskward.app", "taskward.cli", "taskward.server.serving")
    assert "fastapi" in imported
    assert imported.isdisjoint({"mcp", "taskward_client", "icalendar", "taskward.convert"})
