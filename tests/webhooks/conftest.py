"""A receiver, and apps that deliver to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import MakeDatabase, running, settings_for
from webhooks.receiver import SECRET, Receiver, receiving

StartApp = Callable[..., Awaitable[FastAPI]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
        assert one.problems == []


@pytest_asyncio.fixture
async def start(engine: str, new_database: MakeDatabase, receiver: Receiver) -> AsyncIterator[StartApp]:
    """Yields a function that starts an app with webhooks; all of a test share a database."""
    url = await new_database(engine.removesuffix("-rls"))
    async with AsyncExitStack() as apps:

        async def start(**others: object) -> FastAPI:
            given = {"webhook_url": receiver.url, "webhook_secret": SECRET} | others
            settings = settings_for(url, database_rls=engine.endswith("-rls"), **given)
            return await apps.enter_async_context(running(settings))

        yield start
