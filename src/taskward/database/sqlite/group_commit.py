"""Group commit: the writes that wait at the same time share one transaction.

A write of one statement runs on the event loop. A transaction of several runs in the thread that commits,
because nothing bounds its time: the loop only ever waits for the interpreter's lock. Each is acknowledged
after the commit. In memory there is nothing to wait for, so a write runs in its caller's task.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any, Final, cast
from uuid import UUID

from taskward.database.batch_queue import copy_error
from taskward.database.sqlite import owner_locks
from taskward.database.sqlite.busy import RETRY_INTERVAL, busy_deadline
from taskward.database.sqlite.commit_thread import CommitThread
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.sqlite.errors import database_error, is_busy
from taskward.database.sqlite.owner_locks import OwnerLocked
from taskward.database.sqlite.write_queue import WriteQueue
from taskward.database.statements import Rollback, T
from taskward.http.caller import CALLER
from taskward.metrics import WRITES_PER_COMMIT, WRITES_WAITING, Histogram, Samples

MAX_GROUP: Final = 128
"""Writes in one transaction, so that it does not block the loop for long."""

GROUP_SECONDS: Final = 0.05
"""Seconds after which no further transaction joins a group: those before it are waiting for the commit."""


@dataclass(eq=False, slots=True)
class GroupedWrite:
    """A function that writes in the open transaction; it adds the owners of its changes to the set.

    One of `several` statements runs in the thread. A `long` one has a transaction of its own.
    """

    owner: UUID | None
    caller: UUID | None
    run: Callable[[sqlite3.Connection, set[UUID]], Any]
    until: float
    """The deadline of its start, on the loop's clock."""

    done: "asyncio.Future[Any] | None"
    """None once it is done."""

    several: bool
    long: bool
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

    def finish(self, result: Any) -> None:
        """Passes the result or error to the caller, if it still waits.

        Nothing here refers to it any more: an error refers to the frame of `apply`, so that both would stay.
        """
        done, self.done, self.result = self.done, None, None
        if done is None or done.done():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)


class GroupCommit:
    """Runs changes in group commits.

    `notify` is called with the owners of the changes of each commit. Before it, `outbox` marks each of them.
    """

    def __init__(
        self,
        notify: Callable[[set[UUID]], None],
        outbox: SqliteStatement | None,
        *,
        in_memory: bool,
    ) -> None:
        self._notify = notify
        self._outbox = outbox
        self._in_memory = in_memory
        self._locked: frozenset[str] = frozenset()
        self._thread = CommitThread()
        self._sizes = Histogram(WRITES_PER_COMMIT)
        self._queue: WriteQueue[GroupedWrite] = WriteQueue()
        self._working: asyncio.Task[None] | None = None
        self._writer: sqlite3.Connection

    def start(self, writer: sqlite3.Connection) -> None:
        """Writes on that connection from now on."""
        self._writer = writer

    async def stop(self) -> None:
        """Commits what is queued."""
        while self._working is not None:
            await asyncio.wait([self._working])
        self._thread.stop()

    async def run(
        self,
        owner: UUID | None,
        run: Callable[[sqlite3.Connection, set[UUID]], T],
        *,
        several: bool = False,
        long: bool = False,
    ) -> T:
        """Runs a function in one of the next transactions, and returns its result after the commit.

        The owners take turns, and so do the callers of one. A function of `several` statements runs in the
        thread.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        write = GroupedWrite(owner, CALLER.get(), run, busy_deadline(loop), future, several, long)
        self._queue.add(write)
        if self._in_memory:
            self._run_in_memory()
        elif self._working is None:
            self._working = asyncio.create_task(self._work())
        try:
            return cast("T", await future)
        finally:
            if future.cancelled():
                self._queue.discard(write)
            del future, write  # an error refers to this frame, so that they would be a cycle with it

    def refuse_locked(self, owner: UUID) -> None:
        """Raises OwnerLocked if a change that takes several transactions has locked the owner's data."""
        if self._locked and str(owner) in self._locked:
            raise OwnerLocked(owner)

    def collect(self) -> Samples:
        return {
            WRITES_WAITING.name: {(): len(self._queue)},
            WRITES_PER_COMMIT.name: {(): self._sizes.value()},
        }

    async def _work(self) -> None:
        """Runs one group after the other while writes are queued."""
        try:
            while await self._begin():
                await self._run_group(self._queue.take(MAX_GROUP))
        finally:
            self._working = None

    async def _begin(self) -> bool:
        """Begins a transaction for the queued writes, unless there are none.

        While another process locks the file it waits; writes whose time is up fail.
        """
        while self._queue:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                time = asyncio.get_running_loop().time() if is_busy(error) else inf
                _fail(self._queue.take_late(time), error)
            else:
                return True
            await asyncio.sleep(RETRY_INTERVAL)
        return False

    async def _run_group(self, group: Sequence[GroupedWrite]) -> None:
        """Runs writes in the open transaction and commits it; those for which no time is left wait again."""
        single = [write for write in group if not write.several]
        transactions = [write for write in group if write.several]
        try:
            self._apply(single)
            ran = await self._thread.run(lambda: self._finish_group(single, transactions))
        except Exception as error:  # noqa: BLE001 - raised in each caller
            self._roll_back(group, error)
        else:
            self._queue.put_back(transactions[ran:])
            self._acknowledge([*single, *transactions[:ran]])

    def _run_in_memory(self) -> None:
        """Runs the write that was just queued: nothing waits there, so it is the only one."""
        group = self._queue.take(MAX_GROUP)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._apply(group)
            self._commit(group)
        except Exception as error:  # noqa: BLE001 - raised in the caller
            self._roll_back(group, error)
        else:
            self._acknowledge(group)

    def _finish_group(self, single: Sequence[GroupedWrite], transactions: Sequence[GroupedWrite]) -> int:
        """Runs transactions until the group has taken its time, and commits; returns how many ran."""
        until = monotonic() + GROUP_SECONDS
        ran = 0
        while ran < len(transactions) and (not ran or monotonic() < until):
            self._apply(transactions[ran : ran + 1])
            ran += 1
        self._commit([*single, *transactions[:ran]])
        return ran

    def _apply(self, writes: Sequence[GroupedWrite]) -> None:
        if writes:
            self._locked = owner_locks.locked_owners(self._writer)
        for write in writes:
            write.apply(self._writer)

    def _commit(self, group: Sequence[GroupedWrite]) -> None:
        if self._outbox is not None:
            for owner in _owners(group):
                self._outbox.run(self._writer, {"owner": owner})
        self._writer.commit()

    def _acknowledge(self, group: Sequence[GroupedWrite]) -> None:
        self._sizes.observe(len(group))
        self._notify(_owners(group))
        for write in group:
            write.finish(write.result)

    def _roll_back(self, group: Sequence[GroupedWrite], error: Exception) -> None:
        with suppress(sqlite3.Error):
            self._writer.rollback()
        _fail(group, error)


def _owners(group: Sequence[GroupedWrite]) -> set[UUID]:
    return {owner for write in group for owner in write.owners}


def _fail(writes: Sequence[GroupedWrite], error: Exception) -> None:
    failure = database_error(error)
    failure.__cause__ = error
    for write in writes:
        write.finish(copy_error(failure))
