"""The list on the wire: its request models and its response models."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from taskward.http.body_schemas import Ignored, ignoring, requiring_one
from taskward.http.caller import Owner
from taskward.http.responses import json_timestamp
from taskward.http.validation import Absent, field_error, located_errors
from taskward.lists.tables import ListRecord
from taskward.tasks.fields.metadata import Metadata, MetadataChanges, NewMetadata
from taskward.tasks.fields.placement import Key, Position
from taskward.tasks.fields.texts import MAX_TITLE_LENGTH, Title
from taskward.tasks.models import GivenTo

_WRITABLE: Final = ("title", "is_archived", "position", "metadata")
_ignoring_server_keys = ignoring("id", "user_id", "created_at", "updated_at")

IsArchived = Annotated[
    bool,
    Field(strict=True, description="Its tasks are untouched; `archived=false` leaves them out of a list."),
]


class _Body(BaseModel):
    """The common part of request bodies: clients may send back the keys that only the server sets."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ignoring_server_keys)

    id: Ignored = None
    user_id: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None

    def given(self) -> dict[str, Any]:
        """Returns the writable fields that the client sent, with their new values."""
        return {name: getattr(self, name) for name in _WRITABLE if name in self.model_fields_set}


class NewList(_Body):
    """The body of `POST /api/lists`."""

    title: Title
    is_archived: IsArchived = False
    position: Position = None
    metadata: NewMetadata = None


class ListChanges(_Body):
    """The body of `PUT /api/lists/{list_id}`: only the given fields change; at least one is required."""

    model_config = ConfigDict(json_schema_extra=requiring_one(_WRITABLE, _ignoring_server_keys))

    title: Title = ""
    is_archived: IsArchived = False
    position: Position = None
    metadata: MetadataChanges = None

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if not self.given():
            raise field_error("At least one of title, is_archived, position, metadata is required")
        return self


TO_NEEDS_TASKS: Final = "To needs tasks=delete"


def _known_option(value: Any) -> Any:
    if value not in {"delete", "keep"}:
        raise field_error("Tasks must be keep or delete")
    return value


class ListDeletionQuery(BaseModel):
    """The query of `DELETE /api/lists/{list_id}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: Annotated[Literal["delete", "keep"] | None, BeforeValidator(_known_option)] = Field(
        default=None,
        description="What becomes of the tasks in the list: they are deleted too, or kept and in no list. "
        "Required if there are any.",
    )
    to: GivenTo = None

    @model_validator(mode="after")
    def _that_has_tasks_for_the_trash(self) -> Self:
        if self.to is not None and self.tasks != "delete":
            raise located_errors({"to": TO_NEEDS_TASKS})
        return self


class List(BaseModel):
    """A list of tasks."""

    id: UUID
    user_id: UUID = Field(description="The owner, from the verified token.")
    title: str = Field(min_length=1, max_length=MAX_TITLE_LENGTH)
    is_archived: bool
    position: Key
    metadata: Metadata | Absent = None
    created_at: datetime = Field(description="RFC 3339, UTC; the millisecond of `id`.")
    updated_at: datetime = Field(description="RFC 3339, UTC; moves forward with every successful update.")


class ListCollection(BaseModel):
    """All lists of the caller, by position."""

    lists: list[List]


class ListDeleted(BaseModel):
    """The response to a deletion."""

    message: Literal["List deleted successfully"]
    id: UUID


def list_path(owner: Owner, list_id: object) -> str:
    """Returns the path of a list."""
    return f"{owner.path}/lists/{list_id}"


def list_json(record: ListRecord) -> dict[str, Any]:
    """Returns a stored list, ready for `dump_json`."""
    value = {
        "id": str(record.id),
        "user_id": str(record.user_id),
        "title": record.title,
        "is_archived": record.is_archived,
        "position": record.position,
        "created_at": json_timestamp(record.created_at),
        "updated_at": json_timestamp(record.updated_at),
    }
    return value if record.metadata is None else value | {"metadata": orjson.loads(record.metadata)}
