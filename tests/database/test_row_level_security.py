"""DATABASE_RLS: docs/decisions/0019-row-level-security.md."""
# ruff: noqa: S608 - SQL is made here of the names of our own tables and of values of a test

import asyncio
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
import pytest_asyncio
import test_isolation
from fastapi import FastAPI
from sqlmodel import SQLModel
from support import (
    DATABASE_ERROR,
    Person,
    client_of,
    database_of,
    exchange,
    refusal,
    running,
    settings_for,
    upsert,
)
from support.owner_filter_mutation import drop_owner_filters, is_of_service
from support.postgres_connection import connected, execute_sql
from support.waiting import until
from typer.testing import CliRunner

from taskward import cli
from taskward.activity.statements import SPACES_OF_ACTIVITY
from taskward.app import create_app
from taskward.changes.statements import COUNTERS
from taskward.database import DatabaseUnusable
from taskward.database.postgres import migrate as migration
from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.statements import STATEMENTS, Read
from taskward.database.tables import owned_tables, shared_tables
from taskward.me.admin import export_to
from taskward.me.import_statements import ABANDONED
from taskward.spaces.statements import EXISTING_SPACES, SPACES_AFTER
from taskward.tasks.zone_data_statements import OWNERS_AFTER, STORED_VERSION
from taskward.trash.statements import OWNERS_OF_EXPIRED
from taskward.webhooks.reminder_statements import NEXT_REMINDERS, PASSED_REMINDERS
from taskward.webhooks.statements import BACKLOG, FAILED_BEFORE, UNTRIED, WAITING

PROTECTED_TABLES: Final = [(table.name, column.name) for table, column in owned_tables()]
SHARED: Final = [table.name for table in shared_tables()]

ISOLATION: Final = [
    partial(test_isolation.test_two_people_see_their_own_tasks_only),
    partial(test_isolation.test_a_deleted_foreign_task_is_answered_like_one_that_never_was),
    *(
        partial(test, method=method, body=body)
        for method, body in test_isolation.REQUESTS
        for test in (
            test_isolation.test_a_foreign_task_is_answered_like_a_missing_one_to_the_byte,
            test_isolation.test_a_foreign_task_cannot_be_changed,
        )
    ),
    partial(test_isolation.test_a_task_cannot_be_created_for_another_user, key="id"),
    partial(test_isolation.test_the_owner_of_a_task_cannot_be_changed),
]
NewPostgres = Callable[[], Awaitable[str]]


@pytest_asyncio.fixture(scope="module")
async def url(new_postgres: NewPostgres) -> str:
    return await new_postgres()


@pytest_asyncio.fixture(scope="module")
async def app(url: str) -> AsyncIterator[FastAPI]:
    async with running(settings_for(url, database_rls=True, database_pool_size=1)) as one:
        yield one


@pytest_asyncio.fixture(scope="module")
async def forgetful(new_postgres: NewPostgres) -> AsyncIterator[FastAPI]:
    """Yields an app without owner filters and without row-level security."""
    async with running(settings_for(await new_postgres())) as one:
        drop_owner_filters(one)
        yield one


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Any]:
    """Yields a connection to the app's database, past the app, as its creator."""
    async with connected(url) as connection:
        yield connection


# The tests of isolation pass on "postgres-rls-alone"; here they fail without row-level security


@pytest.mark.processes
async def test_without_filters_and_policies_a_foreign_task_is_read_and_changed(forgetful: FastAPI) -> None:
    ann, bob = Person(forgetful), Person(forgetful)
    task = await ann.create("Hers")

    assert await bob.get(task["id"]) == task
    changed = await bob.put(task["id"], title="His")
    assert await ann.get(task["id"]) == changed


@pytest.mark.processes
@pytest.mark.parametrize("proof", ISOLATION, ids=lambda proof: f"{proof.func.__name__} {proof.keywords}")
async def test_without_filters_and_policies_the_tests_of_isolation_fail(
    forgetful: FastAPI, proof: Callable[..., Awaitable[None]]
) -> None:
    with pytest.raises(AssertionError):
        await proof(Person(forgetful), Person(forgetful))


