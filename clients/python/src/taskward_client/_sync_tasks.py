# `make clients` writes this file from _async_tasks.py; do not edit it.
"""The tasks of a synchronous client."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, Unpack

from taskward_client import _operations as operations
from taskward_client._calls import Tagged
from taskward_client._operations import KeepOrDelete, TaskOperation, ToTrash
from taskward_client._sync_transport import Transport
from taskward_client.errors import PreconditionFailed
from taskward_client.types import (
    BatchResults,
    ListTasksQuery,
    NewTask,
    Task,
    TaskChanges,
    TaskDeleted,
    TaskList,
    TaskSummary,
)

_Operations: TypeAlias = list[TaskOperation]
_Days: TypeAlias = list[str]
_MAX_CONFLICTS = 5


class Tasks:
    """The user's tasks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **query: Unpack[ListTasksQuery]) -> TaskList:
        """Returns a page of tasks; `next_cursor` is the `cursor` of the next one."""
        return self._transport.send(operations.list_tasks(query))

    def iterate(self, **query: Unpack[ListTasksQuery]) -> Iterator[Task]:
        """Yields all tasks that fit, page after page."""
        while True:
            page = self.list(**query)
            yield from page["tasks"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def summary(self, now: str) -> TaskSummary:
        """Returns the numbers of open tasks; `now` is the time at the user, with an offset."""
        return self._transport.send(operations.summarize_tasks(now))

    def get(self, task_id: str) -> Tagged[Task]:
        """Returns a task."""
        return self._transport.send(operations.get_task(task_id))

    def create(self, task: NewTask, *, idempotency_key: str | None = None) -> Tagged[Task]:
        """Creates a task, once; give a key of your own if you repeat the call yourself."""
        return self._transport.send(operations.create_task(task, idempotency_key))

    def create_at(self, task_id: str, task: NewTask) -> Tagged[Task]:
        """Creates a task with an id of your own, a UUIDv7.

        If the response to an attempt is lost, it is sent again; if it has created the task, that is returned
        as it is now.

        Raises:
            PreconditionFailed: there was such a task before.

        """
        return self._transport.send(operations.create_task_at(task_id, task))

    def update(self, task_id: str, changes: TaskChanges, *, if_match: str | None = None) -> Tagged[Task]:
        """Changes the given fields and no others; null removes a value."""
        return self._transport.send(operations.update_task(task_id, changes, if_match))

    def patch(self, task_id: str, changes: TaskChanges, *, if_match: str | None = None) -> Tagged[Task]:
        """Does what `update` does, as a JSON Merge Patch."""
        return self._transport.send(operations.patch_task(task_id, changes, if_match))

    def edit(self, task_id: str, change: Callable[[Task], TaskChanges]) -> Tagged[Task]:
        """Changes a task depending on its present state: `change` gets the task and returns the changes.

        If the task is changed in between, it is read again and `change` is called again. Without
        changes nothing is written.

        Raises:
            PreconditionFailed: the task was changed in between five times in a row.

        """
        for last in (False,) * (_MAX_CONFLICTS - 1) + (True,):
            task = self.get(task_id)
            changes = change(task.value)
            if not changes:
                break
            try:
                return self.update(task_id, changes, if_match=task.etag)
            except PreconditionFailed:
                if last:
                    raise
        return task

    def delete(
        self,
        task_id: str,
        *,
        subtasks: KeepOrDelete | None = None,
        to: ToTrash | None = None,
        if_match: str | None = None,
    ) -> TaskDeleted:
        """Deletes a task, permanently unless `to` is `trash`.

        The tasks below it move up, unless `subtasks` is `delete`.
        """
        return self._transport.send(operations.delete_task(task_id, subtasks, to, if_match))

    def occurrences(self, task_id: str, *, limit: int | None = None) -> _Days:
        """Returns the next days of a recurring task."""
        return self._transport.send(operations.list_occurrences(task_id, limit))

    def batch(
        self, operations_: _Operations, *, atomic: bool = False, idempotency_key: str | None = None
    ) -> BatchResults:
        """Carries out up to 100 operations on tasks, in order, in one transaction."""
        call = operations.batch_tasks(operations_, idempotency_key, atomic=atomic)
        return self._transport.send(call)
