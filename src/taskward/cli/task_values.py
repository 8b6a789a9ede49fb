"""The values that users type in `taskward tasks`: days, lists and short ids, as those of the API."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from taskward.cli.remote import NOT_FOUND, USAGE, Failed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskward_client import Client, Owner
    from taskward_client.types import List, ListTasksQuery, Task, TaskDateChanges

ID_LENGTH: Final = 8
"""Characters of an id that tables show: its end, because tasks of the same time begin alike."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_END_OF_ID: Final = re.compile(r"[0-9a-f]{4,12}", re.IGNORECASE)
_DUE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?: ?([A-Za-z][\w/+-]*))?)?", re.ASCII)
_DAYS: Final = {"today": 0, "tomorrow": 1}


def due_filter(text: str, now: datetime) -> "ListTasksQuery":
    """Returns the filter of `--due`: overdue, today, tomorrow, week, any, none or a day.

    Raises:
        Failed: it is none of these.

    """
    match text:
        case "any" | "none":
            return {"due": text}
        case "overdue":
            return {"due_before": now.isoformat(timespec="seconds"), "is_completed": False}
        case "week":
            return {"due_from": _day(now, 0), "due_before": _day(now, 7)}
        case "today" | "tomorrow":
            return {"due_from": _day(now, _DAYS[text]), "due_before": _day(now, _DAYS[text] + 1)}
    try:
        day = datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        raise Failed(
            "--due must be overdue, today, tomorrow, week, any, none or a day like 2026-01-31", USAGE
        ) from None
    return {"due_from": _day(day, 0), "due_before": _day(day, 1)}


def due_date(text: str, now: datetime) -> "TaskDateChanges":
    """Returns the due date of `today`, `tomorrow`, `2026-01-31`, `2026-01-31T09:30` or that with a time zone.

    Raises:
        Failed: it is none of these.

    """
    if text in _DAYS:
        return {"date": _day(now, _DAYS[text]), "time": None}
    match = _DUE.fullmatch(text)
    if match is None:
        raise Failed(
            "--due must be today, tomorrow, a day like 2026-01-31, or with a time like 2026-01-31T09:30",
            USAGE,
        )
    due: TaskDateChanges = {"date": match[1], "time": match[2]}
    if match[2]:
        due["time_zone"] = match[3]
    return due


def space_id(client: "Client", name: str) -> str:
    """Returns the id of a space of the user, by its id or its title in any letter case.

    Raises:
        Failed: there is no such space, or several.

    """
    if _UUID.fullmatch(name):
        return name.lower()
    spaces = [one["space"] for one in client.spaces.list()]
    found = [one["id"] for one in spaces if one["title"].casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failed(f"several spaces are called {name!r}; give one of the ids {', '.join(found)}", NOT_FOUND)
    known = ", ".join(repr(one["title"]) for one in spaces) or "none"
    raise Failed(f"no space is called {name!r}; there are: {known}", NOT_FOUND)


def list_id(client: "Owner", name: str) -> str:
    """Returns the id of a list, by its id or its title in any letter case.

    Raises:
        Failed: there is no such list, or several.

    """
    if _UUID.fullmatch(name):
        return name.lower()
    lists = client.lists.list()
    found = [one for one in lists if one["title"].casefold() == name.casefold()]
    if len(found) != 1:
        raise Failed(_no_list(name, found, lists), NOT_FOUND)
    return found[0]["id"]


def task_id(client: "Client", text: str) -> str:
    """Returns the id of a task, by its id or the end of it that tables show; open tasks come first.

    Raises:
        Failed: there is no such task, or several.

    """
    tasks = (client.tasks.iterate(is_completed=is_completed) for is_completed in (False, True))
    return _id_ending_in(text, "task", tasks)


def trashed_id(client: "Client", text: str) -> str:
    """Returns the id of a task in the trash, as `task_id` does of others.

    Raises:
        Failed: there is no such task, or several.

    """
    return _id_ending_in(text, "task in the trash", [(one["task"] for one in client.trash.iterate())])


def _id_ending_in(text: str, kind: str, groups: "Iterable[Iterable[Task]]") -> str:
    """Returns an id, or the one that ends so in the first group of tasks that has any."""
    if _UUID.fullmatch(text):
        return text.lower()
    if not _END_OF_ID.fullmatch(text):
        raise Failed(f"{text!r} must be an id, or the last 4 to 12 characters of one", USAGE)
    for tasks in groups:
        found = [one["id"] for one in tasks if one["id"].endswith(text.lower())]
        if len(found) > 1:
            raise Failed(f"several tasks end in {text}: {', '.join(found)}", NOT_FOUND)
        if found:
            return found[0]
    raise Failed(f"no {kind} ends in {text}", NOT_FOUND)


def _no_list(name: str, found: "list[List]", lists: "list[List]") -> str:
    if found:
        return f"several lists are called {name!r}: use the id: {', '.join(one['id'] for one in found)}"
    titles = ", ".join(repr(one["title"]) for one in lists)
    return f"no list is called {name!r}; there are: {titles}" if lists else f"no list is called {name!r}"


def _day(moment: datetime, later: int) -> str:
    return (moment + timedelta(days=later)).date().isoformat()


def without_none(**values: Any) -> dict[str, Any]:
    """Returns the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
