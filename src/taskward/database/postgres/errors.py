"""What the errors of the PostgreSQL driver mean: translated by SQLSTATE, never by message.

The message of an error is left out, for it may quote what was stored.
"""

from typing import Final

from taskward.database import IdempotencyConflict
from taskward.database.postgres.pool import CONNECTION_LOST, DRIVER_ERRORS, READ_ONLY
from taskward.http.errors import DatabaseError

_CONFLICT_STATES: Final = frozenset({"23505", "40001", "40P01", READ_ONLY})
"""SQLSTATEs of a statement that met another one: a unique value, a serialisation failure, a deadlock.
Or that came to a server which only reads; then the next try is on a new connection, perhaps to the primary.

Of the unique values only an e-mail address can be met twice, and the next try leaves it out.
"""


class ConnectionLost(DatabaseError):
    """The connection went away; whether the statement was carried out is not known."""


class Rejected(DatabaseError):
    """The server has carried out nothing of the statement, and will not."""


class Conflict(Rejected):
    """It has undone the statement, and it may succeed if it is run again."""


class EmailTaken(Conflict):
    """It has undone it because another owner has that e-mail address."""


class _TranslateDriverErrors:
    """Raises the driver's errors as what they mean."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, DRIVER_ERRORS):
            raise _database_error(error) from error


translate_driver_errors: Final = _TranslateDriverErrors()


def _database_error(error: Exception) -> DatabaseError:
    if isinstance(error, TimeoutError):
        return DatabaseError(reason="no answer in time")
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
