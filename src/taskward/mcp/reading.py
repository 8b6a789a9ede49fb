"""The tools that read: find_tasks, get_tasks, get_overview, find_lists, find_labels."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from taskward.mcp.arguments import Arguments, Lists, ToolError, choice, ids

if TYPE_CHECKING:
    from taskward_client import AsyncClient
    from taskward_client.types import Task

_STATES: Final = {"open": False, "completed": True, "all": None}
_DEFAULT_LIMIT: Final = 50
_MAX_LIMIT: Final = 200
_MAX_OVERVIEW: Final = 50
_FILTERS: Final = ("label", "priority", "due", "due_from", "due_before", "parent_id", "sort", "cursor")
_OMITTED: Final = frozenset({"user_id", "updated_at", "position"})
"""Fields of a task that are of no use to an agent."""


async def find_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    limit = arguments.get("limit", _DEFAULT_LIMIT)
    if type(limit) is not int or not 0 < limit <= _MAX_LIMIT:
        raise ToolError(f"limit must be a whole number from 1 to {_MAX_LIMIT}")
    query: Any = {name: arguments[name] for name in _FILTERS if arguments.get(name) is not None}
    query |= {"q": arguments.get("query"), "limit": limit}
    query["is_completed"] = _STATES[choice(arguments, "state", *_STATES)]
    if arguments.get("list") is not None:
        query["list_id"] = await lists.id_of(arguments["list"]) or "none"
    page = await api.tasks.list(**query)
    found = {"tasks": await for_agent(page["tasks"], lists)}
    return found | ({"cursor": page["next_cursor"]} if page["next_cursor"] else {})


async def get_tasks(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    found = [(await api.tasks.get(one)).value for one in ids(arguments)]
    return {"tasks": await for_agent(found, Lists(api))}


async def get_overview(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    """Returns the numbers of open tasks, the overdue ones, and those of the day."""
    now = arguments.get("now") or datetime.now(UTC).isoformat(timespec="seconds")
    counts = await api.tasks.summary(now)
    day = datetime.fromisoformat(now).date()  # the service has accepted it
    tomorrow = (day + timedelta(days=1)).isoformat()
    overdue = await api.tasks.list(due_before=now, is_completed=False, sort="due", limit=_MAX_OVERVIEW)
    today = await api.tasks.list(
        due_from=day.isoformat(), due_before=tomorrow, is_completed=False, sort="due", limit=_MAX_OVERVIEW
    )
    overdue_ids = {task["id"] for task in overdue["tasks"]}
    lists = Lists(api)
    return {
        "now": now,
        "counts": {name: counts[name] for name in ("open", "overdue", "today", "later", "undated")},
        "overdue": await for_agent(overdue["tasks"], lists),
        "today": await for_agent([task for task in today["tasks"] if task["id"] not in overdue_ids], lists),
    }


async def find_lists(api: "AsyncClient", _: Arguments) -> dict[str, Any]:
    return {
        "lists": [
            {"id": one["id"], "title": one["title"], "is_archived": one["is_archived"]}
            for one in await api.lists.list()
        ]
    }


async def find_labels(api: "AsyncClient", _: Arguments) -> dict[str, Any]:
    return {"labels": (await api.labels.list())["labels"]}


async def for_agent(tasks: "list[Task]", lists: Lists) -> list[dict[str, Any]]:
    """Returns tasks for an agent: with the title of their list, without fields of no use to it."""
    results = []
    for task in tasks:
        one: dict[str, Any] = {
            key: value for key, value in task.items() if key not in _OMITTED and value != ""
        }
        if "list_id" in task:
            one["list"] = await lists.title_of(task["list_id"])
        results.append(one)
    return results
