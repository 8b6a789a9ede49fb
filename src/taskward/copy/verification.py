"""Compares the rows of both databases, and counts them.

A digest covers the rows of a table in the order of their keys, so that those of two runs can be compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import orjson

from taskward.copy.copied import COPIED, COPIED_TASKS, COPIED_USERS, COUNTED, CopiedTable, OwnerRange, Row
from taskward.copy.databases import CopyDatabase
from taskward.copy.errors import Differs
from taskward.copy.windows import Window, windows

_DIGEST: Final = 16
"""Bytes."""


@dataclass(frozen=True)
class Verified:
    """A table with the same rows on both sides."""

    table: str
    rows: int
    digest: str | None = None


class Verification:
    """Verifies within the open snapshot of the source.

    Raises:
        Differs: from each method, if rows differ; it names the table and the owner.

    """

    def __init__(self, source: CopyDatabase, target: CopyDatabase) -> None:
        self._source = source
        self._target = target

    async def compare_all(self, progress: Callable[[int, int], None]) -> list[Verified]:
        """Compares each row of each table."""
        total = await self._source.count(COPIED_TASKS.name)
        return [await self.compare_table(table, lambda done: progress(done, total)) for table in COPIED]

    async def compare_table(
        self, table: CopiedTable, progress: Callable[[int], None] = lambda _done: None
    ) -> Verified:
        """Compares each row of a table; the progress is that of the tasks."""
        digest = blake2b(digest_size=_DIGEST)
        count = 0
        async for window in windows(self._source, self._target, table):
            digest.update(_compare(table, window))
            count += len(window.source)
            if table is COPIED_TASKS:
                progress(count)
        return Verified(table.name, count, digest.hexdigest())

    async def compare_owners(self, owners: OwnerRange) -> None:
        """Compares the rows of some owners that their counters cover."""
        for table in (COPIED_USERS, *COUNTED):
            async for window in windows(self._source, self._target, table, owners):
                _compare(table, window)

    async def compare_counts(self) -> list[Verified]:
        """Compares the number of rows of each table."""
        return [await self._count(table) for table in COPIED]

    async def count_behind(self) -> int:
        """Returns the number of owners whose rows in `users` differ."""
        count = 0
        async for window in windows(self._source, self._target, COPIED_USERS):
            count += len({row[0] for row in {*window.source} ^ {*window.target}})
        return count

    async def _count(self, table: CopiedTable) -> Verified:
        counts = [await one.count(table.name) for one in (self._source, self._target)]
        if counts[0] != counts[1]:
            raise Differs(table.name, None)
        return Verified(table.name, counts[0])


def _compare(table: CopiedTable, window: Window) -> bytes:
    """Raises Differs if the two sides of a window differ; returns its rows, serialized."""
    source, target = map(_serialized, window)
    if source != target:
        raise Differs(table.name, _first_owner(table, window))
    return source


def _serialized(rows: Sequence[Row]) -> bytes:
    """Returns rows as JSON without brackets, so that a digest does not depend on the windows."""
    return orjson.dumps(rows)[1:-1] + b"," if rows else b""


def _first_owner(table: CopiedTable, window: Window) -> str | None:
    """Returns the owner of the first row that is not the same."""
    row = min({*window.source} ^ {*window.target}, key=table.key_of)
    return str(row[0]) if table.has_owner else None
