"""`completed_at`: when a task was completed, which a device that was offline may say."""

from datetime import UTC, datetime, timezone
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, ValidationInfo

from taskward.http.validation import field_error, moment

_WITHOUT_OFFSET: Final = ("Z", "z", "-00:00")
"""The ends of a time that does not say what the clocks showed where it was (RFC 9557, 2.2)."""


def has_offset(completed_at: datetime) -> bool:
    """Returns whether a time was given with a numeric offset, which it then still has."""
    return completed_at.tzinfo is not UTC


def _completed_at(value: Any, info: ValidationInfo) -> datetime | None:
    """Returns the time, see `has_offset`; None if the same body does not complete the task."""
    if value is None or info.data.get("is_completed") is not True:
        return None
    given = moment(value)
    if given is None:
        raise field_error(
            "Completed at must be a time like 2026-11-21T23:40:00-08:00, of the years 1970 to 9998"
        )
    if value.endswith(_WITHOUT_OFFSET):
        return given
    offset = datetime.fromisoformat(value.upper()).utcoffset()
    return given.astimezone(timezone(offset or UTC.utcoffset(None), "as given"))  # never `UTC` itself


CompletedAt = Annotated[datetime, Field(description="When it was completed, if known: RFC 3339, UTC.")]
GivenCompletedAt = Annotated[
    datetime | None,
    PlainValidator(_completed_at, json_schema_input_type=datetime | None),
    Field(
        description="When it was completed, with an offset. It has no effect without `is_completed: true`.",
        examples=["2026-11-21T23:40:00-08:00"],
    ),
]
