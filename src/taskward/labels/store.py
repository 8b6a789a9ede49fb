"""The labels of one owner; every statement is filtered by that owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends

from taskward.database import OWNED_ROWS, Queries
from taskward.database.statements import Row, TransactionSteps
from taskward.http.caller import Owner
from taskward.http.conditional import scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import INVALID_CURSOR, decode_cursor, encode_cursor, scope_of
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import dump_json
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.labels.change import LabelChange
from taskward.labels.models import LabelsQuery
from taskward.labels.statements import LABELS_AFTER
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.statements import COUNTER
from taskward.users.statements import COUNT_MANY, LOCK_OWNER

_CURSOR_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LabelPage:
    """A page of an owner's labels, each with the number of its tasks, and the cursor of the next page."""

    labels: Sequence[tuple[str, int]]
    next_cursor: str | None


class LabelStore:
    """The labels of one owner, who is fixed for the store's lifetime."""

    def __init__(self, database: Queries, owner: Owner, list_cache: ListCache) -> None:
        self._database = database
        self._owner = owner
        self._list_cache = list_cache

    async def tag(self, query: LabelsQuery) -> str:
        """Returns the entity tag of a page, by reading one row; read before the page, which may be newer.

        Raises as `page`.
        """
        self._position(query.cursor)
        rows = await self._database.rows(COUNTER, {"owner": self._owner.id})
        counter = int(rows[0][0]) if rows else 0
        return scoped_tag(counter, scope_of(self._owner.id, "labels", str(query.limit), query.cursor or ""))

    async def page(self, query: LabelsQuery) -> LabelPage:
        """Returns one page of the labels in use, by code points of their folded texts.

        Raises:
            ValidationFailed: the cursor is not valid for this owner.

        """
        values = {"owner": self._owner.id, "after": self._position(query.cursor), "limit": query.limit + 1}
        rows = await self._database.rows(LABELS_AFTER, values)
        shown = rows[: query.limit]
        follows = len(rows) > query.limit
        return LabelPage([(row[1], row[2]) for row in shown], self._cursor(shown[-1]) if follows else None)

    async def change(self, old: str, new: str | None, record: PendingRecord | None) -> bytes:
        """Replaces a label of all tasks, or removes it; returns the body of the response.

        With a `record`, the response is stored too.
        """
        body = await self._database.transact(lambda: self._change_steps(old, new, record), long=True)
        self._list_cache.forget(self._owner.id)
        return body

    def _change_steps(
        self, old: str, new: str | None, record: PendingRecord | None
    ) -> TransactionSteps[bytes]:
        """Changes the tasks; the response is stored before the first split, because a later part may fail."""
        change = LabelChange(self._owner.id, old, new)
        yield LOCK_OWNER, {"owner": self._owner.id}
        total = yield from change.count_steps()
        body = dump_json({"tasks": total})
        if record is not None:
            yield from store_response_steps({"owner": self._owner.id, **record.values(200, body)})
        if total:
            rows = yield COUNT_MANY, {"owner": self._owner.id, "count": total}
            yield from change.steps(total, rows[0][0])
        return body

    def _position(self, cursor: str | None) -> str:
        if cursor is None:
            return ""
        match decode_cursor(cursor, self._scope()):
            case [1, str(folded)] if "\0" not in folded:
                return folded
        raise ValidationFailed([FieldError("cursor", INVALID_CURSOR)])

    def _cursor(self, last: Row) -> str:
        return encode_cursor([_CURSOR_VERSION, last[0]], self._scope())

    def _scope(self) -> bytes:
        return scope_of(self._owner.id, "labels")


def _my_labels(context: Context) -> LabelStore:
    return LabelStore(context.parts[OWNED_ROWS], context.owner, context.parts[LIST_CACHE])


MyLabels = Annotated[LabelStore, Depends(_my_labels)]
"""For a handler: the caller's labels."""
