"""The tasks of one owner; every statement is filtered by that owner."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from taskward.database import DATABASE, Queries
from taskward.database.statements import T, TransactionSteps, Values, Write
from taskward.http.caller import Caller
from taskward.http.conditional import Versions, scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import INVALID_CURSOR, scope_of
from taskward.http.errors import FieldError, NotFound, PreconditionFailed, ValidationFailed
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.commands import TaskCommands, expected_task
from taskward.tasks.cursor import read_cursor, write_cursor
from taskward.tasks.list_cache import LIST_CACHE, CachedList, ListCache
from taskward.tasks.list_statements import filtered_list
from taskward.tasks.models import (
    NewTask,
    Subtasks,
    TaskChanges,
    task_json,
    task_path,
    task_record,
    uses_domain,
    version_tag,
)
from taskward.tasks.query import ListQuery
from taskward.tasks.sorts import position_of, position_values
from taskward.tasks.statements import (
    COUNTER,
    CREATE_TASK_ONCE,
    DROP_EXPIRED_RESPONSES,
    GET_TASK,
    LISTS,
    STORE_RESPONSE,
)
from taskward.tasks.steps import TaskSteps
from taskward.tasks.tables import TaskRecord, columns_after_task, task_records
from taskward.tasks.tombstones import TOMBSTONES_KEPT


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
    _user: Caller
    _list_cache: ListCache
    _tombstones_kept: timedelta

    async def counter(self) -> int:
        """Returns the number of the owner's last write, by reading one row; 0 before the first write."""
        rows = await self._database.rows(COUNTER, {"owner": self._user.id})
        return int(rows[0][0]) if rows else 0

    async def list_body(self, query: ListQuery) -> CachedList:
        """Returns a page of the owner's tasks as a response body, from the cache if possible.

        Raises:
            ValidationFailed: see `page`.

        """
        cached = self._list_cache.get(self._user.id, query)
        if cached is not None and cached.counter == await self.counter():
            return cached
        page = await self.page(query)
        body = await write_json_list("tasks", page.tasks, task_json, {"next_cursor": page.next_cursor})
        entry = CachedList(body, self.list_tag(query, page.counter), page.counter)
        self._list_cache.put(self._user.id, query, entry)
        return entry

    async def page(self, query: ListQuery) -> Page:
        """Returns one page of the owner's tasks.

        Raises:
            ValidationFailed: the cursor is not valid for this owner, sort and filter.

        """
        values = {"owner": self._user.id, **query.values, **self._position(query)}
        statement = LISTS.get(query.shape) or filtered_list(*query.shape)
        rows = await self._database.rows(statement, values)
        counter = columns_after_task(rows[0])[0] if rows else 0
        if not rows:
            # An empty page does not carry the counter: read the counter first, then the page again.
            counter = await self.counter()
            rows = await self._database.rows(statement, values) if counter else ()
        tasks = task_records(rows[: query.limit])
        follows = len(rows) > query.limit
        return Page(tasks, self._cursor(query, tasks[-1]) if follows else None, counter)

    async def tag_now(self, query: ListQuery) -> str:
        """Returns the current entity tag of a page, without reading the page.

        Raises:
            ValidationFailed: see `page`.

        """
        self._position(query)
        return self.list_tag(query, await self.counter())

    def list_tag(self, query: ListQuery, counter: int) -> str:
        """Returns the entity tag of a page at that counter."""
        return scoped_tag(counter, scope_of(query.cursor_scope(self._user.id), query.cursor, query.limit))

    async def get(self, task_id: UUID) -> TaskRecord:
        """Returns one task.

        Raises:
            NotFound: the owner has no task of that id.

        """
        rows = await self._database.rows(GET_TASK, {"owner": self._user.id, "task_id": task_id})
        if not rows:
            raise NotFound
        return task_record(rows[0])

    async def create(self, new: NewTask, record: PendingRecord | None = None) -> TaskRecord:
        """Stores a new task, and the owner's row with the first one; with a `record`, also the response.

        Raises:
            ValidationFailed: a list, parent or neighbour does not exist, or there is no room for it.

        """
        given = new.given()
        if uses_domain(given):
            return await self._transact(lambda: self._create_steps(new, record))
        write, values = self._commands().create(given)
        if record is not None:
            write = CREATE_TASK_ONCE
            body = dump_json(task_json(expected_task(values)))
            values |= record.values(201, body, task_path(values["task_id"]))
        task = await self._write(write, values)
        if task is None:
            raise AssertionError("a task was created and not returned")
        return task

    async def create_at(self, task_id: UUID, new: NewTask) -> TaskRecord:
        """Stores a new task with an id that the client has made.

        Raises:
            PreconditionFailed: the owner has a task of that id.
            Gone: such a task was deleted.
            ValidationFailed: as for `create`.

        """
        return await self._transact(lambda: self._steps().create(new, task_id))

    async def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None = None
    ) -> TaskRecord:
        """Changes the given fields; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.
            ValidationFailed: as for `create`, or the changes do not fit what is stored.

        """
        given = changes.given()
        if uses_domain(given):
            return await self._transact(lambda: self._steps().update(task_id, changes, versions))
        if task := await self._write(*self._commands().update(task_id, given, versions)):
            return task
        await self._require_matching(task_id, given, versions)
        return await self._transact(lambda: self._steps().update_all(task_id, given, versions))

    async def delete(
        self, task_id: UUID, versions: Versions | None = None, subtasks: Subtasks = "keep"
    ) -> None:
        """Deletes a task permanently; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        if await self._write(*self._commands().delete(task_id, versions)) is None:
            await self.get(task_id)
            await self._transact(lambda: self._steps().delete_tree(task_id, versions, subtasks))

    def _create_steps(self, new: NewTask, record: PendingRecord | None) -> TransactionSteps[TaskRecord]:
        task = yield from self._steps().create(new)
        if record is not None:
            tag, body = version_tag(task.version), dump_json(task_json(task))
            values = record.values(201, body, task_path(task.id))
            yield STORE_RESPONSE, {"owner": self._user.id, **values, "tag": tag}
            yield DROP_EXPIRED_RESPONSES, {"owner": self._user.id, **values}
        return task

    def _commands(self) -> TaskCommands:
        return TaskCommands(self._user, self._tombstones_kept)

    def _steps(self) -> TaskSteps:
        return TaskSteps(self._user, self._tombstones_kept)

    async def _transact(self, steps: Callable[[], TransactionSteps[T]]) -> T:
        result = await self._database.transact(steps)
        self._list_cache.forget(self._user.id)
        return result

    async def _write(self, write: Write, values: Values) -> TaskRecord | None:
        row = await self._database.write(write, values)
        self._list_cache.forget(self._user.id)
        return None if row is None else task_record(row)

    async def _require_matching(
        self, task_id: UUID, given: Mapping[str, Any], versions: Versions | None
    ) -> None:
        """Raises the error for a task that an update did not find: no such task, or another version."""
        if versions is None and "is_completed" not in given:  # any task would do
            raise NotFound
        task = await self.get(task_id)
        if versions is not None and task.version not in versions:
            raise PreconditionFailed(version_tag(task.version))

    def _position(self, query: ListQuery) -> dict[str, Any]:
        if query.cursor is None:
            return {}
        position = read_cursor(query.cursor, query.cursor_scope(self._user.id))
        values = None if position is None else position_values(query.sort, position)
        if values is None:
            raise ValidationFailed([FieldError("cursor", INVALID_CURSOR)])
        return values

    def _cursor(self, query: ListQuery, last: TaskRecord) -> str:
        return write_cursor(position_of(query.sort, last), query.cursor_scope(self._user.id))


def _my_tasks(context: Context) -> TaskStore:
    parts = context.parts
    return TaskStore(parts[DATABASE], context.caller, parts[LIST_CACHE], parts[TOMBSTONES_KEPT])


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""
