"""The documentation explains each reason for which a token is rejected."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPLAINED = set(
    re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "tokens.md").read_text().partition("| `reason` |")[2])
)


def reasons() -> Iterator[str]:
    """Yields each `reason=` in the code of this package, with a pattern for interpolated values."""
    for file in sorted((ROOT / "src" / "taskward" / "auth").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                yield from texts(node.value)


def texts(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in parts
            )
        case ast.IfExp(body=one, orelse=other):
            yield from texts(one)
            yield from texts(other)
        case _:
            pytest.fail(f"line {value.lineno}: a reason is a text that a reader of the log can look up")


@pytest.mark.parametrize("reason", sorted(set(reasons())))
def test_the_documentation_explains_each_reason(reason: str) -> None:
    assert any(re.fullmatch(reason, text) for text in EXPLAINED)
