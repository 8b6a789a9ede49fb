"""The tools of the MCP server: their names, descriptions, arguments and hints. No protocol here."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from taskward.mcp import reading, writing
from taskward.mcp.arguments import Arguments, ToolError
from taskward.mcp.schemas import (
    IDS,
    KEY,
    LIST,
    NEW_TASK,
    NOW,
    TASK_CHANGES,
    Schema,
    array_of,
    enum_of,
    nullable,
    object_of,
    string,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from taskward_client import AsyncClient, TaskwardError

INSTRUCTIONS: Final = (
    "The user's tasks and lists. Tasks are named by id, which find_tasks and get_overview return; lists by "
    "title or id. A due date is a day, optionally with a time, optionally with a time zone: do not convert "
    "it. Several changes belong into one call, which makes all of them or none. Deletions are permanent: "
    "ask the user."
)
_NAMES: Final = {"q": "query", "list_id": "list", "task_id": "ids"}
"""The arguments that have another name in the API."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. It is read-only, or it is safe to repeat with the same arguments."""

    name: str
    title: str
    description: str
    schema: Schema
    run: "Callable[[AsyncClient, Arguments], Awaitable[dict[str, Any]]]"
    is_read_only: bool = False
    is_destructive: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a call: an object, or the text of an error."""

    text: str
    value: dict[str, Any] | None = None


async def call(tool: Tool, api: "AsyncClient", arguments: Arguments) -> ToolResult:
    """Calls a tool; a failure that the agent can do something about becomes a text."""
    from taskward_client import TaskwardError  # noqa: PLC0415 - slow to import

    try:
        _check_names(tool, arguments)
        value = await tool.run(api, arguments)
    except ToolError as error:
        return ToolResult(str(error))
    except TaskwardError as error:
        return ToolResult(_advice(error))
    return ToolResult(json.dumps(value, ensure_ascii=False, separators=(",", ":")), value)


def _check_names(tool: Tool, arguments: Arguments) -> None:
    known = tool.schema["properties"]
    if unknown := arguments.keys() - known.keys():
        names = ", ".join(known) or "none"
        raise ToolError(f"{tool.name} has no argument {', '.join(sorted(unknown))}; it has: {names}")


def _advice(error: "TaskwardError") -> str:
    from taskward_client import (  # noqa: PLC0415 - slow to import
        APIError,
        Conflict,
        NotFound,
        RateLimited,
        ServerError,
        ServiceUnavailable,
    )

    match error:
        case RateLimited() | ServiceUnavailable():
            return f"{error.error}. Try again in {error.retry_after or 1:.0f} seconds."
        case ServerError():
            return f"{error.error}. Something may have been changed: look before you repeat the call."
        case Conflict(code="IDEMPOTENCY_KEY_REUSED"):
            return "This idempotency_key was used for a call with other arguments: use another one."
        case NotFound():
            return f"{error.error}. find_tasks returns the ids that there are."
        case APIError(details=[_, *_] as details):
            return "\n".join(f"{_NAMES.get(one['field'], one['field'])}: {one['message']}" for one in details)
    return str(error)


TOOLS: Final = (
    Tool(
        "find_tasks",
        "Find tasks",
        "Finds tasks, the newest first. Without arguments: all open ones. The result has a cursor if there "
        "are more.",
        object_of(
            {
                "query": string("Words that all occur in the title or the description."),
                "list": LIST,
                "label": string("A label."),
                "priority": string("low, medium, high, urgent, or several with commas."),
                "state": enum_of("Which ones; open by default.", "open", "completed", "all"),
                "due": enum_of("Whether they have a due date.", "any", "none"),
                "due_from": string("Due on this day or later: 2026-11-21."),
                "due_before": string(
                    "Due before this day, or, with the present time and an offset, overdue."
                ),
                "parent_id": string("Parts of this task; none: only tasks that are no part of another one."),
                "sort": string("Such as due, -priority, title, -created_at, position; - is descending."),
                "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": "50 by default."},
                "cursor": string("The cursor of the previous result, with the same other arguments."),
            }
        ),
        reading.find_tasks,
        is_read_only=True,
    ),
    Tool(
        "get_tasks",
        "Get tasks",
        "Returns tasks with all their fields.",
        object_of({"ids": IDS}, "ids"),
        reading.get_tasks,
        is_read_only=True,
    ),
    Tool(
        "get_overview",
        "Overview of the day",
        "Returns how many tasks are open, overdue, due today, later and without a date, and lists the "
        "overdue ones and those of today.",
        object_of({"now": NOW}),
        reading.get_overview,
        is_read_only=True,
    ),
    Tool(
        "find_lists",
        "Find lists",
        "Returns all lists. Tasks in no list are in the inbox, which is not among them.",
        object_of({}),
        reading.find_lists,
        is_read_only=True,
    ),
    Tool(
        "find_labels",
        "Find labels",
        "Returns the labels in use, each with its number of tasks.",
        object_of({}),
        reading.find_labels,
        is_read_only=True,
    ),
    Tool(
        "add_tasks",
        "Add tasks",
        "Creates tasks: all of them, or none if one is not valid.",
        object_of(
            {"tasks": array_of(NEW_TASK, "The new tasks."), "idempotency_key": KEY},
            "tasks",
            "idempotency_key",
        ),
        writing.add_tasks,
    ),
    Tool(
        "update_tasks",
        "Update tasks",
        "Changes the given fields of tasks; the others stay. Null removes a value.",
        object_of({"tasks": array_of(TASK_CHANGES, "The changes.")}, "tasks"),
        writing.update_tasks,
        is_destructive=True,
    ),
    Tool(
        "complete_tasks",
        "Complete tasks",
        "Completes tasks, or opens them again. Completing a recurring task creates the next one.",
        object_of(
            {
                "ids": IDS,
                "completed_at": nullable(
                    string("When it was done, with an offset: 2026-11-21T23:40:00-08:00.")
                ),
                "reopen": {"type": "boolean", "description": "Open them again."},
            },
            "ids",
        ),
        writing.complete_tasks,
    ),
    Tool(
        "delete_tasks",
        "Delete tasks",
        "Deletes tasks permanently.",
        object_of(
            {
                "ids": IDS,
                "subtasks": enum_of("What becomes of their parts; keep by default.", "keep", "delete"),
            },
            "ids",
        ),
        writing.delete_tasks,
        is_destructive=True,
    ),
    Tool(
        "add_lists",
        "Add lists",
        "Creates lists.",
        object_of(
            {
                "lists": array_of(
                    object_of({"title": string("1 to 200 characters.")}, "title"), "The new lists."
                ),
                "idempotency_key": KEY,
            },
            "lists",
            "idempotency_key",
        ),
        writing.add_lists,
    ),
)
