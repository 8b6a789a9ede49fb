"""Processes behind a load balancer are restarted one after the other, and no client notices."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from faults.fault_report import ObserveLoad
from faults.load import UNAVAILABLE, KeyedLedger, describe_results, has_only, under_load
from faults.own_postgres import OwnPostgres, free_port
from faults.services import people_at, serving
from faults.tcp_balancer import TcpBalancer, tcp_balancer

NETWORK = 0.02
"""Seconds that a packet takes: a connection must not be closed while a request is on its way."""


class Processes:
    """Services at some ports, which can be restarted."""

    def __init__(self, folder: Path, url: str, number: int) -> None:
        self.ports = [free_port() for _ in range(number)]
        self._folder = folder
        self._url = url
        self._running: dict[int, AsyncExitStack] = {}

    async def start(self, port: int) -> None:
        stack = self._running[port] = AsyncExitStack()
        taskward = await stack.enter_async_context(serving(self._folder, self._url, port))

        async def stop() -> None:
            taskward.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(taskward.wait) == 0

        stack.push_async_callback(stop)

    async def stop(self, port: int) -> None:
        """Stops it as a service manager does, and waits for its end."""
        await self._running.pop(port).aclose()

    async def restart_each(self, balancer: TcpBalancer) -> None:
        for port in self.ports:
            await self.stop(port)
            await self.start(port)
            await balancer.until_ready(port)


@asynccontextmanager
async def processes(folder: Path, url: str, number: int = 2) -> AsyncIterator[Processes]:
    several = Processes(folder, url, number)
    try:
        for port in several.ports:
            await several.start(port)
        yield several
    finally:
        for port in list(several._running):
            await several.stop(port)


@pytest.mark.processes
@pytest.mark.fault("Update of Taskward: two processes behind a balancer restarted one after the other")
async def test_a_rolling_restart_is_not_noticed(
    server: OwnPostgres, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    async with (
        processes(tmp_path, server.url) as two,
        tcp_balancer(two.ports, delay=NETWORK) as balancer,
        under_load(people_at(balancer.port), people=6, pause=0.03, ledger=KeyedLedger) as load,
    ):
        load.fault_begins()
        await two.restart_each(balancer)
        load.fault_ends()
        await load.until_recovered()
        audit = await load.audit()
    observe_load(load, audit)
    assert has_only(load.seen(), UNAVAILABLE), describe_results(load.seen())
    assert audit.lost == []
