"""A PostgreSQL connection that never acknowledges, and never cancels, a commit that is not replicated.

Under synchronous replication a commit waits for a standby, and until then nobody sees it. If that wait is
cancelled the server ends it: the change is visible and not replicated, and the client gets a success with a
warning. So a write that this process gives up is not cancelled (the driver's own way), its connection is
closed; and a write during which such a warning came counts as failed, its outcome unknown.
"""

import asyncio
from types import TracebackType
from typing import Any, Final

import asyncpg

_WARNING: Final = "01000"
_RAISED_BY_A_TRIGGER: Final = "exec_stmt_raise"
"""The server's function behind RAISE in PL/pgSQL. Of the other warnings the text is translated and forks have
functions of their own, so each counts."""


LOCK_SHARE: Final = 0.95
"""Share of a statement's time that it waits for a lock at most."""


class PostgresConnection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """A pooled connection.

    `begin` opens a transaction on it; while it `is_writing`, nothing of it is cancelled; `is_commit_in_doubt`
    tells that a warning has come.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.made_at = self.used_at = asyncio.get_running_loop().time()
        self.begin = "BEGIN"
        self.is_writing = False
        self.is_commit_in_doubt = False
        self.add_log_listener(_on_log_message)

    def _cancel_current_command(self, waiter: Any, cancel_waiter: Any = None) -> None:
        """Send the CancelRequest that the driver asks for; for a write, close the connection instead."""
        if self.is_writing:
            self._loop.call_soon(self.terminate)  # the driver is still at it
        else:
            super()._cancel_current_command(waiter, cancel_waiter)


class Transaction:
    """An explicit transaction. Unlike the driver's, it waits for no answer once it is cancelled."""

    def __init__(self, connection: PostgresConnection, begin: str | None = None) -> None:
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
            await self._connection.execute("COMMIT")
        elif isinstance(error, Exception) and not self._connection.is_closed():
            await self._connection.execute("ROLLBACK")


def lock_timeout(seconds: float) -> int:
    """Return the lock timeout, in milliseconds, of a statement that has so many seconds.

    A server goes on waiting for a lock for a client that has closed its connection; so the server itself ends
    that wait, a little earlier. The timeout does not touch the wait for a standby.
    """
    return max(1, round(seconds * LOCK_SHARE * 1000))


def begin(seconds: float) -> str:
    """Return the statements that begin a transaction of so many seconds."""
    return f"BEGIN; SET LOCAL lock_timeout = {lock_timeout(seconds)}"


def _on_log_message(connection: PostgresConnection, message: Any) -> None:
    if message.sqlstate == _WARNING and message.server_source_function != _RAISED_BY_A_TRIGGER:
        connection.is_commit_in_doubt = True
