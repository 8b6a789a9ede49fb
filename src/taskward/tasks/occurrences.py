"""The days of a recurring task, for clients without a library: docs/contract.md#recurrence."""

from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.validation import query_number
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.dates import DayText
from taskward.tasks.recurrence.next_day import Recurrence, upcoming
from taskward.tasks.tables import TaskRecord

MAX_DATES: Final = 366


class OccurrencesQuery(BaseModel):
    """The query of `GET /api/tasks/{task_id}/occurrences`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_DATES)] = Field(
        default=10, ge=1, le=MAX_DATES, description="How many days to return at most."
    )


class Occurrences(BaseModel):
    """The days of its rule after a task's `occurrence` and `due`; none without a recurrence."""

    dates: list[DayText]


def occurrences(task: TaskRecord, limit: int) -> list[date]:
    """Returns the days of a stored task's rule after its occurrence and its due day; without a clock."""
    fields = TaskFields.parse(task.extra)
    if fields.recurrence is None or fields.due is None:
        return []
    return upcoming(Recurrence.parse(fields.recurrence), fields.due, limit)
