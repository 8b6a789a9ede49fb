"""The statements of the activity of a space."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Delete,
    Insert,
    Integer,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
)

from taskward.activity.tables import ACTIVITY, ActivityRecord
from taskward.database.functions import any_found, any_of, few
from taskward.database.json_values import values_of_json
from taskward.database.statements import Command, Part, Read, Written
from taskward.database.types import Id, Ids, Instant
from taskward.spaces.tables import SPACES
from taskward.users.statements import OWNER

DROPPED_AT_ONCE: Final = 16
"""Expired entries that a write deletes, if it deletes any."""

_NAMES: Final = ActivityRecord._fields
_LIMIT: Final = bindparam("limit", type_=Integer())
_SINCE: Final = bindparam("activity_since", type_=Instant())
_KEPT_FROM: Final = bindparam("activity_kept_from", type_=Id())
"""The first id that is kept; ids have the time at which they were made."""


def _page(*, of_task: bool, has_cursor: bool) -> Read:
    conditions = [ACTIVITY.c.user_id == OWNER, ACTIVITY.c.at > _SINCE]
    if of_task:
        conditions.append(ACTIVITY.c.task_id == bindparam("task_id", type_=Id()))
    if has_cursor:
        conditions.append(ACTIVITY.c.id < bindparam("before_id", type_=Id()))
    found: Select[Any] = select(*(ACTIVITY.c[name] for name in _NAMES)).where(*conditions)
    if of_task:
        found = found.with_hint(ACTIVITY, "INDEXED BY ix_activity_user_id_task_id", "sqlite")
    name = f"page of the activity{' of a task' * of_task}{' before a position' * has_cursor}"
    return Read(name, found.order_by(ACTIVITY.c.id.desc()).limit(_LIMIT))


PAGES: Final = {
    (of_task, has_cursor): _page(of_task=of_task, has_cursor=has_cursor)
    for of_task in (False, True)
    for has_cursor in (False, True)
}
"""Entries after `activity_since`, newest first, by whether of one task and whether there is a cursor."""

ADD_ACTIVITY: Final = Command(
    "add activity",
    insert(ACTIVITY).from_select(
        ["user_id", *_NAMES],
        select(OWNER, *values_of_json(ACTIVITY, _NAMES, bindparam("rows", type_=Text())).values()),
    ),
    quiet=True,
)
"""Takes `rows`, a JSON array of arrays; times are in microseconds since 1970."""


def _of_write(written: Written) -> Insert:
    values = {name: bindparam(f"activity_{name}", type_=ACTIVITY.c[name].type) for name in _OF_A_TASK}
    row = select(OWNER, *values.values(), bindparam("task_id", type_=Id())).where(written.has_changed)
    return insert(ACTIVITY).from_select(["user_id", *values, "task_id"], row)


_OF_A_TASK: Final = ("id", "at", "actor_id", "action", "fields", "via")


def _drop_oldest(written: Written) -> Delete:
    oldest = ACTIVITY.alias("oldest")
    expired = (
        select(oldest.c.id)
        .where(oldest.c.user_id == OWNER, oldest.c.id < _KEPT_FROM)
        .order_by(oldest.c.id)
        .limit(literal_column(str(DROPPED_AT_ONCE)))
        .scalar_subquery()
    )
    found = any_found(ACTIVITY.c.id, expired)
    return delete(ACTIVITY).where(ACTIVITY.c.user_id == OWNER, found, written.has_changed)


OF_WRITE: Final = (
    Part(_drop_oldest, "activity_kept_from", in_batches=False),
    Part(_of_write, "activity_id"),
)
"""The entry of a write of one task, which goes with it, as does the deletion of the oldest that have expired
if it has `activity_kept_from`, unless the write is one of a batch."""


def _oldest_expired() -> ScalarSelect[UUID]:
    """Returns an id, with a limit: for EXISTS, PostgreSQL would read the entries of all spaces."""
    expired = ACTIVITY.c.user_id == SPACES.c.user_id, ACTIVITY.c.id < _KEPT_FROM
    found = select(ACTIVITY.c.id).where(*expired).order_by(ACTIVITY.c.id)
    return found.limit(literal_column("1")).scalar_subquery()


SPACES_OF_ACTIVITY: Final = Read(
    "spaces after an id, with expired activity or without",
    select(SPACES.c.user_id, _oldest_expired().is_not(None).label("has_expired"))
    .where(SPACES.c.user_id > bindparam("after_id", type_=Id()))
    .order_by(SPACES.c.user_id)
    .limit(_LIMIT),
    cross_owner=True,
)
"""The id of each space, and whether it has entries that have expired."""

EXPIRED_ACTIVITY: Final = Read(
    "expired activity of a space",
    select(ACTIVITY.c.id)
    .where(ACTIVITY.c.user_id == OWNER, ACTIVITY.c.id < _KEPT_FROM)
    .order_by(ACTIVITY.c.id)
    .limit(_LIMIT),
)
"""The oldest entries."""

DROP_ACTIVITY: Final = Command(
    "drop expired activity",
    delete(ACTIVITY).where(
        ACTIVITY.c.user_id == OWNER, any_of(ACTIVITY.c.id, few(bindparam("ids", type_=Ids())))
    ),
    quiet=True,
)
