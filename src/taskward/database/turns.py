"""The order of the writes that wait for one owner's rows: the callers take turns, each in order."""

from collections import Counter, deque
from collections.abc import Hashable
from typing import Any, Protocol, TypeVar

from taskward.database.statements import Values
from taskward.http.caller import CALLER


class OfCaller(Protocol):
    """A queued write of a caller; None for the service's own work."""

    @property
    def caller(self) -> Hashable: ...


W = TypeVar("W", bound=OfCaller)


def add_in_turn(queue: deque[W], waiting: W) -> None:
    """Queues a write so that the queue is round robin by caller; those of one caller stay in order.

    So between two turns of a caller, or before the first one, each other caller has one at most.
    """
    order = {caller: n for n, caller in enumerate(dict.fromkeys(one.caller for one in queue))}
    turn = 1 + sum(one.caller == waiting.caller for one in queue)
    last = (turn, order.get(waiting.caller, len(order)))
    turns = Counter[Hashable]()
    for place, one in enumerate(queue):
        turns[one.caller] += 1
        if (turns[one.caller], order[one.caller]) > last:
            queue.insert(place, waiting)
            return
    queue.append(waiting)


def counted_by(values: Values) -> Any:
    """Returns the caller by whom a read is counted; the owner, if the service reads for itself."""
    return CALLER.get() or values.get("owner")
