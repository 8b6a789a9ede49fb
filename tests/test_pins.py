"""Dependencies are pinned by hash, and their files name no registry: each installation has its own."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
FOLDERS: Final = ("requirements", "clients", "examples", "benchmarks", "tests", "docs")
PINS: Final = [
    path
    for folder in FOLDERS
    for name in ("*.txt", "package-lock.json")
    for path in sorted((ROOT / folder).rglob(name))
    if "node_modules" not in path.parts and (name != "*.txt" or folder == "requirements")
]


def test_the_files_are_found() -> None:
    assert {path.suffix for path in PINS} == {".txt", ".json"}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pin_has_a_hash_and_no_address(path: Path) -> None:
    text = path.read_text("utf-8")

    assert re.findall(r"https?://\S+", text) == []
    assert re.search(r"--hash=sha256:|\"integrity\": \"sha512-", text)
