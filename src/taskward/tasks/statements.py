"""The statements that read, create, change and delete one task, and read the owner's counter.

The WHERE of each begins with the owner; a test verifies it.
"""

from collections.abc import Mapping
from itertools import product, starmap
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Delete,
    Insert,
    Text,
    and_,
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
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import ReturningUpdate

from taskward.database.functions import any_of, monotonic_now, once
from taskward.database.postgres.batched_sql import batch_values, for_each
from taskward.database.statements import SEQ, BatchedWrite, Change, Part, Read, Write, Written
from taskward.database.types import CodePointText, Counter, Counters, Flag, Id, Instant
from taskward.idempotency.statements import drop_expired_responses, store_response
from taskward.spaces.tables import MEMBERS
from taskward.tasks.list_statements import ListShape, list_tasks
from taskward.tasks.member_tables import MEMBER_REMINDERS
from taskward.tasks.row_statements import DROPPED_LABELS, DROPPED_REMINDERS, LABELS, REMINDERS
from taskward.tasks.sorts import BASE_SORTS
from taskward.tasks.tables import COLUMNS, TASKS, TOMBSTONES, UPDATED_BY
from taskward.tasks.tables import LISTS as LIST_TABLE
from taskward.tasks.tombstones import DROP_TOMBSTONES, LEAVE_TOMBSTONE, horizon_after_expiry
from taskward.tasks.trash_statements import (
    DELETE_TRASHED,
    DROP_TRASH,
    ROWS_TO_TRASH,
    has_none_below,
    insert_into_trash,
)
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import (
    OWNER,
    bump_owner,
    bump_person,
    bump_unlocked_owners,
    is_as_read,
)
from taskward.users.tables import USERS

