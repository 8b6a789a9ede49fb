"""The queue of the writes that wait for SQLite's only writer: owners take turns, and the callers of each."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from taskward.database.turns import add_in_turn


class QueuedWrite(Protocol):
    """A write of an owner, for a caller; None for the service's own. A `long` one has its own transaction."""

    owner: UUID | None
    caller: UUID | None
    until: float
    """Its deadline."""

    long: bool


W = TypeVar("W", bound=QueuedWrite)


class WriteQueue(Generic[W]):
    """Queued writes: the owners are served round robin, and of one owner the callers."""

    def __init__(self) -> None:
        self._of_owner: OrderedDict[UUID | None, deque[W]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, list(self._of_owner.values())))

    def __bool__(self) -> bool:
        return bool(self._of_owner)

    def add(self, write: W) -> None:
        """Queues a write behind the others of its owner, in its caller's turn."""
        writes = self._of_owner.setdefault(write.owner, deque())
        if writes:
            add_in_turn(writes, write)
        else:
            writes.append(write)

    def put_back(self, writes: Sequence[W]) -> None:
        """Queues writes that were taken and have not run: they come first."""
        for write in reversed(writes):
            self._of_owner.setdefault(write.owner, deque()).appendleft(write)
            self._of_owner.move_to_end(write.owner, last=False)

    def take(self, most: int) -> list[W]:
        """Takes writes for one transaction: one of each owner in turn, or a long one alone."""
        taken: list[W] = []
        while self._of_owner and len(taken) < most:
            owner, writes = self._of_owner.popitem(last=False)
            if writes[0].long and taken:
                self._of_owner[owner] = writes
                self._of_owner.move_to_end(owner, last=False)
                break
            taken.append(writes.popleft())
            if writes:
                self._of_owner[owner] = writes
            if taken[0].long:
                break
        return taken

    def take_late(self, time: float) -> list[W]:
        """Takes the writes whose deadline is not after that time."""
        late = [write for writes in self._of_owner.values() for write in writes if write.until <= time]
        for write in late:
            self.discard(write)
        return late

    def discard(self, write: W) -> None:
        """Removes a write, if it is queued."""
        writes = self._of_owner.get(write.owner)
        if writes is not None and write in writes:
            writes.remove(write)
            if not writes:
                del self._of_owner[write.owner]
