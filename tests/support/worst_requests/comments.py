"""Requests to comments, and to tasks with as many of them as there may be, that cost as much as they can."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from support.latency import Sender
from support.task_rows import TaskRow
from support.worst_requests.entries import OPERATIONS, TASKS, Entry, batch, request
from support.worst_requests.values import METADATA
from support.worst_requests.world import World
from taskward.comments.models import MAX_TEXT_LENGTH
from taskward.comments.steps import MAX_OF_TASK
from taskward.ids import new_id

_PATH: Final = "/api/comments"
_ONE: Final = f"{_PATH}/{{comment_id}}"
_TEXT: Final = "ß" * MAX_TEXT_LENGTH
_CREATED: Final = frozenset({201})
_REFUSED: Final = frozenset({400})
_BATCH_TEXT: Final = "t" * MAX_TEXT_LENGTH
"""As long as a hundred fit into a batch."""


def _task(
    world: World, comments: int = MAX_OF_TASK, owner: UUID | None = None
) -> tuple[UUID, UUID, list[UUID]]:
    """Adds a task with that many of the largest comments; returns the owner and the ids of all."""
    owner = owner or world.new_owner()
    task = TaskRow()
    world.add([task], owner)
    return owner, task.id, world.add_comments(owner, task.id, comments)


def _listed(query: str) -> Callable[[World], Sender]:
    def make(world: World) -> Sender:
        owner, task, _ = _task(world)
        return request("GET", f"{_PATH}?limit=1000&{query.format(task)}".rstrip("&"), None, owner)

    return make


def _counted(world: World) -> Sender:
    """A thousand tasks with comments, and twenty with a thousand."""
    owner = world.new_owner()
    for _ in range(20):
        _task(world, owner=owner)
    tasks = world.add([TaskRow() for _ in range(980)], owner)
    for task in tasks:
        world.add_comments(owner, task, 1)
    return request("GET", f"{_PATH}/counts?limit=1000", None, owner)


def _written(method: str, comments: int) -> Callable[[World], Sender]:
    """Returns creations and changes of a comment on a task that has that many."""

    def make(world: World) -> Sender:
        owner, task, ids = _task(world, comments)
        body: dict[str, Any] = {"text": _TEXT, "metadata": METADATA}
        if method == "POST":
            return request(method, _PATH, {**body, "task_id": str(task)}, owner)
        if method == "create":
            new = f"{_PATH}/{new_id()}"
            return request("PUT", new, {**body, "task_id": str(task)}, owner, {"If-None-Match": "*"})
        value = None if method in {"GET", "DELETE"} else body
        return request(method, f"{_PATH}/{ids[0]}", value, owner)

    return make


def _batch(op: str) -> Callable[[World], Sender]:
    def make(world: World) -> Sender:
        owner, task, ids = _task(world, MAX_OF_TASK - OPERATIONS)
        common = {"op": op, "kind": "comment"}
        bodies: dict[str, Callable[[UUID], dict[str, Any]]] = {
            "create": lambda _: {"comment": {"task_id": str(task), "text": _BATCH_TEXT}},
            "update": lambda one: {"id": one, "comment": {"text": _BATCH_TEXT}},
            "delete": lambda one: {"id": one},
        }
        operations = ({**common, **bodies[op](one)} for one in ids[:OPERATIONS])
        return batch(operations, "/api/batch", owner)

    return make


def _deleted(query: str) -> Callable[[World], Sender]:
    def make(world: World) -> Sender:
        owner, task, _ = _task(world)
        return request("DELETE", f"{TASKS}/{task}{query}", None, owner)

    return make


def _in_trash(method: str, path: str) -> Callable[[World], Sender]:
    def make(world: World) -> Sender:
        owner, task = world.new_owner(), TaskRow()
        world.add_to_trash([task], owner)
        world.add_comments(owner, task.id, MAX_OF_TASK, "trash_comments")
        return request(method, path.format(task.id), {} if method == "POST" else None, owner)

    return make


COMMENT_REQUESTS: Final = (
    Entry(f"GET {_PATH}", "a thousand of the largest", _listed("")),
    Entry(f"GET {_PATH}", "a thousand of one task, the newest first", _listed("task_id={}&sort=-created_at")),
    Entry(f"GET {_PATH}/counts", "a thousand tasks", _counted),
    Entry(f"POST {_PATH}", "the thousandth", _written("POST", MAX_OF_TASK - 1), _CREATED),
    Entry(f"POST {_PATH}", "of a full task", _written("POST", MAX_OF_TASK), _REFUSED),
    Entry(f"PUT {_ONE}", "created, the thousandth", _written("create", MAX_OF_TASK - 1), _CREATED),
    Entry(f"PUT {_ONE}", "the largest", _written("PUT", MAX_OF_TASK)),
    Entry(f"PATCH {_ONE}", "the largest", _written("PATCH", MAX_OF_TASK)),
    Entry(f"GET {_ONE}", "the largest", _written("GET", 1)),
    Entry(f"DELETE {_ONE}", "the largest", _written("DELETE", MAX_OF_TASK)),
    Entry("create comment", "the largest", _batch("create"), _CREATED),
    Entry("update comment", "the largest", _batch("update")),
    Entry("delete comment", "the largest", _batch("delete")),
    Entry(f"DELETE {TASKS}/{{task_id}}", "with a thousand comments", _deleted("")),
    Entry(f"DELETE {TASKS}/{{task_id}}", "with a thousand comments, to the trash", _deleted("?to=trash")),
    Entry(
        "POST /api/trash/{task_id}/restore",
        "with a thousand comments",
        _in_trash("POST", "/api/trash/{}/restore"),
    ),
    Entry("DELETE /api/trash/{task_id}", "with a thousand comments", _in_trash("DELETE", "/api/trash/{}")),
)
