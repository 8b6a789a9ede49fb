"""The task on the wire: its request models and its response models."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from sqlmodel import SQLModel
from sqlmodel._compat import SQLModelConfig

from taskward.http.responses import json_timestamp
from taskward.http.validation import field_error
from taskward.tasks.tables import TaskRecord

LONGEST_TITLE: Final = 200
LONGEST_DESCRIPTION: Final = 2000
"""Unicode code points, after trimming."""

_WRITABLE: Final = ("title", "description", "is_completed")


def _trimmed_title(value: object) -> str:
    if value is None:
        raise field_error("Title cannot be empty")
    if not isinstance(value, str):
        raise field_error("Title must be text")
    title = value.strip()
    if not title:
        raise field_error("Title cannot be empty")
    if len(title) > LONGEST_TITLE:
        raise field_error("Title cannot exceed 200 characters")
    return title


def _trimmed_description(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise field_error("Description must be text or null")
    description = value.strip()
    if len(description) > LONGEST_DESCRIPTION:
        raise field_error("Description cannot exceed 2000 characters")
    return description or None


Title = Annotated[
    str,
    BeforeValidator(_trimmed_title),
    Field(
        description="1-200 characters (Unicode code points) after trimming white space.",
        examples=["Buy milk"],
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_TITLE, "pattern": r"\S"},
    ),
]
Description = Annotated[
    str | None,
    BeforeValidator(_trimmed_description),
    Field(
        description='At most 2000 characters (Unicode code points) after trimming; `""` becomes null.',
        examples=["Two litres, the blue one"],
        json_schema_extra={"maxLength": LONGEST_DESCRIPTION},
    ),
]
IsCompleted = Annotated[bool, Field(strict=True, description="`true` or `false`.", examples=[True])]
Ignored = Annotated[Any, BeforeValidator(lambda _: None), SkipJsonSchema()]
"""A key that is accepted and ignored; its value, which may be large, is dropped. See `ignoring`."""


def ignoring(*names: str) -> Callable[[dict[str, Any]], None]:
    """Returns a function that documents these keys as accepted with any value, and no others.

    They are no `properties`, because generated clients would get untyped members.
    """

    def extend(schema: dict[str, Any]) -> None:
        del schema["additionalProperties"]
        schema["propertyNames"] = {"enum": [*schema["properties"], *names]}
        schema["description"] += f" Accepted and ignored: {', '.join(f'`{name}`' for name in names)}."

    return extend


def _document_changes(schema: dict[str, Any]) -> None:
    """Documents that at least one field is required, and that no field has a default.

    A top-level `anyOf` of `required` would say the same, but client generators make an untyped union of it.
    They ignore `not`.
    """
    _ignoring_server_keys(schema)
    schema["not"] = {"allOf": [{"not": {"required": [name]}} for name in _WRITABLE]}
    for field in schema["properties"].values():
        field.pop("default", None)


_NO_OPTIONAL_FIELDS: Final = [None] * 5
_ignoring_server_keys = ignoring("id", "user_id", "created_at", "updated_at")


class _Body(SQLModel):
    """The common part of request bodies: clients may send back the keys that only the server sets."""

    model_config = SQLModelConfig(extra="forbid", json_schema_extra=_ignoring_server_keys)

    id: Ignored = None
    user_id: Ignored = None
    created_at: Ignored = None
    updated_at: Ignored = None


class NewTask(_Body):
    """The body of `POST /api/tasks`."""

    title: Title
    description: Description = None
    is_completed: IsCompleted = False


class TaskChanges(_Body):
    """The body of `PUT /api/tasks/{task_id}`: only the given fields change; at least one is required."""

    model_config = SQLModelConfig(json_schema_extra=_document_changes)

    title: Title = ""
    description: Description = None
    is_completed: IsCompleted = False

    @model_validator(mode="after")
    def _that_change_something(self) -> Self:
        if not self.given():
            raise field_error("At least one of title, description, is_completed is required")
        return self

    def given(self) -> dict[str, Any]:
        """Returns the writable fields that the client sent, with their new values."""
        return {name: getattr(self, name) for name in _WRITABLE if name in self.model_fields_set}


class Task(BaseModel):
    """A task in a response; all seven keys are always present."""

    id: UUID
    user_id: UUID = Field(description="The owner, from the verified token.")
    title: str = Field(min_length=1, max_length=LONGEST_TITLE)
    description: str | None = Field(max_length=LONGEST_DESCRIPTION)
    is_completed: bool
    created_at: datetime = Field(description="RFC 3339, UTC; the millisecond of `id`.")
    updated_at: datetime = Field(description="RFC 3339, UTC; moves forward with every successful update.")


class TaskList(BaseModel):
    """A page of the caller's tasks."""

    tasks: list[Task]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


class TaskDeleted(BaseModel):
    """The response to a deletion."""

    message: Literal["Task deleted successfully"]
    id: UUID


def task_path(task_id: object) -> str:
    """Returns the path of a task."""
    return f"/api/tasks/{task_id}"


def version_tag(version: int) -> str:
    """Returns the entity tag of a task in that version."""
    return f'"{version}"'


def task_json(task: TaskRecord) -> dict[str, Any]:
    """Returns a stored task, ready for `dump_json`."""
    task_id, user_id, title, description, is_completed, created_at, updated_at, _, *optional = task
    value = {
        "id": str(task_id),
        "user_id": str(user_id),
        "title": title,
        "description": description,
        "is_completed": is_completed,
        "created_at": json_timestamp(created_at),
        "updated_at": json_timestamp(updated_at),
    }
    if optional != _NO_OPTIONAL_FIELDS:
        value |= _optional_fields(*optional)
    return value


def _optional_fields(
    list_id: object, parent_id: object, position: str | None, completed_at: datetime | None, extra: str | None
) -> dict[str, Any]:
    """Returns the fields that are answered only where they have a value."""
    columns = {
        "list_id": list_id and str(list_id),
        "parent_id": parent_id and str(parent_id),
        "position": position,
        "completed_at": completed_at and json_timestamp(completed_at),
    }
    present = {name: value for name, value in columns.items() if value is not None}
    return present if extra is None else present | orjson.loads(extra)
