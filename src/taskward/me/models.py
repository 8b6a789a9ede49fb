"""What is stored about a person, as a document: export gives it, import takes it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from taskward.answers import rfc3339
from taskward.database.statements import Row
from taskward.tasks.models import Description, Ignored, IsCompleted, Task, Title
from taskward.validation import refusal, strict_uuid

_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            if moment >= _EPOCH:
                return moment
    raise refusal("A time must be in RFC 3339, like 2026-01-31T12:00:00Z, and not before 1970")


Moment = Annotated[datetime, BeforeValidator(_moment)]


class User(BaseModel):
    """The owner's row."""

    id: UUID
    email: str | None
    created_at: datetime
    updated_at: datetime


class Export(BaseModel):
    """Everything that is stored about a person; `user` is null before their first write."""

    user: User | None
    tasks: list[Task]


class ImportedTask(BaseModel):
    """A task of an export. Its owner does not matter: it becomes the caller's."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[UUID, strict_uuid("Id")]
    user_id: Ignored = None
    title: Title
    description: Description = None
    is_completed: IsCompleted = False
    created_at: Moment
    updated_at: Moment


class Import(BaseModel):
    """The body of `POST /api/me/import`: what an export gave."""

    model_config = ConfigDict(extra="forbid")

    user: Ignored = None
    tasks: list[ImportedTask]


class Imported(BaseModel):
    """How many tasks were taken, and how many the caller had already."""

    imported: int
    skipped: int


class Erased(BaseModel):
    """What an erasure answers."""

    message: str = Field(examples=["All data deleted"])


def user_json(row: Row) -> dict[str, Any]:
    """Give the User of a row, ready for the JSON writer."""
    return {
        "id": str(row[0]),
        "email": row[1],
        "created_at": rfc3339(row[2]),
        "updated_at": rfc3339(row[3]),
    }