@pytest.mark.processes
def test_the_statements_there_have_no_owner_filter(forgetful: FastAPI) -> None:
    named = re.compile("|".join(rf"\b{table}\.{column} = \$" for table, column in PROTECTED_TABLES))

    compiled = database_of(forgetful).compiled
    declared = [one for one in STATEMENTS if not is_of_service(one)]
    assert [one.name for one in declared if named.search(compiled[one].sql)] == []
    assert sum(bool(named.search(CompiledStatement.compile(one).sql)) for one in declared) > 30


# The rights of the role


@pytest.mark.processes
@pytest.mark.usefixtures("app")
async def test_row_level_security_is_forced_on_every_table(connection: Any) -> None:
    rows = await connection.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname != 'alembic_version'"
    )

    assert set(SHARED) == {"restores", "time_zone_data", "webhook_endpoint"}
    assert {tuple(row) for row in rows} == {(name, name not in SHARED) for name in SQLModel.metadata.tables}


@pytest.mark.processes
async def test_the_role_has_no_attributes_and_no_other_member(connection: Any, app: FastAPI) -> None:
    role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", await role_of(app))

    assert not any(role[name] for name in role.keys() if isinstance(role[name], bool))  # noqa: SIM118 - a Record
    assert await connection.fetch("SELECT FROM pg_auth_members WHERE member = $1", role["oid"]) == []


@pytest.mark.processes
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM alembic_version",
        "TRUNCATE tasks",
        "INSERT INTO restores VALUES (1, now())",
        "DELETE FROM restores",
        "CREATE TABLE more (id int)",
        "CREATE SCHEMA more",
        "CREATE VIEW all_of_them AS SELECT * FROM tasks",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE more",
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tasks ADD COLUMN more int",
        "CREATE INDEX ON tasks (title)",
        "CREATE POLICY all_of_them ON tasks USING (true)",
        "DROP POLICY taskward_owner_rows ON tasks",
        "CREATE TRIGGER t BEFORE INSERT ON tasks EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TABLE tombstones",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/hostname')",
        "SET row_security = off; SELECT * FROM tasks",
    ],
)
async def test_the_role_can_do_nothing_else(connection: Any, app: FastAPI, statement: str) -> None:
    async with undone(connection):
        await connection.execute(
            f"SET LOCAL ROLE {await role_of(app)}; SET LOCAL taskward.owner = '{uuid4()}'"
        )

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.processes
@pytest.mark.parametrize(("table", "column"), PROTECTED_TABLES)
async def test_in_every_table_it_sees_only_the_rows_of_the_owner(
    connection: Any, app: FastAPI, table: str, column: str
) -> None:
    ann, bob = await owner_of_rows_in_every_table(app), await owner_of_rows_in_every_table(app)
    all_of_them = f"SELECT DISTINCT {column}::text FROM {table}"
    assert {ann, bob} <= {row[0] for row in await connection.fetch(all_of_them)}

    async with undone(connection):
        await connection.execute(f"SET LOCAL ROLE {await role_of(app)}")
        assert await connection.fetch(all_of_them) == []

        await connection.execute(f"SET LOCAL taskward.owner = '{ann}'; SET LOCAL taskward.caller = '{ann}'")
        assert [row[0] for row in await connection.fetch(all_of_them)] == [ann]
        for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            assert (await connection.execute(f"{change} WHERE {column} = '{bob}'")).endswith(" 0")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(f"UPDATE {table} SET {column} = '{bob}'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(
                    copied(table, column, await columns_of(connection, table)), UUID(bob)
                )


@pytest.mark.processes
@pytest.mark.parametrize("owner", ["", "nobody", "00000000-0000-0000-0000-000000000000"])
async def test_without_an_owner_no_row_is_visible(connection: Any, app: FastAPI, owner: str) -> None:
    await Person(app).create()

    async with undone(connection):
        await connection.execute(f"SET LOCAL ROLE {await role_of(app)}; SET LOCAL taskward.owner = '{owner}'")
        try:
            assert await connection.fetch("SELECT * FROM tasks") == []
        except asyncpg.InvalidTextRepresentationError:
            assert owner == "nobody"


