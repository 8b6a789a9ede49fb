"""docs/contract.md#tasks-and-users: the constraints of the database, and the migrations."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel
from support import MakeDatabase
from support.command import Command
from support.postgres_connection import connected

from taskward.app import ROUTERS
from taskward.database import Database, DatabaseUnusable, schema
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.database import SqliteDatabase
from taskward.http.errors import DatabaseError
from taskward.tasks.tables import TASKS

assert ROUTERS  # with them every feature is imported, and so is every table

NewPostgres = Callable[[], Awaitable[str]]

OWNER = "0190b0a0-0000-7000-8000-000000000001"
TASK = "0190b0a0-0000-7000-8000-000000000002"
NUMBER_OF_PROCESSES = 3


# The migrations create what the models describe


def test_migrations_are_numbered_without_gaps_by_their_files() -> None:
    names = sorted(path.name for path in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))

    assert [name[:4] for name in names] == [f"{n:04}" for n in range(100, 100 + len(names))]
    assert schema.newest_revision() == names[-1][:4]
    for name in names:
        text = (schema.MIGRATIONS / "versions" / name).read_text()
        assert f'revision = "{name[:4]}"' in text


async def test_a_migrated_sqlite_file_matches_the_models(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    await SqliteDatabase(migrated).migrate()
    engine = create_engine(f"sqlite:///{made}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()

    assert sqlite_structure(migrated) == sqlite_structure(made)


@pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index",
    "ignore:autogenerate skipping metadata-specified expression-based index",
)
async def test_alembic_finds_nothing_left_to_migrate(tmp_path: Path) -> None:
    await SqliteDatabase(tmp_path / "a.db").migrate()
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": SQLModel.metadata})
        differences = compare_metadata(context, SQLModel.metadata)
    engine.dispose()

    assert differences == []


def sqlite_structure(path: Path) -> dict[str, Any]:
    """Returns every table with its columns, keys and constraints, and every index, in a comparable form."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    structure = {
        name: {
            "columns": sorted(connection.execute(f"PRAGMA table_info({name})").fetchall()),
            "keys": sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
            "indexes": sorted(
                (
                    row[2:],
                    connection.execute(f"PRAGMA index_info({row[1]})").fetchall(),
                )
                for row in connection.execute(f"PRAGMA index_list({name})")
            ),
            "kind": connection.execute(f"PRAGMA table_list({name})").fetchone()[2:],
            "checks": sorted(
                line.strip(" \t,")
                for line in connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
                .fetchone()[0]
                .splitlines()
                if "CHECK" in line
            ),
        }
        for name in tables
        if name != "alembic_version"
    }
    connection.close()
    return structure


@pytest.mark.processes
async def test_a_migrated_postgresql_database_matches_the_models(new_postgres: NewPostgres) -> None:
    migrated, made = await new_postgres(), await new_postgres()
    database = PostgresDatabase(migrated, 1)
    await database.migrate()
    await database.stop()
    dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call] # SQLAlchemy has none here
    connection = await asyncpg.connect(made)
    for table in SQLModel.metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    await connection.close()

    structure = await postgres_structure(migrated)
    assert structure == await postgres_structure(made)
    assert len(structure) > 30


async def postgres_structure(url: str) -> set[tuple[Any, ...]]:
    """Returns every column, constraint and index, in a comparable form."""
    connection = await asyncpg.connect(url)
    rows = [
        *await connection.fetch(
            "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
            "FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name != 'alembic_version'"
        ),
        *await connection.fetch(
            "SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
            "AND conrelid::regclass::text != 'alembic_version'"
        ),
        *await connection.fetch(
            "SELECT tablename, indexname, indexdef FROM pg_indexes "
            "WHERE schemaname = 'public' AND tablename != 'alembic_version'"
        ),
    ]
    await connection.close()
    return {tuple(row) for row in rows}


# Constraints of the database


