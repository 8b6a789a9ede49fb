# `make clients` writes this file from _async_client.py; do not edit it.
"""The synchronous client."""

from typing import Self

import httpx

from taskward_client import _operations as operations
from taskward_client._attempts import Retries
from taskward_client._sync_io import TokenProvider
from taskward_client._sync_resources import AccessTokens, Changes, Me
from taskward_client._sync_spaces import Owner, SpaceClient, Spaces
from taskward_client._sync_transport import Tokens, Transport
from taskward_client.types import Alive, ChangeList, Move, Moved, Ready

_TIMEOUT = 30.0
"""Seconds for each attempt; the service gives up after ten."""


class Client(Owner):
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        super().__init__(Transport(self._http, Tokens(token), retries or Retries()))
        self.changes = Changes[ChangeList](self._transport)
        self.spaces = Spaces(self._transport)
        self.tokens = AccessTokens(self._transport)
        self.me = Me(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def space(self, space_id: str) -> SpaceClient:
        """Returns what belongs to a space, with the methods of the client."""
        return SpaceClient(self._transport.in_space(space_id))

    def move(self, move: Move, *, idempotency_key: str | None = None) -> Moved:
        """Moves tasks or a list to a space, from one, or between two; null is the user.

        All of it or nothing moves, with what is below the tasks and their comments.
        """
        return self._transport.send(operations.create_move(move, idempotency_key))

    def health(self) -> Alive:
        """Returns whether the process is alive."""
        return self._transport.send(operations.get_health())

    def ready(self) -> Ready:
        """Returns whether the service is ready; raises ServiceUnavailable if it is not."""
        return self._transport.send(operations.get_readiness())
