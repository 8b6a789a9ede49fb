"""Every SQL statement on tasks. The WHERE of each begins with the owner; a test verifies it."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Insert,
    Text,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from taskward.database.functions import any_of, monotonic_now
from taskward.database.postgres.batched_sql import batch_values
from taskward.database.statements import BatchedWrite, Change, Command, Read, Write
from taskward.database.types import Counters, Flag, Id, Instant
from taskward.idempotency.statements import drop_expired_responses, store_response
from taskward.tasks.list_statements import list_tasks
from taskward.tasks.sorts import Sort
from taskward.tasks.tables import COLUMNS, TASKS, TOMBSTONES
from taskward.users.statements import OWNER, bump_owner_if, bump_unlocked_owners, upsert_owner_and_bump
from taskward.users.tables import USERS

_TASK_ID: Final = bindparam("task_id", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_TITLE: Final = bindparam("title", type_=Text())
_TITLE_FOLDED: Final = bindparam("title_folded", type_=Text())
_DESCRIPTION: Final = bindparam("description", type_=Text())
_DESCRIPTION_FOLDED: Final = bindparam("description_folded", type_=Text())
_IS_COMPLETED: Final = bindparam("is_completed", type_=Flag())
_COMPLETED_AT: Final = bindparam("completed_at", type_=Instant())
"""When the client says that it was completed."""
_DESCRIBES: Final = bindparam("describes", type_=Flag())
"""Whether `description` is given at all, because null is a valid value."""

_VERSIONS: Final = bindparam("versions", type_=Counters())
"""The versions in `If-Match`; null if any version matches."""
_TOMBSTONES_SINCE: Final = bindparam("tombstones_since", type_=Instant())
"""Tombstones older than this have expired."""

_MINE: Final = (TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID)
_MATCHING: Final = (
    *_MINE,
    or_(_VERSIONS.is_(None), any_of(TASKS.c.version, _VERSIONS)),
)
"""The task, if its version matches `If-Match`."""


def _lacks(field: str) -> ColumnElement[bool]:
    """Returns whether a task lacks an optional field; false also if some text of it looks like the field."""
    return TASKS.c.extra.not_like(literal_column(f"""'%"{field}":%'"""))


_ALONE: Final = or_(
    _IS_COMPLETED.is_(None),
    _IS_COMPLETED & or_(TASKS.c.extra.is_(None), _lacks("recurrence") & _lacks("reminders")),
    ~_IS_COMPLETED & TASKS.c.next_version.is_(None) & or_(TASKS.c.extra.is_(None), _lacks("reminders")),
)
"""Whether the update does not make the next task of a series, take it back, or change pending reminders."""

_NEW: Final[dict[str, BindParameter[Any]]] = {
    "user_id": OWNER,
    "id": _TASK_ID,
    "title": _TITLE,
    "title_folded": _TITLE_FOLDED,
    "description": _DESCRIPTION,
    "description_folded": _DESCRIPTION_FOLDED,
    "is_completed": _IS_COMPLETED,
    "created_at": _NOW,
    "updated_at": _NOW,
    "completed_at": _COMPLETED_AT,
}
"""The values of a new task, except its version."""


def _insert_task(number: ColumnElement[int]) -> Change:
    return insert(TASKS).values(**_NEW, version=number).returning(*COLUMNS)


def _insert_tasks() -> BatchedWrite:
    """Inserts tasks of several owners; those of one owner in the order of their requests."""
    asked = batch_values(*_NEW.values())
    counted = bump_unlocked_owners(asked)
    inserted = (
        insert(TASKS)
        .from_select(
            [*_NEW, "version"],
            select(
                *(asked.c[value.key] for value in _NEW.values()),
                counted.c.seq - asked.c.later,
            ).join(counted, counted.c.owner == asked.c.owner),
        )
        .returning(*COLUMNS)
        .cte("inserted")
    )
    found = select(inserted, asked.c.n).join(asked, asked.c.task_id == inserted.c.id)
    last = asked.c.later == literal_column("0")
    owners = select(asked.c.owner, counted.c.seq).join(counted, counted.c.owner == asked.c.owner)
    return BatchedWrite(found, owners.where(last))


def _update_task(number: ColumnElement[int]) -> Change:
    return (
        update(TASKS)
        .where(*_MATCHING, _ALONE, number.is_not(None))
        .values(
            title=func.coalesce(_TITLE, TASKS.c.title),
            title_folded=func.coalesce(_TITLE_FOLDED, TASKS.c.title_folded),
            description=case((_DESCRIBES, _DESCRIPTION), else_=TASKS.c.description),
            description_folded=case((_DESCRIBES, _DESCRIPTION_FOLDED), else_=TASKS.c.description_folded),
            is_completed=func.coalesce(_IS_COMPLETED, TASKS.c.is_completed),
            completed_at=_completed_at(),
            updated_at=monotonic_now(_NOW, TASKS.c.updated_at),
            version=number,
        )
        .returning(*COLUMNS)
    )


def _completed_at() -> ColumnElement[Any]:
    """Returns when an updated task was completed: as given, else now, unless it was completed before."""
    return case(
        (_IS_COMPLETED.is_(None), TASKS.c.completed_at),
        (~_IS_COMPLETED, null()),
        (_COMPLETED_AT.is_not(None), _COMPLETED_AT),
        (TASKS.c.is_completed, TASKS.c.completed_at),
        else_=_NOW,
    )


def _delete_task(number: ColumnElement[int]) -> Change:
    return delete(TASKS).where(*_MATCHING, number.is_not(None)).returning(*COLUMNS)


def _has_no_subtasks() -> ColumnElement[bool]:
    """Returns whether the task has no subtasks, and cannot get any while the statement runs.

    On PostgreSQL a statement that has waited for the owner's row still sees the other rows as they were
    before. Then the counter, which it sees as it is, has moved.
    """
    other = USERS.alias("as_it_was")
    seen = select(other.c.seq).where(other.c.id == OWNER).scalar_subquery()
    # The id only, which the index of subtasks has: SQLite would look through all tasks for other columns.
    children = select(TASKS.c.id).where(TASKS.c.user_id == OWNER, TASKS.c.parent_id == _TASK_ID).exists()
    return ~children & (USERS.c.seq == seen)


def _leave_tombstone(number: ColumnElement[int], changed: ColumnElement[bool]) -> Insert:
    return (
        upsert(TOMBSTONES)
        .from_select(
            ["user_id", "task_id", "version", "deleted_at"],
            select(OWNER, _TASK_ID, number, _NOW).where(changed),
        )
        .on_conflict_do_update(
            index_elements=["user_id", "task_id"],
            set_={"version": number, "deleted_at": _NOW},
        )
    )


_OLDEST: Final = (
    select(TOMBSTONES.c.version, TOMBSTONES.c.deleted_at)
    .where(TOMBSTONES.c.user_id == OWNER)
    .order_by(TOMBSTONES.c.version)
    .limit(2)
    .subquery("oldest")
)
_EXPIRED: Final = select(_OLDEST.c.version).where(_OLDEST.c.deleted_at < _TOMBSTONES_SINCE)
"""The owner's oldest tombstones, if they have expired. A deletion adds one and drops up to two of these, so
that they never accumulate and need no cleanup job."""


def _horizon_after_expiry() -> ColumnElement[Any]:
    """Returns the horizon after expired tombstones are dropped: every later change is recorded."""
    newest = select(func.coalesce(func.max(_EXPIRED.subquery().c.version), 0)).scalar_subquery()
    return case((newest > USERS.c.horizon, newest), else_=USERS.c.horizon)


def _drop_expired_tombstones(number: ColumnElement[int], changed: ColumnElement[bool]) -> Delete:  # noqa: ARG001 - a Trace
    return delete(TOMBSTONES).where(TOMBSTONES.c.user_id == OWNER, TOMBSTONES.c.version.in_(_EXPIRED))


def _store_response(number: ColumnElement[int], changed: ColumnElement[bool]) -> Insert:
    return store_response('"' + cast(number, Text) + '"', changed)


def _drop_expired_responses(number: ColumnElement[int], changed: ColumnElement[bool]) -> Delete:  # noqa: ARG001 - a Trace
    return drop_expired_responses()


STORE_RESPONSE: Final = Command(
    "store a response",
    store_response(bindparam("tag", type_=Text()), exists().where(USERS.c.id == OWNER)),
)
"""Without a `tag`, the response has none."""
DROP_EXPIRED_RESPONSES: Final = Command("drop expired responses", drop_expired_responses())
LISTS: Final[Mapping[tuple[Any, ...], Read]] = {
    (sort, resumed, searched): list_tasks(sort, resumed=resumed, searched=searched)
    for sort in get_args(Sort)
    for resumed in (False, True)
    for searched in (False, True)
}
"""The lists of Part B by sort, whether a cursor is given, and whether words are searched."""

COUNTER: Final = Read(
    "owner's counter", select(USERS.c.seq).where(USERS.c.id == OWNER), batch_keys=("owner",)
)
GET_TASK: Final = Read("get task", select(*COLUMNS).where(*_MINE), batch_keys=("owner", "task_id"))
CREATE_TASK: Final = Write(
    "create task", upsert_owner_and_bump(), _insert_task, action="task.create", batched=_insert_tasks()
)
CREATE_TASK_ONCE: Final = Write(
    "create task once",
    upsert_owner_and_bump(),
    _insert_task,
    (_store_response, _drop_expired_responses),
    "task.create",
)
UPDATE_TASK: Final = Write(
    "update task", bump_owner_if(exists().where(*_MATCHING, _ALONE)), _update_task, action="task.update"
)
DELETE_TASK: Final = Write(
    "delete task",
    bump_owner_if(exists().where(*_MATCHING) & _has_no_subtasks(), horizon=_horizon_after_expiry()),
    _delete_task,
    (_drop_expired_tombstones, _leave_tombstone),
    "task.delete",
)
