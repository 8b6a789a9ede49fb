"""The texts of source, tests and documentation are plain English, without the words of the deny-list."""

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/taskward"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

DATED = r"(?:who|whom|what|wher|which)(?:so)?ever|befall\w*|befell|lest|at hand|of the like"
"""Words that are no plain English today."""

CONVERSATIONAL = (
    r"nobody|anybody|somebody|let(?:s|ting)? go of|looks? on|looks? after|look round|looked at|at any price"
    r"|in the midst|pass(?:es|ed)? over|takes? (?:no )?notice|so many|told"
)
"""Words of conversation for what has a technical term: no user, releases, observes, skips, ignores."""

METAPHORS = (
    r"grapevine|crier|cries|the bell|rung|hears"  # a notification between processes, and its receipt
    r"|owner[ _]wall|the wall|walled"  # row-level security, the filter by owner
    r"|mighty"  # a role with rights
    r"|gathers"  # batches
    r"|stranger\w*|befriend\w*"  # another user, a member
    r"|farewell|parting"  # the end of a connection
)
"""Images in place of the technical term beside them."""

WORDS = re.compile(rf"\b(?:{DATED}|{CONVERSATIONAL}|{METAPHORS})\b", re.IGNORECASE)

PAGE_WORDS = re.compile(
    r"\b(?:everybody|dear(?:er|est|ly)?|(?:hold|held|holds|holding) (?:\w+ )?up|hands? out|handed out|let go"
    r"|hangs? up|gives? way|judge[sd]?|at fault|in good order|stands? (?:in|beside|at)|by halves|goes on)\b",
    re.IGNORECASE,
)
"""Further such words, for the documentation and the tests."""

NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|<!-- the table begins -->.*?<!-- the table ends -->", re.DOTALL)
"""Code, and a table that a test run writes."""

OPENINGS = re.compile(
    r"(?:Gives?|Tells?|Says?|Lets?|Has|Have|Sees? to|Return|Who|Whom|Whose|How|Where|Why|What|So many)\b"
)
"""A docstring begins with "Returns", "Raises" or another verb in the third person, or with a noun."""

ANY_WORDS = re.compile(f"{WORDS.pattern}|{PAGE_WORDS.pattern}")
"""In text in lower case: where case matters, Python searches three times as fast."""

ANY_OPENING = re.compile(rf'"""\s*{OPENINGS.pattern}')

TEST_FILES = sorted({*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py")} - {Path(__file__)})
"""Only their docstrings and comments are checked: other strings are data."""

EXCEPTIONS: frozenset[str] = frozenset()
"""Findings that are permitted for now, as `file: phrase`. This list only gets shorter."""


class Text(NamedTuple):
    """A docstring, a comment or a message of a source file."""

    file: str
    line: int
    text: str
    is_docstring: bool


def docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yields the docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value


def texts(path: Path) -> Iterator[Text]:
    """Yields every text of a file that may have a finding; a string counts as a message if it has a space."""
    if not may_have_findings(path):
        return
    file = path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT).as_posix()
    tree = ast.parse(path.read_text())
    documented = {id(node) for node in docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Text(file, node.lineno, node.value, id(node) in documented)
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield Text(file, token.start[0], token.string, is_docstring=False)


def findings(text: Text) -> Iterator[str]:
    """Yields the phrases of a text that are on the deny-list."""
    plain = " ".join(text.text.split())
    yield from (match.group().lower() for match in WORDS.finditer(plain))
    if text.is_docstring and (opening := OPENINGS.match(plain)):
        yield f"{opening.group()} …"


def may_have_findings(path: Path) -> bool:
    """Returns whether such words are anywhere in a file, for it takes long to tell what is a docstring."""
    source = path.read_text("utf-8")
    return bool(ANY_WORDS.search(" ".join(source.lower().split())) or ANY_OPENING.search(source))


@cache
def found() -> Counter[str]:
    """Returns how often each denied phrase is in each file."""
    source = (
        f"{text.file}: {phrase}"
        for path in SOURCE.rglob("*.py")
        for text in texts(path)
        for phrase in findings(text)
    )
    tests = (
        f"{text.file}: {phrase.lower()}"
        for path in TEST_FILES
        for text in texts(path)
        if (text.is_docstring or text.text.startswith("#"))
        for plain in [" ".join(text.text.split())]
        for phrase in (*WORDS.findall(plain), *PAGE_WORDS.findall(plain))
    )
    return Counter([*source, *tests])


def test_the_texts_of_source_and_tests_use_standard_terms() -> None:
    denied = {place: times for place, times in found().items() if place not in EXCEPTIONS}
    assert not denied, denied


def test_the_names_of_the_tests_use_standard_terms() -> None:
    names = [name for path in TEST_FILES for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))]
    assert [name for name in names if WORDS.search(name.replace("_", " "))] == []


def test_every_exception_is_still_needed() -> None:
    assert EXCEPTIONS - set(found()) == set()


def test_the_documentation_uses_standard_terms() -> None:
    denied = [
        (page.name, match.group())
        for page in PAGES
        for plain in [" ".join(NOT_PROSE.sub("", page.read_text("utf-8")).split())]
        for words in (WORDS, PAGE_WORDS)
        for match in words.finditer(plain)
    ]
    assert not denied, denied


def test_the_deny_list_finds_what_it_is_for() -> None:
    bad = {
        "Give the template of a path.": "Give …",
        "Return the user.": "Return …",
        "What is known of a request.": "What …",
        "The keys that are at\nhand.": "at hand",
        "The answer, for Whoever asks.": "whoever",
        "Let go of the connection.": "let go of",
    }
    for text, phrase in bad.items():
        assert phrase in findings(Text("x.py", 1, text, is_docstring=True)), text
    for text in ("Returns the user.", "Whether the token is valid.", "The keys that are cached.", "Gather"):
        assert list(findings(Text("x.py", 1, text, is_docstring=True))) == []
