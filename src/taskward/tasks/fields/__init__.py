"""Optional fields of a task that are stored together in `tasks.extra`: docs/contract.md#optional-fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson

from taskward.http.errors import ValidationFailed
from taskward.tasks.fields.dates import DUE, START
from taskward.tasks.fields.labels import LABELS
from taskward.tasks.fields.metadata import METADATA
from taskward.tasks.fields.priority import PRIORITY
from taskward.tasks.fields.recurrence import NEXT_ID, RECURRENCE, SERIES_ID
from taskward.tasks.fields.reminders import REMINDERS, Reminders
from taskward.tasks.fields.rule import Change, FieldRule, Values, present

BASE_FIELDS: Final = frozenset({"title", "description", "is_completed", "completed_at"})
"""The fields that each have a column; every other one is optional."""

RULES: Final[tuple[FieldRule, ...]] = (
    *(DUE, START, PRIORITY, LABELS, METADATA, REMINDERS, RECURRENCE),
    *(SERIES_ID, NEXT_ID),
)
"""Every field in `extra`, in the order of a response. A rule may depend on the fields before it."""

_COLUMNS: Final = tuple((column, rule.name, of) for rule in RULES for column, of in rule.columns.items())


@dataclass(frozen=True, slots=True)
class TaskFields:
    """The values of one task, by name, in the form of a response; what it does not have is absent."""

    values: Values = field(default_factory=dict)

    @property
    def due(self) -> Mapping[str, str] | None:
        return self.values.get("due")

    @property
    def start(self) -> Mapping[str, str] | None:
        return self.values.get("start")

    @property
    def priority(self) -> str | None:
        return self.values.get("priority")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.values.get("labels", ()))

    @property
    def reminders(self) -> Reminders:
        return tuple(self.values.get("reminders", ()))

    @property
    def recurrence(self) -> Mapping[str, str] | None:
        """Of an open task only."""
        return self.values.get("recurrence")

    @property
    def series_id(self) -> str | None:
        """The id of the first task of its series."""
        return self.values.get("series_id")

    @property
    def next_id(self) -> str | None:
        """The id of the task that was made when this one was completed."""
        return self.values.get("next_id")

    @classmethod
    def parse(cls, extra: str | None) -> Self:
        """Returns the fields of a stored task."""
        return cls() if extra is None else cls(orjson.loads(extra))

    def replaced(self, **values: Any) -> Self:
        """Returns the fields with other values; null and empty ones remove theirs."""
        return type(self)(present({**self.values, **values}))

    def merged(self, changes: Mapping[str, Any]) -> Self:
        """Returns the fields after valid changes; objects are merged as in RFC 7396.

        Raises:
            ValidationFailed: the changes do not fit what is stored; each such field is named.

        """
        merged = dict(self.values)
        change = Change(self.values, changes, merged)
        concerned = [
            rule
            for rule in RULES
            if rule.name in changes or (rule.also_given and not rule.also_given.isdisjoint(changes))
        ]
        for rule in concerned:
            merged[rule.name] = changes[rule.name] if rule.merge is None else rule.merge(change)
        problems = [one for rule in concerned if rule.problems is not None for one in rule.problems(change)]
        if problems:
            raise ValidationFailed(problems)
        return type(self)(present(merged))

    def columns(self) -> dict[str, Any]:
        """Returns the values of the columns of `tasks` that these fields fill."""
        values = self.values
        columns = {column: of(values[name]) if name in values else None for column, name, of in _COLUMNS}
        return {"extra": self._json(), **columns}

    def _json(self) -> str | None:
        if not self.values:
            return None
        return orjson.dumps(
            {rule.name: self.values[rule.name] for rule in RULES if rule.name in self.values}
        ).decode()
