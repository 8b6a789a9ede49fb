"""The rows that belong to a task, its labels and its pending reminders, as the writes of tasks take them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from taskward.database.types import to_microseconds
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.fields.reminders import Reminders, moments

Schedule = tuple[Reminders, Mapping[str, str] | None]
"""The reminders of a task and its due date: with the time zone they have the moments."""


def labels_json(labels: Iterable[str]) -> str:
    """Returns labels to add."""
    return orjson.dumps([(folded_label(label), label) for label in labels]).decode()


def label_values(before: TaskFields, after: TaskFields) -> dict[str, Any]:
    """Returns the labels to add and to drop when the optional fields of a task change."""
    old, new = before.labels, after.labels
    if old == new:
        return {}
    kept = {folded_label(label) for label in new}
    dropped = [(name,) for name in map(folded_label, old) if name not in kept]
    added = [label for label in new if label not in old]
    return {
        "labels": labels_json(added) if added else None,
        "dropped_labels": orjson.dumps(dropped).decode() if dropped else None,
    }


def schedule(fields: TaskFields, *, is_completed: bool) -> Schedule | None:
    """Returns the schedule of a task; None if no reminder of it is pending."""
    return (fields.reminders, fields.due) if fields.reminders and not is_completed else None


class ReminderChange:
    """The change of a task's pending reminders, of an owner in a time zone.

    A reminder whose moment stays the same, with its number, is left as it is, pending or not. `renumbers`
    says that one has another number: whether it is pending is only known while the owner is locked.
    """

    def __init__(self, old: Schedule | None, new: Schedule | None, zone: str | None) -> None:
        self._zone = zone
        self._old = {} if old is None else dict(moments(*old, zone))
        self._new = {} if new is None else dict(moments(*new, zone))
        self._changed = {n: at for n, at in self._new.items() if n not in self._old or self._old[n] != at}
        self._depends_on_zone = old != new and (_depends_on_zone(old) or _depends_on_zone(new))
        self.renumbers = any(at in self._old.values() for at in self._changed.values())

    def values(self, now: datetime, pending: Collection[datetime | None] = ()) -> dict[str, Any]:
        """Returns the reminders to add and to drop; a passed one is added only if it is `pending`."""
        added = {n: at for n, at in self._changed.items() if at is None or at > now or at in pending}
        dropped = [(n,) for n, at in self._old.items() if n not in added and self._new.get(n, _GONE) != at]
        rows = [(n, to_microseconds(at)) for n, at in added.items()]
        if not self._changed and not dropped:
            return {}
        return {
            "reminders": orjson.dumps(rows).decode() if rows else None,
            "dropped_reminders": orjson.dumps(dropped).decode() if dropped else None,
            "moments_zone": (self._zone or "") if self._depends_on_zone else None,
        }


_GONE = object()


def _depends_on_zone(schedule: Schedule | None) -> bool:
    if schedule is None:
        return False
    reminders, due = schedule
    return due is not None and "time_zone" not in due and any("at" not in one for one in reminders)
