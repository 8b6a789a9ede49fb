"""The numbers of an owner's open tasks: docs/contract.md#filters-and-summary."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, select

from taskward.database import OWNED_ROWS, Queries
from taskward.database.functions import is_false
from taskward.database.statements import Read, Row
from taskward.database.types import CodePointText, Instant
from taskward.http.conditional import scoped_tag
from taskward.http.context import Context
from taskward.http.cursors import scope_of
from taskward.http.responses import dump_json
from taskward.tasks.filter_values import Now, OffsetTime, clock_key
from taskward.tasks.filters import is_due_before
from taskward.tasks.statements import COUNTER
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS


class SummaryQuery(BaseModel):
    """The query of `GET /api/tasks/summary`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    now: Now


class ListSummary(BaseModel):
    """The numbers of the open tasks of one list."""

    list_id: UUID | None = Field(description="null: in no list.")
    open: int
    overdue: int


class TaskSummary(BaseModel):
    """The numbers of the caller's open tasks; completed ones are not counted."""

    open: int = Field(description="All of them: the sum of the other four.")
    overdue: int = Field(description="Due before `now`.")
    today: int = Field(description="Due later, before the next midnight of the clock that shows `now`.")
    later: int = Field(description="Due after that.")
    undated: int = Field(description="Without a due date.")
    lists: list[ListSummary] = Field(description="The lists with open tasks.")


class SummaryStore:
    """The summary of one owner's tasks."""

    def __init__(self, database: Queries, owner: UUID) -> None:
        self._database = database
        self._owner = owner

    async def tag(self, now: OffsetTime) -> str:
        """Returns the current entity tag of a summary, by reading one row."""
        return self._tag(await self._counter(), now)

    async def read(self, now: OffsetTime) -> tuple[bytes, str]:
        """Returns a summary as a response body, with its entity tag."""
        values = {"owner": self._owner, **_values(now)}
        rows = await self._database.rows(SUMMARY, values)
        counter = rows[0][-1] if rows else 0
        if not rows:
            # Without open tasks there is no counter: read the counter first, then the tasks again.
            counter = await self._counter()
            rows = await self._database.rows(SUMMARY, values) if counter else ()
        return dump_json(_summary(rows)), self._tag(counter, now)

    async def _counter(self) -> int:
        rows = await self._database.rows(COUNTER, {"owner": self._owner})
        return int(rows[0][0]) if rows else 0

    def _tag(self, counter: int, now: OffsetTime) -> str:
        return scoped_tag(counter, scope_of(self._owner, "summary", *now))


def _my_summary(context: Context) -> SummaryStore:
    return SummaryStore(context.parts[OWNED_ROWS], context.owner.id)


MySummary = Annotated[SummaryStore, Depends(_my_summary)]
"""For a handler: the summary of the caller's tasks."""


def _values(now: OffsetTime) -> dict[str, Any]:
    until_midnight = now.local.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY - now.local
    return {
        "now_key": clock_key(now.local),
        "now": now.instant,
        "midnight_key": clock_key(now.local + until_midnight),
        "midnight": now.instant + until_midnight,
    }


def _summary(rows: Sequence[Row]) -> dict[str, Any]:
    tasks, dated, overdue, before_midnight = (sum(column) for column in _columns(rows))
    lists = [{"list_id": row[0] and str(row[0]), "open": row[1], "overdue": row[3]} for row in rows]
    return {
        "open": tasks,
        "overdue": overdue,
        "today": before_midnight - overdue,
        "later": dated - before_midnight,
        "undated": tasks - dated,
        "lists": sorted(lists, key=lambda one: one["list_id"] or ""),
    }


def _columns(rows: Sequence[Row]) -> list[list[int]]:
    return [[row[n] for row in rows] for n in range(1, 5)]


def _count_due_before(name: str) -> ColumnElement[int]:
    key, instant = bindparam(f"{name}_key", type_=CodePointText), bindparam(name, type_=Instant())
    return func.count(case((is_due_before(key, instant), literal_column("1"))))


_DAY: Final = timedelta(days=1)

SUMMARY: Final = Read(
    "summarize tasks",
    select(
        TASKS.c.list_id,
        func.count(),
        func.count(TASKS.c.due_key),
        _count_due_before("now"),
        _count_due_before("midnight"),
        select(USERS.c.seq).where(USERS.c.id == OWNER).scalar_subquery(),
    )
    .where(TASKS.c.user_id == OWNER, is_false(TASKS.c.is_completed))
    .group_by(TASKS.c.list_id)
    .with_hint(TASKS, "INDEXED BY ix_tasks_user_id_open", "sqlite"),
)
"""For each list with open tasks: all, those with a due date, those due before now and before midnight."""
