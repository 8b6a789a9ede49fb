"""A budget for response bytes that clients have not read: per caller, and for the process.

Only connections whose transport has paused writing are counted, so a response that the kernel accepts at once
costs one comparison. The count is everything written since the transport's buffer was last empty, not what is
left of it: uvloop frees a write only when its last byte is sent. See
`docs/decisions/0024-budget-of-unsent-bytes.md`.
"""

from typing import Final

from taskward.metrics import UNSENT, Samples

MIB: Final = 1024 * 1024
PER_USER: Final = 16 * MIB
"""More than the largest response, 1000 tasks of 13.4 KB. Clients without a token share one such budget."""
PER_PROCESS: Final = 256 * MIB
LARGE: Final = 64 * 1024
"""Bytes of a response that is checked before it is sent; at that size a transport pauses writing."""


class SendBudget:
    """The unsent response bytes of this process."""

    __slots__ = ("_by_caller", "_by_connection", "per_process", "per_user", "total")

    def __init__(self, per_user: int = PER_USER, per_process: int = PER_PROCESS) -> None:
        self.per_user = per_user
        self.per_process = per_process
        self.total = 0
        """Bytes; 0 while no connection of the process waits for its client to read."""
        self._by_caller: dict[int | None, int] = {}
        self._by_connection: dict[object, tuple[int | None, int]] = {}

    def collect(self) -> Samples:
        return {UNSENT.name: {(): self.total}}

    def blocks(self, caller: int | None) -> bool:
        """Returns whether requests of the caller must be rejected; never without unsent bytes of theirs."""
        unsent = self._by_caller.get(caller, 0)
        return unsent >= self.per_user or (unsent > 0 and self.total >= self.per_process)

    def reserve(self, caller: int | None, size: int) -> bool:
        """Reserves room for a response of this size; a caller's first one may have any size."""
        unsent = self._by_caller.get(caller, 0)
        if self.total >= self.per_process or (unsent and unsent + size > self.per_user):
            return False
        self._add(caller, size)
        return True

    def count(self, caller: int | None, size: int) -> None:
        """Counts a response that has to be sent, as `reserve` does one that fits."""
        self._add(caller, size)

    def cancel(self, caller: int | None, size: int) -> None:
        """Ends `reserve` or `count`: the response has been written to the transport, or never will be."""
        self._add(caller, -size)

    def hold(self, connection: object, caller: int | None, size: int) -> None:
        """Counts bytes that the connection's transport could not send at once."""
        first, before = self._by_connection.get(connection, (caller, 0))
        self._by_connection[connection] = (first, before + size)
        self._add(first, size)

    def release(self, connection: object) -> None:
        """Removes the connection from the count: its buffer is empty, or it has ended."""
        if connection in self._by_connection:
            caller, size = self._by_connection.pop(connection)
            self._add(caller, -size)

    def _add(self, caller: int | None, size: int) -> None:
        self.total += size
        if left := self._by_caller.get(caller, 0) + size:
            self._by_caller[caller] = left
        else:
            self._by_caller.pop(caller, None)
