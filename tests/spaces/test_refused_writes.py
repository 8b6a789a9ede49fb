"""docs/contract.md#spaces: a write that is refused neither changes a row of the space nor waits for one."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi import FastAPI
from spaces.space_locks import space_id
from spaces.space_support import join, new_space, task_in
from spaces.task_writes import ALONE, Request, send
from support import Person, database_of, stored
from support.paging import insert_rows
from support.query_plans import plan_nodes
from support.waiting import TIMEOUT

from taskward.activity import entries
from taskward.database.postgres.connection import PostgresConnection
from taskward.database.statements import Row
from taskward.ids import imported_id_at

TABLES: Final = {
    "users": "SELECT * FROM users WHERE id = $1 FOR UPDATE",
    "tasks": "SELECT * FROM tasks WHERE user_id = $1 FOR UPDATE",
    "tombstones": "SELECT * FROM tombstones WHERE user_id = $1 FOR UPDATE",
    "activity": "SELECT * FROM activity WHERE user_id = $1 FOR UPDATE",
}
"""The tables that a write of a task changes, with the statement that locks the rows of an owner."""

of_each_write = pytest.mark.parametrize("request_", ALONE.values(), ids=[*ALONE])
of_each_role = pytest.mark.parametrize(("role", "refused"), [("viewer", 405), (None, 404)])
on_postgres = pytest.mark.parametrize("engine", ["postgres", "postgres-rls"], indirect=True)


@pytest.fixture(autouse=True)
def dropping_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes each write of a task drop expired entries of the activity."""
    monkeypatch.setattr(entries, "DROPPED_AT_ONCE", 2)


@of_each_role
@of_each_write
async def test_a_refused_write_does_not_even_drop_what_has_expired(
    app: FastAPI, ann: Person, bob: Person, request_: Request, role: str | None, refused: int
) -> None:
    space, task = await space_with_expired(app, ann, bob, role)
    before = await rows_of(app, space)

    answer = await send(bob, request_, space, task)

    assert answer.status_code == refused
    assert await rows_of(app, space) == before


@on_postgres
@of_each_write
async def test_a_refused_write_waits_for_no_row_of_the_space(
    app: FastAPI, ann: Person, bob: Person, request_: Request
) -> None:
    """An erasure of the space, for example, holds all of them for a while."""
    space, task = await space_with_expired(app, ann, bob, None)
    async with database_of(app).pool.acquire() as connection, connection.transaction():
        for lock in TABLES.values():
            await connection.fetch(lock, space_id(space))

        async with asyncio.timeout(TIMEOUT / 2):
            answer = await send(bob, request_, space, task)

    assert answer.status_code == 404


@pytest.mark.single_statements("a write as one statement")
@on_postgres
@of_each_role
@of_each_write
async def test_a_refused_write_looks_for_no_row_but_the_members(
    app: FastAPI,
    ann: Person,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
    request_: Request,
    role: str | None,
    refused: int,
) -> None:
    """The time that it takes would else depend on whether a task is there."""
    space, task = await space_with_expired(app, ann, bob, role)
    looked_for = list[set[str]]()
    fetch = PostgresConnection.fetch

    async def explained(connection: PostgresConnection, sql: str, *arguments: Any) -> Sequence[Row]:
        if "members" in sql:
            plan = await fetch(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
            looked_for.append(tables_looked_through(orjson.loads(plan[0][0])[0]["Plan"]))
        rows: Sequence[Row] = await fetch(connection, sql, *arguments)
        return rows

    monkeypatch.setattr(PostgresConnection, "fetch", explained)
    answer = await send(bob, request_, space, task)

    assert answer.status_code == refused
    assert looked_for == [{"members"}]


def tables_looked_through(plan: dict[str, Any]) -> set[str]:
    scans = [node for node in plan_nodes(plan) if "Scan" in node["Node Type"] and node["Actual Loops"]]
    return {node["Relation Name"] for node in scans if "Relation Name" in node}


async def space_with_expired(app: FastAPI, ann: Person, bob: Person, role: str | None) -> tuple[str, str]:
    """Returns a space with expired rows, in which the second person has that role, and the id of a task."""
    space = await new_space(ann)
    if role is not None:
        await join(ann, space, bob, role)
    task = await task_in(ann, space)
    owner, then = space_id(space), datetime.now(UTC) - timedelta(days=1000)
    gone = [{"user_id": owner, "task_id": uuid4(), "version": n, "deleted_at": then} for n in (1, 2)]
    await insert_rows(app, "tombstones", gone)
    entry = {"user_id": owner, "id": imported_id_at(then, uuid4()), "at": then, "action": "created"}
    await insert_rows(app, "activity", [entry])
    return space, task["id"]


async def rows_of(app: FastAPI, space: str) -> dict[str, list[dict[str, Any]]]:
    owner: UUID = space_id(space)
    found = {table: await stored(app, table, user_id=owner) for table in TABLES if table != "users"}
    return {**found, "users": await stored(app, "users", id=owner)}
