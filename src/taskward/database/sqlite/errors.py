"""The meaning of the errors of SQLite's driver."""

import sqlite3
from typing import Final

from taskward.database import IdempotencyConflict
from taskward.http.errors import DatabaseError

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def is_busy(error: Exception) -> bool:
    """Returns whether another connection locks the file."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _BUSY


def error_text(error: sqlite3.Error) -> str:
    """Returns the message, for an operator."""
    return f"{error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})"


def database_error(error: Exception) -> DatabaseError:
    """Returns the error as one of the port; its message is dropped, because it may contain stored values."""
    if isinstance(error, DatabaseError):
        return error
    if not isinstance(error, sqlite3.Error):
        return DatabaseError(reason=type(error).__name__)
    reason = getattr(error, "sqlite_errorname", type(error).__name__)
    # The message names columns only: "NOT NULL constraint failed: idempotency_keys.status".
    kind = IdempotencyConflict if "idempotency_keys." in str(error) else DatabaseError
    return kind(reason=reason)
