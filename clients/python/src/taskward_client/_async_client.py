"""The asynchronous client. `make clients` writes the synchronous one, `_sync_client.py`, from it."""

from typing import Self

import httpx

from taskward_client import _operations as operations
from taskward_client._async_io import TokenProvider
from taskward_client._async_resources import (
    AsyncAccessTokens,
    AsyncChanges,
    AsyncLabels,
    AsyncLists,
    AsyncMe,
    AsyncTrash,
)
from taskward_client._async_tasks import AsyncTasks
from taskward_client._async_transport import AsyncTokens, AsyncTransport
from taskward_client._attempts import Retries
from taskward_client._operations import MixedOperation
from taskward_client.types import Alive, MixedBatchResults, Ready

_TIMEOUT = 30.0
"""Seconds for each attempt; the service gives up after ten."""


class AsyncClient:
    """A client of one Taskward service, for one user.

    `token` is a token, or a function that returns one: it is called for the first request, and once more when
    the service rejects the token.
    """

    def __init__(
        self,
        url: str,
        token: str | TokenProvider,
        *,
        timeout: float = _TIMEOUT,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout, transport=transport)
        self._transport = AsyncTransport(self._http, AsyncTokens(token), retries or Retries())
        self.tasks = AsyncTasks(self._transport)
        self.lists = AsyncLists(self._transport)
        self.trash = AsyncTrash(self._transport)
        self.tokens = AsyncAccessTokens(self._transport)
        self.labels = AsyncLabels(self._transport)
        self.changes = AsyncChanges(self._transport)
        self.me = AsyncMe(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def batch(
        self, operations_: list[MixedOperation], *, atomic: bool = False, idempotency_key: str | None = None
    ) -> MixedBatchResults:
        """Carries out up to 100 operations on tasks and lists, in order, in one transaction."""
        call = operations.batch(operations_, idempotency_key, atomic=atomic)
        return await self._transport.send(call)

    async def health(self) -> Alive:
        """Returns whether the process is alive."""
        return await self._transport.send(operations.get_health())

    async def ready(self) -> Ready:
        """Returns whether the service is ready; raises ServiceUnavailable if it is not."""
        return await self._transport.send(operations.get_readiness())
