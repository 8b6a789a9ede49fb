"""SQLite only: locks on the data of one owner, for a change that takes several transactions.

There is one writer, so a change of very many rows must not be one transaction: all other writes would wait.
Between its transactions a row of `owner_locks` blocks every other statement of its owner, in all processes
that use the file. A read that meets a row of a locked owner fails with `OwnerLocked` and is repeated when the
lock is released. So no half-done change is ever visible.

The holder renews the lock with each of its transactions. A lock that is not renewed was left by a process
that died; another process takes it over and completes the change.
"""

import sqlite3
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, case, exists, func, literal_column

from taskward.database.leases import Lease
from taskward.database.statements import Read
from taskward.database.tables import LOCKS
from taskward.database.types import Id

_RAISE: Final = "raise_owner_locked"
_OWNER: Final = bindparam("owner", type_=Id())
_LOCKED: Final = exists().where(LOCKS.c.user_id == _OWNER)

OWNER_LOCK_LEASE: Final = Lease(
    LOCKS.c.user_id == _OWNER, holder=LOCKS.c.holder, renewed_at=LOCKS.c.renewed_at, seconds=3.0
)
"""A lock that is not renewed for that time was left by a process that died."""


class OwnerLocked(Exception):
    """The owner's data is locked by a change that is in progress."""

    def __init__(self, owner: UUID) -> None:
        super().__init__("the owner's data is locked")
        self.owner = owner


def install(connection: sqlite3.Connection) -> None:
    """Defines the function that a guarded read calls when it meets a row of a locked owner."""

    def raise_locked() -> None:
        raise ValueError

    connection.create_function(_RAISE, 0, raise_locked)


def guarded(read: Read, statement: Select[Any]) -> Select[Any]:
    """Returns the statement of a read with a guard that fails on a visible row of a locked owner.

    A result without such a row is valid too: it is from before an import, or after an erasure.
    """
    refuse = getattr(func, _RAISE)()
    locked = case((_LOCKED & read.if_visible, refuse), else_=literal_column("1"))
    return statement.where(locked == literal_column("1"))


def is_locked_error(error: BaseException) -> bool:
    """Returns whether a guarded read failed because of a lock."""
    cause = error if isinstance(error, sqlite3.Error) else error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and str(cause).startswith("user-defined function")


def locked_owners(connection: sqlite3.Connection) -> frozenset[str]:
    """Returns the owners that are locked, as texts."""
    return frozenset(owner for (owner,) in connection.execute("SELECT user_id FROM owner_locks"))


def is_locked(connection: sqlite3.Connection, owner: UUID) -> bool:
    found = connection.execute("SELECT 1 FROM owner_locks WHERE user_id = ?", (str(owner),)).fetchone()
    return found is not None
