"""A database with Citus: distributed by `taskward migrate`, written step by step. See docs/distributed.md.

The extension is a stand-in on a plain server (tests/support/citus.py); with TEST_CITUS_URL it is a cluster.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import Person, database_of, running, settings_for
from support.pgbouncer import needs_pgbouncer, pooler
from support.postgres_connection import connected, execute_sql
from support.postgres_server import PostgresServer

from taskward.database import DatabaseUnusable, IdempotencyConflict
from taskward.database.postgres import migrate
from taskward.database.postgres.batches import ReadBatch
from taskward.database.postgres.connection import PostgresConnection
from taskward.database.postgres.connector import Connector
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.postgres.distributed.executor import RoutedExecutor
from taskward.database.postgres.distributed.routed_sql import RoutedStatement, route
from taskward.database.postgres.errors import database_error
from taskward.database.postgres.executor import Executor
from taskward.database.postgres.notifications import NOTIFY
from taskward.database.statements import Write
from taskward.http.errors import DatabaseError
from taskward.tasks.statements import CREATE_TASK, UPDATE_TASK

pytestmark = pytest.mark.processes

NewDatabase = Callable[[], Awaitable[str]]
HIDES_SHARDS: Final = "citus.override_table_visibility"


@pytest.fixture(scope="module")
def new_citus(postgres_server: PostgresServer) -> NewDatabase:
    """Returns a function that creates an empty database with Citus."""
    return postgres_server.new_citus_database


@pytest_asyncio.fixture(scope="module")
async def url(new_citus: NewDatabase) -> str:
    return await new_citus()


async def migrated(url: str, **options: Any) -> str:
    database = PostgresDatabase(url, 1, **options)
    try:
        return await database.migrate()
    finally:
        await database.stop()


async def distributed(connection: Any) -> set[str]:
    return {row[0] for row in await connection.fetch("SELECT logicalrelid::text FROM pg_dist_partition")}


def address() -> str:
    return f"{uuid4().hex}@example.org"


async def email_of(person: Person) -> str | None:
    answer = await person.http.get("/api/me")
    assert answer.status_code == 200, answer.text
    email: str | None = answer.json()["email"]
    return email


# Distribution


async def test_a_start_distributes_an_empty_database(connection: Any, own_app: FastAPI) -> None:
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    assert await distributed(connection) == {row[0] for row in tables} - {"pg_dist_partition"}
    assert isinstance(database_of(own_app).executor, RoutedExecutor)


async def test_migrating_again_changes_nothing(connection: Any, url: str) -> None:
    before = await distributed(connection)

    await migrated(url)

    assert await distributed(connection) == before


async def test_migrating_adds_the_addresses_of_rows_that_are_not_in_the_directory(
    connection: Any, own_app: FastAPI, url: str
) -> None:
    email = address()
    await connection.execute(
        "INSERT INTO users (id, email, seq, horizon, created_at, updated_at) VALUES ($1, $2, 1, 1, $3, $3)",
        uuid4(),
        email,
        datetime.now(UTC),
    )

    await migrated(url)

    bob = Person(own_app, email=email)
    await bob.create()
    assert await email_of(bob) is None


@pytest.mark.single_statements("a database without the extension")
async def test_a_plain_server_keeps_its_form(postgres_server: PostgresServer) -> None:
    async with running(settings_for(await postgres_server.new_database())) as app:
        assert type(database_of(app).executor) is Executor


async def test_only_the_command_moves_people(
    new_citus: NewDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, email = await new_citus(), address()
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "distribute", nothing)  # as if the extension had been created later
        async with running(settings_for(url)) as app:
            ann = Person(app, email=email)
            task = await ann.create()
    async with running(settings_for(url)) as app:
        with caplog.at_level(logging.WARNING):
            assert await Person(app, ann.sub).get(task["id"]) == task
        assert type(database_of(app).executor) is Executor

    await migrated(url)

    async with running(settings_for(url)) as app:
        assert isinstance(database_of(app).executor, RoutedExecutor)
        assert await Person(app, ann.sub).get(task["id"]) == task
        bob = Person(app, email=email)
        await bob.create()
        assert await email_of(bob) is None


async def nothing(_: object) -> None:
    """Distributes nothing."""


ON_A_WORKER = (
    "CREATE OR REPLACE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT false'"
)
WITH_COPIES = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET citus.shard_replication_factor = 2', "
    "current_database()); END $$"
)
REFUSED = (
    "CREATE OR REPLACE FUNCTION create_reference_table(relation regclass) RETURNS void "
    "LANGUAGE plpgsql AS $$ BEGIN RAISE feature_not_supported; END $$"
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (ON_A_WORKER, "run `taskward migrate` with the URL of the coordinator"),
        (WITH_COPIES, "citus.shard_replication_factor must be 1"),
        (REFUSED, "the log of the server says why"),
    ],
    ids=["on a worker", "with copies of shards", "refused by Citus"],
)
@pytest.mark.one_server("replaces functions of the extension")
async def test_what_cannot_be_distributed_stays_as_it_is(
    postgres_server: PostgresServer, change: str, reason: str
) -> None:
    url = await postgres_server.new_citus_database()
    await execute_sql(url, change)

    with pytest.raises(DatabaseUnusable, match=reason):
        await migrated(url)

    async with connected(url) as connection:
        assert await distributed(connection) == set()
        assert await connection.fetchval("SELECT to_regclass('email_directory')") is None


async def test_row_level_security_is_refused_with_the_reason(new_citus: NewDatabase) -> None:
    with pytest.raises(
        DatabaseUnusable, match="DATABASE_RLS is on, and the database has the extension citus"
    ):
        await migrated(await new_citus(), rls=True)


async def test_the_policies_of_an_earlier_schema_are_dropped(connection: Any) -> None:
    assert await connection.fetchval("SELECT count(*) FROM pg_policies WHERE schemaname = 'public'") == 0


# E-mail addresses


async def test_the_first_of_two_keeps_an_address_until_erased(own_app: FastAPI) -> None:
    email = address()
    ann, bob, eve = (Person(own_app, email=email) for _ in range(3))
    await ann.create()
    await bob.create()

    assert (await email_of(ann), await email_of(bob)) == (email, None)
    assert (await ann.http.delete("/api/me")).status_code == 200
    await eve.create()
    assert (await email_of(eve), await email_of(bob)) == (email, None)


async def test_of_first_writes_at_once_one_gets_the_address(own_app: FastAPI) -> None:
    email = address()
    people = [Person(own_app, email=email) for _ in range(6)]

    await asyncio.gather(*(person.create() for person in people))

    assert Counter([await email_of(person) for person in people]) == {None: 5, email: 1}


async def test_a_first_change_of_the_time_zone_answers_with_the_address(own_app: FastAPI) -> None:
    email = address()
    ann = Person(own_app, email=email)

    answer = await ann.http.patch("/api/me", json={"time_zone": "Europe/Vienna"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["email"] == email


async def test_later_writes_do_not_look_at_the_directory(own_app: FastAPI) -> None:
    ann = Person(own_app, email=address())
    await ann.create()

    with watched() as sent:
        await ann.create()

    assert any("INSERT INTO tasks" in sql for sql in sent)
    assert [sql for sql in sent if "email_directory" in sql] == []


# Steps


async def test_a_write_is_a_step_for_each_table_in_one_transaction(own_app: FastAPI) -> None:
    ann = Person(own_app)
    task = await ann.create()

    with watched() as sent:
        await ann.http.delete(f"/api/tasks/{task['id']}")

    assert [" ".join(sql.split()[:3]) for sql in sent] == [
        "BEGIN; SET LOCAL",
        "SELECT (extract(epoch FROM",
        "UPDATE users SET",
        "DELETE FROM tasks",
        "DELETE FROM tombstones",
        "INSERT INTO tombstones",
        "COMMIT",
    ]


IS_WATCHED: ContextVar[bool] = ContextVar("IS_WATCHED", default=False)
"""True in the requests of a test that watches, and false in what an app does in the background."""


def is_of_a_request(sql: str) -> bool:
    """Returns whether a watched request sends a statement; a notification follows in the background."""
    return IS_WATCHED.get() and sql != NOTIFY


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yields a list to which each statement of the requests in the block is added."""
    sent: list[str] = []
    execute, fetch = PostgresConnection.execute, PostgresConnection.fetch

    async def watched_execute(self: Any, sql: str, *arguments: Any) -> Any:
        sent.extend([sql] * is_of_a_request(sql))
        return await execute(self, sql, *arguments)

    async def watched_fetch(self: Any, sql: str, *arguments: Any) -> Any:
        sent.extend([sql] * is_of_a_request(sql))
        return await fetch(self, sql, *arguments)

    async def watched_value(self: Any, sql: str, *arguments: Any) -> Any:
        return (await watched_fetch(self, sql, *arguments))[0][0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresConnection, "execute", watched_execute)
        patched.setattr(PostgresConnection, "fetch", watched_fetch)
        patched.setattr(PostgresConnection, "fetchval", watched_value)
        token = IS_WATCHED.set(True)
        try:
            yield sent
        finally:
            IS_WATCHED.reset(token)


