"""A TCP proxy that can stop forwarding without a word, forget, cut off and turn to another server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """Forwards from `port` to `target`, both on 127.0.0.1, until it is changed.

    `delay` is added to the time of each piece, in seconds. With `cuts_the_answer_to` the next request with
    that text arrives, and instead of its response its connection closes.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        self.cuts_the_answer_to = b""
        self.is_open = asyncio.Event()
        self.is_open.set()
        self._flows: set[_Flow] = set()

    def swallow(self) -> None:
        """Become a black hole: accept everything, forward nothing, close nothing."""
        self.is_open.clear()

    def forget(self) -> None:
        """Forwards again, but nothing of the connections that there are: they stay open and silent."""
        for flow in self._flows:
            flow.forgotten = True
        self.is_open.set()

    def go_on(self) -> None:
        """Forwards again, beginning with what was held back."""
        self.is_open.set()

    def cut(self) -> None:
        """Breaks off all connections that there are."""
        for flow in list(self._flows):
            flow.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flow = _Flow(self)
        self._flows.add(flow)
        flow.writers.append(writer)
        try:
            await self.is_open.wait()
            with suppress(OSError):
                other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
                flow.writers.append(other_writer)
                await flow.run(asks=(reader, other_writer), answers=(other_reader, writer))
        finally:
            flow.cut()
            self._flows.discard(flow)


class _Flow:
    """One connection through the proxy."""

    def __init__(self, proxy: TcpProxy) -> None:
        self.forgotten = False
        self.writers: list[asyncio.StreamWriter] = []
        self._proxy = proxy
        self._cuts_the_answer = False

    async def run(self, asks: "_Way", answers: "_Way") -> None:
        """Forwards both ways until either ends."""
        pumps = [
            asyncio.create_task(self._pump(*asks)),
            asyncio.create_task(self._pump(*answers, answers=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        with suppress(OSError):
            while part := await reader.read(1 << 16):
                if answers and self._cuts_the_answer:
                    return
                if not answers and (text := self._proxy.cuts_the_answer_to) and text in part:
                    self._proxy.cuts_the_answer_to, self._cuts_the_answer = b"", True
                await asyncio.sleep(self._proxy.delay)
                await self._proxy.is_open.wait()
                if not self.forgotten:
                    writer.write(part)
                    await writer.drain()
        while self.forgotten:  # noqa: ASYNC110 - the end of one side is not forwarded either, and there is no event for it
            await asyncio.sleep(0.1)


_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def tcp_proxy(target: int) -> AsyncIterator[TcpProxy]:
    """Yields a proxy to that port while the block runs."""
    proxy = TcpProxy(target)
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)
        # A task that is cancelled before its first step closes nothing by itself.
        task.add_done_callback(lambda _: writer.transport.abort())

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await asyncio.sleep(0.05)  # what has been accepted already comes in
        for task in list(connections):
            task.cancel()
        if connections:
            await asyncio.wait(connections)
        await asyncio.sleep(0)  # for the transports to close
