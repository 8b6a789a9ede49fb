"""The trash on the wire: the requests and the responses of `/api/trash`."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.cursors import well_formed_cursor
from taskward.http.validation import Absent, query_number
from taskward.tasks.models import Task

MAX_TASKS: Final = 1000
"""Tasks in one response at most."""


class TrashQuery(BaseModel):
    """The query of `GET /api/trash`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_TASKS)] = Field(
        default=100, ge=1, le=MAX_TASKS, description="How many tasks to return at most."
    )
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None, description="`next_cursor` of the previous page."
    )


class TrashedTask(BaseModel):
    """A task in the trash, as it was."""

    task: Task
    deleted_at: datetime = Field(description="RFC 3339, UTC.")
    deleted_by: Annotated[UUID | Absent, Field(description="In a space, the member who deleted it.")] = None
    deleted_with: Annotated[
        UUID | Absent,
        Field(description="The task whose deletion took this one along; to restore it restores both."),
    ] = None


class TrashList(BaseModel):
    """A page of the caller's trash, the newest deletion first."""

    tasks: list[TrashedTask]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


class Restoration(BaseModel):
    """The body of `POST /api/trash/{task_id}/restore`: an empty object."""

    model_config = ConfigDict(extra="forbid")


class TaskPurged(BaseModel):
    """The response to a deletion from the trash."""

    message: Literal["Task deleted permanently"]
    id: UUID


class TrashEmptied(BaseModel):
    """The number of tasks that were in the trash."""

    deleted: int = Field(ge=0)
