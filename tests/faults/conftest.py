"""Fixtures of the fault tests: a server of their own, shorter deadlines, and a place for what they see."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

pytest.register_assert_rewrite("faults.load", "faults.services", "faults.fault_assertions")

from faults.fault_report import Observe, ObserveLoad, Row, seconds, write_table  # noqa: E402 - as above
from faults.load import Audit, Load, describe_results  # noqa: E402 - once its asserts can explain themselves
from faults.own_postgres import OwnPostgres, own_postgres  # noqa: E402 - as above
from support import MakeDatabase  # noqa: E402 - as above

from taskward.database.postgres import connector, deadlines, outage  # noqa: E402 - as above

ROW = "row of docs/reliability.md"
WAITING = {"test_takeover"}
"""The files whose tests are of the beginning of an outage."""

ROWS: dict[str, Row] = {}
"""The results by fault; if a fault is injected twice, the last one counts."""


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Observe:
    """Returns a function that records a row of the table; of a test without a fault's name, nothing."""
    marker = request.node.get_closest_marker("fault")

    def note(
        saw: str, *, longest: float | None = None, back: float | None = None, lost: str = "nothing"
    ) -> None:
        if marker is None:
            return
        row = (marker.args[0], saw, seconds(longest), seconds(back), lost)
        request.node.user_properties.append((ROW, row))  # plain texts, for they go to another process

    return note


@pytest.fixture
def observe_load(observe: Observe) -> ObserveLoad:
    """Returns a function that notes what the users saw who were at work."""

    def note(load: Load, audit: Audit) -> None:
        observe(describe_results(load.seen()), longest=load.longest(), back=load.back_after, lost=str(audit))

    return note


@pytest.fixture(autouse=True)
def _a_short_wait_for_a_primary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the wait of most tests, which are of an outage that lasts longer."""
    if request.module.__name__ not in WAITING and not request.node.get_closest_marker("soak"):
        monkeypatch.setattr(outage, "FAILOVER_WAIT", 0.3)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_server() -> AsyncIterator[OwnPostgres]:
    async with own_postgres() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def server(shared_server: OwnPostgres) -> AsyncIterator[OwnPostgres]:
    """Yields a running server with an empty database, for any state that the test before has left."""
    if not await shared_server.is_running():
        await shared_server.start()
    await shared_server.empty()
    yield shared_server
    if not await shared_server.is_running():
        await shared_server.start()


@pytest_asyncio.fixture(params=["disk", "postgres"])
async def url(request: pytest.FixtureRequest, new_database: MakeDatabase) -> str:
    """Returns the URL of a new database, on each engine."""
    return await new_database(request.param)


@pytest.fixture(
    params=[pytest.param(1.5, id="shorter"), pytest.param(None, id="real", marks=pytest.mark.soak)]
)
def deadline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Returns the deadline of a statement and of connecting, in seconds; the real one takes its time."""
    if request.param is not None:
        monkeypatch.setattr(deadlines, "STATEMENT_TIMEOUT", request.param)
        monkeypatch.setattr(connector, "CONNECT_TIMEOUT", request.param)
    return deadlines.STATEMENT_TIMEOUT


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Records the results of a test after its assertions."""
    for name, row in report.user_properties:
        if name == ROW and report.when == "call" and report.passed:
            texts = [str(text) for text in cast("list[str]", row)]
            ROWS[texts[0]] = Row(*texts)


def pytest_sessionfinish() -> None:
    """Writes the table, if that was asked for."""
    if page := os.environ.get("RELIABILITY_TABLE"):
        write_table(Path(page), ROWS.values())
