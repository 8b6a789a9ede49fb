"""PostgreSQL stopped, restarted, slow, failing over: success or documented errors, usable again in 5 s.

A 503 SERVICE_UNAVAILABLE is allowed if all connections of the pool can be in use.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from uuid import uuid4

import pytest
from faults.fault_assertions import SLACK, assert_recovered
from faults.fault_report import Observe, ObserveLoad
from faults.load import DATABASE_ERROR, SUCCESS, UNAVAILABLE, outcome, under_load
from faults.own_postgres import DATABASE, USER, Mode, OwnPostgres
from faults.services import PROMISED, service

from taskward.database.postgres import pool
from taskward.database.postgres.outage import FAILOVER_WAIT

OURS = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{USER}'"  # noqa: S608 - our own name


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: down at the start")
async def test_a_service_starts_without_its_server_and_is_ready_once_it_is_there(
    server: OwnPostgres, observe: Observe
) -> None:
    await server.stop()
    async with service(server.url) as one, one.client_of(str(uuid4())) as client:
        assert not await one.is_ready()
        begun = monotonic()
        assert outcome(await client.get("/api/tasks")) == DATABASE_ERROR
        took = monotonic() - begun
        await server.start()
        back = await one.until_ready()

        assert (await client.post("/api/tasks", json={"title": "Buy milk"})).status_code == 201
    observe(f"not ready; {DATABASE_ERROR}", longest=took, back=back)
    assert back < PROMISED


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: the password is wrong at the start, and then right")
async def test_a_service_with_a_wrong_password_is_ready_once_it_is_right(
    server: OwnPostgres, observe: Observe
) -> None:
    new_password = "hush-and-later-right"
    async with service(server.url_by(server.port, new_password)) as one:
        async with one.client_of(str(uuid4())) as client:
            assert not await one.is_ready()
            begun = monotonic()
            assert outcome(await client.post("/api/tasks", json={"title": "Buy milk"})) == DATABASE_ERROR
            took = monotonic() - begun
            await server.execute(f"""ALTER ROLE "{USER}" PASSWORD '{new_password}'""")
            back = await one.until_ready()

            assert (await client.post("/api/tasks", json={"title": "Buy milk"})).status_code == 201
        assert not any(new_password in line for line in one.lines)
    observe(f"not ready; {DATABASE_ERROR}", longest=took, back=back)
    assert back < PROMISED


@pytest.mark.processes
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(
            "smart",
            marks=[
                pytest.mark.soak,
                pytest.mark.fault("PostgreSQL: stopped (smart, then fast), started again"),
            ],
        ),
        pytest.param("fast", marks=pytest.mark.fault("PostgreSQL: stopped (fast), started again")),
        pytest.param(
            "immediate",
            marks=[pytest.mark.soak, pytest.mark.fault("PostgreSQL: stopped (immediate), started again")],
        ),
    ],
)
async def test_a_server_that_is_stopped_under_load(
    server: OwnPostgres, mode: Mode, observe_load: ObserveLoad
) -> None:
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        await server.stop(mode, wait=mode != "smart")
        if mode == "smart":  # which waits until all clients have left; connected ones stay
            await load.until_answered(20, SUCCESS)
            await server.stop("fast")
        await load.until_answered(20, DATABASE_ERROR)
        assert not await one.is_ready()
        await server.start()
        # A server that refuses connections may be replaced by another one: requests wait for that long.
        longest = FAILOVER_WAIT + SLACK
        await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE, longest=longest)
        assert await one.is_ready()


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: our sessions ended (`pg_terminate_backend`), ten times")
async def test_sessions_that_are_ended_under_load(server: OwnPostgres, observe_load: ObserveLoad) -> None:
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        for _ in range(10):
            assert await server.value(OURS) > 0
            await load.until_answered(20)
        await assert_recovered(load, observe_load, DATABASE_ERROR, longest=SLACK)
        reads_failed = [line for line in one.lines if '"method":"GET"' in line and '"status":500' in line]
        assert reads_failed == []


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: a session is ended in the middle of a read")
async def test_a_read_whose_session_is_ended_runs_once_more(server: OwnPostgres, observe: Observe) -> None:
    async with service(server.url) as one, one.client_of(str(uuid4())) as client:
        await client.post("/api/tasks", json={"title": "Buy milk"})
        for _ in range(5):
            assert await server.value(OURS) > 0
            begun = monotonic()
            answer = await client.get("/api/tasks")
            assert (answer.status_code, len(answer.json()["tasks"])) == (200, 1)
    observe(f"5 \N{MULTIPLICATION SIGN} {SUCCESS}", longest=monotonic() - begun)


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: read-only (`default_transaction_read_only`), then not")
async def test_a_server_that_only_reads(server: OwnPostgres, observe_load: ObserveLoad) -> None:
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        await server.execute(f'ALTER DATABASE "{DATABASE}" SET default_transaction_read_only = on')
        await server.value(OURS)
        await load.until_answered(20, DATABASE_ERROR)
        await load.until_answered(20, SUCCESS)
        assert await one.is_ready()
        await server.execute(
            f'ALTER DATABASE "{DATABASE}" RESET default_transaction_read_only', database="postgres"
        )
        # The sessions that there are go on reading only: like those to a primary that is one no more.
        await assert_recovered(load, observe_load, DATABASE_ERROR, longest=SLACK)
        reads_failed = [line for line in one.lines if '"method":"GET"' in line and '"status":500' in line]
        assert reads_failed == []


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: sessions left on what was the primary and only reads now")
async def test_a_write_on_a_session_that_only_reads_goes_to_a_new_one(
    server: OwnPostgres, observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "SUSPECT_AFTER", 0.0)  # so that it may be asked again at once
    async with service(server.url) as one, one.client_of(str(uuid4())) as client:
        await server.execute(f'ALTER DATABASE "{DATABASE}" SET default_transaction_read_only = on')
        await server.value(OURS)
        await asyncio.gather(*(client.get("/api/tasks") for _ in range(4)))
        await server.execute(
            f'ALTER DATABASE "{DATABASE}" RESET default_transaction_read_only', database="postgres"
        )
        begun = monotonic()
        for n in range(4):
            assert (await client.post("/api/tasks", json={"title": f"Task {n}"})).status_code == 201
        assert len((await client.get("/api/tasks")).json()["tasks"]) == 4
    observe(f"4 \N{MULTIPLICATION SIGN} {SUCCESS}", longest=monotonic() - begun, back=0)


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: fewer connections than the pool would like")
async def test_a_server_that_gives_fewer_connections_than_asked_for(
    server: OwnPostgres, observe_load: ObserveLoad
) -> None:
    await server.execute(f'ALTER ROLE "{USER}" CONNECTION LIMIT 2')
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        await load.until_answered(60)
        await assert_recovered(load, observe_load, longest=SLACK)


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: no connection to be had (`max_connections` used up), then there is")
async def test_a_server_that_gives_no_connections(server: OwnPostgres, observe_load: ObserveLoad) -> None:
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        await server.execute(f'ALTER ROLE "{USER}" CONNECTION LIMIT 0')
        await server.value(OURS)
        await load.until_answered(20, DATABASE_ERROR)
        await server.execute(f'ALTER ROLE "{USER}" CONNECTION LIMIT -1')
        await assert_recovered(load, observe_load, DATABASE_ERROR, longest=SLACK)


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: the table of tasks locked by another session")
async def test_a_lock_that_is_held(server: OwnPostgres, deadline: float, observe_load: ObserveLoad) -> None:
    async with service(server.url) as one, under_load(one.client_of) as load:
        load.fault_begins()
        async with locked(server, "LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE"):
            await load.until_answered(6, DATABASE_ERROR)
        await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE, longest=deadline + SLACK)


@pytest.mark.processes
@pytest.mark.fault("PostgreSQL: one user's row locked by another session")
async def test_a_locked_row_delays_no_other_user(
    server: OwnPostgres, deadline: float, observe: Observe
) -> None:
    async with (
        service(server.url) as one,
        one.client_of(str(uuid4())) as ann,
        one.client_of(str(uuid4())) as bob,
    ):
        owner = (await ann.post("/api/tasks", json={"title": "Buy milk"})).json()["user_id"]
        async with locked(server, f"UPDATE users SET seq = seq WHERE id = '{owner}'"):  # noqa: S608 - our own
            begun = monotonic()
            refused = await ann.post("/api/tasks", json={"title": "Buy bread"})
            took = monotonic() - begun
            assert outcome(refused) == DATABASE_ERROR
            assert (await bob.post("/api/tasks", json={"title": "Buy bread"})).status_code == 201
            assert (await ann.get("/api/tasks")).status_code == 200
        assert (await ann.post("/api/tasks", json={"title": "Buy bread"})).status_code == 201
        assert len((await ann.get("/api/tasks")).json()["tasks"]) == 2
    observe(f"that user's writes: {DATABASE_ERROR}; everything else: {SUCCESS}", longest=took, back=0)
    assert took < deadline + SLACK


@asynccontextmanager
async def locked(server: OwnPostgres, statement: str) -> AsyncIterator[None]:
    """Holds the locks of the statement while the block runs."""
    connection = await server.connect()
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()
