"""The size of a tool's result, and the pages that fill it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

MAX_RESULT: Final = 30_000
"""Bytes of a result as JSON in UTF-8. It is sent as text and as an object, at most six bytes for each."""

RESERVED: Final = 2_500
"""Bytes of a result beside its objects: a cursor, the ids of further objects."""

TASKS_PER_PAGE: Final = 50
"""Tasks that are read and parsed in one go: 50 of the largest are 1.3 MB, which takes 2 ms."""

Item: TypeAlias = dict[str, Any]


class Page(NamedTuple):
    """The objects of a page as an agent gets them, and the cursor of the next page."""

    items: Sequence[Item]
    next_cursor: str | None


Read: TypeAlias = Callable[[int, str | None], Awaitable[Page]]
"""Reads a page of at most that many objects, after a cursor."""


class Room:
    """The bytes that are left for objects in a result."""

    def __init__(self, size: int = MAX_RESULT - RESERVED) -> None:
        self._left = size

    def take(self, items: Sequence[Item]) -> int:
        """Takes the room for as many of the first objects as fit, and returns their number."""
        for number, item in enumerate(items):
            size = len(orjson.dumps(item)) + 1
            if size > self._left:
                return number
            self._left -= size
        return len(items)

    def has(self, items: Sequence[Item]) -> int:
        """Returns how many of the first objects fit."""
        return Room(self._left).take(items)


async def fill(read: Read, limit: int, cursor: str | None, *, per_page: int) -> Page:
    """Reads pages until there are that many objects, no more objects, or no more room.

    A page that does not fit is read again with as many objects as fit, which gives their cursor.
    """
    room, found = Room(), list[Item]()
    size, is_full = min(per_page, limit), False
    while size:
        page = await read(size, cursor)
        fitting = room.has(page.items)
        if fitting < len(page.items):
            size, is_full = fitting, True
            continue
        room.take(page.items)
        found += page.items
        cursor = page.next_cursor
        size = 0 if is_full or cursor is None else min(per_page, limit - len(found))
    return Page(found, cursor)
