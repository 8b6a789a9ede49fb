"""The primary is gone for good; a standby that has all of it takes over behind the same address."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from faults.fault_assertions import assert_recovered
from faults.fault_report import ObserveLoad
from faults.load import DATABASE_ERROR, UNAVAILABLE, under_load
from faults.own_postgres import OwnPostgres, standby_of
from faults.services import service_behind_proxy

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="session")
async def standby(server: OwnPostgres) -> AsyncIterator[OwnPostgres]:
    """Yields a standby without which the server acknowledges nothing."""
    async with standby_of(server, synchronous=True) as other:
        yield other


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("killed", marks=pytest.mark.fault("Failover: the primary killed, a standby promoted")),
        pytest.param(
            "unheard of",
            marks=pytest.mark.fault("Failover: the primary gone silent, a standby promoted"),
        ),
    ],
)
async def test_a_standby_takes_over(
    server: OwnPostgres, standby: OwnPostgres, how: str, observe_load: ObserveLoad
) -> None:
    async with (
        service_behind_proxy(server) as (proxy, one),
        under_load(one.client_of) as load,
    ):
        load.fault_begins()
        if how == "killed":
            server.kill()
        else:
            proxy.swallow()
        await load.until_answered(6, DATABASE_ERROR)
        await standby.promote()
        proxy.target = standby.port
        proxy.forget()
        await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE)
