"""Deletes a list, and deletes or keeps its tasks, in parts.

PostgreSQL does it in one transaction. On SQLite that of a long list is split, so that other owners' writes do
not wait for it, and the owner's data is locked from the first part to the last. The first part deletes the
list and takes the numbers of all changes: the tasks' come before the list's. An interrupted deletion is
completed: what is left to do are the tasks of a list that is not there, and the list's tombstone has the
number after theirs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

from sqlalchemy import Table

from taskward.database.statements import RESUME, SPLIT, TransactionSteps
from taskward.lists.statements import (
    ADD_LIST_TOMBSTONE,
    DELETE_LIST,
    DROP_LABELS_OF_TASKS,
    FIND_LIST_TOMBSTONE,
    KEEP_TASKS,
    NEXT_TASKS,
    TASKS_OF_DELETED_LISTS,
)
from taskward.tasks.steps.reminder_statements import DROP_REMINDERS
from taskward.tasks.steps.several import fitting_steps, remove_several_steps
from taskward.tasks.steps.statements import ADD_TOMBSTONES
from taskward.tasks.tables import LIST_TOMBSTONES, TOMBSTONES
from taskward.tasks.tombstones import drop_expired_steps
from taskward.tasks.trash_statements import COUNT_ROWS
from taskward.users.retention import Deletion

MAX_ROWS: Final = 300
"""Tasks that are changed in one transaction; those with the most labels take some 0.1 ms each."""

TasksOption: TypeAlias = Literal["delete", "keep"]
"""The tasks are deleted too, or they are kept and in no list."""

TasksFate: TypeAlias = Literal["delete", "keep", "trash"]
"""As `TasksOption`, or the tasks are deleted and go to the trash."""


_FATES: Final[tuple[TasksFate, ...]] = get_args(TasksFate)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing was left before that."""


@dataclass(frozen=True, slots=True)
class ListDeletion:
    """The deletion of one list."""

    owner: UUID
    list_id: UUID
    tasks: TasksFate
    deletion: Deletion

    def steps(self, count: int, last: int, *, is_split: bool) -> TransactionSteps[None]:
        """Deletes the list; its `count` tasks and the list itself take the numbers up to `last`."""
        values = {"owner": self.owner, "list_id": self.list_id, "version": last, "now": self.deletion.now}
        yield DELETE_LIST, values
        yield ADD_LIST_TOMBSTONE, values
        yield from self._drop_expired_steps(LIST_TOMBSTONES, 1)
        yield from self.task_steps(count, last - count, is_split=is_split)

    def task_steps(self, count: int, first: int, *, is_split: bool) -> TransactionSteps[None]:
        """Changes the `count` tasks, numbered from `first` on."""
        done = 0
        while done < count:
            if done and is_split:
                yield SPLIT, {"owner": self.owner, "change": _change(self.tasks)}
            rows = yield NEXT_TASKS, {"owner": self.owner, "list_id": self.list_id, "limit": MAX_ROWS}
            ids: Sequence[Any] = [row[0] for row in rows]
            if self.tasks != "keep":
                ids = yield from fitting_steps(self.owner, ids, COUNT_ROWS)
            yield from self._change_steps(ids, first + done)
            done += len(ids)

    def _change_steps(self, ids: Sequence[Any], first: int) -> TransactionSteps[None]:
        values = {
            "owner": self.owner,
            "list_id": self.list_id,  # for the activity
            "ids": ids,
            "first_number": first,
            "now": self.deletion.now,
            "count": len(ids),
        }
        if self.tasks == "keep":
            yield KEEP_TASKS, values | {"fields": ["list_id"]}
            return
        # SQLite takes half as long again if it looks for the labels and reminders of each deleted task.
        yield DROP_LABELS_OF_TASKS, values
        yield DROP_REMINDERS, values
        yield ADD_TOMBSTONES, values
        yield from remove_several_steps(values, self.deletion)
        yield from self._drop_expired_steps(TOMBSTONES, len(ids))

    def _drop_expired_steps(self, table: Table, deleted: int) -> TransactionSteps[None]:
        yield from drop_expired_steps(self.owner, table, deleted, self.deletion.tombstones_since)


def _resume_steps(tasks: TasksFate, owner: UUID) -> TransactionSteps[None]:
    """Completes an interrupted deletion; what has expired is left to the next one."""
    if not (yield RESUME, {"owner": owner}):
        return
    for list_id, count in (yield TASKS_OF_DELETED_LISTS, {"owner": owner}):
        rows = yield FIND_LIST_TOMBSTONE, {"owner": owner, "list_id": list_id}
        version, now = rows[0]
        deletion = Deletion(now, _NEVER, _NEVER if tasks == "trash" else None)
        change = ListDeletion(owner, list_id, tasks, deletion)
        yield from change.task_steps(count, version - count, is_split=True)


def _change(tasks: TasksFate) -> str:
    """Returns the name of the change in the owner's lock."""
    return f"deletion of a list, tasks: {tasks}"


RESUME_STEPS: Final[Mapping[str, Callable[[UUID], TransactionSteps[None]]]] = {
    _change(fate): partial(_resume_steps, fate) for fate in _FATES
}
"""For each change that may be interrupted: the steps that complete it."""
