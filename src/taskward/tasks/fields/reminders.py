"""`reminders`: when a user is to be reminded of a task, relative to the due wall clock or at an instant."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.http.validation import field_error, located_errors, moment
from taskward.tasks.fields.rule import FieldRule
from taskward.time_zones import time_zone

MAX_REMINDERS: Final = 10
MAX_OFFSET: Final = 527_040
"""Minutes: 366 days, before or after."""

_TOO_MANY: Final = f"Reminders must be a list of at most {MAX_REMINDERS} objects"
_MALFORMED: Final = "A reminder has either offset_minutes or at"

Reminders = tuple[Mapping[str, Any], ...]
"""In the form of a response; the number of one is its index."""

REMINDERS: Final = FieldRule("reminders")


class OffsetReminder(BaseModel):
    """A reminder relative to the due wall clock; of an all-day task to 00:00 of the day."""

    model_config = ConfigDict(extra="forbid")

    offset_minutes: int = Field(
        ge=-MAX_OFFSET,
        le=MAX_OFFSET,
        description="Minutes after the due time; negative: before it. On an all-day task 540 is at 09:00.",
        examples=[-30],
    )


class ReminderAt(BaseModel):
    """A reminder at an instant."""

    model_config = ConfigDict(extra="forbid")

    at: datetime = Field(description="RFC 3339; answered in UTC.", examples=["2026-11-21T08:30:00Z"])


def moments(
    reminders: Reminders, due: Mapping[str, str] | None, zone: str | None
) -> Iterator[tuple[int, datetime | None]]:
    """Yields the number of each reminder that can fire, and when; None while the user's zone is unknown.

    One relative to a due date that is not there cannot fire. A floating or all-day due date is in the
    user's `zone`. The minutes are added to the local time, so that nine in the morning is nine also on a
    day on which the clocks change; the result is an instant by the rules of `instant`.
    """
    for number, reminder in enumerate(reminders):
        if "at" in reminder:
            yield number, datetime.fromisoformat(reminder["at"])
        elif due is not None:
            name = due.get("time_zone", zone)
            with suppress(OverflowError):  # after the year 9999
                yield number, _instant(due, reminder["offset_minutes"], name) if name else None


def relative(reminders: Iterable[Mapping[str, Any]]) -> Reminders:
    """Returns the reminders that are relative to the due date, which the next task of a series has too."""
    return tuple(reminder for reminder in reminders if "offset_minutes" in reminder)


def _instant(due: Mapping[str, str], offset_minutes: int, zone: str) -> datetime:
    wall_clock = datetime.fromisoformat(f"{due['date']}T{due.get('time', '00:00')}")
    wall_clock += timedelta(minutes=offset_minutes)
    return wall_clock.replace(tzinfo=time_zone(zone)).astimezone(UTC)


def _given(value: Any) -> Reminders:
    """Returns reminders in the form of a response."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_REMINDERS:
        raise field_error(_TOO_MANY)
    reminders = [_reminder(one) for one in value]
    if problems := {str(n): _MALFORMED for n, one in enumerate(reminders) if one is None}:
        raise located_errors(problems)
    return tuple(one for one in reminders if one is not None)


def _reminder(value: Any) -> dict[str, Any] | None:
    match value:
        case {"offset_minutes": int(offset)} if len(value) == 1 and not isinstance(offset, bool):
            return value if abs(offset) <= MAX_OFFSET else None
        case {"at": text} if len(value) == 1 and (at := moment(text)):
            return {"at": at.isoformat().replace("+00:00", "Z")}
    return None


_Reminder = OffsetReminder | ReminderAt
_LENGTH: Final = Field(max_length=MAX_REMINDERS)
_DESCRIPTION: Final = "When the user is to be reminded. Each has either `offset_minutes` or `at`."
GivenReminders = Annotated[
    tuple[dict[str, Any], ...] | None,
    PlainValidator(_given, json_schema_input_type=Annotated[list[_Reminder], _LENGTH] | None),
    Field(
        description=f"{_DESCRIPTION} They replace all that there were; null or `[]` removes them.",
        examples=[[{"offset_minutes": -30}]],
    ),
]
TaskReminders = Annotated[
    list[_Reminder], Field(description=_DESCRIPTION, min_length=1, max_length=MAX_REMINDERS)
]
