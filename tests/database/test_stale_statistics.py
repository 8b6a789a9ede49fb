"""Lists by a label on PostgreSQL, whose statistics are from before their owner's tasks.

They say that such an owner has no tasks and no labels, so that each order of reading them seems as cheap.
"""

from typing import Any, Final
from uuid import uuid4

import orjson
import pytest
from database.test_statement_plans import value_of
from support import MakeDatabase, database_of, running, settings_for
from support.many_rows import insert_many_rows, task_id
from support.paging import insert_rows
from support.query_plans import plan_nodes
from support.rows import execute

from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.database import PostgresDatabase
from taskward.tasks.list_statements import ListShape, filtered_list
from taskward.tasks.sorts import SORTS

pytestmark = pytest.mark.one_server("plans of one server")

TASKS: Final = 3_000
LABEL: Final = "common"
MOST: Final = 50 * TASKS
"""Rows that a list may read: each row of a task and of its label several times, but not in pairs."""

COMBINED: Final = (set[str](), {"open"}, {"no parent"}, {"priorities"}, {"due before"})
"""Conditions beside that of the label."""


@pytest.mark.engines("postgres")
async def test_a_list_by_a_label_does_not_read_all_tasks_for_each_label(new_database: MakeDatabase) -> None:
    owner = uuid4()
    async with running(settings_for(await new_database("postgres"))) as app:
        await insert_many_rows(app, uuid4(), 70)
        await execute(app, "ANALYZE")
        await insert_many_rows(app, owner, TASKS)
        of_tasks = {"user_id": owner, "label_folded": LABEL, "label": LABEL}
        await insert_rows(app, "task_labels", [{**of_tasks, "task_id": task_id(n)} for n in range(TASKS)])
        database = database_of(app)
        assert isinstance(database, PostgresDatabase)
        given = {
            "owner": owner,
            "label": LABEL,
            "priorities": [1, 2, 3, 4],
            "limit": 101,
        }

        async with database.pool.acquire() as connection:
            read = {
                (sort, *others): await rows_read(connection, sort, {"label", *others}, given)
                for sort in SORTS
                for others in COMBINED
            }

    assert {of: rows for of, rows in read.items() if rows > MOST} == {}


async def rows_read(connection: Any, sort: str, conditions: set[str], given: dict[str, Any]) -> int:
    """Returns how many rows a list visits, those included that it leaves out, each time that it does."""
    statement = CompiledStatement.compile(filtered_list(ListShape(sort, conditions=frozenset(conditions))))
    prepared = await connection.prepare(statement.sql)
    types = [one.name for one in prepared.get_parameters()]
    names = [name for name, _ in statement.names]
    values = [given.get(name) or value_of(name, kind) for name, kind in zip(names, types, strict=True)]
    explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *values)
    left_out = ("Rows Removed by Filter", "Rows Removed by Join Filter")
    return int(
        sum(
            node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(name, 0) for name in left_out))
            for node in plan_nodes(orjson.loads(explained)[0]["Plan"])
        )
    )
