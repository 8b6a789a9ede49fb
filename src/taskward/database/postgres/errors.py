"""The meaning of the PostgreSQL driver's errors, by SQLSTATE, never by message.

The message of an error is dropped, because it may contain stored values.
"""

from typing import Final

import asyncpg

from taskward.database import ConnectionLost, IdempotencyConflict
from taskward.http.errors import DatabaseError

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""The errors that the driver raises. InternalClientError is included: asyncpg raises it when the server
closed an idle connection and it has not noticed yet."""

STALE_STATEMENTS: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""The errors of a statement that was prepared before a change of the schema."""

FORGOTTEN_STATEMENT: Final = asyncpg.InvalidSQLStatementNameError
"""The error of a statement that the server no longer has, unlike the driver: another program has used its
connection to the server, and probably others."""

READ_ONLY: Final = "25006"
"""SQLSTATE of a write on a read-only server: after a failover, the former primary."""

TOO_MANY_CONNECTIONS: Final = "53300"

_CONNECTION_LOST: Final = ("08", "57P")
"""Prefixes of the SQLSTATEs that end a connection."""

_LOCK_TIMEOUT: Final = "55P03"

_CONFLICT_STATES: Final = frozenset({"23505", "40001", "40P01", READ_ONLY})
"""SQLSTATEs of a conflict with another statement: a unique value, a serialisation failure, a deadlock. Or of
a write on a read-only server; the next attempt uses a new connection, perhaps to the primary. The only unique
value that can conflict twice is an e-mail address, and the next attempt leaves it out."""


class Rejected(DatabaseError):
    """The server executed no part of the statement, and will not."""


class Conflict(Rejected):
    """The server rolled the statement back, and it may succeed if repeated."""


class LockTimeout(Rejected):
    """Others held a lock, or had their turn, for all the time there was; nothing was executed."""


class EmailTaken(Conflict):
    """The server rolled the statement back because another owner has that e-mail address."""


class CommitInDoubt(DatabaseError):
    """The server reported a success with a warning: committed, but perhaps on no standby."""


def is_connection_lost(error: BaseException) -> bool:
    """Returns whether the error ends the connection. InterfaceError also stands for invalid values.

    One that the server reports as an ERROR is of its own connection to another server, a worker of Citus.
    """
    if isinstance(error, asyncpg.PostgresError):
        is_of_another = getattr(error, "severity_en", None) == "ERROR"
        return not is_of_another and (error.sqlstate or "").startswith(_CONNECTION_LOST)
    return isinstance(error, DRIVER_ERRORS) and not isinstance(error, TimeoutError | ValueError)


class _TranslateDriverErrors:
    """Translates the driver's errors."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, DRIVER_ERRORS):
            raise database_error(error) from error


translate_driver_errors: Final = _TranslateDriverErrors()


def database_error(error: Exception) -> DatabaseError:
    """Returns the error of the service that an error of the driver stands for."""
    if isinstance(error, TimeoutError):
        return DatabaseError(reason="no response in time")
    state = getattr(error, "sqlstate", None)
    reason = f"{type(error).__name__} {state}" if state else type(error).__name__
    if getattr(error, "table_name", None) == "idempotency_keys":
        return IdempotencyConflict(reason=reason)
    if getattr(error, "constraint_name", None) == "uq_users_email":
        return EmailTaken(reason=reason)
    if state in _CONFLICT_STATES or isinstance(error, (*STALE_STATEMENTS, FORGOTTEN_STATEMENT)):
        return Conflict(reason=reason)
    if state is None or state.startswith(_CONNECTION_LOST):
        return ConnectionLost(reason=reason)
    return (LockTimeout if state == _LOCK_TIMEOUT else Rejected)(reason=reason)
