"""The report of a conversion: a line for each thing that could not be kept."""

import tempfile
from collections.abc import Iterator
from typing import Final, Self

MAX_NAME_LENGTH: Final = 60
"""Characters of a title in a line."""

MAX_LINE_LENGTH: Final = 1000


class Report:
    """Collects lines in a temporary file, because there may be one for each of very many tasks."""

    def __init__(self) -> None:
        self.tasks = 0
        self.lists = 0
        self.notes = 0
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", newline="\n")  # noqa: SIM115 - closed by __exit__
        self._of_file: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def of_task(self, location: str, title: str, note: str) -> None:
        """Adds a line about a task; `location` is where it is in the file, or empty."""
        self._add(f'{printable(location)}{": " if location else ""}task "{printable(title)}": {note}')

    def of_file(self, note: str) -> None:
        """Adds a line about the file, unless it is there already."""
        if note not in self._of_file:
            self._of_file.add(note)
            self._add(note)

    def lines(self) -> Iterator[str]:
        """Yields the lines."""
        self._file.seek(0)
        for line in self._file:
            yield line.rstrip("\n")

    def _add(self, line: str) -> None:
        self.notes += 1
        self._file.write(printable(line, MAX_LINE_LENGTH) + "\n")


def printable(text: str, longest: int = MAX_NAME_LENGTH) -> str:
    """Returns a text as one line without control characters, cut at a length."""
    line = text[: longest + 1]
    if not line.isprintable():
        line = "".join(one if one.isprintable() else " " for one in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"
