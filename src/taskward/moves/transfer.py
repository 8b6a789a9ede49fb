"""Copies rows from one owner to another and deletes the originals: tasks, their dependents, then the list."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Table

from taskward.database.statements import TransactionSteps
from taskward.lists.statements import ADD_LIST_TOMBSTONE, DROP_LABELS_OF_TASKS
from taskward.moves.reminders import MovedReminders
from taskward.moves.rows import (
    Authors,
    Values,
    after,
    as_json,
    as_values,
    fields_with_reminders,
    mentioned,
    values_as_json,
)
from taskward.moves.statements import (
    DELETE_MOVED_LIST,
    DELETE_MOVED_TASKS,
    DEPENDENT_KINDS,
    DROP_LIST_TOMBSTONE,
    MOVED_LABELS,
    MOVED_LISTS,
    MOVED_TASKS,
    DependentKind,
)
from taskward.tasks.steps.reminder_statements import DROP_REMINDERS
from taskward.tasks.steps.statements import ADD_TOMBSTONES
from taskward.tasks.tables import LIST_TOMBSTONES, TOMBSTONES
from taskward.tasks.tombstones import drop_expired_steps
from taskward.trash.statements import DROP_TOMBSTONES
from taskward.users.retention import Retention

SLICE: Final = 50
"""Tasks that one statement moves."""

Dependents: TypeAlias = list[defaultdict[str, list[str]]]
"""For each of `DEPENDENT_KINDS` the ids of its objects by their task."""


class Place(NamedTuple):
    """The list of all moved tasks, and the parent of those at the top."""

    list_id: Any = None
    parent_id: Any = None


class Numbers(NamedTuple):
    """The last free number of the source, and the first ones of tasks and of others in the target.

    The feed of the source has the tasks from below: those that move first have the last numbers.
    """

    last_of_source: int
    first_of_target: int
    first_of_others: int

    def after(self, tasks: int, others: int) -> "Numbers":
        return Numbers(
            self.last_of_source - tasks, self.first_of_target + tasks, self.first_of_others + others
        )


@dataclass(frozen=True, slots=True)
class Transfer:
    """Copies rows from the source to their place in the target, and deletes the originals."""

    source: UUID
    target: UUID
    place: Place
    authors: Authors
    reminders: MovedReminders
    now: datetime
    retention: Retention

    def task_steps(
        self, ids: Sequence[str], dependents: Dependents, numbers: Numbers, roots: set[str]
    ) -> TransactionSteps[int]:
        """Moves some tasks of one level, and their dependents; returns the number of the latter."""
        source, target = {"owner": self.source, "ids": ids}, {"owner": self.target, "ids": ids}
        count = len(ids)
        rows = as_values(MOVED_TASKS, (yield MOVED_TASKS.read, source))
        labels = yield MOVED_LABELS.read, source
        yield from self.authors.read_steps(
            row[name] for row in rows for name in ("created_by", "assigned_to")
        )
        reminders = yield from self.reminders.read_steps(rows)
        for number, row in enumerate(rows, numbers.first_of_target):
            row.update(self._columns(row, number, is_root=str(row["id"]) in roots))
            row.update(fields_with_reminders(row, self.reminders.as_field(reminders.get(str(row["id"])))))
        yield MOVED_TASKS.add, {**target, "rows": values_as_json(MOVED_TASKS, rows)}
        if labels:
            yield MOVED_LABELS.add, {**target, "rows": as_json(labels)}
        others = yield from self._copy_dependents_steps(ids, dependents, numbers.first_of_others)
        yield DROP_TOMBSTONES, target
        first = {"first_number": numbers.last_of_source - count + 1}
        yield ADD_TOMBSTONES, {**source, **first, "now": self.now}
        yield DROP_LABELS_OF_TASKS, source
        yield DROP_REMINDERS, source
        yield DELETE_MOVED_TASKS, {**source, "count": count, "moved_to": self.target}
        yield from self.reminders.store_steps(reminders)
        yield from self._drop_expired_steps(TOMBSTONES, count)
        return others

    def _copy_dependents_steps(
        self, ids: Sequence[str], dependents: Dependents, first: int
    ) -> TransactionSteps[int]:
        """Copies the dependents of these tasks, which are deleted with them; returns the number of rows."""
        count = 0
        for kind, ids_by_task in zip(DEPENDENT_KINDS, dependents, strict=True):
            dependent_ids = [row_id for task_id in ids for row_id in sorted(ids_by_task.get(task_id, ()))]
            for part in parts_of(dependent_ids, SLICE):
                yield from self._copy_steps(kind, part, first + count)
                count += len(part)
        return count

    def _copy_steps(self, kind: DependentKind, ids: Sequence[str], first: int) -> TransactionSteps[None]:
        found = as_values(kind.rows, (yield kind.rows.read, {"owner": self.source, "ids": ids}))
        by_id = {str(row["id"]): row for row in found}
        rows = [by_id[row_id] for row_id in ids]
        yield from self.authors.read_steps(
            member for row in rows for member in (row["author_id"], *mentioned(row))
        )
        for number, row in enumerate(rows, first):
            row.update(self.authors.columns_of_comment(row))
            row.update({"version": number, "updated_at": after(row["updated_at"], self.now)})
        yield kind.rows.add, {"owner": self.target, "rows": values_as_json(kind.rows, rows)}
        yield kind.drop_tombstones, {"owner": self.target, "ids": ids}

    def list_steps(self, list_id: Any, last: int, first: int) -> TransactionSteps[None]:
        """Moves the list, after its tasks in the source and before them in the target."""
        source, target = ({"owner": one, "list_id": list_id} for one in (self.source, self.target))
        rows = as_values(MOVED_LISTS, (yield MOVED_LISTS.read, {**source, "ids": [list_id]}))
        for row in rows:
            row.update({"version": first, "updated_at": after(row["updated_at"], self.now)})
        yield MOVED_LISTS.add, {**target, "rows": values_as_json(MOVED_LISTS, rows)}
        yield DROP_LIST_TOMBSTONE, target
        moved = {**source, "version": last, "now": self.now, "moved_to": self.target}
        yield DELETE_MOVED_LIST, moved
        yield ADD_LIST_TOMBSTONE, moved
        yield from self._drop_expired_steps(LIST_TOMBSTONES, 1)

    def _columns(self, row: Values, number: int, *, is_root: bool) -> Values:
        """Returns the columns of a task that differ in the target."""
        return {
            **self.authors.columns(row),
            "version": number,
            "updated_at": after(row["updated_at"], self.now),
            "list_id": self.place.list_id,
            "parent_id": self.place.parent_id if is_root else row["parent_id"],
            # No task has the version 0: the next one has been changed since, by its own move or that of this.
            "next_version": None if row["next_version"] is None else 0,
        }

    def _drop_expired_steps(self, table: Table, deleted: int) -> TransactionSteps[None]:
        since = self.now - self.retention.tombstones
        yield from drop_expired_steps(self.source, table, deleted, since)


def parts_of(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
