"""The first step of every write: touch the owner.

It gives the write its number and, through the row's lock, makes the numbers of one owner follow the order
of the commits. PostgreSQL and SQLite take the same statements.

The numbers follow the database's clock. Where the newest writes are lost (a backup is restored, a standby
that lacks them is promoted), later writes take greater numbers than the lost ones had.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from taskward.auth.current_user import User
from taskward.database.functions import clock_number, greatest
from taskward.database.types import Id, Instant
from taskward.users.models import RESTORES, USERS

OWNER: Final = bindparam("owner", type_=Id())
_EMAIL: Final = bindparam("email", type_=Text())
_NOW: Final = bindparam("user_since", type_=Instant())
_ONE: Final = literal_column("1", Integer())

LAST_RESTORE: Final = func.coalesce(
    select(RESTORES.c.number).order_by(RESTORES.c.number.desc()).limit(_ONE).scalar_subquery(),
    literal_column("0"),
)
"""The number of the last `taskward restored`; 0 if there was none."""


def upsert_owner_and_bump(writes: ColumnElement[int] | None = None) -> ReturningInsert[Any]:
    """Count a write, or so many, of an owner who may be new: the row is made with it, and gives `seq`.

    Several writes take the numbers up to `seq`. Those of a new owner begin at the clock: the numbers before
    it may be those of an earlier life.

    An address that another row has is left out: it identifies nobody, and the first keeps it.
    """
    other = USERS.alias("other")
    free_email = case((exists().where(other.c.email == _EMAIL), None), else_=_EMAIL)
    # In a subquery, so that the clock is read once.
    first = select(clock_number().label("number")).subquery("first")
    new = {
        "id": OWNER,
        "email": free_email,
        "seq": first.c.number if writes is None else first.c.number + writes - 1,
        "horizon": first.c.number,
        "created_at": _NOW,
        "updated_at": _NOW,
    }
    return (
        insert(USERS)
        .from_select([*new], select(*new.values()).where(true()))
        .on_conflict_do_update(
            index_elements=["id"], set_={"seq": _next_number(_ONE if writes is None else writes)}
        )
        .returning(USERS.c.seq)
    )


def bump_unlocked_owners(requested: CTE) -> CTE:
    """Count the writes that are `asked` for at once, by owner: gives each `owner` and the `seq` of the last.

    Not those of owners who are new, or are at another write just now: nobody is waited for (`SKIP LOCKED`),
    so no owner holds up another, and no two such statements can wait for each other.
    """
    writes = (
        select(requested.c.owner, func.count().label("writes")).group_by(requested.c.owner).subquery("writes")
    )
    free = (
        select(writes)
        .join(USERS, USERS.c.id == writes.c.owner)
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


def bump_owner_if(condition: ColumnElement[bool], **others: ColumnElement[Any]) -> ReturningUpdate[Any]:
    """Count a write of an owner, if it will change something; gives `seq`. `others` change with it."""
    return (
        update(USERS)
        .where(USERS.c.id == OWNER, condition)
        .values(seq=_next_number(_ONE), **others)
        .returning(USERS.c.seq)
    )


def owner_values(user: User) -> dict[str, Any]:
    """Give the values that `upsert_owner_and_bump` takes."""
    return {"owner": user.id, "email": user.email, "user_since": datetime.now(UTC)}


def _next_number(writes: ColumnElement[int]) -> ColumnElement[int]:
    """Give the number of the last of so many writes of an owner whose row is locked."""
    return greatest(USERS.c.seq + writes, clock_number())
