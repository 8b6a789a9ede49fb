"""The tasks of one owner; every statement is filtered by that owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import Depends

from taskward.auth.current_user import User
from taskward.database import Queries
from taskward.database.statements import Values, Write
from taskward.http.conditional import Versions, scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import scope_of
from taskward.http.errors import FieldError, NotFound, PreconditionFailed, ValidationFailed
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.batch import BatchResponse, batch_steps, plan_operation
from taskward.tasks.batch_models import Batch
from taskward.tasks.commands import TaskCommands
from taskward.tasks.cursor import read_cursor, write_cursor
from taskward.tasks.list_cache import CachedList, ListCache
from taskward.tasks.list_statements import filtered_list
from taskward.tasks.models import NewTask, TaskChanges, task_json, task_path, version_tag
from taskward.tasks.query import ListQuery
from taskward.tasks.sorts import position_of, position_values
from taskward.tasks.statements import COUNTER, CREATE_TASK_ONCE, GET_TASK, LISTS
from taskward.tasks.tables import TaskRecord, columns_after_task, task_record, task_records


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an owner's tasks, the cursor of the next page, and the owner's counter."""

    tasks: Sequence[TaskRecord]
    next_cursor: str | None
    counter: int


class TaskStore:
    """The tasks of one owner, who is fixed for the store's lifetime."""

    def __init__(
        self, database: Queries, user: User, list_cache: ListCache, tombstones_kept: timedelta
    ) -> None:
        self._database = database
        self._list_cache = list_cache
        self._user = user
        self._tombstones_kept = tombstones_kept

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
        """Stores a new task, and the owner's row with the first one; with a `record`, also the response."""
        write, values = self._commands().create(new)
        if record is not None:
            write = CREATE_TASK_ONCE
            body = dump_json(task_json(_expected_task(values)))
            values |= record.values(201, body, task_path(values["task_id"]))
        task = await self._write(write, values)
        if task is None:
            raise AssertionError("a task was created and not returned")
        return task

    async def update(
        self, task_id: UUID, changes: TaskChanges, versions: Versions | None = None
    ) -> TaskRecord:
        """Changes the given fields; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        task = await self._write(*self._commands().update(task_id, changes, versions))
        return task or await self._raise_missing_or_changed(task_id, versions)

    async def delete(self, task_id: UUID, versions: Versions | None = None) -> None:
        """Deletes a task permanently; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        if await self._write(*self._commands().delete(task_id, versions)) is None:
            await self._raise_missing_or_changed(task_id, versions)

    async def batch(self, batch: Batch, record: PendingRecord | None = None) -> BatchResponse:
        """Runs the operations of a batch in one transaction and returns the response."""
        commands = self._commands()
        planned = [plan_operation(operation, commands) for operation in batch.validated()]

        def kept(body: bytes) -> Values | None:
            return {"owner": self._user.id, **record.values(200, body)} if record else None

        response = await self._database.transact(lambda: batch_steps(planned, kept, atomic=batch.atomic))
        self._list_cache.forget(self._user.id)
        return response

    def _commands(self) -> TaskCommands:
        return TaskCommands(self._user, self._tombstones_kept)

    async def _write(self, write: Write, values: Values) -> TaskRecord | None:
        row = await self._database.write(write, values)
        self._list_cache.forget(self._user.id)
        return None if row is None else task_record(row)

    async def _raise_missing_or_changed(self, task_id: UUID, versions: Versions | None) -> NoReturn:
        """Raises the error for a write that changed nothing: no such task, or another version."""
        if versions is None:  # no version was expected, so the task does not exist
            raise NotFound
        task = await self.get(task_id)
        raise PreconditionFailed(version_tag(task.version))

    def _position(self, query: ListQuery) -> dict[str, Any]:
        if query.cursor is None:
            return {}
        position = read_cursor(query.cursor, query.cursor_scope(self._user.id))
        values = None if position is None else position_values(query.sort, position)
        if values is None:
            raise ValidationFailed([FieldError("cursor", "Cursor is not valid for this list")])
        return values

    def _cursor(self, query: ListQuery, last: TaskRecord) -> str:
        return write_cursor(position_of(query.sort, last), query.cursor_scope(self._user.id))


def _my_tasks(context: Context) -> TaskStore:
    services = context.services
    return TaskStore(services.database, context.caller, services.list_cache, services.tombstones_kept)


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""


def _expected_task(values: Values) -> TaskRecord:
    """Returns the task that a creation will return; only its version comes from the database."""
    now = values["now"]
    texts = (values["title"], values["description"], values["is_completed"])
    return TaskRecord(
        values["task_id"], values["owner"], *texts, now, now, version=0, completed_at=values["completed_at"]
    )
