"""Lists that were given before, as long as their owner's counter says that they are still what they were.

The counter moves with every change of the owner's, so a page that was made at a number is the page of that
number: to give it again costs one look at the counter, and no row is read or written as JSON. This rests on
nothing but what `If-None-Match` rests on too.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from taskward.tasks.query import ListQuery

MAX_BYTES: Final = 8 * 1024 * 1024
"""Bytes in one process, about. The owner who has not asked for longest makes room."""

ENTRY_OVERHEAD: Final = 1024
"""Bytes that a list takes beside its body, its words and its cursor: an empty list is not for nothing."""

MAX_ENTRY: Final = 64 * 1024
"""Bytes of a body that is worth its place."""

_CacheKey: TypeAlias = tuple[str, bool | None, str | None, int, str | None]


@dataclass(frozen=True, slots=True)
class CachedList:
    """The body of an answer, its entity tag, and the owner's counter they are of."""

    body: bytes
    tag: str
    counter: int


class ListCache:
    """The lists that a process has given lately, by owner and query."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._lists: OrderedDict[UUID, dict[_CacheKey, CachedList]] = OrderedDict()

    def get(self, owner: UUID, query: ListQuery) -> CachedList | None:
        """Give the list as it was last; whether it still is that, the counter tells."""
        lists = self._lists.get(owner)
        return lists.get(_cache_key(query)) if lists else None

    def put(self, owner: UUID, query: ListQuery, entry: CachedList) -> None:
        """Keep a list, unless it is a large one; what the owner has of an earlier counter is dropped."""
        lists = self._lists.setdefault(owner, {})
        self._lists.move_to_end(owner)
        key = _cache_key(query)
        for old in [old for old, one in lists.items() if old == key or one.counter < entry.counter]:
            self._size -= _size(old, lists.pop(old))
        if len(entry.body) <= MAX_ENTRY:
            self._size += _size(key, entry)
            lists[key] = entry
        while self._size > self._max_bytes:
            self._size -= _size_of_all(self._lists.popitem(last=False)[1])
        if not lists:
            self._lists.pop(owner, None)

    def forget(self, owner: UUID) -> None:
        """Drop what has just been changed, to spare the next reader the look at the counter."""
        self._size -= _size_of_all(self._lists.pop(owner, {}))


def _cache_key(query: ListQuery) -> _CacheKey:
    return query.sort, query.is_completed, query.q, query.limit, query.cursor


def _size(key: _CacheKey, entry: CachedList) -> int:
    """Give the bytes that a list takes; a text has up to four for each character."""
    _, _, words, _, cursor = key
    return ENTRY_OVERHEAD + len(entry.body) + 4 * len(words or "") + len(cursor or "")


def _size_of_all(lists: dict[_CacheKey, CachedList]) -> int:
    return sum(_size(key, entry) for key, entry in lists.items())
