"""The writes of one owner's tasks, as steps that run one after the other.

A write that changes one task and its own rows is one statement, or a read before it: `…_alone`. The statement
holds only for what was read, so that it needs no transaction. Returns None if the write concerns other tasks
(a parent, neighbours, a series, a subtree) or if another request came in between. Then it runs again in a
transaction that locks the owner's row first, so that nothing that it has read changes before it writes:
`…_locked`.

Everything is checked before the first change, so that a batch can go on after a write that fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from taskward.database.statements import Row, Step, TransactionSteps, Values, Write
from taskward.http.caller import Owner
from taskward.http.conditional import Gone, Versions
from taskward.http.errors import DatabaseError, PreconditionFailed
from taskward.ids import created_at, new_id
from taskward.tasks.errors import TASK_CHANGED, TASK_DELETED, TaskNotFound
from taskward.tasks.fields import BASE_FIELDS
from taskward.tasks.models import NewTask, Subtasks, TaskChanges, To
from taskward.tasks.records import task_json, task_record, version_tag
from taskward.tasks.statements import (
    CHANGE_TASK,
    CREATE_TASK,
    DELETE_LOCKED_TASK,
    DELETE_TASK,
    GET_TASK,
    MOVE_TASK,
    READ_TO_CHANGE,
    RESCHEDULE_TASK,
    SWITCH_TASK,
    TRASH_LOCKED_TASK,
    TRASH_TASK,
    UPDATE_TASK,
)
from taskward.tasks.steps.assignment import assignee_steps, check_fields, present_steps
from taskward.tasks.steps.checks import WriteChecks, check_all_steps
from taskward.tasks.steps.content import (
    empty_task,
    in_utc,
    stored_task,
    text_values,
    values_alone,
)
from taskward.tasks.steps.reminders import follow_tasks_steps, pending_moments_steps
from taskward.tasks.steps.series import is_part_of_series, next_task_steps, take_back_steps, undo_steps
from taskward.tasks.steps.several import (
    delete_below_steps,
    move_below_steps,
    raise_children_steps,
    set_positions_steps,
)
from taskward.tasks.steps.statements import FIND_DELETED
from taskward.tasks.steps.subtasks import place_of
from taskward.tasks.tables import RECORD_WIDTH, TaskRecord
from taskward.users.retention import Deletion, Retention
from taskward.users.statements import LOCK_OWNER, person_values

MAX_ATTEMPTS: Final = 4
"""Attempts at an update of a task that others change at the same time, before it locks the owner."""

Response = Callable[[TaskRecord], Values]
"""Returns the values that store the response to a create under its idempotency key."""


@dataclass(frozen=True, slots=True)
class TaskSteps:
    """The writes of one owner. With `versions`, a task is changed only if it is in one of them.

    If `is_batch`, the error for another version carries the current task.
    """

    owner: Owner
    retention: Retention
    is_batch: bool = False

    def create(self, new: NewTask, client_id: UUID | None = None) -> TransactionSteps[TaskRecord]:
        """Stores a new task, at the id that the client has made, if any.

        `client_id` is valid: see `problem_of_client_id`.

        Raises:
            PreconditionFailed: there is a task with that id.
            Gone: there was one.
            ValidationFailed: a list, parent or neighbour does not exist, or there is no room for it.

        """
        task = yield from self.create_alone(new, client_id)
        return task or (yield from self.create_locked(new, client_id))

    def create_alone(
        self, new: NewTask, client_id: UUID | None = None, response: Response | None = None
    ) -> TransactionSteps[TaskRecord | None]:
        """Stores a new task by one statement; raises as `create`."""
        given = new.given()
        check_fields(self.owner, given)
        # The stored response names the member, who is known only once the role is read.
        is_known = self.owner.author is None or self.owner.written_by is not None
        if _concerns_other_rows(given) or (response is not None and not is_known):
            return None
        before, now = self._new_task(client_id)
        values = values_alone(self.owner, before, given, now, self.owner.time_zone)
        if values is None:
            return None
        depends = values.get("list_id") is not None or values.get("moments_zone") is not None
        values |= {"client_id": client_id, "is_conditional": depends or client_id is not None}
        return (yield from self._store_new(before, values, response))

    def create_locked(
        self, new: NewTask, client_id: UUID | None = None, response: Response | None = None
    ) -> TransactionSteps[TaskRecord]:
        """Stores a new task in a transaction; raises as `create`."""
        zone = yield from self._lock_steps()
        if client_id is not None:
            yield from self._check_free(client_id)
        before, now = self._new_task(client_id)
        given = new.given()
        checks = WriteChecks(self.owner.id, now, zone).steps(before, given)
        checked, assigned_to = yield from check_all_steps(checks, assignee_steps(self.owner, before, given))
        values = person_values(self.owner) | checked.values | checked.reminders.values(now)
        values |= {"is_conditional": False, "moments_zone": None, "assigned_to": assigned_to}
        task = yield from self._store_new(before, values, response)
        if task is None:
            if client_id is not None:  # another request was the first write of this owner
                yield from self._check_free(client_id)
            raise DatabaseError(reason="a new id is in use")
        yield from set_positions_steps(self.owner.id, checked.new_position.moved, now)
        return task

    def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None
    ) -> TransactionSteps[TaskRecord]:
        """Changes the given fields.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: as for `create`, or the changes do not fit what is stored.

        """
        given = changes.given()
        task = yield from self.update_alone(task_id, given, versions)
        return task or (yield from self.update_locked(task_id, given, versions))

    def update_alone(
        self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None
    ) -> TransactionSteps[TaskRecord | None]:
        """Changes the given fields of a task by one statement, or by a read and one; raises as `update`.

        The base fields need nothing that is stored, unless the task is one of a series or has reminders.
        """
        check_fields(self.owner, given)
        if given.keys() <= BASE_FIELDS:
            rows = yield self._base_change(task_id, given, versions)
            if rows:
                return task_record(rows[0])
        elif _concerns_other_rows(given):
            return None
        for _ in range(MAX_ATTEMPTS):
            before, values = yield from self._read_and_merge(task_id, given, versions)
            if values is None:
                break
            write = self._change(given, moves=values["list_id"] != before.list_id)
            rows = (yield write, values) if write is not None else ()
            if rows:
                return stored_task(before, values, rows[0][0], self.owner.written_by)
            if write is not CHANGE_TASK:  # what it depends on may not be so
                break
        return None

    def update_locked(
        self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None
    ) -> TransactionSteps[TaskRecord]:
        """Changes the given fields, and what depends on them in other tasks; raises as `update`."""
        zone = yield from self._lock_steps()
        before = stored = yield from self._matching(task_id, versions)
        now = _later(before)
        undo = yield from undo_steps(self.owner.id, before, given)
        if undo is not None:
            before = undo.task
        checks = WriteChecks(self.owner.id, now, zone, undo and undo.next_id).steps(before, given)
        checked, assigned_to = yield from check_all_steps(checks, assignee_steps(self.owner, before, given))
        if undo is not None:
            deletion = self.retention.deletion(now, to_trash=False)
            yield from take_back_steps(self.owner.id, task_id, undo.next_id, deletion)
        renumbers = checked.reminders.renumbers
        pending = (yield from pending_moments_steps(self.owner.id, task_id)) if renumbers else ()
        values = checked.values | checked.reminders.values(now, pending)
        values |= {"seen": stored.version, "moments_zone": None, "assigned_to": assigned_to}
        rows = yield CHANGE_TASK, values
        task = stored_task(before, values, rows[0][0], self.owner.written_by)
        if checked.next_task is not None:
            keeps = yield from present_steps(self.owner.id, assigned_to)
            following = values | {"assigned_to": keeps}
            yield from next_task_steps(self.owner, following, checked.recurrence, checked.next_task, zone)
        lists = {place_of(before).list_id, undo.list_id if undo else values["list_id"]}
        if lists != {values["list_id"]}:
            yield from move_below_steps(self.owner.id, task_id, values["list_id"], now)
        yield from set_positions_steps(self.owner.id, checked.new_position.moved, now)
        if self._reschedules(given):
            yield from follow_tasks_steps(self.owner.id, [task_id])
        return task

    def delete(
        self,
        task_id: UUID,
        versions: Versions | None,
        subtasks: Subtasks | None = None,
        to: To | None = None,
    ) -> TransactionSteps[None]:
        """Deletes a task, by default without its subtasks, for good or to the trash.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: there is no trash.

        """
        if not (yield from self.delete_alone(task_id, versions, to)):
            yield from self.delete_locked(task_id, versions, subtasks or "keep", to)

    def delete_alone(
        self, task_id: UUID, versions: Versions | None, to: To | None = None
    ) -> TransactionSteps[bool]:
        """Deletes a task by one statement; returns false if it is not there, or has subtasks or comments."""
        deletion = self._deletion_now(to)
        write = DELETE_TASK if deletion.trash_since is None else TRASH_TASK
        return bool((yield write, self._deletion_values(task_id, versions, deletion)))

    def delete_locked(
        self, task_id: UUID, versions: Versions | None, subtasks: Subtasks, to: To | None = None
    ) -> TransactionSteps[None]:
        """Deletes a task that may have subtasks or comments; raises as `delete`."""
        deletion = self._deletion_now(to)
        yield LOCK_OWNER, self._owner
        task = yield from self._matching(task_id, versions)
        if subtasks == "keep":
            yield from raise_children_steps(self.owner.id, task_id, task.parent_id, deletion.now)
        else:
            yield from delete_below_steps(self.owner.id, task_id, deletion)
        write = DELETE_LOCKED_TASK if deletion.trash_since is None else TRASH_LOCKED_TASK
        yield write, self._deletion_values(task_id, versions, deletion)

    def _change(self, given: Mapping[str, Any], *, moves: bool) -> Write | None:
        """Returns the statement for a change of one task; None if there is none for all of that."""
        if not self._reschedules(given):
            return MOVE_TASK if moves else CHANGE_TASK
        return None if moves else RESCHEDULE_TASK

    def _reschedules(self, given: Mapping[str, Any]) -> bool:
        """Returns whether these changes may move reminders that members have for the task."""
        return self.owner.author is not None and not _SCHEDULE.isdisjoint(given)

    def _deletion_now(self, to: To | None) -> Deletion:
        return self.retention.deletion(datetime.now(UTC), to_trash=to is not None)

    def _lock_steps(self) -> TransactionSteps[str | None]:
        """Locks the owner's row; returns the time zone of the owner, at first that of the token."""
        locked = yield LOCK_OWNER, self._owner
        return locked[0][0] if locked else self.owner.time_zone

    def _new_task(self, client_id: UUID | None) -> tuple[TaskRecord, datetime]:
        """Returns an empty task with its id, and the time of its first write."""
        task_id = client_id or new_id()
        made = created_at(task_id)
        now = made if client_id is None else max(made, datetime.now(UTC))
        return empty_task(task_id, self.owner.id, made), now

    def _store_new(
        self, before: TaskRecord, values: Mapping[str, Any], response: Response | None
    ) -> TransactionSteps[TaskRecord | None]:
        if response is not None:  # its body does not have the version
            values = {**values, **response(stored_task(before, values, 0, self.owner.written_by))}
        rows = yield CREATE_TASK, values
        return stored_task(before, values, rows[0][0], self.owner.written_by) if rows else None

    def _base_change(self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None) -> Step:
        values = {
            "owner": self.owner.id,
            "task_id": task_id,
            "now": datetime.now(UTC),
            **text_values(given.get("title"), given.get("description")),
            "is_completed": given.get("is_completed"),
            "completed_at": in_utc(given.get("completed_at")),
            "describes": "description" in given,
            "versions": versions,
        }
        if self.owner.author is None or "is_completed" not in given:
            return UPDATE_TASK, values
        return SWITCH_TASK, values | {"was_completed": not given["is_completed"]}

    def _deletion_values(
        self, task_id: UUID, versions: Versions | None, deletion: Deletion
    ) -> dict[str, Any]:
        """Returns the values of the writes that delete a task."""
        return {**self._owner, "task_id": task_id, "versions": versions, **deletion._asdict()}

    def _read_and_merge(
        self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None
    ) -> TransactionSteps[tuple[TaskRecord, dict[str, Any] | None]]:
        """Returns the stored task, and what a change of it stores; None if that needs a lock.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        rows = yield READ_TO_CHANGE, {**self._owner, "task_id": task_id}
        task = self._in_version(rows, versions)
        next_version, zone = rows[0][RECORD_WIDTH : RECORD_WIDTH + 2]
        if is_part_of_series(task, given, next_version):
            return task, None
        values = values_alone(self.owner, task, given, _later(task), zone)
        leaves_parent = task.parent_id is not None and values and values["list_id"] != task.list_id
        return task, None if leaves_parent else values

    def _check_free(self, task_id: UUID) -> TransactionSteps[None]:
        values = {**self._owner, "task_id": task_id}
        rows = yield GET_TASK, values
        if rows:
            raise _changed(task_record(rows[0]), "A task with this id exists", shown=True)
        if (yield FIND_DELETED, values):
            raise Gone(TASK_DELETED)

    def _matching(self, task_id: UUID, versions: Versions | None) -> TransactionSteps[TaskRecord]:
        """Returns the stored task.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        rows = yield GET_TASK, {**self._owner, "task_id": task_id}
        return self._in_version(rows, versions)

    def _in_version(self, rows: Sequence[Row], versions: Versions | None) -> TaskRecord:
        if not rows:
            raise TaskNotFound
        task = task_record(rows[0])
        if versions is not None and task.version not in versions:
            raise _changed(task, TASK_CHANGED, shown=self.is_batch)
        return task

    @property
    def _owner(self) -> Values:
        return {"owner": self.owner.id}


_SCHEDULE: Final = frozenset({"due", "is_completed", "completed_at"})
"""The fields on which reminders depend that members of a space have for a task."""


def _concerns_other_rows(given: Mapping[str, Any]) -> bool:
    """Returns whether the fields concern another row: a parent, neighbours, or an assignee."""
    if given.get("assigned_to") is not None:
        return True
    return "parent_id" in given or isinstance(given.get("position"), dict)


def _later(before: TaskRecord) -> datetime:
    """Returns the time of an update, which moves forward also if the clock has not."""
    return max(datetime.now(UTC), before.updated_at + timedelta(microseconds=1))


def _changed(task: TaskRecord, text: str, *, shown: bool) -> PreconditionFailed:
    return PreconditionFailed(version_tag(task.version), text, {"task": task_json(task)} if shown else None)
