"""The documents of a user's data, as exported and imported."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from taskward.database.statements import Row
from taskward.http.responses import rfc3339
from taskward.http.validation import field_error, moment, strict_uuid
from taskward.tasks.fields.texts import Description, IsCompleted, Title
from taskward.tasks.ids import is_of, task_id_at
from taskward.tasks.models import Ignored, Task, ignoring


def _timestamp(value: Any) -> datetime:
    found = moment(value)
    if found is None:
        raise field_error(
            "A time must be in RFC 3339, like 2026-01-31T12:00:00Z, and of the years 1970 to 9998"
        )
    return found


Timestamp = Annotated[datetime, BeforeValidator(_timestamp)]


class User(BaseModel):
    """The owner's row."""

    id: UUID
    email: str | None
    created_at: datetime
    updated_at: datetime


class Export(BaseModel):
    """Everything that is stored about a user; `user` is null before their first write."""

    user: User | None
    tasks: list[Task]


class ImportedTask(BaseModel):
    """A task of an export. Its owner is ignored: it becomes the caller's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=ignoring("user_id"))

    id: Annotated[UUID, strict_uuid("Id")]
    user_id: Ignored = None
    title: Title
    description: Description = None
    is_completed: IsCompleted = False
    created_at: Timestamp
    updated_at: Timestamp

    @cached_property
    def stored_id(self) -> UUID:
        """The id under which it is stored: its own, or one of its time."""
        return self.id if is_of(self.id, self.created_at) else task_id_at(self.created_at, self.id)


class Import(BaseModel):
    """The body of `POST /api/me/import`: an export."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=ignoring("user"))

    user: Ignored = None
    tasks: list[ImportedTask]


class Imported(BaseModel):
    """The number of imported tasks, and of tasks that the caller already had."""

    imported: int
    skipped: int


class Erased(BaseModel):
    """The response to an erasure."""

    message: Literal["All data deleted"]


def user_json(row: Row) -> dict[str, Any]:
    """Returns the User of a row, ready for the JSON writer."""
    return {
        "id": str(row[0]),
        "email": row[1],
        "created_at": rfc3339(row[2]),
        "updated_at": rfc3339(row[3]),
    }
