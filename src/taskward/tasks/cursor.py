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


def write_cursor(position: PagePosition, scope: bytes) -> str:
    """Returns the cursor of a position; `scope` is the owner, the sort and the filter."""
    return encode_cursor([_VERSION, position.key, str(position.task_id)], scope)


def read_cursor(cursor: str, scope: bytes) -> PagePosition | None:
    """Returns the position of a cursor; None if the cursor has another scope or is malformed."""
    match decode_cursor(cursor, scope):
        case [1, None | str() as key, str(task_id)] if "\0" not in (key or ""):
            try:
                position = PagePosition(key, UUID(task_id))
            except ValueError:
                return None
            return position if write_cursor(position, scope) == cursor else None
    return None
