"""The tasks of one owner; every statement is filtered by that owner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from taskward.database import OWNED_ROWS, Queries
from taskward.database.statements import T, TransactionSteps
from taskward.database.transaction_run import run_each
from taskward.http.caller import Owner
from taskward.http.conditional import Versions, scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import INVALID_CURSOR, scope_of
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.cursor import read_cursor, write_cursor
from taskward.tasks.errors import TaskNotFound
from taskward.tasks.fields.assignee import ME
from taskward.tasks.list_cache import LIST_CACHE, CachedList, ListCache
from taskward.tasks.list_statements import filtered_list
from taskward.tasks.models import NewTask, Subtasks, TaskChanges, To
from taskward.tasks.query import ListQuery
from taskward.tasks.records import task_json, task_path, task_record
from taskward.tasks.sorts import position_of, position_values
from taskward.tasks.statements import COUNTER, GET_TASK, LISTS, MY_MEMBER_ID
from taskward.tasks.steps import TaskSteps
from taskward.tasks.steps.assignment import check_fields
from taskward.tasks.tables import TaskRecord, columns_after_task, task_records
from taskward.users.retention import RETENTION, Retention


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an owner's tasks, the cursor of the next page, and the owner's counter."""

    tasks: Sequence[TaskRecord]
    next_cursor: str | None
    counter: int


