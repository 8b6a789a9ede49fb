"""Pending reminders: the rows that follow the reminders, the due date and the state of tasks.

They are written in the transaction of the change that they depend on, under the owner's lock. A reminder
whose moment has passed when it is stored is left out. One that is pending stays until it is claimed, also
when its moment has passed, unless its moment changes: an edit of something else does not lose it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from taskward.database.statements import RESUME, SPLIT, Row, TransactionSteps
from taskward.database.types import to_microseconds
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.reminders import MAX_REMINDERS, Reminders, moments, relative
from taskward.tasks.steps.reminder_statements import (
    ADD_REMINDERS,
    DROP_REMINDERS,
    DROP_REMINDERS_OF_MEMBER,
    PENDING,
    PENDING_AFTER,
    REMINDED,
    REMINDED_BETWEEN,
    REMINDED_MEMBERS,
    SET_MEMBER_REMINDERS,
)
from taskward.users.statements import LOCK_OWNER, TOUCH_OWNER

PAGE: Final = 2000
"""Reminders that are computed at once, with the others of the last task: they take 10 ms."""

TASKS: Final = 200
"""Tasks whose reminders are computed at once."""

CHANGE: Final = "moments of reminders"
"""The name of the change in the owner's lock; whether passed ones are kept follows."""

_KEEPS: Final = "passed ones are kept"
_FIRST: Final = UUID(int=0)


class _Key(NamedTuple):
    """A pending reminder of a task, or of a member for it; see `ReminderRow`."""

    task_id: str
    n: int


def pending_moments_steps(owner: UUID, task_id: UUID) -> TransactionSteps[set[Any]]:
    """Returns the moments of a task's pending reminders."""
    return {row[2] for row in (yield PENDING, {"owner": owner, "ids": [task_id]})}


def add_reminders_steps(owner: UUID, ids: Sequence[Any], zone: str | None) -> TransactionSteps[None]:
    """Stores the reminders of those of these tasks that are open, unless they are pending already."""
    if ids:
        yield from _add_future_steps(owner, _reminded((yield REMINDED, {"owner": owner, "ids": ids}), zone))


def add_reminders_between_steps(
    owner: UUID, first: int, count: int, zone: str | None
) -> TransactionSteps[None]:
    """Stores the reminders of the new tasks whose versions are the `count` ones from `first` on."""
    values = {"owner": owner, "last_number": first + count - 1, "limit": TASKS}
    after = first - 1
    while rows := (yield REMINDED_BETWEEN, values | {"after_number": after}):
        yield from _add_future_steps(owner, _reminded(rows, zone))
        after = rows[-1][2]


def follow_tasks_steps(owner: UUID, ids: Sequence[Any]) -> TransactionSteps[None]:
    """Makes the reminders that members have for these tasks follow the due dates and the states of now.

    One whose moment stays the same is left as it is, also if it has passed and is pending.
    """
    if not ids:
        return
    of_tasks = {"owner": owner, "ids": [str(one) for one in ids]}
    if not (rows := (yield REMINDED_MEMBERS, of_tasks)):
        return
    pending = yield PENDING, of_tasks
    before = {_Key(str(task_id), n): at for task_id, n, at in pending}
    now = datetime.now(UTC)
    after = {
        key: at
        for key, at in _of_members(rows)
        if at is None or at > now or (key in before and before[key] == at)
    }
    if after != before:
        yield DROP_REMINDERS, of_tasks
        yield from _add_steps(owner, after.items())


class MemberReminders(NamedTuple):
    """The reminders that a member gets for a task."""

    task_id: Any
    member_id: Any
    slot: int
    reminders: Reminders


def set_member_reminders_steps(
    space: UUID, given: Sequence[MemberReminders]
) -> TransactionSteps[Sequence[Row]]:
    """Replaces reminders that members have for tasks; returns rows with the versions."""
    if not given:
        return ()
    rows = [
        (str(one.task_id), str(one.member_id), one.slot, orjson.dumps(one.reminders).decode())
        for one in given
    ]
    stored = yield SET_MEMBER_REMINDERS, {"owner": space, "reminders": orjson.dumps(rows).decode()}
    yield TOUCH_OWNER, {"owner": space, "now": datetime.now(UTC)}
    yield from follow_tasks_steps(space, list(dict.fromkeys(row[0] for row in rows)))
    return stored


