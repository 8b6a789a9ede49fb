"""Leases: what one process at a time works on, for as long as it renews its claim.

A lease is two columns of the row that it protects, so that row and lease are claimed by one statement: the
holder, and a time of the database's clock, which is the only one. A process that has died renews no more, and
another one claims the row once the lease has run out.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Insert,
    Update,
    and_,
    bindparam,
    delete,
    literal_column,
    null,
    or_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import clock_instant, clock_number
from taskward.database.statements import Values
from taskward.database.types import Counter, Instant

_LENGTH: Final = bindparam("lease", type_=Counter)
_NONE: Final = literal_column("0", Counter)


class Lease:
    """The lease of a row: which row (`key`), its columns, and its length in seconds.

    The column `renewed_at` has the time of the last renewal; a queue has a column `due_at` in its place, the
    end of the lease, because a row is due again then. A process that takes turns by the time alone needs no
    `holder`. Statements get `values`.
    """

    def __init__(
        self,
        *key: ColumnElement[bool],
        seconds: float,
        holder: Column[Any] | None = None,
        renewed_at: Column[Any] | None = None,
        due_at: Column[Any] | None = None,
    ) -> None:
        self.seconds = seconds
        self._key = key
        self._holder = holder
        self._time: Any = due_at if renewed_at is None else renewed_at
        self._is_end = renewed_at is None

    def values(self, holder: UUID | str | None = None) -> Values:
        """Returns the values that the statements of the lease have in common."""
        return {"holder": holder, "lease": int(self.seconds * 1_000_000)}

    @property
    def taken(self) -> dict[str, Any]:
        """Returns the columns as a claim and a renewal set them."""
        time = clock_number() + _LENGTH if self._is_end else self._now()
        return {self._time.name: time} | ({} if self._holder is None else {self._holder.name: self._who()})

    @property
    def given_up(self) -> dict[str, Any]:
        """Returns the columns of a row that any process may claim at once."""
        return {self._time.name: self._ended(), self._column.name: null()}

    @property
    def has_ended(self) -> ColumnElement[bool]:
        """Returns the condition that no running process holds the row."""
        return or_(self._time.is_(None), self._time <= self._ended())

    @property
    def is_held(self) -> ColumnElement[bool]:
        """Returns the condition that the process `holder` holds the row."""
        return and_(*self._key, self._column == self._who())

    def claim(self, condition: ColumnElement[bool]) -> Update:
        """Claims the row under a condition; returns its lease's time, if it does."""
        return self._update(*self._key, condition).values(**self.taken)

    def claim_or_insert(self, row: Mapping[str, Any], condition: ColumnElement[bool] | None = None) -> Insert:
        """Claims the row under a condition, and sets its other columns, or inserts it."""
        inserted = insert(self._time.table).values(**row, **self.taken)
        claimed: Insert = inserted.on_conflict_do_update(
            index_elements=[column.name for column in self._time.table.primary_key],
            set_={**{name: row[name] for name in row if not self._is_key(name)}, **self.taken},
            where=condition,
        ).returning(self._time)
        return claimed

    def renew(self) -> Update:
        """Renews the lease; returns a row if it is still held."""
        return self._update(self.is_held).values(**self.taken)

    def change(self, **columns: Any) -> Update:
        """Changes other columns of the row; returns a row if it is still held."""
        return self._update(self.is_held).values(**columns)

    def drop(self) -> Delete:
        """Deletes the row, if it is still held."""
        return delete(self._time.table).where(self.is_held)

    def _update(self, *conditions: ColumnElement[bool]) -> Update:
        changed: Update = update(self._time.table).where(*conditions).returning(self._time)
        return changed

    def _is_key(self, name: str) -> bool:
        return name in self._time.table.primary_key

    @property
    def _column(self) -> Column[Any]:
        if self._holder is None:
            raise TypeError("A lease without a holder is only claimed")
        return self._holder

    def _who(self) -> Any:
        return bindparam("holder", type_=self._column.type)

    def _now(self) -> Any:
        return clock_instant(_NONE) if isinstance(self._time.type, Instant) else clock_number()

    def _ended(self) -> Any:
        """Returns the time in a column whose lease ends now."""
        if self._is_end:
            return self._now()
        is_instant = isinstance(self._time.type, Instant)
        return clock_instant(_LENGTH) if is_instant else clock_number() - _LENGTH
