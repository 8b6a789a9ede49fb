"""The checks of a write before its first change, and the values that it stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from taskward.database.statements import TransactionSteps
from taskward.http.errors import FieldError, ValidationFailed
from taskward.tasks.fields import TaskFields
from taskward.tasks.steps.content import base_values, effective, merged_fields
from taskward.tasks.steps.ordering import NewPosition, TaskSiblings, neighbour_steps, position_steps
from taskward.tasks.steps.rows import ReminderChange, label_values, schedule
from taskward.tasks.steps.series import NextTask, check_series_steps, completed_fields
from taskward.tasks.steps.subtasks import Place, check_room_steps, place_of, place_steps
from taskward.tasks.tables import TaskRecord


class Checked(NamedTuple):
    """The values that store a task, its reminders, its position, and the next one of its series, if any."""

    values: dict[str, Any]
    reminders: ReminderChange
    new_position: NewPosition
    next_task: NextTask | None
    recurrence: Mapping[str, str] | None
    """The one that it loses, if it is completed."""


@dataclass(frozen=True, slots=True)
class WriteChecks:
    """The checks of one write at some time, of an owner in some time zone.

    Another task is `replaced` if the write takes it back: its subtasks will be below the written one.
    """

    owner: UUID
    now: datetime
    zone: str | None = None
    replaced: UUID | None = None

    def steps(self, before: TaskRecord, given: Mapping[str, Any]) -> TransactionSteps[Checked]:
        """Returns what a change of a task stores; a new task is a change of an empty one.

        Raises:
            ValidationFailed: the changes do not fit what is stored.

        """
        owner, task_id = self.owner, UUID(str(before.id))
        given = effective(before, given)
        base, old = base_values(before, given, self.now), TaskFields.parse(before.extra)
        moving = [one for one in (task_id, self.replaced) if one is not None] if before.version else []
        fields, place = yield from check_all_steps(
            self._fields(old, before, given),
            place_steps(owner, task_id, place_of(before), given, moving),
            last=self._check_neighbour(task_id, given),
        )
        recurrence, next_task = fields.recurrence, None
        if base["is_completed"] and recurrence is not None:
            completed_at = given.get("completed_at") or base["completed_at"]
            fields, next_task = completed_fields(task_id, fields, completed_at, self.zone)
        if next_task is not None and place.parent_id is not None:
            yield from check_room_steps(owner, task_id, place.parent_id)
        new_position = yield from self._new_position(task_id, before, place, given)
        values = {"owner": owner, "task_id": task_id} | base | fields.columns() | place._asdict()
        times = {"created_at": before.created_at, "now": self.now}
        names = {"fields": sorted(given), "was_completed": before.is_completed}  # for audit log and activity
        values |= times | names | {"position": new_position.position}
        values |= label_values(old, fields)
        schedules = (
            schedule(old, is_completed=before.is_completed),
            schedule(fields, is_completed=base["is_completed"]),
        )
        reminders = ReminderChange(*schedules, self.zone)
        return Checked(values, reminders, new_position, next_task, recurrence)

    def _fields(
        self, old: TaskFields, before: TaskRecord, given: Mapping[str, Any]
    ) -> TransactionSteps[TaskFields]:
        fields = merged_fields(old, given)
        yield from check_series_steps(self.owner, before, given)
        return fields

    def _check_neighbour(self, task_id: UUID, given: Mapping[str, Any]) -> TransactionSteps[None]:
        """Checks the neighbour of a position, without the place of the task."""
        position = given.get("position")
        if isinstance(position, dict) and "at" not in position:
            (neighbour,) = position.values()
            yield from neighbour_steps(TaskSiblings(self.owner, task_id, Place()), neighbour)

    def _new_position(
        self, task_id: UUID, before: TaskRecord, place: Place, given: Mapping[str, Any]
    ) -> TransactionSteps[NewPosition]:
        position: Any = given.get("position", before.position)
        if not isinstance(position, dict):
            return NewPosition(position)
        return (yield from position_steps(TaskSiblings(self.owner, task_id, place), position))


def check_all_steps(
    *checks: TransactionSteps[Any], last: TransactionSteps[None] | None = None
) -> TransactionSteps[list[Any]]:
    """Returns the results of checks; raises ValidationFailed with the problems of all of them.

    The `last` one runs only after a problem of another one.
    """
    results: list[Any] = []
    problems: list[FieldError] = []
    for check in checks:
        results += [(yield from _problems_of(check, problems))]
    if problems and last is not None:
        yield from _problems_of(last, problems)
    if problems:
        raise ValidationFailed(problems)
    return results


def _problems_of(check: TransactionSteps[Any], problems: list[FieldError]) -> TransactionSteps[Any]:
    """Returns the result of a check, or adds its problems."""
    try:
        return (yield from check)
    except ValidationFailed as error:
        problems += error.details()
