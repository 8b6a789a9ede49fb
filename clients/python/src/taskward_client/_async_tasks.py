"""The tasks of an asynchronous client."""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias, Unpack

from taskward_client import _operations as operations
from taskward_client._async_transport import AsyncTransport
from taskward_client._calls import Tagged
from taskward_client._operations import KeepOrDelete, TaskOperation, ToTrash
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


class AsyncTasks:
    """The user's tasks."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **query: Unpack[ListTasksQuery]) -> TaskList:
        """Returns a page of tasks; `next_cursor` is the `cursor` of the next one."""
        return await self._transport.send(operations.list_tasks(query))

    async def iterate(self, **query: Unpack[ListTasksQuery]) -> AsyncIterator[Task]:
        """Yields all tasks that fit, page after page."""
        while True:
            page = await self.list(**query)
            for task in page["tasks"]:
                yield task
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def summary(self, now: str) -> TaskSummary:
        """Returns the numbers of open tasks; `now` is the time at the user, with an offset."""
        return await self._transport.send(operations.summarize_tasks(now))

    async def get(self, task_id: str) -> Tagged[Task]:
        """Returns a task."""
        return await self._transport.send(operations.get_task(task_id))

    async def create(self, task: NewTask, *, idempotency_key: str | None = None) -> Tagged[Task]:
        """Creates a task, once; give a key of your own if you repeat the call yourself."""
        return await self._transport.send(operations.create_task(task, idempotency_key))

    async def create_at(self, task_id: str, task: NewTask) -> Tagged[Task]:
        """Creates a task with an id of your own, a UUIDv7.

        If the response to an attempt is lost, it is sent again; if it has created the task, that is returned
        as it is now.

        Raises:
            PreconditionFailed: there was such a task before.

        """
        return await self._transport.send(operations.create_task_at(task_id, task))

    async def update(
        self, task_id: str, changes: TaskChanges, *, if_match: str | None = None
    ) -> Tagged[Task]:
        """Changes the given fields and no others; null removes a value."""
        return await self._transport.send(operations.update_task(task_id, changes, if_match))

    async def patch(self, task_id: str, changes: TaskChanges, *, if_match: str | None = None) -> Tagged[Task]:
        """Does what `update` does, as a JSON Merge Patch."""
        return await self._transport.send(operations.patch_task(task_id, changes, if_match))

    async def edit(self, task_id: str, change: Callable[[Task], TaskChanges]) -> Tagged[Task]:
        """Changes a task depending on its present state: `change` gets the task and returns the changes.

        If the task is changed in between, it is read again and `change` is called again. Without
        changes nothing is written.

        Raises:
            PreconditionFailed: the task was changed in between five times in a row.

        """
        for last in (False,) * (_MAX_CONFLICTS - 1) + (True,):
            task = await self.get(task_id)
            changes = change(task.value)
            if not changes:
                break
            try:
                return await self.update(task_id, changes, if_match=task.etag)
            except PreconditionFailed:
                if last:
                    raise
        return task

    async def delete(
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
        return await self._transport.send(operations.delete_task(task_id, subtasks, to, if_match))

    async def occurrences(self, task_id: str, *, limit: int | None = None) -> _Days:
        """Returns the next days of a recurring task."""
        return await self._transport.send(operations.list_occurrences(task_id, limit))

    async def batch(
        self, operations_: _Operations, *, atomic: bool = False, idempotency_key: str | None = None
    ) -> BatchResults:
        """Carries out up to 100 operations on tasks, in order, in one transaction."""
        call = operations.batch_tasks(operations_, idempotency_key, atomic=atomic)
        return await self._transport.send(call)
