"""Statements prepared by asyncpg: prepared again when they have become stale, and by its public functions."""

import ast
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import pytest_asyncio
from asyncpg.protocol import protocol
from fastapi import FastAPI
from support import Person, database_of, running, settings_for
from support.apps import until_jobs_have_run

import taskward
from taskward.database.postgres.connector import Connector

OVERRIDDEN: Final = {"_cancel_current_command"}
"""The one private name in use: the driver has no public way not to cancel a statement on the server."""


def test_no_private_function_of_the_driver_is_called() -> None:
    classes = (asyncpg.Connection, protocol.BaseProtocol)
    private = {name for of in classes for name in dir(of) if name.startswith("_") and name[1] != "_"}
    source = Path(taskward.__file__).parent
    files = [*(source / "database" / "postgres").rglob("*.py"), *(source / "copy").rglob("*.py")]
    used = {name for file in files for name in attributes(file)}

    assert used & private == OVERRIDDEN
    assert private >= {"_get_statement", "_introspect_types", "_protocol"}


def attributes(file: Path) -> Iterator[str]:
    """Yields the names of attributes and functions in a file, but for those of `self` in other classes."""
    inherits = file.name == "connection.py"
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and inherits:
            yield node.name
        if isinstance(node, ast.Attribute):
            is_self = isinstance(node.value, ast.Name) and node.value.id == "self"
            if inherits or not is_self:
                yield node.attr


async def test_no_type_is_looked_up_by_the_first_statement_with_an_array(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await Connector(postgres_url, 10.0).connect()
    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", None)
    try:
        rows: list[Any] = await connection.fetch("SELECT $1::uuid[], $2::timestamptz[]", [], [])
    finally:
        await connection.close()

    assert [tuple(row) for row in rows] == [([], [])]


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
        await connection.execute(make_stale)

    await use_every_statement(ann)