async def test_a_write_whose_last_step_fails_changes_nothing(own_app: FastAPI, connection: Any) -> None:
    ann = Person(own_app)
    task = await ann.create()
    before = await connection.fetchval("SELECT seq FROM users WHERE id = $1", UUID(ann.sub))
    title = "x" * 300  # longer than the table allows, past the checks of the service

    with pytest.raises(DatabaseError):
        await database_of(own_app).write(*an_update(ann, task["id"], title))

    assert await connection.fetchval("SELECT seq FROM users WHERE id = $1", UUID(ann.sub)) == before
    assert await ann.get(task["id"]) == task


def an_update(person: Person, task_id: str, title: str) -> tuple[Write, dict[str, Any]]:
    values = {"owner": UUID(person.sub), "task_id": UUID(task_id), "title": title, "title_folded": title}
    return UPDATE_TASK, {**values, "describes": False, "now": datetime.now(UTC)}


def test_a_conflict_of_idempotency_keys_is_known_by_its_step() -> None:
    """Citus reports neither the table nor the constraint of an error on another server."""
    statement = route(CREATE_TASK)
    assert isinstance(statement, RoutedStatement)
    tables = [step.table for step in statement.following]
    assert tables == ["tasks", "task_labels", "reminders", "idempotency_keys", "idempotency_keys"]


