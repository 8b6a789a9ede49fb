"""docs/request-path.md: no connection is lost with a request that gives up while it waits for one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from support import MakeDatabase

from taskward.database.postgres import pool as pools
from taskward.database.postgres.pool import ConnectionPool
from taskward.metrics import CONNECTIONS

pytestmark = pytest.mark.engines("postgres")

GIVES_UP_AFTER = 0.05


@pytest_asyncio.fixture
async def pool(engine: str, new_database: MakeDatabase) -> AsyncIterator[ConnectionPool]:
    """Yields a pool of one connection."""
    pool = ConnectionPool(await new_database(engine), 1, deadline=5.0)
    yield pool
    await pool.close()


async def use(pool: ConnectionPool) -> Any:
    async with pool.acquire() as connection:
        return await connection.fetchval("SELECT 1")


async def test_a_connection_for_a_request_that_is_cancelled_is_kept(pool: ConnectionPool) -> None:
    async with pool.acquire():
        waiting = asyncio.create_task(use(pool))
        await asyncio.sleep(0)
    waiting.cancel()  # it was given the connection, and has not run since
    with suppress(asyncio.CancelledError):
        await waiting

    assert pool.collect()[CONNECTIONS.name] == {("used",): 0, ("idle",): 1, ("connecting",): 0}
    assert await use(pool) == 1


async def test_a_connection_that_comes_with_the_timeout_is_used(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ACQUIRE_TIMEOUT", GIVES_UP_AFTER)
    loop, held = asyncio.get_running_loop(), pool.acquire()
    await held.__aenter__()
    waiting = asyncio.create_task(use(pool))
    await asyncio.sleep(0)
    loop.call_later(GIVES_UP_AFTER / 2, end_at_once, held)
    time.sleep(2 * GIVES_UP_AFTER)  # noqa: ASYNC251 - then the loop runs that and the timeout in one turn

    assert await waiting == 1
    assert pool.collect()[CONNECTIONS.name] == {("used",): 0, ("idle",): 1, ("connecting",): 0}


def end_at_once(block: Any) -> None:
    """Ends an asynchronous block that waits for nothing."""
    with suppress(StopIteration):
        block.__aexit__(None, None, None).send(None)
