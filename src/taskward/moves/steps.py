"""A move between two owners as one transaction.

Both owners are locked, persons before spaces and each by id, and the caller is authorized for both under the
locks. Then the rows go over in slices, level by level, so that the feed of the target has each task after the
one above it. All checks come before the first change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from taskward.database.statements import Row, TransactionSteps
from taskward.http.caller import Caller
from taskward.http.errors import FieldError, PreconditionFailed, ValidationFailed
from taskward.http.roles import Role
from taskward.lists.models import list_json
from taskward.lists.statements import (
    COUNT_LISTS,
    GET_LIST,
)
from taskward.lists.steps import MAX_LISTS, TOO_MANY_LISTS
from taskward.lists.tables import ListRecord
from taskward.moves.models import MAX_TASKS, Move
from taskward.moves.reminders import MovedReminders
from taskward.moves.rows import (
    Authors,
)
from taskward.moves.statements import (
    ALL_BELOW,
    ALL_IN_LIST,
    DEPENDENT_KINDS,
    EXISTING,
    TASKS_AMONG,
)
from taskward.moves.transfer import SLICE, Dependents, Numbers, Place, Transfer, parts_of
from taskward.spaces.errors import RoleTooLow, SpaceNotFound
from taskward.spaces.forms import MY_ROLE
from taskward.tasks.errors import TASK_CHANGED
from taskward.tasks.records import task_json, task_record, version_tag
from taskward.tasks.steps.statements import (
    ANCESTORS,
    FIND_LIST,
    MAX_LEVELS,
    SUBTREE_SIZE,
)
from taskward.tasks.steps.subtasks import MAX_BELOW
from taskward.tasks.tables import TaskRecord
from taskward.users.retention import Retention
from taskward.users.statements import COUNT_MANY, COUNT_MANY_OF_PERSON, LOCK_OWNER, person_values

CHECKED: Final = 1000
"""Tasks that one statement looks for in the target."""

TOO_MANY: Final = f"A move takes at most {MAX_TASKS} tasks and comments"
EXISTS: Final = "A task with this id exists"


class MoveResult(NamedTuple):
    """The number of moved tasks, and the named ones as they are now, None for a list."""

    moved: int
    named: Sequence[TaskRecord] | None


class _Found(NamedTuple):
    """The parents of the tasks that move, by id; all ids as text."""

    parents: Mapping[str, str | None]

    @property
    def roots(self) -> list[str]:
        """The tasks that are below none of the others."""
        return [one for one, parent in self.parents.items() if parent not in self.parents]

    def levels(self) -> list[list[str]]:
        """Returns the tasks, the roots first, each level after the one above it."""
        children: defaultdict[str | None, list[str]] = defaultdict(list)
        for one, parent in self.parents.items():
            children[parent].append(one)
        levels, level = [], sorted(self.roots)
        while level:
            levels.append(level)
            level = sorted(below for one in level for below in children[one])
        return levels


def membership_problem(rows: Sequence[Row], name: str) -> FieldError | None:
    """Returns why the caller, with these rows of `MY_ROLE`, can move nothing from or to a space."""
    if not rows:
        return FieldError(name, SpaceNotFound.text)
    return FieldError(name, RoleTooLow.text) if rows[0][1] < Role.EDITOR else None


@dataclass(frozen=True, slots=True)
class MoveSteps:
    """A move of one caller."""

    caller: Caller
    move: Move
    retention: Retention

    @property
    def source(self) -> UUID:
        return self.move.source or self.caller.id

    @property
    def target(self) -> UUID:
        return self.move.target or self.caller.id

    @property
    def spaces(self) -> dict[str, UUID]:
        """The spaces of the move, by the field that names them."""
        named = {"from": self.move.source, "to": self.move.target}
        return {name: space for name, space in named.items() if space is not None}

    @property
    def owners(self) -> list[UUID]:
        """Both owners, in the order of their locks."""
        return sorted((self.source, self.target), key=lambda one: (one != self.caller.id, one))

    def run(self) -> TransactionSteps[MoveResult]:
        """Moves the tasks or the list.

        Raises:
            ValidationFailed: a space, a task or a list is not there or not the caller's to move, or there is
                no room.
            PreconditionFailed: a task is in another version, or the target has an object of that id.

        """
        for owner in self.owners:
            yield LOCK_OWNER, {"owner": owner}
        members = yield from self._authorize()
        above = yield from self._look_up()
        found = yield from self._found()
        dependents = yield from self._dependents(list(found.parents))
        yield from self._check_free(list(found.parents))
        yield from self._check_free_dependents(dependents)
        place = yield from self._place(found, above)
        yield from self._change(found, dependents, place, members)
        return MoveResult(len(found.parents), (yield from self._named()))

    def _authorize(self) -> TransactionSteps[dict[str, UUID]]:
        """Returns the caller as a member of each space, by its field."""
        members, problems = {}, []
        for name, space in self.spaces.items():
            rows = yield MY_ROLE, {"owner": space, "caller": self.caller.id}
            if problem := membership_problem(rows, name):
                problems.append(problem)
            else:
                members[name] = UUID(str(rows[0][0]))
        if problems:
            raise ValidationFailed(problems)
        return members

    def _look_up(self) -> TransactionSteps[Sequence[Row]]:
        """Looks for what the request names; returns the parent in the target and the tasks above it.

        Raises:
            ValidationFailed: something is not there.
            PreconditionFailed: a task is in another version.

        """
        ids, list_id = self._ids, self.move.list_id
        if list_id is not None:
            if not (yield GET_LIST, {"owner": self.source, "list_id": list_id}):
                raise ValidationFailed([FieldError("list", "List not found")])
            return ()
        rows = yield TASKS_AMONG, {"owner": self.source, "ids": ids}
        tasks = {str(row[0]): task_record(row) for row in rows}
        missing = [n for n, one in enumerate(ids) if str(one) not in tasks]
        problems = [FieldError(f"tasks.{n}", "Task not found") for n in missing]
        above: Sequence[Row] = ()
        in_target = {"owner": self.target, "list_id": self.move.to_list, "task_id": self.move.to_parent}
        if self.move.to_list is not None and not (yield FIND_LIST, in_target):
            problems.append(FieldError("to_list", "List not found"))
        if self.move.to_parent is not None and not (above := (yield ANCESTORS, in_target)):
            problems.append(FieldError("to_parent", "Parent task not found"))
        if problems:
            raise ValidationFailed(problems)
        for named in self.move.tasks or ():
            task = tasks[str(named.id)]
            if named.if_match is not None and task.version not in named.if_match:
                raise _refused(task, TASK_CHANGED)
        return above

    def _found(self) -> TransactionSteps[_Found]:
        """Returns the tasks that move; raises ValidationFailed if there are too many."""
        source = {"owner": self.source, "limit": MAX_TASKS + 1}
        if self.move.list_id is not None:
            rows = yield ALL_IN_LIST, {**source, "list_id": self.move.list_id}
            parents = _parents(rows)
        else:
            named = yield TASKS_AMONG, {**source, "ids": self._ids}
            level = parents = _parents((row[0], task_record(row).parent_id) for row in named)
            while level and len(parents) <= MAX_TASKS:
                rows = yield ALL_BELOW, {**source, "ids": list(level)}
                level = {one: parent for one, parent in _parents(rows).items() if one not in parents}
                parents = parents | level
        self._check_number(len(parents))
        return _Found(parents)

    def _dependents(self, tasks: Sequence[str]) -> TransactionSteps[Dependents]:
        """Returns the dependents of the tasks; raises ValidationFailed if there are too many."""
        dependents: Dependents = [defaultdict(list) for _ in DEPENDENT_KINDS]
        count = len(tasks)
        for kind, ids_by_task in zip(DEPENDENT_KINDS, dependents, strict=True):
            for part in parts_of(tasks, CHECKED):
                values = {"owner": self.source, "ids": part, "limit": MAX_TASKS - count + 1}
                rows = yield kind.of_tasks, values
                count += len(rows)
                self._check_number(count)
                for row_id, task_id in rows:
                    ids_by_task[str(task_id)].append(str(row_id))
        return dependents

    def _check_number(self, count: int) -> None:
        if count > MAX_TASKS:
            raise _invalid("tasks" if self.move.list_id is None else "list", TOO_MANY)

    def _check_free_dependents(self, dependents: Dependents) -> TransactionSteps[None]:
        """Raises PreconditionFailed if the target has an object with the id of a dependent."""
        for kind, ids_by_task in zip(DEPENDENT_KINDS, dependents, strict=True):
            for part in parts_of(list(chain.from_iterable(ids_by_task.values())), CHECKED):
                for existing in kind.existing:
                    if rows := (yield existing, {"owner": self.target, "ids": part}):
                        entity, record = kind.entity, kind.entity.record(*rows[0])
                        current = {entity.kind: entity.to_json(record)}
                        text = f"A {entity.kind} with this id exists"
                        raise PreconditionFailed(version_tag(record.version), text, current)

    def _check_free(self, ids: Sequence[str]) -> TransactionSteps[None]:
        """Raises PreconditionFailed if the target has an object with an id that moves there."""
        for part in parts_of(ids, CHECKED):
            for existing in EXISTING:
                rows = yield existing, {"owner": self.target, "ids": part}
                if rows:
                    raise _refused(task_record(rows[0]), EXISTS)
        if self.move.list_id is not None:
            rows = yield GET_LIST, {"owner": self.target, "list_id": self.move.list_id}
            if rows:
                found = ListRecord(*rows[0])
                current = {"list": list_json(found)}
                raise PreconditionFailed(version_tag(found.version), "A list with this id exists", current)

    def _place(self, found: _Found, above: Sequence[Row]) -> TransactionSteps[Place]:
        """Returns the place of the tasks in the target; raises ValidationFailed if there is no room."""
        target = {"owner": self.target}
        if self.move.list_id is not None:
            rows = yield COUNT_LISTS, target
            if rows[0][0] >= MAX_LISTS:
                raise _invalid("list", TOO_MANY_LISTS)
            return Place(self.move.list_id)
        if not above:
            return Place(self.move.to_list)
        list_of_parent = above[0][1]
        if self.move.to_list is not None and str(list_of_parent) != str(self.move.to_list):
            raise _invalid("to_list", "List must be that of the parent")
        if len(above) + len(found.levels()) > MAX_LEVELS:
            raise _invalid("to_parent", f"Tasks nest at most {MAX_LEVELS} levels deep")
        rows = yield SUBTREE_SIZE, {**target, "task_id": above[-1][0]}
        if rows[0][0] - 1 + len(found.parents) > MAX_BELOW:
            raise _invalid("to_parent", f"A task has at most {MAX_BELOW} tasks below it")
        return Place(list_of_parent, self.move.to_parent)

    def _change(
        self, found: _Found, dependents: Dependents, place: Place, members: Mapping[str, UUID]
    ) -> TransactionSteps[None]:
        """Takes the numbers of both owners, and moves everything; `members` are as those of `_authorize`."""
        has_list = self.move.list_id is not None
        count = len(found.parents) + has_list
        if not count:
            return
        last = yield COUNT_MANY, {"owner": self.source, "count": count}
        taken = count + sum(len(ids) for ids_by_task in dependents for ids in ids_by_task.values())
        if self.move.target is None:
            new = yield COUNT_MANY_OF_PERSON, {**person_values(self.caller.own), "count": taken}
        else:
            new = yield COUNT_MANY, {"owner": self.target, "count": taken}
        now = datetime.now(UTC)
        first = new[0][0] - taken + 1
        numbers = Numbers(last[0][0] - has_list, first + has_list, first + count)
        authors = Authors(
            self.source, self.target, self.move.source is None, self.move.target is None, members.get("to")
        )
        reminders = MovedReminders(self.source, self.target, members.get("from"), members.get("to"))
        transfer = Transfer(self.source, self.target, place, authors, reminders, now, self.retention)
        roots = set(found.roots)
        for ids in _slices(found.levels()):
            others = yield from transfer.task_steps(ids, dependents, numbers, roots)
            numbers = numbers.after(len(ids), others)
        if has_list:
            yield from transfer.list_steps(self.move.list_id, last[0][0], first)

    def _named(self) -> TransactionSteps[Sequence[TaskRecord] | None]:
        """Returns the named tasks as they are in the target, in the order of the request."""
        if self.move.list_id is not None:
            return None
        rows = yield TASKS_AMONG, {"owner": self.target, "ids": self._ids}
        tasks = {str(row[0]): task_record(row) for row in rows}
        return [tasks[str(one)] for one in self._ids]

    @property
    def _ids(self) -> list[UUID]:
        return [one.id for one in self.move.tasks or ()]


def _parents(rows: Iterable[Sequence[Any]]) -> dict[str, str | None]:
    """Returns parents by id, as text, from rows of an id and a parent."""
    return {str(one): None if parent is None else str(parent) for one, parent in rows}


def _slices(levels: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yields the tasks of each level, some at a time."""
    return chain.from_iterable(parts_of(level, SLICE) for level in levels)


def _refused(task: TaskRecord, text: str) -> PreconditionFailed:
    return PreconditionFailed(version_tag(task.version), text, {"task": task_json(task)})


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldError(field, message)])
