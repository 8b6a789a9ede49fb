"""Restores a task from the trash with those that were deleted with it.

PostgreSQL does it in one transaction. On SQLite it is split, so that other owners' writes do not wait for it,
and the owner's data is locked from the first part to the last. An interrupted restoration is completed.

They come back with the ids, the fields and the order that they had. A task whose parent is not there, or has
no room, comes to the top; one whose list was deleted comes into no list. An assignee who has left goes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, takewhile
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from taskward.database.statements import RESUME, SPLIT, Command, Row, TransactionSteps, Values
from taskward.database.types import to_microseconds
from taskward.idempotency.statements import store_response_steps
from taskward.tasks.errors import TaskNotFound
from taskward.tasks.fields import TaskFields
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.records import task_record
from taskward.tasks.statements import GET_TASK
from taskward.tasks.steps.assignment import present_steps
from taskward.tasks.steps.reminders import add_reminders_steps, follow_tasks_steps
from taskward.tasks.steps.series_statements import OPEN_IN_SERIES
from taskward.tasks.steps.several import first_number_steps
from taskward.tasks.steps.statements import ANCESTORS, FIND_LIST, MAX_LEVELS, SUBTREE_SIZE
from taskward.tasks.steps.subtasks import MAX_BELOW
from taskward.tasks.tables import TaskRecord
from taskward.trash.statements import (
    ADD_LABELS,
    DELETE_RESTORED,
    DROP_TOMBSTONES,
    EXISTING_TASKS,
    FIND_DELETED_WITH,
    FIND_TRASHED,
    RESTORE_OTHER_ROWS,
    RESTORE_ROWS,
    RESTORE_TASKS,
    SET_TRASHED_FIELDS,
    TRASHED_FIELDS,
)
from taskward.users.statements import LOCK_OWNER

PAGE: Final = 100
"""Tasks that are restored in one transaction; the largest ones take 1 ms each."""

MAX_ROWS: Final = 1000
"""Comments that are restored in one transaction, unless they are of one task."""

CHANGE: Final = "restoration"
"""The name of the change in the owner's lock; the id of the task follows."""


class _Place(NamedTuple):
    """The list, the parent and the assignee of a task; all as ids in text form."""

    list_id: str | None
    parent_id: str | None
    assigned_to: str | None


def restore_steps(
    owner: UUID, task_id: UUID, values_of: Callable[[TaskRecord], Values | None]
) -> TransactionSteps[TaskRecord]:
    """Restores a task; returns it. `values_of` returns the values that store the response, if it is kept.

    Raises:
        TaskNotFound: the owner has no such task in the trash.

    """
    values = {"owner": owner, "task_id": task_id}
    locked = yield LOCK_OWNER, values
    rows = [*(yield FIND_TRASHED, values), *(yield FIND_DELETED_WITH, values)]
    if not rows or str(rows[0][0]) != str(task_id):
        raise TaskNotFound
    restoration = yield from _Restoration.plan_steps(owner, task_id, rows, locked[0][0])
    yield from restoration.end_series_steps()
    yield from restoration.first_steps()
    task = task_record((yield GET_TASK, values)[0])
    if response := values_of(task):
        yield from store_response_steps(response)
    yield from restoration.other_steps()
    return task


def resume_steps(owner: UUID, task_id: str) -> TransactionSteps[None]:
    """Completes an interrupted restoration: what is left was deleted with a task that is restored."""
    if not (yield RESUME, {"owner": owner}):
        return
    values = {"owner": owner, "task_id": UUID(task_id)}
    locked = yield LOCK_OWNER, values
    rows = yield FIND_DELETED_WITH, values
    restoration = yield from _Restoration.plan_steps(owner, UUID(task_id), rows, locked[0][0])
    yield from restoration.other_steps()


@dataclass(frozen=True, slots=True)
class _RowsOfTasks:
    """The rows of one table that are restored with their tasks: how many each task has, in that order."""

    restore: Command
    counts: Mapping[str, int]
    first: int

    def page_steps(self, owner: UUID, ids: Sequence[str]) -> TransactionSteps[None]:
        """Restores those of some tasks, which follow each other."""
        if not any(self.counts[one] for one in ids):
            return
        before = sum(count for _, count in takewhile(lambda one: one[0] != ids[0], self.counts.items()))
        yield self.restore, {"owner": owner, "ids": ids, "first_number": self.first + before}


