"""`priority`: a word, because the direction of numbers differs between services."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator

from taskward.http.validation import field_error
from taskward.tasks.fields.rule import FieldRule


class TaskPriority(StrEnum):
    """The importance of a task; a task without it has none."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


PRIORITIES: Final = tuple(TaskPriority)
"""Ascending; stored as 1 to 4."""


def priority_number(priority: str) -> int:
    """Returns the number of a priority, which is its sort key."""
    return PRIORITIES.index(priority) + 1


PRIORITY: Final = FieldRule("priority", columns={"priority": priority_number})


def _known(value: Any) -> Any:
    if value is not None and value not in PRIORITIES:
        raise field_error(f"Priority must be {', '.join(PRIORITIES)} or null")
    return value


GivenPriority = Annotated[
    str | None, PlainValidator(_known, json_schema_input_type=TaskPriority | None), Field(examples=["high"])
]
