"""Writes the table of docs/configuration.md from the settings themselves: `make docs`."""

from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from taskward.settings import Settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN: Final = "<!-- settings: written by `make docs` -->\n"
END: Final = "<!-- end of settings -->\n"


def settings_table() -> str:
    """Returns the Markdown table of every setting: its name, default and description."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "".join(["| name | default | meaning |\n|---|---|---|\n", *rows])


def documented_table(page: str) -> str:
    """Returns the table as the page has it."""
    return page.partition(BEGIN)[2].partition(END)[0]


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name.upper()}` | {_default(field.default)} | {field.description} |\n"


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        value = "on" if value else "off"
    return f"`{value}`"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + settings_table() + END + rest.partition(END)[2], "utf-8")