# Requests


@pytest.mark.processes
async def test_a_released_connection_has_no_owner(app: FastAPI) -> None:
    ann = Person(app)
    task = await ann.create()
    assert await ann.tasks() == [task]

    async with database_of(app).pool.acquire() as connection:
        assert await whose(connection) == ("login", "", False)
        await connection.execute(f"BEGIN; SET LOCAL ROLE {await role_of(app)}")
        assert await connection.fetch("SELECT * FROM tasks") == []
        await connection.execute("ROLLBACK")


@pytest.mark.processes
async def test_a_connection_has_no_owner_after_a_failure_too(app: FastAPI, connection: Any) -> None:
    ann, role = Person(app), await role_of(app)
    task = await ann.create()
    await connection.execute(f"REVOKE SELECT ON tasks FROM {role}")
    try:
        for request in (
            ann.http.get("/api/tasks"),
            ann.http.put(f"/api/tasks/{task['id']}", json={"title": "x"}),
        ):
            assert refusal(await request) == DATABASE_ERROR
    finally:
        await connection.execute(f"GRANT SELECT ON tasks TO {role}")

    async with database_of(app).pool.acquire() as pooled:
        assert await whose(pooled) == ("login", "", False)
    assert await ann.tasks() == [task]


@pytest.mark.processes
async def test_an_error_of_the_server_is_a_database_error_with_its_reason_in_the_log(
    app: FastAPI, connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    role = await role_of(app)
    await connection.execute(f"REVOKE SELECT ON tasks FROM {role}")
    try:
        answer = await Person(app).http.get("/api/tasks")
        ready = await client_of(app).get("/health/ready")
    finally:
        await connection.execute(f"GRANT SELECT ON tasks TO {role}")

    assert refusal(answer) == DATABASE_ERROR
    assert ready.status_code == 503
    reasons = {
        getattr(record, "reason", None) for record in caplog.records if record.name == "taskward.access"
    }
    assert reasons == {"InsufficientPrivilegeError 42501"}


@pytest.mark.processes
async def test_a_cancelled_request_leaves_no_owner_behind(app: FastAPI) -> None:
    ann = Person(app)
    await ann.create()
    for turn in range(30):
        asking = asyncio.create_task(ann.http.get("/api/tasks"))
        for _ in range(turn):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})

        async with database_of(app).pool.acquire() as connection:
            assert await whose(connection) == ("login", "", False)


async def test_these_statements_run_without_row_level_security() -> None:
    """The other exceptions run no statement of a store: migrations, NOTIFY and LISTEN."""
    found = {one for one in STATEMENTS if isinstance(one, Read) and one.cross_owner}

    assert found == {
        *(COUNTERS, ABANDONED, STORED_VERSION, OWNERS_AFTER, SPACES_AFTER, EXISTING_SPACES),
        *(WAITING, FAILED_BEFORE, UNTRIED, BACKLOG, NEXT_REMINDERS, PASSED_REMINDERS),
        *(OWNERS_OF_EXPIRED, SPACES_OF_ACTIVITY),
    }


@pytest.mark.processes
async def test_the_counters_of_several_owners_are_read(app: FastAPI) -> None:
    owners = [UUID(await owner_of_rows_in_every_table(app)) for _ in range(2)]

    rows = await database_of(app).rows(COUNTERS, {"owners": owners})

    assert {row[0] for row in rows} == set(owners)


@pytest.mark.processes
async def test_a_stream_contains_only_changes_of_the_owner(app: FastAPI) -> None:
    ann = Person(app)
    hers, _ = await ann.create("Hers"), await Person(app).create("His")

    stream = await exchange(app, "GET", "/api/events", headers=[("Authorization", f"Bearer {ann.token}")])

    assert stream.status == 200
    told = [line for line in stream.body.splitlines() if line.startswith(b"data: ")]
    assert [orjson.loads(line.removeprefix(b"data: ")) for line in told] == [upsert(hers)]


