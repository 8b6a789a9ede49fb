"""Group commit: the writes that wait at the same time share one transaction.

The loop runs their statements, and a thread commits, because the fsync is slow. Each write is acknowledged
after the commit. In memory there is nothing to wait for, so a write that is alone runs in its caller's task.
"""

import sqlite3
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast
from uuid import UUID

from taskward.database.batching import Batcher, NotStarted
from taskward.database.sqlite import owner_locks
from taskward.database.sqlite.busy import busy_deadline, retry_while_busy
from taskward.database.sqlite.commit_thread import CommitThread
from taskward.database.sqlite.compiled import CompiledStatement
from taskward.database.sqlite.errors import database_error, is_busy
from taskward.database.sqlite.owner_locks import OwnerLocked
from taskward.database.sqlite.read_mark import ReadMark
from taskward.database.statements import Rollback, T
from taskward.metrics import WRITES_PER_COMMIT, WRITES_WAITING, Histogram, Samples

MAX_BATCH: Final = 128
"""Writes in one transaction, so that it does not block the loop for long."""


@dataclass(eq=False, slots=True)
class GroupedWrite:
    """A function that writes in the open transaction; it adds the owners of its changes to the set.

    A `long` one has a transaction of its own, and runs in a thread.
    """

    run: Callable[[sqlite3.Connection, set[UUID]], Any]
    long: bool = False
    owners: set[UUID] = field(default_factory=set)
    result: Any = None

    def apply(self, connection: sqlite3.Connection) -> None:
        """Runs it; if it fails, only its own changes are rolled back, and the result is the error."""
        connection.execute("SAVEPOINT queued_write")
        try:
            self.result = self.run(connection, self.owners)
        except Rollback as undo:
            self.result = undo.result
            self.owners.clear()
            connection.execute("ROLLBACK TO queued_write")
        except Exception as error:  # noqa: BLE001 - raised in the waiting caller
            self.result = database_error(error) if isinstance(error, sqlite3.Error) else error
            self.owners.clear()
            connection.execute("ROLLBACK TO queued_write")
        connection.execute("RELEASE queued_write")


class GroupCommit:
    """Runs changes in group commits; a `taskward.database.batching.BatchedOperation`.

    `notify` is called with the owners of the changes of each commit. Before it, `outbox` marks each of them.
    """

    def __init__(
        self,
        notify: Callable[[set[UUID]], None],
        mark: ReadMark,
        outbox: CompiledStatement | None,
        *,
        in_memory: bool,
    ) -> None:
        self.runs_in_caller = in_memory
        self._notify = notify
        self._mark = mark
        self._outbox = outbox
        self._in_memory = in_memory
        self._has_begun = False
        self._locked: frozenset[str] = frozenset()
        self._thread = CommitThread()
        self._sizes = Histogram(WRITES_PER_COMMIT)
        self._batcher: Batcher[GroupedWrite, Any] = Batcher(1, self._sizes.observe)
        self._writer: sqlite3.Connection

    def start(self, writer: sqlite3.Connection) -> None:
        """Writes on that connection from now on."""
        self._writer = writer

    async def stop(self) -> None:
        """Commits what is queued."""
        await self._batcher.drain()
        self._thread.stop()

    async def run(self, run: Callable[[sqlite3.Connection, set[UUID]], T], *, long: bool = False) -> T:
        """Runs a function in one of the next transactions, and returns its result after the commit."""
        return cast("T", await self._batcher.run(self, GroupedWrite(run, long), busy_deadline()))

    def refuse_locked(self, owner: UUID) -> None:
        """Raises OwnerLocked if a change that takes several transactions has locked the owner's data."""
        if self._locked and str(owner) in self._locked:
            raise OwnerLocked(owner)

    def collect(self) -> Samples:
        return {
            WRITES_WAITING.name: {(): self._batcher.waiting},
            WRITES_PER_COMMIT.name: {(): self._sizes.value()},
        }

    # A BatchedOperation

    def kind(self, change: GroupedWrite) -> Hashable:  # noqa: ARG002 - there is one writer
        return self

    def max_size(self, change: GroupedWrite) -> int:
        return 1 if change.long else MAX_BATCH

    def exclusive_key(self, change: GroupedWrite) -> Hashable | None:  # noqa: ARG002 - there is one batch at a time
        return None

    async def prepare(self, until: float) -> None:
        """Begins a transaction, unless it has begun one for this batch."""
        if self._has_begun:
            return
        try:
            await retry_while_busy(lambda: self._writer.execute("BEGIN IMMEDIATE"), until)
        except sqlite3.Error as error:
            if is_busy(error):
                raise NotStarted(database_error(error)) from error
            raise database_error(error) from error
        self._has_begun = True
        if not self._in_memory:
            self._mark.write_begins()

    async def run_alone(self, change: GroupedWrite, until: float) -> Any:
        await self.prepare(until)
        (result,) = await self.run_batch([change], until)
        if isinstance(result, Exception):
            raise result
        return result

    async def run_batch(self, changes: Sequence[GroupedWrite], until: float) -> Sequence[Any]:  # noqa: ARG002 - a commit has no deadline
        """Runs changes in the open transaction; after the commit returns the result or error of each."""
        self._has_begun = False
        try:
            self._locked = owner_locks.locked_owners(self._writer)
            for change in changes:
                await self._apply(change)
            owners = {owner for change in changes for owner in change.owners}
            if self._outbox is not None:
                for owner in owners:
                    self._outbox.run(self._writer, {"owner": owner})
            await self._commit()
        except Exception as error:
            with suppress(sqlite3.Error):
                self._writer.rollback()
            raise database_error(error) from error
        finally:
            if not self._in_memory:
                self._mark.write_ends()
        self._notify(owners)
        return [change.result for change in changes]

    async def _apply(self, change: GroupedWrite) -> None:
        if change.long and not self._in_memory:  # a database in memory has a single connection
            await self._thread.run(partial(change.apply, self._writer))
        else:
            change.apply(self._writer)

    async def _commit(self) -> None:
        if self._in_memory:
            self._writer.commit()
        else:
            await self._thread.run(self._writer.commit)
