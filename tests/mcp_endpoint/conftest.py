"""A service with the MCP endpoint, for all tests of a file."""

from collections.abc import AsyncIterator

import pytest_asyncio
from changes.streams import InProcess, in_process_server
from support import settings_for


@pytest_asyncio.fixture(scope="module")
async def service() -> AsyncIterator[InProcess]:
    async with in_process_server(settings_for("sqlite://")) as service:
        yield service
