"""`due` and `start`: a day, optionally with a time of day, optionally with the time zone of that time.

A request may give a part of it, which is merged with what is stored: docs/decisions/0036.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.http.errors import FieldError
from taskward.http.validation import UNKNOWN_FIELD, Absent, field_error, located_errors
from taskward.tasks.fields.rule import Change, FieldRule
from taskward.time_zones import is_time_zone, time_zone

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998
"""A local time of these years is a time of the years 1969 to 9999 in UTC."""

_FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)
_LAST_DAY: Final = date(LAST_YEAR, 12, 31)
DAY_RULE: Final = f"must be a day like 2026-01-31, of the years {FIRST_YEAR} to {LAST_YEAR}"

_PARTS: Final = ("date", "time", "time_zone")
_ANY_DATE: Final = {"date": "", "time": ""}
"""In place of the stored one, to check a change before that is known."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIME_OF_DAY: Final = re.compile(_TIME)
_YEAR: Final = "(?:19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
DayText = Annotated[
    str,
    Field(
        pattern=f"^{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
        description="A day of the years 1970 to 9998, without a time zone: never convert it to an instant.",
        examples=["2026-11-21"],
    ),
]
_TimeText = Annotated[
    str,
    Field(pattern=f"^{_TIME}$", description="A time of that day; without it: all day.", examples=["14:30"]),
]
_ZoneText = Annotated[
    str,
    Field(
        description="The IANA name of a time zone; without it: that of the user. It needs a `time`.",
        examples=["Europe/Berlin"],
    ),
]


class TaskDate(BaseModel):
    """A day, optionally with a time of day, optionally with the time zone of that time."""

    date: DayText
    time: _TimeText | Absent = None
    time_zone: _ZoneText | Absent = None


class NewTaskDate(BaseModel):
    """A day, optionally with a time of day, optionally with the time zone of that time."""

    model_config = ConfigDict(extra="forbid")

    date: DayText
    time: _TimeText | None = None
    time_zone: _ZoneText | None = None


class TaskDateChanges(BaseModel):
    """Changes of a date: what is absent stays, null removes. Without a `time` there is no `time_zone`."""

    model_config = ConfigDict(extra="forbid")

    date: DayText | Absent = None
    time: _TimeText | None = None
    time_zone: _ZoneText | None = None


def merged_date(stored: Mapping[str, str] | None, changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns a date after changes, which may be incomplete: see `problems_of_date`."""
    if changes is None:
        return None
    merged = {**(stored or {}), **changes}
    if merged.get("time") is None and "time_zone" not in changes:
        merged["time_zone"] = None
    return {part: merged[part] for part in _PARTS if merged.get(part) is not None}


def moved_by(local: Mapping[str, str], days: timedelta) -> dict[str, str]:
    """Returns a date some days later, at most on the first or last day that there is."""
    try:
        day = min(max(date.fromisoformat(local["date"]) + days, _FIRST_DAY), _LAST_DAY)
    except OverflowError:
        day = _LAST_DAY if days > timedelta() else _FIRST_DAY
    return {**local, "date": day.isoformat()}


def problems_of_date(label: str, merged: Mapping[str, Any]) -> dict[str, str]:
    """Returns what a merged date lacks, by part."""
    problems = {}
    if "date" not in merged:
        problems["date"] = f"{label} date is required"
    if "time_zone" in merged and "time" not in merged:
        problems["time_zone"] = f"{label} time zone needs a time"
    return problems


def due_key(due: Mapping[str, str]) -> str:
    """Returns the sort key of a due date: a day without a time means by the end of that day."""
    return f"{due['date']}T{due.get('time', '24:00')}"


def start_key(start: Mapping[str, str]) -> str:
    """Returns the sort key of a start date, which without a time begins at midnight."""
    return f"{start['date']}T{start.get('time', '00:00')}"


def instant(local: Mapping[str, str]) -> datetime | None:
    """Returns the instant of a date that has a time zone, else None.

    A time in a gap has the offset before the gap; of one that occurs twice it is the first (RFC 5545, 3.3.5).
    """
    if "time_zone" not in local:
        return None
    wall_clock = datetime.fromisoformat(f"{local['date']}T{local['time']}")
    return wall_clock.replace(tzinfo=time_zone(local["time_zone"])).astimezone(UTC)


def _validator(label: str, stored: Mapping[str, str], documented: Any) -> PlainValidator:
    """Returns the validator of a date that is merged with what is stored."""

    def validate(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise field_error(f"{label} must be an object or null")
        problems = problems_of_date(label, merged_date(stored, value) or {}) | _malformed(label, value)
        if problems:
            raise located_errors(problems)
        return value

    return PlainValidator(validate, json_schema_input_type=documented)


def _malformed(label: str, given: Mapping[str, Any]) -> dict[str, str]:
    problems = {name: UNKNOWN_FIELD for name in given if name not in _PARTS}
    day, time, zone = (given.get(part) for part in _PARTS)
    if day is not None and not is_day(day):
        problems["date"] = f"{label} date {DAY_RULE}"
    if time is not None and not (isinstance(time, str) and _TIME_OF_DAY.fullmatch(time)):
        problems["time"] = f"{label} time must be a time like 09:30"
    if zone is not None and not (isinstance(zone, str) and is_time_zone(zone)):
        problems["time_zone"] = f"{label} time zone must be a name like Europe/Berlin"
    return problems


def is_day(value: Any) -> bool:
    """Returns whether a value is a day of the supported years."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        return FIRST_YEAR <= date.fromisoformat(value).year <= LAST_YEAR
    except ValueError:
        return False


def _rule(name: str, key: Callable[[Mapping[str, str]], str]) -> FieldRule:
    """Returns the rule of a date with this sort key."""

    def merge(change: Change) -> dict[str, Any] | None:
        return merged_date(change.stored.get(name), change.given[name])

    def problems(change: Change) -> Iterator[FieldError]:
        date = change.merged[name]
        if date is not None:
            for part, message in problems_of_date(name.capitalize(), date).items():
                yield FieldError(f"{name}.{part}", message)

    return FieldRule(name, merge, problems, columns={f"{name}_key": key, f"{name}_utc": instant})


DUE: Final = _rule("due", due_key)
START: Final = _rule("start", start_key)

_DUE: Final = Field(description="By when it must be done.")
_START: Final = Field(description="Before this it is not to be shown as something to do.")

Due = Annotated[TaskDate, _DUE]
Start = Annotated[TaskDate, _START]
_Given = dict[str, Any] | None
NewDue = Annotated[_Given, _validator("Due", {}, NewTaskDate | None), _DUE]
NewStart = Annotated[_Given, _validator("Start", {}, NewTaskDate | None), _START]
DueChanges = Annotated[_Given, _validator("Due", _ANY_DATE, TaskDateChanges | None), _DUE]
StartChanges = Annotated[_Given, _validator("Start", _ANY_DATE, TaskDateChanges | None), _START]
