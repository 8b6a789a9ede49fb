"""The network between Taskward and PostgreSQL: slow, silent, broken off, forgetful."""

import asyncio
from time import monotonic
from uuid import uuid4

import pytest
from faults.fault_assertions import SLACK, assert_recovered
from faults.fault_report import Observe, ObserveLoad
from faults.load import DATABASE_ERROR, SUCCESS, UNAVAILABLE, outcome, under_load
from faults.own_postgres import OwnPostgres
from faults.services import PROMISED, service, service_behind_proxy
from faults.tcp_proxy import tcp_proxy
from support import database_of

from taskward.database.postgres.connection import CANCEL_TIMEOUT
from taskward.database.postgres.notifications import FLUSH_TIMEOUT

COUNT_UPDATES = (
    "CREATE TABLE updates ()",
    (
        "CREATE FUNCTION count_update() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO updates DEFAULT VALUES; RETURN NEW; END $$"
    ),
    "GRANT INSERT ON updates TO PUBLIC",
    "CREATE TRIGGER count_update AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION count_update()",
)
"""Makes the server count the committed updates of tasks."""


@pytest.mark.soak
@pytest.mark.fault("Network: every packet takes 0.1 s")
async def test_a_slow_network(server: OwnPostgres, observe_load: ObserveLoad) -> None:
    async with (
        service_behind_proxy(server) as (proxy, one),
        under_load(one.client_of) as load,
    ):
        load.fault_begins()
        proxy.delay = 0.1
        await load.until_answered(40)
        proxy.delay = 0.0
        await assert_recovered(load, observe_load, longest=SLACK)


@pytest.mark.processes
@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            "go_on",
            marks=[pytest.mark.soak, pytest.mark.fault("Network: a black hole, and then all packets arrive")],
        ),
        pytest.param(
            "cut",
            marks=[
                pytest.mark.soak,
                pytest.mark.fault("Network: a black hole, and then resets"),
            ],
        ),
        pytest.param(
            "forget",
            marks=pytest.mark.fault("Network: a black hole, and old connections stay dead and silent"),
        ),
    ],
)
async def test_a_black_hole(
    server: OwnPostgres, after: str, deadline: float, observe_load: ObserveLoad
) -> None:
    async with (
        service_behind_proxy(server) as (proxy, one),
        under_load(one.client_of) as load,
    ):
        load.fault_begins()
        proxy.swallow()
        await load.until_answered(6, DATABASE_ERROR)
        assert not await one.is_ready()
        getattr(proxy, after)()
        proxy.go_on()
        await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE, longest=deadline + SLACK)


@pytest.mark.processes
@pytest.mark.fault("Network: all idle connections dead and silent, as a firewall leaves them")
async def test_idle_connections_that_died_in_silence_cost_one_deadline_and_not_one_each(
    server: OwnPostgres, deadline: float, observe: Observe
) -> None:
    async with (
        service_behind_proxy(server) as (proxy, one),
        one.client_of(str(uuid4())) as client,
    ):
        await asyncio.gather(*(client.get("/api/tasks") for _ in range(8)))
        proxy.forget()
        begun = monotonic()
        assert outcome(await client.get("/api/tasks")) == DATABASE_ERROR
        took = monotonic() - begun
        for _ in range(8):
            assert (await client.get("/api/tasks")).status_code == 200
    observe(f"one {DATABASE_ERROR}, then {SUCCESS}", longest=took, back=0)
    assert took < deadline + SLACK


@pytest.mark.processes
@pytest.mark.fault("Network: cut after a write has arrived and before its answer")
async def test_a_write_that_may_have_been_committed_is_not_run_again(
    server: OwnPostgres, observe: Observe
) -> None:
    async with (
        service_behind_proxy(server, database_pool_size=1) as (proxy, one),
        one.client_of(str(uuid4())) as client,
    ):
        path = (await client.post("/api/tasks", json={"title": "Task"})).headers["location"]
        await server.execute(*COUNT_UPDATES)
        for n in range(3):
            assert (await client.put(path, json={"title": f"First {n}"})).status_code == 200
            await database_of(one.app)._notifier.stop()  # so that the next to ask is the next write
            proxy.cuts_the_answer_to = f"Second {n}".encode()
            assert outcome(await client.put(path, json={"title": f"Second {n}"})) == DATABASE_ERROR
            assert (await client.get(path)).json()["title"] == f"Second {n}"
            assert await server.value("SELECT count(*) FROM updates") == 2 * (n + 1)
    observe(DATABASE_ERROR, back=0, lost="nothing; such a write was committed, once")