_TASK_ID: Final = bindparam("task_id", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_TITLE: Final = bindparam("title", type_=CodePointText)
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

_LIST_ID: Final = bindparam("list_id", type_=Id())
_CLIENT_ID: Final = bindparam("client_id", type_=Id())
"""The id of a new task, if the client has made it."""
_MOMENTS_ZONE: Final = bindparam("moments_zone", type_=Text())
"""The time zone of the owner by which moments of reminders are computed; null if it does not matter."""
_NO_ZONE: Final = literal_column("''", Text())

_MINE: Final = (TASKS.c.user_id == OWNER, TASKS.c.id == _TASK_ID)
_SEEN: Final = (*_MINE, TASKS.c.version == bindparam("seen", type_=Counter))
_MATCHING: Final = (
    *_MINE,
    or_(_VERSIONS.is_(None), any_of(TASKS.c.version, _VERSIONS)),
)
"""The task, if its version matches `If-Match`."""


def _lacks(field: str) -> ColumnElement[bool]:
    """Returns whether a task lacks an optional field; false also if some text of it looks like the field."""
    return TASKS.c.extra.not_like(literal_column(f"""'%"{field}":%'"""))


_TOUCHES_NO_OTHER_ROWS: Final = or_(
    _IS_COMPLETED.is_(None),
    _IS_COMPLETED & or_(TASKS.c.extra.is_(None), _lacks("recurrence") & _lacks("reminders")),
    ~_IS_COMPLETED & TASKS.c.next_version.is_(None) & or_(TASKS.c.extra.is_(None), _lacks("reminders")),
)
"""Whether the update does not make the next task of a series, take it back, or change pending reminders."""

_OF_THE_SERVICE: Final = frozenset(
    {
        *("user_id", "id", "created_at", "updated_at", "version", "next_version", "past_recurrence"),
        *("created_by", "updated_by"),
    }
)
CONTENT: Final[dict[str, BindParameter[Any]]] = {
    one.name: bindparam(one.name, type_=one.type) for one in TASKS.c if one.name not in _OF_THE_SERVICE
}
"""The columns that clients fill."""

_NEW: Final[dict[str, BindParameter[Any]]] = {
    "user_id": OWNER,
    "id": _TASK_ID,
    "created_at": bindparam("created_at", type_=Instant()),
    "updated_at": _NOW,
    **CONTENT,
    "created_by": bindparam("created_by", type_=Id()),
    "updated_by": UPDATED_BY,
}
"""The values of a new task, except its version."""


def _can_be_new(
    owner: ColumnElement[UUID],
    client_id: ColumnElement[UUID],
    list_id: ColumnElement[UUID],
    moments_zone: ColumnElement[str],
) -> ColumnElement[bool]:
    """Returns whether the client's id is free, the list is there, and the time zone is as assumed."""
    used, deleted, trashed = TASKS.alias("used"), TOMBSTONES.alias("deleted"), TRASH.alias("trashed")
    is_used = exists().where(used.c.user_id == owner, used.c.id == client_id)
    is_deleted = exists().where(deleted.c.user_id == owner, deleted.c.task_id == client_id)
    is_trashed = exists().where(trashed.c.user_id == owner, trashed.c.id == client_id)
    has_list = exists().where(LIST_TABLE.c.user_id == owner, LIST_TABLE.c.id == list_id)
    elsewhere = exists().where(
        USERS.c.id == owner, func.coalesce(USERS.c.time_zone, _NO_ZONE) != moments_zone
    )
    return (
        or_(client_id.is_(None), ~is_used & ~is_deleted & ~is_trashed)
        & or_(list_id.is_(None), has_list)
        & or_(moments_zone.is_(None), ~elsewhere)
    )


def can_be_new() -> ColumnElement[bool]:
    """Returns whether the task of `CREATE_TASK` can be new: its id is free, and its list is there."""
    return _can_be_new(OWNER, *map(once, (_CLIENT_ID, _LIST_ID, _MOMENTS_ZONE)))


def _insert_task(number: ColumnElement[int]) -> Insert:
    values = select(*_NEW.values(), number).where(number.is_not(None))
    return (
        upsert(TASKS)
        .from_select([*_NEW, "version"], values)
        .on_conflict_do_nothing(index_elements=["user_id", "id"])
        .returning(TASKS.c.version)
    )


def insert_tasks(parts: tuple[Part, ...], only_if: ColumnElement[bool] | None = None) -> BatchedWrite:
    """Inserts tasks of several owners; those of one owner in the order of their requests.

    With `only_if`, each of them only if that condition on its values holds.
    """
    expressions = [*(part.change(Written(SEQ)) for part in parts), *([] if only_if is None else [only_if])]
    found = [one for each in expressions for one in visitors.iterate(each) if isinstance(one, BindParameter)]
    others = [one for one in found if not one.unique and one.key != SEQ.key]

    def is_valid(asked: CTE) -> ColumnElement[bool]:
        is_new = _each_can_be_new(asked)
        return is_new if only_if is None else is_new & for_each(only_if, asked)

    asked = batch_values(*_NEW.values(), _CLIENT_ID, _MOMENTS_ZONE, *others, where=is_valid)
    counted = bump_unlocked_owners(asked)
    numbered = (
        select(asked, (counted.c.seq - asked.c.later).label("number"))
        .join(counted, counted.c.owner == asked.c.owner)
        .cte("numbered")
    )
    inserted = (
        insert(TASKS)
        .from_select(
            [*_NEW, "version"],
            select(*(numbered.c[value.key] for value in _NEW.values()), numbered.c.number),
        )
        .returning(TASKS.c.user_id, TASKS.c.id, TASKS.c.version)
        .cte("inserted")
    )
    of_parts = [
        for_each(part.change(Written(numbered.c.number)), numbered).cte(f"part_{n}")
        for n, part in enumerate(parts)
    ]
    last = asked.c.later == literal_column("0")
    owners = select(asked.c.owner, counted.c.seq).join(counted, counted.c.owner == asked.c.owner)
    versions = select(numbered.c.number, numbered.c.n).add_cte(inserted, *of_parts)
    return BatchedWrite(versions, owners.where(last))


def _each_can_be_new(asked: CTE) -> ColumnElement[bool]:
    return _can_be_new(asked.c.owner, asked.c.client_id, asked.c.list_id, asked.c.moments_zone)


def _update_task(number: ColumnElement[int]) -> Change:
    return (
        update(TASKS)
        .where(*_MATCHING, _TOUCHES_NO_OTHER_ROWS, number.is_not(None))
        .values(
            title=func.coalesce(_TITLE, TASKS.c.title),
            title_folded=func.coalesce(_TITLE_FOLDED, TASKS.c.title_folded),
            description=case((_DESCRIBES, _DESCRIPTION), else_=TASKS.c.description),
            description_folded=case((_DESCRIBES, _DESCRIPTION_FOLDED), else_=TASKS.c.description_folded),
            is_completed=func.coalesce(_IS_COMPLETED, TASKS.c.is_completed),
            completed_at=_completed_at(),
            updated_at=monotonic_now(_NOW, TASKS.c.updated_at),
            updated_by=UPDATED_BY,
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


def _change_task(number: ColumnElement[int]) -> Change:
    """Stores the content of a task that was read in the version `seen`."""
    return (
        update(TASKS)
        .where(*_SEEN, number.is_not(None))
        .values(**CONTENT, updated_at=_NOW, updated_by=UPDATED_BY, version=number)
        .returning(TASKS.c.version)
    )


def _is_as_seen() -> ColumnElement[bool]:
    """Returns whether the task is as it was read, and the time zone of the owner as it was."""
    zone = once(_MOMENTS_ZONE)
    is_same_zone = or_(zone.is_(None), func.coalesce(USERS.c.time_zone, _NO_ZONE) == zone)
    return exists().where(*_SEEN) & is_same_zone


def _can_move() -> ColumnElement[bool]:
    """Returns whether nothing else moves to the new list with the task, and that list is there."""
    there = select(LIST_TABLE.c.id).where(LIST_TABLE.c.user_id == OWNER, LIST_TABLE.c.id == _LIST_ID).exists()
    return _has_no_subtasks() & or_(once(_LIST_ID).is_(None), there)


def _has_reminders_of_members() -> ColumnElement[bool]:
    of_task = (MEMBER_REMINDERS.c.user_id == OWNER, MEMBER_REMINDERS.c.task_id == _TASK_ID)
    return select(MEMBER_REMINDERS.c.slot).where(*of_task).exists()


def _delete_task(number: ColumnElement[int]) -> Change:
    return delete(TASKS).where(*_MATCHING, number.is_not(None)).returning(*COLUMNS)


def _trash_task(number: ColumnElement[int]) -> Change:
    return insert_into_trash(*_MATCHING, number.is_not(None)).returning(TRASH.c.version)


def _has_no_subtasks() -> ColumnElement[bool]:
    """Returns whether the task has no subtasks, and cannot get any while the statement runs.

    For that see `is_as_read`.
    """
    # The id only, which the index of subtasks has: SQLite would look through all tasks for other columns.
    children = select(TASKS.c.id).where(TASKS.c.user_id == OWNER, TASKS.c.parent_id == _TASK_ID).exists()
    return ~children & is_as_read(OWNER)


def _store_response(written: Written) -> Insert:
    return store_response('"' + cast(written.number, Text) + '"', written.has_changed)


def _drop_expired_responses(written: Written) -> Delete:
    return drop_expired_responses().where(written.has_changed)


LISTS: Final[Mapping[ListShape, Read]] = {
    shape: list_tasks(shape)
    for shape in starmap(ListShape, product(BASE_SORTS, (False, True), (False, True)))
}
"""The lists without conditions on optional fields."""

COUNTER: Final = Read(
    "owner's counter", select(USERS.c.seq).where(USERS.c.id == OWNER), batch_keys=("owner",)
)
READ_TO_CHANGE: Final = Read(
    "task to change",
    select(*COLUMNS, TASKS.c.next_version, USERS.c.time_zone)
    .join(USERS, USERS.c.id == TASKS.c.user_id)
    .where(*_MINE, USERS.c.id == OWNER),
    batch_keys=("owner", "task_id"),
)
"""A task, the version in which the next one of its series was made, and the time zone of the owner."""

MY_MEMBER_ID: Final = Read(
    "id of the caller as a member",
    select(MEMBERS.c.id).where(
        MEMBERS.c.user_id == OWNER, MEMBERS.c.person_id == bindparam("caller", type_=Id())
    ),
)
"""Only in a space, which adds the caller."""

GET_TASK: Final = Read("get task", select(*COLUMNS).where(*_MINE), batch_keys=("owner", "task_id"))
CREATE_TASK: Final = Write(
    "create task",
    bump_person(condition=can_be_new()),
    _insert_task,
    (
        LABELS,
        REMINDERS,
        Part(_store_response, "key"),
        Part(_drop_expired_responses, "key"),
    ),
    "task.create",
    insert_tasks,
)
"""Returns the version; no row if the task cannot be new, see `_can_be_new`.

That is checked only if the value `is_conditional` is true (`CONDITIONAL`).
"""
UPDATE_TASK: Final = Write(
    "update task",
    bump_owner(exists().where(*_MATCHING, _TOUCHES_NO_OTHER_ROWS)),
    _update_task,
    action="task.update",
)
SWITCH_TASK: Final = Write(
    "complete or reopen task",
    bump_owner(
        exists().where(*_MATCHING, _TOUCHES_NO_OTHER_ROWS, TASKS.c.is_completed != _IS_COMPLETED)
        & ~_has_reminders_of_members()
    ),
    _update_task,
    action="task.update",
)
"""`UPDATE_TASK` in a space, of the state: no row also if it is in that, or if members have set reminders.

The form that members run (`AUTHORIZED_WRITES`) also requires the owner's row to be as read, so that none are
set meanwhile; that of `RESCHEDULE_TASK`, too.
"""

_CHANGED_ROWS: Final = (LABELS, DROPPED_LABELS, REMINDERS, DROPPED_REMINDERS)
CHANGE_TASK: Final = Write(
    "change task", bump_owner(_is_as_seen()), _change_task, _CHANGED_ROWS, "task.update"
)
"""Returns the version; no row if the task or the time zone has been changed since they were read."""

MOVE_TASK: Final = Write(
    "move task", bump_owner(_is_as_seen() & _can_move()), _change_task, _CHANGED_ROWS, "task.update"
)
"""`CHANGE_TASK` to another list, or to none: no row also if it has subtasks, or the list is not there."""

RESCHEDULE_TASK: Final = Write(
    "reschedule task",
    bump_owner(_is_as_seen() & ~_has_reminders_of_members()),
    _change_task,
    _CHANGED_ROWS,
    "task.update",
)
"""`CHANGE_TASK` in a space, of a due date or a state: no row also if members have set reminders for it."""


def _bump_deletion(*conditions: ColumnElement[bool]) -> ReturningUpdate[Any]:
    condition = and_(exists().where(*_MATCHING), *conditions)
    return bump_owner(condition, horizon=horizon_after_expiry())


_CAN_DELETE: Final = _bump_deletion(_has_no_subtasks(), has_none_below())
_OF_DELETION: Final = (DROP_TOMBSTONES, LEAVE_TOMBSTONE)
DELETE_TASK: Final = Write("delete task", _CAN_DELETE, _delete_task, _OF_DELETION, "task.delete")
_OF_TRASHING: Final = (DELETE_TRASHED, DROP_TRASH, *_OF_DELETION)
TRASH_TASK: Final = Write("move task to the trash", _CAN_DELETE, _trash_task, _OF_TRASHING, "task.trash")
"""Both return the version that the task had; no row if it has subtasks or comments, or is not there."""

_MUST_DELETE: Final = _bump_deletion()
DELETE_LOCKED_TASK: Final = Write(
    "delete task of a locked owner", _MUST_DELETE, _delete_task, _OF_DELETION, "task.delete"
)
TRASH_LOCKED_TASK: Final = Write(
    "move task of a locked owner to the trash",
    _MUST_DELETE,
    _trash_task,
    (*ROWS_TO_TRASH, *_OF_TRASHING),
    "task.trash",
)
"""Moves its comments as well; there may be many, so it runs only in a transaction: SQLite runs single
statements on the event loop."""
