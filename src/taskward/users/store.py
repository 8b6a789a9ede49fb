"""The first step of every write: touch the owner.

It gives the write its number and, through the row's lock, makes the numbers of one owner follow the order
of the commits. PostgreSQL and SQLite take the same statements.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Text, bindparam, case, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from taskward.auth.current_user import User
from taskward.database.types import Counter, Id, Instant
from taskward.users.models import USERS

OWNER: Final = bindparam("owner", type_=Id())
_EMAIL: Final = bindparam("email", type_=Text())
_NOW: Final = bindparam("user_since", type_=Instant())
_FIRST: Final = bindparam("first_seq", type_=Counter)


def touch_or_make_owner(writes: ColumnElement[int] | None = None) -> ReturningInsert[Any]:
    """Count a write, or so many, of an owner who may be new: the row is made with it, and gives `seq`.

    An address that another row has is left out: it identifies nobody, and the first keeps it.
    """
    other = USERS.alias("other")
    free_email = case((exists().where(other.c.email == _EMAIL), None), else_=_EMAIL)
    return (
        insert(USERS)
        .values(
            id=OWNER,
            email=free_email,
            seq=_FIRST if writes is None else _FIRST + writes - 1,
            horizon=_FIRST,
            created_at=_NOW,
            updated_at=_NOW,
        )
        .on_conflict_do_update(
            index_elements=["id"], set_={"seq": USERS.c.seq + (literal(1) if writes is None else writes)}
        )
        .returning(USERS.c.seq)
    )


def touch_free_owners(asked: CTE) -> CTE:
    """Count the writes that are `asked` for at once, by owner: gives each `owner` and the `seq` of the last.

    Not those of owners who are new, or are at another write just now: nobody is waited for (`SKIP LOCKED`),
    so no owner holds up another, and no two such statements can wait for each other.
    """
    writes = select(asked.c.owner, func.count().label("writes")).group_by(asked.c.owner).subquery("writes")
    free = (
        select(writes)
        .join(USERS, USERS.c.id == writes.c.owner)
        .with_for_update(of=USERS, key_share=True, skip_locked=True)
        .cte("free")
    )
    return (
        update(USERS)
        .where(USERS.c.id == free.c.owner)
        .values(seq=USERS.c.seq + free.c.writes)
        .returning(free.c.owner, USERS.c.seq)
        .cte("counted")
    )


def touch_owner_if(condition: ColumnElement[bool], **others: ColumnElement[Any]) -> ReturningUpdate[Any]:
    """Count a write of an owner, if it will change something; gives `seq`. `others` change with it."""
    return (
        update(USERS)
        .where(USERS.c.id == OWNER, condition)
        .values(seq=USERS.c.seq + 1, **others)
        .returning(USERS.c.seq)
    )


def owner_values(user: User) -> dict[str, Any]:
    """Give the values that `touch_or_make_owner` takes."""
    now = datetime.now(UTC)
    return {
        "owner": user.id,
        "email": user.email,
        "user_since": now,
        "first_seq": int(now.timestamp() * 1_000_000),
    }
