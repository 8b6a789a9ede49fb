"""Deadlines of statements, which are cancelled on the server too."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from taskward.database.postgres import pool
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.postgres.pool import DeadlineChecks
from taskward.http.errors import DatabaseError

IN_TIME = 60.0


@pytest.mark.processes
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
            while await onlooker.fetchval(  # noqa: ASYNC110 - the server has no event to wait for
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
            ):
                await asyncio.sleep(0.05)
        await database.ping()
    finally:
        await onlooker.close()
        await database.stop()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> DeadlineChecks:
    monkeypatch.setattr(pool, "CHECK_INTERVAL", 0.01)
    return DeadlineChecks()


def run(checks: DeadlineChecks, call: Awaitable[str], seconds: float) -> Awaitable[str]:
    loop = asyncio.get_running_loop()
    return checks.run(call, loop.time() + seconds, loop)


async def test_a_late_call_is_cancelled_and_no_other(checks: DeadlineChecks) -> None:
    done = asyncio.create_task(asyncio.sleep(0.1, "done"))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    late, in_time = await asyncio.gather(
        run(checks, asyncio.sleep(IN_TIME, "late"), 0.03), run(checks, done, IN_TIME), return_exceptions=True
    )

    assert isinstance(late, TimeoutError)
    assert in_time == "done"
    assert loop.time() - begun < 5


async def test_the_task_continues_after_a_deadline(checks: DeadlineChecks) -> None:
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await run(checks, asyncio.sleep(IN_TIME, ""), 0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await run(checks, asyncio.sleep(0, "done"), IN_TIME) == "done"


async def test_an_error_of_the_call_is_raised(checks: DeadlineChecks) -> None:
    async def fail() -> str:
        try:
            await asyncio.sleep(IN_TIME)
        except asyncio.CancelledError:
            raise ConnectionError from None
        return ""

    with pytest.raises(ConnectionError):
        await run(checks, fail(), 0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_by_others_is_raised(checks: DeadlineChecks) -> None:
    for seconds in (IN_TIME, 0):
        task = asyncio.ensure_future(run(checks, asyncio.sleep(IN_TIME, ""), seconds))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_cancelled_task_is_freed_without_the_garbage_collector(checks: DeadlineChecks) -> None:
    class Value:
        pass

    async def hold(value: Value) -> None:
        await run(checks, asyncio.sleep(IN_TIME, ""), IN_TIME)
        del value

    gc.collect()
    gc.disable()
    try:
        value = Value()
        held = weakref.ref(value)
        task = asyncio.create_task(hold(value))
        del value
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        del task
        await asyncio.sleep(0)
        assert held() is None
    finally:
        gc.enable()


async def test_while_nothing_runs_there_is_no_timer(checks: DeadlineChecks) -> None:
    await run(checks, asyncio.sleep(0, ""), IN_TIME)
    await asyncio.sleep(0.05)
    assert checks._loop is None
