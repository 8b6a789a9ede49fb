"""Changes of tasks that cost as much as they can."""

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from typing import Any, Final
from uuid import UUID

from support.paging import NOON
from support.task_rows import TaskRow
from support.worst_requests.changes import CHANGED, CREATED, Change, Operation, Operations
from support.worst_requests.entries import REFUSED
from support.worst_requests.values import REMINDERS, RULE, day, due, fields, label, largest_task, tight_key
from support.worst_requests.world import World
from taskward.ids import new_id


def _create(task: Mapping[str, Any], **others: Any) -> Operation:
    return {"op": "create", "task": task, **others}


def _update(task_id: UUID, **changes: Any) -> Operation:
    return {"op": "update", "id": task_id, "task": changes}


def _in_turn(task_id: UUID, number: int, *changes: dict[str, Any]) -> Operations:
    """Returns changes of one task, again and again."""
    return Operations([_update(task_id, **one) for one in islice(cycle(changes), number)])


def _largest(_: World, number: int) -> Operations:
    """Returns the largest tasks of which a hundred fit into a batch."""
    given: dict[str, Any] = {
        "title": "t" * 200,
        "description": "d" * 2000,
        "labels": [f"{n:02}" + "l" * 48 for n in range(20)],
    }
    given |= {"recurrence": {"rule": RULE, "occurrence": day(0)}, "position": tight_key(0, 0)}
    return Operations([_create({**fields(n), **given}, id=new_id()) for n in range(number)])


def _created_at(position: Callable[[World], Any]) -> Callable[[World, int], Operations]:
    def make(world: World, number: int) -> Operations:
        new = {"title": "x", "position": position(world)}
        return Operations([_create(new) for _ in range(number)])

    return make


def _created_in_tight_places(world: World, number: int) -> Operations:
    places = world.tight_places(number)
    return Operations([_create({"title": "x", "position": {"after": one}}) for one in places])


def _created_in_tree(world: World, number: int) -> Operations:
    (top,) = world.trees([TaskRow()], below=399)
    return Operations([_create({"title": "x", "parent_id": top}) for _ in range(number)])


def _completed_series(world: World, number: int) -> Operations:
    parts: dict[str, Any] = {"due": due(0), "reminders": REMINDERS, "labels": ("part",)}
    (top,) = world.trees([largest_task(0)], **parts)
    return _in_turn(top, number, {"is_completed": True}, {"is_completed": False})


def _completed(world: World, number: int) -> Operations:
    series = world.add([largest_task(n) for n in range(number)])
    return Operations([_update(one, is_completed=True) for one in series])


def _completed_with_history(world: World, number: int) -> Operations:
    """A task of a series of 1,000: its recurrence is removed and set again."""
    first = TaskRow(is_completed=True, completed_at=NOON, due=due(0))
    history = [TaskRow(is_completed=True, completed_at=NOON, series_id=first.id) for _ in range(998)]
    recurring = largest_task(0, series_id=first.id)
    world.add([first, *history, recurring])
    return _in_turn(recurring.id, number, {"recurrence": None}, {"recurrence": {"rule": RULE}})


def _moved_tree(world: World, number: int) -> Operations:
    (top,) = world.trees([TaskRow(list_id=world.lists[0])])
    return _in_turn(top, number, {"list_id": world.lists[1]}, {"list_id": world.lists[2]})


def _tree_below_another(world: World, number: int) -> Operations:
    above = world.trees([TaskRow(), TaskRow()], below=250)
    moved = [TaskRow(parent_id=above[0]) for _ in range(1)]
    world.add([*moved, *(TaskRow(parent_id=moved[0].id) for _ in range(248))])
    return _in_turn(moved[0].id, number, {"parent_id": above[1]}, {"parent_id": above[0]})


def _moved_due(world: World, number: int) -> Operations:
    tasks = world.add([largest_task(n) for n in range(number)])
    return Operations([_update(one, due=due(n + 7), start=due(n)) for n, one in enumerate(tasks)])


def _relabelled(world: World, number: int) -> Operations:
    tasks = world.add([largest_task(n) for n in range(number)])
    labels = [label(n) for n in range(3000, 3020)]
    return Operations([_update(one, labels=labels) for one in tasks])


