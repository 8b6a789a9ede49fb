"""Every SQL statement on the trash, except those that move tasks to it."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    true,
    tuple_,
    update,
)

from taskward.database.functions import any_of, few, instant_of, json_item, json_rows, monotonic_now
from taskward.database.statements import Command, Part, Read, Write, Written
from taskward.database.tables import trashed_tables
from taskward.database.types import Counter, Id, Ids, Instant
from taskward.tasks.tables import COLUMNS, TASK_LABELS, TASKS, TOMBSTONES, UPDATED_BY
from taskward.tasks.trash_statements import count_rows_of_tasks
from taskward.tasks.trash_tables import TRASH
from taskward.users.statements import OWNER, bump_owner

_TASK_ID: Final = bindparam("task_id", type_=Id())
_IDS: Final = bindparam("ids", type_=Ids())
_COLUMN_NAMES: Final = tuple(one.name for one in TASKS.c)
_LIMIT: Final = bindparam("limit", type_=Integer())
_UNTIL: Final = bindparam("until", type_=Instant())
_MINE: Final = (TRASH.c.user_id == OWNER, TRASH.c.id == _TASK_ID)
_AMONG: Final = (TRASH.c.user_id == OWNER, any_of(TRASH.c.id, few(_IDS)))
_DELETED_WITH: Final = (TRASH.c.user_id == OWNER, TRASH.c.deleted_with == _TASK_ID)
_PLACE: Final = (TRASH.c.id, TRASH.c.parent_id, TRASH.c.list_id, TRASH.c.assigned_to)


_TRASHED: Final = select(
    *(TRASH.c[one.name] for one in COLUMNS), TRASH.c.deleted_at, TRASH.c.deleted_with, TRASH.c.deleted_by
).where(TRASH.c.user_id == OWNER)
"""`TaskRecord`s, each with when, with which task and by which member it was deleted."""


def _page(*, has_cursor: bool) -> Read:
    found = _TRASHED
    if has_cursor:
        before = bindparam("before", type_=Instant()), bindparam("before_id", type_=Id())
        found = found.where(tuple_(TRASH.c.deleted_at, TRASH.c.id) < tuple_(*before))
    newest_first = found.order_by(TRASH.c.deleted_at.desc(), TRASH.c.id.desc()).limit(_LIMIT)
    return Read(f"page of the trash{' before a position' if has_cursor else ''}", newest_first)


TRASH_PAGES: Final = {has_cursor: _page(has_cursor=has_cursor) for has_cursor in (False, True)}
"""By whether there is a cursor."""

TRASH_AFTER: Final = Read(
    "tasks in the trash after an id",
    _TRASHED.where(TRASH.c.id > bindparam("after_id", type_=Id())).order_by(TRASH.c.id).limit(_LIMIT),
)

FIND_TRASHED: Final = Read("find a task in the trash", select(*_PLACE).where(*_MINE))
FIND_DELETED_WITH: Final = Read(
    "find the tasks that were deleted with one",
    select(*_PLACE)
    .where(*_DELETED_WITH)
    .order_by(TRASH.c.id)  # so that scarce room goes to the same ones on both engines
    # SQLite would look through all of the owner's trash.
    .with_hint(TRASH, "INDEXED BY ix_trash_user_id_deleted_with", "sqlite"),
)
"""The id, the parent, the list and the assignee of each."""

EXISTING_TASKS: Final = Read(
    "existing tasks among several",
    select(TASKS.c.id).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(_IDS))),
)
TRASHED_FIELDS: Final = Read(
    "optional fields of tasks in the trash", select(TRASH.c.id, TRASH.c.extra).where(*_AMONG)
)
SET_TRASHED_FIELDS: Final = Command(
    "set the optional fields of a task in the trash",
    update(TRASH).where(*_MINE).values(extra=bindparam("extra", type_=Text())),
    quiet=True,
)


def _given(array: str, names: tuple[str, ...]) -> tuple[CTE, dict[str, ColumnElement[Any]]]:
    """Returns the rows of a JSON array of arrays, and their items by name.

    Materialized, because SQLite would look through the array for each task of the owner.
    """
    rows = json_rows(bindparam(array, type_=Text())).table_valued(column("value"), name="given")
    items = [json_item(rows.c.value, literal_column(str(n))).label(name) for n, name in enumerate(names)]
    given = select(*items).cte("restored").prefix_with("MATERIALIZED")
    return given, {name: given.c[name] for name in names}


def _restore() -> Insert:
    given, items = _given(
        "tasks", ("id", "version", "list_id", "parent_id", "assigned_to", "due_utc", "start_utc")
    )
    new: dict[str, ColumnElement[Any]] = {
        "user_id": OWNER,
        "version": cast(items["version"], Counter),
        "list_id": cast(items["list_id"], Id()),
        "parent_id": cast(items["parent_id"], Id()),
        "due_utc": instant_of(items["due_utc"]),
        "start_utc": instant_of(items["start_utc"]),
        "updated_at": monotonic_now(bindparam("now", type_=Instant()), TRASH.c.updated_at),
        "assigned_to": cast(items["assigned_to"], Id()),
        "updated_by": func.coalesce(UPDATED_BY, TRASH.c.updated_by),
    }
    values = {name: new.get(name, TRASH.c[name]) for name in _COLUMN_NAMES}
    restored = select(*values.values()).where(TRASH.c.user_id == OWNER, TRASH.c.id == cast(given.c.id, Id()))
    return insert(TASKS).from_select([*values], restored)


RESTORE_TASKS: Final = Command("restore tasks from the trash", _restore())
"""Takes a JSON array of `[id, version, list, parent, assignee, instant of due, instant of start]`.

