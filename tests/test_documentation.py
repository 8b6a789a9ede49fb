"""The documents: links lead somewhere, commands exist, every page is in an index, the README is short."""

import re
from functools import cache
from pathlib import Path

from sqlmodel import SQLModel

import taskward.app
import taskward.database.sqlite.owner_locks  # noqa: F401 - as above
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
_CHAPTERS = re.compile(r"docs/([\w-]+\.md)((?:#[\w-]+(?:,? and |, )?)+)")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= README_LIMIT


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    broken = [(page.name, link) for page in PAGES for link in _links(page) if not _leads(page, link)]
    assert not broken, broken


def _links(page: Path) -> list[str]:
    """Returns the targets of a page's links to this repository."""
    targets = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
    return [one for one in targets if "://" not in one and not one.startswith("mailto:")]


def _leads(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def test_every_chapter_that_a_docstring_names_exists() -> None:
    files = [*SOURCE.rglob("*.py"), *ROOT.glob("tests/**/*.py")]
    named = {
        (file.name, page, chapter)
        for file in files
        for page, chapters in _CHAPTERS.findall(file.read_text("utf-8"))
        for chapter in re.findall(r"#([\w-]+)", chapters)
    }
    assert ("test_bounds.py", "contract.md", "validation-of-requests") in named
    assert {(file, name) for file, page, name in named if name not in _anchors(ROOT / "docs" / page)} == set()


def test_every_command_exists() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    commands = _commands()
    missing: list[tuple[str, str]] = []
    for page in PAGES:
        text = page.read_text("utf-8")
        named = {*re.findall(r"(?:^|`)make ([a-z][a-z-]+)", text, re.MULTILINE)}
        called = {*re.findall(r"(?:^|[`/])taskward ([a-z]+)", text, re.MULTILINE)}
        missing += [(page.name, name) for name in (named - targets) | (called - commands)]
    assert not missing, missing


def test_each_decision_follows_the_template_and_is_in_the_index() -> None:
    rows = (ROOT / "docs/decisions/README.md").read_text("utf-8").splitlines()
    for page in DECISIONS:
        text = page.read_text("utf-8")
        title = re.match(rf"# {page.name[:4]}\. (.+)\n\n\*\*Status\.\*\* ", text)
        assert title is not None, page.name
        parts = re.findall(r"^\*\*(\w+)\b", text, re.MULTILINE)
        assert parts == [part for part in _PARTS if part in parts], page.name
        assert set(_PARTS) - set(parts) <= {"Why", "Measured"}, page.name
        status = " ".join(text.split("**Status.** ")[1].split("\n\n")[0].split()).removesuffix(".")
        assert f"| [{page.name[:4]}]({page.name}) | {title[1]} | {status} |" in rows


def test_the_index_has_every_page_once() -> None:
    index = re.findall(
        r"^\| \[.+?\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(index) == sorted({page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"})


def test_the_index_has_every_decision_once_in_order() -> None:
    index = re.findall(
        r"^\| \[\d{4}\]\((.+?)\)", (ROOT / "docs/decisions/README.md").read_text("utf-8"), re.MULTILINE
    )
    assert index == sorted(page.name for page in DECISIONS)


def test_every_source_file_that_a_page_names_exists() -> None:
    named = {
        (page.name, name)
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for name in _SOURCE_FILE.findall(page.read_text("utf-8"))
    }
    missing = [(page, name) for page, name in named if not _exists(name)]
    assert not missing, missing


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


def test_the_design_page_has_every_table_and_column() -> None:
    page = (ROOT / "docs/design.md").read_text("utf-8")
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.+) \|$", page.split("## Tables")[1].split("\n- ")[0], re.MULTILINE)
    )
    tables = SQLModel.metadata.tables
    assert rows.keys() == tables.keys()
    missing = {
        (name, column.name)
        for name, table in tables.items()
        for column in table.columns
        if f"`{column.name}`" not in rows[name]
    }
    assert missing <= {("import_tasks", column.name) for column in tables["tasks"].columns}


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


@cache
def _anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