class _Restoration(NamedTuple):
    """Tasks to restore at these places, level by level, numbered from `first` on, and then their rows."""

    owner: UUID
    task_id: UUID
    zone: str | None
    places: Mapping[str, _Place]
    first: int
    rows: Sequence[_RowsOfTasks]

    @classmethod
    def plan_steps(
        cls, owner: UUID, task_id: UUID, rows: Sequence[Row], zone: str | None
    ) -> "TransactionSteps[_Restoration]":
        """Finds the places of tasks, and takes their numbers."""
        places = yield from _Forest(owner, rows).place_steps()
        counted = yield from _count_rows_steps(owner, _order(places, str(task_id)))
        totals = [sum(counts.values()) for counts in counted.values()]
        first = yield from first_number_steps(owner, len(places) + sum(totals))
        after = accumulate(totals, initial=first + len(places))
        restored = [_RowsOfTasks(*one, n) for one, n in zip(counted.items(), after, strict=False)]
        return cls(owner, task_id, zone, places, first, restored)

    def end_series_steps(self) -> TransactionSteps[None]:
        """Drops recurrences, before any task is restored: a series does not go on in one that comes along."""
        for page in _pages(list(self.places)):
            for one, fields in (yield from _fields_steps(self.owner, page)).items():
                yield from _end_series_steps(self.owner, one, fields)

    def first_steps(self) -> TransactionSteps[None]:
        """Restores the task itself."""
        yield from self._page_steps([str(self.task_id)], {"task_id": self.task_id, "version": self.first})

    def other_steps(self) -> TransactionSteps[None]:
        """Restores the others, on SQLite in parts."""
        others = [one for one in _order(self.places, str(self.task_id)) if one != str(self.task_id)]
        pages = list(_bounded_pages(others, lambda one: sum(of.counts[one] for of in self.rows)))
        for page in pages:
            if page is not pages[0]:
                yield SPLIT, {"owner": self.owner, "change": f"{CHANGE}\n{self.task_id}"}
            yield from self._page_steps(page, {"count": len(page)})

    def _page_steps(self, ids: Sequence[str], logged: Values) -> TransactionSteps[None]:
        """Restores some of the tasks; `logged` is for the audit log."""
        numbers = {one: number for number, one in enumerate(self.places, self.first)}
        values = {"owner": self.owner, "ids": ids}
        fields = yield from _fields_steps(self.owner, ids)
        tasks = [(one, numbers[one], *self.places[one], *_instants(fields[one])) for one in ids]
        now = datetime.now(UTC)
        yield RESTORE_TASKS, {"owner": self.owner, "now": now, "tasks": orjson.dumps(tasks).decode()}
        labels = [(one, folded_label(label), label) for one in ids for label in fields[one].labels]
        if labels:
            yield ADD_LABELS, {"owner": self.owner, "labels": orjson.dumps(labels).decode()}
        for of_tasks in self.rows:
            yield from of_tasks.page_steps(self.owner, ids)
        for restore in RESTORE_OTHER_ROWS:
            yield restore, values
        yield DROP_TOMBSTONES, values
        yield DELETE_RESTORED, {**values, **logged}
        yield from add_reminders_steps(self.owner, ids, self.zone)
        yield from follow_tasks_steps(self.owner, ids)


@dataclass(slots=True)
class _Forest:
    """Tasks that are restored together, as trees: most often one."""

    owner: UUID
    rows: Sequence[Row]
    _added: Counter[str] = field(default_factory=Counter)
    """The number of tasks that this restores below a task at the top, by its id."""

    def place_steps(self) -> TransactionSteps[dict[str, _Place]]:
        """Returns the place of each task, those at the top of the trees first, level by level."""
        present = yield from self._present_assignees({_text(row[3]) for row in self.rows})
        before = {
            str(one): _Place(_text(list_id), _text(parent), present.get(_text(assignee)))
            for one, parent, list_id, assignee in self.rows
        }
        children: defaultdict[str | None, list[str]] = defaultdict(list)
        for one, place in before.items():
            children[place.parent_id].append(one)
        roots = [one for one, place in before.items() if place.parent_id not in before]
        lists = yield from self._existing_lists({before[root].list_id for root in roots})
        parents = yield from self._existing_tasks({before[root].parent_id for root in roots})
        places: dict[str, _Place] = {}
        for root in roots:
            list_id, parent, assignee = before[root]
            levels = list(_levels(root, children))
            below = (yield from self._below(parent, levels)) if parent in parents else None
            place = below or _Place(list_id if list_id in lists else None, None, None)
            places[root] = place._replace(assigned_to=assignee)
            for level in levels[1:]:
                places |= {one: before[one]._replace(list_id=place.list_id) for one in level}
        return places

    def _below(self, parent: str | None, levels: Sequence[Sequence[str]]) -> TransactionSteps[_Place | None]:
        """Returns the place of a tree below a parent; None if there is no room."""
        ancestors = yield ANCESTORS, {"owner": self.owner, "task_id": UUID(parent)}
        if len(ancestors) + len(levels) > MAX_LEVELS:
            return None
        top = str(ancestors[-1][0])
        rows = yield SUBTREE_SIZE, {"owner": self.owner, "task_id": UUID(top)}
        size = sum(map(len, levels))
        if rows[0][0] - 1 + self._added[top] + size > MAX_BELOW:
            return None
        self._added[top] += size
        return _Place(_text(ancestors[0][1]), parent, None)

    def _present_assignees(self, ids: set[str | None]) -> TransactionSteps[dict[str | None, str]]:
        """Returns those of these members who still have a role."""
        found: dict[str | None, str] = {}
        for one in ids - {None}:
            if (yield from present_steps(self.owner, one)):
                found[one] = str(one)
        return found

    def _existing_lists(self, ids: set[str | None]) -> TransactionSteps[set[str]]:
        found = set()
        for one in ids - {None}:
            if (yield FIND_LIST, {"owner": self.owner, "list_id": UUID(one)}):
                found.add(str(one))
        return found

    def _existing_tasks(self, ids: set[str | None]) -> TransactionSteps[set[str]]:
        asked = [one for one in ids if one is not None]
        if not asked:
            return set()
        return {str(row[0]) for row in (yield EXISTING_TASKS, {"owner": self.owner, "ids": asked})}


