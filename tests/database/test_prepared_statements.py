"""Statements prepared by asyncpg: run by its protocol, and prepared again when they have become stale."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio
from asyncpg.protocol import protocol
from fastapi import FastAPI
from support import Person, database_of, running, settings_for
from support.apps import until_jobs_have_run

CHANGED = "asyncpg has changed this: adapt database/postgres/connection.py and pool.py, see decision 0050"


def test_the_driver_has_the_private_functions_that_the_pool_calls() -> None:
    run = list(inspect.signature(protocol.BaseProtocol.bind_execute).parameters)
    prepare = inspect.signature(asyncpg.Connection._get_statement)

    assert run == ["self", "state", "args", "portal_name", "limit", "return_extra", "timeout"], CHANGED
    assert list(prepare.parameters)[:3] == ["self", "query", "timeout"], CHANGED
    assert prepare.parameters["use_cache"].default is True, CHANGED
    assert "_protocol" in asyncpg.Connection.__slots__, CHANGED
    assert list(inspect.signature(asyncpg.Connection._introspect_types).parameters)[:2] == [
        "self",
        "typeoids",
    ]


@pytest_asyncio.fixture
async def one(new_postgres: Callable[[], Awaitable[str]]) -> AsyncIterator[FastAPI]:
    """Yields an app on a PostgreSQL database of its own, with a connection that nothing else uses."""
    async with running(settings_for(await new_postgres(), database_pool_size=1)) as app:
        await until_jobs_have_run(app)
        yield app


async def use_every_statement(ann: Person) -> None:
    """Runs a read, a list, a create, an update and a deletion; each of them succeeds."""
    task = await ann.create("Buy milk")
    assert await ann.get(task["id"]) == task
    changed = await ann.put(task["id"], title="Buy bread")
    assert changed in await ann.tasks()
    assert (await ann.http.delete(f"/api/tasks/{task['id']}")).status_code == 200


@pytest.mark.processes
@pytest.mark.parametrize(
    "make_stale",
    [
        'ALTER TABLE tasks ALTER COLUMN title TYPE varchar(300) COLLATE "C"',  # other types of the results
        "DEALLOCATE ALL",  # as another program may do
    ],
)
async def test_a_statement_that_has_become_stale_is_prepared_again(one: FastAPI, make_stale: str) -> None:
    ann = Person(one)
    for _ in range(2):
        await use_every_statement(ann)
    async with database_of(one).pool.acquire() as connection:
        kept = dict(connection.states)
        await connection.execute(make_stale)
    assert len(kept) >= 4

    await use_every_statement(ann)

    async with database_of(one).pool.acquire() as connection:
        assert connection.states
        assert not any(state is kept.get(sql) for sql, state in connection.states.items() if "title" in sql)
