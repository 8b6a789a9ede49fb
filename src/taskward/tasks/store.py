"""The tasks of one owner; every statement is filtered by that owner."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import Depends

from taskward.auth.current_user import User
from taskward.database import Database
from taskward.database.statements import Row, Values, Write
from taskward.http.conditional import version_tag
from taskward.http.context import Context
from taskward.http.cursors import scope_of
from taskward.http.errors import FieldError, NotFound, PreconditionFailed, ValidationFailed
from taskward.http.responses import dump_json, write_json_list
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.batch import BatchResponse, batch_steps, plan_operation
from taskward.tasks.batch_models import Batch
from taskward.tasks.cursor import read_cursor, write_cursor
from taskward.tasks.ids import created_at, new_task_id
from taskward.tasks.list_cache import CachedList, ListCache
from taskward.tasks.models import COUNTER_COLUMN, VERSION_COLUMN, NewTask, TaskChanges, task_json, task_path
from taskward.tasks.query import ListQuery, position_of, position_values
from taskward.tasks.statements import (
    COUNTER,
    CREATE_TASK,
    CREATE_TASK_ONCE,
    DELETE_TASK,
    GET_TASK,
    LISTS,
    UPDATE_TASK,
)
from taskward.users.statements import owner_values


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an owner's tasks, the cursor of the next page, and the owner's counter."""

    rows: Sequence[Row]
    next_cursor: str | None
    counter: int


