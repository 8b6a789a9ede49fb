"""The lock of one change that takes several transactions, as a lease; see `owner_locks`."""

import sqlite3
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import Text, bindparam, insert, select

from taskward.database.sqlite.compiled import CompiledSql
from taskward.database.sqlite.owner_locks import OWNER_LOCK_LEASE
from taskward.database.tables import LOCKS
from taskward.database.types import Id

if TYPE_CHECKING:
    from taskward.database.statements import Values

_OWNER: Final = bindparam("owner", type_=Id())
_TAKE: Final = CompiledSql.compile(
    insert(LOCKS).values(user_id=_OWNER, change=bindparam("change", type_=Text()), **OWNER_LOCK_LEASE.taken)
)
_TAKE_OVER: Final = CompiledSql.compile(OWNER_LOCK_LEASE.claim(OWNER_LOCK_LEASE.has_ended))
_RENEW: Final = CompiledSql.compile(OWNER_LOCK_LEASE.renew())
_RELEASE: Final = CompiledSql.compile(OWNER_LOCK_LEASE.drop())
_ABANDONED: Final = CompiledSql.compile(
    select(LOCKS.c.user_id, LOCKS.c.change).where(OWNER_LOCK_LEASE.has_ended)
)


class LockLost(Exception):
    """Another process has taken over the change."""


class SplitLock:
    """The lock of one change, taken with its first split."""

    def __init__(self) -> None:
        self._values: Values = OWNER_LOCK_LEASE.values(uuid4().hex)
        self._owner: UUID | None = None

    def permits(self, owner: UUID) -> bool:
        """Returns whether this change holds the owner's lock."""
        return self._owner == owner

    def take(self, connection: sqlite3.Connection, owner: UUID, change: str) -> None:
        """Takes the lock within the open transaction, unless it is already held."""
        if self._owner is None:
            self._hold(owner)
            _TAKE.rows(connection, {**self._values, "change": change})

    def take_over(self, connection: sqlite3.Connection, owner: UUID) -> bool:
        """Takes over an abandoned lock; returns whether there was one."""
        is_taken = bool(_TAKE_OVER.rows(connection, {**self._values, "owner": owner}))
        if is_taken:
            self._hold(owner)
        return is_taken

    def renew(self, connection: sqlite3.Connection) -> None:
        """Renews the lock, if it is held.

        Raises:
            LockLost: another process has taken it over.

        """
        if self._owner is not None and not _RENEW.rows(connection, self._values):
            raise LockLost

    def release(self, connection: sqlite3.Connection) -> None:
        """Releases the lock within the open transaction."""
        if self._owner is not None:
            _RELEASE.rows(connection, self._values)

    def _hold(self, owner: UUID) -> None:
        self._owner = owner
        self._values = {**self._values, "owner": owner}


def abandoned(connection: sqlite3.Connection) -> list[tuple[UUID, str]]:
    """Returns the locks that are not renewed: their owners, and the names of the changes."""
    return [
        (UUID(str(owner)), change) for owner, change in _ABANDONED.rows(connection, OWNER_LOCK_LEASE.values())
    ]