@pytest.mark.processes
async def test_an_operator_can_export_with_it(app: FastAPI, url: str) -> None:
    ann, file = Person(app), io.BytesIO()
    await ann.create("Buy milk")
    await Person(app).create("Not hers")

    export = export_to(file, settings_for(url, database_rls=True), UUID(ann.sub), lambda *_: None)
    await asyncio.create_task(export, context=Context())  # without the caller of the requests before

    assert file.getvalue().count(b'"title"') == 1
    assert b'"Buy milk"' in file.getvalue()


# Owners of the tables, and logins that may create roles


class Login(NamedTuple):
    """A login without superuser rights, and the URL of a database that it owns."""

    name: str
    url: str


MakeLogin = Callable[[str], Awaitable[Login]]


@pytest.fixture(scope="module")
def make_login(new_postgres: NewPostgres) -> MakeLogin:
    async def make(rights: str) -> Login:
        url, name = await new_postgres(), f"login_{uuid4().hex}"
        database = urlsplit(url).path[1:]
        await execute_sql(
            url,
            f"CREATE ROLE {name} LOGIN PASSWORD 'no secret' {rights}; "
            f"ALTER DATABASE {database} OWNER TO {name}; GRANT CREATE ON SCHEMA public TO {name}",
        )
        place = urlsplit(url).netloc.rpartition("@")[2]
        return Login(name, urlunsplit(urlsplit(url)._replace(netloc=f"{name}:no%20secret@{place}")))

    return make


@pytest_asyncio.fixture(scope="module")
async def login(make_login: MakeLogin) -> Login:
    """Returns a login that may not create roles, with the service's tables."""
    made = await make_login("NOCREATEROLE")
    await migrate(made.url)
    return made


@pytest.mark.processes
async def test_with_it_off_the_owner_of_the_tables_can_use_the_service(login: Login) -> None:
    async with running(settings_for(login.url)) as app:
        await use(app)


@pytest.mark.processes
async def test_with_it_off_another_login_with_rights_on_the_tables_can_use_the_service(
    login: Login, postgres_url: str
) -> None:
    other = await another(login, postgres_url)

    async with running(settings_for(other.url)) as app:
        await use(app)


@pytest.mark.processes
async def test_the_owner_of_the_tables_gets_every_row_for_a_backup(login: Login) -> None:
    """As `pg_dump --enable-row-security` does; without the option it fails instead of being incomplete."""
    async with running(settings_for(login.url)) as app:
        ann, bob = Person(app), Person(app)
        titles = {(await person.create(uuid4().hex))["title"] for person in (ann, bob)}
    async with connected(login.url) as connection:
        dumped = io.BytesIO()
        await connection.copy_from_query("SELECT title FROM tasks", output=dumped)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SET row_security = off; SELECT * FROM tasks")

    assert titles <= set(dumped.getvalue().decode().split())


@pytest.mark.processes
async def test_a_login_that_may_create_roles_needs_no_administrator(make_login: MakeLogin) -> None:
    login = await make_login("CREATEROLE")

    async with running(settings_for(login.url, database_rls=True)) as app:
        await use(app)
        async with database_of(app).pool.acquire() as connection, undone(connection):
            await connection.execute(f"SET LOCAL ROLE {await role_of(app)}")
            assert await connection.fetch("SELECT * FROM tasks") == []


@pytest.mark.processes
async def test_a_login_that_may_not_gets_the_statements_to_run_and_they_suffice(
    make_login: MakeLogin, postgres_url: str
) -> None:
    login = await make_login("NOCREATEROLE")
    on = settings_for(login.url, database_rls=True)
    with pytest.raises(DatabaseUnusable) as caught:
        async with running(on):
            raise AssertionError("it started")
    async with running(settings_for(login.url)) as app:  # the schema was migrated anyway
        await use(app)

    missing = str(caught.value).removeprefix("DATABASE_RLS is on, and ")
    assert missing.startswith("there is no role taskward_rls_")
    assert await check(login.url, "off") == f"ok    rls       off; to turn it on: {missing}"
    assert await check(login.url, "on") == f"FAIL  rls       DATABASE_RLS is on, and {missing}"

    await execute_sql(postgres_url, missing.partition("run: ")[2])

    assert await check(login.url, "on") == "ok    rls       on"
    assert "rights or policies" in await check(login.url, "off")  # the check above has changed nothing
    async with running(on) as app:
        await use(app)


