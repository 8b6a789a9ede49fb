"""The tools that write. Their changes are one batch of the API, so that all of them are made or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskward.mcp.arguments import Arguments, Lists, ToolError, choice, flag, idempotency_key, ids, objects
from taskward.mcp.reading import not_shown, short_forms
from taskward.mcp.results import Item, Room

if TYPE_CHECKING:
    from taskward_client import AsyncOwner

_FIRST_ERROR: Final = 400
_NOT_FOUND: Final = 404
_NOT_APPLIED: Final = 424
"""The status of an operation that is not applied because another one failed."""

_TRASH_IS_OFF: Final = (
    "Nothing was deleted: the trash of this service is off. Ask the user whether to delete permanently, then "
    "call delete_tasks with permanently: true."
)


async def add_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    new = [await _in_list(one, lists) for one in objects(arguments, "tasks")]
    operations = [{"op": "create", "task": one} for one in new]
    return await _tasks_after(api, operations, "tasks", idempotency_key(arguments, "add_tasks"), lists)


async def update_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    operations = []
    for number, one in enumerate(objects(arguments, "tasks")):
        changes = await _in_list(one, lists)
        task_id = changes.pop("id", None)
        if not isinstance(task_id, str):
            raise ToolError(f"tasks.{number}.id must be the id of a task, as find_tasks returns it")
        operations.append({"op": "update", "id": task_id, "task": changes})
    return await _tasks_after(api, operations, "tasks", None, lists)


async def complete_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    changes: dict[str, Any] = {"is_completed": not flag(arguments, "reopen")}
    if changes["is_completed"] and arguments.get("completed_at") is not None:
        changes["completed_at"] = arguments["completed_at"]
    operations = [{"op": "update", "id": one, "task": changes} for one in ids(arguments)]
    return await _tasks_after(api, operations, "ids", None, Lists(api))


async def delete_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    """Deletes tasks. One that does not exist is no failure, so that a repeated call succeeds."""
    subtasks, permanently = choice(arguments, "subtasks", "keep", "delete"), flag(arguments, "permanently")
    wanted = ids(arguments)
    how = {"subtasks": subtasks} | ({} if permanently else {"to": "trash"})
    operations: Any = [{"op": "delete", "id": one, **how} for one in wanted]
    results: Sequence[Any] = (await api.batch(operations))["results"]
    if any(detail["field"] == "to" for one in results for detail in one.get("details", ())):
        raise ToolError(_TRASH_IS_OFF)
    found = _by_outcome(wanted, results, "deleted", "Deleted in part.")
    return found | {"in_trash": not permanently}


async def restore_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    """Restores tasks one by one. One that is a task again is no failure, so that a repeated call succeeds."""
    wanted = sorted(ids(arguments))  # the oldest first: parents before their parts
    results = [await _restore(api, one) for one in wanted]
    return _by_outcome(wanted, results, "restored", "Restored in part.")


async def add_lists(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    operations: Any = [{"op": "create", "kind": "list", "list": one} for one in objects(arguments, "lists")]
    key = idempotency_key(arguments, "add_lists")
    results: Sequence[Any] = (await api.batch(operations, atomic=True, idempotency_key=key))["results"]
    _check(results, "lists")
    lists = [{"id": one["list"]["id"], "title": one["list"]["title"]} for one in results]
    return _shown("lists", lists)


async def _restore(api: "AsyncOwner", task_id: str) -> dict[str, Any]:
    """Restores a task that is not one already; returns the result, in the form of a batch's."""
    from taskward_client import InvalidRequest, NotFound  # noqa: PLC0415 - slow to import

    try:
        await api.trash.restore(task_id)
    except NotFound:
        try:
            await api.tasks.get(task_id)
        except NotFound as error:
            return {"status": error.status, "error": error.error}
    except InvalidRequest as error:
        return {"status": error.status, "error": error.error, "details": error.details}
    return {"status": 200}


def _by_outcome(wanted: list[str], results: Sequence[Any], done: str, summary: str) -> dict[str, Any]:
    """Returns which tasks were found, under the name of what was done, and which were not.

    Raises:
        ToolError: the service rejects some for another reason.

    """
    _check([one if one["status"] != _NOT_FOUND else {"status": 200} for one in results], "ids", summary)
    found = {one: result["status"] != _NOT_FOUND for one, result in zip(wanted, results, strict=True)}
    return {
        done: [one for one in wanted if found[one]],
        "not_found": [one for one in wanted if not found[one]],
    }


async def _tasks_after(
    api: "AsyncOwner", operations: Any, argument: str, key: str | None, lists: Lists
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