def _levels(root: str, children: Mapping[str | None, Sequence[str]]) -> Iterator[list[str]]:
    """Yields the tasks of a tree, level by level."""
    level = [root]
    while level:
        yield level
        level = [below for one in level for below in children.get(one, ())]


def _pages(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]


def _bounded_pages(ids: Sequence[str], rows_of: Callable[[str], int]) -> Iterator[Sequence[str]]:
    """Yields pages of at most `PAGE` tasks, and `MAX_ROWS` of their rows unless there is one task."""
    page: list[str] = []
    rows = 0
    for one in ids:
        rows += rows_of(one)
        if page and (len(page) == PAGE or rows > MAX_ROWS):
            yield page
            page, rows = [], rows_of(one)
        page.append(one)
    if page:
        yield page


def _order(places: Mapping[str, _Place], first: str) -> list[str]:
    """Returns the ids of tasks in the order in which they are restored."""
    return sorted(places, key=lambda one: one != first)


def _count_rows_steps(owner: UUID, ids: Sequence[str]) -> TransactionSteps[dict[Command, dict[str, int]]]:
    """Returns how many rows of each task are restored with it, by what restores them."""
    found: dict[Command, dict[str, int]] = {}
    for read, restore in RESTORE_ROWS.items():
        counts = found[restore] = dict.fromkeys(ids, 0)
        for page in _pages(ids):
            counts |= {str(one): n for one, n in (yield read, {"owner": owner, "ids": page})}
    return found


def _fields_steps(owner: UUID, ids: Sequence[str]) -> TransactionSteps[dict[str, TaskFields]]:
    """Returns the optional fields of tasks in the trash, by id."""
    rows = yield TRASHED_FIELDS, {"owner": owner, "ids": ids}
    return {str(one): TaskFields.parse(extra) for one, extra in rows}


def _end_series_steps(owner: UUID, task_id: str, fields: TaskFields) -> TransactionSteps[None]:
    """Drops the recurrence of a task whose series goes on in another task."""
    if fields.recurrence is None:
        return
    values: Values = {"owner": owner, "task_id": UUID(task_id)}
    series_id = UUID(fields.series_id or task_id)
    goes_on = bool((yield OPEN_IN_SERIES, {**values, "series_id": series_id}))
    if not goes_on and fields.next_id is not None:
        goes_on = bool((yield EXISTING_TASKS, {"owner": owner, "ids": [fields.next_id]}))
    if not goes_on and fields.series_id is not None:  # an imported first task may lack the id of the series
        rows = yield GET_TASK, {"owner": owner, "task_id": series_id}
        goes_on = any(TaskFields.parse(task_record(row).extra).recurrence is not None for row in rows)
    if goes_on:
        yield SET_TRASHED_FIELDS, {**values, "extra": fields.replaced(recurrence=None).columns()["extra"]}


def _instants(fields: TaskFields) -> tuple[int | None, int | None]:
    """Returns the instants of the due date and of the start, by the time zone data of this process."""
    columns = fields.columns()
    return to_microseconds(columns["due_utc"]), to_microseconds(columns["start_utc"])


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
