"""The page's cursor: where a walk through a list stands, good for the walk that it came from."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from taskward.http.cursors import decode_cursor, encode_cursor

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Position:
    """The last task of a page: its id, and its value in the column that the list is sorted by."""

    key: str | None
    task_id: UUID


def write_cursor(position: Position, walk: bytes) -> str:
    """Give the cursor for what follows `position` in a walk; `walk` says whose, in what order, of what."""
    return encode_cursor([_VERSION, position.key, str(position.task_id)], walk)


def read_cursor(cursor: str, walk: bytes) -> Position | None:
    """Give the position that a cursor stands for; None if it is no cursor of this walk."""
    match decode_cursor(cursor, walk):
        case [1, None | str() as key, str(task_id)] if "\0" not in (key or ""):
            try:
                position = Position(key, UUID(task_id))
            except ValueError:
                return None
            return position if write_cursor(position, walk) == cursor else None
    return None
