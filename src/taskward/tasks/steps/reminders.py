"""Pending reminders: the rows that follow the reminders, the due date and the state of tasks.

They are written in the transaction of the change that they depend on, under the owner's lock. A reminder
whose moment has passed when it is stored is left out. One that is pending stays until it is claimed, also
when its moment has passed, unless its moment changes: an edit of something else does not lose it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from taskward.database.statements import RESUME, SPLIT, Row, TransactionSteps
from taskward.database.types import to_microseconds
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.reminders import moments
from taskward.tasks.steps.reminder_statements import (
    ADD_REMINDERS,
    DROP_REMINDERS,
    PENDING,
    PENDING_AFTER,
    REMINDED,
    REMINDED_BETWEEN,
)
from taskward.users.statements import LOCK_OWNER

PAGE: Final = 200
"""Tasks whose reminders are computed at once: 2000 moments take 10 ms."""

CHANGE: Final = "moments of reminders"
"""The name of the change in the owner's lock; whether passed ones are kept follows."""

_KEEPS: Final = "passed ones are kept"
_FIRST: Final = UUID(int=0)


def pending_moments_steps(owner: UUID, task_id: UUID) -> TransactionSteps[set[Any]]:
    """Returns the moments of a task's pending reminders."""
    return {row[2] for row in (yield PENDING, {"owner": owner, "ids": [task_id]})}


def add_reminders_steps(owner: UUID, ids: Sequence[Any], zone: str | None) -> TransactionSteps[None]:
    """Stores the reminders of those of these tasks that are open, unless they are pending already."""
    if ids:
        yield from _add_future_steps(owner, (yield REMINDED, {"owner": owner, "ids": ids}), zone)


def add_reminders_between_steps(
    owner: UUID, first: int, count: int, zone: str | None
) -> TransactionSteps[None]:
    """Stores the reminders of the new tasks whose versions are the `count` ones from `first` on."""
    values = {"owner": owner, "last_number": first + count - 1, "limit": PAGE}
    after = first - 1
    while rows := (yield REMINDED_BETWEEN, values | {"after_number": after}):
        yield from _add_future_steps(owner, rows, zone)
        after = rows[-1][2]


def move_reminders_steps(
    owner: UUID, zone: str | None, *, keeps_passed: bool = False
) -> TransactionSteps[None]:
    """Computes the moments of all pending reminders of an owner anew, who is in that time zone now.

    Those whose new moment has passed are dropped; with `keeps_passed`, for new data of the same zones, they
    fire late. SQLite does it in parts, and the owner's data is locked from the first to the last.
    """
    after: Any = _FIRST
    while rows := (yield PENDING_AFTER, {"owner": owner, "after_id": after, "limit": PAGE}):
        if after != _FIRST:
            yield SPLIT, {"owner": owner, "change": f"{CHANGE}\n{_KEEPS if keeps_passed else ''}"}
        ids = [row[0] for row in rows]
        after = ids[-1]
        of_tasks = {"owner": owner, "ids": [str(one) for one in ids]}
        pending = yield PENDING, of_tasks
        tasks = yield REMINDED, of_tasks
        moved = _moved(pending, tasks, zone, keeps_passed=keeps_passed)
        yield DROP_REMINDERS, of_tasks
        yield from _add_steps(owner, moved)


def resume_steps(owner: UUID, passed: str) -> TransactionSteps[None]:
    """Completes an interrupted `move_reminders_steps`; moments that are computed already stay the same."""
    if (yield RESUME, {"owner": owner}):
        locked = yield LOCK_OWNER, {"owner": owner}
        yield from move_reminders_steps(owner, locked[0][0], keeps_passed=passed == _KEEPS)


def _moved(
    pending: Sequence[Row], tasks: Sequence[Row], zone: str | None, *, keeps_passed: bool
) -> list[tuple[Any, int, datetime | None]]:
    """Returns pending reminders with their new moments, see `move_reminders_steps`; an unknown one stays."""
    now = datetime.now(UTC)
    at = {(str(task_id), n): moment for task_id, n, moment in _moments_of(tasks, zone)}
    moved = [(task_id, n, at.get((str(task_id), n), before), before) for task_id, n, before in pending]
    return [
        (task_id, n, moment)
        for task_id, n, moment, before in moved
        if keeps_passed or moment is None or moment > now or moment == before
    ]


def _moments_of(tasks: Sequence[Row], zone: str | None) -> Iterable[tuple[Any, int, datetime | None]]:
    """Yields the reminders of tasks that can fire, by task and number."""
    for task_id, extra, _ in tasks:
        fields = TaskFields.parse(extra)
        for n, at in moments(fields.reminders, fields.due, zone):
            yield task_id, n, at


def _add_future_steps(owner: UUID, tasks: Sequence[Row], zone: str | None) -> TransactionSteps[None]:
    now = datetime.now(UTC)
    found = [one for one in _moments_of(tasks, zone) if one[2] is None or one[2] > now]
    yield from _add_steps(owner, found)


def _add_steps(owner: UUID, reminders: Iterable[tuple[Any, int, datetime | None]]) -> TransactionSteps[None]:
    rows = [(str(task_id), n, to_microseconds(at)) for task_id, n, at in reminders]
    if rows:
        yield ADD_REMINDERS, {"owner": owner, "reminders": orjson.dumps(rows).decode()}
