"""Finds the tasks, lists and comments of an import document without loading the whole document into memory.

The document is read in windows. The scanner checks the structure between values, and orjson parses each
value, cut out exactly: the document is JSON (RFC 8259) if and only if every piece is. Values are found by
their brackets outside of strings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from taskward.http.errors import FieldError, InvalidRequest, ValidationFailed
from taskward.http.requests import MAX_KEYS, holds_nul, refuse_deep
from taskward.me.spool import Spool

WINDOW: Final = 256 * 1024
"""Bytes that are read at once."""

MAX_VALUE: Final = 128 * 1024
"""Bytes of a value other than the list of tasks. A real task has a tenth of it."""

SLICE: Final = 24 * 1024
SLICE_ITEMS: Final = 200
"""The limits of a slice of an array, which is validated in one go."""

ARRAYS: Final = ("lists", "tasks", "comments")
"""The keys whose values are read slice by slice."""

IGNORED: Final = ("trash", "spaces", "tokens", "space", "members")
"""Further keys of an export, of a person or of a space, which an import skips: they only have to be JSON."""

_SPACE: Final = re.compile(rb"[ \t\n\r]*+")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^ \t\n\r,\]}\[{\":]++")
_FLAT: Final = re.compile(rb'[{\[][^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+[}\]]', re.DOTALL)
"""An object or a list without nested ones, like almost every task."""
_BRACKET: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive items of an array: their start and end offsets, and the number of the first."""

    start: int
    end: int
    first: int
    count: int


@dataclass(slots=True)
class Outline:
    """The content of a document: the slices of its arrays, None for another value there; its other keys."""

    arrays: dict[str, list[Slice] | None] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """The keys beside the arrays, in the order of the document, with their values."""

    @property
    def keys(self) -> int:
        """Returns the number of keys, counted up to the limit."""
        return len(self.values) + len(self.arrays)

    def add(self, key: str, value: Any) -> None:
        """Records a key beside the arrays; only values that are used are kept."""
        if key in self.values or len(self.values) <= MAX_KEYS:
            self.values[key] = value if key == "user" or holds_nul(value) else None

    def slices(self, name: str) -> list[Slice]:
        """Returns the slices of an array; none if it is absent."""
        return self.arrays.get(name) or []

    def count(self, name: str) -> int:
        """Returns the length of an array."""
        slices = self.slices(name)
        return slices[-1].first + slices[-1].count if slices else 0


class Scanner:
    """Scans a document once, window by window."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._window = b""
        self._base = 0  # the offset of the window in the document
        self._at = 0  # where the scanner is in the window

    def scan(self) -> Iterator[Outline]:
        """Yields the outline repeatedly while it grows; it is complete at the end.

        The caller may do other work between two of them. Of duplicate keys the last one wins.

        Raises:
            InvalidRequest: the document is not a JSON object, or nests too deep.
            ValidationFailed: a value in it is too large.

        """
        outline = Outline()
        self._expect(b"{")
        more = not self._skip(b"}")
        while more:
            if self._peek() != b'"':
                raise _not_json()
            key = self._value("body")
            self._expect(b":")
            if key in (*ARRAYS, *IGNORED):
                yield from self._array(key, outline)
            else:
                outline.add(key, self._value(key))
                yield outline
            more = self._goes_on(b"}")
        if self._peek():
            raise _not_json()
        yield outline

    def _array(self, name: str, outline: Outline) -> Iterator[Outline]:
        if self._peek() != b"[":
            outline.arrays[name] = None
            self._value(name)
            return
        slices: list[Slice] = []
        outline.arrays[name] = slices
        self._expect(b"[")
        more = not self._skip(b"]")
        while more:
            first = outline.count(name)
            self._peek()
            start = end = self._base + self._at
            count = 0
            while more and end - start < SLICE and count < SLICE_ITEMS:
                self._at = self._find_end(f"{name}.{first + count}")
                end = self._base + self._at
                count += 1
                more = self._goes_on(b"]")
            parse(self._spool.read(start, end), outside=2, is_list=True)
            slices.append(Slice(start, end, first, count))
            yield outline

    def _value(self, name: str) -> Any:
        """Reads the next value; `name` is its field's."""
        self._peek()
        start = self._at
        self._at = self._find_end(name)
        return parse(self._window[start : self._at], outside=1)

    def _find_end(self, name: str) -> int:
        """Returns the offset in the window at which the next value ends."""
        first = self._peek()
        if first in {b"{", b"["}:
            match = _FLAT.match(self._window, self._at)
            end = match.end() if match else self._end_of_nested()
        else:
            match = (_STRING if first == b'"' else _SCALAR).match(self._window, self._at)
            end = match.end() if match else None
        if end is None or end - self._at > MAX_VALUE:
            if len(self._window) - self._at <= MAX_VALUE:
                raise _not_json()
            raise ValidationFailed([FieldError(name, f"The value is larger than {MAX_VALUE // 1024} KiB")])
        return end

    def _end_of_nested(self) -> int | None:
        depth = 0
        for bracket in _BRACKET.finditer(self._window, self._at):
            depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(bracket.group(), 0)
            if not depth:
                return bracket.end()
        return None

    def _goes_on(self, end: bytes) -> bool:
        """Skips a comma, which another value follows, or the end."""
        if self._skip(b","):
            if self._peek() == end:
                raise _not_json()
            return True
        self._expect(end)
        return False

    def _expect(self, character: bytes) -> None:
        if not self._skip(character):
            raise _not_json()

    def _skip(self, character: bytes) -> bool:
        found = self._peek() == character
        self._at += found
        return found

    def _peek(self) -> bytes:
        """Returns the next character that is not white space; empty at the end.

        Afterwards the window holds the largest allowed value, or the rest of the document.
        """
        while True:
            if len(self._window) - self._at <= MAX_VALUE:
                self._fill()
            self._at = _SPACE.match(self._window, self._at).end()  # type: ignore[union-attr] # the pattern also matches nothing
            if len(self._window) - self._at > MAX_VALUE or not self._rest():
                return self._window[self._at : self._at + 1]

    def _rest(self) -> int:
        return self._spool.size - self._base - len(self._window)

    def _fill(self) -> None:
        if self._rest():
            self._base += self._at
            end = min(self._spool.size, self._base + MAX_VALUE + WINDOW)
            self._window = self._spool.read(self._base, end)
            self._at = 0


def parse(text: bytes, *, outside: int, is_list: bool = False) -> Any:
    """Returns the value of a piece of JSON, or those of a list without its brackets.

    Raises:
        InvalidRequest: it is not JSON, or nests too deep within `outside` levels.

    """
    if is_list:
        text = b"[" + text + b"]"  # which counts as a level, also where only brackets are counted
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _not_json() from None
    refuse_deep(value, text, outside - 1 if is_list else outside)
    return value


def _not_json() -> InvalidRequest:
    return InvalidRequest(reason="the body is not a JSON object")
