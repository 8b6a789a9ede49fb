"""The counter of a person, which each write updates, does not grow the table or its indexes."""

from collections.abc import Awaitable, Callable

import pytest
from support import Person, running, settings_for
from support.postgres_connection import connected

WRITES = 150
STATISTICS = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'users'"


@pytest.mark.one_server("plans and statistics of one server")
@pytest.mark.processes
async def test_a_counter_is_updated_in_place(new_postgres: Callable[[], Awaitable[str]]) -> None:
    url = await new_postgres()
    async with running(settings_for(url, database_pool_size=1)) as app:
        ann = Person(app)
        task = await ann.create("Buy milk")
        for n in range(WRITES):
            await ann.put(task["id"], title=f"Buy milk {n}")
    async with connected(url) as connection:
        sizes = await connection.fetchrow("SELECT pg_relation_size('users'), pg_indexes_size('users')")
        updated, in_place = await connection.fetchrow(STATISTICS)

    assert updated >= WRITES
    assert in_place / updated > 0.9
    assert sizes[0] <= 3 * 8192
    assert sizes[1] <= 2 * 2 * 8192