Instants are in microseconds since 1970.
"""


def _add_labels() -> Insert:
    given, items = _given("labels", ("task_id", "label_folded", "label"))
    values = (cast(items["task_id"], Id()), cast(items["label_folded"], Text()), cast(items["label"], Text()))
    return insert(TASK_LABELS).from_select(
        ["user_id", "task_id", "label_folded", "label"],
        select(OWNER, *values).select_from(given).where(true()),
    )


ADD_LABELS: Final = Command("add the labels of restored tasks", _add_labels(), quiet=True)
"""Takes a JSON array of `[id, folded, label]`."""


def _restore_rows(table: Table, trash: Table) -> Command:
    values: dict[str, ColumnElement[Any]] = {one.name: trash.c[one.name] for one in table.c}
    values["user_id"] = OWNER
    if _is_numbered(table):
        first = bindparam("first_number", type_=Counter)
        values["version"] = first + func.row_number().over(order_by=trash.c.id) - 1
    return Command(
        f"restore {table.name} from the trash",
        insert(table).from_select([*values], _of_tasks(trash, *values.values())),
    )


def _is_numbered(table: Table) -> bool:
    """Returns whether the rows of a table are objects of the change feed, and their versions its numbers."""
    return "id" in table.c


def _of_tasks(trash: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    found = select(*columns).where(trash.c.user_id == OWNER, any_of(trash.c.task_id, few(_IDS)))
    return found.with_hint(trash, f"INDEXED BY ix_{trash.name}_user_id_task_id", "sqlite")


RESTORE_ROWS: Final = {
    count_rows_of_tasks(trash): _restore_rows(table, trash)
    for table, trash in trashed_tables()
    if _is_numbered(table)
}
"""For each table whose rows go to the trash with their task: the number of each task's, and what restores
those of several tasks, numbered from `first_number` on."""

RESTORE_OTHER_ROWS: Final = tuple(
    _restore_rows(table, trash) for table, trash in trashed_tables() if not _is_numbered(table)
)
"""Each restores the rows of a table that go with several tasks, and that no feed has."""

DROP_TOMBSTONES: Final = Command(
    "drop the tombstones of restored tasks",
    delete(TOMBSTONES).where(TOMBSTONES.c.user_id == OWNER, any_of(TOMBSTONES.c.task_id, few(_IDS))),
    quiet=True,
)
DELETE_RESTORED: Final = Command(
    "delete restored tasks from the trash", delete(TRASH).where(*_AMONG), "task.restore"
)


def _purge(number: ColumnElement[int]) -> Any:
    return delete(TRASH).where(*_MINE, number.is_not(None)).returning(TRASH.c.version)


def _purge_deleted_with(written: Written) -> Delete:
    return delete(TRASH).where(*_DELETED_WITH, written.has_changed)


PURGE_TASK: Final = Write(
    "delete a task from the trash",
    bump_owner(exists().where(*_MINE)),
    _purge,
    (Part(_purge_deleted_with),),
    "task.purge",
)
"""With those that were deleted with it. Returns the version that the task had."""

OLDEST_UNTIL: Final = Read(
    "oldest tasks in the trash",
    select(TRASH.c.id)
    .where(TRASH.c.user_id == OWNER, TRASH.c.deleted_at <= _UNTIL)
    .order_by(TRASH.c.deleted_at, TRASH.c.id)
    .limit(_LIMIT),
)
PURGE_TASKS: Final = Command("delete tasks from the trash", delete(TRASH).where(*_AMONG), "task.purge")
OWNERS_OF_EXPIRED: Final = Read(
    "owners of expired tasks in the trash",
    select(TRASH.c.user_id).where(TRASH.c.deleted_at <= _UNTIL).order_by(TRASH.c.deleted_at).limit(_LIMIT),
    cross_owner=True,
)
