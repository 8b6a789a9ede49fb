"""The state of the receiver, and who is due, as read at one moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from taskward.database.statements import Row

SECOND: Final = 1_000_000
"""Microseconds, the unit of the times in the statements."""


class ReceiverStopped(Exception):
    """The receiver answered 410 while this process ran."""


class Waiting(NamedTuple):
    """An owner who waits: from when on an attempt is due, and whether a process is making one."""

    owner: UUID
    next_at: int
    is_held: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """The state of the receiver, and who waits; times are microseconds of the database's clock."""

    now: int
    failed_at: int | None
    failing_since: int | None
    probe_at: int | None
    stopped_at: int | None
    waiting: Sequence[Waiting]

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None

    @property
    def is_suspect(self) -> bool:
        """Whether the last attempts have failed."""
        return self.failed_at is not None

    @property
    def due(self) -> list[Waiting]:
        """Returns the owners with an attempt that is due, in order."""
        return self.due_of(self.waiting)

    @property
    def has_untried(self) -> bool:
        """Whether attempts fail, and one of those who wait has not failed."""
        return self.is_suspect and not all(one.has_failed for one in self.waiting)

    def due_of(self, owners: Iterable[Waiting]) -> list[Waiting]:
        """Returns those of them with an attempt that is due. The lease of one who is held has ended then."""
        return [one for one in owners if one.next_at <= self.now]

    @property
    def is_probe_due(self) -> bool:
        """Whether it is time to try if the receiver has recovered."""
        return self.probe_at is None or self.probe_at <= self.now

    def next_probe(self, candidates: Sequence[Waiting]) -> Waiting | None:
        """Returns the first candidate who is due; without any, the first one whom no process holds."""
        free = (one for one in candidates if not one.is_held)
        return next((one for one in (*self.due_of(candidates), *free)), None)

    @property
    def pause(self) -> float | None:
        """Returns the seconds until an attempt is due; None if none will be."""
        if self.is_failing and self.waiting:
            return max(0.0, ((self.probe_at or self.now) - self.now) / SECOND)
        later = [one.next_at for one in self.waiting if one.next_at > self.now]
        return (later[0] - self.now) / SECOND if later else None

    def check(self, started_at: int) -> None:
        """Raises ReceiverStopped if it answered 410 since then."""
        if self.stopped_at is not None and self.stopped_at >= started_at:
            raise ReceiverStopped


def state_of(rows: Sequence[Row]) -> ReceiverState:
    """Returns the state in the rows of `WAITING`."""
    now, failed_at, failing_since, probe_at, stopped_at = rows[0][:5]
    waiting = waiting_of(row[5:] for row in rows if row[5] is not None)
    return ReceiverState(now, failed_at, failing_since, probe_at, stopped_at, waiting)


def waiting_of(rows: Iterable[Any]) -> list[Waiting]:
    """Returns who waits, from rows of an id, a time and two flags."""
    return [
        Waiting(UUID(str(owner)), next_at, bool(is_held), bool(has_failed))
        for owner, next_at, is_held, has_failed in rows
    ]
