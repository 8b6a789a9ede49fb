"""docs/contract.md#filters-and-summary: lists that cost as much as their page, each along its index."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import MakeDatabase, database_of, running, settings_for
from support.query_plans import plan_nodes, postgres_plans, sqlite_plan
from support.task_rows import TaskRow, insert_task_rows

from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.statements import Read
from taskward.tasks.cursor import PagePosition, write_cursor
from taskward.tasks.list_statements import filtered_list
from taskward.tasks.query import ListQuery
from taskward.tasks.sorts import SORT_KEYS, position_values
from taskward.tasks.statements import LISTS
from taskward.tasks.summary import SUMMARY, SummaryQuery, _values

pytestmark = pytest.mark.one_server("plans and statistics of one server")

NOW: Final = "2026-11-21T14:30:00+01:00"
OWNER: Final = uuid4()
LIST, PARENT, SERIES = (UUID(int=n) for n in (1, 2, 3))
"""Constant, because they are in the names of tests."""
CURSOR: Final = write_cursor(PagePosition(None, LIST), b"of any walk")
ALONG_AN_INDEX: Final = {
    "is_completed=false": "open",
    "is_completed=false&sort=created_at": "open",
    f"list_id={LIST}&sort=position": "list_id_position",
    f"list_id={LIST}&sort=-position": "list_id_position",
    f"list_id={LIST}&is_completed=false&sort=position": "open_position",
    f"list_id={LIST}&is_completed=false&sort=-position": "open_position",
    f"parent_id={PARENT}&sort=position": "parent_id_position",
    "is_completed=false&sort=due": "due_key",
    "is_completed=false&sort=-due": "due_key",
    "is_completed=false&sort=due&due_from=2026-11-21&due_before=2026-11-22": "due_key",
    f"is_completed=false&sort=due&due_before={NOW}": "due_key",
    "is_completed=false&sort=-priority": "priority",
    "is_completed=false&sort=priority": "priority",
    "sort=-completed_at": "completed_at",
    "sort=completed_at": "completed_at",
    "sort=-completed_at&completed_from=2026-11-21T00:00:00Z&completed_before=2026-11-22T00:00:00Z": (
        "completed_at"
    ),
    f"series_id={SERIES}": "series_id",
}
"""Queries and the index of `tasks` along which each is read, without the beginning of its name."""

FEW: Final = f"is_completed=false&sort=due&due_before={NOW}"
"""PostgreSQL may sort this one's rows: it expects few, because two columns decide."""

OF_LABELS: Final = ("label=home", "label=home&sort=created_at")


class Plan(NamedTuple):
    """The indexes that a plan reads tasks and labels through, whether it sorts, whether it reads no task."""

    indexes: set[str]
    sorts: bool
    is_covered: bool


