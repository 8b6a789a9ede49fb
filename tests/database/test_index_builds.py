"""docs/decisions/0010: PostgreSQL builds the indexes of tables with rows while the service runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest
from sqlmodel import SQLModel
from support.postgres_connection import execute_sql, fetch_sql

from taskward.database import schema
from taskward.database.postgres import migrate
from taskward.database.postgres.database import PostgresDatabase

NewPostgres = Callable[[], Awaitable[str]]
INDEXES = {str(index.name) for index in SQLModel.metadata.tables["tasks"].indexes}
FIRST_REVISION = "0100"

pytestmark = pytest.mark.processes


async def test_an_upgrade_builds_the_indexes_while_others_write(new_postgres: NewPostgres) -> None:
    url = await at_the_first_revision(new_postgres)
    databases = [PostgresDatabase(url, 1) for _ in range(3)]
    writing = asyncio.create_task(longest_write(url))

    revisions = await asyncio.gather(*(database.migrate() for database in databases))

    assert set(revisions) == {schema.newest_revision()}
    assert await valid_indexes(url) == INDEXES
    writing.cancel()
    assert await writing < 3
    for database in databases:
        await database.stop()


async def test_an_upgrade_gives_what_a_new_database_has(new_postgres: NewPostgres) -> None:
    upgraded, new = await at_the_first_revision(new_postgres), await new_postgres()
    for url in (upgraded, new):
        database = PostgresDatabase(url, 1)
        await database.migrate()
        await database.stop()

    query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    assert await fetch_sql(upgraded, query) == await fetch_sql(new, query)


async def test_the_service_can_be_used_before_all_indexes_are_built(
    new_postgres: NewPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "STARTUP_WAIT", 1.0)
    url = await at_the_first_revision(new_postgres)
    other = await asyncpg.connect(url)
    building = other.transaction()
    await building.start()
    await other.execute(f"SELECT pg_advisory_xact_lock({schema.LOCK + 1})")
    database = PostgresDatabase(url, 2)

    await database.start()
    async with asyncio.timeout(20):
        while not database.migration.is_done:  # noqa: ASYNC110 - a flag of the service
            await asyncio.sleep(0.02)

    await database.ping()
    assert await database.revision() == schema.needed_revision() < schema.newest_revision()
    await building.rollback()
    await other.close()
    await database.migrate()  # waits for the build
    assert await valid_indexes(url) == INDEXES
    await database.stop()


async def test_an_index_that_was_left_incomplete_is_built_again(new_postgres: NewPostgres) -> None:
    url = await at_the_first_revision(new_postgres)
    database = PostgresDatabase(url, 1)
    await database.migrate()
    await execute_sql(
        url,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_tasks_user_id_due_key'::regclass",
        f"UPDATE alembic_version SET version_num = '{schema.needed_revision()}'",  # noqa: S608 - our own revision
    )

    assert await valid_indexes(url) == INDEXES - {"ix_tasks_user_id_due_key"}
    assert await database.migrate() == schema.newest_revision()
    assert await valid_indexes(url) == INDEXES
    await database.stop()


async def test_a_long_transaction_delays_the_upgrade_and_not_the_writes_of_others(
    new_postgres: NewPostgres,
) -> None:
    url = await at_the_first_revision(new_postgres)
    importing = await asyncpg.connect(url)
    transaction = importing.transaction()
    await transaction.start()
    await importing.execute("UPDATE tasks SET title = 'Imported'")
    database = PostgresDatabase(url, 1)
    writing = asyncio.create_task(longest_write(url))
    migrating = asyncio.create_task(database.migrate())

    await asyncio.sleep(2.5)
    assert not migrating.done()
    await transaction.commit()
    await importing.close()

    assert await migrating == schema.newest_revision()
    writing.cancel()
    assert await writing < 2.5
    await database.stop()


async def at_the_first_revision(new_postgres: NewPostgres) -> str:
    """Returns the URL of a database of the first release, with tasks."""
    url = await new_postgres()
    statements = schema.statements_since(None, "postgresql")
    (last,) = [n for n, statement in enumerate(statements) if f"'{FIRST_REVISION}'" in statement and n][:1]
    await execute_sql(url, *statements[: last + 1], INSERT_OWNER, *[INSERT_TASK] * 50)
    return url


OWNER = uuid4()
INSERT_OWNER = (
    "INSERT INTO users (id, seq, horizon, created_at, updated_at) "  # noqa: S608 - our own id
    f"VALUES ('{OWNER}', 1, 1, now(), now())"
)
INSERT_TASK = (
    "INSERT INTO tasks (user_id, id, title, title_folded, is_completed, created_at, updated_at, version) "  # noqa: S608 - our own id
    f"VALUES ('{OWNER}', gen_random_uuid(), 'T', 't', false, now(), now(), 1)"
)


async def longest_write(url: str) -> float:
    """Writes one task after the other until it is cancelled; returns the seconds of the longest write."""
    connection = await asyncpg.connect(url)
    longest = 0.0
    try:
        while True:
            begun = time.monotonic()
            writing = asyncio.ensure_future(connection.execute(INSERT_TASK))
            await asyncio.wait({writing})
            longest = max(longest, time.monotonic() - begun)
            writing.result()
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        return longest
    finally:
        connection.terminate()


async def valid_indexes(url: str) -> set[str]:
    rows = await fetch_sql(
        url,
        "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
        "WHERE indrelid = 'tasks'::regclass AND indisvalid AND NOT indisprimary",
    )
    return {row["relname"] for row in rows}
