"""Checkpoint of SQLite's write-ahead log, which removes deleted content from it."""

import asyncio
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

SCRUB_INTERVAL: Final = 0.5
"""Seconds between two attempts while a reader or writer blocks the checkpoint."""

_TIMEOUT: Final = 1.0
_RETRY: Final = 0.005


class Checkpoints:
    """Checkpoints the log of a file when content was deleted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._attempts: set[asyncio.Task[bool]] = set()
        self._retrying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Checkpoints and truncates the WAL; while readers still need it, retries in the background."""
        if not await self._attempt() and self._retrying is None:
            self._retrying = asyncio.create_task(self._retry())

    async def stop(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.wait({self._retrying})
        if self._attempts:
            await asyncio.wait(self._attempts)

    async def _retry(self) -> None:
        done = False
        while not done:
            await asyncio.sleep(SCRUB_INTERVAL)
            done = await self._attempt()
        self._retrying = None

    async def _attempt(self) -> bool:
        """Tries once, in a thread that `stop` waits for: its connection would keep the file open."""
        attempt = asyncio.create_task(asyncio.to_thread(empty_wal, self._path))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)
        return await asyncio.shield(attempt)


def empty_wal_now(connection: sqlite3.Connection) -> None:
    """Checkpoints and truncates the WAL, such as that of a crashed process, unless another one uses it."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def empty_wal(path: Path) -> bool:
    """Checkpoints and truncates the WAL; returns False if a reader or writer blocked it for too long."""
    deadline = time.monotonic() + _TIMEOUT
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        while True:
            with suppress(sqlite3.OperationalError):
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_RETRY)
