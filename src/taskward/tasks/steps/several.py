"""Changes of several tasks that go with the change of one: each takes a number of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from taskward.database.statements import Command, TransactionSteps, Values
from taskward.http.caller import Caller
from taskward.tasks.steps.statements import (
    ADD_TOMBSTONES,
    CHILDREN,
    DELETE_TASKS,
    MOVE_TO_LIST,
    MOVE_TO_PARENT,
    SET_POSITION,
)
from taskward.tasks.steps.subtasks import subtree_steps
from taskward.tasks.tables import TOMBSTONES
from taskward.tasks.tombstones import drop_expired_steps
from taskward.users.statements import COUNT_MANY, owner_values


def first_number_steps(user: Caller, count: int) -> TransactionSteps[int]:
    """Takes numbers of the owner's counter; returns the first one."""
    rows = yield COUNT_MANY, owner_values(user) | {"count": count}
    last: int = rows[0][0]
    return last - count + 1


def raise_children_steps(
    user: Caller, task_id: UUID, parent_id: object, now: datetime
) -> TransactionSteps[None]:
    """Moves the children of a task to another parent, or to the top."""
    rows = yield CHILDREN, {"owner": user.id, "task_id": task_id}
    yield from change_several_steps(
        user, MOVE_TO_PARENT, [row[0] for row in rows], {"parent_id": parent_id, "now": now}
    )


def move_below_steps(user: Caller, task_id: UUID, list_id: object, now: datetime) -> TransactionSteps[None]:
    """Moves the tasks below a task to a list, or to none."""
    ids = yield from _below(user, task_id)
    yield from change_several_steps(user, MOVE_TO_LIST, ids, {"list_id": list_id, "now": now})


def delete_below_steps(
    user: Caller, task_id: UUID, now: datetime, tombstones_since: datetime
) -> TransactionSteps[None]:
    """Deletes the tasks below a task."""
    ids = yield from _below(user, task_id)
    yield from delete_several_steps(user, ids, now, tombstones_since)


def delete_several_steps(
    user: Caller, ids: Sequence[Any], now: datetime, tombstones_since: datetime
) -> TransactionSteps[None]:
    """Deletes the tasks with these ids."""
    values = yield from change_several_steps(user, ADD_TOMBSTONES, ids, {"now": now})
    if ids:
        yield DELETE_TASKS, values
        yield from drop_expired_steps(user.id, TOMBSTONES, len(ids), tombstones_since)


def change_several_steps(
    user: Caller, change: Command, ids: Sequence[Any], values: Values
) -> TransactionSteps[Values]:
    """Runs a change of the tasks with these ids, if there are any; returns its values."""
    if not ids:
        return values
    first = yield from first_number_steps(user, len(ids))
    values = {**values, "owner": user.id, "ids": ids, "first_number": first, "count": len(ids)}
    yield change, values
    return values


def set_positions_steps(user: Caller, positions: Mapping[Any, str], now: datetime) -> TransactionSteps[None]:
    """Sets new positions of tasks, by id."""
    if not positions:
        return
    first = yield from first_number_steps(user, len(positions))
    for version, (task_id, position) in enumerate(positions.items(), first):
        values = {"owner": user.id, "task_id": task_id, "now": now}
        yield SET_POSITION, values | {"position": position, "version": version, "count": 1}


def _below(user: Caller, task_id: UUID) -> TransactionSteps[list[str]]:
    levels = yield from subtree_steps(user.id, task_id)
    del levels[str(task_id)]
    return list(levels)
