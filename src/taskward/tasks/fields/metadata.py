"""`metadata`: the app builder's own values, flat and bounded; of tasks and of lists."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import orjson
from pydantic import Field, PlainValidator

from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.validation import field_error, located_errors
from taskward.tasks.fields.rule import Change, FieldRule

MAX_KEYS: Final = 50
MAX_BYTES: Final = 4096
"""Of the compact JSON in UTF-8."""

MAX_TEXT_LENGTH: Final = 500
"""Unicode code points."""

_KEY_TEXT: Final = "[A-Za-z0-9_.-]{1,40}"
_KEY: Final = re.compile(_KEY_TEXT)


def merged_metadata(stored: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns metadata after changes: a null removes its key, or everything."""
    if changes is None:
        return {}
    return {key: value for key, value in {**stored, **changes}.items() if value is not None}


def problem_of_metadata(merged: Mapping[str, Any]) -> str | None:
    """Returns the message for metadata that is too large."""
    if len(merged) > MAX_KEYS:
        return f"Metadata cannot have more than {MAX_KEYS} keys"
    if len(orjson.dumps(merged)) > MAX_BYTES:
        return f"Metadata cannot exceed {MAX_BYTES} bytes"
    return None


def changed_metadata(stored: str | None, given: Mapping[str, Any]) -> str | None:
    """Returns stored metadata, as JSON, after the given fields of a change; null for none.

    Raises:
        ValidationFailed: it is too large.

    """
    metadata = orjson.loads(stored or "{}")
    if "metadata" in given:
        metadata = merged_metadata(metadata, given["metadata"])
        if message := problem_of_metadata(metadata):
            raise ValidationFailed([FieldError("metadata", message)])
    return metadata_json(metadata)


def metadata_json(metadata: Mapping[str, Any] | None) -> str | None:
    """Returns metadata as it is stored: as JSON, null for none."""
    return orjson.dumps(metadata).decode() if metadata else None


def _merged(change: Change) -> dict[str, Any]:
    return merged_metadata(change.stored.get("metadata", {}), change.given["metadata"])


def _problems(change: Change) -> Iterator[FieldError]:
    if message := problem_of_metadata(change.merged["metadata"]):
        yield FieldError("metadata", message)


METADATA: Final = FieldRule("metadata", _merged, _problems)


def _changes(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise field_error("Metadata must be an object or null")
    if problems := {key: message for key, inner in value.items() if (message := _problem(key, inner))}:
        raise located_errors(problems)
    return value


def _new(value: Any) -> dict[str, Any]:
    merged = merged_metadata({}, _changes(value))
    if message := problem_of_metadata(merged):
        raise field_error(message)
    return merged


def _problem(key: str, value: Any) -> str | None:
    if not _KEY.fullmatch(key):
        return "A key has 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -"
    if isinstance(value, str):
        valid = len(value) <= MAX_TEXT_LENGTH
    else:
        valid = value is None or isinstance(value, bool | int | float)
    return (
        None if valid else f"A value is a text of up to {MAX_TEXT_LENGTH} characters, a number or a boolean"
    )


_Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH)]
_BOUNDS: Final = {"maxProperties": MAX_KEYS, "propertyNames": {"pattern": f"^{_KEY_TEXT}$"}}
_DESCRIPTION: Final = f"Values of the app's own, at most {MAX_BYTES} bytes as JSON."

Metadata = Annotated[
    dict[str, _Text | float | bool],
    Field(description=_DESCRIPTION, examples=[{"colour": "red"}], json_schema_extra=_BOUNDS),
]
_Given = Annotated[dict[str, _Text | float | bool | None], Field(json_schema_extra=_BOUNDS)] | None
_GIVEN: Final = Field(
    description=f"{_DESCRIPTION} A null removes its key.", examples=[{"colour": "red"}, {"colour": None}]
)
NewMetadata = Annotated[dict[str, Any] | None, PlainValidator(_new, json_schema_input_type=_Given), _GIVEN]
MetadataChanges = Annotated[
    dict[str, Any] | None, PlainValidator(_changes, json_schema_input_type=_Given), _GIVEN
]
