"""The tools that read: find_… and get_…."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from taskward.mcp.arguments import Arguments, Lists, ToolError, choice, cut, ids, space_id, spaces_of, text
from taskward.mcp.results import MAX_RESULT, RESERVED, TASKS_PER_PAGE, Item, Page, Read, Room, fill
from taskward.mcp.schemas import TASK, TRASHED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskward_client import AsyncClient, AsyncOwner
    from taskward_client.types import List, SpaceOfMember, Task, TaskList, TrashedTask

_STATES: Final = {"open": False, "completed": True, "all": None}
_DEFAULT_LIMIT: Final = 50
_MAX_LIMIT: Final = 200
_MAX_NAMES: Final = 1000
"""Lists, labels or tasks of the trash in one result at most; lists or labels in one response of the API."""
_MAX_OVERVIEW: Final = 50
_SHORT_DESCRIPTION: Final = 200
"""Characters."""
_FILTERS: Final = ("label", "priority", "due", "due_from", "due_before", "parent_id", "sort", "assigned_to")
_NUMBER: Final = re.compile("[0-9]{1,9}")
_FIELDS: Final = tuple(TASK["properties"])


class _Due(TypedDict, total=False):
    due_from: str
    due_before: str


async def find_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    lists = Lists(api)
    limit = arguments.get("limit", _DEFAULT_LIMIT)
    if type(limit) is not int or not 0 < limit <= _MAX_LIMIT:
        raise ToolError(f"limit must be a whole number from 1 to {_MAX_LIMIT}")
    query: Any = {name: text(arguments, name) for name in _FILTERS}
    query["q"] = text(arguments, "query")
    query["is_completed"] = _STATES[choice(arguments, "state", *_STATES)]
    if arguments.get("list") is not None:
        query["list_id"] = await lists.id_of(arguments["list"]) or "none"

    async def read(size: int, cursor: str | None) -> Page:
        page = await api.tasks.list(**query, limit=size, **_from(cursor))
        return Page(await short_forms(page["tasks"], lists), page["next_cursor"])

    page = await fill(read, limit, text(arguments, "cursor"), per_page=TASKS_PER_PAGE)
    return _found("tasks", page)


async def get_tasks(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    wanted, lists = ids(arguments), Lists(api)
    room, found = Room(), list[Item]()
    for task_id in wanted:
        whole = await _form((await api.tasks.get(task_id)).value, lists)
        if not room.take([whole]) and found:
            break
        found.append(whole)
    return {"tasks": found} | not_shown(wanted[len(found) :])


async def get_overview(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    """Returns the numbers of open tasks, the overdue ones, and those of the day.

    The tasks of a user are those of the agenda, in all spaces; the numbers are of the user's own.
    """
    now = _with_offset(text(arguments, "now") or datetime.now(UTC).isoformat(timespec="seconds"))
    counts = await api.tasks.summary(now)
    day = datetime.fromisoformat(now).date()  # the service has accepted it
    tomorrow = (day + timedelta(days=1)).isoformat()
    overdue = await _open_tasks(api, due_before=now)
    today = await _open_tasks(api, due_from=day.isoformat(), due_before=tomorrow)
    lists = Lists(api)
    late = await short_forms(overdue["tasks"], lists)
    late_ids = {task["id"] for task in late}
    due = [one for one in await short_forms(today["tasks"], lists) if one["id"] not in late_ids]
    shown = {"overdue": _first_half(late), "today": _first_half(due)}
    is_whole = shown == {"overdue": late, "today": due}
    has_more = not is_whole or bool(overdue["next_cursor"] or today["next_cursor"])
    counted = {name: counts[name] for name in ("open", "overdue", "today", "later", "undated")}
    return {"now": now, "counts": counted, **shown, "has_more": has_more}


async def _open_tasks(api: "AsyncOwner", **due: Unpack["_Due"]) -> "TaskList":
    """Returns the first open tasks by due date: the agenda of a user, or those of a space.

    Without spaces, and with a token for some of them only, the agenda is refused: then the user's own.
    """
    from taskward_client import AsyncClient, NotAllowed, NotFound  # noqa: PLC0415 - slow to import

    if isinstance(api, AsyncClient):
        with suppress(NotAllowed, NotFound):
            return await api.me.agenda(limit=_MAX_OVERVIEW, **due)
    return await api.tasks.list(is_completed=False, sort="due", limit=_MAX_OVERVIEW, **due)


async def find_lists(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    lists = sorted(await api.lists.list(), key=_place)

    async def read(size: int, cursor: str | None) -> Page:
        rest = [one for one in lists if cursor is None or _place(one) > cursor]
        shown = rest[:size]
        forms = [{"id": one["id"], "title": one["title"], "is_archived": one["is_archived"]} for one in shown]
        return Page(forms, _place(shown[-1]) if len(rest) > size else None)

    return await _all("lists", read, arguments)


async def find_labels(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    async def read(size: int, cursor: str | None) -> Page:
        page = await api.labels.list(limit=size, **_from(cursor))
        return Page([{**one} for one in page["labels"]], page["next_cursor"])

    return await _all("labels", read, arguments)


async def find_trash(api: "AsyncOwner", arguments: Arguments) -> dict[str, Any]:
    async def read(size: int, cursor: str | None) -> Page:
        page = await api.trash.list(limit=size, **_from(cursor))
        return Page([_trashed(one) for one in page["tasks"]], page["next_cursor"])

    return await _all("tasks", read, arguments, per_page=TASKS_PER_PAGE)


async def find_spaces(api: "AsyncClient", arguments: Arguments) -> dict[str, Any]:
    """Returns the spaces of the user; with the argument `space`, that one with a page of its members."""
    if arguments.get("space") is None:
        return await _all("spaces", _pages_of([_space(one) for one in await spaces_of(api)]), arguments)
    wanted = await space_id(api, arguments["space"])
    members = await _all("members", _pages_of(await _members(api, wanted)), arguments)
    found = [_space(one) for one in await spaces_of(api) if one["space"]["id"] == wanted]
    shown = members.pop("members")
    return {"spaces": [one | {"members": shown} for one in found], **members}


async def _members(api: "AsyncClient", wanted: str) -> list[Item]:
    members = await api.space(wanted).members.list()
    return [{"id": one["id"], "name": one["name"], "role": one["role"]} for one in members]


def _space(one: "SpaceOfMember") -> Item:
    space, member = one["space"], one["member"]
    return {
        "id": space["id"],
        "title": space["title"],
        "is_archived": space["is_archived"],
        "role": member["role"],
        "member_id": member["id"],
    }


def _pages_of(forms: list[Item]) -> Read:
    """Returns a function that reads pages of these objects; a cursor is the number of those before it."""

    async def read(size: int, cursor: str | None) -> Page:
        start = int(cursor) if cursor is not None and _NUMBER.fullmatch(cursor) else 0
        end = start + size
        return Page(forms[start:end], str(end) if end < len(forms) else None)

    return read


async def short_forms(tasks: "Iterable[Task]", lists: Lists) -> list[Item]:
    """Returns tasks for an agent, without metadata and with the beginning of long descriptions."""
    forms = []
    for task in tasks:
        form = await _form(task, lists)
        description = form.get("description", "")
        if "metadata" in form or len(description) > _SHORT_DESCRIPTION:
            form.pop("metadata", None)
            if description:
                form["description"] = cut(description, _SHORT_DESCRIPTION)
            form["is_shortened"] = True
        forms.append(form)
    return forms


def not_shown(task_ids: list[str]) -> dict[str, list[str]]:
    """Returns the part of a result that names the objects for which there was no room."""
    return {"not_shown": task_ids} if task_ids else {}


async def _form(task: "Task", lists: Lists) -> Item:
    """Returns a task for an agent: with the title of its list, without fields of no use to it."""
    fields: Item = {**task}
    if "list_id" in task:
        fields["list"] = await lists.title_of(task["list_id"])
    return {name: fields[name] for name in _FIELDS if fields.get(name) is not None}


def _trashed(one: "TrashedTask") -> Item:
    """Returns what tells an agent whether to restore a task.

    One that another task took along has no id: restored before that one, it would lose its parent.
    """
    fields: Item = {**one["task"], **one}
    if "deleted_with" in one:
        del fields["id"]
    return {name: fields[name] for name in TRASHED["properties"] if name in fields}


def _from(cursor: str | None) -> dict[str, Any]:
    """Returns the argument or the part of a result that has a cursor, if there is one."""
    return {} if cursor is None else {"cursor": cursor}


def _found(name: str, page: Page) -> dict[str, Any]:
    found: dict[str, Any] = {name: page.items}
    return found | _from(page.next_cursor)


def _first_half(items: list[Item]) -> list[Item]:
    """Returns those of the objects that fit into half of a result."""
    return items[: Room((MAX_RESULT - RESERVED) // 2).take(items)]


def _with_offset(now: str) -> str:
    """Returns a time with a numeric offset, which the service requires, in place of a Z."""
    return f"{now[:-1]}+00:00" if now.endswith(("Z", "z")) else now


def _place(one: "List") -> str:
    """Returns the place of a list among the others, as a text that sorts in the same way."""
    return f"{one['position']} {one['id']}"


async def _all(name: str, read: Read, arguments: Arguments, *, per_page: int = _MAX_NAMES) -> dict[str, Any]:
    """Returns as many objects as fit, after the given cursor."""
    page = await fill(read, _MAX_NAMES, text(arguments, "cursor"), per_page=per_page)
    return _found(name, page)
