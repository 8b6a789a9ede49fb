"""`list_id`, `parent_id` and `position`: where a task stands; the store checks whether it can."""

import re
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from taskward.http.validation import field_error, strict_uuid

POSITION_MESSAGE: Final = "Position must be 1 to 100 letters and digits, or say before or after which task"

_KEY_TEXT: Final = "[0-9A-Za-z]{1,100}"
_KEY: Final = re.compile(_KEY_TEXT)
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])

Key = Annotated[
    str,
    Field(
        pattern=f"^{_KEY_TEXT}$",
        description="A key of fractional indexing, compared by code points.",
        examples=["m019a9f2b7c4d7a8e9b0c1d2e3f4a5b6ch"],
    ),
]


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PositionAfter(_Place):
    """The place after another one."""

    after: UUID


class PositionBefore(_Place):
    """The place before another one."""

    before: UUID


class PositionAtEnd(_Place):
    """The first place, or the last."""

    at: Literal["first", "last"]


PositionValue = Key | PositionAfter | PositionBefore | PositionAtEnd


def _position(value: Any) -> Any:
    """Returns a key, or `{"after": UUID}`, `{"before": UUID}`, `{"at": "first"}` or `{"at": "last"}`."""
    match value:
        case None:
            return None
        case str() if _KEY.fullmatch(value):
            return value
        case {"at": "first" | "last"} if len(value) == 1:
            return value
        case {"after": neighbour} | {"before": neighbour} if len(value) == 1:
            return dict.fromkeys(value, _neighbour(neighbour))
    raise field_error(POSITION_MESSAGE)


def _neighbour(value: Any) -> UUID:
    try:
        return _ID.validate_python(value)
    except ValidationError:
        raise field_error(POSITION_MESSAGE) from None


Position = Annotated[
    str | dict[str, Any] | None,
    PlainValidator(_position, json_schema_input_type=PositionValue | None),
    Field(description="A key, or where to place it; null: the default, by creation."),
]
_LIST: Final = Field(description="The list that it is in; without it: in none, which is the inbox.")
_PARENT: Final = Field(description="The task that it is a part of.")
ListId = Annotated[UUID, _LIST]
ParentId = Annotated[UUID, _PARENT]
GivenListId = Annotated[Annotated[UUID, strict_uuid("List id")] | None, _LIST]
GivenParentId = Annotated[Annotated[UUID, strict_uuid("Parent id")] | None, _PARENT]
