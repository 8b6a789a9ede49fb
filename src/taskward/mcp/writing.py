"""The tools that write. Their changes are one batch of the API, so that all of them are made or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskward.mcp.arguments import Arguments, Lists, ToolError, choice, idempotency_key, ids, objects
from taskward.mcp.reading import not_shown, short_forms
from taskward.mcp.results import Item, Room

if TYPE_CHECKING:
    from taskward_client import AsyncClient

_FIRST_ERROR: Final = 400
_NOT_FOUND: Final = 404
_NOT_APPLIED: Final = 424
"""The status of an operation that is not applied because another one failed."""


async def add_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    new = [await _in_list(one, lists) for one in objects(arguments, "tasks")]
    operations = [{"op": "create", "task": one} for one in new]
    return await _tasks_after(api, operations, "tasks", idempotency_key(arguments, "add_tasks"), lists)


async def update_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    operations = []
    for number, one in enumerate(objects(arguments, "tasks")):
        changes = await _in_list(one, lists)
        task_id = changes.pop("id", None)
        if not isinstance(task_id, str):
            raise ToolError(f"tasks.{number}.id must be the id of a task, as find_tasks returns it")
        operations.append({"op": "update", "id": task_id, "task": changes})
    return await _tasks_after(api, operations, "tasks", None, lists)


async def complete_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    changes: dict[str, Any] = {"is_completed": not arguments.get("reopen", False)}
    if changes["is_completed"] and arguments.get("completed_at") is not None:
        changes["completed_at"] = arguments["completed_at"]
    operations = [{"op": "update", "id": one, "task": changes} for one in ids(arguments)]
    return await _tasks_after(api, operations, "ids", None, Lists(api))


async def delete_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    """Deletes tasks. One that does not exist is no failure, so that a repeated call succeeds."""
    subtasks = choice(arguments, "subtasks", "keep", "delete")
    wanted = ids(arguments)
    operations: Any = [{"op": "delete", "id": one, "subtasks": subtasks} for one in wanted]
    results: Sequence[Any] = (await api.batch(operations))["results"]
    _check(
        [one if one["status"] != _NOT_FOUND else {"status": 200} for one in results],
        "ids",
        "Deleted in part.",
    )
    found = {one: result["status"] != _NOT_FOUND for one, result in zip(wanted, results, strict=True)}
    return {
        "deleted": [one for one in wanted if found[one]],
        "not_found": [one for one in wanted if not found[one]],
    }


async def add_lists(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    operations: Any = [{"op": "create", "kind": "list", "list": one} for one in objects(arguments, "lists")]
    key = idempotency_key(arguments, "add_lists")
    results: Sequence[Any] = (await api.batch(operations, atomic=True, idempotency_key=key))["results"]
    _check(results, "lists")
    lists = [{"id": one["list"]["id"], "title": one["list"]["title"]} for one in results]
    return _shown("lists", lists)


async def _tasks_after(
    api: "AsyncClient", operations: Any, argument: str, key: str | None, lists: Lists
) -> dict[str, Any]:
    """Applies all operations or none; returns the tasks as they are now.

    Raises:
        ToolError: the service rejects some of them.

    """
    results: Sequence[Any] = (await api.batch(operations, atomic=True, idempotency_key=key))["results"]
    _check(results, argument)
    return _shown("tasks", await short_forms([one["task"] for one in results], lists))


def _shown(name: str, items: list[Item]) -> dict[str, Any]:
    """Returns the first objects that there is room for, and the ids of the others."""
    fitting = Room().take(items)
    return {name: items[:fitting]} | not_shown([one["id"] for one in items[fitting:]])


def _check(results: Sequence[Any], argument: str, summary: str = "Nothing was changed.") -> None:
    problems = [
        f"{argument}.{number}: {_problem(one)}"
        for number, one in enumerate(results)
        if one["status"] >= _FIRST_ERROR and one["status"] != _NOT_APPLIED
    ]
    if problems:
        raise ToolError("\n".join([summary, *problems]))


def _problem(result: Any) -> str:
    details = "; ".join(f"{one['field']}: {one['message']}" for one in result.get("details", ()))
    return details or f"{result['error']}"


async def _in_list(task: dict[str, Any], lists: Lists) -> dict[str, Any]:
    """Returns a task with the id of its list in place of its title."""
    fields = dict(task)
    if "list" in fields:
        fields["list_id"] = await lists.id_of(fields.pop("list"))
    return fields
