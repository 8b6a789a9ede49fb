"""The statements of an import: claim, stage in parts, publish, clean up."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Table,
    Text,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import any_of, few, json_item, json_rows
from taskward.database.json_values import values_of_json
from taskward.database.leases import Lease
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Id, Ids
from taskward.me.import_tables import IMPORT_TASKS, IMPORTS
from taskward.tasks.fields.reminders import MAX_REMINDERS
from taskward.tasks.tables import LIST_TOMBSTONES, LISTS, TASK_LABELS, TASKS, TOMBSTONES
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER

IMPORT_LEASE: Final = Lease(
    IMPORTS.c.user_id == OWNER, holder=IMPORTS.c.token, renewed_at=IMPORTS.c.renewed_at, seconds=15.0
)
"""An import that is not renewed for that time was left by a process that died."""

_AFTER: Final = bindparam("after_id", type_=Id())
_UP_TO: Final = bindparam("up_to_id", type_=Id())
_LIMIT: Final = bindparam("limit", type_=Integer())

CLAIM_IMPORT: Final = Command(
    "claim an import",
    IMPORT_LEASE.claim_or_insert({"user_id": OWNER, "first_number": null()}, IMPORT_LEASE.has_ended),
    quiet=True,
)
"""Returns a row unless the owner's import is in progress elsewhere."""

SEIZE_IMPORT: Final = Command(
    "seize an import", IMPORT_LEASE.claim_or_insert({"user_id": OWNER, "first_number": null()}), quiet=True
)
"""Ends an import in progress, and prevents a new one before this transaction ends."""

RENEW_IMPORT: Final = Command("renew an import", IMPORT_LEASE.renew(), quiet=True)
BEGIN_PUBLICATION: Final = Command(
    "begin the publication of an import",
    IMPORT_LEASE.change(first_number=bindparam("first_number", type_=Counter)),
    quiet=True,
)
"""From this commit on the import is published, or will be when the process restarts."""

RELEASE_IMPORT: Final = Command("release an import", IMPORT_LEASE.drop(), quiet=True)
GIVE_UP_IMPORT: Final = Command(
    "give up an import",
    update(IMPORTS).where(IMPORTS.c.user_id == OWNER).values(renewed_at=IMPORT_LEASE.given_up["renewed_at"]),
    quiet=True,
)
"""Then another import may start, and its staged rows are deleted."""

DROP_IMPORT: Final = Command("erase an import", delete(IMPORTS).where(IMPORTS.c.user_id == OWNER), quiet=True)
FIND_IMPORT: Final = Read("find an import", select(IMPORTS.c.first_number).where(IMPORTS.c.user_id == OWNER))
ABANDONED: Final = Read(
    "abandoned imports",
    select(IMPORTS.c.user_id).where(IMPORT_LEASE.has_ended).limit(100),
    cross_owner=True,
)
"""Across all owners, for the service itself."""

STAGED_IDS: Final = Read(
    "ids of staged tasks",
    select(IMPORT_TASKS.c.id)
    .where(IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id > _AFTER)
    .order_by(IMPORT_TASKS.c.id)
    .limit(_LIMIT),
)


def _rows() -> ColumnElement[int]:
    """Counts the rows that a staged task becomes: at least those of its labels and its reminders.

    A thousand characters of text count as a row more.
    """
    between = literal_column("'],['", Text())
    labels = IMPORT_TASKS.c.labels
    others = (func.length(labels) - func.length(func.replace(labels, between, literal_column("''")))) / 3
    is_reminded = IMPORT_TASKS.c.extra.like(literal_column("""'%"reminders":%'"""))
    text = sum(func.coalesce(func.length(IMPORT_TASKS.c[name]), 0) for name in ("description", "extra"))
    return (
        literal_column("1", Integer())
        + func.coalesce(others + 1, 0)
        + case((is_reminded, MAX_REMINDERS), else_=0)
        + text / 1000
    )


STAGED_ROWS: Final = Read(
    "rows of staged tasks",
    select(IMPORT_TASKS.c.id, _rows())
    .where(IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id > _AFTER)
    .order_by(IMPORT_TASKS.c.id)
    .limit(_LIMIT),
)
"""The ids, and how many rows each task becomes."""

COLUMNS: Final = tuple(one.name for one in IMPORT_TASKS.c if one.name != "user_id")
"""The columns of a staged task, in the order of the JSON arrays that `STAGE` takes; times in microseconds."""


def _stage() -> Any:
    """Stages the tasks that the owner does not have, not even in the trash, each id once."""
    values = values_of_json(IMPORT_TASKS, COLUMNS, bindparam("tasks", type_=Text()))
    same = IMPORT_TASKS.alias("same")
    return (
        insert(IMPORT_TASKS)
        .from_select(
            ["user_id", *values],
            select(OWNER, *values.values()).where(
                # One condition each: an OR would make SQLite scan all of the owner's rows.
                _is_free(TASKS, "id", values["id"]),
                _is_free(TASKS, "id", values["given_id"]),
                _is_free(TRASH, "id", values["id"]),
                _is_free(TRASH, "id", values["given_id"]),
                _is_free(same, "given_id", values["id"]),
                _is_free(same, "id", values["given_id"]),
            ),
        )
        .on_conflict_do_nothing()
    )