async def test_a_response_is_stored_under_its_condition(own_app: FastAPI, connection: Any) -> None:
    """That the owner has a row: nothing is stored of a batch that a new owner has sent in vain."""
    ann = Person(own_app)
    vain = {"op": "delete", "id": str(uuid4()), "if_match": "*"}
    for operation, stored in ((vain, 0), ({"op": "create", "task": {"title": "x"}}, 1)):
        answer = await ann.http.post(
            "/api/tasks/batch",
            json={"operations": [operation]},
            headers={"Idempotency-Key": str(operation["op"])},
        )
        assert answer.status_code == 200, answer.text
        count = "SELECT count(*) FROM idempotency_keys WHERE user_id = $1"
        assert await connection.fetchval(count, UUID(ann.sub)) == stored


async def test_an_error_without_a_table_gets_that_of_its_step(
    own_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Exception] = []
    fetch = PostgresConnection.fetch

    async def nameless(self: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT INTO idempotency_keys"):
            error = asyncpg.NotNullViolationError("on a server of Citus")
            found.append(error)
            raise error
        return await fetch(self, sql, *arguments)

    monkeypatch.setattr(PostgresConnection, "fetch", nameless)
    ann = Person(own_app)
    await ann.http.post("/api/tasks", json={"title": "once"}, headers={"Idempotency-Key": "k"})

    assert isinstance(database_error(found[0]), IdempotencyConflict)


async def test_reads_of_one_owner_share_a_batch_and_others_do_not(
    own_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: list[set[UUID]] = []
    run_batch = ReadBatch.run_batch

    async def watched(self: ReadBatch, several: Any, until: float) -> Any:
        owners.append({values["owner"] for values in several})
        return await run_batch(self, several, until)

    ann, bob = Person(own_app), Person(own_app)
    tasks = {person: [await person.create(str(n)) for n in range(4)] for person in (ann, bob)}
    monkeypatch.setattr(ReadBatch, "run_batch", watched)

    for _ in range(5):
        asked = [(person, task) for n in range(4) for person in (ann, bob) for task in [tasks[person][n]]]
        found = await asyncio.gather(*(person.get(task["id"]) for person, task in asked))
        assert found == [task for _, task in asked]

    assert owners
    assert all(len(batch) == 1 for batch in owners)


# Connections


@pytest.mark.parametrize(
    "is_pooled", [False, pytest.param(True, marks=needs_pgbouncer)], ids=["direct", "pooled"]
)
async def test_no_connection_looks_up_types_among_hidden_shards(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_pooled: bool
) -> None:
    found = []
    look_up = asyncpg.Connection._introspect_types

    async def watched(connection: asyncpg.Connection, *arguments: Any) -> Any:
        found.append(await connection.fetchval(f"SELECT current_setting('{HIDES_SHARDS}', true)"))
        return await look_up(connection, *arguments)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", watched)
    async with AsyncExitStack() as stack:
        asked = await stack.enter_async_context(pooler(url, tmp_path)) if is_pooled else url
        connector = Connector(asked, 10.0)
        for _ in range(2):  # the first one finds out whether there is a pooler
            connection = await connector.connect()
            await connection.close()

    assert connector.pooled == is_pooled
    assert found == ["off", "off"]


# Streams


async def test_a_process_on_a_worker_polls(own_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = database_of(own_app).pool.connector
    assert connector.notifies

    monkeypatch.setattr(connector, "notifies", False)

    assert await connector.dedicated() is None


@pytest.mark.one_server("replaces functions of the extension")
async def test_a_worker_is_recognised_at_the_start(postgres_server: PostgresServer) -> None:
    url = await postgres_server.new_citus_database()
    await migrated(url)
    await execute_sql(url, ON_A_WORKER)

    async with running(settings_for(url)) as app:
        assert not database_of(app).pool.connector.notifies
        assert await Person(app).create()


LOST_WORKER = (
    "CREATE OR REPLACE FUNCTION lose_worker() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.title = 'lost' THEN RAISE SQLSTATE '08006'; END IF; RETURN NEW; END $$; "
    "CREATE TRIGGER lose_worker BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION lose_worker()"
)


@pytest.mark.one_server("a trigger on a table")
async def test_the_connections_to_the_coordinator_stay_when_it_loses_a_worker(new_citus: NewDatabase) -> None:
    """Or else the people of the other workers would wait for new ones."""
    url = await new_citus()
    async with running(settings_for(url, database_pool_size=1)) as app:
        ann = Person(app)
        await ann.create()
        await execute_sql(url, LOST_WORKER)
        async with database_of(app).pool.acquire() as connection:
            before = connection.get_server_pid()

        failed = await ann.http.post("/api/tasks", json={"title": "lost"})

        assert (failed.status_code, failed.json()["code"]) == (500, "DATABASE_ERROR")
        async with database_of(app).pool.acquire() as connection:
            assert connection.get_server_pid() == before
        assert await ann.create()


# Before the server is reached


async def test_no_statement_runs_before_the_form_is_known(new_citus: NewDatabase) -> None:
    database = PostgresDatabase(await new_citus(), 1)

    with pytest.raises(DatabaseError, match="not been reached"):
        await database.write(*an_update(Person(FastAPI()), str(uuid4()), "x"))
