"""The comment on the wire: its request models and its response models."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
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

from taskward.comments.tables import CommentRecord
from taskward.database.statements import Row
from taskward.http.body_schemas import Ignored, ignoring, requiring_one
from taskward.http.caller import Owner
from taskward.http.cursors import well_formed_cursor
from taskward.http.responses import json_timestamp
from taskward.http.validation import (
    Absent,
    field_error,
    located_errors,
    query_number,
    query_sort,
    strict_uuid,
)
from taskward.tasks.fields.metadata import Metadata, MetadataChanges, NewMetadata

MAX_TEXT_LENGTH: Final = 4000
"""Unicode code points, after trimming."""

MAX_MENTIONS: Final = 20
MAX_COMMENTS: Final = 1000
"""Comments in one response at most."""

ME: Final = "me"
NO_MEMBER: Final = "A mention must be a member of the space"

_WRITABLE: Final = ("text", "mentions", "metadata")
NOTHING_GIVEN: Final = f"At least one of {', '.join(_WRITABLE)} is required"
_ignoring_server_keys: Final = ignoring("id", "user_id", "author_id", "created_at", "updated_at")
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])


def _trimmed(value: object) -> str:
    if value is None:
        raise field_error("Text cannot be empty")
    if not isinstance(value, str):
        raise field_error("Text must be text")
    text = value.strip()
    if not text:
        raise field_error("Text cannot be empty")
    if len(text) > MAX_TEXT_LENGTH:
        raise field_error(f"Text cannot exceed {MAX_TEXT_LENGTH} characters")
    return text


def _member_ids(value: Any) -> list[UUID]:
    """Returns the ids as given; whether they are of members is known only in the transaction."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_MENTIONS:
        raise field_error(f"Mentions must be a list of at most {MAX_MENTIONS} member ids")
    found: list[UUID] = []
    problems = {}
    for number, one in enumerate(value):
        try:
            found.append(_ID.validate_python(one))
        except ValidationError:
            problems[str(number)] = NO_MEMBER
    if problems:
        raise located_errors(problems)
    return found


CommentText = Annotated[
    str,
    BeforeValidator(_trimmed),
    Field(
        description=f"1-{MAX_TEXT_LENGTH} characters (Unicode code points) after trimming white space.",
        examples=["The blue one is sold out."],
        json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT_LENGTH, "pattern": r"\S"},
    ),
]
_TaskId = Annotated[UUID, strict_uuid("Task id")]
_Bound = Annotated[list[UUID], Field(max_length=MAX_MENTIONS)]
_Mentions = Annotated[
    list[UUID] | None,
    PlainValidator(_member_ids, json_schema_input_type=_Bound | None),
    Field(description="Only in a space: the members whom it concerns; the app notifies them."),
]


class _Body(BaseModel):
    """The common part of request bodies: clients may send back the keys that only the server sets."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ignoring_server_keys)

    id: Ignored = None
    user_id: Ignored = None
    author_id: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None

    def given(self) -> dict[str, Any]:
        """Returns the writable fields that the client sent, with their new values."""
        return {name: getattr(self, name) for name in _WRITABLE if name in self.model_fields_set}


class NewComment(_Body):
    """The body of `POST /api/comments`."""

    task_id: _TaskId
    text: CommentText
    mentions: _Mentions = None
    metadata: NewMetadata = None


class CommentChanges(_Body):
    """The body of `PUT /api/comments/{comment_id}`: the given fields change; at least one is required."""

    model_config = ConfigDict(json_schema_extra=requiring_one(_WRITABLE, _ignoring_server_keys))

    task_id: Annotated[_TaskId, Field(description="That of the comment, which stays with its task.")] = UUID(
        int=0
    )
    text: CommentText = ""
    mentions: _Mentions = None
    metadata: MetadataChanges = None

    @property
    def given_task_id(self) -> UUID | None:
        return self.task_id if "task_id" in self.model_fields_set else None

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if not self.given() and self.given_task_id is None:
            raise field_error(NOTHING_GIVEN)
        return self


def _author(value: Any) -> Any:
    if value == ME:
        return value
    try:
        return _ID.validate_python(value)
    except ValidationError:
        raise field_error("Author must be a member id or me") from None


_Limit = Annotated[
    Annotated[int, query_number("Limit", 1, MAX_COMMENTS)],
    Field(ge=1, le=MAX_COMMENTS, description="The number to return at most."),
]
_Cursor = Annotated[
    Annotated[str, well_formed_cursor()] | None, Field(description="`next_cursor` of the previous page.")
]


class CommentCountsQuery(BaseModel):
    """The query of `GET /api/comments/counts`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: _Limit = 100
    cursor: _Cursor = None


class CommentQuery(CommentCountsQuery):
    """The query of `GET /api/comments`."""

    task_id: _TaskId | None = Field(default=None, description="Only comments on this task.")
    author: Annotated[
        UUID | Literal["me"] | None,
        PlainValidator(_author, json_schema_input_type=UUID | Literal["me"] | None),
    ] = Field(default=None, description="Only comments of this member of the space; `me` is the caller.")
    sort: Annotated[str, query_sort(("created_at", "-created_at"))] = Field(
        default="created_at",
        description="The oldest first, or with `-` the newest.",
        json_schema_extra={"enum": ["created_at", "-created_at"]},
    )


class Comment(BaseModel):
    """A comment on a task."""

    id: UUID
    user_id: UUID = Field(description="The owner of the task.")
    task_id: UUID
    author_id: UUID | None = Field(description="The member of the space who wrote it; null if private.")
    text: str = Field(min_length=1, max_length=MAX_TEXT_LENGTH)
    mentions: Annotated[list[UUID], Field(min_length=1, max_length=MAX_MENTIONS)] | Absent = None
    metadata: Metadata | Absent = None
    created_at: datetime = Field(description="RFC 3339, UTC; the millisecond of `id`.")
    updated_at: datetime = Field(description="RFC 3339, UTC; moves forward with every successful update.")


class CommentList(BaseModel):
    """A page of comments."""

    comments: list[Comment]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


class CommentCount(BaseModel):
    """The number of comments on a task, and when the newest one was made."""

    task_id: UUID
    comments: int = Field(ge=1)
    last_at: datetime = Field(description="RFC 3339, UTC.")


class CommentCounts(BaseModel):
    """A page of the tasks that have comments, by their ids."""

    counts: list[CommentCount]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


class CommentDeleted(BaseModel):
    """The response to a deletion."""

    message: Literal["Comment deleted successfully"]
    id: UUID


def comment_path(owner: Owner, comment_id: object) -> str:
    """Returns the path of a comment."""
    return f"{owner.path}/comments/{comment_id}"


def comment_json(record: CommentRecord) -> dict[str, Any]:
    """Returns a stored comment, ready for `dump_json`."""
    value: dict[str, Any] = {
        "id": str(record.id),
        "user_id": str(record.user_id),
        "task_id": str(record.task_id),
        "author_id": record.author_id and str(record.author_id),
        "text": record.text,
        "created_at": json_timestamp(record.created_at),
        "updated_at": json_timestamp(record.updated_at),
    }
    if record.mentions is not None:
        value["mentions"] = orjson.loads(record.mentions)
    return value if record.metadata is None else value | {"metadata": orjson.loads(record.metadata)}


def count_json(row: Row) -> dict[str, Any]:
    """Returns a row of `COUNT_PAGE`, ready for the JSON writer."""
    task_id, comments, last_at = row
    return {"task_id": str(task_id), "comments": comments, "last_at": json_timestamp(last_at)}
