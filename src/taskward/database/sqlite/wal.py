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
        self._retrying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Checkpoints and truncates the WAL; while readers still need it, retries in the background."""
        if not await asyncio.to_thread(empty_wal, self._path) and self._retrying is None:
            self._retrying = asyncio.create_task(self._retry())

    async def stop(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.wait({self._retrying})

    async def _retry(self) -> None:
        done = False
        while not done:
            await asyncio.sleep(SCRUB_INTERVAL)
            done = await asyncio.to_thread(empty_wal, self._path)
        self._retrying = None


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
