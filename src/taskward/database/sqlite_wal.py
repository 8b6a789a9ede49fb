"""Checkpoint of SQLite's write-ahead log, which removes deleted content from it."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

_TIMEOUT: Final = 1.0
_RETRY: Final = 0.005


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
