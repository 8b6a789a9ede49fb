"""The trash of one owner; every statement is filtered by that owner."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from fastapi import Depends

from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.statements import Row, TransactionSteps, Values
from taskward.http.caller import Owner
from taskward.http.conditional import scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import decode_cursor, encode_cursor, invalid_cursor, scope_of
from taskward.http.responses import dump_json, json_timestamp, write_json_list
from taskward.http.validation import moment
from taskward.idempotency.execution import PendingRecord
from taskward.tasks.errors import TaskNotFound
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import task_json, task_record, version_tag
from taskward.tasks.statements import COUNTER
from taskward.tasks.steps.several import fitting_steps
from taskward.tasks.tables import RECORD_WIDTH, TaskRecord
from taskward.trash.models import TrashQuery
from taskward.trash.restoring import restore_steps
from taskward.trash.statements import OLDEST_UNTIL, PURGE_TASK, PURGE_TASKS, RESTORE_ROWS, TRASH_PAGES
from taskward.users.retention import RETENTION
from taskward.users.statements import COUNT_MANY, LOCK_OWNER

MAX_ROWS: Final = 300
"""Tasks that are deleted in one transaction, so that no other write waits long."""

_CURSOR_VERSION: Final = 1


class _Position(NamedTuple):
    """The position after a page: when its last task was deleted, and its id."""

    before: datetime
    before_id: UUID


@dataclass(frozen=True, slots=True)
class TrashStore:
    """The trash of one owner, who is fixed for the store's lifetime."""

    _database: OwnedRows
    _owner: Owner
    _list_cache: ListCache
    _is_on: bool

    async def tag(self, query: TrashQuery) -> str:
        """Returns the entity tag of a page, by reading one row; read before the page, which may be newer.

        Raises as `body`.
        """
        self._position(query.cursor)
        rows = await self._database.rows(COUNTER, {"owner": self._owner.id})
        counter = int(rows[0][0]) if rows else 0
        return scoped_tag(counter, scope_of(self._owner.id, "trash", str(query.limit), query.cursor or ""))

    async def body(self, query: TrashQuery) -> bytes:
        """Returns a page of the trash as a response body, the newest deletion first; empty if it is off.

        Raises:
            ValidationFailed: the cursor is not valid for this owner.

        """
        position = self._position(query.cursor)
        values: dict[str, Any] = {"owner": self._owner.id, "limit": query.limit + 1}
        if position is not None:
            values |= position._asdict()
        rows = await self._database.rows(TRASH_PAGES[position is not None], values) if self._is_on else ()
        shown = rows[: query.limit]
        next_cursor = self._cursor(shown[-1]) if len(rows) > query.limit else None
        return await write_json_list("tasks", shown, trashed_json, {"next_cursor": next_cursor})

    async def restore(self, task_id: UUID, record: PendingRecord | None = None) -> TaskRecord:
        """Restores a task and those that were deleted with it; with a `record`, also stores the response.

        Raises:
            TaskNotFound: it is not in the trash.

        """
        response = partial(self._response_values, record=record)
        steps = partial(restore_steps, self._owner.id, task_id, response)
        task = await self._database.transact(steps, long=True)
        self._list_cache.forget(self._owner.id)
        return task

    async def purge(self, task_id: UUID) -> None:
        """Deletes a task and those that were deleted with it from the trash.

        Raises:
            TaskNotFound: it is not in the trash.

        """
        await self._database.transact(lambda: self._purge_steps(task_id))

    async def empty(self) -> int:
        """Deletes what is in the trash now, in parts, and returns the number of the tasks."""
        count, until = 0, datetime.now(UTC)
        steps = partial(purge_oldest_steps, self._owner.id, until)
        while deleted := await self._database.transact(steps, long=True):
            count += deleted
        if count:
            await self._database.scrub()
        return count

    def _response_values(self, task: TaskRecord, record: PendingRecord | None) -> Values | None:
        if record is None:
            return None
        tag = {"owner": self._owner.id, "tag": version_tag(task.version)}
        return record.values(200, dump_json(task_json(task))) | tag

    def _purge_steps(self, task_id: UUID) -> TransactionSteps[None]:
        """Locks the owner first, so that a large one runs beside the event loop of SQLite."""
        values = {"owner": self._owner.id, "task_id": task_id}
        yield LOCK_OWNER, values
        if not (yield PURGE_TASK, values):
            raise TaskNotFound

    def _position(self, cursor: str | None) -> _Position | None:
        if cursor is None:
            return None
        match decode_cursor(cursor, self._scope()):
            case [1, str(text), str(task_id)] if (deleted_at := moment(text)) is not None:
                with suppress(ValueError):
                    return _Position(deleted_at, UUID(task_id))
        raise invalid_cursor()

    def _cursor(self, last: Row) -> str:
        content = [_CURSOR_VERSION, last[RECORD_WIDTH].isoformat(), str(last[0])]
        return encode_cursor(content, self._scope())

    def _scope(self) -> bytes:
        return scope_of(self._owner.id, "trash")


def purge_oldest_steps(owner: UUID, until: datetime) -> TransactionSteps[int]:
    """Deletes the oldest tasks of the trash that were deleted until then; returns their number."""
    yield LOCK_OWNER, {"owner": owner}
    rows = yield OLDEST_UNTIL, {"owner": owner, "until": until, "limit": MAX_ROWS}
    if rows:  # the entity tag of the trash has to change
        yield COUNT_MANY, {"owner": owner, "count": 1}
        rows = yield from fitting_steps(owner, [row[0] for row in rows], RESTORE_ROWS)
        yield PURGE_TASKS, {"owner": owner, "ids": rows, "count": len(rows)}
    return len(rows)


def trashed_json(row: Row) -> Mapping[str, Any]:
    """Returns a task in the trash, ready for the JSON writer."""
    _, deleted_with, deleted_by = row[RECORD_WIDTH:]
    more = {"deleted_by": deleted_by, "deleted_with": deleted_with}
    return exported_json(row) | {name: str(value) for name, value in more.items() if value is not None}


def exported_json(row: Row) -> dict[str, Any]:
    """Returns a task in the trash as an export has it."""
    return {"task": task_json(task_record(row)), "deleted_at": json_timestamp(row[RECORD_WIDTH])}


def _my_trash(context: Context) -> TrashStore:
    parts = context.parts
    is_on = bool(parts[RETENTION].trash)
    return TrashStore(parts[OWNED_ROWS], context.owner, parts[LIST_CACHE], is_on)


MyTrash = Annotated[TrashStore, Depends(_my_trash)]
"""For a handler: the caller's trash."""
