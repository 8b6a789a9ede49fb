"""Runs the steps of a transaction on SQLite, or of several if they are split."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, cast
from uuid import UUID

from taskward.database.postgres.owner_locks import LockLost, OwnerLock
from taskward.database.statements import (
    RESUME,
    Rollback,
    Row,
    Split,
    Statement,
    T,
    TransactionSteps,
    Values,
    record_owner,
)
from taskward.http.errors import DatabaseError


class Plan(Protocol):
    """A compiled statement."""

    def run(self, connection: sqlite3.Connection, values: Values) -> Sequence[Row]: ...

    def run_many(self, connection: sqlite3.Connection, many: Sequence[Values]) -> None: ...


class StepsRun(Generic[T]):
    """Runs steps up to the next split, one transaction after the other."""

    def __init__(
        self,
        steps: TransactionSteps[T],
        plans: Mapping[Statement, Plan],
        refuse_locked: Callable[[UUID], None],
    ) -> None:
        self.finished = False
        self._steps = steps
        self._plans = plans
        self._refuse_locked = refuse_locked
        self._lock = OwnerLock()
        self._rows: Sequence[Row] | None = None
        self._owners: set[UUID] = set()

    def run(self, owners: set[UUID], connection: sqlite3.Connection) -> T | None:
        """Runs the steps up to the next split, or to their end, and then returns their result.

        At the end it adds the owners of their changes to `owners`.
        """
        try:
            self._lock.renew(connection)
            self._run(connection)
        except StopIteration as end:
            self._lock.release(connection)
            self.finished = True
            owners |= self._owners
            result: T = end.value
            return result
        except Rollback:
            self.finished = True
            raise
        except LockLost:
            raise DatabaseError(reason="another process has taken over the change") from None
        return None

    def _run(self, connection: sqlite3.Connection) -> None:
        while True:
            statement, values = next(self._steps) if self._rows is None else self._steps.send(self._rows)
            if isinstance(statement, Split):
                self._rows = self._split(connection, statement, cast("Values", values))
                if statement is not RESUME:
                    return
            else:
                self._rows = self._answer(connection, statement, values)

    def _split(self, connection: sqlite3.Connection, split: Split, values: Values) -> Sequence[Row]:
        owner = values["owner"]
        if split is RESUME:
            return [(True,)] if self._lock.take_over(connection, owner) else ()
        self._lock.take(connection, owner, values["change"])
        return ()

    def _answer(
        self, connection: sqlite3.Connection, statement: Statement, values: Values | Sequence[Values]
    ) -> Sequence[Row]:
        owner = (values if isinstance(values, Mapping) else values[0]).get("owner")
        if owner is not None and not self._lock.permits(owner):
            self._refuse_locked(owner)
        record_owner(self._owners, statement, values)
        plan = self._plans[statement]
        if isinstance(values, Mapping):
            return plan.run(connection, values)
        plan.run_many(connection, values)
        return ()
