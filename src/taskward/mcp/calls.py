"""Calls of tools: each ends with a result or with the text of an error, both of a bounded size."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from taskward.mcp.arguments import Arguments, ToolError, cut, space_id
from taskward.mcp.tools import Tool

if TYPE_CHECKING:
    from taskward_client import AsyncClient, TaskwardError

MAX_ERROR: Final = 4_000
"""Characters of an error."""

MAX_QUERY: Final = 16_000
"""Characters of the arguments of a tool that reads, as JSON in ASCII: they are sent in a URL."""

_NAMES: Final = {"q": "query", "list_id": "list", "task_id": "ids"}
"""The arguments that have another name in the API."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a call: an object, or the text of an error."""

    text: str
    value: dict[str, Any] | None = None


async def call(tool: Tool, api: "AsyncClient", arguments: Arguments) -> ToolResult:
    """Calls a tool; a failure that the agent can do something about becomes a text."""
    from taskward_client import TaskwardError  # noqa: PLC0415 - slow to import

    try:
        _check(tool, arguments)
        value = await _run(tool, api, arguments)
    except ToolError as error:
        return ToolResult(cut(str(error), MAX_ERROR))
    except TaskwardError as error:
        return ToolResult(cut(_advice(error), MAX_ERROR))
    return ToolResult(orjson.dumps(value).decode(), value)


async def _run(tool: Tool, api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    space = arguments.get("space")
    if space is None or tool.is_about_spaces:
        return await tool.run(api, arguments)
    return await tool.run(api.space(await space_id(api, space)), arguments)


def _check(tool: Tool, arguments: Arguments) -> None:
    known = tool.schema["properties"]
    if unknown := sorted(arguments.keys() - known.keys()):
        names = ", ".join(known) or "none"
        raise ToolError(f"{tool.name} has no argument {cut(', '.join(unknown))}; it has: {names}")
    try:
        size = len(json.dumps(arguments, allow_nan=False))
    except ValueError:  # over HTTP the service has refused them
        raise ToolError(f"the arguments of {tool.name} have a number that is not finite") from None
    if tool.is_read_only and size > MAX_QUERY:
        raise ToolError(f"the arguments of {tool.name} have more than {MAX_QUERY} characters")


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
            finder = "find_spaces" if error.error == "Space not found" else "find_tasks"
            return f"{error.error}. {finder} returns the ids that there are."
        case APIError(details=[_, *_] as details):
            return "\n".join(f"{_NAMES.get(one['field'], one['field'])}: {one['message']}" for one in details)
    return str(error)
