"""The series of the tasks of an import: references that lead nowhere are left out.

A reference may lead to a later task of the document, to one that is stored under another id, and to a task
that the owner already has. So the staged tasks are changed once all are staged.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Integer, Text, bindparam, cast, column, literal_column, select, update

from taskward.database import Queries
from taskward.database.functions import any_of, few, json_item, json_rows
from taskward.database.statements import Command, Read, Row
from taskward.database.types import Id, Ids
from taskward.me.import_tables import IMPORT_TASKS
from taskward.me.import_tree_statements import STAGED_AMONG
from taskward.tasks.fields import TaskFields
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

MAX_ROWS: Final = 300
"""Tasks whose fields are parsed in one turn of the event loop, and stored in one transaction."""

STAGED_IN_SERIES: Final = Read(
    "staged tasks of series",
    select(IMPORT_TASKS.c.id, IMPORT_TASKS.c.extra)
    .where(
        IMPORT_TASKS.c.user_id == OWNER,
        IMPORT_TASKS.c.id > bindparam("after_id", type_=Id()),
        IMPORT_TASKS.c.series_id.is_not(None),
    )
    .order_by(IMPORT_TASKS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)
OWNED_AMONG: Final = Read(
    "tasks among several",
    select(TASKS.c.id).where(
        TASKS.c.user_id == OWNER, any_of(TASKS.c.id, few(bindparam("ids", type_=Ids())))
    ),
)


def _resolve() -> Any:
    rows = json_rows(bindparam("rows", type_=Text())).table_valued(column("value"), name="given")
    task, extra, series = (json_item(rows.c.value, literal_column(n)) for n in "012")
    columns = (
        cast(task, Id()).label("task_id"),
        cast(extra, Text()).label("extra"),
        cast(series, Id()).label("series_id"),
    )
    given = select(*columns).cte("resolved").prefix_with("MATERIALIZED")  # as for the parents
    return (
        update(IMPORT_TASKS)
        .where(IMPORT_TASKS.c.user_id == OWNER, IMPORT_TASKS.c.id == given.c.task_id)
        .values(extra=given.c.extra, series_id=given.c.series_id)
    )


RESOLVE_SERIES: Final = Command("resolve the series of staged tasks", _resolve(), quiet=True)
"""Takes a JSON array of `[id, extra, series_id]`."""


class ImportSeries:
    """The series of one import."""

    def __init__(self, database: Queries, owner: UUID, stored_ids: Mapping[UUID, UUID]) -> None:
        self._database = database
        self._owner = owner
        self._stored_ids = stored_ids

    async def changed_rows(self) -> AsyncIterator[str]:
        """Yields the staged tasks with resolved references, as `RESOLVE_SERIES` takes them."""
        after = UUID(int=0)
        page = {"owner": self._owner, "limit": MAX_ROWS}
        while rows := await self._database.rows(STAGED_IN_SERIES, page | {"after_id": after}):
            after = UUID(str(rows[-1][0]))
            yield await self._resolved_rows(rows)

    async def _resolved_rows(self, rows: Sequence[Row]) -> str:
        given = [(str(task), TaskFields.parse(extra)) for task, extra in rows]
        references = {one for _, fields in given for one in (fields.series_id, fields.next_id) if one}
        known = await self._known([self._stored(one) for one in references])
        resolved = [(task, self._resolved(fields, known).columns()) for task, fields in given]
        return orjson.dumps([(task, one["extra"], one["series_id"]) for task, one in resolved]).decode()

    def _stored(self, given: str) -> UUID:
        return self._stored_ids.get(UUID(given), UUID(given))

    async def _known(self, ids: list[UUID]) -> set[str]:
        values = {"owner": self._owner, "ids": ids}
        found = [await self._database.rows(read, values) for read in (STAGED_AMONG, OWNED_AMONG)]
        return {str(row[0]) for rows in found for row in rows}

    def _resolved(self, fields: TaskFields, known: set[str]) -> TaskFields:
        series_id, next_id = (
            stored if one and (stored := str(self._stored(one))) in known else None
            for one in (fields.series_id, fields.next_id)
        )
        return fields.replaced(series_id=series_id, next_id=next_id if series_id else None)
