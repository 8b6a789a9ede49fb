"""Writes the synchronous half of the Python client from the asynchronous one (`make clients`)."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent.parent / "clients/python/src/taskward_client"

_MODULES: Final = ("client", "resources", "spaces", "tasks", "transport")
_HEADER: Final = "# `make clients` writes this file from {name}; do not edit it.\n"
_REPLACEMENTS: Final = (
    (r"^\"\"\"The asynchronous client\..*\"\"\"", '"""The synchronous client."""'),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\basynchronous\b", "synchronous"),
    (r"\ban synchronous\b", "a synchronous"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b_async_(\w+)", r"_sync_\1"),
    (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"\baclosing\b", "closing"),
    (r"\bAsync([A-Z]\w+)", r"\1"),
    (r"\b__a(enter|exit)__", r"__\1__"),
    (r"\ba(close|read)\b", r"\1"),
    (r"\baiter_bytes\b", "iter_bytes"),
)


def sync_modules() -> Iterator[tuple[Path, str]]:
    """Yields the path and the text of each module of the synchronous client."""
    for module in _MODULES:
        source = PACKAGE / f"_async_{module}.py"
        text = source.read_text("utf-8")
        for pattern, replacement in _REPLACEMENTS:
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        target = PACKAGE / f"_sync_{module}.py"
        yield target, formatted(_HEADER.format(name=source.name) + text, target)


def formatted(text: str, target: Path) -> str:
    """Returns the text as the linter wants it in that file."""
    for command in (["check", "--fix-only", "--unsafe-fixes", "--quiet"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(target), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own linter
    return text


if __name__ == "__main__":
    for target, text in sync_modules():
        target.write_text(text, "utf-8")
