"""Mutants: small defects, each a replacement in one file that some test must notice.

They are in the `.toml` files beside this one, one file for each area. The text to replace is found as it is
written or, if that has changed, by its tokens: where they are the same but for the names of up to half of the
variables, functions and attributes, each consistently. There must be one place that is the most similar.
"""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from keyword import iskeyword
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Token: TypeAlias = tuple[str, int, int]
"""Its text, and the offsets of its start and its end."""
Renamed: TypeAlias = dict[str, str]
"""The names of a source by those of a mutant, where they differ."""
Place: TypeAlias = tuple[int, int, Renamed]
"""The offsets of a start and an end, and the names that differ there."""
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
    within: str | None = None
    """The function, class or variable that the text is in, where other parts of the file look alike."""

    def apply(self, source: str) -> str:
        """Returns the source with the defect in it.

        Raises:
            MutantError: the text does not occur exactly once, or the result is no Python.

        """
        start, end, renamed = locate(source, self.old, self.name, self.within)
        is_exact = source[start:end] == self.old
        new = self.new if is_exact else _with_names(self.new, renamed).strip()
        mutated = source[:start] + new + source[end:]
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


def locate(source: str, text: str, name: str, within: str | None = None) -> Place:
    """Returns where a text is in a source, in the function, class or variable that is named, if it is there.

    Raises:
        MutantError: it does not occur exactly once.

    """
    first, last = _extent(source, within) if within else (0, len(source))
    exact = [one.span() for one in re.finditer(_as_word(text), source) if first <= one.start() < last]
    found: list[Place] = [(start, end, {}) for start, end in exact]
    if not found:
        tokens = [token for token in _tokens(source) if first <= token[1] < last]
        found = _best(_places(tokens, _tokens(text)))
    if len(found) != 1:
        raise MutantError(f"{name}: its text occurs {len(found)} times")
    return found[0]


def _as_word(text: str) -> str:
    """Returns a pattern of a text that begins and ends where its first and last words do."""
    return r"(?<!\w)" * text[0].isidentifier() + re.escape(text) + r"(?!\w)" * text[-1].isalnum()


def _extent(source: str, name: str) -> tuple[int, int]:
    """Returns the offsets of what a name defines in a module, or of all if nothing has that name now."""
    lines = _line_starts(source)
    for node in ast.walk(ast.parse(source)):
        if name in _defined(node):
            assert isinstance(node, ast.stmt)
            return lines[node.lineno - 1], lines[node.end_lineno or len(lines)]
    return 0, len(source)


def _defined(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return [one.id for one in targets if isinstance(one, ast.Name)]
    return []


def _best(places: Iterable[Place]) -> list[Place]:
    """Returns the places with the fewest other names."""
    by_renamed: dict[int, list[Place]] = {}
    for place in places:
        by_renamed.setdefault(len(place[2]), []).append(place)
    return by_renamed[min(by_renamed)] if by_renamed else []


def _places(tokens: list[Token], wanted: list[Token]) -> Iterable[Place]:
    """Yields the places of a text, of which at most half of the names may be others, each everywhere."""
    names = {token for token, _, _ in wanted if _is_name(token)}
    for n in range(len(tokens) - len(wanted) + 1 if wanted else 0):
        renamed = _renamed(zip(wanted, tokens[n:], strict=False), max(1, len(names) // 2))
        if renamed is not None:
            yield tokens[n][1], tokens[n + len(wanted) - 1][2], renamed


def _renamed(pairs: Iterable[tuple[Token, Token]], most: int) -> Renamed | None:
    """Returns the other names of some tokens; None if they differ otherwise, or in more than `most` names."""
    there: Renamed = {}
    here: Renamed = {}
    others = 0
    for (wanted, _, _), (found, _, _) in pairs:
        if not (_is_name(wanted) and _is_name(found)):
            if wanted != found:
                return None
            continue
        others += wanted not in there and wanted != found
        if (
            others > most
            or there.setdefault(wanted, found) != found
            or here.setdefault(found, wanted) != wanted
        ):
            return None
    return {wanted: found for wanted, found in there.items() if wanted != found}


def _is_name(token: str) -> bool:
    return token.isidentifier() and not iskeyword(token)


def _with_names(text: str, renamed: Renamed) -> str:
    """Returns a text with its names replaced."""
    for token, start, end in reversed(_tokens(text)):
        text = text[:start] + renamed.get(token, token) + text[end:]
    return text


def _line_starts(source: str) -> list[int]:
    return [*accumulate(map(len, source.splitlines(keepends=True)), initial=0)]


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


def _tokens(source: str) -> list[Token]:
    """Returns the tokens of a source with their offsets, without layout, comments and trailing commas."""
    lines = _line_starts(source)
    found: list[Token] = []
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
