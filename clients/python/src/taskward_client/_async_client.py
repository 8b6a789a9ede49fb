"""The asynchronous client. `make clients` writes the synchronous one, `_sync_client.py`, from it."""

from typing import Self

import httpx

from taskward_client import _operations as operations
from taskward_client._async_io import TokenProvider
from taskward_client._async_resources import AsyncAccessTokens, AsyncChanges, AsyncMe
from taskward_client._async_spaces import AsyncOwner, AsyncSpaceClient, AsyncSpaces
from taskward_client._async_transport import AsyncTokens, AsyncTransport
from taskward_client._attempts import Retries
from taskward_client.types import Alive, ChangeList, Move, Moved, Ready

_TIMEOUT = 30.0
"""Seconds for each attempt; the service gives up after ten."""


class AsyncClient(AsyncOwner):
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
        super().__init__(AsyncTransport(self._http, AsyncTokens(token), retries or Retries()))
        self.changes = AsyncChanges[ChangeList](self._transport)
        self.spaces = AsyncSpaces(self._transport)
        self.tokens = AsyncAccessTokens(self._transport)
        self.me = AsyncMe(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    def space(self, space_id: str) -> AsyncSpaceClient:
        """Returns what belongs to a space, with the methods of the client."""
        return AsyncSpaceClient(self._transport.in_space(space_id))

    async def move(self, move: Move, *, idempotency_key: str | None = None) -> Moved:
        """Moves tasks or a list to a space, from one, or between two; null is the user.

        All of it or nothing moves, with what is below the tasks and their comments.
        """
        return await self._transport.send(operations.create_move(move, idempotency_key))

    async def health(self) -> Alive:
        """Returns whether the process is alive."""
        return await self._transport.send(operations.get_health())

    async def ready(self) -> Ready:
        """Returns whether the service is ready; raises ServiceUnavailable if it is not."""
        return await self._transport.send(operations.get_readiness())
