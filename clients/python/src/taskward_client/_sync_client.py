# `make clients` writes this file from _async_client.py; do not edit it.
"""The synchronous client."""

from typing import Self

import httpx

from taskward_client import _operations as operations
from taskward_client._attempts import Retries
from taskward_client._operations import MixedOperation
from taskward_client._sync_io import TokenProvider
from taskward_client._sync_resources import (
    AccessTokens,
    Changes,
    Labels,
    Lists,
    Me,
    Trash,
)
from taskward_client._sync_tasks import Tasks
from taskward_client._sync_transport import Tokens, Transport
from taskward_client.types import Alive, MixedBatchResults, Ready

_TIMEOUT = 30.0
"""Seconds for each attempt; the service gives up after ten."""


class Client:
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
        self._transport = Transport(self._http, Tokens(token), retries or Retries())
        self.tasks = Tasks(self._transport)
        self.lists = Lists(self._transport)
        self.trash = Trash(self._transport)
        self.tokens = AccessTokens(self._transport)
        self.labels = Labels(self._transport)
        self.changes = Changes(self._transport)
        self.me = Me(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def batch(
        self, operations_: list[MixedOperation], *, atomic: bool = False, idempotency_key: str | None = None
    ) -> MixedBatchResults:
        """Carries out up to 100 operations on tasks and lists, in order, in one transaction."""
        call = operations.batch(operations_, idempotency_key, atomic=atomic)
        return self._transport.send(call)

    def health(self) -> Alive:
        """Returns whether the process is alive."""
        return self._transport.send(operations.get_health())

    def ready(self) -> Ready:
        """Returns whether the service is ready; raises ServiceUnavailable if it is not."""
        return self._transport.send(operations.get_readiness())
