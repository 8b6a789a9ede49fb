"""The statements of the change feed: current tasks, and tombstones of deleted ones, after a counter value."""

from typing import Final

from sqlalchemy import Integer, Text, bindparam, cast, func, literal_column, null, select, union_all

from taskward.database.functions import any_of
from taskward.database.statements import Read
from taskward.database.types import Counter, Flag, Ids, Instant
from taskward.tasks.tables import COLUMNS, OPTIONAL_COLUMNS, TASKS, TOMBSTONES
from taskward.users.statements import LAST_RESTORE, OWNER
from taskward.users.tables import USERS

_SINCE: Final = bindparam("since", type_=Counter)
_LIMIT: Final = bindparam("limit", type_=Integer())

# Each half is ordered and limited separately, so that its index is read only as far as the page needs.
_upserts = (
    select(*COLUMNS)
    .where(TASKS.c.user_id == OWNER, TASKS.c.version > _SINCE)
    .order_by(TASKS.c.version)
    .limit(_LIMIT)
    .subquery("upserts")
)
_deletes = (
    select(
        TOMBSTONES.c.task_id,
        TOMBSTONES.c.user_id,
        cast(null(), Text).label("title"),
        cast(null(), Text).label("description"),
        cast(null(), Flag()).label("is_completed"),
        cast(null(), Instant()).label("created_at"),
        cast(null(), Instant()).label("updated_at"),
        TOMBSTONES.c.version,
        *(cast(null(), TASKS.c[name].type).label(name) for name in OPTIONAL_COLUMNS),
    )
    .where(TOMBSTONES.c.user_id == OWNER, TOMBSTONES.c.version > _SINCE)
    .order_by(TOMBSTONES.c.version)
    .limit(_LIMIT)
    .subquery("deletes")
)
_changes = union_all(select(_upserts), select(_deletes)).subquery("changes")
_horizon = select(USERS.c.horizon).where(USERS.c.id == OWNER).scalar_subquery()
_newest = select(USERS.c.seq).where(USERS.c.id == OWNER).scalar_subquery()
_NONE: Final = literal_column("0", Integer())

CHANGES: Final = Read(
    "changes since a number",
    select(_changes, _horizon.label("horizon"), LAST_RESTORE.label("restore"))
    .order_by(_changes.c.version)
    .limit(_LIMIT),
)
"""Rows of `tasks.tables.COLUMNS`, with a null title for a deletion; then the horizon and the last restore."""

COUNTERS: Final = Read(
    "owners' counters",
    select(USERS.c.id, USERS.c.seq).where(any_of(USERS.c.id, bindparam("owners", type_=Ids()))),
    cross_owner=True,
)
"""Only for owners with streams open in this process."""

HORIZON: Final = Read(
    "owner's horizon",
    select(func.coalesce(_horizon, _NONE), func.coalesce(_newest, _NONE), LAST_RESTORE.label("restore")),
)
"""The lowest number after which every change is recorded, the newest number, and the last restore."""
