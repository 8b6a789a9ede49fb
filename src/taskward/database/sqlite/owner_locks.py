"""SQLite only: locks on the data of one owner, for a change that takes several transactions.

There is one writer, so a change of very many rows must not be one transaction: all other writes would wait.
Between its transactions a row of `owner_locks` blocks every other statement of its owner, in all processes
that use the file. A read that meets a row of a locked owner fails with `OwnerLocked` and is repeated when the
lock is released. So no half-done change is ever visible.

The holder renews the lock with each of its transactions. A lock that is not renewed was left by a process
that died; another process takes it over and completes the change.
"""

import sqlite3
import time
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Column, Select, Table, Text, bindparam, case, exists, func, literal_column
from sqlmodel import Field, SQLModel

from taskward.database.types import Counter, Id

LEASE: Final = 3.0
"""Seconds without renewal after which a lock is considered abandoned."""

_RAISE: Final = "raise_owner_locked"


class OwnerLockRow(SQLModel, table=True):
    """The lock of a change in progress. PostgreSQL has the table too, always empty."""

    __tablename__ = "owner_locks"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)

    user_id: UUID = Field(sa_column=Column(Id, primary_key=True))
    change: str = Field(sa_column=Column(Text, nullable=False))
    holder: str = Field(sa_column=Column(Text, nullable=False))
    renewed_at: int = Field(sa_column=Column(Counter, nullable=False))
    """Microseconds since 1970."""


_LOCKS: Final[Table] = SQLModel.metadata.tables["owner_locks"]
_LOCKED: Final = exists().where(_LOCKS.c.user_id == bindparam("owner", type_=Id()))


class OwnerLocked(Exception):
    """The owner's data is locked by a change that is in progress."""

    def __init__(self, owner: UUID) -> None:
        super().__init__("the owner's data is locked")
        self.owner = owner


class LockLost(Exception):
    """Another process has taken over the change."""


def install(connection: sqlite3.Connection) -> None:
    """Defines the function that a guarded read calls when it meets a row of a locked owner."""

    def raise_locked() -> None:
        raise ValueError

    connection.create_function(_RAISE, 0, raise_locked)


def guarded(statement: Select[Any]) -> Select[Any]:
    """Returns the statement with a guard that fails if it would return a row of a locked owner.

    A result without such a row is valid too: it is from before an import, or after an erasure.
    """
    refuse = getattr(func, _RAISE)()
    return statement.where(case((_LOCKED, refuse), else_=literal_column("1")) == literal_column("1"))


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


def abandoned(connection: sqlite3.Connection) -> list[tuple[UUID, str]]:
    """Returns the locks that are not renewed: their owners, and the names of the changes."""
    stale = (_now() - int(LEASE * 1_000_000),)
    rows = connection.execute("SELECT user_id, change FROM owner_locks WHERE renewed_at < ?", stale)
    return [(UUID(owner), change) for owner, change in rows]


class OwnerLock:
    """The lock of one change, taken with its first split."""

    def __init__(self) -> None:
        self._holder = uuid4().hex
        self._owner: str | None = None

    def permits(self, owner: UUID) -> bool:
        """Returns whether this change holds the owner's lock."""
        return self._owner == str(owner)

    def take(self, connection: sqlite3.Connection, owner: UUID, change: str) -> None:
        """Takes the lock within the open transaction, unless it is already held."""
        if self._owner is None:
            values = (str(owner), change, self._holder, _now())
            connection.execute("INSERT INTO owner_locks VALUES (?, ?, ?, ?)", values)
            self._owner = str(owner)

    def take_over(self, connection: sqlite3.Connection, owner: UUID) -> bool:
        """Takes over an abandoned lock; returns whether there was one."""
        stale = _now() - int(LEASE * 1_000_000)
        changed = connection.execute(
            "UPDATE owner_locks SET holder = ?, renewed_at = ? WHERE user_id = ? AND renewed_at < ?",
            (self._holder, _now(), str(owner), stale),
        )
        if changed.rowcount:
            self._owner = str(owner)
        return changed.rowcount > 0

    def renew(self, connection: sqlite3.Connection) -> None:
        """Renews the lock, if it is held.

        Raises:
            LockLost: another process has taken it over.

        """
        if self._owner is not None:
            values = (_now(), self._owner, self._holder)
            changed = connection.execute(
                "UPDATE owner_locks SET renewed_at = ? WHERE user_id = ? AND holder = ?", values
            )
            if not changed.rowcount:
                raise LockLost

    def release(self, connection: sqlite3.Connection) -> None:
        """Releases the lock within the open transaction."""
        if self._owner is not None:
            connection.execute("DELETE FROM owner_locks WHERE user_id = ?", (self._owner,))


def _now() -> int:
    return time.time_ns() // 1000
