"""People with everything that the service stores, what a client sees of it, and copies of databases."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from support import Person
from support.postgres_connection import connected

from taskward.copy.job import Copy
from taskward.copy.opening import FROM, TO, opened, settings_of
from taskward.copy.passes import Progress
from taskward.copy.verification import Verified

KEYED: Final = {"Idempotency-Key": "made-once"}
KEYED_BODY: Final = {"title": "Made once"}
ODD: Final = 'É ß \U0010ffff \N{ROCKET} "quoted" \\ tab\t line\nend'

QUERIES: Final[Sequence[dict[str, str]]] = (
    {},
    {"sort": "title"},
    {"sort": "-updated_at"},
    {"sort": "position"},
    {"sort": "due"},
    {"sort": "priority", "is_completed": "false"},
    {"sort": "completed_at"},
    {"label": "home"},
    {"q": "ß"},
    {"due_before": "2031-01-01"},
)
"""Lists, each along other columns."""


async def fill(person: Person) -> list[str]:
    """Stores optional fields, lists and labels for a person; returns the ids of the tasks that are left."""
    await _sent(person, "PATCH", "/api/me", {"time_zone": "Europe/Berlin"})
    work = await _sent(person, "POST", "/api/lists", {"title": ODD, "metadata": {"colour": "red"}})
    old = await _sent(person, "POST", "/api/lists", {"title": "Old"})
    await _sent(person, "PATCH", f"/api/lists/{old['id']}", {"is_archived": True})
    gone = await _sent(person, "POST", "/api/lists", {"title": "Gone"})
    await _sent(person, "DELETE", f"/api/lists/{gone['id']}?tasks=keep")
    parent = await person.create(ODD, description=ODD, list_id=work["id"], labels=["home", "Straße"])
    await person.create("Subtask", parent_id=parent["id"], priority="high", metadata={"n": 1.5, "b": True})
    soon = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    due = {"date": soon, "time": "09:30", "time_zone": "America/New_York"}
    daily = await person.create(
        "Again",
        due=due,
        start={"date": soon},
        recurrence={"rule": "FREQ=DAILY"},
        reminders=[{"offset_minutes": -10}, {"at": f"{soon}T00:00:00Z"}],
        labels=["HOME"],
    )
    await person.put(daily["id"], is_completed=True)
    deleted = await person.create("Deleted")
    await _sent(person, "DELETE", f"/api/tasks/{deleted['id']}")
    trashed = await person.create("Trashed", labels=["home"])
    for task in (parent, trashed, parent):
        comment = await _sent(person, "POST", "/api/comments", {"task_id": task["id"], "text": ODD})
    await _sent(person, "DELETE", f"/api/comments/{comment['id']}")
    await _sent(person, "DELETE", f"/api/tasks/{trashed['id']}?to=trash")
    space = (await person.http.post("/api/spaces", json={"title": ODD, "name": ODD})).headers["location"]
    await _sent(person, "POST", f"{space}/invitations", {})
    await _sent(person, "POST", f"{space}/tasks", {"title": ODD, "labels": ["home"], "assigned_to": "me"})
    for deletion in ("", "?to=trash"):
        shared = await _sent(person, "POST", f"{space}/tasks", {"title": ODD})
        reminders = {"reminders": [{"at": f"{soon}T00:00:00Z"}]}
        await _sent(person, "PUT", f"{space}/tasks/{shared['id']}/reminders", reminders)
        if deletion:
            await _sent(person, "DELETE", f"{space}/tasks/{shared['id']}{deletion}")
    await _sent(person, "POST", "/api/tokens", {"name": ODD, "access": "read", "private": False})
    made = await person.http.post("/api/tasks", json=KEYED_BODY, headers=KEYED)
    assert made.status_code == 201
    return [task["id"] for task in await person.tasks()]


async def _sent(person: Person, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = await person.http.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def seen(person: Person) -> dict[str, Any]:
    """Returns everything that a client can see of a person's data, with entity tags."""
    export = (await person.http.get("/api/me/export")).json()
    export.pop("exported_at", None)
    found: dict[str, Any] = {"export": export, "me": (await person.http.get("/api/me")).json()}
    for path in ("/api/trash", "/api/lists", "/api/labels", "/api/tasks/summary?now=2026-11-22T12:00:00Z"):
        answer = await person.http.get(path)
        found[path] = (answer.json(), answer.headers.get("etag"))
    for query in QUERIES:
        found[str(query)] = await _pages(person, {**query, "limit": "2"})
    for task in found["export"]["tasks"]:
        answer = await person.http.get(f"/api/tasks/{task['id']}")
        found[task["id"]] = (answer.json(), answer.headers["etag"])
    answer = await person.http.get("/api/changes", params={"kinds": "tasks,lists"})
    found["changes"] = answer.json()["changes"]
    return found


async def _pages(person: Person, query: dict[str, str]) -> list[tuple[Any, str | None]]:
    """Returns the pages of a list, with their cursors and entity tags."""
    pages: list[tuple[Any, str | None]] = []
    cursor: str | None = None
    while True:
        answer = await person.http.get("/api/tasks", params=query | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        pages.append((answer.json(), answer.headers.get("etag")))
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return pages


class Recorder:
    """An operator who switches as soon as they are asked, after `before_switch`."""

    def __init__(self, before_switch: Callable[[], Awaitable[None]] | None = None) -> None:
        self.lines: list[str] = []
        self.shares: list[tuple[int, int]] = []
        self._before_switch = before_switch

    @contextmanager
    def progress(self, _label: str) -> Iterator[Progress]:
        yield lambda done, total: self.shares.append((done, total))

    def print(self, text: str) -> None:
        self.lines.append(text)

    async def wait_for_switch(self, _seconds: float) -> bool:
        if self._before_switch is not None:
            await self._before_switch()
        return True


async def copy(
    source: str, target: str, operator: Recorder | None = None, *, follow: bool = False
) -> Sequence[Verified]:
    """Copies within this process, as the command does."""
    async with opened(settings_of(FROM, source), settings_of(TO, target)) as (given, made):
        job = Copy(given, made, operator or Recorder())
        return await (job.follow() if follow else job.once())


def people(app: FastAPI, subs: Sequence[str]) -> list[Person]:
    return [Person(app, sub) for sub in subs]


async def users_of(url: str) -> list[str]:
    """Returns the ids of the users in a PostgreSQL database."""
    async with connected(url) as connection:
        return [str(row["id"]) for row in await connection.fetch("SELECT id FROM users ORDER BY id")]


def trigger(table: str, body: str) -> list[str]:
    """Returns the statements that make PostgreSQL run PL/pgSQL before each row that is inserted."""
    return [
        f"CREATE FUNCTION damage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER damage BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION damage()",
    ]


def as_login(url: str, login: str) -> str:
    """Returns the URL of a database for a login without a password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{login}@{host}").geturl()
