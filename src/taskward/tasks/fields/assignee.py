"""`assigned_to`: the member of a space who is asked to do a task; the store checks whether there is one."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError

from taskward.http.validation import field_error, strict_uuid

ME: Final = "me"
NO_MEMBER: Final = "Assignee must be a member of the space"

_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])


def _assignee(value: Any) -> Any:
    if value is None or value == ME:
        return value
    try:
        return _ID.validate_python(value)
    except ValidationError:
        raise field_error(NO_MEMBER) from None


def _nobody(value: Any) -> None:
    if value is not None:
        raise field_error(NO_MEMBER)


_DESCRIPTION: Final = Field(description="Only in a space: the member who is asked to do it.")

Assignee = Annotated[UUID, _DESCRIPTION]
GivenAssignee = Annotated[
    UUID | Literal["me"] | None,
    PlainValidator(_assignee, json_schema_input_type=UUID | Literal["me"] | None),
    Field(description="Only in a space: the member who is asked to do it; `me` is the caller."),
]
NoAssignee = Annotated[
    None,
    PlainValidator(_nobody, json_schema_input_type=None),
    Field(description="A task of one person has none."),
]
