"""A commit that waits for its synchronous standby is not acknowledged, and not made visible, before."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from faults.fault_report import Observe
from faults.load import DATABASE_ERROR, outcome
from faults.own_postgres import USER, OwnPostgres, standby_of
from faults.services import Service, service
from support.waiting import TIMEOUT

from taskward.database.postgres import deadlines

pytestmark = pytest.mark.processes

WAITING = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{USER}' AND wait_event = 'SyncRep'"  # noqa: S608 - our own name
CANCEL = WAITING.replace("count(*)", "count(pg_cancel_backend(pid))")
STORED = "SELECT count(*) FROM tasks WHERE title = 'Unreplicated'"
CANCELLED = "due to user request"
"""The message in the server's log for each effective cancel request."""

NEW = {"title": "Unreplicated"}
WRITES = ["create", "batch", pytest.param("creates together", marks=pytest.mark.soak)]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def standby(shared_server: OwnPostgres) -> AsyncIterator[OwnPostgres]:
    """Yields a standby without which the server acknowledges nothing."""
    async with standby_of(shared_server, synchronous=True) as other:
        yield other


@pytest_asyncio.fixture(loop_scope="session", params=["plain", pytest.param("rls", marks=pytest.mark.soak)])
async def one(
    request: pytest.FixtureRequest, server: OwnPostgres, standby: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """Yields a service whose writes have 2 s."""
    standby.resume()
    monkeypatch.setattr(deadlines, "STATEMENT_TIMEOUT", 2.0)
    rls = request.param == "rls"
    if rls:
        await server.execute(f'ALTER ROLE "{USER}" CREATEROLE')
    async with service(server.url, database_rls=rls) as running:
        yield running


async def known(one: Service, number: int = 2) -> list[httpx.AsyncClient]:
    """Returns clients of people who have a task already."""
    clients = [one.client_of(str(uuid4())) for _ in range(number)]
    for client in clients:
        assert (await client.post("/api/tasks", json={"title": "Known"})).status_code == 201
    return clients


def send(clients: list[httpx.AsyncClient], write: str) -> "list[asyncio.Task[httpx.Response]]":
    client, *others = clients
    if write == "batch":
        operations = {"operations": [{"op": "create", "task": NEW}]}
        requests = [client.post("/api/tasks/batch", json=operations)]
    elif write == "creates together":
        requests = [each.post("/api/tasks", json=NEW) for each in (client, *others)]
    else:
        requests = [client.post("/api/tasks", json=NEW)]
    return [asyncio.create_task(request) for request in requests]


async def until_waiting(server: OwnPostgres) -> None:
    async with asyncio.timeout(2 * TIMEOUT):
        while not await server.value(WAITING):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.fault("Synchronous replication: the wait for a standby cancelled (`pg_cancel_backend`)")
async def test_a_cancelled_wait_is_no_success(
    server: OwnPostgres, standby: OwnPostgres, one: Service, write: str, observe: Observe
) -> None:
    clients = await known(one)
    standby.pause()
    begun = monotonic()
    answers = send(clients, write)
    await until_waiting(server)
    assert await server.value(CANCEL) > 0
    async with asyncio.timeout(2 * TIMEOUT):
        seen = {outcome(await answer) for answer in answers}
    took = monotonic() - begun
    standby.resume()

    assert seen == {DATABASE_ERROR}
    assert took < deadlines.STATEMENT_TIMEOUT + 2
    assert (await clients[0].post("/api/tasks", json={"title": "Again"})).status_code == 201
    observe(f"{DATABASE_ERROR}, never a success", longest=took, back=0)


@pytest.mark.fault("Synchronous replication: the wait cancelled, and the request repeated with its key")
async def test_a_repeated_key_is_no_success_before_the_standby_has_the_write(
    server: OwnPostgres, standby: OwnPostgres, one: Service, observe: Observe
) -> None:
    (client,) = await known(one, 1)
    headers = {"Idempotency-Key": "one"}
    standby.pause()
    first = asyncio.create_task(client.post("/api/tasks", json=NEW, headers=headers))
    await until_waiting(server)
    await server.value(CANCEL)
    seen = [outcome(await first)]
    assert await server.value(STORED) == 1
    begun = monotonic()
    seen.append(outcome(await client.post("/api/tasks", json=NEW, headers=headers)))
    took = monotonic() - begun
    standby.resume()
    async with asyncio.timeout(2 * TIMEOUT):
        while (again := await client.post("/api/tasks", json=NEW, headers=headers)).is_error:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)

    assert seen == [DATABASE_ERROR, DATABASE_ERROR]
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert await server.value(STORED) == 1
    observe(
        f"{DATABASE_ERROR} until the standby has the write, then the stored response", longest=took, back=0
    )


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.fault("Synchronous replication: the only standby stopped for longer than a write's deadline")
async def test_a_write_whose_time_is_over_is_not_cancelled(
    server: OwnPostgres, standby: OwnPostgres, one: Service, write: str, observe: Observe
) -> None:
    clients = await known(one)
    before = log_of(server).count(CANCELLED)
    standby.pause()
    begun = monotonic()
    answers = send(clients, write)
    async with asyncio.timeout(2 * TIMEOUT):
        seen = {outcome(await answer) for answer in answers}
    took = monotonic() - begun
    await asyncio.sleep(0.3)  # for a cancel request to arrive, were there one
    visible, waiting = await server.value(STORED), await server.value(WAITING)
    readable = await asyncio.gather(*(client.get("/api/tasks") for client in clients))
    standby.resume()
    async with asyncio.timeout(2 * TIMEOUT):
        while await server.value(STORED) < len(answers):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
    again = await asyncio.gather(*(client.post("/api/tasks", json={"title": "Again"}) for client in clients))

    assert seen == {DATABASE_ERROR}
    assert visible == 0
    assert waiting > 0
    assert log_of(server).count(CANCELLED) == before
    assert [len(answer.json()["tasks"]) for answer in readable] == [1, 1]
    assert {answer.status_code for answer in again} == {201}
    observe(
        f"{DATABASE_ERROR}; the write is visible once the standby has it, not before", longest=took, back=0
    )
    assert took < deadlines.STATEMENT_TIMEOUT + 2


async def test_a_client_that_goes_away_cancels_no_write(
    server: OwnPostgres, standby: OwnPostgres, one: Service
) -> None:
    clients = await known(one)
    before = log_of(server).count(CANCELLED)
    standby.pause()
    for write in ("create", "batch"):
        (task,) = send(clients[:1] if write == "create" else clients[1:], write)
        await until_waiting(server)
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.sleep(0.3)
    visible = await server.value(STORED)
    standby.resume()

    assert visible == 0
    assert log_of(server).count(CANCELLED) == before


async def test_a_warning_of_a_trigger_is_none(
    server: OwnPostgres, standby: OwnPostgres, one: Service
) -> None:
    assert await standby.is_running()
    (client,) = await known(one, 1)
    await server.execute(
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE WARNING 'look at this'; RETURN NEW; END $$",
        "CREATE TRIGGER warn BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION warn()",
    )
    assert (await client.post("/api/tasks", json={"title": "Warned of"})).status_code == 201


def log_of(server: OwnPostgres) -> str:
    return (server.folder / "log").read_text()
