"""Opens SQLite files: checked, private, and so that an acknowledged write survives a power cut."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from taskward.database import DatabaseUnusable
from taskward.database.functions import SQLITE_CLOCK
from taskward.database.sqlite import owner_locks
from taskward.database.sqlite.errors import error_text

OPEN_TIMEOUT: Final = 10.0
"""Seconds that opening a file waits while another process locks it."""

QUICK_CHECK_MAX_BYTES: Final = 64 * 2**20
"""Bytes of the largest file that is checked for corruption at start, which takes about 0.1 s."""

CACHE_KIB: Final = 2_000
"""KiB of pages that a connection keeps in memory at most; SQLite's default."""

WRITER_CACHE_KIB: Final = 16_384
"""The same of the writer: a transaction that changes more pages writes some of them several times."""


def connect(path: Path | None, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """Opens the file, or a database in memory."""
    if path is not None:
        _make_private(path)
    connection = sqlite3.connect(
        path or ":memory:",
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        timeout=0,
    )
    try:
        _configure(connection)
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def explain_unusable(path: Path | None) -> Iterator[None]:
    """Translates SQLite's errors at opening into a plain text."""
    if path is not None and (problem := file_problem(path)):
        raise DatabaseUnusable(f"DATABASE_URL: {path}: {problem}")
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"DATABASE_URL: {path or 'memory'}: {error_text(error)}") from error


def file_problem(path: Path) -> str | None:
    """Returns why a file cannot be opened or created for writing, which SQLite detects only later."""
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written to, and SQLite keeps its journal there"
    if path.is_dir():
        return "it is a folder"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "the file cannot be read and written"
    return None


def quick_check(connection: sqlite3.Connection, path: Path | None) -> None:
    """Checks a file that is not large for corruption, to report it at start and not during writes.

    Raises:
        sqlite3.DatabaseError: the file is not a database.
        DatabaseUnusable: the file is a corrupt database.

    """
    if path is None or path.stat().st_size > QUICK_CHECK_MAX_BYTES:
        return
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DatabaseUnusable(f"DATABASE_URL: {path}: the file is corrupt; restore it from a backup")


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {OPEN_TIMEOUT * 1000:.0f}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # deleted content is overwritten, also in free pages
    owner_locks.install(connection)
    connection.execute("PRAGMA busy_timeout = 0")  # from here on, the loop waits
    connection.create_function(SQLITE_CLOCK, 0, _microseconds)


def _microseconds() -> int:
    return time.time_ns() // 1000


def _make_private(path: Path) -> None:
    """Creates a missing file readable by its owner only; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: {path}: {error.strerror}") from error
