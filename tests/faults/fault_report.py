"""The table of docs/reliability.md: made of what the tests in this folder have seen, one row a fault.

A test names its fault with `@pytest.mark.fault("…")` and says with the fixture `observe` what it saw. Where
`RELIABILITY_TABLE` names the page, as `make soak` does, the rows of those that passed are written into it.
"""

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from faults.load import Audit, Load

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->\n"
HEAD = (
    "| fault | what the client saw | longest answer | usable again after | what was lost |\n"
    "|---|---|---|---|---|\n"
)


class Row(NamedTuple):
    """The result of a fault."""

    fault: str
    saw: str
    longest: str
    back: str
    lost: str

    def __str__(self) -> str:
        return f"| {' | '.join(self)} |\n"


Observe = Callable[..., None]
"""`observe(saw, longest=…, back=…, lost=…)`; times in seconds, each may be left out where there is none."""

ObserveLoad = Callable[[Load, Audit], None]
"""Notes what the users saw who were at work."""


def seconds(value: float | None) -> str:
    if value is None:
        return ""
    return "at once" if value < 0.05 else f"{value:.1f} s"


def faults_tested() -> list[str]:
    """Yields every fault that a test of this folder injects, in the order of the files."""
    return [fault for path in sorted(Path(__file__).parent.glob("test_*.py")) for fault in _marks(path)]


def faults_in_the_table() -> list[str]:
    table = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]


def write_table(page: Path, rows: Iterable[Row]) -> None:
    """Puts the rows between the marks of the page, in the order of the tests; the others stay unchanged."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in old.splitlines(keepends=True)[2:]}
    lines |= {row.fault: str(row) for row in rows}
    table = "".join(lines[fault] for fault in dict.fromkeys(faults_tested()) if fault in lines)
    page.write_text(before + BEGIN + HEAD + table + END + after, "utf-8")


def _marks(path: Path) -> list[str]:
    """Reads the text of each `pytest.mark.fault("…")` of a file, without running it."""
    found = [
        (node.lineno, node.args[0].value)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "fault"
        and isinstance(node.args[0], ast.Constant)
    ]
    return [str(text) for _, text in sorted(found, key=lambda one: one[0])]
