"""Cache of rendered list responses, valid while the owner's counter is unchanged.

The counter moves with every change of the owner's tasks, so a page rendered at a counter is the page at that
counter. A cache hit costs one read of the counter; no task is read or serialised. `If-None-Match` relies on
the same rule.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from taskward.http.parts import Key
from taskward.tasks.filters import Filter
from taskward.tasks.query import ListQuery

MAX_BYTES: Final = 8 * 1024 * 1024
"""Approximate bytes per process. The least recently used owner is evicted."""

ENTRY_OVERHEAD: Final = 1024
"""Per-entry overhead in bytes (body aside), so that empty lists count too."""

FILTER_OVERHEAD: Final = 512
"""Bytes of a filter; its values are bounded."""

MAX_ENTRY: Final = 64 * 1024
"""Bytes of the largest body that is cached."""

_CacheKey: TypeAlias = tuple[str, bool | None, str | None, int, str | None, tuple[Filter, ...]]


@dataclass(frozen=True, slots=True)
class CachedList:
    """A response body, its entity tag, and the owner's counter that they belong to."""

    body: bytes
    tag: str
    counter: int


class ListCache:
    """The cached lists of a process, by owner and query."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._lists: OrderedDict[UUID, dict[_CacheKey, CachedList]] = OrderedDict()

    def get(self, owner: UUID, query: ListQuery) -> CachedList | None:
        """Returns the cached list, which is valid only if the owner's counter has not moved."""
        lists = self._lists.get(owner)
        return lists.get(_cache_key(query)) if lists else None

    def put(self, owner: UUID, query: ListQuery, entry: CachedList) -> None:
        """Stores a list that is not too large, and drops the owner's lists of an earlier counter."""
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
        """Drops an owner's lists after a change, which saves the next reader a useless check."""
        self._size -= _size_of_all(self._lists.pop(owner, {}))


LIST_CACHE: Final = Key[ListCache]("list cache")


def _cache_key(query: ListQuery) -> _CacheKey:
    return query.sort, query.is_completed, query.q, query.limit, query.cursor, query.filters


def _size(key: _CacheKey, entry: CachedList) -> int:
    """Returns the bytes that a list takes; a character takes up to four."""
    _, _, words, _, cursor, filters = key
    size = ENTRY_OVERHEAD + len(entry.body) + 4 * len(words or "") + len(cursor or "")
    return size + FILTER_OVERHEAD * len(filters) if filters else size


def _size_of_all(lists: dict[_CacheKey, CachedList]) -> int:
    return sum(_size(key, entry) for key, entry in lists.items())
