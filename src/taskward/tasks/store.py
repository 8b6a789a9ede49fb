"""One owner's tasks. There is no way from here to anybody else's: every statement begins with the owner."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import Depends, Request

from taskward.auth.current_user import CurrentUser, User
from taskward.database import Database
from taskward.database.statements import Row, Values, Write
from taskward.http.conditional import version_tag
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
    """Some of an owner's tasks, the cursor for those that follow, and the owner's counter they are of."""

    rows: Sequence[Row]
    next_cursor: str | None
    counter: int


class TaskStore:
    """The tasks of the owner it was made for."""

    def __init__(
        self, database: Database, user: User, list_cache: ListCache, tombstones_kept: timedelta
    ) -> None:
        self._database = database
        self._list_cache = list_cache
        self._user = user
        self._tombstones_kept = tombstones_kept

    async def counter(self) -> int:
        """Give the number of the owner's last write; 0 before the first. It costs one look at one row."""
        rows = await self._database.rows(COUNTER, {"owner": self._user.id})
        return int(rows[0][0]) if rows else 0

    async def list_body(self, query: ListQuery) -> CachedList:
        """Give one page of the owner's tasks as the body of an answer; one that is known is not read again.

        Raises:
            ValidationFailed: as for the page.

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
        """Give one page of the owner's tasks.

        Raises:
            ValidationFailed: the cursor is none of this owner's, of this sort and this filter.

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
            # An empty page does not say at which counter it is empty: that is read before looking once more.
            counter = await self.counter()
            rows = await self._database.rows(statement, values) if counter else ()
        shown = rows[: query.limit]
        follows = len(rows) > query.limit
        return Page(shown, self._cursor(query, shown[-1]) if follows else None, counter)

    async def tag_now(self, query: ListQuery) -> str:
        """Give the entity tag that a page has now, without reading it.

        Raises:
            ValidationFailed: as for the page.

        """
        self._position(query)
        return self.list_tag(query, await self.counter())

    def list_tag(self, query: ListQuery, counter: int) -> str:
        """Give the entity tag of a page at that counter."""
        digest = blake2b(
            scope_of(query.cursor_scope(self._user.id), query.cursor, query.limit), digest_size=9
        )
        return f'"{counter}-{urlsafe_b64encode(digest.digest()).decode()}"'

    async def get(self, task_id: UUID) -> Row:
        """Give one task.

        Raises:
            NotFound: the owner has none of that id.

        """
        rows = await self._database.rows(GET_TASK, {"owner": self._user.id, "task_id": task_id})
        if not rows:
            raise NotFound
        return rows[0]

    async def create(self, new: NewTask, record: PendingRecord | None = None) -> Row:
        """Store a new task, and the owner's row with the first one; with a `recording`, its answer too."""
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
        """Change the fields given, and nothing else; if `versions` are given, only in one of those.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        row = await self._write(*self.update_command(task_id, changes, versions))
        return row or await self._raise_missing_or_changed(task_id, versions)

    async def delete(self, task_id: UUID, versions: str | None = None) -> None:
        """Delete a task for good; if `versions` are given, only in one of those.

        Raises:
            NotFound: the owner has no such task.
            PreconditionFailed: it is in another version.

        """
        if await self._write(*self.delete_command(task_id, versions)) is None:
            await self._raise_missing_or_changed(task_id, versions)

    async def batch(self, batch: Batch, record: PendingRecord | None = None) -> BatchResponse:
        """Carry out the operations of a batch in one transaction; return the response."""
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

    # What the verbs above ask of the database: a statement and its values.

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
        """Give the row that a creation will return; nothing in it but its version is the database's."""
        now = values["now"]
        texts = (values["title"], values["description"], values["is_completed"])
        return (values["task_id"], self._user.id, *texts, now, now)

    async def _raise_missing_or_changed(self, task_id: UUID, versions: str | None) -> NoReturn:
        """Say why a write found nothing to change: there is no task, or it is in another version."""
        if versions is None:  # there was none, whatever is there by now
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


def _my_tasks(request: Request, user: CurrentUser) -> TaskStore:
    state = request.app.state
    return TaskStore(state.database, user, state.list_cache, state.tombstones_kept)


MyTasks = Annotated[TaskStore, Depends(_my_tasks)]
"""For a handler: the caller's tasks."""


def folded(text: str | None) -> str | None:
    """Give a text as a search looks through it."""
    return None if text is None else text.casefold()


def _texts(title: str | None, description: str | None) -> dict[str, Any]:
    return {
        "title": title,
        "title_folded": folded(title),
        "description": description,
        "description_folded": folded(description),
    }
