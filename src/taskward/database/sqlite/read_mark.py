"""Holds the newest read mark of the write-ahead log while reads are frequent.

A read takes a shared lock on a read mark and releases it: two system calls, half of what a short read costs.
SQLite counts these locks for each process, so while one connection of the process holds a mark, its others
read at that mark without a system call. A connection with an open read transaction holds it for them.

They see every commit as before: a read compares its mark with the log, and after a commit locks a newer one
itself. A held mark only delays checkpoints and the reuse of the log. So it is held for a short time only, not
during a write of this process, and not while other processes write. See decision 0042.
"""

import asyncio
import sqlite3
import time
from contextlib import suppress
from typing import Final

HOLD: Final = 0.05
"""Seconds that a mark is held at a time."""

PAUSE: Final = 0.01
"""Seconds between two holds, in which a checkpoint of another process can run."""

PAUSE_AFTER_WRITE: Final = 0.1
PAUSE_AFTER_FOREIGN_WRITE: Final = 1.0
"""Seconds without a hold after another process has written, which may have to checkpoint."""

FREQUENT_READS: Final = 8
WITHIN: Final = 0.025
"""Seconds. Reads are frequent if `FREQUENT_READS` come within this time; fewer cost less than a hold."""


class ReadMark:
    """Holds a mark on a connection of its own; does nothing before `start`."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_writing = False
        self._paused_until = 0.0
        self._counted_since = 0.0
        self._reads_left = FREQUENT_READS
        self._data_version: int | None = None

    @property
    def is_held(self) -> bool:
        return self._timer is not None

    def start(self, connection: sqlite3.Connection) -> None:
        """Holds marks on that connection from now on."""
        self._connection = connection

    def stop(self) -> None:
        """Releases the mark, and closes the connection."""
        if self._connection is not None:
            self._release()
            self._connection.close()
            self._connection = None

    def count_read(self, now: float) -> None:
        """Holds the mark if reads have become frequent; called before each, with `time.perf_counter()`."""
        self._reads_left -= 1
        if self._reads_left == 0:
            self._count_again(now)

    def write_begins(self) -> None:
        """Releases the mark until the write ends, so that its commit can checkpoint and reuse the log."""
        self._is_writing = True
        if self._timer is not None:
            self._release()

    def write_ends(self) -> None:
        self._is_writing = False
        self._data_version = None  # changed by this process
        if self._connection is not None:
            self._pause(PAUSE_AFTER_WRITE)

    def _count_again(self, now: float) -> None:
        since = max(self._counted_since, self._paused_until)
        self._counted_since = now
        if self._is_writing or not since <= now <= since + WITHIN:
            self._reads_left = FREQUENT_READS
        elif self._begin():
            self._timer = asyncio.get_running_loop().call_later(HOLD, self._release)
        else:
            self._pause(PAUSE_AFTER_FOREIGN_WRITE)

    def _begin(self) -> bool:
        """Begins a read transaction; returns False, without one, if another process writes."""
        if self._connection is None:
            return False
        before, self._data_version = self._data_version, None
        with suppress(sqlite3.Error):  # another process locks the file
            self._connection.execute("BEGIN")
            (self._data_version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if before in {None, self._data_version}:
                return True
        self._connection.rollback()
        return False

    def _release(self) -> None:
        if self._connection is None or self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        self._connection.rollback()
        self._pause(PAUSE)

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, time.perf_counter() + seconds)
        self._reads_left = FREQUENT_READS
