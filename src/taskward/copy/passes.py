"""One pass of a copy: makes the target equal to a snapshot of the source.

The row of an owner in `users` is written in the same transaction as the owner's other rows. So an owner whose
row is the same in both databases is copied, and one whose row differs has changed since, or is new. A pass
therefore continues an interrupted one, and follows the changes since the last one; nothing else is noted.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final

from taskward.copy.copied import (
    COPIED_TASKS,
    COPIED_USERS,
    COUNTED,
    EMAIL,
    UNCOUNTED,
    CopiedTable,
    OwnerRange,
    Row,
)
from taskward.copy.databases import CopyDatabase
from taskward.copy.windows import Window, windows

MAX_TASKS: Final = 5000
"""Tasks that one transaction copies, unless one owner has more. An interruption loses at most these."""

Progress = Callable[[int, int], None]
"""It is called with the number of copied tasks, and with that of all tasks."""


class Pass:
    """A pass from one database to another; `after_batch` is called with the owners of each transaction."""

    def __init__(
        self,
        source: CopyDatabase,
        target: CopyDatabase,
        progress: Progress | None = None,
        after_batch: Callable[[OwnerRange], Awaitable[None]] | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._after_batch = after_batch
        self._done = self._total = 0

    async def run(self) -> int:
        """Copies within the open snapshot of the source.

        Returns the number of owners that it left out, because a change of theirs is in progress.
        """
        locked = await self._source.locked_owners()
        self._total = await self._source.count(COPIED_TASKS.name) if self._progress else 0
        await self._drop_erased()
        async for window in windows(self._source, self._target, COPIED_USERS):
            await self._copy_window(window, locked)
        if not locked:  # their rows may reference rows that are not copied yet
            for table in UNCOUNTED:
                async with self._target.transaction():
                    await self._copy_rows(table)
        return len(locked)

    async def _drop_erased(self) -> None:
        """Deletes owners who were erased since the last pass, all of them before new ones are copied.

        So an e-mail address is free again, also if the owner who had it is back without it.
        """
        async for window in windows(self._source, self._target, COPIED_USERS):
            emails = {row[0]: row[EMAIL] for row in window.source}
            gone = [row[:1] for row in window.target if emails.get(row[0], _NO_OWNER) != row[EMAIL]]
            if gone:
                async with self._target.transaction():
                    await self._target.delete(COPIED_USERS, gone)

    async def _copy_window(self, window: Window, locked: frozenset[str]) -> None:
        """Copies the owners of a window whose rows differ."""
        stored = {row[0]: row for row in window.target}
        changed = [row[0] not in locked and stored.get(row[0]) != row for row in window.source]
        if not any(changed) and (self._progress is None or not changed):
            return
        sizes = await self._source.tasks_of((window.source[0][0], window.source[-1][0]))
        for run in _runs(window.source, changed):
            for batch in _batches(run, sizes):
                await self._copy_owners(batch)
                self._advance(batch, sizes)
        self._advance(
            [row for row, is_changed in zip(window.source, changed, strict=True) if not is_changed], sizes
        )

    async def _copy_owners(self, rows: Sequence[Row]) -> None:
        """Copies owners that follow each other, with all rows that their counters cover."""
        owners = rows[0][0], rows[-1][0]
        async with self._target.transaction():
            await self._target.write(COPIED_USERS, rows)
            for table in COUNTED:
                await self._copy_rows(table, owners)
        if self._after_batch is not None:
            await self._after_batch(owners)

    async def _copy_rows(self, table: CopiedTable, owners: OwnerRange | None = None) -> None:
        async for window in windows(self._source, self._target, table, owners):
            if window.source == window.target:
                continue
            stored = {table.key_of(row): row for row in window.target}
            written = [row for row in window.source if stored.pop(table.key_of(row), None) != row]
            await self._target.delete(table, list(stored))
            await self._target.write(table, written)

    def _advance(self, owners: Sequence[Row], sizes: Mapping[str, int]) -> None:
        self._done += sum(sizes.get(row[0], 0) for row in owners)
        if self._progress is not None:
            self._progress(self._done, self._total)


def _runs(rows: Sequence[Row], changed: Sequence[bool]) -> Iterator[Sequence[Row]]:
    """Yields the runs of changed owners that follow each other."""
    begin: int | None = None
    for index, is_changed in enumerate([*changed, False]):
        if is_changed and begin is None:
            begin = index
        elif not is_changed and begin is not None:
            yield rows[begin:index]
            begin = None


def _batches(run: Sequence[Row], sizes: Mapping[str, int]) -> Iterator[Sequence[Row]]:
    """Yields the owners of a run, as many together as one transaction copies."""
    batch: list[Row] = []
    size = 0
    for row in run:
        owned = sizes.get(row[0], 0)
        if batch and size + owned > MAX_TASKS:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += owned
    yield batch


_NO_OWNER: Final = object()