@dataclass(frozen=True, slots=True)
class TaskStore:
    """The tasks of one owner, who is fixed for the store's lifetime."""

    _database: Queries
    owner: Owner
    _list_cache: ListCache
    _retention: Retention

    async def counter(self) -> int:
        """Returns the number of the owner's last write, by reading one row; 0 before the first write."""
        rows = await self._database.rows(COUNTER, {"owner": self.owner.id})
        return int(rows[0][0]) if rows else 0

    async def for_caller(self, query: ListQuery) -> ListQuery:
        """Returns a query by an assignee, of whom `me` is the caller.

        Raises:
            ValidationFailed: the owner is a person, whose tasks have no assignees.

        """
        if self.owner.author is None:
            message = "There are no assignees in private tasks"
            raise ValidationFailed([FieldError("assigned_to", message)])
        if query.assigned_to != ME:
            return query
        rows = await self._database.rows(MY_MEMBER_ID, {"owner": self.owner.id})
        return query.assigned_to_member(UUID(str(rows[0][0])))

    async def list_body(self, query: ListQuery, counter: int | None = None) -> CachedList:
        """Returns a page of the owner's tasks as a response body, from the cache if possible.

        `counter` is the owner's counter if the request has read it; it is read if the cache has the page.

        Raises:
            ValidationFailed: see `page`.

        """
        cached = self._list_cache.get(self.owner.id, query)
        if cached is not None:
            counter = await self.counter() if counter is None else counter
            if cached.counter == counter:
                return cached
        page = await self.page(query, counter)
        body = await write_json_list("tasks", page.tasks, task_json, {"next_cursor": page.next_cursor})
        entry = CachedList(body, self.list_tag(query, page.counter), page.counter)
        self._list_cache.put(self.owner.id, query, entry)
        return entry

    async def page(self, query: ListQuery, counter: int | None = None) -> Page:
        """Returns one page of the owner's tasks; `counter` as for `list_body`.

        An empty page does not carry the counter, so that its counter is one that was read before it.

        Raises:
            ValidationFailed: the cursor is not valid for this owner, sort and filter.

        """
        values = {"owner": self.owner.id, **query.values, **self._position(query)}
        statement = LISTS.get(query.shape) or filtered_list(query.shape)
        rows = await self._database.rows(statement, values)
        if not rows and counter is None:
            counter = await self.counter()
            rows = await self._database.rows(statement, values) if counter else ()
        counter = columns_after_task(rows[0])[0] if rows else counter or 0
        tasks = task_records(rows[: query.limit])
        follows = len(rows) > query.limit
        return Page(tasks, self._cursor(query, tasks[-1]) if follows else None, counter)

    async def tag_now(self, query: ListQuery) -> tuple[str, int]:
        """Returns the current entity tag of a page, without reading the page, and the owner's counter.

        Raises:
            ValidationFailed: see `page`.

        """
        self._position(query)
        counter = await self.counter()
        return self.list_tag(query, counter), counter

    def list_tag(self, query: ListQuery, counter: int) -> str:
        """Returns the entity tag of a page at that counter."""
        return scoped_tag(counter, scope_of(query.cursor_scope(self.owner.id), query.cursor, query.limit))

    async def get(self, task_id: UUID) -> TaskRecord:
        """Returns one task.

        Raises:
            TaskNotFound: the owner has no task of that id.

        """
        rows = await self._database.rows(GET_TASK, {"owner": self.owner.id, "task_id": task_id})
        if not rows:
            raise TaskNotFound
        return task_record(rows[0])

    def check(self, new: NewTask) -> None:
        """Raises ValidationFailed for a field that no task of the owner has; reads nothing."""
        check_fields(self.owner, new.given())

    async def create(self, new: NewTask, record: PendingRecord | None = None) -> TaskRecord:
        """Stores a new task, and the owner's row with the first one; with a `record`, also the response.

        Raises:
            ValidationFailed: a list, parent or neighbour does not exist, or there is no room for it.

        """
        response = None if record is None else partial(_response_values, self.owner, record)
        steps = self._steps()
        return await self._write(
            lambda: steps.create_alone(new, response=response),
            lambda: steps.create_locked(new, response=response),
        )

    async def create_at(self, task_id: UUID, new: NewTask) -> TaskRecord:
        """Stores a new task with an id that the client has made.

        Raises:
            PreconditionFailed: the owner has a task of that id.
            Gone: such a task was deleted.
            ValidationFailed: as for `create`.

        """
        steps = self._steps()
        return await self._write(
            lambda: steps.create_alone(new, task_id), lambda: steps.create_locked(new, task_id)
        )

    async def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None = None
    ) -> TaskRecord:
        """Changes the given fields; with `versions`, only if the task is in one of them.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: as for `create`, or the changes do not fit what is stored.

        """
        given, steps = changes.given(), self._steps()
        return await self._write(
            lambda: steps.update_alone(task_id, given, versions),
            lambda: steps.update_locked(task_id, given, versions),
        )

    async def delete(
        self,
        task_id: UUID,
        versions: Versions | None = None,
        subtasks: Subtasks = "keep",
        to: To | None = None,
    ) -> None:
        """Deletes a task, for good or to the trash; with `versions`, only if the task is in one of them.

        Raises:
            TaskNotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: there is no trash.

        """
        steps = self._steps()
        await self._write(
            lambda: steps.delete_alone(task_id, versions, to),
            lambda: steps.delete_locked(task_id, versions, subtasks, to),
        )

    def _steps(self) -> TaskSteps:
        return TaskSteps(self.owner, self._retention)

    async def _write(
        self,
        alone: Callable[[], TransactionSteps[T | None]],
        locked: Callable[[], TransactionSteps[T]],
    ) -> T:
        """Runs a write as single statements; if that is not possible, as a transaction."""
        result = await run_each(self._database, alone())
        if not result:
            result = await self._database.transact(locked)
        self._list_cache.forget(self.owner.id)
        return result

    def _position(self, query: ListQuery) -> dict[str, Any]:
        if query.cursor is None:
            return {}
        position = read_cursor(query.cursor, query.cursor_scope(self.owner.id))
        values = None if position is None else position_values(query.sort, position)
        if values is None:
            raise ValidationFailed([FieldError("cursor", INVALID_CURSOR)])
        return values

    def _cursor(self, query: ListQuery, last: TaskRecord) -> str:
        return write_cursor(position_of(query.sort, last), query.cursor_scope(self.owner.id))


def _response_values(owner: Owner, record: PendingRecord, task: TaskRecord) -> dict[str, Any]:
    return record.values(201, dump_json(task_json(task)), task_path(owner, task.id))


def _my_tasks(context: Context) -> TaskStore:
    parts = context.parts
    return TaskStore(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], parts[RETENTION])


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""
