"""The statements of an import: claim, stage in parts, publish, clean up."""

from typing import Any, Final

from sqlalchemy import (
    Integer,
    Text,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from taskward.database.functions import instant_of, json_item, json_rows
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Flag, Id, Instant
from taskward.me.import_tables import IMPORT_TASKS, IMPORTS
from taskward.tasks.tables import TASKS, TOMBSTONES
from taskward.users.statements import OWNER

_TOKEN: Final = bindparam("token", type_=Id())
_NOW: Final = bindparam("now", type_=Instant())
_STALE: Final = bindparam("stale", type_=Instant())
_AFTER: Final = bindparam("after_id", type_=Id())
_UP_TO: Final = bindparam("up_to_id", type_=Id())
_LIMIT: Final = bindparam("limit", type_=Integer())

CLAIM: Final = Command(
    "claim an import",
    insert(IMPORTS)
    .values(user_id=OWNER, token=_TOKEN, renewed_at=_NOW, first_number=None)
    .on_conflict_do_update(
        index_elements=["user_id"],
        set_={"token": _TOKEN, "renewed_at": _NOW, "first_number": None},
        where=IMPORTS.c.renewed_at < _STALE,
    )
    .returning(IMPORTS.c.user_id),
    quiet=True,
)
"""Returns a row unless the owner's import is in progress elsewhere."""

RENEW: Final = Command(
    "renew an import",
    update(IMPORTS)
    .where(IMPORTS.c.user_id == OWNER, IMPORTS.c.token == _TOKEN)
    .values(renewed_at=_NOW)
    .returning(IMPORTS.c.user_id),
    quiet=True,
)
DECIDE: Final = Command(
    "decide an import",
    update(IMPORTS)
    .where(IMPORTS.c.user_id == OWNER, IMPORTS.c.token == _TOKEN)
    .values(first_number=bindparam("first_number", type_=Counter))
    .returning(IMPORTS.c.user_id),
    quiet=True,
)
"""From this commit on the import is published, or will be when the process restarts."""

RELEASE: Final = Command(
    "release an import",
    delete(IMPORTS).where(IMPORTS.c.user_id == OWNER, IMPORTS.c.token == _TOKEN),
    quiet=True,
)
FIND_IMPORT: Final = Read(
    "find an import", select(IMPORTS.c.token, IMPORTS.c.first_number).where(IMPORTS.c.user_id == OWNER)
)
ABANDONED: Final = Read(
    "abandoned imports",
    select(IMPORTS.c.user_id).where(IMPORTS.c.renewed_at < _STALE).limit(100),
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

COLUMNS: Final = (
    "id",
    "given_id",
    "title",
    "title_folded",
    "description",
    "description_folded",
    "is_completed",
    "created_at",
    "updated_at",
)
"""The columns of a staged task, in the order of the JSON arrays that `STAGE` takes; times in microseconds."""


def _stage() -> Any:
    """Stages the tasks that the owner does not have, each id once."""
    given = json_rows(bindparam("tasks", type_=Text())).table_valued(column("value"), name="given")
    items = dict(
        zip(
            COLUMNS,
            (json_item(given.c.value, literal_column(str(n))) for n in range(len(COLUMNS))),
            strict=True,
        )
    )
    task_id, given_id = cast(items["id"], Id()), cast(items["given_id"], Id())
    values: dict[str, Any] = {
        "user_id": OWNER,
        "id": task_id,
        "given_id": given_id,
        **{name: cast(items[name], Text()) for name in COLUMNS[2:6]},
        "is_completed": cast(items["is_completed"], Flag()),
        "created_at": instant_of(items["created_at"]),
        "updated_at": instant_of(items["updated_at"]),
    }
    same = IMPORT_TASKS.alias("same")
    return (
        insert(IMPORT_TASKS)
        .from_select(
            list(values),
            select(*values.values()).where(
                # One condition each: an OR would make SQLite scan all of the owner's rows.
                ~exists().where(TASKS.c.user_id == OWNER, TASKS.c.id == task_id),
                ~exists().where(TASKS.c.user_id == OWNER, TASKS.c.id == given_id),
                ~exists().where(same.c.user_id == OWNER, same.c.given_id == task_id),
                ~exists().where(same.c.user_id == OWNER, same.c.id == given_id),
            ),
        )
        .on_conflict_do_nothing()
    )


STAGE: Final = Command("stage tasks", _stage(), quiet=True)

_RANGE: Final = (IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id > _AFTER, IMPORT_TASKS.c.id <= _UP_TO)
_TASK_COLUMNS: Final = [name for name in COLUMNS if name != "given_id"]
_RANK: Final = func.row_number().over(order_by=IMPORT_TASKS.c.id)

PUBLISH: Final = Command(
    "publish staged tasks",
    insert(TASKS)
    .from_select(
        ["user_id", *_TASK_COLUMNS, "version"],
        select(
            OWNER,
            *(IMPORT_TASKS.c[name] for name in _TASK_COLUMNS),
            bindparam("first_number", type_=Counter) + _RANK - 1,
        ).where(*_RANGE),
    )
    .on_conflict_do_nothing(),
    "task.import",
)
"""Numbers the tasks of a range of ids from `first_number` on. Repeating it has no effect."""

DROP_TOMBSTONES: Final = Command(
    "drop the tombstones of staged tasks",
    delete(TOMBSTONES).where(
        TOMBSTONES.c.user_id == OWNER,
        TOMBSTONES.c.task_id > _AFTER,
        TOMBSTONES.c.task_id <= _UP_TO,
        TOMBSTONES.c.task_id.in_(select(IMPORT_TASKS.c.id).where(*_RANGE)),
    ),
    quiet=True,
)
UNSTAGE: Final = Command(
    "delete staged tasks",
    delete(IMPORT_TASKS).where(*_RANGE),
    quiet=True,
)
