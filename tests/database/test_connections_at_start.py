"""How many connections a start opens: each costs a far database six round trips."""

from typing import Any

import pytest
from support import running, settings_for
from support.apps import until_jobs_have_run
from support.postgres_connection import connected
from support.waiting import until

SESSIONS = """
SELECT sessions FROM pg_stat_database
WHERE datname = $1 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)
"""


@pytest.mark.one_server("counts the sessions of one server")
async def test_a_start_and_its_background_jobs_share_one_connection(url: str, postgres_url: str) -> None:
    name = url.partition("?")[0].rpartition("/")[2]
    async with connected(postgres_url) as connection:

        async def sessions() -> Any:
            """Returns how many there have been, once all have ended."""
            return await connection.fetchval(SESSIONS, name)

        async with running(settings_for(url)) as app:
            await until_jobs_have_run(app)
        await until(sessions)

        assert await sessions() == 1