KEYED = (
    ("/api/tasks", b"Keyed 0"),
    ("/api/tasks/batch", b"BEGIN"),
    ("/api/tasks/batch", b"Keyed 2"),
    ("/api/tasks/batch", b"COMMIT"),
)
"""Requests, and the part of each whose answer is lost."""


@pytest.mark.processes
@pytest.mark.fault("Network: cut after a write with a key has arrived and before its answer")
async def test_a_write_with_a_key_is_found_or_run_again(server: OwnPostgres, observe: Observe) -> None:
    async with (
        service_behind_proxy(server, database_pool_size=1) as (proxy, one),
        one.client_of(str(uuid4())) as client,
    ):
        assert (await client.post("/api/tasks", json={"title": "Task"})).status_code == 201
        for n, (path, text) in enumerate(KEYED):
            await database_of(one.app)._notifier.stop()  # so that the next to ask is the next write
            task = {"title": f"Keyed {n}"}
            body = task if path == "/api/tasks" else {"operations": [{"op": "create", "task": task}]}
            headers = {"Idempotency-Key": str(n)}
            proxy.cuts_the_answer_to = text
            first = await client.post(path, json=body, headers=headers)
            assert proxy.cuts_the_answer_to == b""
            assert first.is_success, first.text
            assert (await client.post(path, json=body, headers=headers)).content == first.content
        titles = [task["title"] for task in (await client.get("/api/tasks")).json()["tasks"]]
        assert titles == [*(f"Keyed {n}" for n in reversed(range(len(KEYED)))), "Task"]
    observe(SUCCESS, back=0, lost="nothing; such a write was committed, once")


@pytest.mark.processes
async def test_a_transaction_runs_again_only_if_its_commit_was_not_sent(server: OwnPostgres) -> None:
    async with (
        service_behind_proxy(server, database_pool_size=1) as (proxy, one),
        one.client_of(str(uuid4())) as client,
    ):
        assert (await client.post("/api/tasks", json={"title": "Task"})).status_code == 201
        for text, expected in ((b"BEGIN", SUCCESS), (b"Title", SUCCESS), (b"COMMIT", DATABASE_ERROR)):
            await database_of(one.app)._notifier.stop()
            proxy.cuts_the_answer_to = text
            operations = {"operations": [{"op": "create", "task": {"title": f"Title {expected}"}}]}
            answer = await client.post("/api/tasks/batch", json=operations)
            assert proxy.cuts_the_answer_to == b""
            assert (outcome(answer) if answer.is_error else SUCCESS) == expected
        titles = [task["title"] for task in (await client.get("/api/tasks")).json()["tasks"]]
        assert titles == [f"Title {one}" for one in (DATABASE_ERROR, SUCCESS, SUCCESS)] + ["Task"]


@pytest.mark.processes
@pytest.mark.fault("Network: a black hole at the start, and then none")
async def test_a_black_hole_at_the_start(server: OwnPostgres, deadline: float, observe: Observe) -> None:
    async with tcp_proxy(server.port) as proxy:
        proxy.swallow()
        async with service(server.url_by(proxy.port)) as one, one.client_of(str(uuid4())) as client:
            begun = monotonic()
            assert outcome(await client.get("/api/tasks")) == DATABASE_ERROR
            took = monotonic() - begun
            proxy.go_on()
            back = await one.until_ready()
            assert (await client.post("/api/tasks", json={"title": "Buy milk"})).status_code == 201
    observe(f"not ready; {DATABASE_ERROR}", longest=took, back=back)
    assert took < deadline + SLACK
    assert back < PROMISED


@pytest.mark.processes
@pytest.mark.fault("Network: a black hole while the service stops")
async def test_a_black_hole_does_not_delay_the_shutdown(server: OwnPostgres, observe: Observe) -> None:
    async with tcp_proxy(server.port) as proxy:
        async with service(server.url_by(proxy.port)) as one, under_load(one.client_of) as load:
            await load.stop()
            proxy.swallow()
            begun = monotonic()
        took = monotonic() - begun
    observe("it ended in good order", back=took)
    assert took < CANCEL_TIMEOUT + FLUSH_TIMEOUT + 2 * SLACK