@pytest.mark.processes
async def test_a_login_that_may_not_become_the_role_gets_an_error(login: Login, postgres_url: str) -> None:
    other = await another(login, postgres_url)
    await execute_sql(postgres_url, (await check(login.url, "on")).partition("run: ")[2])
    await migrate(login.url, rls=True)

    told = await check(other.url, "on")

    assert told.startswith(
        f"FAIL  rls       DATABASE_RLS is on, and {other.name} may not become taskward_rls_"
    )
    await execute_sql(postgres_url, told.partition("run: ")[2])
    async with running(settings_for(other.url, database_rls=True)) as app:
        await use(app)


@pytest.mark.processes
async def test_tables_in_the_logins_own_schema_are_found_with_it(make_login: MakeLogin) -> None:
    """The search path begins with "$user", which is the role while row-level security is on."""
    login = await make_login("CREATEROLE")
    await execute_sql(login.url, f"CREATE SCHEMA {login.name}")

    async with running(settings_for(login.url, database_rls=True)) as app:
        await use(app)


@pytest.mark.processes
async def test_two_databases_of_one_server_are_migrated_at_once(make_login: MakeLogin) -> None:
    logins = [await make_login("CREATEROLE") for _ in range(2)]

    await asyncio.gather(*(migrate(login.url, rls=True) for login in [*logins, *logins]))

    assert len({await role_in(login.url) for login in logins}) == 2


@pytest.mark.processes
async def test_check_reports_complete_policies(protected: str) -> None:
    assert await check(protected, "on") == "ok    rls       on"
    assert await check(protected, "off") == "ok    rls       off; ready to be turned on"


# Repairs and rejections


@pytest_asyncio.fixture(scope="module")
async def protected(new_postgres: NewPostgres) -> str:
    """Returns the URL of a database with complete policies."""
    url = await new_postgres()
    await migrate(url, rls=True)
    return url


@pytest.mark.processes
@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY taskward_owner_rows ON tombstones",
        "DROP POLICY taskward_other_roles ON tasks",
        "REVOKE DELETE ON tasks FROM {role}",
        "REVOKE SELECT ON restores FROM {role}",
        "DROP OWNED BY {role}; DROP ROLE {role}",
    ],
)
async def test_damaged_policies_are_repaired(protected: str, damage: str) -> None:
    whole = await current_policies(protected)
    await execute_sql(protected, damage.format(role=await role_in(protected)))

    async with running(settings_for(protected, database_rls=True)) as app:
        await use(app)
    assert await current_policies(protected) == whole
    assert await check(protected, "off") == "ok    rls       off; ready to be turned on"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("damage", "remedy", "told"),
    [
        (
            "CREATE POLICY more ON tasks USING (true)",
            "DROP POLICY more ON tasks",
            "not set up correctly on tasks",
        ),
        (
            "CREATE POLICY more ON users TO {role} USING (true)",
            "DROP POLICY more ON users",
            "not set up correctly on users",
        ),
        ("GRANT TRUNCATE ON tasks TO {role}", "REVOKE TRUNCATE ON tasks FROM {role}", "correctly on tasks"),
        (
            "GRANT INSERT ON restores TO {role}",
            "REVOKE INSERT ON restores FROM {role}",
            "correctly on restores",
        ),
        ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS", "SUPERUSER nor BYPASSRLS"),
        ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER", "SUPERUSER nor BYPASSRLS"),
        ("GRANT pg_monitor TO {role}", "REVOKE pg_monitor FROM {role}", "a member of no other"),
    ],
)
async def test_policies_that_were_weakened_are_an_error(
    protected: str, damage: str, remedy: str, told: str
) -> None:
    role = await role_in(protected)
    await execute_sql(protected, damage.format(role=role))
    try:
        with pytest.raises(DatabaseUnusable, match=told):
            async with running(settings_for(protected, database_rls=True)):
                raise AssertionError("it started")
    finally:
        await execute_sql(protected, remedy.format(role=role))


