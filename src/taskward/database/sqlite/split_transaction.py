"""Runs the steps of a transaction on SQLite, or of several if they are split."""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic
from uuid import UUID

from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.sqlite.split_lock import LockLost, SplitLock
from taskward.database.statements import SPLIT, Row, Split, Statement, T, Values
from taskward.database.transaction_run import TransactionRun
from taskward.http.errors import DatabaseError


class SplitTransaction(Generic[T]):
    """Runs the steps up to the next split, one transaction after the other, until `run.step` is None.

    Each transaction has that many seconds.
    """

    def __init__(
        self,
        run: TransactionRun[T],
        statements: Mapping[Statement, SqliteStatement],
        refuse_locked: Callable[[UUID], None],
        seconds: float,
    ) -> None:
        self._run = run
        self._statements = statements
        self._refuse_locked = refuse_locked
        self._seconds = seconds
        self._lock = SplitLock()
        self._is_split = False

    def run_part(self, connection: sqlite3.Connection, owners: set[UUID]) -> None:
        """Runs the steps up to the next split or to their end, in the open transaction.

        At the end it adds the owners of their changes to `owners`.

        Raises:
            Rollback: the steps end, and everything has to be rolled back.
            DatabaseError: they took too long.

        """
        until = time.monotonic() + self._seconds
        try:
            self._lock.renew(connection)
        except LockLost:
            raise DatabaseError(reason="another process has taken over the change") from None
        if self._is_split:
            self._is_split = False
            self._run.send(())
        while self._run.step is not None:
            statement, values = self._run.step
            if statement is SPLIT:
                self._lock.take(connection, values["owner"], values["change"])
                self._is_split = True
                return
            if time.monotonic() > until:
                raise DatabaseError(reason="the transaction took too long")
            self._run.send(self._rows(connection, statement, values))
        self._lock.release(connection)
        owners |= self._run.owners

    def _rows(
        self, connection: sqlite3.Connection, statement: Statement | Split, values: Values
    ) -> Sequence[Row]:
        if isinstance(statement, Split):
            return [(True,)] if self._lock.take_over(connection, values["owner"]) else ()
        owner = values.get("owner")
        if owner is not None and not self._lock.permits(owner):
            self._refuse_locked(owner)
        return self._statements[statement].run(connection, values)