class Raw:
    """A migrated database, used with SQL, past all validation of the service."""

    def __init__(self, engine: str, url: str) -> None:
        self._postgres = engine == "postgres"
        self._url = url

    async def run(self, *statements: str) -> list[Any]:
        """Runs the statements in one connection and returns the rows of the last one."""
        if self._postgres:
            async with connected(self._url) as connection:
                rows: list[Any] = []
                for statement in statements:
                    rows = await connection.fetch(statement)
                return [tuple(row) for row in rows]
        file = sqlite3.connect(self._url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            file.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                rows = file.execute(statement).fetchall()
            return rows
        finally:
            file.close()

    @property
    def false(self) -> str:
        return "false" if self._postgres else "0"

    def task(self, **values: str) -> str:
        """Returns the INSERT of a task that is valid except for these values, each given as SQL."""
        columns = {
            "user_id": f"'{OWNER}'",
            "id": f"'{TASK}'",
            "title": "'Buy milk'",
            "title_folded": "'buy milk'",
            "description": "NULL",
            "description_folded": "NULL",
            "is_completed": self.false,
            "created_at": "now()" if self._postgres else "0",
            "updated_at": "now()" if self._postgres else "0",
            "version": "1",
        } | values
        return f"INSERT INTO tasks ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"  # noqa: S608 - a test's own words

    def user(self, user_id: str = OWNER, email: str = "NULL") -> str:
        now = "now()" if self._postgres else "0"
        return (
            "INSERT INTO users (id, email, seq, horizon, created_at, updated_at) "  # noqa: S608 - as above
            f"VALUES ('{user_id}', {email}, 1, 1, {now}, {now})"
        )


REFUSED = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)


@pytest.fixture(params=["disk", "postgres"])
async def raw(request: pytest.FixtureRequest, new_database: MakeDatabase) -> Raw:
    url = await new_database(request.param)
    database: Database = (
        PostgresDatabase(url, 1)
        if request.param == "postgres"
        else SqliteDatabase(Path(url.removeprefix("sqlite:///")))
    )
    await database.migrate()
    await database.stop()
    return Raw(request.param, url)


@pytest.mark.parametrize(
    "values",
    [
        {"title": "''"},
        {"title": f"'{'a' * 201}'"},
        {"title": f"'{chr(0x1F64F) * 201}'"},
        {"title": "NULL"},
        {"title_folded": "NULL"},
        {"description": f"'{'a' * 2001}'"},
        {"user_id": f"'{TASK}'"},
        {"user_id": "NULL"},
        {"is_completed": "NULL"},
        {"created_at": "NULL"},
        {"updated_at": "NULL"},
        {"version": "NULL"},
    ],
    ids=lambda values: " ".join(f"{name} {value[:6]}" for name, value in values.items()),
)
async def test_a_row_that_violates_a_constraint_is_rejected_by_the_database(
    raw: Raw, values: dict[str, str]
) -> None:
    with pytest.raises(REFUSED):
        await raw.run(raw.user(), raw.task(**values))


async def test_a_row_at_the_limits_is_stored(raw: Raw) -> None:
    astral = chr(0x1F64F)
    await raw.run(raw.user(), raw.task(title=f"'{astral * 200}'", description=f"'{astral * 2000}'"))

    assert await raw.run("SELECT length(title), length(description) FROM tasks") == [(200, 2000)]


async def test_a_task_id_is_unique_per_owner(raw: Raw) -> None:
    other = OWNER[:-1] + "9"
    await raw.run(raw.user(), raw.user(other), raw.task(), raw.task(user_id=f"'{other}'"))

    with pytest.raises(REFUSED):
        await raw.run(raw.task())


async def test_an_email_is_unique_and_a_missing_one_is_not(raw: Raw) -> None:
    others = [OWNER[:-1] + digit for digit in "789"]
    await raw.run(raw.user(email="'a@b'"), raw.user(others[0]), raw.user(others[1]))

    with pytest.raises(REFUSED):
        await raw.run(raw.user(others[2], email="'a@b'"))


