"""The values of the filters of a list: docs/contract.md#filters-and-summary."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError

from taskward.http.validation import field_error, moment, strict_uuid
from taskward.tasks.fields.assignee import ME
from taskward.tasks.fields.priority import PRIORITIES

_DAY: Final = r"\d{4}-\d\d-\d\d"
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_LOCAL: Final = re.compile(rf"{_DAY}(?:T{_CLOCK})?", re.ASCII)
_WITH_OFFSET: Final = re.compile(
    rf"{_DAY}[Tt]{_CLOCK}:[0-5]\d(?:\.\d{{1,9}})?(?!-00:00)[+-]{_CLOCK}", re.ASCII
)
_UUID_OR_NONE: Final = "^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|none)$"
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])
_WITH_OFFSET_LIKE: Final = "2026-11-21T14:30:00+01:00"

_MARGIN: Final = timedelta(days=2)
"""More than the clocks of two offsets can differ."""


class ClockTime(NamedTuple):
    """A time that dates of tasks are compared with."""

    key: str
    """The time that a clock shows, comparable with `due_key` and `start_key`."""

    instant: datetime | None = None
    """The instant, which dates with a time zone are compared with, if an offset was given."""

    earliest: str = ""
    latest: str = ""
    """Bounds of the keys of dates with a time zone that are at that instant, if an offset was given."""

    end_of_day: str | None = None
    """The key of the end of the day, if a day was given."""


class OffsetTime(NamedTuple):
    """A time with an offset: what a clock shows there, and the instant."""

    local: datetime
    instant: datetime

    @property
    def clock_time(self) -> ClockTime:
        earliest, latest = (clock_key(self.local + margin) for margin in (-_MARGIN, _MARGIN))
        return ClockTime(clock_key(self.local), self.instant, earliest, latest)


def offset_time(value: Any) -> OffsetTime | None:
    """Returns a time of RFC 3339 with a numeric offset, of the years 1970 to 9998; None if it is not one."""
    if not isinstance(value, str) or not _WITH_OFFSET.fullmatch(value):
        return None
    if (instant := moment(value)) is None:
        return None
    return OffsetTime(datetime.fromisoformat(value.upper()).replace(tzinfo=None), instant)


def clock_key(local: datetime) -> str:
    """Returns what a clock shows as a key, with a colon after a minute that is not over.

    Dates of tasks have whole minutes, so `14:30:` is after one and before the next.
    """
    return local.isoformat(timespec="minutes") + (":" if local.second or local.microsecond else "")


def _clock_time(value: Any) -> ClockTime | None:
    if with_offset := offset_time(value):
        return with_offset.clock_time
    if not isinstance(value, str) or not _LOCAL.fullmatch(value):
        return None
    try:
        local = datetime.fromisoformat(value)
    except ValueError:
        return None
    return ClockTime(clock_key(local), end_of_day=None if "T" in value else f"{value}T24:00")


def _time_compared(label: str) -> Any:
    def validate(value: Any) -> ClockTime:
        if found := _clock_time(value):
            return found
        raise field_error(
            f"{label} must be a day like 2026-11-21, a local time like 2026-11-21T14:30, "
            f"or a time with a numeric offset like {_WITH_OFFSET_LIKE}"
        )

    return PlainValidator(validate, json_schema_input_type=str)


def _instant(label: str) -> Any:
    def validate(value: Any) -> datetime:
        if found := moment(value):
            return found
        raise field_error(f"{label} must be a time like 2026-11-21T14:30:00Z or {_WITH_OFFSET_LIKE}")

    return PlainValidator(validate, json_schema_input_type=datetime)


def _reference(label: str) -> Any:
    def validate(value: Any) -> UUID | None:
        try:
            return None if value == "none" else _ID.validate_python(value)
        except ValidationError:
            raise field_error(f"{label} must be a UUID or none") from None

    documented = Annotated[str, Field(pattern=_UUID_OR_NONE)]
    return PlainValidator(lambda value: Reference(validate(value)), json_schema_input_type=documented)


def _assignee(value: Any) -> "Reference | str":
    if value == ME:
        return ME
    try:
        return Reference(None if value == "none" else _ID.validate_python(value))
    except ValidationError:
        raise field_error("Assignee must be a member id, me or none") from None


class Reference(NamedTuple):
    """A list, a parent or an assignee; None for tasks without one."""

    to: UUID | None


def _priorities(value: Any) -> tuple[int, ...]:
    words = value.split(",") if isinstance(value, str) else ()
    if not words or not set(words) <= set(PRIORITIES):
        raise field_error(f"Priority must be one or several of {', '.join(PRIORITIES)}, separated by commas")
    return tuple(sorted({PRIORITIES.index(word) + 1 for word in words}))


def _one_of(label: str, *words: str) -> Callable[[Any], str]:
    def validate(value: Any) -> str:
        if value not in words:
            raise field_error(f"{label} must be {' or '.join(words)}")
        return str(value)

    return validate


_EXAMPLES: Final = ["2026-11-21", "2026-11-21T14:30", _WITH_OFFSET_LIKE]
_PRIORITY: Final = f"(?:{'|'.join(PRIORITIES)})"

ListFilter: TypeAlias = Annotated[
    Reference, _reference("List id"), Field(description="Only tasks of this list; `none`: of no list.")
]
ParentFilter: TypeAlias = Annotated[
    Reference, _reference("Parent id"), Field(description="Only parts of this task; `none`: of no task.")
]
AssigneeFilter: TypeAlias = Annotated[
    Reference | str,
    PlainValidator(
        _assignee,
        json_schema_input_type=Annotated[str, Field(pattern=_UUID_OR_NONE.replace("none", "me|none"))],
    ),
    Field(description="In a space: only tasks of this member, or of the caller; `none`: of none."),
]
PriorityFilter: TypeAlias = Annotated[
    tuple[int, ...],
    PlainValidator(
        _priorities, json_schema_input_type=Annotated[str, Field(pattern=f"^{_PRIORITY}(?:,{_PRIORITY})*$")]
    ),
    Field(description="Only tasks of these priorities, separated by commas.", examples=["high,urgent"]),
]
DueFilter: TypeAlias = Annotated[
    str,
    PlainValidator(_one_of("Due", "any", "none"), json_schema_input_type=Literal["any", "none"]),
    Field(description="Only tasks with a due date, or without one."),
]
DueFrom: TypeAlias = Annotated[
    ClockTime,
    _time_compared("Due from"),
    Field(
        description="Only tasks due then or later. With an offset, a due date with a time zone is "
        "compared by its instant, any other by the clock of that offset.",
        examples=_EXAMPLES,
    ),
]
DueBefore: TypeAlias = Annotated[
    ClockTime,
    _time_compared("Due before"),
    Field(
        description="Only tasks due before that. With the client's time: the overdue ones.",
        examples=_EXAMPLES,
    ),
]
AvailableAt: TypeAlias = Annotated[
    ClockTime,
    _time_compared("Available at"),
    Field(description="Only tasks that have started by then; a day: by its end.", examples=_EXAMPLES),
]
CompletedFrom: TypeAlias = Annotated[
    datetime, _instant("Completed from"), Field(description="Only tasks completed then or later.")
]
CompletedBefore: TypeAlias = Annotated[
    datetime, _instant("Completed before"), Field(description="Only tasks completed before that.")
]


def _now(value: Any) -> OffsetTime:
    if found := offset_time(value):
        return found
    raise field_error(f"Now must be a time with a numeric offset like {_WITH_OFFSET_LIKE}")


Now: TypeAlias = Annotated[
    OffsetTime,
    PlainValidator(_now, json_schema_input_type=str),
    Field(description="The client's time, with its numeric offset.", examples=[_WITH_OFFSET_LIKE]),
]
