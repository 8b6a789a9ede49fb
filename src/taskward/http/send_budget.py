"""A budget for response bytes that clients have not read: per user, and for the process.

Only a connection whose transport has paused writing is counted, so a response that the kernel takes at once
costs one comparison. What counts is all that was handed to the transport since its buffer was last empty, not
what is left of it: uvloop frees none of a write before its last byte is sent. See
`docs/decisions/0024-budget-of-unsent-bytes.md`.
"""

from collections.abc import Callable
from typing import Final

from starlette.types import Message, Scope, Send

from taskward.http.errors import ServiceError
from taskward.metrics import UNSENT, Samples

MIB: Final = 1024 * 1024
PER_USER: Final = 16 * MIB
"""More than the largest response, 1000 tasks of 13.4 KB. Clients without a token share one such budget."""
PER_PROCESS: Final = 256 * MIB
LARGE: Final = 64 * 1024
"""Bytes of a response that is checked before it is sent; at that size a transport pauses."""


_OK: Final = 200
UNREAD: Final = "too many response bytes are unread"
"""Why a request is refused; for the log."""


class SendBudget:
    """The unsent response bytes of this process."""

    __slots__ = ("_by_connection", "_by_user", "per_process", "per_user", "total")

    def __init__(self, per_user: int = PER_USER, per_process: int = PER_PROCESS) -> None:
        self.per_user = per_user
        self.per_process = per_process
        self.total = 0
        """Bytes; while it is 0, no connection of the process waits for its client to read."""
        self._by_user: dict[int | None, int] = {}
        self._by_connection: dict[object, tuple[int | None, int]] = {}

    def figures(self) -> Samples:
        return {UNSENT.name: {(): self.total}}

    def blocks(self, user: int | None) -> bool:
        """Tell whether no request of the user may run: a user without unsent bytes is never blocked."""
        unsent = self._by_user.get(user, 0)
        return unsent >= self.per_user or (unsent > 0 and self.total >= self.per_process)

    def reserve(self, user: int | None, size: int) -> bool:
        """Reserve room for a response of this size; the first one of a user may have any size."""
        unsent = self._by_user.get(user, 0)
        if self.total >= self.per_process or (unsent and unsent + size > self.per_user):
            return False
        self._add(user, size)
        return True

    def cancel(self, user: int | None, size: int) -> None:
        """Give back what was reserved: the response has been handed to the transport, or never will be."""
        self._add(user, -size)

    def hold(self, connection: object, user: int | None, size: int) -> None:
        """Count bytes that the connection's transport could not send at once."""
        owner, before = self._by_connection.get(connection, (user, 0))
        self._by_connection[connection] = (owner, before + size)
        self._add(owner, size)

    def release(self, connection: object) -> None:
        """Count nothing of the connection any more: its buffer is empty, or it has ended."""
        if connection in self._by_connection:
            user, size = self._by_connection.pop(connection)
            self._add(user, -size)

    def _add(self, user: int | None, size: int) -> None:
        self.total += size
        if left := self._by_user.get(user, 0) + size:
            self._by_user[user] = left
        else:
            self._by_user.pop(user, None)


class BudgetedSend:
    """The `send` of one request, which refuses a large response while too much is unsent."""

    __slots__ = ("_budget", "_refusal", "_send", "owner", "reserved", "scope")

    def __init__(
        self, scope: Scope, send: Send, budget: SendBudget, refusal: Callable[[Scope, str], ServiceError]
    ) -> None:
        self.owner: int | None = scope["user"].id.int if "user" in scope else None
        self.scope = scope
        self._send = send
        self._budget = budget
        self._refusal = refusal
        self.reserved = 0

    async def send_checked(self, message: Message) -> None:
        """Pass a message on; needed only while bytes are unsent, for else it is handed over at once.

        Raises:
            ServiceUnavailable: the response is large, and the budget is used up.

        """
        if message["type"] == "http.response.start":
            self._check(message)
        await self._send(message)
        if message["type"] == "http.response.body":
            self.cancel()  # from here on the connection holds what is unsent

    def cancel(self) -> None:
        """Give back what is reserved, if anything is."""
        if self.reserved:
            self._budget.cancel(self.owner, self.reserved)
            self.reserved = 0

    def _check(self, start: Message) -> None:
        """Reserve room for a large response, unless it is one to a write: the write has been done."""
        if self.scope["method"] != "GET" or start["status"] != _OK:
            return
        size = next((int(value) for name, value in start["headers"] if name == b"content-length"), None)
        if size is not None and size < LARGE:
            return
        if not self._budget.reserve(self.owner, size or 0):
            raise self._refusal(self.scope, UNREAD)
        self.reserved = size or 0
