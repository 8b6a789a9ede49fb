"""Todoist: the CSV file of one project."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Final

from taskward.convert.dates import TaskDate, all_day, floating, zone_name, zoned
from taskward.convert.draft import Draft, SourceList
from taskward.convert.source import Source, Unconvertible

_PRIORITIES: Final = {"1": "urgent", "2": "high", "3": "medium"}
"""By the number in CSV files, where 1 is p1, unlike in the API."""

_HEADER: Final = frozenset({"TYPE", "CONTENT"})
_FILE_ID: Final = re.compile(r"(?<!\s)\s*\[(\w+)\]$")
"""A backup adds the id of the project to the name of its file."""

_LABEL: Final = re.compile(r"(?:^|\s)@([^\s@]+)(?=\s|$)")
_ISO: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ t@]+(.+))?", re.ASCII)
_MONTH_FIRST: Final = re.compile(
    r"([a-z]{3})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:,?(?: at| @)? (.+))?", re.ASCII
)
_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?\.? ([a-z]{3})[a-z]*\.?,? (\d{4})(?:,?(?: at| @)? (.+))?", re.ASCII
)
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d\d))?(?::\d\d)?\s*(am|pm)?", re.ASCII)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOON: Final = 12

Row = Mapping[str, str]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the project and its tasks.

    Raises:
        Unconvertible: it is not such a file.

    """
    rows = source.rows()
    _, header = next(rows, (0, []))
    names = [name.strip().upper() for name in header]
    if not set(names) >= _HEADER:
        raise Unconvertible("this is not a CSV file of Todoist: its first line has no TYPE and CONTENT")
    source.report.of_file("the CSV files of Todoist have no creation times and no completed tasks")
    yield from _Project(source).read((line, dict(zip(names, row, strict=False))) for line, row in rows)


class _Project:
    """The tasks of one file; the indentation of a row says which task it is a part of."""

    def __init__(self, source: Source) -> None:
        name = _FILE_ID.sub("", source.name)
        file_id = _FILE_ID.search(source.name)
        key = file_id[1] if file_id else name  # several projects may have one name
        self._list = SourceList(key, name) if name and name.lower() != "inbox" else None
        self._section = ""
        self._above: list[str] = []
        self._numbers: dict[str, int] = {}
        self._zone = source.zone

    def read(self, rows: Iterator[tuple[int, Row]]) -> Iterator[Draft | SourceList]:
        if self._list is not None:
            yield self._list
        draft: Draft | None = None
        texts: list[str] = []
        for number, (line, row) in enumerate(rows):
            kind = row.get("TYPE", "").strip().lower()
            if kind == "note" and draft is not None:
                texts.append(f"Comment: {row.get('CONTENT', '')}")
            elif kind == "section":
                self._section = row.get("CONTENT", "")
            elif kind == "task":
                yield from _with_texts(draft, texts)
                draft = self._draft(row, line, number)
                texts = [draft.description]
        yield from _with_texts(draft, texts)

    def _draft(self, row: Row, line: int, number: int) -> Draft:
        content = row.get("CONTENT", "")
        labels = _LABEL.findall(content)
        indent = _short_number(row.get("INDENT", "")) or 1
        del self._above[max(indent, 1) - 1 :]
        draft = Draft(
            self._key(content),
            _LABEL.sub("", content),
            location=f"line {line}",
            description=row.get("DESCRIPTION", ""),
            priority=_PRIORITIES.get(row.get("PRIORITY", "").strip()),
            labels=[*labels, self._section] if self._section else labels,
            in_list=self._list,
            parent=self._above[-1] if self._above else None,
            order=number,
        )
        self._above.append(draft.source_id)
        _add_dates(row, draft)
        unsupported = [
            name for name in ("RESPONSIBLE", "DURATION") if row.get(name, "").strip() not in {"", "None"}
        ]
        if unsupported:
            draft.notes.append(f"left out: {', '.join(unsupported)}")
        return draft

    def _key(self, content: str) -> str:
        """Returns an id of a row, of the tasks above it, its text, and its number among equal ones."""
        above = self._above[-1] if self._above else (self._list.key if self._list else "")
        key = _digest(above, content)
        self._numbers[key] = number = self._numbers.get(key, 0) + 1
        return key if number == 1 else _digest(key, str(number))


def _with_texts(draft: Draft | None, texts: list[str]) -> Iterator[Draft]:
    """Yields a task with its description and the comments of the rows below it."""
    if draft is not None:
        draft.description = "\n\n".join(texts)
        yield draft


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _add_dates(row: Row, draft: Draft) -> None:
    """Adds due and start: with a deadline, that is the due date and the other one the start."""
    draft.due = _date("DATE", row, draft)
    deadline = _date("DEADLINE", row, draft)
    if deadline is not None:
        draft.due, draft.start = deadline, draft.due
    zone = row.get("TIMEZONE", "").strip()
    if zone and zone_name(zone) is None and any("time" in (one or {}) for one in (draft.due, draft.start)):
        draft.notes.append(f'the time zone "{zone[:60]}" is unknown and left out')


def _date(column: str, row: Row, draft: Draft) -> TaskDate | None:
    given = " ".join(row.get(column, "").lower().split())
    if not given:
        return None
    found = _task_date(given, zone_name(row.get("TIMEZONE", "")))
    if found is None:
        draft.notes.append(f'{column} "{given[:60]}" is left out: it is not a day with its year')
    return found


def _task_date(given: str, zone: str | None) -> TaskDate | None:
    if match := _ISO.fullmatch(given):
        year, month, day, clock = match.groups()
    elif match := _MONTH_FIRST.fullmatch(given):
        name, day, year, clock = match.groups()
        month = _month(name)
    elif match := _DAY_FIRST.fullmatch(given):
        day, name, year, clock = match.groups()
        month = _month(name)
    else:
        return None
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    if clock is None:
        return all_day(found)
    shown = _time(clock)
    if shown is None:
        return None
    local = datetime.combine(found, shown)
    return zoned(local, zone) if zone else floating(local)


def _month(name: str) -> str:
    return str(_MONTHS.index(name) + 1) if name in _MONTHS else "0"


def _time(clock: str) -> time | None:
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _short_number(given: str) -> int | None:
    given = given.strip()
    return int(given) if given.isdecimal() and len(given) < 4 else None  # noqa: PLR2004 - digits
