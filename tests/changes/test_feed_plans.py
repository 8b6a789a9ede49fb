"""A pull of changes costs the database the same however many tasks there are: it is planned once."""

from typing import Any, Final

import pytest
from support import MakeDatabase, Person, database_of, running, settings_for
from support.paging import insert_tasks, some_tasks
from support.rows import execute

from taskward.changes.statements import CHANGES
from taskward.database.postgres.compiled import CompiledStatement

pytestmark = [
    pytest.mark.engines("postgres"),
    pytest.mark.one_server("counts the plans of one server"),
]

PULLS: Final = 12
PLANNED_FIRST: Final = 5
"""Executions that PostgreSQL plans for their values; then it compares with a plan for any."""

_PLANS: Final = "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement = $1"


@pytest.mark.parametrize("tasks", [100, 20_000])
async def test_a_pull_of_changes_is_not_planned_each_time(
    engine: str, new_database: MakeDatabase, tasks: int
) -> None:
    async with running(settings_for(await new_database(engine))) as app:
        ann = Person(app)
        await insert_tasks(app, ann, some_tasks(tasks))
        await execute(app, "ANALYZE")

        async with database_of(app).pool.acquire() as connection:
            plans = [await plans_of_pulls(connection, ann, read) for read in CHANGES.values()]

    assert plans == [(PLANNED_FIRST, PULLS - PLANNED_FIRST)] * len(CHANGES)


async def plans_of_pulls(connection: Any, person: Person, read: Any) -> tuple[int, int]:
    """Returns how often a pull was executed with a plan for its values, and with one for any values."""
    statement = CompiledStatement.compile(read)
    prepared = await connection.prepare(statement.sql)
    for number in range(PULLS):
        await prepared.fetch(*statement.arguments({"owner": person.sub, "since": number, "limit": 20}))
    return tuple(await connection.fetchrow(_PLANS, statement.sql))
