"""`priority`: a word, because the direction of numbers differs between services."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from taskward.http.validation import field_error

PRIORITIES: Final = ("low", "medium", "high", "urgent")
"""Ascending; stored as 1 to 4."""


def _known(value: Any) -> Any:
    if value is not None and value not in PRIORITIES:
        raise field_error(f"Priority must be {', '.join(PRIORITIES)} or null")
    return value


Priority = Annotated[
    Literal["low", "medium", "high", "urgent"], Field(description="Without it: none.", examples=["high"])
]
GivenPriority = Annotated[Priority | None, BeforeValidator(_known)]
