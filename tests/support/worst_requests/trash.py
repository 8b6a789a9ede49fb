"""Requests to the trash that cost as much as they can."""

from collections.abc import Callable
from typing import Final

from support.latency import Sender
from support.task_rows import TaskRow
from support.worst_requests.entries import Entry, request
from support.worst_requests.values import fields, largest_task
from support.worst_requests.world import World

_PATH: Final = "/api/trash"


def _page(world: World) -> Sender:
    owner = world.new_owner()
    world.add_to_trash([largest_task(n) for n in range(1000)], owner)
    return request("GET", f"{_PATH}?limit=1000", None, owner)


def _of_tree(method: str, path: str) -> Callable[[World], Sender]:
    """Returns requests to the largest task with 500 subtasks, which went to the trash with it."""

    def make(world: World) -> Sender:
        owner = world.new_owner()
        top = largest_task(0)
        tree = world.tree(top, **fields(1))
        world.add_to_trash([top], owner)
        world.add_to_trash(tree, owner, deleted_with=top.id)
        return request(method, path.format(top.id), {} if method == "POST" else None, owner)

    return make


def _apart(world: World) -> Sender:
    """Restores 250 tasks whose parents were restored before, each by itself."""
    owner = world.new_owner()
    top = TaskRow()
    parents = [TaskRow() for _ in range(250)]
    world.add(parents, owner)
    world.add_to_trash([top], owner)
    below = [TaskRow(**fields(1), parent_id=parent.id) for parent in parents]
    world.add_to_trash(below, owner, deleted_with=top.id)
    return request("POST", f"{_PATH}/{top.id}/restore", {}, owner)


TRASH_REQUESTS: Final = (
    Entry(f"GET {_PATH}", "the largest page", _page),
    Entry(
        f"POST {_PATH}/{{task_id}}/restore",
        "with 500 subtasks",
        _of_tree("POST", f"{_PATH}/{{}}/restore"),
    ),
    Entry(f"POST {_PATH}/{{task_id}}/restore", "250 below 250 parents", _apart),
    Entry(f"DELETE {_PATH}/{{task_id}}", "with 500 subtasks", _of_tree("DELETE", f"{_PATH}/{{}}")),
    Entry(f"DELETE {_PATH}", "all tasks", lambda world: request("DELETE", _PATH, None, world.trash_of_all())),
)
