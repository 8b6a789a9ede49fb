"""The labels of one owner; every statement is filtered by that owner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Depends

from taskward.auth.current_user import User
from taskward.database import Queries
from taskward.database.statements import Row, TransactionSteps
from taskward.http.context import Context
from taskward.http.cursors import decode_cursor, encode_cursor, scope_of
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import dump_json
from taskward.idempotency.execution import PendingRecord
from taskward.labels.models import LabelsQuery
from taskward.labels.statements import (
    ADD_LABELS,
    CHANGE_TASKS,
    COUNT_LABELLED,
    DROP_LABELS,
    LABELLED_AFTER,
    LABELS_AFTER,
)
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.list_cache import ListCache
from taskward.tasks.statements import DROP_EXPIRED_RESPONSES, STORE_RESPONSE
from taskward.users.statements import COUNT_MANY, LOCK_OWNER, owner_values

MAX_ROWS: Final = 500
"""Tasks that a change holds in memory at once: at most 4 MB."""

_FIRST: Final = UUID(int=0)
_CURSOR_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LabelPage:
    """A page of an owner's labels, each with the number of its tasks, and the cursor of the next page."""

    labels: Sequence[tuple[str, int]]
    next_cursor: str | None


class LabelStore:
    """The labels of one owner, who is fixed for the store's lifetime."""

    def __init__(self, database: Queries, user: User, list_cache: ListCache) -> None:
        self._database = database
        self._user = user
        self._list_cache = list_cache

    async def page(self, query: LabelsQuery) -> LabelPage:
        """Returns one page of the labels in use, by code points of their folded texts.

        Raises:
            ValidationFailed: the cursor is not valid for this owner.

        """
        values = {"owner": self._user.id, "after": self._position(query.cursor), "limit": query.limit + 1}
        rows = await self._database.rows(LABELS_AFTER, values)
        shown = rows[: query.limit]
        follows = len(rows) > query.limit
        return LabelPage([(row[1], row[2]) for row in shown], self._cursor(shown[-1]) if follows else None)

    async def change(self, old: str, new: str | None, record: PendingRecord | None) -> bytes:
        """Replaces a label of all tasks, or removes it; returns the body of the response.

        With a `record`, the response is stored too.
        """
        body = await self._database.transact(lambda: self._change_steps(old, new, record), long=True)
        self._list_cache.forget(self._user.id)
        return body

    def _change_steps(
        self, old: str, new: str | None, record: PendingRecord | None
    ) -> TransactionSteps[bytes]:
        changed = yield from change_steps(self._user, old, new)
        body = dump_json({"tasks": changed})
        if record is not None:
            stored = {"owner": self._user.id, **record.values(200, body)}
            yield STORE_RESPONSE, stored
            yield DROP_EXPIRED_RESPONSES, stored
        return body

    def _position(self, cursor: str | None) -> str:
        if cursor is None:
            return ""
        match decode_cursor(cursor, self._scope()):
            case [1, str(folded)] if "\0" not in folded:
                return folded
        raise ValidationFailed([FieldError("cursor", "Cursor is not valid for this list")])

    def _cursor(self, last: Row) -> str:
        return encode_cursor([_CURSOR_VERSION, last[0]], self._scope())

    def _scope(self) -> bytes:
        return scope_of(self._user.id, "labels")


def change_steps(user: User, old: str, new: str | None) -> TransactionSteps[int]:
    """Replaces a label of all tasks, or removes it; each task takes its own number of the owner's counter.

    Returns the number of tasks that were changed: not of those that have the new spelling already.
    """
    values: dict[str, Any] = {
        "owner": user.id,
        "folded": folded_label(old),
        "new": new or "",
        "new_folded": folded_label(new or ""),
        "now": datetime.now(UTC),
    }
    yield LOCK_OWNER, values
    rows = yield COUNT_LABELLED, values
    total: int = rows[0][0]
    if not total:
        return 0
    rows = yield COUNT_MANY, owner_values(user) | {"count": total}
    numbers = count(rows[0][0] - total + 1)
    changes = {"remove_labels": [old], "add_labels": [] if new is None else [new]}
    after = _FIRST
    while rows := (yield LABELLED_AFTER, values | {"after_id": after, "limit": MAX_ROWS}):
        page = values | {"tasks": _changed(rows, changes, numbers), "count": len(rows)}
        yield CHANGE_TASKS, page
        yield DROP_LABELS, page
        if new is not None:
            yield ADD_LABELS, page
        after = UUID(str(rows[-1][0]))
    return total


def _changed(rows: Sequence[Row], changes: dict[str, list[str]], numbers: Iterator[int]) -> str:
    """Returns tasks after the changes, as the JSON that the statements take."""
    return orjson.dumps(
        [
            (str(task_id), TaskFields.parse(extra).merged(changes).columns()["extra"], next(numbers))
            for task_id, extra in rows
        ]
    ).decode()


def _my_labels(context: Context) -> LabelStore:
    services = context.services
    return LabelStore(services.database, context.caller, services.list_cache)


MyLabels = Annotated[LabelStore, Depends(_my_labels)]
"""For a handler: the caller's labels."""
