"""What a start does not import: what few need; for help and in a new worker, nothing that is slow."""

import json
import subprocess
import sys

import pytest
from support.processes import bare_environment

pytestmark = pytest.mark.processes


def imported_with(*modules: str) -> set[str]:
    """Returns the names of all modules that a new interpreter has imported with these."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps([*sys.modules]))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "ignore", "-c", code],
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return {*json.loads(done.stdout)}


@pytest.mark.parametrize("module", ["taskward.cli", "taskward.server.worker"])
def test_help_and_a_new_worker_import_nothing_that_is_slow(module: str) -> None:
    assert imported_with(module).isdisjoint({"fastapi", "sqlalchemy", "uvicorn", "pydantic"})


def test_a_service_starts_without_what_agents_and_calendars_need() -> None:
    imported = imported_with("taskward.app", "taskward.cli", "taskward.server.serving")
    assert "fastapi" in imported
    assert imported.isdisjoint({"mcp", "taskward_client", "icalendar", "taskward.convert"})
