"""The cursor of a list page, valid for the same owner, sort and filter only."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from taskward.http.cursors import decode_cursor, encode_cursor

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The position after a page: the id of its last task, and that task's value of the sort column."""

    key: str | None
    task_id: UUID


def write_cursor(position: PagePosition, walk: bytes) -> str:
    """Returns the cursor of a position; `walk` is the owner, the sort and the filter."""
    return encode_cursor([_VERSION, position.key, str(position.task_id)], walk)


def read_cursor(cursor: str, walk: bytes) -> PagePosition | None:
    """Returns the position of a cursor; None if the cursor is not valid for this walk."""
    match decode_cursor(cursor, walk):
        case [1, None | str() as key, str(task_id)] if "\0" not in (key or ""):
            try:
                position = PagePosition(key, UUID(task_id))
            except ValueError:
                return None
            return position if write_cursor(position, walk) == cursor else None
    return None
