"""Reads: pages, searches, the feed and its streams, exports, and responses that are not read."""

from collections.abc import Callable, Mapping
from typing import Final

from support.latency import Sender
from support.paging import NOON
from support.task_rows import TaskRow
from support.worst_requests.entries import LISTS, TASKS, Entry, request
from support.worst_requests.senders import Streamed, Unread
from support.worst_requests.values import COMMON, LABELS, due, largest_task
from support.worst_requests.world import QUIET, World
from taskward.tasks.sorts import SORTS

_WORDS: Final = "+".join(["task", *(f"{n}" for n in range(10)), *("k",) * 20, "zzz"])
_ALL_FILTERS: Final = (
    f"label={COMMON}&priority=low,medium,high,urgent&due_from=2020-01-01T00:00:00%2B01:00"
    "&due_before=9998-01-01T00:00:00%2B01:00&available_at=9998-01-01T00:00:00%2B01:00"
    "&is_completed=false&archived=true&list_id=none"
)
_MANY_TAGS: Final = '"1",' * 15_000 + '"2"'


def _read(path: str) -> Callable[[World], Sender]:
    return lambda _: request("GET", path)


def _page(path: str) -> Callable[[World], Sender]:
    """Returns reads of pages that are in no cache: each has a limit of its own."""
    joint = "&" if "?" in path else "?"
    return lambda world: request("GET", f"{path}{joint}limit={1000 - world.number() % 500}")


def _largest(path: str, headers: Mapping[str, str] | None = None) -> Callable[[World], Sender]:
    def make(world: World) -> Sender:
        (task_id,) = world.add([largest_task(0)])
        return request("GET", path.format(task_id), headers=headers)

    return make


def _a_series(world: World) -> Sender:
    """A list of a series of 1,000 tasks."""
    first = TaskRow(is_completed=True, completed_at=NOON, due=due(0))
    others = (TaskRow(is_completed=True, completed_at=NOON, series_id=first.id) for _ in range(999))
    world.add([first, *others])
    return request("GET", f"{TASKS}?series_id={first.id}&sort=completed_at")


READING: Final = (
    *(Entry(f"GET {TASKS}", f"the largest page by {sort}", _page(f"{TASKS}?sort={sort}")) for sort in SORTS),
    *(
        Entry(
            f"GET {TASKS}",
            f"the inbox by {sort}",
            _page(f"{TASKS}?list_id=none&is_completed=false&sort={sort}"),
        )
        for sort in ("position", "-updated_at")
    ),
    Entry(f"GET {TASKS}", "a label of all tasks", _page(f"{TASKS}?label={COMMON}&sort=title")),
    Entry(f"GET {TASKS}", "a search of 32 words that finds none", _page(f"{TASKS}?q={_WORDS}")),
    Entry(f"GET {TASKS}", "all filters", _page(f"{TASKS}?{_ALL_FILTERS}&sort=-title")),
    Entry(f"GET {TASKS}", "a filter that finds none", _page(f"{TASKS}?is_completed=true&sort=title")),
    Entry(f"GET {TASKS}", "a series of 1,000", _a_series),
    Entry(
        f"GET {TASKS}",
        "the largest page that is not read",
        lambda _: Unread(request("GET", f"{TASKS}?limit=999")),
    ),
    Entry(f"GET {TASKS}/summary", "all tasks", _read(f"{TASKS}/summary?now=2031-06-01T12:00:00%2B01:00")),
    Entry(f"GET {TASKS}/{{task_id}}", "the largest task", _largest(f"{TASKS}/{{}}")),
    Entry(
        f"GET {TASKS}/{{task_id}}",
        "many entity tags",
        _largest(f"{TASKS}/{{}}", {"If-None-Match": _MANY_TAGS}),
    ),
    Entry(
        f"GET {TASKS}/{{task_id}}/occurrences", "366 days", _largest(f"{TASKS}/{{}}/occurrences?limit=366")
    ),
    Entry("GET /api/labels", f"{LABELS} labels", _read("/api/labels")),
    Entry(f"GET {LISTS}", "the largest lists", _read(LISTS)),
    Entry(
        f"GET {LISTS}",
        "the largest lists that are not read",
        lambda _: Unread(request("GET", LISTS)),
    ),
    Entry(
        f"GET {LISTS}/{{list_id}}",
        "the largest list",
        lambda world: request("GET", f"{LISTS}/{world.lists[0]}"),
    ),
    Entry("GET /api/changes", "the first page of all", _page("/api/changes?kinds=tasks,lists")),
    Entry("GET /api/changes", "the largest lists", _page("/api/changes?kinds=lists")),
    Entry(
        "GET /api/events",
        "all tasks and lists from the beginning",
        lambda world: Streamed(request("GET", "/api/events?kinds=tasks,lists"), world.scale.changed),
    ),
    Entry(
        "GET /api/events",
        "a stream that is not read",
        lambda _: Unread(request("GET", "/api/events")),
    ),
    Entry("GET /api/me", "the user row", _read("/api/me")),
    Entry("GET /api/me/export", "all tasks", _read("/api/me/export")),
    Entry(
        "GET /api/me/calendar.ics",
        "all tasks, in all time zones",
        lambda world: request("GET", "/api/me/calendar.ics", None, world.copy_of_all()),
        others={"calendar": request("GET", "/api/me/calendar.ics", None, QUIET)},
    ),
    *(Entry(f"GET {path}", "its file", _read(path)) for path in ("/", "/docs", "/health", "/health/ready")),
    Entry("GET /openapi.json", "the first one", _read("/openapi.json"), is_first=True),
    Entry("GET /docs/{name}", "the largest file", _read("/docs/swagger-ui-bundle.js")),
    Entry("GET /app/{name}", "the largest file", _read("/app/app.js")),
    Entry("GET /app/sign-in", "the provider", _read("/app/sign-in")),
    *(
        Entry(f"GET {path}", "the metadata", _read(path))
        for path in (f"/.well-known/oauth-protected-resource{end}" for end in ("", "/mcp"))
    ),
)
