"""A PostgreSQL connection that never acknowledges, and never cancels, a commit that is not replicated.

Under synchronous replication a commit waits for a standby, and is invisible until then. If the wait is
cancelled, the server ends it: the change is visible and not replicated, and the client gets a success with a
warning. Therefore a timed-out write is not cancelled (the driver's default); its connection is closed. A
write that receives such a warning counts as failed, with an unknown outcome.
"""

import asyncio
from types import TracebackType
from typing import Any, Final

import asyncpg

from taskward.database.postgres.errors import DRIVER_ERRORS

CANCEL_TIMEOUT: Final = 5.0
"""Seconds for cancelling a statement, before its connection is dropped."""

_WARNING: Final = "01000"
_RAISED_BY_A_TRIGGER: Final = "exec_stmt_raise"
"""The server's function behind RAISE in PL/pgSQL. The texts of other warnings are translated, and forks have
functions of their own, so each of them counts."""


LOCK_SHARE: Final = 0.95
"""The share of a statement's time that it may wait for a lock."""


class PostgresConnection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """A pooled connection.

    `begin` opens a transaction; while it `is_writing`, no statement is cancelled; `is_commit_in_doubt` is set
    by a warning.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.loop = asyncio.get_running_loop()
        self.made_at = self.used_at = self.loop.time()
        self.begin = "BEGIN"
        self.is_writing = False
        self.is_commit_in_doubt = False
        self.add_log_listener(_on_log_message)

    async def cancel_and_close(self) -> None:
        """Cancels the statement in progress, if there is one, and closes the connection."""
        try:
            await self.close(timeout=CANCEL_TIMEOUT)
        except DRIVER_ERRORS:
            self.terminate()

    def _cancel_current_command(self, waiter: Any, cancel_waiter: Any = None) -> None:
        """Sends the driver's CancelRequest; for a write, closes the connection instead."""
        if self.is_writing:
            self.loop.call_soon(self.terminate)  # the driver is still using it
        else:
            super()._cancel_current_command(waiter, cancel_waiter)


class Transaction:
    """An explicit transaction. Unlike the driver's, it does not wait for the server after a cancellation."""

    def __init__(self, connection: PostgresConnection, begin: str | None = None) -> None:
        self.is_committing = False
        """Whether the commit was sent; if the connection is lost before, the server rolls back."""
        self._connection = connection
        self._begin = begin or connection.begin

    async def __aenter__(self) -> None:
        await self._connection.execute(self._begin)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.is_committing = True
            await self._connection.execute("COMMIT")
        elif isinstance(error, Exception) and not self._connection.is_closed():
            await self._connection.execute("ROLLBACK")


def lock_timeout(seconds: float) -> int:
    """Returns the lock timeout in milliseconds for a statement with that many seconds left.

    The server keeps waiting for a lock after the client has closed its connection, so this timeout ends the
    wait a little earlier. It does not affect the wait for a standby.
    """
    return max(1, round(seconds * LOCK_SHARE * 1000))


def begin(seconds: float) -> str:
    """Returns the statements that begin a transaction with that many seconds left."""
    return f"BEGIN; {set_lock_timeout(seconds)}"


def set_lock_timeout(seconds: float) -> str:
    """Returns the statement after which a transaction waits no longer for a lock."""
    return f"SET LOCAL lock_timeout = {lock_timeout(seconds)}"


def _on_log_message(connection: PostgresConnection, message: Any) -> None:
    if message.sqlstate == _WARNING and message.server_source_function != _RAISED_BY_A_TRIGGER:
        connection.is_commit_in_doubt = True
