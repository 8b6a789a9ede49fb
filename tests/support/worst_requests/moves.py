"""Moves and the stream of spaces, each as large as it can be."""

from collections.abc import Callable
from typing import Final

from support.latency import Sender
from support.task_rows import TaskRow
from support.worst_requests.entries import Entry, request
from support.worst_requests.values import fields, largest_task
from support.worst_requests.world import World
from taskward.moves.models import MAX_NAMED, MAX_TASKS
from taskward.spaces.steps import MAX_SPACES

_PATH: Final = "/api/moves"
_TREE: Final = 500
"""Tasks of the largest tree, with its root."""


def _list(world: World) -> Sender:
    """Moves a list of tasks with all fields."""
    person, space = world.new_owner(), world.new_owner()
    world.add_space(space, [person])
    (home,) = world.add_lists(person, 1)
    world.add([TaskRow(**fields(1), list_id=home) for _ in range(_number(world))], person)
    return request("POST", _PATH, {"from": None, "to": str(space), "list": str(home)}, person)


def _trees(world: World) -> Sender:
    """Moves trees between spaces."""
    person, source, target = (world.new_owner() for _ in range(3))
    for space in (source, target):
        world.add_space(space, [person])
    tops = [largest_task(n) for n in range(_number(world) // _TREE)]
    world.add([task for top in tops for task in (top, *world.tree(top, **fields(1))[: _TREE - 1])], source)
    named = [{"id": str(top.id)} for top in tops]
    return request("POST", _PATH, {"from": str(source), "to": str(target), "tasks": named}, person)


def _named(world: World) -> Sender:
    """Moves as many tasks as one request names, each of them the largest."""
    person, space = world.new_owner(), world.new_owner()
    world.add_space(space, [person])
    named = world.add([largest_task(n) for n in range(MAX_NAMED)], person)
    tasks = [{"id": str(one)} for one in named]
    return request("POST", _PATH, {"from": None, "to": str(space), "tasks": tasks}, person)


def _events(world: World) -> Sender:
    person = world.new_owner()
    for _ in range(MAX_SPACES):
        world.add_space(world.new_owner(), [person])
    return request("HEAD", "/api/spaces/events", None, person)


def _number(world: World) -> int:
    """Returns how many tasks a move takes."""
    return min(MAX_TASKS, world.scale.changed)


def _entry(case: str, make: Callable[[World], Sender]) -> Entry:
    return Entry(f"POST {_PATH}", case, make, is_long_batch=True)


MOVES: Final = (
    _entry("a list of all tasks", _list),
    _entry("the largest trees", _trees),
    _entry("100 tasks of the largest", _named),
    Entry("GET /api/spaces/events", "100 spaces", _events),
)
