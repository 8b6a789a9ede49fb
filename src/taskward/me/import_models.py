"""The document of an import, as its tasks and lists are validated."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic.json_schema import SkipJsonSchema

from taskward.comments.models import CommentText
from taskward.http.body_schemas import Ignored, ignoring
from taskward.http.validation import field_error, located_errors, moment, strict_uuid
from taskward.ids import imported_id_at, is_of
from taskward.lists.models import IsArchived
from taskward.me.import_scanner import IGNORED
from taskward.tasks.fields import RULES, TaskFields
from taskward.tasks.fields.metadata import NewMetadata
from taskward.tasks.fields.placement import POSITION_MESSAGE, Position
from taskward.tasks.fields.recurrence import (
    NEEDS_OPEN_TASK,
    GivenRecurrence,
    merged_recurrence,
    problems_of_recurrence,
)
from taskward.tasks.fields.rule import present
from taskward.tasks.fields.texts import Title
from taskward.tasks.models import TaskContent


def _timestamp(value: Any) -> datetime:
    found = moment(value)
    if found is None:
        raise field_error(
            "A time must be in RFC 3339, like 2026-01-31T12:00:00Z, and of the years 1970 to 9998"
        )
    return found


def _only_key(value: Any) -> Any:
    if isinstance(value, dict):  # before or after which one is known only once all are stored
        raise field_error(POSITION_MESSAGE)
    return value


def _possible(value: dict[str, Any] | None, info: ValidationInfo) -> dict[str, Any] | None:
    """Returns a recurrence that the task of the other fields can have."""
    if value is None:
        return None
    if info.data.get("is_completed"):
        raise field_error(NEEDS_OPEN_TASK)
    due = info.data.get("due")
    merged = merged_recurrence(None, {"recurrence": value}, due)
    for problem in problems_of_recurrence(merged or {}, due, None):
        part = problem.field.partition(".")[2]
        raise located_errors({part: problem.message}) if part else field_error(problem.message)
    return value


def _reference(value: Any) -> UUID | None:
    """Returns an id; None for anything else, which leads to no task."""
    try:
        return _ID.validate_python(value)
    except ValidationError:
        return None


_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Id")])
_Reference = Annotated[UUID | None, PlainValidator(_reference), SkipJsonSchema()]
Timestamp = Annotated[datetime, BeforeValidator(_timestamp)]
_Key = Annotated[Position, AfterValidator(_only_key)]


class _Imported(BaseModel):
    """The common part of tasks and lists. The owner is ignored: it becomes the caller."""

    id: Annotated[UUID, strict_uuid("Id")]
    user_id: Ignored = None
    title: Title
    created_at: Timestamp
    updated_at: Timestamp

    @cached_property
    def stored_id(self) -> UUID:
        """The id under which it is stored: its own, or one of its time."""
        return _stored_id(self.id, self.created_at)


_ignoring_server_keys: Final = ignoring("user_id", "series_id", "next_id", "created_by", "updated_by")


class ImportedTask(TaskContent, _Imported):
    """A task of an export. Its owner is ignored: it becomes the caller's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ignoring_server_keys)

    created_by: Ignored = None
    updated_by: Ignored = None
    series_id: _Reference = None
    next_id: _Reference = None
    position: _Key = None
    metadata: NewMetadata = {}
    recurrence: Annotated[GivenRecurrence, AfterValidator(_possible)] = None
    assigned_to: Ignored = None

    @property
    def has_optional_fields(self) -> bool:
        return not self.model_fields_set <= _ALWAYS_GIVEN

    def fields(self) -> TaskFields:
        """Returns its optional fields."""
        values = self.__dict__
        given = self.model_fields_set & _OPTIONAL
        fields = TaskFields().merged(present({name: values[name] for name in given}))
        if self.series_id is None:
            return fields
        next_id = str(self.next_id) if self.next_id else None
        return fields.replaced(series_id=str(self.series_id), next_id=next_id)


_OPTIONAL: Final = frozenset(TaskContent.model_fields).intersection(rule.name for rule in RULES)
_ALWAYS_GIVEN: Final = frozenset(
    {
        *_Imported.model_fields,
        "description",
        "is_completed",
        "created_by",
        "updated_by",
        "assigned_to",
    }
)


class ImportedList(_Imported):
    """A list of an export. Its owner is ignored: it becomes the caller's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=ignoring("user_id"))

    is_archived: IsArchived = False
    position: _Key = None
    metadata: NewMetadata = {}


class ImportedComment(BaseModel):
    """A comment of an export. Its owner and its author are ignored: they become the caller."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=ignoring("user_id", "author_id", "mentions"))

    id: Annotated[UUID, strict_uuid("Id")]
    user_id: Ignored = None
    task_id: Annotated[UUID, strict_uuid("Task id")]
    author_id: Ignored = None
    text: CommentText
    mentions: Ignored = None
    metadata: NewMetadata = {}
    created_at: Timestamp
    updated_at: Timestamp

    @property
    def stored_id(self) -> UUID:
        """The id under which it is stored: its own, or one of its time."""
        return _stored_id(self.id, self.created_at)


def _stored_id(given: UUID, created_at: datetime) -> UUID:
    return given if is_of(given, created_at) else imported_id_at(created_at, given)


class Import(BaseModel):
    """The body of `POST /api/me/import`: an export."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=ignoring("user", *IGNORED))

    user: Ignored = None
    lists: list[ImportedList] = []
    tasks: list[ImportedTask]
    comments: list[ImportedComment] = []
    trash: Ignored = None
    spaces: Ignored = None
    tokens: Ignored = None
    space: Ignored = None
    members: Ignored = None
