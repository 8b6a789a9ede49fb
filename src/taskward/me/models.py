"""The responses of /api/me."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from taskward.database.statements import Row
from taskward.http.responses import rfc3339
from taskward.http.validation import Absent, field_error
from taskward.lists.models import List
from taskward.tasks.models import Task


class User(BaseModel):
    """The owner's row."""

    id: UUID
    email: str | None
    created_at: datetime
    updated_at: datetime


class Export(BaseModel):
    """Everything that is stored about a user; `user` is null before their first write."""

    user: User | None
    lists: list[List] | Absent = None
    tasks: list[Task]


def _known_format(value: Any) -> Any:
    if value not in ("json", "ics"):
        raise field_error("Format must be json or ics")
    return value


class ExportQuery(BaseModel):
    """The query of `GET /api/me/export`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[Literal["json", "ics"], BeforeValidator(_known_format)] = Field(
        default="json",
        description="`json`: everything, for an import. `ics`: the tasks as iCalendar, for other products.",
    )


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
