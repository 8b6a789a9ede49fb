"""TickTick: the CSV file of a backup."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from taskward.convert.dates import (
    TaskDate,
    all_day,
    floating,
    local_time_in,
    reminder_from_start,
    zone_name,
    zoned,
)
from taskward.convert.draft import Draft, SourceList
from taskward.convert.rules import recurrence
from taskward.convert.source import Source, Unconvertible
from taskward.convert.values import duration, flag, moment, number

MEMBERS: Final = r"\.csv$"

_HEADER: Final = frozenset({"List Name", "Title", "Status"})
_HEADER_ROWS: Final = 20
"""Rows among which the header is; a few lines about the file are before it."""

_PRIORITIES: Final = {"1": "low", "3": "medium", "5": "high"}
_DONE: Final = {"1": "", "2": "", "-1": 'it was "won\'t do": it is completed now'}
_INBOX: Final = "Inbox"

Row = Mapping[str, str]


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the tasks of a backup.

    Raises:
        Unconvertible: it is not such a file.

    """
    header: list[str] = []
    for number_of_row, (line, cells) in enumerate(source.rows()):
        if not header:
            if set(cells) >= _HEADER:
                header = cells
            elif number_of_row >= _HEADER_ROWS:
                break
        elif any(cells):
            row = dict(zip(header, cells, strict=False))
            yield _draft(row, line, source)
    if not header:
        raise Unconvertible(
            'this is not a backup of TickTick: it has no line with "List Name", "Title", "Status"'
        )


def _draft(row: Row, line: int, source: Source) -> Draft:
    zone = _zone(row, source)
    name = row.get("List Name", "").strip()
    status = row.get("Status", "").strip()
    draft = Draft(
        row.get("taskId", "").strip() or f"line {line}",
        row.get("Title", ""),
        location=f"line {line}",
        description=row.get("Content", ""),
        created=moment(row.get("Created Time")),
        is_completed=status in _DONE,
        completed_at=moment(row.get("Completed Time")),
        priority=_PRIORITIES.get(row.get("Priority", "").strip()),
        labels=row.get("Tags", "").split(","),
        in_list=SourceList(name, name) if name not in {"", _INBOX} else None,
        parent=row.get("parentId", "").strip() or None,
        order=number(row.get("Order")),
    )
    if _DONE.get(status):
        draft.notes.append(_DONE[status])
    if row.get("Kind", "").strip() == "NOTE":
        draft.notes.append("it was a note: it is a task now")
    draft.start = _date("Start Date", row, zone, draft)
    draft.due = _date("Due Date", row, zone, draft)
    _add_recurrence(row, zone, draft)
    _add_reminders(row, draft)
    return draft


def _zone(row: Row, source: Source) -> str:
    given = row.get("Timezone", "")
    zone = zone_name(given)
    if given.strip() and zone is None:
        source.report.of_file(f'the time zone "{given[:60]}" is unknown: {source.zone or "UTC"} is used')
    return zone or source.zone or "UTC"


def _date(column: str, row: Row, zone: str, draft: Draft) -> TaskDate | None:
    given = row.get(column, "").strip()
    found = moment(given)
    local = None if found is None else local_time_in(found, zone)
    task_date = None if local is None else _in_kind(local, row, zone)
    if given and task_date is None:
        draft.notes.append(f'{column} is left out: "{given[:40]}" is not a date of the years 1970 to 9998')
    return task_date


def _in_kind(local: datetime, row: Row, zone: str) -> TaskDate | None:
    if flag(row.get("Is All Day")):
        return all_day(local.date())
    return floating(local) if flag(row.get("Is Floating")) else zoned(local, zone)


def _add_reminders(row: Row, draft: Draft) -> None:
    for given in filter(
        None, (part.strip() for part in row.get("Reminder", "").replace(";", ",").split(","))
    ):
        offset = duration(given)
        if offset is None or draft.due is None:
            draft.notes.append(f'the reminder "{given[:40]}" is left out')
        else:
            minutes = int(offset.total_seconds()) // 60
            draft.reminders.append(reminder_from_start(draft.due, draft.start, minutes))


def _add_recurrence(row: Row, zone: str, draft: Draft) -> None:
    rule = row.get("Repeat", "").strip()
    if not rule or draft.is_completed:
        return
    if draft.due is None:
        draft.due, draft.start = draft.start, None
    recurrence(rule, draft.due, zone, start=draft.start).set_on(draft)
