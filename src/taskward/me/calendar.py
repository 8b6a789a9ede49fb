"""An export as iCalendar (RFC 5545): one calendar with a VTODO for each task.

The package `icalendar` is slow to import, so that this module is imported only where it is used. What
iCalendar has no property for is in properties of our own, which `taskward convert ical` reads.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from icalendar import Alarm, Calendar, Todo, vRecur, vText
from icalendar.prop import vCategory, vDDDTypes

from taskward.me.calendar_zones import time_zone_component
from taskward.tasks.fields import RULES
from taskward.tasks.fields.dates import instant

PRODUCT: Final = "//Taskward//"
LIST: Final = "X-TASKWARD-LIST"
LIST_ID: Final = "X-ID"
"""The parameter of `LIST` with the id of the list."""

POSITION: Final = "X-TASKWARD-POSITION"
METADATA: Final = "X-TASKWARD-METADATA"
RECURRENCE: Final = "X-TASKWARD-RECURRENCE"
"""The recurrence as JSON, with the start date: DTSTART of a recurring task is its due date."""

FIELDS: Final = "X-TASKWARD-FIELDS"
"""The fields without a property of their own, as one JSON object."""

_WITH_PROPERTY: Final = frozenset(
    {"due", "start", "priority", "labels", "metadata", "reminders", "recurrence", "series_id", "next_id"}
)
OTHERS: Final = tuple(rule.name for rule in RULES if rule.name not in _WITH_PROPERTY)
"""The names of the fields without a property of their own."""

PRIORITIES: Final = {"urgent": 1, "high": 3, "medium": 5, "low": 9}

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNTIL: Final = re.compile(r"UNTIL=(\d{8})")
_PIECES: Final = re.compile(rb"(?s:.{1,74})(?![\x80-\xbf])(?:(?<![\\^])|$)|(?s:.{1,74})(?![\x80-\xbf])")
"""The pieces of a long line: of whole characters, and if possible without a cut after the first character of
an escape sequence, which some clients do not expect."""

Task = Mapping[str, Any]


class CalendarWriter:
    """Writes a calendar piece by piece; a time zone is written before the first task that needs it."""

    def __init__(self, list_titles: Mapping[str, str]) -> None:
        self._list_titles = list_titles
        self._zones: set[str] = set()

    def begin(self) -> bytes:
        """Returns the properties of the calendar."""
        calendar = Calendar()
        calendar.add("version", "2.0")
        calendar.add("prodid", f"-{PRODUCT}Export//EN")
        calendar.add("calscale", "GREGORIAN")
        return bytes(calendar.to_ical()).removesuffix(b"END:VCALENDAR\r\n")

    def tasks(self, tasks: Iterable[Task]) -> bytes:
        """Returns tasks, which are in the form of a response."""
        return b"".join(piece for task in tasks for piece in (*self._new_zones(task), self._todo(task)))

    def end(self) -> bytes:
        """Returns the end of the calendar."""
        return b"END:VCALENDAR\r\n"

    def _new_zones(self, task: Task) -> Iterator[bytes]:
        for local in (task.get("due"), task.get("start")):
            zone = (local or {}).get("time_zone", "UTC")
            if zone not in {"UTC", *self._zones}:
                self._zones.add(zone)
                yield time_zone_component(zone)

    def _todo(self, task: Task) -> bytes:
        todo = Todo()
        todo.add("uid", task["id"])
        todo.add("created", _moment(task["created_at"]))
        todo.add("dtstamp", _moment(task["updated_at"]))
        todo.add("last-modified", _moment(task["updated_at"]))
        todo.add("summary", _text(task["title"]))
        todo.add("status", "COMPLETED" if task["is_completed"] else "NEEDS-ACTION")
        if task["description"]:
            todo.add("description", _text(task["description"]))
        self._add_others(todo, task)
        _add_dates(todo, task)
        _add_alarms(todo, task)
        return _lines(todo)

    def _add_others(self, todo: Todo, task: Task) -> None:
        if "completed_at" in task:
            todo.add("completed", _moment(task["completed_at"]))
        if "priority" in task:
            todo.add("priority", PRIORITIES[task["priority"]])
        if "labels" in task:
            categories = vCategory([])
            categories.cats = [_text(label) for label in task["labels"]]
            todo.add("categories", categories)
        if "parent_id" in task:
            todo.add("related-to", task["parent_id"])
        if title := self._list_titles.get(task.get("list_id", "")):
            _add_own(todo, LIST, title, **{LIST_ID: task["list_id"]})
        if "position" in task:
            _add_own(todo, POSITION, task["position"])
        if "metadata" in task:
            _add_own(todo, METADATA, json.dumps(task["metadata"]))
        if others := {name: task[name] for name in OTHERS if name in task}:
            _add_own(todo, FIELDS, json.dumps(others))


def _add_own(todo: Todo, name: str, text: str, **parameters: str) -> None:
    """Adds a property of our own; with VALUE=TEXT the package escapes it as the RFC demands."""
    todo.add(name, _text(text), parameters={"VALUE": "TEXT", **parameters})


def _add_dates(todo: Todo, task: Task) -> None:
    """Adds DUE and DTSTART. A recurring component needs a DTSTART, from which its rule counts."""
    if "due" in task:
        todo.add("due", _date(task["due"]), encode=False)
    if "recurrence" in task:
        todo.add("dtstart", _date(task["due"]), encode=False)
        todo.add("rrule", vRecur.from_ical(_rule(task["recurrence"]["rule"], task["due"])))
        others = {"start": task["start"]} if "start" in task else {}
        _add_own(todo, RECURRENCE, json.dumps({**task["recurrence"], **others}))
    elif "start" in task:
        todo.add("dtstart", _date(task["start"]), encode=False)


def _add_alarms(todo: Todo, task: Task) -> None:
    for reminder in task.get("reminders", ()):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _text(task["title"]))
        if "at" in reminder:
            alarm.add("trigger", _moment(reminder["at"]), parameters={"VALUE": "DATE-TIME"})
        else:
            offset = timedelta(minutes=reminder["offset_minutes"])
            alarm.add("trigger", offset, parameters={"RELATED": "END"})
        todo.add_component(alarm)


def _date(local: Mapping[str, str]) -> vDDDTypes:
    """Returns the value of a due or start date, of the kind that it is."""
    if "time" not in local:
        return vDDDTypes(date.fromisoformat(local["date"]))
    shown = datetime.fromisoformat(f"{local['date']}T{local['time']}")
    zone = local.get("time_zone")
    if zone == "UTC":
        return vDDDTypes(shown.replace(tzinfo=UTC))
    value = vDDDTypes(shown)
    if zone is not None:
        value.params["TZID"] = zone
    return value


def _rule(rule: str, due: Mapping[str, str]) -> str:
    """Returns a rule with its UNTIL in the form that the RFC demands for such a due date."""
    return _UNTIL.sub(lambda match: f"UNTIL={_last(date.fromisoformat(match[1]), due)}", rule)


def _last(day: date, due: Mapping[str, str]) -> str:
    """Returns the last day, with the time of the due date if it has one; in UTC if it has a time zone."""
    last = {**due, "date": day.isoformat()}
    try:
        moment = instant(last)
    except OverflowError:  # in UTC it would be before the year 1 or after 9999: a bound that excludes nothing
        return _date({**last, "time_zone": "UTC"}).to_ical().decode()
    return vDDDTypes(_date(last).dt if moment is None else moment).to_ical().decode()


def _moment(given: str | datetime) -> datetime:
    """Returns a time of a response, in whole seconds: iCalendar has no fractions."""
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    return moment.astimezone(UTC).replace(microsecond=0)


def _lines(todo: Todo) -> bytes:
    """Returns a component as folded lines; the package folds character by character, which is slow."""
    return b"".join(_folded(str(line).encode()) for line in todo.content_lines() if line)


def _folded(line: bytes) -> bytes:
    return b"\r\n ".join(_PIECES.findall(line)) + b"\r\n"


class _Text(vText):
    """A text. The package would write a backslash with an N in it as a line break."""

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
        return escaped.encode()


def _text(text: str) -> _Text:
    """Returns a text without the control characters that iCalendar does not allow."""
    return _Text(_CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
