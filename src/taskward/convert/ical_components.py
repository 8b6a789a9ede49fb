"""The components of an iCalendar file, one after the other, so that a file of any size takes little memory.

The lines of a component are passed to the package `icalendar`, which parses them.
"""

import re
import warnings
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from icalendar import Alarm, Component, ComponentFactory, Todo
from icalendar.parser.ical.component import ComponentIcalParser

from taskward.convert.report import Report
from taskward.convert.source import NOT_UTF8, Source, Unconvertible

MAX_COMPONENT_SIZE: Final = 8 * 1024 * 1024
"""Bytes of a task, attachments included."""

_MAX_LINE_LENGTH: Final = 64 * 1024
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_PARSED: Final = frozenset({"VTODO", "VTIMEZONE"})
_BOUNDARY: Final = re.compile(rb"(BEGIN|END):([A-Z-]{1,40})[ \t\r\n]*", re.IGNORECASE)


class _LenientTodo(Todo):
    """A task of which malformed properties are left out."""

    ignore_exceptions = True


class _LenientAlarm(Alarm):
    """An alarm of which malformed properties are left out."""

    ignore_exceptions = True


def _lenient_factory() -> ComponentFactory:
    factory = ComponentFactory()
    factory.add_component_class(_LenientTodo)
    factory.add_component_class(_LenientAlarm)
    return factory


_FACTORY: Final = _lenient_factory()


@dataclass(slots=True)
class Block:
    """The lines of a component."""

    name: str
    """`VTODO` or `VTIMEZONE`; `VCALENDAR` for the lines of a calendar outside of its components."""
    line: int
    """The number of its first line."""
    is_complete: bool = True
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes) -> None:
        """Adds a line; those beyond the limit are only counted."""
        self.size += len(line)
        if self.size <= MAX_COMPONENT_SIZE:
            self.lines.append(line)

    def parse(self, report: Report) -> Component:
        """Returns the component.

        Raises:
            Unconvertible: it is too large, or not a component.

        """
        if self.size > MAX_COMPONENT_SIZE:
            raise Unconvertible(f"it has more than {MAX_COMPONENT_SIZE >> 20} MiB")
        content = _decoded(_FOLD.sub(b"", b"".join(self.lines)), report)
        whole = f"BEGIN:{self.name}\r\n{content}\r\nEND:{self.name}\r\n"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about names of time zones, which `zone_name` converts
                return ComponentIcalParser(whole, _FACTORY, Component.types_factory).parse()[0]
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            raise Unconvertible("it is not a component of iCalendar") from None


class _Splitter:
    """Assigns lines to components; `feed` returns those that a line completes."""

    def __init__(self) -> None:
        self.has_calendar = False
        self._calendar = Block("VCALENDAR", 1)
        self._block: Block | None = None
        self._skipped = ""

    def feed(self, number: int, line: bytes) -> list[Block]:
        boundary = _BOUNDARY.fullmatch(line)
        if boundary is None:
            self._add(line)
            return []
        name = boundary[2].decode().upper()
        if boundary[1].upper() == b"BEGIN":
            return self._begin(number, name, line)
        return self._end(name, line)

    def finish(self, *, is_complete: bool = False) -> list[Block]:
        """Returns the component that is open."""
        block, self._block = self._block, None
        if block is None:
            return []
        block.is_complete = is_complete
        return [block]

    def _begin(self, number: int, name: str, line: bytes) -> list[Block]:
        self.has_calendar = self.has_calendar or name in {"VCALENDAR", "VTODO"}
        if name == "VCALENDAR":
            done = self.finish()
            self._calendar, self._skipped = Block("VCALENDAR", number), ""
            return done
        if name in _PARSED:
            done = [*self.finish(), *self._finished_calendar()]
            self._block, self._skipped = Block(name, number), ""
            return done
        if self._block is None and not self._skipped:
            self._skipped = name
        self._add(line)
        return []

    def _end(self, name: str, line: bytes) -> list[Block]:
        if self._block is not None and name in {self._block.name, "VCALENDAR"}:
            return self.finish(is_complete=name == self._block.name)
        if name == self._skipped:
            self._skipped = ""
        else:
            self._add(line)
        return []

    def _add(self, line: bytes) -> None:
        if self._block is not None:
            self._block.add(line)
        elif not self._skipped:
            self._calendar.add(line)

    def _finished_calendar(self) -> list[Block]:
        """Returns the lines of the calendar before its first component."""
        calendar, self._calendar = self._calendar, Block("VCALENDAR", 1)
        return [calendar] if calendar.lines else []


def blocks(source: Source) -> Iterator[Block]:
    """Yields the properties of each calendar, its time zones and its tasks, in the order of the file.

    Raises:
        Unconvertible: there is neither a calendar nor a task.

    """
    splitter = _Splitter()
    for number, line in _lines(source):
        yield from splitter.feed(number, line)
    yield from splitter.finish()
    if not splitter.has_calendar:
        raise Unconvertible("this is not an iCalendar file: it has no BEGIN:VCALENDAR")


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yields the lines with their numbers; a very long one in several parts."""
    number, is_new = 0, True
    while line := source.file.readline(_MAX_LINE_LENGTH):
        number += is_new
        is_new = line.endswith(b"\n")
        if line.endswith(b"\r\r\n"):  # of a program that has converted line ends twice
            line = line.rstrip(b"\r\n") + b"\r\n"
        yield number, line.removeprefix(BOM_UTF8) if number == 1 else line


def _decoded(content: bytes, report: Report) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        report.of_file(NOT_UTF8)
        return content.decode("cp1252", "replace")