def _is_free(table: FromClause, key: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Returns whether the owner has no row with that value of a unique key.

    It is looked up for each value: of an EXISTS, PostgreSQL can make a join with all rows of the owner.
    """
    found = select(table.c[key]).where(table.c.user_id == OWNER, table.c[key] == value)
    return found.scalar_subquery().is_(None)


def _is_not_in_trash(table: Table, task_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Returns whether the task of a row of the owner is not in the trash."""
    trashed = (TRASH.c.user_id == OWNER, TRASH.c.id == task_id)
    found = select(TRASH.c.id).where(*trashed, table.c.user_id == OWNER)
    return found.scalar_subquery().is_(None)


STAGE: Final = Command("stage tasks", _stage(), quiet=True)

_RANGE: Final = (IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id > _AFTER, IMPORT_TASKS.c.id <= _UP_TO)
_RANK: Final = func.row_number().over(order_by=IMPORT_TASKS.c.id)
_FIRST_NUMBER: Final = bindparam("first_number", type_=Counter)
_LISTS_OF_OWNER: Final = select(LISTS.c.id).where(LISTS.c.user_id == OWNER)
_HAS_NEXT: Final = IMPORT_TASKS.c.series_id.is_not(None) & IMPORT_TASKS.c.extra.like(
    literal_column("""'%"next_id":%'""")
)
_PUBLISHED: Final[dict[str, ColumnElement[Any]]] = {
    name: IMPORT_TASKS.c[name] for name in COLUMNS if name not in {"given_id", "labels"}
} | {
    "list_id": case((IMPORT_TASKS.c.list_id.in_(_LISTS_OF_OWNER), IMPORT_TASKS.c.list_id), else_=null()),
    "parent_id": case(
        (_is_not_in_trash(IMPORT_TASKS, IMPORT_TASKS.c.parent_id), IMPORT_TASKS.c.parent_id), else_=null()
    ),
    "next_version": case((_HAS_NEXT, literal_column("0", Counter)), else_=null()),
}
"""A list may have been deleted since its tasks were staged, or a task moved to the trash, perhaps a parent.
No task has the version 0, so the next one of a series is not taken back after an import."""

PUBLISH: Final = Command(
    "publish staged tasks",
    insert(TASKS)
    .from_select(
        ["user_id", *_PUBLISHED, "version"],
        select(OWNER, *_PUBLISHED.values(), _FIRST_NUMBER + _RANK - 1).where(
            *_RANGE, _is_not_in_trash(IMPORT_TASKS, IMPORT_TASKS.c.id)
        ),
    )
    .on_conflict_do_nothing(),
    "task.import",
)
"""Numbers the tasks of a range of ids from `first_number` on. Repeating it has no effect."""


def _publish_labels() -> Any:
    labels = json_rows(IMPORT_TASKS.c.labels).table_valued(column("value"), name="labels")
    folded, label = (cast(json_item(labels.c.value, literal_column(n)), Text()) for n in "01")
    published = select(TASKS.c.id).where(
        TASKS.c.user_id == OWNER,
        TASKS.c.version >= _FIRST_NUMBER,
        TASKS.c.version < _FIRST_NUMBER + bindparam("count", type_=Counter),
    )
    return (
        insert(TASK_LABELS)
        .from_select(
            ["user_id", "task_id", "label_folded", "label"],
            select(OWNER, IMPORT_TASKS.c.id, folded, label)
            .select_from(IMPORT_TASKS.join(labels, true()))
            .where(*_RANGE, IMPORT_TASKS.c.labels.is_not(None), IMPORT_TASKS.c.id.in_(published)),
        )
        .on_conflict_do_nothing()
    )


PUBLISH_LABELS: Final = Command("publish the labels of staged tasks", _publish_labels(), quiet=True)

LIST_COLUMNS: Final = ("id", "title", "is_archived", "position", "metadata", "created_at", "updated_at")
"""The columns of a list, in the order of the JSON arrays that `PUBLISH_LISTS` takes."""


def _publish_lists() -> Any:
    values = values_of_json(LISTS, LIST_COLUMNS, bindparam("lists", type_=Text()))
    number = _FIRST_NUMBER + func.row_number().over(order_by=values["id"]) - 1
    return (
        insert(LISTS)
        .from_select(["user_id", *values, "version"], select(OWNER, *values.values(), number).where(true()))
        .on_conflict_do_nothing()
    )


PUBLISH_LISTS: Final = Command("publish lists", _publish_lists(), "list.import")
DROP_LIST_TOMBSTONES: Final = Command(
    "drop the tombstones of imported lists",
    delete(LIST_TOMBSTONES).where(
        LIST_TOMBSTONES.c.user_id == OWNER,
        any_of(LIST_TOMBSTONES.c.list_id, few(bindparam("ids", type_=Ids()))),
    ),
    quiet=True,
)

DROP_TOMBSTONES: Final = Command(
    "drop the tombstones of staged tasks",
    delete(TOMBSTONES).where(
        TOMBSTONES.c.user_id == OWNER,
        TOMBSTONES.c.task_id > _AFTER,
        TOMBSTONES.c.task_id <= _UP_TO,
        TOMBSTONES.c.task_id.in_(select(IMPORT_TASKS.c.id).where(*_RANGE)),
        _is_not_in_trash(TOMBSTONES, TOMBSTONES.c.task_id),
    ),
    quiet=True,
)
UNSTAGE: Final = Command(
    "delete staged tasks",
    delete(IMPORT_TASKS).where(*_RANGE),
    quiet=True,
)
