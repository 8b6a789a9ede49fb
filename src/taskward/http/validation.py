"""Validation errors of pydantic as plain texts, and the types of path and query parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from taskward.http.errors import FieldError
from taskward.time_zones import is_time_zone

UNKNOWN_PARAMETER: Final = "Unknown query parameter"
UNKNOWN_FIELD: Final = "Unknown field"
NUL_REFUSED: Final = "The character U+0000 is not allowed"

Absent = SkipJsonSchema[None]
"""For a property of a documented model that is absent where it has no value, and never null."""

_FIELD_ERROR: Final = "field_error"

_HOUR: Final = r"([01]\d|2[0-3]):[0-5]\d"
_RFC3339: Final = re.compile(
    rf"\d{{4}}-\d\d-\d\d[Tt]{_HOUR}:[0-5]\d(\.\d{{1,9}})?([Zz]|[+-]{_HOUR})", re.ASCII
)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Upper bound of times: `updated_at` only moves forward, and the year 9999 is the last one."""

_DIGITS: Final = re.compile(r"[1-9][0-9]{0,8}|0")
_UUID: Final = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_CANONICAL: Final = re.compile(_UUID)

_MESSAGES: Final = {
    "missing": "{field} is required and cannot be empty",
    "bool_type": "{field} must be true or false",
    "string_type": "{field} must be text",
    "list_type": "{field} must be a list",
    "dict_type": "{field} must be an object",
    "model_type": "{field} must be an object",
    "model_attributes_type": "{field} must be an object",
}


def field_errors(
    error: ValidationError,
    name: str = "body",
    unknown: str = UNKNOWN_FIELD,
    within: tuple[str | int, ...] = (),
) -> list[FieldError]:
    """Returns a problem for each field that pydantic rejected.

    `name` is the name of the whole value, `unknown` the message for an unknown field, and `within` the
    location of the value.
    """
    return [
        FieldError(field, unknown if problem["type"] == "extra_forbidden" else _message(problem, field))
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
        for place in [within + problem["loc"]]
        for field in [".".join(map(str, place)) if place else name]
    ]


def first_of_each_field(problems: Iterable[FieldError]) -> list[FieldError]:
    """Returns the first problem of each field, because later ones follow from it."""
    first: dict[str, FieldError] = {}
    for problem in problems:
        first.setdefault(problem.field, problem)
    return list(first.values())


def _message(problem: ErrorDetails, field: str) -> str:
    kind = problem["type"]
    last = field.rpartition(".")[2]
    label = (field if last.isdigit() else last).replace("_", " ").capitalize()
    if kind in _MESSAGES:
        return _MESSAGES[kind].format(field=label)
    return problem["msg"] if kind == _FIELD_ERROR else f"{label} is not valid"


def field_error(message: str) -> PydanticCustomError:
    """Returns the error that a validator raises with the message for its field."""
    return PydanticCustomError(_FIELD_ERROR, message)


def located_errors(messages: Mapping[str, str]) -> ValidationError:
    """Returns the error that a validator raises with messages for keys of its field, which is an object."""
    return ValidationError.from_exception_data(
        "object",
        [
            InitErrorDetails(type=field_error(message), loc=(key,), input=None)
            for key, message in messages.items()
        ],
    )


def moment(value: Any) -> datetime | None:
    """Returns a full time of RFC 3339, of the years 1970 to 9998, in UTC; None if it is not one."""
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            found = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return found if _FIRST <= found < _LAST else None
    return None


def canonical_uuid(value: Any) -> UUID | None:
    """Returns the id of a text in the canonical form, in any letter case; None if it is not one."""
    return UUID(value) if isinstance(value, str) and _CANONICAL.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class strict_uuid:  # noqa: N801 - used like the functions below
    """Accepts the canonical form only (RFC 9562, 4), in any letter case: no braces, no `urn:uuid:`.

    Pydantic's core does it without a call of Python.
    """

    label: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        canonical = core_schema.str_schema(pattern=_UUID, strict=True)
        return core_schema.custom_error_schema(
            core_schema.chain_schema([canonical, handler(source)]),
            custom_error_type=_FIELD_ERROR,
            custom_error_message=f"{self.label} must be a UUID",
        )

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core_schema.uuid_schema())


def known_time_zone(value: Any) -> Any:
    """Returns a time zone of a body, or null; raises if it is no name of one."""
    if value is not None and not (isinstance(value, str) and is_time_zone(value)):
        raise field_error("Time zone must be a name like Europe/Berlin")
    return value


def query_number(label: str, least: int, most: int) -> BeforeValidator:
    """Accepts a whole number written in digits only."""

    def validate(value: Any) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value) and least <= int(value) <= most:
            return int(value)
        raise field_error(f"{label} must be a whole number from {least} to {most}")

    return BeforeValidator(validate)


def query_sort(sorts: Sequence[str]) -> BeforeValidator:
    """Returns the type of a query parameter that is one of these sorts."""

    def read(value: Any) -> Any:
        if value not in sorts:
            raise field_error(f"Sort must be one of {', '.join(sorts)}")
        return value

    return BeforeValidator(read)


def query_flag(label: str) -> BeforeValidator:
    """Accepts `true` and `false` only."""

    def validate(value: Any) -> bool:
        if value in {"true", "false"}:
            return bool(value == "true")
        raise field_error(f"{label} must be true or false")

    return BeforeValidator(validate)
