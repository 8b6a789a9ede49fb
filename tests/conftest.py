"""Fixtures of all tests: an app on each engine, and two users."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import cache

import httpx
import hypothesis
import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx._transports import default

from taskward.database import DATABASE
from taskward.database.postgres import migrate, pool
from taskward.http import admission

gc.disable()  # imports and collection make no garbage, and looking for it takes a fifth of their time

pytest.register_assert_rewrite("support", "observability.metrics_page")

from support import (  # noqa: E402 - once its asserts can explain themselves
    BreakDatabase,
    Broken,
    MakeDatabase,
    Person,
    citus,
    client_of,
    engines,
    processes,
    quick,
    replace_part,
    running,
    settings_for,
    stepwise,
)
from support.fork_server import compile_statements  # noqa: E402 - once its asserts can explain themselves
from support.openapi_check import documented  # noqa: E402 - as above
from support.owner_filter_mutation import drop_owner_filters  # noqa: E402 - as above
from support.postgres_connection import last_connection  # noqa: E402 - as above
from support.postgres_server import PostgresServer  # noqa: E402 - as above
from support.workers import Workers  # noqa: E402 - as above

# A busy machine is no failure. `make soak` tries more examples.
hypothesis.settings.register_profile("full", deadline=None, max_examples=30)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)

BEHIND_RLS = {
    *("test_creating", "test_updating", "test_deleting", "test_batch", "test_execution", "test_feed"),
    *("test_me", "test_export", "test_import", "test_erasure", "test_users", "test_counter"),
    "test_isolation",
    *("test_field_requests", "test_my_lists", "test_list_deletion", "test_mixed_batch", "test_kinds"),
    *("test_labels", "test_import_domain", "test_subtasks", "test_ordering", "test_client_ids"),
    *("test_devices", "test_pending_reminders", "test_trash_model", "test_tokens", "test_comments"),
}
"""The files whose tests run behind row-level security too. All tests with two users also run on it alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    engines.add_option(parser)
    parser.addoption("--quick", action="store_true", help="only tests in memory that start no process")
    parser.addoption("--workers", type=int, default=0, help="run the tests in that many processes")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("quick" if config.getoption("quick") else "full")
    if count := config.getoption("workers"):
        config.pluginmanager.register(Workers(count))
        if (citus.IS_STEPWISE or not config.getoption("quick")) and processes.can_fork({}):
            processes.fork_server()  # one for all workers; it imports while this process collects the tests


def pytest_collection_finish(session: pytest.Session) -> None:
    """Makes what each worker would; collects garbage from now on, seldom, and never what there is already."""
    if session.config.getoption("workers"):
        compile_statements()
        documented()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        selected = engines.select(items, [engines.MEMORY]) & quick.select(items)
    else:
        selected = set() if citus.IS_STEPWISE else engines.select(items, config.getoption("engines"))
    if citus.IS_STEPWISE:
        selected |= stepwise.select(config, items)
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = [item for item in items if item in selected]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that uses the fixture `engine` on the engines that are asked for."""
    parametrized = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" not in metafunc.fixturenames or parametrized:
        return
    metafunc.parametrize("engine", engines_of(metafunc), indirect=True, scope="session")


def engines_of(metafunc: pytest.Metafunc) -> list[str]:
    is_quick = metafunc.config.getoption("quick")
    if citus.IS_STEPWISE and not (is_quick and stepwise.reason_to_leave_out(metafunc.definition)):
        return stepwise.engines(engines.marked(metafunc))
    behind_rls = [engines.RLS] if metafunc.module.__name__ in BEHIND_RLS else []
    if "bob" in metafunc.fixturenames:
        behind_rls.append(engines.RLS_ALONE)
    return engines.of_test(metafunc, behind_rls)


@pytest.fixture(scope="session", autouse=True)
def _a_slow_machine_is_no_overload() -> Iterator[None]:
    """Prevents rejections because this machine is busy; tests of rejections set their own limits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(admission, "QUEUE_TIMEOUT", 8.0)
        patched.setattr(pool, "ACQUIRE_TIMEOUT", 8.0)
        # Else a start continues in the background, while the test takes the database as it is.
        patched.setattr(migrate, "STARTUP_WAIT", 30.0 if citus.CLUSTER_URL else 12.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_processes_in_a_quick_run(pytestconfig: pytest.Config) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        if pytestconfig.getoption("quick") and not citus.IS_STEPWISE:
            quick.forbid_processes(patched)
        yield


for name in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[name]  # of the machine's own; a test that wants traces says so

# A TLS context takes 20 ms, and each client over the network makes one.
default.create_ssl_context = cache(default.create_ssl_context)  # type: ignore[attr-defined] # it imports it

# httpx looks for it at each request; without this entry, Python searches all of its path each time.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type] # typeshed knows no missing modules


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest_asyncio.fixture(scope="session", autouse=True)
async def _close_last_connection(postgres_server: PostgresServer) -> AsyncIterator[None]:  # noqa: ARG001 - it ends after this
    yield
    await last_connection.close()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """Returns the URL of a real PostgreSQL."""
    return postgres_server.url


@pytest.fixture(scope="session")
def new_postgres(postgres_server: PostgresServer) -> Callable[[], Awaitable[str]]:
    """Returns a function that creates an empty database on that server and returns its URL."""
    return postgres_server.new_database


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Returns a function that creates a database: on PostgreSQL a migrated one, on SQLite an empty one."""
    return _maker(postgres_server.new_migrated_database, tmp_path_factory)


@pytest.fixture(scope="session")
def new_empty_database(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> MakeDatabase:
    """Returns a function that creates a database without a schema."""
    return _maker(postgres_server.new_database, tmp_path_factory)


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
async def app_on(new_database: MakeDatabase) -> AsyncIterator[Callable[[str], Awaitable[FastAPI]]]:
    """Yields a function that returns the running app of an engine, started when it is first needed."""
    started: dict[str, FastAPI] = {}
    async with AsyncExitStack() as apps:

        async def app_on(engine: str) -> FastAPI:
            if engine not in started:
                rls = engine in {engines.RLS, engines.RLS_ALONE}
                settings = settings_for(await new_database(engine), database_rls=rls)
                started[engine] = await apps.enter_async_context(running(settings))
                if engine == engines.RLS_ALONE:
                    drop_owner_filters(started[engine])
            return started[engine]

        yield app_on


@pytest_asyncio.fixture(scope="session")
async def app(engine: str, app_on: Callable[[str], Awaitable[FastAPI]]) -> FastAPI:
    """Returns a running app on that engine, shared by the tests: each has users of its own."""
    return await app_on(engine)


@pytest.fixture
def ann(app: FastAPI) -> Person:
    return Person(app)


@pytest.fixture
def bob(app: FastAPI) -> Person:
    return Person(app)


@pytest.fixture
def stranger(app: FastAPI) -> httpx.AsyncClient:
    """Returns a client without a token."""
    return client_of(app)


@pytest.fixture(scope="session", params=["disk", "postgres"])
async def two_apps(
    request: pytest.FixtureRequest, new_database: MakeDatabase
) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """Yields two apps on one database, as two processes would be."""
    settings = settings_for(await new_database(request.param))
    async with running(settings) as one, running(settings) as other:
        yield one, other


@pytest.fixture
def break_database(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> BreakDatabase:
    return lambda error: replace_part(monkeypatch, app, DATABASE, Broken(error))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails in CI, where everything is installed, if a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
