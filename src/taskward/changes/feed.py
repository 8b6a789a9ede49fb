"""The change feed of one owner, for `GET /api/changes` and event streams; the cursor is the counter.

A feed is one of some kinds of objects. They share the counter, so of several kinds it is one order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import time
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends

from taskward.changes.statements import DEFAULT_KINDS, ID, RESTORE, SOURCES, VERSION, Kinds, changes_of
from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.statements import Read, Row, Values
from taskward.features import ENTITIES, FEED_KINDS
from taskward.http.caller import Owner
from taskward.http.context import Context
from taskward.http.cursors import decode_cursor, encode_cursor, scope_of
from taskward.http.errors import CursorExpired
from taskward.tasks.records import version_tag
from taskward.users.retention import RETENTION

MAX_CHANGES: Final = 1000
"""Changes in one response at most."""

_END_OF_NUMBERS: Final = 1 << 63
_NAMES: Final = tuple(kind.plural for kind in FEED_KINDS)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A position in the feed: after the change with that number, or after all changes up to it.

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
    """Changes in order, each with its number; the position after the last; whether more follow."""

    changes: Sequence[Row]
    """In the form of a response by `change_json`, with their numbers by `change_number`."""

    position: FeedPosition
    has_more: bool

    def position_after(self, number: int) -> FeedPosition:
        """Returns the position after the change with that number."""
        return replace(self.position, number=number)


class ChangeFeed:
    """The change feed of one owner, of some kinds of objects."""

    def __init__(
        self, database: OwnedRows, owner: Owner, kept: timedelta, kinds: Kinds = DEFAULT_KINDS
    ) -> None:
        self._database = database
        self._owner = owner
        self._kept = kept
        self._kinds = kinds

    @property
    def owner(self) -> UUID:
        return self._owner.id

    def of(self, kinds: Kinds) -> "ChangeFeed":
        """Returns the owner's feed of these kinds."""
        return self if kinds == self._kinds else ChangeFeed(self._database, self._owner, self._kept, kinds)

    async def since(self, position: FeedPosition, limit: int) -> ChangePage:
        """Returns the changes after a position: each object at most once, in its latest state.

        The changes of one transaction are complete as soon as no more follow.

        Raises:
            CursorExpired: deletions since then may be dropped, everything was erased, or the database was
                restored.

        """
        read, values = changes_read(self._owner.id, position, limit, self._kinds)
        rows = await self._database.rows(read, values)  # in a space, it begins with the membership
        if position != START and position.reached_at < _milliseconds() - self._kept // _MILLISECOND:
            raise CursorExpired
        return change_page(rows, position, limit, 0 if rows else await self._restore())

    async def wait_unlocked(self) -> None:
        """Waits while the owner's data is locked by a change that takes several transactions."""
        await self._database.wait_unlocked(self._owner.id)

    def encode(self, position: FeedPosition) -> str:
        """Returns the cursor of a position."""
        return encode_position(position, self._owner.id, self._kinds)

    def decode(self, cursor: str) -> FeedPosition | None:
        """Returns the position of a cursor; None if the cursor is not valid for this owner."""
        return decode_position(cursor, self._owner.id, self._kinds)

    async def _restore(self) -> int:
        """Returns the number of the last restore, for an owner without a row."""
        return int((await self._database.rows(RESTORE, {"owner": self._owner.id}))[0][0])


def changes_read(
    owner: UUID, position: FeedPosition, limit: int, kinds: Kinds = DEFAULT_KINDS
) -> tuple[Read, Values]:
    """Returns the statement, with its values, that reads the rows of `change_page`."""
    return changes_of(kinds), {"owner": owner, "since": position.number, "limit": limit + 1}


def change_page(rows: Sequence[Row], position: FeedPosition, limit: int, no_owner_restore: int) -> ChangePage:
    """Returns the changes after a position from the rows of `changes_read`.

    For an owner without a row `no_owner_restore` is the number of the last restore.

    Raises:
        CursorExpired: deletions since then are dropped, everything was erased, or the database was restored.

    """
    now = _milliseconds()
    horizon, newest, restore = rows[0][-3:] if rows else (0, 0, no_owner_restore)
    if (
        position.number > newest  # from before an erasure or a restore
        or not position.is_complete_since(horizon)
        or (position != START and position.restore != restore)
    ):
        raise CursorExpired
    changes = rows[:limit] if rows and rows[0][0] is not None else ()
    has_more = len(rows) > limit
    # At the end the position passes changes of other kinds, whose tombstones will expire too.
    number = change_number(changes[-1]) if has_more else newest
    return ChangePage(changes, FeedPosition(number, horizon, now, restore), has_more)


def change_number(row: Row) -> int:
    """Returns the number of a change."""
    number: int = row[VERSION]
    return number


def change_json(row: Row) -> dict[str, Any]:
    """Returns a change, ready for the JSON writer."""
    kind, columns, new = SOURCES[row[0]]
    if columns is not None and new is not None:
        value = kind.to_json(new(columns(row)))
        return {"op": "upsert", kind.kind: value, "etag": version_tag(row[VERSION])}
    named = {} if kind is ENTITIES[0] else {"kind": kind.kind}
    return {"op": "delete", **named, "id": str(row[ID])}


def encode_position(position: FeedPosition, owner: UUID, kinds: Kinds = DEFAULT_KINDS) -> str:
    """Returns the cursor of a position in the feed of an owner."""
    numbers = [1, position.number, position.horizon, position.reached_at, position.restore]
    return encode_cursor(numbers, _cursor_scope(owner, kinds))


def decode_position(cursor: str, owner: UUID, kinds: Kinds = DEFAULT_KINDS) -> FeedPosition | None:
    """Returns the position of a cursor; None if the cursor is not valid for that owner."""
    content = decode_cursor(cursor, _cursor_scope(owner, kinds))
    if not isinstance(content, list) or [type(part) for part in content] != [int] * 5 or content[0] != 1:
        return None
    position = FeedPosition(*content[1:])
    return position if 0 <= position.number < _END_OF_NUMBERS else None


def _cursor_scope(owner: UUID, kinds: Kinds) -> bytes:
    names = ",".join(name for name in _NAMES if name in kinds)
    return scope_of("changes", owner, *([] if kinds == DEFAULT_KINDS else [names]))


def _milliseconds() -> int:
    return int(time() * 1000)


def _my_changes(context: Context) -> ChangeFeed:
    return ChangeFeed(context.parts[OWNED_ROWS], context.owner, context.parts[RETENTION].tombstones)


MyChanges = Annotated[ChangeFeed, Depends(_my_changes)]
"""For a handler: the caller's changes."""
