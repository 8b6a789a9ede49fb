"""Optional fields of a task that are stored together in `tasks.extra`: docs/contract.md#optional-fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self
from uuid import UUID

import orjson

from taskward.http.errors import FieldError, ValidationFailed
from taskward.tasks.fields.dates import due_key, instant, merged_date, problems_of_date, start_key
from taskward.tasks.fields.labels import TOO_MANY_LABELS, merged_labels, too_many
from taskward.tasks.fields.metadata import merged_metadata, problem_of_metadata
from taskward.tasks.fields.priority import PRIORITIES
from taskward.tasks.fields.recurrence import merged_recurrence, problems_of_recurrence
from taskward.tasks.fields.reminders import Reminders

BASE_FIELDS: Final = frozenset({"title", "description", "is_completed", "completed_at"})
"""The fields that each have a column; every other one is optional."""


@dataclass(frozen=True, slots=True)
class TaskFields:
    """The values of one task, in the form of a response; what it does not have is None or empty."""

    due: Mapping[str, str] | None = None
    start: Mapping[str, str] | None = None
    priority: str | None = None
    labels: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reminders: Reminders = ()
    recurrence: Mapping[str, str] | None = None
    """Of an open task only."""

    series_id: str | None = None
    """The id of the first task of its series."""

    next_id: str | None = None
    """The id of the task that was made when this one was completed."""

    @classmethod
    def parse(cls, extra: str | None) -> Self:
        """Returns the fields of a stored task."""
        if extra is None:
            return cls()
        values = orjson.loads(extra)
        return cls(
            values.get("due"),
            values.get("start"),
            values.get("priority"),
            tuple(values.get("labels", ())),
            values.get("metadata", {}),
            tuple(values.get("reminders", ())),
            values.get("recurrence"),
            values.get("series_id"),
            values.get("next_id"),
        )

    def merged(self, changes: Mapping[str, Any]) -> Self:
        """Returns the fields after valid changes; objects are merged as in RFC 7396.

        Raises:
            ValidationFailed: the changes do not fit what is stored; each such field is named.

        """
        due = merged_date(self.due, changes["due"]) if "due" in changes else self.due
        merged = replace(
            self,
            due=due,
            start=merged_date(self.start, changes["start"]) if "start" in changes else self.start,
            priority=changes.get("priority", self.priority),
            labels=merged_labels(self.labels, changes),
            metadata=(
                merged_metadata(self.metadata, changes["metadata"])
                if "metadata" in changes
                else self.metadata
            ),
            reminders=changes.get("reminders", self.reminders) or (),
            recurrence=merged_recurrence(self.recurrence, changes, due),
        )
        problems = merged.problems()
        if merged.recurrence is not None and "recurrence" in changes:
            problems += problems_of_recurrence(merged.recurrence, due, self.recurrence)
        if problems:
            raise ValidationFailed(problems)
        return merged

    def problems(self) -> list[FieldError]:
        """Returns why these values cannot be stored together, by field; except for the recurrence."""
        problems = [
            FieldError(f"{name}.{part}", message)
            for name, date in (("due", self.due), ("start", self.start))
            if date is not None
            for part, message in problems_of_date(name.capitalize(), date).items()
        ]
        if too_many(self.labels):  # only by adding: a list of labels is checked when it is read
            problems.append(FieldError("add_labels", TOO_MANY_LABELS))
        if message := problem_of_metadata(self.metadata):
            problems.append(FieldError("metadata", message))
        return problems

    def columns(self) -> dict[str, Any]:
        """Returns the values of the columns of `tasks` that these fields fill."""
        return {
            "extra": self._json(),
            "due_key": self.due and due_key(self.due),
            "due_utc": self.due and instant(self.due),
            "start_key": self.start and start_key(self.start),
            "start_utc": self.start and instant(self.start),
            "priority": self.priority and PRIORITIES.index(self.priority) + 1,
            "series_id": self.series_id and UUID(self.series_id),
        }

    def _json(self) -> str | None:
        values = {
            "due": self.due,
            "start": self.start,
            "priority": self.priority,
            "labels": self.labels,
            "metadata": self.metadata,
            "reminders": self.reminders,
            "recurrence": self.recurrence,
            "series_id": self.series_id,
            "next_id": self.next_id,
        }
        present = {name: value for name, value in values.items() if value}
        return orjson.dumps(present).decode() if present else None
