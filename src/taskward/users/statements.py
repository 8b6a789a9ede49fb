"""The first statement of every write: it bumps the owner's counter.

It numbers the write and, through the row's lock, makes the numbers of one owner follow the order of the
commits. PostgreSQL and SQLite run the same statements. There are two kinds: `bump_owner` needs the owner's
row, and does nothing without it; `bump_person` creates it for a person, with address and time zone, and only
a write that may be the first one needs that.

The numbers follow the database's clock. When the newest writes are lost (a backup is restored, a standby
without them is promoted), later writes get greater numbers than the lost ones had.
"""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert as Upsert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from taskward.database.functions import (
    CONDITIONAL,
    clock_number,
    greatest,
    monotonic_now,
    once,
    unless_locked,
    unless_taken,
)
from taskward.database.statements import Command, Read, TransactionSteps
from taskward.database.types import Counter, Id, Instant
from taskward.http.caller import Owner
from taskward.users.tables import RESTORES, USERS

OWNER: Final = bindparam("owner", type_=Id())
TIME_ZONE: Final = bindparam("time_zone", type_=Text())
_EMAIL: Final = bindparam("email", type_=Text())
SINCE: Final = bindparam("user_since", type_=Instant())
_NOW: Final = bindparam("now", type_=Instant())
_ONE: Final = literal_column("1", Integer())
_ALWAYS: Final = true()

LAST_RESTORE: Final = func.coalesce(
    select(RESTORES.c.number).order_by(RESTORES.c.number.desc()).limit(_ONE).scalar_subquery(),
    literal_column("0"),
)
"""The number of the last `taskward restored`; 0 if there was none."""


def bump_person(
    writes: ColumnElement[int] | None = None, condition: ColumnElement[bool] | None = None
) -> ReturningInsert[Any]:
    """Bumps the counter of a person, creating the row if needed, by one write or several; returns `seq`.

    Several writes take the numbers up to `seq`. Those of a new person begin at the clock, because lower
    numbers may have been issued before an erasure. For a `condition` see `upsert_person`.
    """
    seq = _next_number(_ONE if writes is None else writes)
    return upsert_person(writes, condition, seq=seq).returning(USERS.c.seq)


def upsert_person(
    writes: ColumnElement[int] | None = None,
    condition: ColumnElement[bool] | None = None,
    **changes: ColumnElement[Any],
) -> Upsert:
    """Creates the row of a person, who makes a first write or several, or changes the one that is there.

    An e-mail address that another row has is left out: the first row keeps it. The time zone is that of the
    token, as a first value. With a `condition` on other rows of the owner it does nothing unless that holds;
    it counts only if `CONDITIONAL` is true.
    """
    other = USERS.alias("other")
    free_email = unless_taken(_EMAIL, exists().where(other.c.email == _EMAIL))
    # In a subquery, so that the clock is read once.
    first = select(clock_number().label("number")).subquery("first")
    new: dict[str, ColumnElement[Any]] = {
        "id": OWNER,
        "email": free_email,
        "seq": first.c.number if writes is None else first.c.number + writes - 1,
        "horizon": first.c.number,
        "created_at": SINCE,
        "updated_at": SINCE,
        "time_zone": TIME_ZONE,
    }
    found = select(*new.values())
    if condition is None:
        return (
            insert(USERS)
            .from_select([*new], found.where(true()))
            .on_conflict_do_update(index_elements=["id"], set_=changes)
        )
    holds = or_(~once(CONDITIONAL), condition)
    still_holds = or_(~once(CONDITIONAL), unless_locked(is_as_read(OWNER)))
    return (
        insert(USERS)
        .from_select([*new], found.where(holds))
        .on_conflict_do_update(index_elements=["id"], set_=changes, where=still_holds)
    )


def is_as_read(owner: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Returns whether the owner's row, once locked, is the one that the statement has read at its start.

    On PostgreSQL a statement that has waited for the row still sees the other rows as they were before. Then
    the counter, which it sees as it is, has moved; or the time of the change, if that moved no counter.
    """
    other = USERS.alias("as_it_was")
    before = select(other.c.seq, other.c.updated_at).where(other.c.id == owner)
    return tuple_(USERS.c.seq, USERS.c.updated_at) == before.scalar_subquery()


def bump_unlocked_owners(requested: CTE) -> CTE:
    """Bumps the counters of the owners in `requested`; returns each `owner` and its last `seq`.

    Owners that are new or locked are skipped (`SKIP LOCKED`), so no owner waits for another, and no two such
    statements can deadlock. Owners who have written since the statement began are skipped, too, because what
    it has read of their other rows may have changed.
    """
    writes = (
        select(requested.c.owner, func.count().label("writes")).group_by(requested.c.owner).subquery("writes")
    )
    free = (
        select(writes)
        .join(USERS, USERS.c.id == writes.c.owner)
        .where(is_as_read(writes.c.owner))
        .with_for_update(of=USERS, key_share=True, skip_locked=True)
        .cte("free")
    )
    return (
        update(USERS)
        .where(USERS.c.id == free.c.owner)
        .values(seq=_next_number(free.c.writes))
        .returning(free.c.owner, USERS.c.seq)
        .cte("counted")
    )


def bump_owner(
    condition: ColumnElement[bool] = _ALWAYS,
    *,
    writes: ColumnElement[int] = _ONE,
    **others: ColumnElement[Any],
) -> ReturningUpdate[Any]:
    """Bumps an owner's counter by one write or several, if the condition holds; returns `seq`.

    `others` are set with it. Without a row of the owner it returns nothing.
    """
    return (
        update(USERS)
        .where(USERS.c.id == OWNER, condition)
        .values(seq=_next_number(writes), **others)
        .returning(USERS.c.seq)
    )


LOCK_OWNER: Final = Read(
    "lock an owner", select(USERS.c.time_zone).where(USERS.c.id == OWNER).with_for_update()
)
"""The owner's row is locked before any other, otherwise two transactions could deadlock.

Returns the time zone of the owner; no row if the owner has never written. Then a concurrent first write of
the same rows is detected as a conflict."""


TOUCH_OWNER: Final = Command(
    "touch an owner",
    update(USERS).where(USERS.c.id == OWNER).values(updated_at=monotonic_now(_NOW, USERS.c.updated_at)),
    quiet=True,
)
"""Goes with a change that moves no counter, and on which writes of one task depend: see `is_as_read`."""


def person_values(person: Owner) -> dict[str, Any]:
    """Returns the values that `bump_person` takes."""
    return {
        "owner": person.id,
        "email": person.email,
        "user_since": datetime.now(UTC),
        "time_zone": person.time_zone,
    }


def _next_number(writes: ColumnElement[int]) -> ColumnElement[int]:
    """Returns the number of the last of those writes, for an owner whose row is locked."""
    return greatest(USERS.c.seq + writes, clock_number())


_COUNT: Final = bindparam("count", type_=Counter)

COUNT_MANY: Final = Command("count many writes", bump_owner(writes=_COUNT))
"""Moves the owner's counter by `count` and returns the number of the last of those writes."""

COUNT_MANY_OF_PERSON: Final = Command("count many writes of a person", bump_person(_COUNT))
"""As `COUNT_MANY`, for writes of which the first may be the person's first."""


def lock_person_steps(person: Owner) -> TransactionSteps[None]:
    """Locks the row of a person, and creates it for one who has never written.

    So a transaction that goes on to another owner's row already has that of the person.
    """
    if not (yield LOCK_OWNER, {"owner": person.id}):
        yield COUNT_MANY_OF_PERSON, {**person_values(person), "count": 1}
