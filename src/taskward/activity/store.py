"""The activity of one space, as its members read it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from taskward.activity.models import ActivityQuery, entry_json
from taskward.activity.statements import PAGES
from taskward.activity.tables import ActivityRecord
from taskward.database import OWNED_ROWS, OwnedRows
from taskward.http.context import Context
from taskward.http.cursors import decode_id, encode_id, scope_of
from taskward.http.responses import write_json_list
from taskward.users.retention import RETENTION


@dataclass(frozen=True, slots=True)
class ActivityStore:
    """The activity of one space; `kept` is zero if there is none."""

    _rows: OwnedRows
    _space_id: UUID
    _kept: timedelta

    async def body(self, query: ActivityQuery) -> bytes:
        """Returns a page as a response body, newest first.

        Raises:
            ValidationFailed: the cursor is not valid for this space and task.

        """
        before = self._position(query)
        values: dict[str, Any] = {
            "owner": self._space_id,
            "activity_since": datetime.now(UTC) - self._kept,
            "limit": query.limit + 1,
        }
        if query.task_id is not None:
            values["task_id"] = query.task_id
        if before is not None:
            values["before_id"] = before
        rows = await self._rows.rows(PAGES[query.task_id is not None, before is not None], values)
        found = [ActivityRecord(*row) for row in rows] if self._kept else []
        shown = found[: query.limit]
        following = len(found) > query.limit
        next_cursor = encode_id(shown[-1].id, self._scope(query)) if following else None
        return await write_json_list("activity", shown, entry_json, {"next_cursor": next_cursor})

    def _position(self, query: ActivityQuery) -> UUID | None:
        return None if query.cursor is None else decode_id(query.cursor, self._scope(query))

    def _scope(self, query: ActivityQuery) -> bytes:
        return scope_of(self._space_id, "activity", str(query.task_id or ""))


def _my_activity(context: Context) -> ActivityStore:
    parts = context.parts
    return ActivityStore(parts[OWNED_ROWS], context.owner.id, parts[RETENTION].activity)


MyActivity = Annotated[ActivityStore, Depends(_my_activity)]
"""For a handler: the activity of the space of the request."""
