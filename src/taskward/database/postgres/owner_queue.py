"""Per-owner queue for writes in this process, in which the callers take turns.

A write that waits for its owner's row holds a connection while it waits. With this queue the writes of one
owner wait for each other before they take one, so each owner uses at most one connection to write.

A turn is one write, or several `shared` ones that one caller has queued one after the other: creates of a
person among the own tasks, which the batcher runs as one statement. In a space a turn is one write, so that
members wait for one of each other.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from taskward.database.postgres.errors import LockTimeout
from taskward.database.turns import add_in_turn
from taskward.http.caller import CALLER


@dataclass(eq=False, slots=True)
class _Turn:
    """A queued turn of a caller, and those that wait for it."""

    caller: UUID | None
    shared: bool
    waiters: list["asyncio.Future[None]"] = field(default_factory=list)


class OwnerQueue:
    """Runs each owner's writes one turn after the other. An owner with no write in progress has no entry."""

    def __init__(self) -> None:
        self._running: dict[UUID, int] = {}  # writes of the current turn that have not ended
        self._queued: dict[UUID, deque[_Turn]] = {}

    def enter_now(self, owner: UUID) -> bool:
        """Begins a turn if the owner has no write in progress; it ends with `leave`."""
        if owner in self._running:
            return False
        self._running[owner] = 1
        return True

    async def enter(self, owner: UUID, until: float, *, shared: bool = False) -> None:
        """Waits for a turn, until that time on the loop's clock; it ends with `leave`.

        Raises:
            LockTimeout: the owner's earlier writes took the whole time.

        """
        if self.enter_now(owner):
            return
        turn = self._join(owner, shared=shared)
        waiter = asyncio.get_running_loop().create_future()
        turn.waiters.append(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():  # the turn began at the same moment
                self.leave(owner)
            else:
                self._remove(owner, turn, waiter)
            if isinstance(error, TimeoutError):
                raise LockTimeout(reason="earlier writes of the same owner took all the time") from None
            raise

    def leave(self, owner: UUID) -> None:
        """Ends one write of the current turn; with the last one, the next turn begins."""
        running = self._running[owner] - 1
        turns = self._queued.get(owner)
        while not running and turns:
            waiters = [waiter for waiter in turns.popleft().waiters if not waiter.done()]
            running = len(waiters)
            for waiter in waiters:
                waiter.set_result(None)
        if turns is not None and not turns:
            del self._queued[owner]
        if running:
            self._running[owner] = running
        else:
            del self._running[owner]

    def _join(self, owner: UUID, *, shared: bool) -> _Turn:
        """Returns the turn to wait for: the last one of the caller if both are shared, else a new one."""
        turns, caller = self._queued.setdefault(owner, deque()), CALLER.get()
        last = next((turn for turn in reversed(turns) if turn.caller == caller), None)
        if last is not None and last.shared and shared:
            return last
        turn = _Turn(caller, shared)
        add_in_turn(turns, turn)
        return turn

    def _remove(self, owner: UUID, turn: _Turn, waiter: "asyncio.Future[None]") -> None:
        turn.waiters.remove(waiter)
        turns = self._queued.get(owner)
        if turns is None or turn.waiters or turn not in turns:
            return
        turns.remove(turn)
        if not turns:
            del self._queued[owner]
