"""The task on the wire: its request models and its response models."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from taskward.http.body_schemas import Ignored, ignoring, requiring_one
from taskward.http.validation import Absent, field_error
from taskward.tasks.fields import BASE_FIELDS
from taskward.tasks.fields.assignee import Assignee, GivenAssignee
from taskward.tasks.fields.completion import CompletedAt, GivenCompletedAt
from taskward.tasks.fields.dates import Due, DueChanges, NewDue, NewStart, Start, StartChanges
from taskward.tasks.fields.labels import AddedLabels, GivenLabels, Labels, RemovedLabels
from taskward.tasks.fields.metadata import Metadata, MetadataChanges, NewMetadata
from taskward.tasks.fields.placement import GivenListId, GivenParentId, Key, ListId, ParentId, Position
from taskward.tasks.fields.priority import GivenPriority, TaskPriority
from taskward.tasks.fields.recurrence import (
    GivenRecurrence,
    GivenRecurrenceChanges,
    NextId,
    RecurrenceField,
    SeriesId,
)
from taskward.tasks.fields.reminders import GivenReminders, TaskReminders
from taskward.tasks.fields.rule import present
from taskward.tasks.fields.texts import (
    MAX_DESCRIPTION_LENGTH,
    MAX_TITLE_LENGTH,
    Description,
    IsCompleted,
    Title,
)

_ignoring_server_keys = ignoring(
    *("id", "user_id", "created_at", "updated_at", "series_id", "next_id", "created_by", "updated_by")
)


class _Body(BaseModel):
    """The common part of request bodies: clients may send back the keys that only the server sets.

    A SQLModel would validate them twice as slowly: its constructor is written in Python.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ignoring_server_keys)

    id: Ignored = None
    user_id: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None
    series_id: Ignored = None
    next_id: Ignored = None
    created_by: Ignored = None
    updated_by: Ignored = None


_SERVER_KEYS: Final = frozenset(_Body.model_fields)


class TaskContent(BaseModel):
    """The fields that clients fill, in a new task, in changes, and in an import."""

    title: Title
    description: Description = None
    is_completed: IsCompleted = False
    completed_at: GivenCompletedAt = None
    due: NewDue = None
    start: NewStart = None
    priority: GivenPriority = None
    labels: GivenLabels = None
    list_id: GivenListId = None
    parent_id: GivenParentId = None
    position: Position = None
    metadata: NewMetadata = None
    reminders: GivenReminders = None
    recurrence: GivenRecurrence = None
    assigned_to: GivenAssignee = None


class NewTask(TaskContent, _Body):
    """The body of `POST /api/tasks`."""

    add_labels: AddedLabels = None
    remove_labels: RemovedLabels = None

    def given(self) -> dict[str, Any]:
        """Returns the writable fields that the client sent; of the optional ones only those with a value."""
        values = self.__dict__
        sent = {name: values[name] for name in self.model_fields_set if name not in _SERVER_KEYS}
        return present(sent, BASE_FIELDS)


_WRITABLE: Final = tuple(name for name in NewTask.model_fields if name not in _SERVER_KEYS)


class TaskChanges(TaskContent, _Body):
    """The body of `PUT /api/tasks/{task_id}`: only the given fields change; at least one is required."""

    model_config = ConfigDict(json_schema_extra=requiring_one(_WRITABLE, _ignoring_server_keys))

    title: Title = ""
    due: DueChanges = None
    start: StartChanges = None
    add_labels: AddedLabels = None
    remove_labels: RemovedLabels = None
    metadata: MetadataChanges = None
    recurrence: GivenRecurrenceChanges = None

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if self.model_fields_set <= _SERVER_KEYS:
            raise field_error("At least one writable field is required")
        return self

    def given(self) -> dict[str, Any]:
        """Returns the writable fields that the client sent, with their new values.

        `completed_at` is None if it has no effect. `position` is a key, `{"after": UUID}`,
        `{"before": UUID}`, `{"at": "first"}`, `{"at": "last"}`, or None.
        """
        values = self.__dict__
        return {name: values[name] for name in self.model_fields_set if name not in _SERVER_KEYS}


_CREATED_BY: Final = "Only in a space: the member who made it; null if that person is no member."
_UPDATED_BY: Final = "Only in a space: the member who changed it last."


class Task(BaseModel):
    """A task in a response. The first seven keys are always present, each other one where it has a value."""

    id: UUID
    user_id: UUID = Field(description="The owner, from the verified token.")
    title: str = Field(min_length=1, max_length=MAX_TITLE_LENGTH)
    description: str | None = Field(max_length=MAX_DESCRIPTION_LENGTH)
    is_completed: bool
    created_at: datetime = Field(description="RFC 3339, UTC; the millisecond of `id`.")
    updated_at: datetime = Field(description="RFC 3339, UTC; moves forward with every successful update.")
    completed_at: CompletedAt | Absent = None
    due: Due | Absent = None
    start: Start | Absent = None
    priority: TaskPriority | Absent = None
    labels: Labels | Absent = None
    list_id: ListId | Absent = None
    parent_id: ParentId | Absent = None
    position: Key | Absent = None
    metadata: Metadata | Absent = None
    reminders: TaskReminders | Absent = None
    recurrence: RecurrenceField | Absent = None
    series_id: SeriesId | Absent = None
    next_id: NextId | Absent = None
    assigned_to: Assignee | Absent = None
    created_by: UUID | Absent | None = Field(default=None, description=_CREATED_BY)
    updated_by: UUID | Absent = Field(default=None, description=_UPDATED_BY)


class TaskList(BaseModel):
    """A page of the caller's tasks."""

    tasks: list[Task]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


Subtasks: TypeAlias = Literal["keep", "delete"]
"""The fate of the subtasks of a deleted task: they move up to its parent, or are deleted too."""


def known_subtasks(value: Any) -> Any:
    """Raises a field error unless the value is of `Subtasks`."""
    if value not in ("keep", "delete"):  # the value may be unhashable
        raise field_error("Subtasks must be keep or delete")
    return value


To: TypeAlias = Literal["trash"]
"""The place that a deleted task goes to, from where it can be restored."""


def known_to(value: Any) -> Any:
    """Raises a field error unless the value is of `To`."""
    if value != "trash":
        raise field_error("To must be trash")
    return value


GivenTo = Annotated[
    Annotated[To, BeforeValidator(known_to)] | None,
    Field(
        description="`trash` puts what is deleted into the trash, from where it can be restored. Without "
        "it, the deletion is permanent.",
    ),
]


class TaskDeletionQuery(BaseModel):
    """The query of `DELETE /api/tasks/{task_id}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subtasks: Annotated[Subtasks, BeforeValidator(known_subtasks)] = Field(
        default="keep",
        description="What becomes of its subtasks: `keep` moves them up to its parent, `delete` deletes all "
        "of them, on all levels.",
    )
    to: GivenTo = None


class TaskDeleted(BaseModel):
    """The response to a deletion."""

    message: Literal["Task deleted successfully"]
    id: UUID
