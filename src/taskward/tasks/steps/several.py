"""Changes of several tasks that go with the change of one: each takes a number of its own."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

from taskward.database.statements import Command, Read, TransactionSteps, Values
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
from taskward.tasks.trash_statements import (
    DELETE_TRASHED_TASKS,
    DROP_EXPIRED_TRASH,
    TRASH_ROWS,
    TRASH_TASKS,
)
from taskward.users.retention import Deletion
from taskward.users.statements import COUNT_MANY

MAX_ROWS: Final = 1000
"""Comments that are deleted or moved with several tasks in one transaction, unless they are of one task."""


def fitting_steps(owner: UUID, ids: Sequence[Any], reads: Iterable[Read]) -> TransactionSteps[Sequence[Any]]:
    """Returns the first of these tasks, as many as have at most `MAX_ROWS` rows by these reads, or one."""
    counts: Counter[str] = Counter()
    for read in reads:
        counts.update({str(one): count for one, count in (yield read, {"owner": owner, "ids": ids})})
    rows = list(accumulate(counts[str(one)] for one in ids))
    return ids[: max(bisect_right(rows, MAX_ROWS), 1)]


def first_number_steps(owner: UUID, count: int) -> TransactionSteps[int]:
    """Takes numbers of the owner's counter; returns the first one."""
    rows = yield COUNT_MANY, {"owner": owner, "count": count}
    last: int = rows[0][0]
    return last - count + 1


def raise_children_steps(
    owner: UUID, task_id: UUID, parent_id: object, now: datetime
) -> TransactionSteps[None]:
    """Moves the children of a task to another parent, or to the top."""
    rows = yield CHILDREN, {"owner": owner, "task_id": task_id}
    yield from change_several_steps(
        owner,
        MOVE_TO_PARENT,
        [row[0] for row in rows],
        {"parent_id": parent_id, "now": now, "fields": ["parent_id"]},
    )


def move_below_steps(owner: UUID, task_id: UUID, list_id: object, now: datetime) -> TransactionSteps[None]:
    """Moves the tasks below a task to a list, or to none."""
    ids = yield from _below(owner, task_id)
    values = {"list_id": list_id, "now": now, "fields": ["list_id"]}
    yield from change_several_steps(owner, MOVE_TO_LIST, ids, values)


def delete_below_steps(owner: UUID, task_id: UUID, deletion: Deletion) -> TransactionSteps[None]:
    """Deletes the tasks below a task."""
    ids = yield from _below(owner, task_id)
    yield from delete_several_steps(owner, ids, deletion, deleted_with=task_id)


def delete_several_steps(
    owner: UUID, ids: Sequence[Any], deletion: Deletion, deleted_with: UUID | None = None
) -> TransactionSteps[None]:
    """Deletes the tasks with these ids."""
    values = yield from change_several_steps(owner, ADD_TOMBSTONES, ids, {"now": deletion.now})
    if ids:
        yield from remove_several_steps(values, deletion, deleted_with)
        yield from drop_expired_steps(owner, TOMBSTONES, len(ids), deletion.tombstones_since)


def remove_several_steps(
    values: Values, deletion: Deletion, deleted_with: UUID | None = None
) -> TransactionSteps[None]:
    """Removes the rows of the `count` tasks with the `ids`, or moves them to the trash."""
    if deletion.trash_since is None:
        yield DELETE_TASKS, values
        return
    yield TRASH_TASKS, {**values, "deleted_with": deleted_with}
    for copy in TRASH_ROWS:
        yield copy, values
    yield DELETE_TRASHED_TASKS, values
    expired = {"limit": 2 * values["count"], "trash_since": deletion.trash_since}
    yield DROP_EXPIRED_TRASH, {"owner": values["owner"], **expired}


def change_several_steps(
    owner: UUID, change: Command, ids: Sequence[Any], values: Values
) -> TransactionSteps[Values]:
    """Runs a change of the tasks with these ids, if there are any; returns its values."""
    if not ids:
        return values
    first = yield from first_number_steps(owner, len(ids))
    values = {**values, "owner": owner, "ids": ids, "first_number": first, "count": len(ids)}
    yield change, values
    return values


def set_positions_steps(owner: UUID, positions: Mapping[Any, str], now: datetime) -> TransactionSteps[None]:
    """Sets new positions of tasks, by id."""
    if not positions:
        return
    first = yield from first_number_steps(owner, len(positions))
    for version, (task_id, position) in enumerate(positions.items(), first):
        values = {"owner": owner, "task_id": task_id, "now": now, "fields": ["position"]}
        yield SET_POSITION, values | {"position": position, "version": version, "count": 1}


def _below(owner: UUID, task_id: UUID) -> TransactionSteps[list[str]]:
    levels = yield from subtree_steps(owner, task_id)
    del levels[str(task_id)]
    return list(levels)
