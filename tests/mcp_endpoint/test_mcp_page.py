"""docs/mcp.md: it names the tools, its settings work, and its program runs."""

import re
import sys
from pathlib import Path

import pytest
from support import settings_for, token_for
from support.command import serve
from support.programs import run_program

from taskward.mcp.arguments import MAX_ITEMS
from taskward.mcp.tools import TOOLS

PAGE = (Path(__file__).parent.parent.parent / "docs/mcp.md").read_text("utf-8")

TWICE = "import sys; program = sys.stdin.read(); [exec(program, {'__name__': '__main__'}) for _ in range(2)]"
"""In one interpreter: the libraries of the program take long to import."""


def test_the_page_names_every_tool_in_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [tool.name for tool in TOOLS]
    assert set(re.findall(r"up to (\d+) ", PAGE)) == {str(MAX_ITEMS)}


def test_the_settings_of_the_page_are_accepted_in_production() -> None:
    (block,) = re.findall(r"```sh\n(MCP=.*?)```", PAGE, re.DOTALL)
    given = dict(line.lower().split("=", 1) for line in block.splitlines())
    settings = settings_for("sqlite://", environment="production", **given)
    assert settings.serves_mcp
    assert f"{settings.public_url}/mcp" in settings.jwt_audiences


@pytest.mark.processes
def test_the_program_of_the_page_adds_one_task_however_often_it_runs(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with serve(tmp_path) as running:
        printed = run_program(
            tmp_path,
            *(sys.executable, "-c", TWICE),
            given=program,
            TASKWARD_URL=f"http://127.0.0.1:{running.port()}",
            TASKWARD_TOKEN=token_for("agent"),
        )
    assert printed == 2 * "Buy milk 2031-02-03\n"
    assert "It prints `Buy milk 2031-02-03`" in PAGE