@pytest.mark.processes
async def test_weakened_policies_found_after_the_start_fail_all_requests_until_they_are_repaired(
    protected: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the server is down at the start, the service starts without the check."""
    monkeypatch.setattr(migration, "STARTUP_WAIT", 1.0)
    await execute_sql(protected, "CREATE POLICY more ON tasks USING (true)")
    blocker = await asyncpg.connect(protected)
    app = create_app(settings_for(protected, database_rls=True))
    async with AsyncExitStack() as started:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
            await started.enter_async_context(app.router.lifespan_context(app))
        await until(
            lambda: "The database cannot be used as configured; fix it and restart" in caplog.messages
        )
        assert refusal(await Person(app).http.get("/api/tasks")) == DATABASE_ERROR
        assert (await client_of(app).get("/health/ready")).status_code == 503

        await blocker.execute("DROP POLICY more ON tasks")
        await until(lambda: database_of(app).migration.is_done)
        await use(app)
    await blocker.close()


@pytest.mark.processes
async def test_a_copy_of_a_database_has_a_role_of_its_own(protected: str, postgres_url: str) -> None:
    copy = f"copy_{uuid4().hex}"
    url = urlunsplit(urlsplit(protected)._replace(path=f"/{copy}"))
    await execute_sql(postgres_url, f"CREATE DATABASE {copy} TEMPLATE {urlsplit(protected).path[1:]}")

    async with running(settings_for(url, database_rls=True)) as app:
        await use(app)

    assert await role_in(url) != await role_in(protected)
    async with connected(url) as connection:
        await connection.execute(f"SET ROLE {await role_in(protected)}")  # it has its rights there too
        assert await connection.fetch("SELECT * FROM tasks") == []


async def use(app: FastAPI) -> None:
    """Sends the requests of two users to the app."""
    ann, bob = Person(app), Person(app)
    hers, his = await ann.create("Hers"), await bob.create("His")
    changed = await ann.put(hers["id"], title="Still hers")
    assert await ann.tasks() == [changed]
    assert await bob.tasks() == [his]
    assert (await bob.http.get(f"/api/tasks/{hers['id']}")).status_code == 404
    batch = {"operations": [{"op": "create", "task": {"title": "More"}}, {"op": "delete", "id": hers["id"]}]}
    answer = await ann.http.post("/api/tasks/batch", json=batch, headers={"Idempotency-Key": "1"})
    assert answer.status_code == 200
    assert (await ann.http.delete("/api/me")).status_code == 200
    assert await ann.tasks() == []
    assert await bob.tasks() == [his]
    assert (await client_of(app).get("/health/ready")).status_code == 200


async def owner_of_rows_in_every_table(app: FastAPI) -> str:
    """Creates an owner of a row in every table."""
    ann = Person(app)
    await ann.create(labels=["home"])
    await ann.http.delete(f"/api/tasks/{(await ann.create())['id']}")
    commented = [(await ann.create())["id"] for _ in range(2)]
    for task in (*commented, commented[0]):
        comment = await ann.http.post("/api/comments", json={"task_id": task, "text": "x"})
    await ann.http.delete(f"/api/comments/{comment.json()['id']}")
    await ann.http.delete(f"/api/tasks/{commented[1]}", params={"to": "trash"})
    for _ in range(2):
        created = await ann.http.post("/api/lists", json={"title": "Home"})
    await ann.http.delete(f"/api/lists/{created.json()['id']}")
    await ann.http.post("/api/tokens", json={"name": "script", "access": "read"})
    await ann.http.post("/api/tasks", json={"title": "Once"}, headers={"Idempotency-Key": "1"})
    async with database_of(app).pool.acquire() as connection:
        for row in (
            "reminders SELECT $1::uuid, min(id::text)::uuid, 0, now() FROM tasks WHERE user_id = $1::uuid",
            "member_reminders SELECT user_id, user_id, id, 1, '[]', 1 FROM tasks WHERE user_id = $1::uuid",
            "trash_member_reminders SELECT user_id, $1, id, 1, '[]', 1 FROM trash WHERE user_id = $1::uuid",
            "imports VALUES ($1::uuid, $1::uuid, now())",
            "import_tasks VALUES ($1::uuid, $1::uuid, NULL, 'x', 'x', NULL, NULL, true, now(), now())",
            "import_comments VALUES ($1::uuid, $1::uuid, $1::uuid, 'x', NULL, now(), now())",
            "owner_locks VALUES ($1::uuid, 'x', 'x', 1)",
            "webhook_marks (user_id, attempts, is_erased) VALUES ($1::uuid, 0, false)",
            "activity VALUES ($1::uuid, $1::uuid, now(), NULL, 'created')",
            "spaces VALUES ($1::uuid, 'x', false, NULL, now(), now(), 1)",
            "members VALUES ($1::uuid, $1::uuid, NULL, NULL, NULL, now(), NULL, NULL, now(), 1)",
            "memberships VALUES ($1::uuid, $1::uuid, now(), false, 1)",
            "invitations VALUES ($1::uuid, $1::uuid, 'x', 2, 1, 0, now(), NULL, 1, $1::uuid, now())",
        ):
            await connection.execute(f"INSERT INTO {row}", UUID(ann.sub))
    return ann.sub


async def role_of(app: FastAPI) -> str:
    return await role_in(database_of(app).pool.url)


async def role_in(url: str) -> str:
    async with connected(url) as connection:
        role = await connection.fetchval(
            "SELECT rolname FROM pg_policy JOIN pg_roles ON pg_roles.oid = ANY (polroles) "
            "WHERE polname = 'taskward_owner_rows' AND polrelid = 'tasks'::regclass"
        )
    assert re.fullmatch(r"taskward_rls_[0-9]+", role)
    return str(role)


async def current_policies(url: str) -> tuple[Any, ...]:
    async with connected(url) as connection:
        return (
            await connection.fetch(
                "SELECT relname, relrowsecurity, relforcerowsecurity, relacl::text FROM pg_class "
                "WHERE relname = ANY ($1) ORDER BY 1",
                [*(table for table, _ in PROTECTED_TABLES), *SHARED],
            ),
            await connection.fetch("SELECT * FROM pg_policies ORDER BY tablename, policyname"),
        )


async def whose(connection: Any) -> tuple[str, str, bool]:
    """Returns the role and the owner of the connection, and whether it is in a transaction."""
    same, owner = await connection.fetchrow(
        "SELECT current_user = session_user, coalesce(current_setting('taskward.owner', true), '')"
    )
    return "login" if same else "somebody else", owner, connection.is_in_transaction()


async def migrate(url: str, *, rls: bool = False) -> None:
    database = PostgresDatabase(url, 1, rls=rls)
    await database.migrate()
    await database.stop()


async def another(login: Login, postgres_url: str) -> Login:
    """Creates another login for that database, with rights on its present tables."""
    name = f"login_{uuid4().hex}"
    await execute_sql(postgres_url, f"CREATE ROLE {name} LOGIN PASSWORD 'no secret'")
    await execute_sql(login.url, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
    return Login(name, login.url.replace(login.name, name))


async def check(url: str, rls: str) -> str:
    """Returns the line of `taskward check` on row-level security."""
    environment = {"DATABASE_URL": url, "DATABASE_RLS": rls, "LOG_LEVEL": "ERROR"}
    result = await asyncio.to_thread(CliRunner().invoke, cli.app, ["check"], env=environment)
    (line,) = [line for line in result.stdout.splitlines() if line[6:].startswith("rls")]
    return line


async def columns_of(connection: Any, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    return [row[0] for row in rows]


def copied(table: str, column: str, columns: list[str]) -> str:
    """Returns the INSERT of a copy of an existing row, for another owner."""
    others = ", ".join(name for name in columns if name != column)
    return f"INSERT INTO {table} ({column}, {others}) SELECT $1, {others} FROM {table} LIMIT 1"


@asynccontextmanager
async def undone(connection: Any) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
