"""A database that is copied from or to."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from taskward.copy.copied import CopiedTable, OwnerRange, Row

FENCE_TIMEOUT = 10.0
"""Seconds that a fenced snapshot waits for writes in progress."""


class CopyDatabase(Protocol):
    """The port of a copy to a database of either engine, named by the option of the command.

    Raises:
        CopyFailed: from each method, if the database cannot do it.

    """

    option: str

    async def revision(self) -> str | None:
        """Returns the revision of the schema; None if there is none."""

    async def set_revision(self, revision: str) -> None:
        """Notes the revision of the schema."""

    def snapshot(self, *, fenced: bool = False) -> AbstractAsyncContextManager[None]:
        """Reads the same state until the block ends; a fenced one keeps others from writing meanwhile."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Commits what the block writes."""

    async def page(
        self, table: CopiedTable, owners: OwnerRange | None, after: Row | None, limit: int
    ) -> Sequence[Row]:
        """Returns the next rows of a table in the order of its key: of some owners, or of all."""

    async def write(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Inserts rows, or replaces those with the same keys."""

    async def delete(self, table: CopiedTable, keys: Sequence[Row]) -> None:
        """Deletes rows, and those that reference them."""

    async def count(self, name: str) -> int:
        """Returns the number of rows of a table."""

    async def tasks_of(self, owners: OwnerRange) -> Mapping[str, int]:
        """Returns the number of tasks of each of some owners that have any."""

    async def locked_owners(self) -> frozenset[str]:
        """Returns the owners with a change in progress that takes several transactions."""

    async def analyze(self) -> None:
        """Prepares the planner for the new rows."""

    async def close(self) -> None:
        """Closes the connections."""
