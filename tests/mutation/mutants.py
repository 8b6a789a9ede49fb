"""Mutants: small defects, each an exact replacement in one file that some test must notice.

They are in the `.toml` files beside this one, one file for each area. The text to replace is found as it is
written or, if a formatter has wrapped its lines, by its tokens; it must occur exactly once.
"""

import ast
import io
import tokenize
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Engine: TypeAlias = Literal["memory", "disk", "postgres"]

FOLDER: Final = Path(__file__).parent
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)

_IGNORED: Final = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.COMMENT,
    tokenize.ENDMARKER,
}
_CLOSING: Final = {")", "]", "}"}


class MutantError(Exception):
    """A mutant that cannot be applied: the list no longer fits the code."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: `old` becomes `new` in `file`, and `tests` run on `engine` must fail."""

    area: str
    name: str
    file: str
    breaks: str
    """The effect of the defect on a user, in one sentence."""
    old: str
    new: str
    tests: tuple[str, ...]
    engine: Engine = "memory"

    def apply(self, source: str) -> str:
        """Returns the source with the defect in it.

        Raises:
            MutantError: the text does not occur exactly once, or the result is no Python.

        """
        start, end = locate(source, self.old, self.name)
        mutated = source[:start] + self.new + source[end:]
        try:
            ast.parse(mutated)
        except SyntaxError as error:
            raise MutantError(f"{self.name}: the result is not Python, line {error.lineno}") from None
        return mutated


def load(folder: Path = FOLDER) -> list[Mutant]:
    """Returns the mutants of all areas.

    Raises:
        MutantError: a mutant is incomplete, or two have one name.

    """
    mutants = [mutant for path in sorted(folder.glob("*.toml")) for mutant in _load_area(path)]
    names = [mutant.name for mutant in mutants]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise MutantError(f"more than one mutant has the name {', '.join(sorted(repeated))}")
    return mutants


def locate(source: str, text: str, name: str) -> tuple[int, int]:
    """Returns where a text begins and ends in a source.

    Raises:
        MutantError: it does not occur exactly once.

    """
    count = source.count(text)
    if count == 1:
        start = source.index(text)
        return start, start + len(text)
    spans = [] if count else list(_spans(_tokens(source), [token for token, _, _ in _tokens(text)]))
    if len(spans) != 1:
        raise MutantError(f"{name}: its text occurs {count or len(spans)} times")
    return spans[0]


def _load_area(path: Path) -> Iterable[Mutant]:
    content = tomllib.loads(path.read_text())
    for entry in content["mutant"]:
        fields = {"tests": content["tests"]} | entry
        fields["tests"] = tuple(fields["tests"])
        try:
            mutant = Mutant(area=path.stem, **fields)
        except TypeError as error:
            raise MutantError(f"{path.name}: {entry.get('name')}: {error}") from None
        if mutant.engine not in ENGINES:
            raise MutantError(f"{mutant.name}: there is no engine {mutant.engine}")
        yield mutant


def _tokens(source: str) -> list[tuple[str, int, int]]:
    """Returns the tokens of a source with their offsets, without layout, comments and trailing commas."""
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    found: list[tuple[str, int, int]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _IGNORED:
                continue
            if token.string in _CLOSING and found and found[-1][0] == ",":
                found.pop()
            start, end = (lines[row - 1] + column for row, column in (token.start, token.end))
            found.append((token.string, start, end))
    except (tokenize.TokenError, IndentationError):  # part of a statement, whose tokens are known by now
        pass
    return found


def _spans(tokens: list[tuple[str, int, int]], wanted: list[str]) -> Iterable[tuple[int, int]]:
    if not wanted:
        return
    words = [token for token, _, _ in tokens]
    for n in range(len(words) - len(wanted) + 1):
        if words[n : n + len(wanted)] == wanted:
            yield tokens[n][1], tokens[n + len(wanted) - 1][2]