async def test_rows_of_an_owner_are_deleted_with_the_owner(raw: Raw) -> None:
    # Rows of these may exist before the owner does, or after.
    others = {"imports", "import_tasks", "import_comments", "owner_locks", "webhook_marks"}
    tables = {table.name for table in SQLModel.metadata.tables.values() if "user_id" in table.c} - others
    now = "now()" if raw._postgres else "0"
    columns = ", ".join(TASKS.c.keys())
    comment = f"NULL, 'c', NULL, NULL, {now}, {now}, 1"
    await raw.run(
        raw.user(),
        raw.task(),
        f"INSERT INTO tombstones VALUES ('{OWNER}', '{OWNER}', 1, {now})",  # noqa: S608 - as above
        f"INSERT INTO task_labels VALUES ('{OWNER}', '{TASK}', 'home', 'Home')",  # noqa: S608 - as above
        f"INSERT INTO reminders VALUES ('{OWNER}', '{TASK}', 0, {now})",  # noqa: S608 - as above
        f"INSERT INTO lists VALUES ('{OWNER}', '{OWNER}', 'L', {raw.false}, 'a0', NULL, {now}, {now}, 1)",  # noqa: S608 - as above
        f"INSERT INTO list_tombstones VALUES ('{OWNER}', '{OWNER}', 1, {now})",  # noqa: S608 - as above
        f"INSERT INTO access_tokens VALUES "  # noqa: S608 - as above
        f"('{OWNER}', '{TASK}', '', 'n', 'read', NULL, NULL, {now}, {now}, NULL)",
        f"INSERT INTO trash ({columns}, deleted_at) SELECT {columns}, {now} FROM tasks",  # noqa: S608 - as above
        f"INSERT INTO comments VALUES ('{OWNER}', '{OWNER}', '{TASK}', {comment})",  # noqa: S608 - as above
        f"INSERT INTO trash_comments VALUES ('{OWNER}', '{OWNER}', '{TASK}', {comment})",  # noqa: S608 - as above
        f"INSERT INTO member_reminders VALUES ('{OWNER}', '{OWNER}', '{TASK}', 1, '[]', 1)",  # noqa: S608 - as above
        f"INSERT INTO trash_member_reminders VALUES ('{OWNER}', '{OWNER}', '{TASK}', 1, '[]', 1)",  # noqa: S608 - as above
        f"INSERT INTO comment_tombstones VALUES ('{OWNER}', '{OWNER}', 1, {now})",  # noqa: S608 - as above
        f"INSERT INTO activity VALUES "  # noqa: S608 - as above
        f"('{OWNER}', '{OWNER}', {now}, NULL, 'created', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        f"INSERT INTO spaces VALUES ('{OWNER}', 'S', {raw.false}, NULL, {now}, {now}, 1)",  # noqa: S608 - as above
        f"INSERT INTO members VALUES "  # noqa: S608 - as above
        f"('{OWNER}', '{OWNER}', NULL, NULL, NULL, {now}, NULL, NULL, {now}, 1)",
        f"INSERT INTO memberships VALUES ('{OWNER}', '{OWNER}', {now}, {raw.false}, 1)",  # noqa: S608 - as above
        f"INSERT INTO invitations VALUES "  # noqa: S608 - as above
        f"('{OWNER}', '{OWNER}', 'd', 2, 1, 0, {now}, NULL, 1, '{OWNER}', {now})",
        f"DELETE FROM users WHERE id = '{OWNER}'",  # noqa: S608 - as above
    )

    assert tables == {
        *("tasks", "tombstones", "idempotency_keys"),
        *("task_labels", "reminders", "lists", "list_tombstones", "trash", "access_tokens"),
        *("spaces", "members", "memberships", "invitations", "activity"),
        *("comments", "trash_comments", "comment_tombstones"),
        *("member_reminders", "trash_member_reminders"),
    }
    of_tasks = dict.fromkeys(("task_labels", "reminders", "comments", "member_reminders"), "tasks")
    of_tasks |= dict.fromkeys(("trash_comments", "trash_member_reminders"), "trash")
    for name in tables:
        (table,) = [one for one in SQLModel.metadata.tables.values() if one.name == name]
        keys = {(key.target_fullname, key.ondelete) for key in table.foreign_keys}
        other = of_tasks.get(name)
        parents = {f"{other}.user_id", f"{other}.id"} if other else {"users.id"}
        assert keys == {(parent, "CASCADE") for parent in parents}
        assert await raw.run(f"SELECT count(*) FROM {name}") == [(0,)]  # noqa: S608 - as above