def free_slot_steps(space: UUID, task_id: UUID, member_id: UUID) -> TransactionSteps[int]:
    """Returns the slot of a member for a task, or a free one."""
    rows = yield REMINDED_MEMBERS, {"owner": space, "ids": [task_id]}
    slots = {str(row[1]): int(row[2]) for row in rows}
    return slots.get(str(member_id)) or max(slots.values(), default=0) + 1


def carry_over_steps(space: UUID, done: UUID, following: UUID) -> TransactionSteps[None]:
    """Stores for the next task of a series those reminders of members that are relative to the due date."""
    rows = yield REMINDED_MEMBERS, {"owner": space, "ids": [done]}
    carried = [MemberReminders(following, row[1], row[2], relative(orjson.loads(row[3]))) for row in rows]
    yield from set_member_reminders_steps(space, [one for one in carried if one.reminders])


def drop_reminders_of_member_steps(space: UUID, member_id: Any) -> TransactionSteps[None]:
    """Drops all reminders that a member has in a space."""
    for drop in DROP_REMINDERS_OF_MEMBER:
        yield drop, {"owner": space, "member_id": member_id}


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
        after = rows[-1][0]
        of_tasks = {"owner": owner, "ids": list(dict.fromkeys(str(row[0]) for row in rows))}
        pending = yield PENDING, of_tasks
        tasks = yield REMINDED, of_tasks
        members = yield REMINDED_MEMBERS, of_tasks
        moments_now = dict(chain(_reminded(tasks, zone), _of_members(members)))
        moved = _moved(pending, moments_now, keeps_passed=keeps_passed)
        yield DROP_REMINDERS, of_tasks
        yield from _add_steps(owner, moved)


def resume_steps(owner: UUID, passed: str) -> TransactionSteps[None]:
    """Completes an interrupted `move_reminders_steps`; moments that are computed already stay the same."""
    if (yield RESUME, {"owner": owner}):
        locked = yield LOCK_OWNER, {"owner": owner}
        yield from move_reminders_steps(owner, locked[0][0], keeps_passed=passed == _KEEPS)


def _moved(
    pending: Sequence[Row], at: Mapping[_Key, datetime | None], *, keeps_passed: bool
) -> Iterator[tuple[_Key, datetime | None]]:
    """Yields pending reminders with their new moments, see `move_reminders_steps`; an unknown one stays."""
    now = datetime.now(UTC)
    for task_id, n, before in pending:
        key = _Key(str(task_id), n)
        moment = at.get(key, before)
        if keeps_passed or moment is None or moment > now or moment == before:
            yield key, moment


def _reminded(tasks: Sequence[Row], zone: str | None) -> Iterator[tuple[_Key, datetime | None]]:
    """Yields the reminders of tasks that can fire."""
    for task_id, extra, _ in tasks:
        fields = TaskFields.parse(extra)
        for n, at in moments(fields.reminders, fields.due, zone):
            yield _Key(str(task_id), n), at


def _of_members(rows: Sequence[Row]) -> Iterator[tuple[_Key, datetime | None]]:
    """Yields the reminders of members that can fire."""
    for task_id, _, slot, reminders, extra, is_completed, zone in rows:
        if not is_completed:
            for n, at in moments(orjson.loads(reminders), TaskFields.parse(extra).due, zone):
                yield _Key(str(task_id), slot * MAX_REMINDERS + n), at


def _add_future_steps(
    owner: UUID, reminders: Iterable[tuple[_Key, datetime | None]]
) -> TransactionSteps[None]:
    now = datetime.now(UTC)
    yield from _add_steps(owner, ((key, at) for key, at in reminders if at is None or at > now))


def _add_steps(owner: UUID, reminders: Iterable[tuple[_Key, datetime | None]]) -> TransactionSteps[None]:
    rows = [(*key, to_microseconds(at)) for key, at in reminders]
    if rows:
        yield ADD_REMINDERS, {"owner": owner, "reminders": orjson.dumps(rows).decode()}
