"""A `DATABASE_URL` with several hosts: one may be silent, gone or a standby, the primary is found."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
import pytest_asyncio
from faults.fault_assertions import assert_recovered
from faults.fault_report import Observe, ObserveLoad
from faults.load import DATABASE_ERROR, SUCCESS, UNAVAILABLE, outcome, under_load
from faults.own_postgres import STANDBY, OwnPostgres, folder_of_its_own, free_port, standby_of
from faults.services import PROMISED, service, serving
from support import database_of
from support.command import command

from taskward.database.postgres import connector as connectors
from taskward.database.postgres.hosts import HostConnector


@contextmanager
def silent_host() -> Iterator[int]:
    """Yields a port at which connections are taken and nothing is ever answered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def standby(shared_server: OwnPostgres) -> AsyncIterator[OwnPostgres]:
    """Yields a standby that only reads."""
    async with standby_of(shared_server) as other:
        yield other


def url_of(server: OwnPostgres, *ports: int) -> str:
    """Returns the server's URL with these ports of 127.0.0.1 for its hosts."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return server.url.replace(f"127.0.0.1:{server.port}", hosts)


@pytest.mark.processes
@pytest.mark.parametrize("first", ["silent", "refused", "standby", "standby and silent", "last good"])
@pytest.mark.fault("Several hosts: the first one silent, refusing or only reading, at the start")
async def test_the_host_that_writes_is_found(
    server: OwnPostgres, standby: OwnPostgres, first: str, observe: Observe
) -> None:
    with silent_host() as silent:
        ports = {
            "silent": [silent, server.port],
            "refused": [free_port(), server.port],
            "standby": [standby.port, server.port],
            "standby and silent": [standby.port, silent, server.port],
            "last good": [server.port, silent],
        }[first]
        begun = monotonic()
        async with service(url_of(server, *ports)) as one, one.client_of(str(uuid4())) as client:
            ready = await one.until_ready()
            answers = await asyncio.gather(
                *(client.post("/api/tasks", json={"title": f"Task {n}"}) for n in range(12))
            )
            took = monotonic() - begun
            again = monotonic()
            assert (await client.get("/api/tasks")).status_code == 200
            assert monotonic() - again < PROMISED
            good = database_of(one.app).pool.connector.hosts.hosts[0]
    assert {outcome(answer) if answer.is_error else SUCCESS for answer in answers} == {SUCCESS}
    assert good.port == server.port
    assert took < 2 * PROMISED
    observe(f"12 \N{MULTIPLICATION SIGN} {SUCCESS}", longest=took, back=ready)


@pytest.mark.processes
async def test_where_no_host_writes_it_is_said_at_once(server: OwnPostgres, standby: OwnPostgres) -> None:
    assert await server.is_running()
    async with (
        service(url_of(server, standby.port, free_port())) as one,
        one.client_of(str(uuid4())) as client,
    ):
        begun = monotonic()
        assert outcome(await client.post("/api/tasks", json={"title": "Buy milk"})) == DATABASE_ERROR
        assert monotonic() - begun < PROMISED
        assert not await one.is_ready()


@pytest.mark.processes
async def test_a_host_that_comes_back_is_found_while_another_is_silent(
    server: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectors, "CONNECT_TIMEOUT", 60.0)  # so that it is no new attempt that finds it
    await server.stop()
    with silent_host() as silent:
        connector = HostConnector(url_of(server, silent, server.port))
        connecting = asyncio.create_task(connector.connect(60.0))
        await asyncio.sleep(1.5)
        assert not connecting.done()
        await server.start()
        async with asyncio.timeout(2 * PROMISED):
            connection = await connecting
        await connection.close()


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.fault("Several hosts: the primary gone silent (SIGSTOP), a standby promoted")
async def test_the_standby_is_found_when_the_primary_goes_silent(observe_load: ObserveLoad) -> None:
    async with folder_of_its_own() as one_folder, folder_of_its_own() as other_folder:
        primary = OwnPostgres(one_folder)
        await primary.make()
        other = await primary.standby(other_folder)
        try:
            await primary.restart(synchronous_standby_names=STANDBY)
            async with (
                service(url_of(primary, primary.port, other.port)) as one,
                under_load(one.client_of) as load,
            ):
                load.fault_begins()
                primary.pause()
                await load.until_answered(6, DATABASE_ERROR)
                await other.promote()
                await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE)
        finally:
            primary.resume()
            for server in (primary, other):
                await server.stop("immediate")


@pytest.mark.processes
async def test_check_says_which_host_writes_and_warns_of_writes_that_could_be_lost(
    server: OwnPostgres, standby: OwnPostgres, tmp_path: Path
) -> None:
    gone = free_port()
    async with serving(tmp_path, server.url, free_port()):
        pass  # makes the schema
    with silent_host() as silent:
        url = url_of(server, standby.port, gone, silent, server.port)
        with command(tmp_path, "check", DATABASE_URL=url, JWT_SECRET="s" * 32) as check:
            await asyncio.to_thread(check.wait)
    out = "".join(check.out)
    assert check.process.returncode == 0, out
    for port, text in (
        (standby.port, "read-only"),
        (gone, "ConnectionRefusedError"),
        (silent, "no response in time"),
        (server.port, "writable"),
    ):
        assert f"127.0.0.1:{port}: {text}" in out
    assert "synchronous_standby_names is empty" in out
    assert "hush" not in out
