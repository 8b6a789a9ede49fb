"""What takes too long is given up, on the server too."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from taskward.database.postgres.database import PostgresDatabase
from taskward.http.errors import DatabaseError

pytestmark = pytest.mark.processes


async def test_a_statement_beyond_its_deadline_is_cancelled_on_the_server(
    new_postgres: Callable[[], Awaitable[str]],
) -> None:
    url = await new_postgres()
    database = PostgresDatabase(url, 2)
    await database.start()
    onlooker = await asyncpg.connect(url)
    try:
        in_a_moment = asyncio.get_running_loop().time() + 0.2
        with pytest.raises(DatabaseError, match="no response in time"):
            await database.executor.run("SELECT pg_sleep(60)", (), in_a_moment, None)
        async with asyncio.timeout(5):
            while await onlooker.fetchval(  # noqa: ASYNC110 - the server offers nothing to wait for
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
            ):
                await asyncio.sleep(0.05)
        await database.ping()
    finally:
        await onlooker.close()
        await database.stop()
