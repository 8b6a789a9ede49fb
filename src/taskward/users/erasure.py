"""Erasure of all rows of an owner, in parts.

PostgreSQL does it in one transaction. On SQLite it is split, so that other owners' writes do not wait for it,
and the owner's data is locked from the first part to the last: nothing is visible half erased, and the
owner's next write waits for the end. An interrupted erasure is completed.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Integer,
    Table,
    Text,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    null,
    select,
    true,
    update,
)

from taskward.database.functions import clock_number
from taskward.database.outbox import MARKS
from taskward.database.statements import SPLIT, Command, Read, TransactionSteps
from taskward.database.tables import owned_tables
from taskward.database.types import Id
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

CHANGE: Final = "erasure"
"""The name of the change in the owner's lock."""

MAX_ROWS: Final = 300
"""Rows that are deleted in one transaction: of the largest tasks, which are in many indexes, 0.1 ms each."""

_LIMIT: Final = bindparam("limit", type_=Integer())


def erase_rows_steps(
    owner: UUID, *, kept: Collection[str] = (), locked: UUID | None = None
) -> TransactionSteps[None]:
    """Deletes an owner's rows from every table but `users` and those that are kept.

    The lock of a split is that of `locked`, by default the owner's own.
    """
    for table in [one for one in ERASE_PART if one not in kept]:
        yield from _part_steps(owner, table, locked or owner)


def erase_owner_steps(owner: UUID, *, is_space: bool = False) -> TransactionSteps[None]:
    """Deletes the owner, after the rows of `erase_rows_steps`.

    Undelivered webhooks are dropped, except that the receiver still gets the erasure.
    """
    yield RESET_WEBHOOKS, {"owner": owner}
    yield (ERASE_SPACE if is_space else ERASE), {"owner": owner}


def _part_steps(owner: UUID, table: str, locked: UUID) -> TransactionSteps[None]:
    """Deletes the rows of an owner from one table in key order, so that none is scanned twice."""
    read, delete_part = ERASE_PART[table]
    after: object = UUID(int=0) if isinstance(read.statement.selected_columns[0].type, Id) else ""
    while True:
        keys = yield read, {"owner": owner, "after": after, "limit": MAX_ROWS}
        if not keys:
            return
        yield delete_part, {"owner": owner, "after": after, "up_to": keys[-1][0]}
        if len(keys) < MAX_ROWS:
            return
        after = keys[-1][0]
        yield SPLIT, {"owner": locked, "change": CHANGE}


def _next(table: Table, key: str) -> Read:
    """Reads the next keys of an owner's rows, which bounds the rows deleted at once."""
    columns = table.c
    return Read(
        f"next of {table.name}",
        select(columns[key])
        .where(columns.user_id == OWNER, columns[key] > bindparam("after", type_=columns[key].type))
        .order_by(columns[key])
        .limit(_LIMIT),
    )


def _delete(table: Table, key: str) -> Command:
    column = table.c[key]
    after, up_to = (bindparam(name, type_=column.type) for name in ("after", "up_to"))
    return Command(
        f"erase of {table.name}",
        delete(table).where(table.c.user_id == OWNER, column > after, column <= up_to),
    )


ERASE_PART: Final = {
    table.name: (_next(table, key), _delete(table, key))
    for table, _ in reversed(owned_tables())
    for key in table.primary_key.columns.keys()[1:2]
}
"""For each table that can hold many rows of an owner, which have more in their key: the statements that read
and that delete the next values of that. Referenced tables come last: their rows delete others with them."""

ERASED_SPACE: Final = "space"
"""The acknowledged position of an erased space: its row, which says that it is a space, is gone."""

_IS_SPACE: Final = exists().where(USERS.c.id == OWNER, USERS.c.members_seq > literal_column("0"))

RESET_WEBHOOKS: Final = Command(
    "reset the webhooks of an owner",
    update(MARKS)
    .where(MARKS.c.user_id == OWNER)
    .values(
        acknowledged=case((_IS_SPACE, literal_column(f"'{ERASED_SPACE}'", Text())), else_=null()),
        delivery_id=null(),
        body=null(),
        upto=null(),
        attempts=0,
        is_erased=true(),
        next_at=case((MARKS.c.holder.is_not(None), MARKS.c.next_at), else_=clock_number()),
        marked_at=func.coalesce(MARKS.c.marked_at, clock_number()),
    ),
    quiet=True,
)
"""The id stays until the receiver has confirmed the erasure. A process that delivers at this moment keeps the
owner until its attempt ends."""
ERASE: Final = Command("erase an owner", delete(USERS).where(USERS.c.id == OWNER), "user.erase")
"""All other rows of the owner reference that row and are deleted with it."""
ERASE_SPACE: Final = replace(ERASE, name="erase a space", action="space.delete")
