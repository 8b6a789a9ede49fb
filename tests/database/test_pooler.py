"""PgBouncer in transaction mode: docs/decisions/0012-pooler-recognised.md."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import Person, database_of, running, settings_for
from support.pgbouncer import needs_pgbouncer, pooler

pytestmark = pytest.mark.processes

CLIENTS = 64
ROUNDS = 3


@pytest_asyncio.fixture(scope="module")
async def pooled_url(
    new_postgres: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """Yields the URL of an empty database behind a pooler with two connections to the server."""
    async with pooler(await new_postgres(), tmp_path_factory.mktemp("pooler")) as url:
        yield url


BEHIND_RLS = pytest.param(True, marks=pytest.mark.single_statements("refused with Citus"))


@pytest_asyncio.fixture(scope="module", params=[False, BEHIND_RLS], ids=["plain", "rls"])
async def pooled_app(request: pytest.FixtureRequest, pooled_url: str) -> AsyncIterator[FastAPI]:
    # The URL of a provider: parameters that the driver does not know are not sent to the pooler.
    url = pooled_url + "?channel_binding=prefer&pgbouncer=true"
    async with running(settings_for(url, database_rls=request.param)) as app:
        yield app


@needs_pgbouncer
async def test_a_pooler_is_recognised(pooled_app: FastAPI) -> None:
    await Person(pooled_app).create()

    assert database_of(pooled_app).pool.pooled


@needs_pgbouncer
async def test_many_clients_share_two_connections_without_an_error(pooled_app: FastAPI) -> None:
    statuses: Counter[int] = Counter()

    async def use() -> None:
        person = Person(pooled_app)
        for _ in range(ROUNDS):
            path = (await person.http.post("/api/tasks", json={"title": "Buy milk"})).headers["location"]
            for answer in (
                await person.http.get(path),
                await person.http.put(path, json={"is_completed": True}),
                listed := await person.http.get("/api/tasks", params={"limit": 5}),
                await person.http.post(
                    "/api/tasks/batch", json={"operations": [{"op": "delete", "id": path.rpartition("/")[2]}]}
                ),
            ):
                statuses[answer.status_code] += 1
            assert [task["user_id"] for task in listed.json()["tasks"]] == [person.sub]

    await asyncio.gather(*(use() for _ in range(CLIENTS)))

    assert statuses == {200: CLIENTS * ROUNDS * 4}


@needs_pgbouncer
async def test_no_statement_is_left_on_the_server_for_other_clients(pooled_app: FastAPI) -> None:
    await Person(pooled_app).create()

    pool, named = database_of(pooled_app).pool, "SELECT FROM pg_prepared_statements WHERE name <> ''"
    async with pool.acquire() as one, pool.acquire() as other, one.transaction(), other.transaction():
        assert await one.fetch(named) == await other.fetch(named) == []  # the pooler has no third connection


@needs_pgbouncer
async def test_a_url_of_neon_works_as_it_is(
    new_postgres: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    async with pooler(await new_postgres(), tmp_path, tls=True) as url:
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await asyncpg.connect(f"{url}?sslmode=disable")

        async with running(settings_for(f"{url}?sslmode=require&channel_binding=require")) as app:
            ann = Person(app)
            task = await ann.create()
            assert await ann.tasks() == [task]
            assert database_of(app).pool.pooled
