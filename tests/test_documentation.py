"""The documents: links lead somewhere, commands exist, every page is in an index, the README is short."""

import re
from pathlib import Path

import pytest

from taskward import cli

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
README_LIMIT = 8192
"""Bytes: a newcomer reads all of it."""

SOURCE = ROOT / "src/taskward"

_PARTS = ("Status", "Decision", "Why", "Measured", "Refused", "Price")
_SOURCE_FILE = re.compile(r"`((?:[\w.-]+/)+\w+\.py|taskward(?!\.db)(?:\.\w+){2,})\b")
"""A path in a folder, or a dotted name in a package."""
_CODE = re.compile(r"```.*?```", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= README_LIMIT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    for target in re.findall(r"(?:^|`)make ([a-z][a-z-]+)", text, re.MULTILINE):
        assert target in targets, target
    for command in re.findall(r"(?:^|[`/])taskward ([a-z]+)", text, re.MULTILINE):
        assert command in _commands(), command


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_follows_the_template_and_is_in_the_index(page: Path) -> None:
    text = page.read_text("utf-8")
    title = re.match(rf"# {page.name[:4]}\. (.+)\n\n\*\*Status\.\*\* ", text)
    assert title is not None
    parts = re.findall(r"^\*\*(\w+)\b", text, re.MULTILINE)
    assert parts == [part for part in _PARTS if part in parts]
    assert set(_PARTS) - set(parts) <= {"Why", "Measured"}
    status = " ".join(text.split("**Status.** ")[1].split("\n\n")[0].split()).removesuffix(".")
    row = f"| [{page.name[:4]}]({page.name}) | {title[1]} | {status} |"
    assert row in (ROOT / "docs/decisions/README.md").read_text("utf-8").splitlines()


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    if page.name != "CHANGELOG.md":
        assert {name for name in _SOURCE_FILE.findall(page.read_text("utf-8")) if not _exists(name)} == set()


def test_the_design_page_names_every_folder_of_the_source_and_only_what_exists() -> None:
    page = (ROOT / "docs/design.md").read_text("utf-8")
    folders, files = _folder_plan(page.split("<!-- folders:")[1].split("```")[1])
    packages = {
        path.relative_to(ROOT).as_posix() + "/"
        for path in SOURCE.rglob("*/")
        if path.is_dir() and path.name != "__pycache__"
    }
    assert {name for name in folders if name.startswith("src/taskward/")} - {"src/taskward/"} == packages
    assert {name for name in folders | files if not (ROOT / name).exists()} == set()


def _folder_plan(plan: str) -> tuple[set[str], set[str]]:
    """Returns the folders, each ending in `/`, and the files of an indented plan, relative to the root.

    A file in the description of a folder is in that folder.
    """
    folders: set[str] = set()
    files: set[str] = set()
    parents: list[tuple[int, str]] = []
    folder = ""
    for line in plan.splitlines():
        indent = len(line) - len(line.lstrip())
        entry, _, description = line.strip().partition("  ")
        if re.fullmatch(r"[\w./]+/", entry):
            parents = [parent for parent in parents if parent[0] < indent]
            folder = (parents[-1][1] if parents else "") + entry
            folders.add(folder)
            parents.append((indent, folder))
        elif re.fullmatch(r"[a-z_]+\.py", entry):
            files.add(parents[0][1] + entry)
            continue
        files |= {folder + name for name in re.findall(r"\b[a-z_]+\.py", description or line)}
    return folders, files


def _exists(name: str) -> bool:
    """Returns whether a file, named from the root, the source or the tests, or a dotted name exists."""
    if not name.startswith("taskward."):
        return any((base / name).exists() for base in (ROOT, SOURCE, ROOT / "tests"))
    path = SOURCE
    for part in name.split(".")[1:]:
        if not part.islower() or path.with_suffix(".py").exists():
            break
        path /= part
    return path.is_dir() or path.with_suffix(".py").exists()


def _commands() -> set[str]:
    commands = {
        command.name or command.callback.__name__.rstrip("_")
        for command in cli.app.registered_commands
        if command.callback is not None
    }
    return commands | {group.name for group in cli.app.registered_groups if group.name}


def _anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
