"""The Python client keeps no response: none is in a cycle of references, which only a collection ends."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing, contextmanager, suppress

import httpx
import pytest

from taskward_client import APIError, AsyncClient, Client, NoResponse, Retries

URL = "http://tasks.test"
TOKEN = "of-no-service"

TURNS = 10
"""Turns of the event loop, in which it closes the generators of a stream that was left."""


class Parts(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in two parts, which breaks after them if that is wanted; it notes that it was closed."""

    def __init__(self, *, breaks: bool) -> None:
        self.breaks = breaks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from (b'{"ready": ', b"true}")
        if self.breaks:
            raise httpx.ReadError("the connection broke")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Service(httpx.MockTransport):
    """Sends the same response to every request."""

    def __init__(self, status: int = 200, *, breaks: bool = False) -> None:
        super().__init__(self.respond)
        self.bodies: list[Parts] = []
        self._status = status
        self._breaks = breaks

    def respond(self, _: httpx.Request) -> httpx.Response:
        self.bodies.append(Parts(breaks=self._breaks))
        return httpx.Response(self._status, stream=self.bodies[-1])


def responses() -> int:
    return sum(isinstance(one, httpx.Response) for one in gc.get_objects())


@contextmanager
def without_collection() -> Iterator[None]:
    """Fails if the block leaves more responses than there were."""
    gc.collect()
    before = responses()
    gc.disable()
    try:
        yield
        assert responses() == before
    finally:
        gc.enable()


CASES = pytest.mark.parametrize(
    ("status", "breaks"),
    [(200, False), (404, False), (200, True)],
    ids=["a success", "an error", "a connection that breaks"],
)
REPEATS = 3


@CASES
def test_no_call_of_the_synchronous_client_leaves_a_response(status: int, *, breaks: bool) -> None:
    service = Service(status, breaks=breaks)
    with Client(URL, TOKEN, transport=service, retries=Retries(0)) as client, without_collection():
        for _ in range(REPEATS):
            with suppress(APIError, NoResponse):
                client.ready()
            with suppress(APIError, NoResponse):
                list(client.me.export_parts())
    assert [one.closed for one in service.bodies] == [True] * 2 * REPEATS


@CASES
async def test_no_call_of_the_asynchronous_client_leaves_a_response(status: int, *, breaks: bool) -> None:
    service = Service(status, breaks=breaks)
    async with AsyncClient(URL, TOKEN, transport=service, retries=Retries(0)) as client:
        with without_collection():
            for _ in range(REPEATS):
                with suppress(APIError, NoResponse):
                    await client.ready()
                with suppress(APIError, NoResponse):
                    [_ async for _ in client.me.export_parts()]
    assert [one.closed for one in service.bodies] == [True] * 2 * REPEATS


async def test_no_stream_that_is_left_early_leaves_a_response() -> None:
    service = Service()
    with Client(URL, TOKEN, transport=service) as client, without_collection():
        for _ in range(REPEATS):
            with closing(client.me.export_parts()) as parts:
                assert next(parts)
    async with AsyncClient(URL, TOKEN, transport=service) as client:
        with without_collection():
            for _ in range(REPEATS):
                async with aclosing(client.me.export_parts()) as parts:
                    assert await anext(parts)
            for _ in range(TURNS):
                await asyncio.sleep(0)
    assert [one.closed for one in service.bodies] == [True] * 2 * REPEATS
