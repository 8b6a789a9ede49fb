"""Calls of the tools for agents, in each revision of the protocol."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from support.latency import Request, Sender
from support.task_rows import TaskRow
from support.worst_requests.entries import REFUSED, Entry, request
from support.worst_requests.hostile import filled, nested
from support.worst_requests.senders import AtOnce, Unread
from support.worst_requests.values import due, label, largest_task, list_title
from support.worst_requests.world import BIG, MAX_LISTS, World
from taskward.mcp.arguments import MAX_ITEMS
from taskward.mcp.endpoint import MAX_BODY
from taskward.spaces.steps import MAX_MEMBERS, MAX_SPACES

MODERN: Final = "2026-07-28"
LEGACY: Final = "2025-11-25"
Arguments = Callable[[World], Mapping[str, Any]]

_LABELS: Final = [f"{n:02}" + "l" * 48 for n in range(20)]


def tool_call(tool: str, arguments: Mapping[str, Any], version: str = MODERN, person: UUID = BIG) -> Request:
    """Returns a call of a tool."""
    params = {"name": tool, "arguments": arguments}
    return _message("tools/call", params, version, person, {"Mcp-Name": tool})


def _message(
    method: str,
    params: Mapping[str, Any],
    version: str = MODERN,
    person: UUID = BIG,
    named: Mapping[str, str] | None = None,
) -> Request:
    headers = {"MCP-Protocol-Version": version, "Accept": "application/json, text/event-stream"}
    if version == MODERN:
        prefix = "io.modelcontextprotocol"
        meta: Mapping[str, Any] = {
            f"{prefix}/protocolVersion": version,
            f"{prefix}/clientCapabilities": {},
            f"{prefix}/clientInfo": {"name": "test", "version": "1"},
        }
        params = {**params, "_meta": meta}
        headers |= {"Mcp-Method": method, **(named or {})}
    value = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return request("POST", "/mcp", value, person, headers)


def _calls(tool: str, arguments: Arguments, version: str = MODERN) -> Callable[[World], Sender]:
    return lambda world: tool_call(tool, arguments(world), version)


def _tool(tool: str, case: str, arguments: Arguments, **others: Any) -> Entry:
    return Entry(tool, case, _calls(tool, arguments), **others)


def _in_list(world: World) -> str:
    return list_title(len(world.lists) - 1)


def _largest(world: World, number: int) -> list[UUID]:
    return world.add([largest_task(n, list_id=world.lists[n]) for n in range(number)])


def _new_tasks(world: World) -> Mapping[str, Any]:
    new: dict[str, Any] = {
        "title": "t" * 200,
        "description": "d" * 2000,
        "priority": "urgent",
        "labels": _LABELS,
    }
    new |= {"list": _in_list(world), "due": due(0), "start": due(1), "recurrence": {"rule": "FREQ=DAILY"}}
    return {"tasks": [new] * MAX_ITEMS, "idempotency_key": f"key {world.number()}"}


def _moved_trees(world: World) -> Mapping[str, Any]:
    tops = world.trees([TaskRow() for _ in range(_trees(world))])
    return {"tasks": [{"id": one, "list": _in_list(world), "add_labels": _LABELS} for one in tops]}


def _changed(world: World) -> Mapping[str, Any]:
    dates = {"due": due(7), "start": due(8), "add_labels": ["other"]}
    tasks = enumerate(_largest(world, MAX_ITEMS))
    return {"tasks": [{"id": one, **dates, "remove_labels": [label(n)]} for n, one in tasks]}


def _series(world: World) -> Mapping[str, Any]:
    return {"ids": world.trees([largest_task(n) for n in range(MAX_ITEMS)], below=5 * world.scale.heavy)}


def _deleted_trees(world: World) -> Mapping[str, Any]:
    tops = world.trees([TaskRow() for _ in range(_trees(world))])
    return {"ids": tops, "subtasks": "delete"}


def _full_trash(world: World) -> Mapping[str, Any]:
    world.add_to_trash([largest_task(n) for n in range(1000)], BIG)
    return {}


def _trashed_trees(world: World) -> Mapping[str, Any]:
    tops = [TaskRow() for _ in range(_trees(world))]
    world.add_to_trash(tops, BIG)
    for top in tops:
        world.add_to_trash(world.tree(top), BIG, deleted_with=top.id)
    return {"ids": [top.id for top in tops]}


def _trees(world: World) -> int:
    return min(MAX_ITEMS, world.scale.heavy)


def _new_lists(world: World) -> Sender:
    owner = world.new_owner()
    world.add_lists(owner, MAX_LISTS - MAX_ITEMS)
    new = {"lists": [{"title": "t" * 200}] * MAX_ITEMS, "idempotency_key": "one"}
    return tool_call("add_lists", new, person=owner)


def _many_spaces(world: World) -> Sender:
    person = world.new_owner()
    for _ in range(MAX_SPACES):
        world.add_space(world.new_owner(), [person])
    return tool_call("find_spaces", {}, person=person)


def _full_space(world: World) -> Sender:
    space, people = world.new_owner(), [world.new_owner() for _ in range(MAX_MEMBERS)]
    world.add_space(space, people)
    return tool_call("find_spaces", {"space": str(space)}, person=people[0])


def _unknown_list(_: World) -> Mapping[str, Any]:
    return {"tasks": [{"title": "x", "list": "unknown"}], "idempotency_key": "one"}


def _deep(_: World) -> Sender:
    """Arrays in arrays, as many as there may be."""
    call = tool_call("find_tasks", {"query": "%s"})
    before, after = call.body.split(b'"%s"')
    return replace(call, body=filled(before + b"[", lambda _: nested(20), b"]" + after, MAX_BODY))


TOOLS: Final = (
    _tool("find_lists", "the first call, of the largest lists", lambda _: {}, is_first=True),
    *(
        Entry(
            "find_tasks",
            f"the largest page, {version}",
            _calls("find_tasks", lambda _: {"limit": 200}, version),
        )
        for version in (MODERN, LEGACY)
    ),
    Entry(
        "find_tasks",
        "16 of the largest page at once",
        lambda _: AtOnce([tool_call("find_tasks", {"limit": 200}).head()] * 16),
    ),
    _tool(
        "find_tasks",
        "a search that finds none",
        lambda world: {"query": f"task {world.number()} zzz", "state": "all"},
    ),
    Entry(
        "find_tasks",
        "the largest page that is not read",
        lambda _: Unread(tool_call("find_tasks", {"limit": 200})),
    ),
    _tool("get_tasks", "the largest", lambda world: {"ids": _largest(world, MAX_ITEMS)}),
    _tool("get_overview", "the largest", lambda _: {"now": "2033-11-21T14:30:00+01:00"}),
    _tool("find_labels", "all", lambda _: {}),
    _tool("add_tasks", "the largest", _new_tasks),
    _tool("add_tasks", "in a list that is not there", _unknown_list, statuses=frozenset({REFUSED})),
    _tool("update_tasks", "trees moved to a list", _moved_trees, is_long_batch=True),
    _tool("update_tasks", "due dates and labels of the largest", _changed),
    _tool("complete_tasks", "series with subtasks", _series, is_long_batch=True),
    _tool("delete_tasks", "trees", _deleted_trees, is_long_batch=True),
    _tool("find_trash", "the largest", _full_trash),
    Entry("find_spaces", "of a person who is in as many as allowed", _many_spaces),
    Entry("find_spaces", "a full one, with its members", _full_space),
    _tool("restore_tasks", "trees", _trashed_trees),
    Entry("add_lists", "the last ones that there may be", _new_lists),
    Entry("POST /mcp", "the list of the tools", lambda _: _message("tools/list", {})),
    Entry("POST /mcp", "arrays in arrays", _deep, frozenset({REFUSED})),
)
