"""Translation of the PostgreSQL driver's errors by SQLSTATE, never by message.

The message of an error is dropped, because it may contain stored values.
"""

from typing import Final

from taskward.database import IdempotencyConflict
from taskward.database.postgres.pool import CONNECTION_LOST, DRIVER_ERRORS, READ_ONLY
from taskward.http.errors import DatabaseError

_CONFLICT_STATES: Final = frozenset({"23505", "40001", "40P01", READ_ONLY})
"""SQLSTATEs of a conflict with another statement: a unique value, a serialisation failure, a deadlock. Or of
a write on a read-only server; the next attempt uses a new connection, perhaps to the primary. The only unique
value that can conflict twice is an e-mail address, and the next attempt leaves it out."""


class ConnectionLost(DatabaseError):
    """The connection was lost; whether the statement was executed is unknown."""


class Rejected(DatabaseError):
    """The server executed no part of the statement, and will not."""


class Conflict(Rejected):
    """The server rolled the statement back, and it may succeed if repeated."""


class EmailTaken(Conflict):
    """The server rolled the statement back because another owner has that e-mail address."""


class _TranslateDriverErrors:
    """Translates the driver's errors."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, DRIVER_ERRORS):
            raise _database_error(error) from error


translate_driver_errors: Final = _TranslateDriverErrors()


def _database_error(error: Exception) -> DatabaseError:
    if isinstance(error, TimeoutError):
        return DatabaseError(reason="no response in time")
    state = getattr(error, "sqlstate", None)
    reason = f"{type(error).__name__} {state}" if state else type(error).__name__
    if getattr(error, "table_name", None) == "idempotency_keys":
        return IdempotencyConflict(reason=reason)
    if getattr(error, "constraint_name", None) == "uq_users_email":
        return EmailTaken(reason=reason)
    if state in _CONFLICT_STATES:
        return Conflict(reason=reason)
    if state is None or state.startswith(CONNECTION_LOST):
        return ConnectionLost(reason=reason)
    return Rejected(reason=reason)
