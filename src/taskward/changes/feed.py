"""The change feed of one owner, for `GET /api/changes` and event streams; the cursor is the counter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import time
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from taskward.auth.current_user import CurrentUser, User
from taskward.changes.statements import CHANGES, HORIZON
from taskward.database import Database
from taskward.http.cursors import decode_cursor, encode_cursor, scope_of
from taskward.http.errors import CursorExpired
from taskward.tasks.models import task_json
from taskward.tasks.tables import TaskRecord, columns_after_task, task_records

MAX_CHANGES: Final = 1000
"""Changes in one response at most."""

_NUMBERS: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A position in the feed: after the change with that number.

    `horizon` is the owner's horizon when the position was reached: the client knows every deletion up to it,
    or never saw the task. `reached_at` is that time in milliseconds since 1970. `restore` is the number of
    the last `taskward restored` at that time.
    """

    number: int
    horizon: int
    reached_at: int
    restore: int

    def is_complete_since(self, horizon: int) -> bool:
        """Returns whether every change after this position is still recorded, given the current horizon."""
        return self.number == 0 or max(self.number, self.horizon) >= horizon


START: Final = FeedPosition(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in order, each with the position after it; the last position; whether more follow."""

    changes: Sequence[tuple[dict[str, Any], FeedPosition]]
    position: FeedPosition
    has_more: bool


class ChangeFeed:
    """The change feed of one owner."""

    def __init__(self, database: Database, user: User, kept: timedelta) -> None:
        self._database = database
        self._user = user
        self._kept = kept // timedelta(milliseconds=1)

    async def since(self, position: FeedPosition, limit: int) -> ChangePage:
        """Returns the changes after a position: each task at most once, in its latest state.

        The changes of one transaction are complete as soon as no more follow.

        Raises:
            CursorExpired: deletions since then may be dropped, everything was erased, or the database was
                restored.

        """
        now = int(time() * 1000)
        if position != START and position.reached_at < now - self._kept:
            raise CursorExpired
        values = {"owner": self._user.id, "since": position.number, "limit": limit + 1}
        rows = await self._database.rows(CHANGES, values)
        if rows:
            horizon, restore = columns_after_task(rows[0])
        else:
            horizon, restore = await self._horizon_at_end(position)
        if not position.is_complete_since(horizon) or (position != START and position.restore != restore):
            raise CursorExpired
        changes = [
            (change_json(task), FeedPosition(task.version, horizon, now, restore))
            for task in task_records(rows[:limit])
        ]
        last = changes[-1][1] if changes else FeedPosition(position.number, horizon, now, restore)
        return ChangePage(changes, last, len(rows) > limit)

    async def wait_unlocked(self) -> None:
        """Waits while the owner's data is locked by a change that takes several transactions."""
        await self._database.wait_unlocked(self._user.id)

    def encode(self, position: FeedPosition) -> str:
        """Returns the cursor of a position."""
        return encode_cursor(
            [1, position.number, position.horizon, position.reached_at, position.restore],
            self._cursor_scope(),
        )

    def decode(self, cursor: str) -> FeedPosition | None:
        """Returns the position of a cursor; None if the cursor is not valid for this owner."""
        content = decode_cursor(cursor, self._cursor_scope())
        if not isinstance(content, list) or [type(part) for part in content] != [int] * 5 or content[0] != 1:
            return None
        position = FeedPosition(*content[1:])
        return position if 0 <= position.number < _NUMBERS else None

    def _cursor_scope(self) -> bytes:
        return scope_of("changes", self._user.id)

    async def _horizon_at_end(self, position: FeedPosition) -> tuple[int, int]:
        """Returns the horizon and the last restore, if no change follows the position."""
        rows = await self._database.rows(HORIZON, {"owner": self._user.id})
        horizon, newest, restore = rows[0]
        if position.number > newest:  # the position is from before an erasure or a restore
            raise CursorExpired
        return int(horizon), int(restore)


def change_json(task: TaskRecord) -> dict[str, Any]:
    """Returns one change, ready for the JSON writer; a deleted task has no title."""
    if not task.title:
        return {"op": "delete", "id": str(task.id)}
    return {"op": "upsert", "task": task_json(task)}


def _my_changes(request: Request, user: CurrentUser) -> ChangeFeed:
    return ChangeFeed(request.app.state.database, user, request.app.state.tombstones_kept)


MyChanges = Annotated[ChangeFeed, Depends(_my_changes)]
"""For a handler: the caller's changes."""
