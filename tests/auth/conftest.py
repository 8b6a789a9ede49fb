"""Fixtures of the tests of authentication."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from auth.forge import StoppedClock
from auth.identity_provider import IdentityProvider


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    one = IdentityProvider()
    await one.open()
    yield one
    await one.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()
