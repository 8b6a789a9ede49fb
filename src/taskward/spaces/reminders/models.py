"""The reminders of a member on the wire."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from taskward.database.statements import Row
from taskward.http.cursors import well_formed_cursor
from taskward.http.validation import query_number
from taskward.tasks.fields.reminders import MAX_REMINDERS, GivenReminders, OffsetReminder, ReminderAt

MAX_TASKS: Final = 1000
"""Tasks in one response at most."""


class NewReminders(BaseModel):
    """The body of `PUT /api/spaces/{space_id}/tasks/{task_id}/reminders`."""

    model_config = ConfigDict(extra="forbid")

    reminders: GivenReminders


class OwnReminders(BaseModel):
    """The reminders that the caller has for a task."""

    reminders: Annotated[list[OffsetReminder | ReminderAt], Field(max_length=MAX_REMINDERS)]


class RemindersOfTask(OwnReminders):
    """The reminders that the caller has for one of several tasks."""

    task_id: UUID


class OwnRemindersQuery(BaseModel):
    """The query of `GET /api/spaces/{space_id}/reminders`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_TASKS)] = Field(
        default=100, ge=1, le=MAX_TASKS, description="How many tasks to return at most."
    )
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None, description="`next_cursor` of the previous page."
    )


class OwnRemindersList(BaseModel):
    """A page of the tasks for which the caller has reminders."""

    tasks: list[RemindersOfTask]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


def task_json(row: Row) -> dict[str, Any]:
    """Returns one of the rows of a page, ready for the JSON writer."""
    return {"task_id": str(row[0]), "reminders": orjson.loads(row[1])}
