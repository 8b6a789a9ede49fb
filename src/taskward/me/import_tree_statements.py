"""The statements that resolve the references of staged tasks."""

from typing import Any, Final

from sqlalchemy import Integer, Text, bindparam, cast, column, literal_column, select, update

from taskward.database.functions import any_of, few, json_item, json_rows
from taskward.database.statements import Command, Read
from taskward.database.types import Id, Ids
from taskward.me.import_tables import IMPORT_TASKS
from taskward.users.statements import OWNER

STAGED_CHILDREN: Final = Read(
    "staged tasks with a parent",
    select(IMPORT_TASKS.c.id, IMPORT_TASKS.c.parent_id, IMPORT_TASKS.c.list_id)
    .where(
        IMPORT_TASKS.c.user_id == OWNER,
        IMPORT_TASKS.c.id > bindparam("after_id", type_=Id()),
        IMPORT_TASKS.c.parent_id.is_not(None),
    )
    .order_by(IMPORT_TASKS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)
STAGED_AMONG: Final = Read(
    "staged tasks among several",
    select(IMPORT_TASKS.c.id, IMPORT_TASKS.c.list_id).where(
        IMPORT_TASKS.c.user_id == OWNER, any_of(IMPORT_TASKS.c.id, few(bindparam("ids", type_=Ids())))
    ),
)


def _resolve() -> Any:
    rows = json_rows(bindparam("rows", type_=Text())).table_valued(column("value"), name="given")
    task, parent, list_id = (cast(json_item(rows.c.value, literal_column(n)), Id()) for n in "012")
    columns = task.label("task_id"), parent.label("parent_id"), list_id.label("list_id")
    # Materialized, because SQLite would look through the array for each staged task of the owner.
    given = select(*columns).cte("resolved").prefix_with("MATERIALIZED")
    return (
        update(IMPORT_TASKS)
        .where(IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id == given.c.task_id)
        .values(parent_id=given.c.parent_id, list_id=given.c.list_id)
    )


RESOLVE: Final = Command("resolve the references of staged tasks", _resolve(), quiet=True)
"""Takes a JSON array of `[id, parent_id, list_id]`."""
