"""The writes of one owner's tasks as steps of a transaction, each for one operation.

Each write checks everything before its first change, so that a batch can go on after one that fails. What one
statement can do is that statement alone. Everything else locks the owner's row first, so that nothing that it
has read changes before it writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from taskward.database.statements import TransactionSteps, Values
from taskward.http.caller import Caller
from taskward.http.conditional import Gone, Versions
from taskward.http.errors import NotFound, PreconditionFailed
from taskward.tasks.commands import TaskCommands
from taskward.tasks.ids import created_at, new_task_id
from taskward.tasks.models import (
    NewTask,
    Subtasks,
    TaskChanges,
    task_json,
    task_record,
    uses_domain,
    version_tag,
)
from taskward.tasks.statements import GET_TASK
from taskward.tasks.steps.checks import WriteChecks
from taskward.tasks.steps.content import changed_labels, empty_task
from taskward.tasks.steps.reminders import store_reminders_steps
from taskward.tasks.steps.series import next_task_steps, take_back_steps, undo_steps
from taskward.tasks.steps.several import (
    delete_below_steps,
    move_below_steps,
    raise_children_steps,
    set_positions_steps,
)
from taskward.tasks.steps.statements import (
    ADD_LABELS,
    DROP_LABELS,
    FIND_TOMBSTONE,
    STORE_CHANGED,
    STORE_NEW,
)
from taskward.tasks.steps.subtasks import place_of
from taskward.tasks.tables import TaskRecord
from taskward.users.statements import LOCK_OWNER


@dataclass(frozen=True, slots=True)
class TaskSteps:
    """The writes of one owner. With `versions`, a task is changed only if it is in one of them.

    In a `batch` a version that does not match is answered with the current task.
    """

    user: Caller
    tombstones_kept: timedelta
    is_batch: bool = False

    def create(self, new: NewTask, given_id: UUID | None = None) -> TransactionSteps[TaskRecord]:
        """Stores a new task, at the id that the client has made, if any.

        `problem_of_client_id` has no problem with that id.

        Raises:
            PreconditionFailed: there is a task with that id.
            Gone: there was one.
            ValidationFailed: a list, parent or neighbour does not exist, or there is no room for it.

        """
        given = new.given()
        if given_id is None and not uses_domain(given):
            rows = yield self._commands().create(given)
            return task_record(rows[0])
        zone = yield from self._lock_steps()
        if given_id is not None:
            yield from self._check_free(given_id)
        task_id = given_id or new_task_id()
        made = created_at(task_id)
        now = made if given_id is None else max(made, datetime.now(UTC))
        before = empty_task(task_id, self.user.id, made)
        checked = yield from WriteChecks(self.user, now).steps(before, given)
        rows = yield STORE_NEW, checked.values
        if not rows:  # another request was the first write of this owner
            yield from self._check_free(task_id)
        yield from self._store_labels(before, checked.values)
        yield from store_reminders_steps(self.user.id, before, checked.values, zone)
        yield from set_positions_steps(self.user, checked.new_position.moved, now)
        return task_record(rows[0])

    def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None
    ) -> TransactionSteps[TaskRecord]:
        """Changes the given fields.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: as for `create`, or the changes do not fit what is stored.

        """
        given = changes.given()
        if not uses_domain(given):
            rows = yield self._commands().update(task_id, given, versions)
            if rows:
                return task_record(rows[0])
            yield from self._matching(task_id, versions)
        return (yield from self.update_all(task_id, given, versions))

    def update_all(
        self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None
    ) -> TransactionSteps[TaskRecord]:
        """Changes the given fields, and what depends on them in other tasks; raises as `update`."""
        zone = yield from self._lock_steps()
        before, now = (yield from self._matching(task_id, versions)), datetime.now(UTC)
        undo = yield from undo_steps(self.user.id, before, given)
        if undo is not None:
            before = undo.task
        checks = WriteChecks(self.user, now, zone, undo and undo.next_id)
        checked = yield from checks.steps(before, given)
        if undo is not None:
            yield from take_back_steps(self.user, task_id, undo.next_id, now, now - self.tombstones_kept)
        values = checked.values
        rows = yield STORE_CHANGED, values
        yield from self._store_labels(before, values)
        yield from store_reminders_steps(self.user.id, before, values, zone)
        if checked.next_task is not None:
            yield from next_task_steps(self.user, values, checked.recurrence, checked.next_task, zone)
        if values["list_id"] != place_of(before).list_id:
            yield from move_below_steps(self.user, task_id, values["list_id"], now)
        yield from set_positions_steps(self.user, checked.new_position.moved, now)
        return task_record(rows[0])

    def delete(
        self, task_id: UUID, versions: Versions | None, subtasks: Subtasks = "keep"
    ) -> TransactionSteps[None]:
        """Deletes a task.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        if not (yield self._commands().delete(task_id, versions)):
            yield from self.delete_tree(task_id, versions, subtasks)

    def delete_tree(
        self, task_id: UUID, versions: Versions | None, subtasks: Subtasks
    ) -> TransactionSteps[None]:
        """Deletes a task that may have subtasks; raises as `delete`."""
        write, values = self._commands().delete(task_id, versions)
        yield LOCK_OWNER, self._owner
        task = yield from self._matching(task_id, versions)
        if subtasks == "keep":
            yield from raise_children_steps(self.user, task_id, task.parent_id, values["now"])
        else:
            yield from delete_below_steps(self.user, task_id, values["now"], values["tombstones_since"])
        yield write, values

    def _lock_steps(self) -> TransactionSteps[str | None]:
        """Locks the owner's row; returns the time zone of the owner, at first that of the token."""
        locked = yield LOCK_OWNER, self._owner
        return locked[0][0] if locked else self.user.time_zone

    def _store_labels(self, before: TaskRecord, values: Values) -> TransactionSteps[None]:
        labels = changed_labels(before, values["extra"])
        if labels is None:
            return
        if before.version:
            yield DROP_LABELS, values
        yield ADD_LABELS, {**values, "labels": labels}

    def _check_free(self, task_id: UUID) -> TransactionSteps[None]:
        values = {**self._owner, "task_id": task_id}
        rows = yield GET_TASK, values
        if rows:
            raise _changed(task_record(rows[0]), "A task with this id exists", shown=True)
        if (yield FIND_TOMBSTONE, values):
            raise Gone("The task was deleted")

    def _matching(self, task_id: UUID, versions: Versions | None) -> TransactionSteps[TaskRecord]:
        """Returns the stored task.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        rows = yield GET_TASK, {**self._owner, "task_id": task_id}
        if not rows:
            raise NotFound
        task = task_record(rows[0])
        if versions is not None and task.version not in versions:
            raise _changed(task, None, shown=self.is_batch)
        return task

    @property
    def _owner(self) -> Values:
        return {"owner": self.user.id}

    def _commands(self) -> TaskCommands:
        return TaskCommands(self.user, self.tombstones_kept)


def _changed(task: TaskRecord, text: str | None, *, shown: bool) -> PreconditionFailed:
    return PreconditionFailed(version_tag(task.version), text, {"task": task_json(task)} if shown else None)
