"""`completed_at`: when a task was completed, which a device that was offline may say."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationInfo

from taskward.http.validation import field_error, moment


def _completed_at(value: Any, info: ValidationInfo) -> datetime | None:
    """Returns the time in UTC; None if the same body does not complete the task."""
    if value is None or info.data.get("is_completed") is not True:
        return None
    given = moment(value)
    if given is None:
        raise field_error(
            "Completed at must be a time like 2026-11-21T23:40:00-08:00, of the years 1970 to 9998"
        )
    return given


CompletedAt = Annotated[datetime, Field(description="When it was completed, if known: RFC 3339, UTC.")]
GivenCompletedAt = Annotated[
    datetime | None,
    PlainValidator(_completed_at, json_schema_input_type=datetime | None),
    Field(
        description="When it was completed, with an offset. It has no effect without `is_completed: true`.",
        examples=["2026-11-21T23:40:00-08:00"],
    ),
]
