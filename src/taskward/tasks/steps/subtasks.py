"""The place of a task: in a list, or below a parent and then in its list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from taskward.database.statements import TransactionSteps
from taskward.http.errors import FieldError, ValidationFailed
from taskward.tasks.steps.statements import ANCESTORS, FIND_LIST, MAX_LEVELS, SUBTREE, SUBTREE_SIZE
from taskward.tasks.tables import TaskRecord

MAX_BELOW: Final = 500
"""Tasks below one at the top."""

_BELOW_ITSELF: Final = "A task cannot be below itself"
_TOO_MANY: Final = f"A task has at most {MAX_BELOW} tasks below it"


class Place(NamedTuple):
    """The list and the parent of a task; in no list, it is in the inbox."""

    list_id: UUID | None = None
    parent_id: UUID | None = None


class _Ancestor(NamedTuple):
    """A task above another, and its list."""

    id: UUID
    list_id: UUID | None


def place_of(task: TaskRecord) -> Place:
    """Returns the place of a stored task."""
    return Place(_id(task.list_id), _id(task.parent_id))


def place_steps(
    owner: UUID,
    task_id: UUID,
    before: Place,
    given: Mapping[str, Any],
    moving: Sequence[UUID],
) -> TransactionSteps[Place]:
    """Returns the place of a task after a change.

    The subtrees of the tasks `moving` go there: of the task, unless it is new, and of one that it replaces.

    Raises:
        ValidationFailed: it cannot be there; the fields are named.

    """
    if not given.keys() & {"list_id", "parent_id"}:
        return before
    place = Place(given.get("list_id", before.list_id), given.get("parent_id", before.parent_id))
    ancestors = yield from _check_found(owner, task_id, place, before)
    if place.parent_id is None:
        return place
    if place.parent_id != before.parent_id:
        moved = yield from _moved_steps(owner, task_id, moving)
        yield from _check_tree(owner, moved, ancestors, is_new=not moving)
    parents_list = ancestors[0].list_id
    if "list_id" in given and place.list_id != parents_list:
        raise _invalid("list_id", "List must be that of the parent")
    return Place(parents_list, place.parent_id)


def subtree_steps(owner: UUID, task_id: UUID) -> TransactionSteps[dict[str, int]]:
    """Returns the level of each task of a subtree, by id; the task itself has level 1."""
    rows = yield SUBTREE, {"owner": owner, "task_id": task_id}
    return {str(one): level for one, level in rows}


def fits_steps(owner: UUID, task_id: UUID, replaced: UUID) -> TransactionSteps[bool]:
    """Returns whether the tasks below one that is deleted can be below another task where that is."""
    _, *above = ancestors = yield from _ancestors(owner, task_id)
    moved = yield from _moved_steps(owner, task_id, [task_id, replaced])
    if any(str(one.id) in moved for one in above) or len(above) + max(moved.values()) > MAX_LEVELS:
        return False
    size = yield from _size_of_tree(owner, ancestors[-1].id, moved, is_new=False)
    return size - 2 <= MAX_BELOW  # without the one at the top, and the deleted one


def check_room_steps(owner: UUID, task_id: UUID, parent_id: UUID) -> TransactionSteps[None]:
    """Checks that there is room for one more task beside one that will be below that parent.

    Raises:
        ValidationFailed: there are too many.

    """
    ancestors = yield from _ancestors(owner, parent_id)
    moved = yield from subtree_steps(owner, task_id)
    if (yield from _size_of_tree(owner, ancestors[-1].id, moved, is_new=False)) > MAX_BELOW:
        raise _invalid("parent_id", _TOO_MANY)


def _check_found(
    owner: UUID, task_id: UUID, place: Place, before: Place
) -> TransactionSteps[list[_Ancestor]]:
    """Checks that the list and the parent exist; returns the parent and the tasks above it.

    Raises:
        ValidationFailed: one of them does not exist, or both, or the parent is the task itself.

    """
    ancestors = [] if place.parent_id is None else (yield from _ancestors(owner, place.parent_id))
    problems = []
    is_new_list = place.list_id not in (None, before.list_id)
    if is_new_list and not (yield FIND_LIST, {"owner": owner, "list_id": place.list_id}):
        problems.append(FieldError("list_id", "List not found"))
    if place.parent_id == task_id:
        problems.append(FieldError("parent_id", _BELOW_ITSELF))
    elif place.parent_id is not None and not ancestors:
        problems.append(FieldError("parent_id", "Parent task not found"))
    if problems:
        raise ValidationFailed(problems)
    return ancestors


def _moved_steps(owner: UUID, task_id: UUID, roots: Sequence[UUID]) -> TransactionSteps[dict[str, int]]:
    """Returns the level of each task of these subtrees, by id; the task has level 1, even if it is new."""
    moved = {str(task_id): 1}
    for root in roots:
        moved |= yield from subtree_steps(owner, root)
    return moved


def _check_tree(
    owner: UUID, moved: Mapping[str, int], ancestors: Sequence[_Ancestor], *, is_new: bool
) -> TransactionSteps[None]:
    """Checks a new parent, the first of these `ancestors`, for the tasks that move with the task.

    Raises:
        ValidationFailed: they would be in a circle, on too many levels, or too many.

    """
    if any(str(ancestor.id) in moved for ancestor in ancestors):
        raise _invalid("parent_id", _BELOW_ITSELF)
    if len(ancestors) + max(moved.values()) > MAX_LEVELS:
        raise _invalid("parent_id", f"Tasks nest at most {MAX_LEVELS} levels deep")
    if (yield from _size_of_tree(owner, ancestors[-1].id, moved, is_new=is_new)) - 1 > MAX_BELOW:
        raise _invalid("parent_id", _TOO_MANY)


def _size_of_tree(owner: UUID, top: UUID, moved: Mapping[str, int], *, is_new: bool) -> TransactionSteps[int]:
    """Returns the number of tasks in a tree once these have moved into it; a new task is in none before."""
    if is_new:
        rows = yield SUBTREE_SIZE, {"owner": owner, "task_id": top}
        return int(rows[0][0]) + len(moved)
    tree = yield from subtree_steps(owner, top)
    return len(tree.keys() | moved.keys())


def _ancestors(owner: UUID, task_id: UUID) -> TransactionSteps[list[_Ancestor]]:
    rows = yield ANCESTORS, {"owner": owner, "task_id": task_id}
    return [_Ancestor(UUID(str(above)), _id(list_id)) for above, list_id in rows]


def _id(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldError(field, message)])