@pytest.mark.parametrize(
    ("column", "value"),
    [("title", "x'00'"), ("version", "'a'"), ("is_completed", "'yes'"), ("created_at", "1.5")],
)
async def test_sqlite_stores_no_value_of_another_type(
    new_database: MakeDatabase, column: str, value: str
) -> None:
    url = await new_database("disk")
    await SqliteDatabase(Path(url.removeprefix("sqlite:///"))).migrate()
    raw = Raw("disk", url)

    with pytest.raises(sqlite3.IntegrityError, match="cannot store"):
        await raw.run(raw.user(), raw.task(**{column: value}))


# Migrations


async def test_migrating_twice_does_nothing(new_empty_database: MakeDatabase, postgres_or_disk: str) -> None:
    url = await new_empty_database(postgres_or_disk)
    for _ in range(2):
        database = opened(url)
        assert await database.migrate() == schema.newest_revision()
        assert await database.revision() == schema.newest_revision()
        await database.stop()


async def test_an_empty_database_has_no_revision(
    new_empty_database: MakeDatabase, postgres_or_disk: str
) -> None:
    database = opened(await new_empty_database(postgres_or_disk))

    assert await database.revision() is None
    await database.stop()


async def test_processes_that_start_together_on_an_empty_database_do_not_collide(
    new_empty_database: MakeDatabase, postgres_or_disk: str, tmp_path: Path
) -> None:
    url = await new_empty_database(postgres_or_disk)
    processes = [
        Command(tmp_path, "migrate", environment={"DATABASE_URL": url}) for _ in range(NUMBER_OF_PROCESSES)
    ]
    statuses = [await asyncio.to_thread(process.wait) for process in processes]

    outputs = [process.out + process.err for process in processes]
    assert statuses == [0] * NUMBER_OF_PROCESSES, outputs
    database = opened(url)
    assert await database.revision() == schema.newest_revision()
    await database.stop()


async def test_migrations_that_run_together_in_one_process_do_not_collide(
    new_empty_database: MakeDatabase, postgres_or_disk: str
) -> None:
    url = await new_empty_database(postgres_or_disk)
    databases = [opened(url) for _ in range(6)]

    revisions = await asyncio.gather(*(database.migrate() for database in databases))

    assert set(revisions) == {schema.newest_revision()}
    for database in databases:
        await database.start()
        await database.ping()
        await database.stop()


async def test_a_migration_that_fails_leaves_nothing_behind(
    new_empty_database: MakeDatabase, postgres_or_disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(await new_empty_database(postgres_or_disk))
    real = schema.statements_since
    monkeypatch.setattr(
        schema, "statements_since", lambda *which: [*real(*which)[:-1], "CREATE TABLE tasks (id int)"]
    )

    with pytest.raises((DatabaseUnusable, DatabaseError)):
        await database.migrate()
    assert await database.revision() is None
    monkeypatch.undo()

    assert await database.migrate() == schema.newest_revision()
    await database.stop()


async def test_a_schema_that_a_newer_version_has_migrated_is_used_as_it_is(
    new_empty_database: MakeDatabase, postgres_or_disk: str
) -> None:
    url = await new_empty_database(postgres_or_disk)
    await (database := opened(url)).migrate()
    await database.stop()
    await Raw(postgres_or_disk, url).run("UPDATE alembic_version SET version_num = '9999'")

    newer = opened(url)
    await newer.start()
    await newer.ping()

    assert await newer.revision() == "9999"
    await newer.stop()


async def test_a_schema_of_a_development_snapshot_is_refused_and_left_as_it_is(
    new_database: MakeDatabase, postgres_or_disk: str
) -> None:
    url = await new_database(postgres_or_disk)
    await (database := opened(url)).migrate()
    await database.stop()
    await Raw(postgres_or_disk, url).run("UPDATE alembic_version SET version_num = '0003'")

    older = opened(url)
    with pytest.raises(DatabaseUnusable, match="revision 0003 of a development snapshot"):
        await older.start()

    assert await older.revision() == "0003"
    await older.stop()


@pytest.fixture(params=["disk", "postgres"])
def postgres_or_disk(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def opened(url: str) -> Database:
    if url.startswith("sqlite:"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")))
    return PostgresDatabase(url, 2)
