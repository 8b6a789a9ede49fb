"""Emptying SQLite's write-ahead log, so that it holds nothing any more of what was deleted."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

_TIMEOUT: Final = 1.0
_RETRY: Final = 0.005


def empty_wal(path: Path) -> bool:
    """Write the log back and truncate it; return whether no reader or writer kept it from that in time."""
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