def _moved_to(position: Callable[[World], Any]) -> Callable[[World, int], Operations]:
    def make(world: World, number: int) -> Operations:
        tasks = world.add([TaskRow() for _ in range(number)])
        place = position(world)
        return Operations([_update(one, position=place) for one in tasks])

    return make


def _moved_to_tight_places(world: World, number: int) -> Operations:
    tasks, places = world.add([TaskRow() for _ in range(number)]), world.tight_places(number)
    pairs = zip(tasks, places, strict=True)
    return Operations([_update(one, position={"after": place}) for one, place in pairs])


def _deleted(world: World, number: int) -> Operations:
    tasks = world.add([largest_task(n) for n in range(number)])
    return Operations([{"op": "delete", "id": one} for one in tasks])


def _deleted_to_trash(world: World, number: int) -> Operations:
    deleted = _deleted(world, number)
    return deleted._replace(operations=[{**one, "to": "trash"} for one in deleted.operations])


def _deleted_trees(subtasks: str, **to: str) -> Callable[[World, int], Operations]:
    def make(world: World, number: int) -> Operations:
        tops = world.trees([TaskRow() for _ in range(number)])
        return Operations([{"op": "delete", "id": one, "subtasks": subtasks, **to} for one in tops])

    return make


def _not_deleted(world: World, number: int) -> Operations:
    tasks = world.add([largest_task(n) for n in range(number)])
    return Operations([{"op": "delete", "id": one, "if_match": '"1"'} for one in tasks])


def _one_place(world: World) -> Any:
    return {"after": world.place_without_room()}


def _in_the_middle(world: World) -> Any:
    return {"after": world.add([TaskRow()])[0]}


TASK_CHANGES: Final = (
    Change("task", "create", "the largest", _largest, CREATED, method="PUT"),
    Change("task", "create", "in tight places", _created_in_tight_places, CREATED, is_heavy=True),
    Change("task", "create", "without room", _created_at(_one_place), CREATED | {REFUSED}),
    Change("task", "create", "first in the inbox", _created_at(lambda _: {"at": "first"}), CREATED),
    Change("task", "create", "last in the inbox", _created_at(lambda _: {"at": "last"}), CREATED),
    Change("task", "create", "after one in the inbox", _created_at(_in_the_middle), CREATED),
    Change("task", "create", "in a tree", _created_in_tree, CREATED),
    Change("task", "update", "series with 500 subtasks completed", _completed_series, CHANGED, is_heavy=True),
    Change("task", "update", "series completed", _completed, CHANGED),
    Change(
        "task", "update", "recurrence in a series of 1,000", _completed_with_history, CHANGED, method="PATCH"
    ),
    Change("task", "update", "tree moved to a list", _moved_tree, CHANGED, is_heavy=True),
    Change("task", "update", "tree moved below a task", _tree_below_another, CHANGED, is_heavy=True),
    Change("task", "update", "due date with 10 reminders", _moved_due, CHANGED, method="PATCH"),
    Change("task", "update", "20 labels replaced", _relabelled, CHANGED, method="PATCH"),
    Change("task", "update", "to tight places", _moved_to_tight_places, CHANGED, is_heavy=True),
    Change(
        "task", "update", "where there is no room", _moved_to(_one_place), CHANGED | {REFUSED}, method="PATCH"
    ),
    Change("task", "update", "first in the inbox", _moved_to(lambda _: {"at": "first"}), CHANGED),
    Change("task", "delete", "the largest", _deleted, CHANGED),
    Change("task", "delete", "with 500 subtasks", _deleted_trees("delete"), CHANGED, is_heavy=True),
    Change(
        "task", "delete", "with 500 subtasks that are kept", _deleted_trees("keep"), CHANGED, is_heavy=True
    ),
    Change("task", "delete", "the largest, to the trash", _deleted_to_trash, CHANGED),
    Change(
        "task",
        "delete",
        "with 500 subtasks, to the trash",
        _deleted_trees("delete", to="trash"),
        CHANGED,
        is_heavy=True,
    ),
    Change("task", "delete", "in another version", _not_deleted, frozenset({412})),
)