class TaskStore:
    """The tasks of one owner, who is fixed for the store's lifetime."""

    def __init__(
        self, database: Database, user: User, list_cache: ListCache, tombstones_kept: timedelta
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
        body = await write_json_list("tasks", page.rows, task_json, {"next_cursor": page.next_cursor})
        entry = CachedList(body, self.list_tag(query, page.counter), page.counter)
        self._list_cache.put(self._user.id, query, entry)
        return entry

    async def page(self, query: ListQuery) -> Page:
        """Returns one page of the owner's tasks.

        Raises:
            ValidationFailed: the cursor is not valid for this owner, sort and filter.

        """
        values = {
            "owner": self._user.id,
            "only_completed": query.is_completed,
            "words": query.words,
            "limit": query.limit + 1,
            **self._position(query),
        }
        statement = LISTS[query.sort, query.cursor is not None, bool(query.words)]
        rows = await self._database.rows(statement, values)
        counter = rows[0][COUNTER_COLUMN] if rows else 0
        if not rows:
            # An empty page does not carry the counter: read the counter first, then the page again.
            counter = await self.counter()
            rows = await self._database.rows(statement, values) if counter else ()
        shown = rows[: query.limit]
        follows = len(rows) > query.limit
        return Page(shown, self._cursor(query, shown[-1]) if follows else None, counter)

    async def tag_now(self, query: ListQuery) -> str:
        """Returns the current entity tag of a page, without reading the page.

        Raises:
            ValidationFailed: see `page`.

        """
        self._position(query)
        return self.list_tag(query, await self.counter())

    def list_tag(self, query: ListQuery, counter: int) -> str:
        """Returns the entity tag of a page at that counter."""
        digest = blake2b(
            scope_of(query.cursor_scope(self._user.id), query.cursor, query.limit), digest_size=9
        )
        return f'"{counter}-{urlsafe_b64encode(digest.digest()).decode()}"'

    async def get(self, task_id: UUID) -> Row:
        """Returns one task.

        Raises:
            NotFound: the owner has no task of that id.

        """
        rows = await self._database.rows(GET_TASK, {"owner": self._user.id, "task_id": task_id})
        if not rows:
            raise NotFound
        return rows[0]

    async def create(self, new: NewTask, record: PendingRecord | None = None) -> Row:
        """Stores a new task, and the owner's row with the first one; with a `record`, also the response."""
        write, values = self.create_command(new)
        if record is not None:
            write = CREATE_TASK_ONCE
            body = dump_json(task_json(self._expected_row(values)))
            values |= record.values(201, body, task_path(values["task_id"]))
        row = await self._write(write, values)
        if row is None:
            raise AssertionError("a task was created and not returned")
        return row

    async def update(self, task_id: UUID, changes: TaskChanges, versions: str | None = None) -> Row:
        """Changes the given fields; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        row = await self._write(*self.update_command(task_id, changes, versions))
        return row or await self._raise_missing_or_changed(task_id, versions)

    async def delete(self, task_id: UUID, versions: str | None = None) -> None:
        """Deletes a task permanently; with `versions`, only if the task is in one of them.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        if await self._write(*self.delete_command(task_id, versions)) is None:
            await self._raise_missing_or_changed(task_id, versions)

    async def batch(self, batch: Batch, record: PendingRecord | None = None) -> BatchResponse:
        """Runs the operations of a batch in one transaction and returns the response."""
        planned = [plan_operation(operation, self) for operation in batch.validated()]

        def kept(body: bytes) -> Values | None:
            return {"owner": self._user.id, **record.values(200, body)} if record else None

        response = await self._database.transact(lambda: batch_steps(planned, kept, atomic=batch.atomic))
        self._list_cache.forget(self._user.id)
        return response

    async def _write(self, write: Write, values: Values) -> Row | None:
        row = await self._database.write(write, values)
        self._list_cache.forget(self._user.id)
        return row

    # Commands of the methods above: a statement and its values.

    def create_command(self, new: NewTask) -> tuple[Write, dict[str, Any]]:
        task_id = new_task_id()
        return CREATE_TASK, owner_values(self._user) | {
            "task_id": task_id,
            "now": created_at(task_id),
            **_texts(new.title, new.description),
            "is_completed": new.is_completed,
        }

    def update_command(
        self, task_id: UUID, changes: TaskChanges, versions: str | None
    ) -> tuple[Write, dict[str, Any]]:
        given = changes.given()
        return UPDATE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": datetime.now(UTC),
            **_texts(given.get("title"), given.get("description")),
            "is_completed": given.get("is_completed"),
            "describes": "description" in given,
            "versions": versions,
        }

    def delete_command(self, task_id: UUID, versions: str | None) -> tuple[Write, dict[str, Any]]:
        now = datetime.now(UTC)
        return DELETE_TASK, {
            "owner": self._user.id,
            "task_id": task_id,
            "now": now,
            "versions": versions,
            "tombstones_since": now - self._tombstones_kept,
        }

    def _expected_row(self, values: dict[str, Any]) -> Row:
        """Returns the row that a creation will return, in which only the version comes from the database."""
        now = values["now"]
        texts = (values["title"], values["description"], values["is_completed"])
        return (values["task_id"], self._user.id, *texts, now, now)

    async def _raise_missing_or_changed(self, task_id: UUID, versions: str | None) -> NoReturn:
        """Raises the error for a write that changed nothing: no such task, or another version."""
        if versions is None:  # no version was expected, so the task does not exist
            raise NotFound
        row = await self.get(task_id)
        raise PreconditionFailed(version_tag(row[VERSION_COLUMN]))

    def _position(self, query: ListQuery) -> dict[str, Any]:
        if query.cursor is None:
            return {}
        position = read_cursor(query.cursor, query.cursor_scope(self._user.id))
        values = None if position is None else position_values(query.sort, position)
        if values is None:
            raise ValidationFailed([FieldError("cursor", "Cursor is not valid for this list")])
        return values

    def _cursor(self, query: ListQuery, last: Row) -> str:
        return write_cursor(position_of(query.sort, last), query.cursor_scope(self._user.id))


def _my_tasks(context: Context) -> TaskStore:
    services = context.services
    return TaskStore(services.database, context.caller, services.list_cache, services.tombstones_kept)


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""


def folded(text: str | None) -> str | None:
    """Returns a text in its case-folded form for searches."""
    return None if text is None else text.casefold()


def _texts(title: str | None, description: str | None) -> dict[str, Any]:
    return {
        "title": title,
        "title_folded": folded(title),
        "description": description,
        "description_folded": folded(description),
    }
