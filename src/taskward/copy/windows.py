"""Reads a table of both databases side by side, a window of keys at a time."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from taskward.copy.copied import CopiedTable, OwnerRange, Row
from taskward.copy.databases import CopyDatabase

PAGE: Final = 2000
"""Rows that are read at once: with the longest texts that is 40 MB."""

PAGE_OF_BODIES: Final = 100
"""The same of rows with the body of a response or a delivery, which can have a hundred tasks."""


class Window(NamedTuple):
    """All rows of both databases between two keys."""

    source: Sequence[Row]
    target: Sequence[Row]


async def windows(
    source: CopyDatabase, target: CopyDatabase, table: CopiedTable, owners: OwnerRange | None = None
) -> AsyncIterator[Window]:
    """Yields the rows of some owners, or of all, in the order of their keys.

    The target may be changed up to the end of a window before the next one is read.
    """
    limit = PAGE_OF_BODIES if "body" in table.table.columns else PAGE
    after: Row | None = None
    while True:
        pages = [await one.page(table, owners, after, limit) for one in (source, target)]
        ends = [table.key_of(page[-1]) for page in pages if len(page) == limit]
        if not ends:
            yield Window(*pages)
            return
        after = min(ends)
        yield Window(*(_up_to(page, table, after) for page in pages))


def _up_to(page: Sequence[Row], table: CopiedTable, end: Row) -> Sequence[Row]:
    """Returns the rows of a page up to a key; the others are read again with the next window."""
    return (
        page
        if not page or table.key_of(page[-1]) <= end
        else [row for row in page if table.key_of(row) <= end]
    )
