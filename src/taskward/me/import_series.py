"""The series of the tasks of an import: references that lead nowhere are left out, and second recurrences.

A reference may lead to a later task of the document, to one that is stored under another id, and to a task
that the owner already has. So the staged tasks are changed once all are staged. At most one task of a series
recurs: one that the owner has, or else the one with the lowest id.
"""

from collections.abc import AsyncIterator, Container, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Integer, Text, bindparam, cast, column, literal_column, select, update

from taskward.database import Queries
from taskward.database.functions import any_of, few, is_false, json_item, json_rows
from taskward.database.statements import Command, Read, Row, TransactionSteps
from taskward.database.types import Id, Ids
from taskward.me.import_tables import IMPORT_TASKS
from taskward.me.import_tree_statements import STAGED_AMONG
from taskward.tasks.fields import TaskFields
from taskward.tasks.statements import COUNTER
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER

MAX_ROWS: Final = 300
"""Tasks whose fields are parsed in one turn of the event loop, and stored in one transaction."""

MAX_VERIFIED: Final = 10 * MAX_ROWS
"""Series that are looked up in the transaction that publishes; it takes 50 ms on SQLite."""

_MAY_RECUR: Final = literal_column("""'%"recurrence":%'""", Text())
"""Matches the optional fields of recurring tasks, and metadata with such a key."""

STAGED_IN_SERIES: Final = Read(
    "staged tasks of series",
    select(IMPORT_TASKS.c.id, IMPORT_TASKS.c.extra)
    .where(
        IMPORT_TASKS.c.user_id == OWNER,
        IMPORT_TASKS.c.id > bindparam("after_id", type_=Id()),
        IMPORT_TASKS.c.series_id.is_not(None) | IMPORT_TASKS.c.extra.like(_MAY_RECUR),
    )
    .order_by(IMPORT_TASKS.c.id)
    .limit(bindparam("limit", type_=Integer())),
)
_IDS: Final = few(bindparam("ids", type_=Ids()))
_RECURRING: Final = (TASKS.c.user_id == OWNER, is_false(TASKS.c.is_completed), TASKS.c.extra.like(_MAY_RECUR))
RECURRING_IN_SERIES: Final = Read(
    "recurring tasks of several series",
    select(TASKS.c.series_id, TASKS.c.extra)
    .where(*_RECURRING, any_of(TASKS.c.series_id, _IDS))
    .with_hint(TASKS, "INDEXED BY ix_tasks_user_id_series_id", "sqlite"),
)
RECURRING_FIRST: Final = Read(
    "recurring tasks among several",
    select(TASKS.c.id, TASKS.c.extra).where(*_RECURRING, any_of(TASKS.c.id, _IDS)),
)
"""The first tasks of series, which need not have the id of the series."""

OWNED_AMONG: Final = Read(
    "tasks among several",
    select(TASKS.c.id).where(TASKS.c.user_id == OWNER, any_of(TASKS.c.id, _IDS)),
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
        self._recurring: set[UUID] = set()
        """The series of the staged tasks that recur."""
        self._counter: Sequence[Row] = ()

    async def changed_rows(self) -> AsyncIterator[str]:
        """Yields the staged tasks whose series change, as `RESOLVE_SERIES` takes them."""
        self._counter = await self._database.rows(COUNTER, {"owner": self._owner})
        after = UUID(int=0)
        page = {"owner": self._owner, "limit": MAX_ROWS}
        while rows := await self._database.rows(STAGED_IN_SERIES, page | {"after_id": after}):
            after = UUID(str(rows[-1][0]))
            if changed := await self._changed(rows):
                yield orjson.dumps(changed).decode()

    def verify_steps(self) -> TransactionSteps[bool]:
        """Returns whether none of the series has got another recurring task since; the owner is locked.

        Once the owner has written, more than `MAX_VERIFIED` series are not looked up: others would wait.
        """
        if self._counter == (yield COUNTER, {"owner": self._owner}):
            return True
        if len(self._recurring) > MAX_VERIFIED:
            return False
        series = sorted(self._recurring)
        for start in range(0, len(series), MAX_ROWS):
            if (yield from self._taken_steps(series[start : start + MAX_ROWS])):
                return False
        return True

    async def _changed(self, rows: Sequence[Row]) -> list[tuple[str, Any, Any]]:
        given = [(str(task), TaskFields.parse(extra)) for task, extra in rows]
        references = {one for _, fields in given for one in (fields.series_id, fields.next_id) if one}
        known = await self._known([self._stored(one) for one in references])
        resolved = [(task, before, self._resolved(before, known)) for task, before in given]
        recurring = {_series(task, fields) for task, _, fields in resolved if fields.recurrence}
        taken = await self._database.transact(lambda: self._taken_steps(sorted(recurring)), long=True)
        changed = []
        for task, before, fields in resolved:
            after = self._recurring_once(task, fields, taken).columns()
            if after != before.columns():
                changed.append((task, after["extra"], after["series_id"]))
        return changed

    def _recurring_once(self, task: str, fields: TaskFields, taken: Container[UUID]) -> TaskFields:
        """Returns the fields, without a recurrence if another task of the series recurs."""
        if fields.recurrence is None:
            return fields
        series = _series(task, fields)
        if series in taken or series in self._recurring:
            return fields.replaced(recurrence=None)
        self._recurring.add(series)
        return fields

    def _taken_steps(self, series: Sequence[UUID]) -> TransactionSteps[set[UUID]]:
        """Returns those of the series that have a recurring task among the owner's."""
        found: set[UUID] = set()
        for read in (RECURRING_IN_SERIES, RECURRING_FIRST) if series else ():
            rows = yield read, {"owner": self._owner, "ids": series}
            found |= {UUID(str(one)) for one, extra in rows if TaskFields.parse(extra).recurrence}
        return found

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


def _series(task: str, fields: TaskFields) -> UUID:
    """Returns the id of the series of a task, of which it is the first one if it names none."""
    return UUID(fields.series_id or task)
