"""A service with both servers of a pair in its URL: the primary is killed, and the standby promoted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import uuid4

import pytest
from faults.fault_assertions import assert_recovered
from faults.fault_report import ObserveLoad
from faults.load import DATABASE_ERROR, UNAVAILABLE, KeyedLedger, outcome, under_load
from faults.own_postgres import STANDBY, OwnPostgres, folder_of_its_own
from faults.services import PROMISED, service

from taskward.database.postgres import outage

pytestmark = pytest.mark.processes


class Pair(NamedTuple):
    """A primary, and the standby without which it acknowledges nothing."""

    primary: OwnPostgres
    standby: OwnPostgres

    @property
    def url(self) -> str:
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return self.primary.url.replace(f"127.0.0.1:{self.primary.port}", hosts)


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    async with folder_of_its_own() as folder, folder_of_its_own() as other_folder:
        primary = OwnPostgres(folder)
        await primary.make()
        standby = await primary.standby(other_folder)
        await primary.restart(synchronous_standby_names=STANDBY)
        try:
            yield Pair(primary, standby)
        finally:
            for server in (primary, standby):
                if await server.is_running():
                    await server.stop("immediate")


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("kill", marks=pytest.mark.fault("Two hosts: the primary killed, the standby promoted")),
        pytest.param(
            "stop",
            marks=[
                pytest.mark.soak,
                pytest.mark.fault("Two hosts: the primary stopped (fast), the standby promoted"),
            ],
        ),
    ],
)
async def test_a_client_with_keys_sees_no_error(how: str, observe_load: ObserveLoad) -> None:
    async with (
        pair() as servers,
        service(servers.url) as one,
        under_load(one.client_of, people=8, pause=0.02, ledger=KeyedLedger) as load,
    ):
        load.fault_begins()
        if how == "kill":
            servers.primary.kill()
        else:
            await servers.primary.stop("fast")
        await servers.standby.promote()
        await assert_recovered(load, observe_load, UNAVAILABLE)


async def test_a_longer_outage_is_an_error_at_once(
    server: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "FAILOVER_WAIT", 1.0)
    loop = asyncio.get_running_loop()
    async with service(server.url, database_pool_size=2) as one, one.client_of(str(uuid4())) as client:
        assert (await client.get("/api/tasks")).status_code == 200
        begun = loop.time()
        await server.stop("fast")
        first = await asyncio.gather(*(client.get("/api/tasks") for _ in range(6)))
        waited = loop.time() - begun
        again = await client.get("/api/tasks")
        took = loop.time() - begun - waited
        await server.start()
        await one.until_ready()
        assert (await client.get("/api/tasks")).status_code == 200

    assert {outcome(answer) for answer in (*first, again)} == {DATABASE_ERROR}
    assert 0.9 < waited < PROMISED
    assert took < 0.5
