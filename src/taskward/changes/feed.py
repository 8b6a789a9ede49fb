"""The feed of one owner's changes. The owner's counter is its cursor, whether it is pulled or pushed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import time
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from taskward.auth.current_user import CurrentUser, User
from taskward.changes.statements import CHANGES, HORIZON
from taskward.database import Database
from taskward.database.statements import Row
from taskward.http.cursors import decode_cursor, encode_cursor, scope_of
from taskward.http.errors import CursorExpired
from taskward.tasks.models import ID_COLUMN, TITLE_COLUMN, VERSION_COLUMN, task_json

MAX_CHANGES: Final = 1000
"""How many changes one answer holds at most."""

_HORIZON_COLUMN: Final = 8
_RESTORE_COLUMN: Final = 9
_NUMBERS: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A place in the feed: after the change with that number.

    `horizon` is what the owner's was when the place was reached: every deletion up to there is either known
    to whoever holds the mark or of a task that they never saw. `reached_at` is when that was, in milliseconds
    since 1970. `restore` is the number of the last `taskward restored` at that time.
    """

    number: int
    horizon: int
    reached_at: int
    restore: int

    def is_complete_since(self, horizon: int) -> bool:
        """Tell whether no change after this place has been forgotten, with the horizon as it is now."""
        return self.number == 0 or max(self.number, self.horizon) >= horizon


START: Final = FeedPosition(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes in order, each with the mark after it; the mark after all; whether more follow."""

    changes: Sequence[tuple[dict[str, Any], FeedPosition]]
    position: FeedPosition
    has_more: bool


class ChangeFeed:
    """The changes of the owner it was made for."""

    def __init__(self, database: Database, user: User, kept: timedelta) -> None:
        self._database = database
        self._user = user
        self._kept = kept // timedelta(milliseconds=1)

    async def since(self, position: FeedPosition, limit: int) -> ChangePage:
        """Give the changes after a mark: each task at most once, in its latest state.

        What one transaction changed is seen together, as soon as no more follows.

        Raises:
            CursorExpired: deletions since then may be forgotten, everything was erased, or the database was
                restored.

        """
        now = int(time() * 1000)
        if position != START and position.reached_at < now - self._kept:
            raise CursorExpired
        values = {"owner": self._user.id, "since": position.number, "limit": limit + 1}
        rows = await self._database.rows(CHANGES, values)
        if rows:
            horizon, restore = rows[0][_HORIZON_COLUMN], rows[0][_RESTORE_COLUMN]
        else:
            horizon, restore = await self._horizon_at_end(position)
        if not position.is_complete_since(horizon) or (position != START and position.restore != restore):
            raise CursorExpired
        changes = [
            (change_json(row), FeedPosition(row[VERSION_COLUMN], horizon, now, restore))
            for row in rows[:limit]
        ]
        last = changes[-1][1] if changes else FeedPosition(position.number, horizon, now, restore)
        return ChangePage(changes, last, len(rows) > limit)

    async def wait_unlocked(self) -> None:
        """Wait while the owner's data is locked by a change that takes several transactions."""
        await self._database.wait_unlocked(self._user.id)

    def encode(self, position: FeedPosition) -> str:
        """Give the cursor that stands for a mark."""
        return encode_cursor(
            [1, position.number, position.horizon, position.reached_at, position.restore],
            self._cursor_scope(),
        )

    def decode(self, cursor: str) -> FeedPosition | None:
        """Give the mark that a cursor stands for; None if it is none of this owner's."""
        content = decode_cursor(cursor, self._cursor_scope())
        if not isinstance(content, list) or [type(part) for part in content] != [int] * 5 or content[0] != 1:
            return None
        position = FeedPosition(*content[1:])
        return position if 0 <= position.number < _NUMBERS else None

    def _cursor_scope(self) -> bytes:
        return scope_of("changes", self._user.id)

    async def _horizon_at_end(self, position: FeedPosition) -> tuple[int, int]:
        """Give the horizon and the last restore where no change follows the mark."""
        rows = await self._database.rows(HORIZON, {"owner": self._user.id})
        horizon, newest, restore = rows[0]
        if position.number > newest:  # from before an erasure, or from before a backup was put back
            raise CursorExpired
        return int(horizon), int(restore)


def change_json(row: Row) -> dict[str, Any]:
    """Give one change, ready for the JSON writer."""
    if row[TITLE_COLUMN] is None:
        return {"op": "delete", "id": str(row[ID_COLUMN])}
    return {"op": "upsert", "task": task_json(row)}


def _my_changes(request: Request, user: CurrentUser) -> ChangeFeed:
    return ChangeFeed(request.app.state.database, user, request.app.state.tombstones_kept)


MyChanges = Annotated[ChangeFeed, Depends(_my_changes)]
"""For a handler: the caller's changes."""
