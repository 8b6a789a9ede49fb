"""DTSTART, DUE and VALARM of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Component

from taskward.convert.dates import (
    TaskDate,
    all_day,
    floating,
    minutes_between,
    moment_of,
    reminder_at,
    zone_name,
    zoned,
)
from taskward.convert.draft import Draft
from taskward.convert.ical_values import first, text_of
from taskward.convert.values import in_range


@dataclass(slots=True)
class Dates:
    """The dates of a task, and what could not be kept of them."""

    due: TaskDate | None = None
    start: TaskDate | None = None
    notes: list[str] = field(default_factory=list)


def dates_of(todo: Component, zones: Mapping[str, str]) -> Dates:
    """Returns the due and start date of a task; `zones` are names of the file for time zones."""
    found = Dates()
    found.start = _task_date(todo, "DTSTART", zones, found.notes)
    found.due = _task_date(todo, "DUE", zones, found.notes) or _after_duration(todo, zones, found)
    return found


def instant_of(component: Component, name: str) -> datetime | None:
    """Returns the time of a property in UTC; None if there is none."""
    value = getattr(first(component, name), "dt", None)
    if isinstance(value, datetime):
        return in_range(value if value.tzinfo else value.replace(tzinfo=UTC))
    return in_range(datetime.combine(value, time(), UTC)) if isinstance(value, date) else None


def reminders_of(todo: Component, draft: Draft, zone: str) -> list[dict[str, Any]]:
    """Returns the reminders of the alarms of a task; adds to its notes."""
    found = []
    for alarm in todo.walk("VALARM"):
        if text_of(alarm, "ACTION").upper() == "NONE":  # of Apple: it stands for no alarm
            continue
        reminder = _reminder(first(alarm, "TRIGGER"), draft, zone)
        if reminder is None:
            draft.notes.append(
                "an alarm is left out: it has no time, or is relative to a date that is missing"
            )
        else:
            found.append(reminder)
    return found


def _reminder(trigger: Any, draft: Draft, zone: str) -> dict[str, Any] | None:
    value = getattr(trigger, "dt", None)
    if isinstance(value, datetime):
        moment = in_range(value if value.tzinfo else value.replace(tzinfo=UTC))
        return None if moment is None else reminder_at(moment)
    if not isinstance(value, timedelta):
        return None
    is_end = str(trigger.params.get("RELATED", "START")).upper() == "END"
    base = draft.due if is_end else draft.start or draft.due
    if base is None:
        return None
    if draft.due is not None:
        return {"offset_minutes": minutes_between(draft.due, base) + value // timedelta(minutes=1)}
    moment = moment_of(base, zone)
    try:
        moment = in_range(None if moment is None else moment + value)
    except OverflowError:
        return None
    return None if moment is None else reminder_at(moment)


def _task_date(todo: Component, name: str, zones: Mapping[str, str], notes: list[str]) -> TaskDate | None:
    given = first(todo, name)
    value = getattr(given, "dt", None)
    found = None
    if isinstance(value, datetime):
        found = _with_time(value, str(given.params.get("TZID", "")), zones, notes)
    elif isinstance(value, date):
        found = all_day(value)
    if given is not None and found is None:
        notes.append(f"{name} is left out: it is not a date of the years 1970 to 9998")
    return found


def _with_time(value: datetime, given: str, zones: Mapping[str, str], notes: list[str]) -> TaskDate | None:
    if not given:
        return zoned(value, "UTC") if str(value.tzinfo) == "UTC" else floating(value)
    zone = zones.get(given) or zone_name(given)
    if zone is None:
        notes.append(f'the time zone "{given[:60]}" is unknown: the time is without one now')
        return floating(value)
    return zoned(value, zone)


def _after_duration(todo: Component, zones: Mapping[str, str], found: Dates) -> TaskDate | None:
    """Returns the due date of a task with DTSTART and DURATION."""
    duration = getattr(first(todo, "DURATION"), "dt", None)
    start = getattr(first(todo, "DTSTART"), "dt", None)
    if found.start is None or not isinstance(duration, timedelta) or not isinstance(start, date):
        return None
    try:
        if isinstance(start, datetime):
            given = str(first(todo, "DTSTART").params.get("TZID", ""))
            return _with_time(start + duration, given, zones, [])
        return all_day(start + duration)
    except OverflowError:
        return None
