"""A move between owners on the wire: the request and the response of `POST /api/moves`."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from taskward.batch.operations import MAX_IF_MATCH_LENGTH
from taskward.http.conditional import IfMatch, Versions
from taskward.http.validation import Absent, field_error, located_errors, strict_uuid
from taskward.tasks.models import Task

MAX_NAMED: Final = 100
"""Tasks that one request names."""

MAX_TASKS: Final = 5000
"""Tasks of one move, with all below those that it names."""

EITHER: Final = "Say either tasks or list"

_MISSING: Final = object()
_UUID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])
_VERSIONS: Final[TypeAdapter[Versions | None]] = TypeAdapter(IfMatch)


def _space_id(label: str) -> PlainValidator:
    def read(value: Any) -> UUID | None:
        if value is _MISSING:
            raise field_error(f"{label} is required")
        try:
            return None if value is None else _UUID.validate_python(value)
        except ValidationError:
            raise field_error(f"{label} must be a space id or null") from None

    return PlainValidator(read, json_schema_input_type=UUID | None)


def _versions(value: Any) -> Versions | None:
    if value is None:
        return None
    if isinstance(value, str) and len(value) > MAX_IF_MATCH_LENGTH:
        raise field_error(f"If-Match cannot exceed {MAX_IF_MATCH_LENGTH} characters")
    return _VERSIONS.validate_python([value.encode() if isinstance(value, str) else b""])


def _one_to_most(value: Any) -> Any:
    if value is not None and not (isinstance(value, list) and 1 <= len(value) <= MAX_NAMED):
        raise field_error(f"Tasks must be a list of 1 to {MAX_NAMED} tasks")
    return value


class NamedTask(BaseModel):
    """A task to move, with all below it."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[UUID, strict_uuid("Task id")]
    if_match: Annotated[
        Versions | None,
        PlainValidator(_versions, json_schema_input_type=str | None),
        Field(description="As the header `If-Match`.", examples=['"1764000000000000"']),
    ] = None


class Move(BaseModel):
    """The body of `POST /api/moves`: tasks with all below them, or a list with all its tasks."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[UUID | None, _space_id("From")] = Field(
        alias="from", description="The id of a space; null: the caller's own."
    )
    target: Annotated[UUID | None, _space_id("To")] = Field(
        alias="to", description="The id of another space; null: the caller's own."
    )
    tasks: Annotated[
        Annotated[list[NamedTask], Field(min_length=1, max_length=MAX_NAMED)] | None,
        BeforeValidator(_one_to_most),
    ] = None
    list_id: Annotated[UUID, strict_uuid("List id")] | None = Field(default=None, alias="list")
    to_list: Annotated[UUID, strict_uuid("List id")] | None = Field(
        default=None, description="A list of the target."
    )
    to_parent: Annotated[UUID, strict_uuid("Parent id")] | None = Field(
        default=None, description="A task of the target."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_what_is_missing(cls, given: Any) -> Any:
        return {"from": _MISSING, "to": _MISSING, **given}

    @model_validator(mode="after")
    def _that_is_possible(self) -> Self:
        problems = {}
        if (self.tasks is None) == (self.list_id is None):
            problems["body"] = EITHER
        if self.source == self.target:
            problems["to"] = "The target must be another one than the source"
        if self.list_id is not None:
            given = {"to_list": self.to_list, "to_parent": self.to_parent}
            problems |= {name: "Only with tasks" for name, value in given.items() if value is not None}
        if problems:
            raise located_errors(problems)
        return self


class MovedTask(BaseModel):
    """A task where it is now."""

    task: Task
    etag: str


class Moved(BaseModel):
    """The response to a move."""

    moved: int = Field(ge=0, description="How many tasks were moved, with those below the named ones.")
    tasks: Annotated[
        list[MovedTask] | Absent, Field(description="The named tasks, in their order; absent for a list.")
    ] = None
