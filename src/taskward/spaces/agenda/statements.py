"""The statements of an agenda: each is run for several owners, and names the one whose rows it reads."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlalchemy import select

from taskward.database.statements import Read
from taskward.spaces.forms import CALLER, read_in_space
from taskward.spaces.tables import MEMBERS
from taskward.tasks.list_statements import MAX_FILTERED, ListShape, filtered_list
from taskward.tasks.sorts import key_of
from taskward.tasks.tables import COLUMNS, TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

MEMBER_AND_COUNTER: Final = Read(
    "counter of a space and the caller as its member",
    select(USERS.c.id, USERS.c.seq, MEMBERS.c.id.label("member_id"))
    .join(MEMBERS, MEMBERS.c.user_id == USERS.c.id)
    .where(
        USERS.c.id == OWNER,
        MEMBERS.c.user_id == OWNER,
        MEMBERS.c.person_id == CALLER,
        MEMBERS.c.role.is_not(None),
    ),
    batch_keys=("owner", CALLER.key),
)
"""No row if the caller is no member."""


@lru_cache(MAX_FILTERED)
def agenda_list(sort: str, conditions: frozenset[str], *, has_cursor: bool, in_space: bool) -> Read:
    """Lists the tasks of an owner, in a space those of one member; ties are in the order of the owners.

    It returns the columns of a task and, unless it is sorted by the id only, the value that it is sorted by.
    """
    if in_space:
        conditions |= {"assigned"}
    listed = filtered_list(ListShape(sort, has_cursor, conditions=conditions))
    column = key_of(sort).column
    statement = listed.statement.with_only_columns(*COLUMNS, *([] if column is None else [column]))
    owner = TASKS.c.user_id
    read = replace(
        listed,
        name=listed.name.replace("list tasks", "agenda"),
        statement=statement.order_by(owner.desc() if listed.descending else owner),
        sorted_by=(*listed.sorted_by, owner),
        long=True,
        batch_keys=("owner", *("after_id",) * has_cursor, *("assigned_to",) * in_space),
        declared=False,
    )
    return read_in_space(read) if in_space else read
