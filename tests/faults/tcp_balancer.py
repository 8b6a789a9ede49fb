"""A TCP load balancer in front of several services: it asks each whether it is ready, as HAProxy does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

import httpx

CHECK_INTERVAL = 0.2
"""Seconds between two readiness checks of a service."""


class TcpBalancer:
    """Passes each connection to the next service that is ready and accepts it.

    `delay` is the time that each piece takes in either direction, in seconds, as over a real network.
    """

    def __init__(self, services: Sequence[int], delay: float) -> None:
        self.port = 0
        self.ready: set[int] = set()
        self._services = services
        self._delay = delay
        self._turns = count()

    async def check(self) -> None:
        """Checks the services until it is cancelled."""
        async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
            while True:
                for port in self._services:
                    is_ready = False
                    with suppress(httpx.TransportError):
                        answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                        is_ready = answer.status_code == 200
                    (self.ready.add if is_ready else self.ready.discard)(port)
                await asyncio.sleep(CHECK_INTERVAL)

    async def until_ready(self, port: int) -> None:
        async with asyncio.timeout(30):
            while port not in self.ready:  # noqa: ASYNC110 - it checks at intervals
                await asyncio.sleep(CHECK_INTERVAL / 4)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service: asyncio.StreamWriter | None = None
        try:
            answers, service = await self._connect()
            ways = [self._pump(reader, service), self._pump(answers, writer)]
            await asyncio.wait(map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass
        finally:
            for one in (service, writer):
                if one is not None:
                    one.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        turn = next(self._turns)
        order = sorted(self._services, key=lambda port: port not in self.ready)
        ready = max(1, len(self.ready))
        order[:ready] = order[turn % ready : ready] + order[: turn % ready]
        for port in order:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        raise ConnectionRefusedError

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(1 << 16):
                await asyncio.sleep(self._delay)
                writer.write(part)
                await writer.drain()


@asynccontextmanager
async def tcp_balancer(services: Sequence[int], delay: float = 0.0) -> AsyncIterator[TcpBalancer]:
    """Yields a balancer of the services at these ports while the block runs."""
    balancer = TcpBalancer(services, delay)
    checking = asyncio.create_task(balancer.check())
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.port = server.sockets[0].getsockname()[1]
    try:
        for port in services:
            await balancer.until_ready(port)
        yield balancer
    finally:
        checking.cancel()
        server.close()
        await asyncio.wait({checking})
