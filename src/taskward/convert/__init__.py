"""Converters of other products' files into the document that `taskward import` takes: docs/import.md.

Only `taskward convert` imports this package. Each format is a module whose `read` yields lists and drafts.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import BinaryIO, Final, Protocol

from taskward.convert.document import Document
from taskward.convert.draft import Draft, SourceList
from taskward.convert.report import Report
from taskward.convert.source import Source, Unconvertible, sources
from taskward.time_zones import is_time_zone

Progress = Callable[[int, int], None]
"""Called with the bytes that are done, and their total."""


PROGRESS: Final = 100
"""Tasks between two calls of `progress`."""


class Format(Protocol):
    """The module of a format."""

    MEMBERS: str
    """A pattern of the names of the files to read from a ZIP archive."""

    def read(self, source: Source) -> Iterator[Draft | SourceList]:
        """Yields the lists and tasks of a file, in any order."""


def convert(  # noqa: PLR0913, PLR0917 - the arguments of the command, its input and its outputs
    name: str,
    file: BinaryIO,
    file_name: str,
    zone: str | None,
    output: BinaryIO,
    report: Report,
    progress: Progress = lambda *_: None,
) -> None:
    """Writes the document for a file, and reports what could not be kept.

    `name` is that of the format's module. Nothing is written before the whole file is read.

    Raises:
        Unconvertible: the file is not of the format, or damaged; with the place.

    """
    if zone is not None and not is_time_zone(zone):
        raise Unconvertible(f"{zone} is not a time zone: --time-zone must be a name like Europe/Berlin")
    # The converters are written against the protocol, which a module fulfils without saying so.
    reader: Format = import_module(f"taskward.convert.{name}")
    with Document(name, report) as document:
        done = number = 0
        for source in sources(file, file_name, reader.MEMBERS, zone, report):
            for one in reader.read(source):
                document.add(one)
                number += 1
                if number % PROGRESS == 0:
                    progress(done + source.position, 2 * (done + source.size))
            done += source.size
        document.write(output, lambda share: progress(done + int(done * share), 2 * done))
