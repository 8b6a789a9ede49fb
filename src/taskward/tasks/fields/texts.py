"""`title`, `description` and `is_completed`, which every task has."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from taskward.http.validation import field_error

MAX_TITLE_LENGTH: Final = 200
MAX_DESCRIPTION_LENGTH: Final = 2000
"""Unicode code points, after trimming."""


def _trimmed_title(value: object) -> str:
    if value is None:
        raise field_error("Title cannot be empty")
    if not isinstance(value, str):
        raise field_error("Title must be text")
    title = value.strip()
    if not title:
        raise field_error("Title cannot be empty")
    if len(title) > MAX_TITLE_LENGTH:
        raise field_error("Title cannot exceed 200 characters")
    return title


def _trimmed_description(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise field_error("Description must be text or null")
    description = value.strip()
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise field_error("Description cannot exceed 2000 characters")
    return description or None


Title = Annotated[
    str,
    BeforeValidator(_trimmed_title),
    Field(
        description="1-200 characters (Unicode code points) after trimming white space.",
        examples=["Buy milk"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_TITLE_LENGTH, "pattern": r"\S"},
    ),
]
Description = Annotated[
    str | None,
    BeforeValidator(_trimmed_description),
    Field(
        description='At most 2000 characters (Unicode code points) after trimming; `""` becomes null.',
        examples=["Two litres, the blue one"],
        json_schema_extra={"maxLength": MAX_DESCRIPTION_LENGTH},
    ),
]
IsCompleted = Annotated[bool, Field(strict=True, description="`true` or `false`.", examples=[True])]
