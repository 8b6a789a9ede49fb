"""What a start does not import: what few need, and for help nothing that is slow."""

import json
import sys
from pathlib import Path
from typing import Final

import pytest
from support.programs import run_program

pytestmark = pytest.mark.processes


def imported_with(folder: Path, *modules: str) -> set[str]:
    """Returns the names of all modules that a new interpreter has imported with these, without a thread."""
    code = f"import json, sys, threading, {', '.join(modules)}; assert threading.active_count() == 1; "
    code += "print(json.dumps([*sys.modules]))"
    return {*json.loads(run_program(folder, sys.executable, "-W", "ignore", "-c", code))}


def test_help_imports_nothing_that_is_slow(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "taskward.cli")
    assert imported.isdisjoint({"fastapi", "sqlalchemy", "uvicorn", "pydantic"})


_EXPORT: Final = """
import asyncio, sys
from support import Person, running, settings_for

async def export() -> None:
    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)
        await ann.create()
        before = {*sys.modules}
        assert (await ann.http.get("/api/me/export")).status_code == 200
        print(*sorted({*sys.modules} - before))

asyncio.run(export())
"""


def test_the_first_export_imports_nothing(tmp_path: Path) -> None:
    """The import would hold the event loop."""
    tests = Path(__file__).parent
    printed = run_program(tmp_path, sys.executable, "-W", "ignore", "-c", _EXPORT, PYTHONPATH=str(tests))
    assert printed.splitlines()[-1] == ""


def test_a_service_starts_without_what_agents_and_calendars_need(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "taskward.app", "taskward.cli", "taskward.server.serving")
    assert "fastapi" in imported
    assert imported.isdisjoint({"mcp", "taskward_client", "icalendar", "taskward.convert"})
