"""docs/mcp.md: it names the tools, and its settings work."""

import re
from pathlib import Path

from support import settings_for

from taskward.mcp.arguments import MAX_ITEMS
from taskward.mcp.tools import TOOLS

PAGE = (Path(__file__).parent.parent.parent / "docs/mcp.md").read_text("utf-8")


def test_the_page_names_every_tool_in_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [tool.name for tool in TOOLS]
    assert set(re.findall(r"up to (\d+) ", PAGE)) == {str(MAX_ITEMS)}


def test_the_settings_of_the_page_are_accepted_in_production() -> None:
    (block,) = re.findall(r"```sh\n(MCP=.*?)```", PAGE, re.DOTALL)
    given = dict(line.lower().split("=", 1) for line in block.splitlines())
    settings = settings_for("sqlite://", environment="production", **given)
    assert settings.serves_mcp
    assert f"{settings.public_url}/mcp" in settings.jwt_audiences