@pytest.fixture(scope="session")
async def crowded(engine: str, new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    """Yields an app with an owner of many tasks, most of them completed, among other owners.

    Its database is its own: PostgreSQL's plans depend on how many tasks the owners of other tests have.
    """
    async with running(settings_for(await new_database(engine))) as app:
        await insert_task_rows(app, OWNER, [_task(n) for n in range(3000)], {LIST: False})
        for _ in range(150):
            await insert_task_rows(app, uuid4(), [_task(n) for n in range(100)])
        database = database_of(app)
        if isinstance(database, PostgresDatabase):
            async with database.pool.acquire() as connection:
                await connection.execute("VACUUM ANALYZE")
        yield app


@pytest.mark.parametrize("page", ["first", "next"])
@pytest.mark.parametrize("query", ALONG_AN_INDEX)
async def test_a_list_is_read_along_its_index(crowded: FastAPI, query: str, page: str) -> None:
    for plan in await _plans_of(crowded, query, has_cursor=page == "next"):
        assert plan.indexes == {f"ix_tasks_user_id_{ALONG_AN_INDEX[query]}"}
        assert query == FEW or not plan.sorts


def test_each_sort_has_an_index() -> None:
    """Except those by update and by title, which sort the tasks of the owner."""
    sorted_by = {sort for query in ALONG_AN_INDEX for sort in re.findall(r"sort=-?(\w+)", query)}

    assert sorted_by == SORT_KEYS.keys() - {"updated_at", "title"}


@pytest.mark.parametrize("page", ["first", "next"])
async def test_the_order_of_the_inbox_is_made_of_the_open_tasks_only(crowded: FastAPI, page: str) -> None:
    query = "list_id=none&is_completed=false&sort=position"

    for plan in await _plans_of(crowded, query, has_cursor=page == "next"):
        assert plan.indexes == {"ix_tasks_user_id_open"}


@pytest.mark.parametrize("page", ["first", "next"])
@pytest.mark.parametrize("query", OF_LABELS)
async def test_the_tasks_of_a_label_are_read_along_the_labels(
    crowded: FastAPI, query: str, page: str
) -> None:
    for plan in await _plans_of(crowded, query, has_cursor=page == "next"):
        assert "ix_task_labels_user_id_label_folded" in plan.indexes
        assert not plan.sorts


async def test_the_summary_reads_the_index_of_open_tasks_only(crowded: FastAPI) -> None:
    now = SummaryQuery.model_validate({"now": NOW}).now

    for plan in await _plans(database_of(crowded), SUMMARY, {"owner": OWNER, **_values(now)}):
        assert plan.indexes == {"ix_tasks_user_id_open"}
        assert plan.is_covered


def _task(n: int) -> TaskRow:
    """Returns one of many tasks; a tenth of them are open."""
    is_completed = n % 10 != 0
    return TaskRow(
        is_completed=is_completed,
        completed_at=_moment(n) if is_completed and n % 20 else None,
        list_id=LIST if n % 3 == 0 else None,
        parent_id=PARENT if n % 50 == 0 else None,
        series_id=SERIES if n % 70 == 0 else None,
        due={"date": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}"} if n % 4 else None,
        priority=("low", "medium", "high", "urgent")[n % 4] if n % 5 else None,
        labels=("home",) if n % 40 == 0 else (),
    )


def _moment(n: int) -> Any:
    return SummaryQuery.model_validate({"now": f"2026-11-{n % 28 + 1:02}T12:00:00+00:00"}).now.instant


async def _plans_of(app: FastAPI, text: str, *, has_cursor: bool) -> list[Plan]:
    query = ListQuery.model_validate(
        dict(part.split("=", 1) for part in text.split("&")) | ({"cursor": CURSOR} if has_cursor else {})
    )
    keys = {"position": "m5", "due": "2026-06-01T24:00", "priority": "2"}
    keys["completed_at"] = _moment(9).isoformat()
    position = PagePosition(keys.get(query.sort.removeprefix("-")), UUID(int=7 << 76))
    after = position_values(query.sort, position) if has_cursor else {}
    assert after is not None
    read = LISTS.get(query.shape) or filtered_list(query.shape)
    return await _plans(database_of(app), read, {"owner": OWNER, **query.values, **after, "limit": 11})


async def _plans(database: Any, read: Read, values: dict[str, Any]) -> list[Plan]:
    """Returns the plan for these values and, on PostgreSQL, the one for any."""
    if not isinstance(database, PostgresDatabase):
        step = SqliteStatement.compile(read).guarded
        return [_sqlite_plan(sqlite_plan(database.writer, step, values))]
    return [_postgres_plan(plan) for plan in await postgres_plans(database, read, values)]


def _postgres_plan(top: dict[str, Any]) -> Plan:
    nodes = [node for node in plan_nodes(top) if node.get("Relation Name") != "users"]
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node} - {"tasks_pkey", "users_pkey"}
    scans = {node["Node Type"] for node in nodes if node["Node Type"] == "Seq Scan"}
    is_covered = any(node["Node Type"] == "Index Only Scan" for node in nodes)
    return Plan(indexes | scans, any("Sort" in node["Node Type"] for node in nodes), is_covered)


def _sqlite_plan(plan: list[str]) -> Plan:
    lines = [line for line in plan if re.search(r" (tasks|task_labels)\b|B-TREE", line)]
    found = (re.search(r"INDEX (\w+)|(PRIMARY KEY|SCAN)", line) for line in lines if "B-TREE" not in line)
    indexes = {match[1] or match[2] for match in found if match}
    if any(name.startswith("ix_task_labels") for name in indexes):
        indexes.discard("PRIMARY KEY")  # each task by its id
    is_covered = any("COVERING INDEX" in line for line in lines)
    return Plan(indexes, any("ORDER BY" in line for line in lines), is_covered)
