"""A client that holds what the database has lost, and what it is answered afterwards.

`live` writes what is kept and `lose` what is going to be lost; once the database has been restored,
`write_other_content` writes as much as was lost. Each check names the answers that are wrong.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from changes.streams import HttpClient, http_client

CURSOR_EXPIRED = (410, "CURSOR_EXPIRED")


@dataclass
class Held:
    """The state that a client has received and stores."""

    task_tag: str = ""
    list_tag: str = ""
    cursors: dict[str, tuple[HttpClient, str]] = field(default_factory=dict)
    """Of the feed: whose, by what they are called here."""


@dataclass
class StaleClient:
    """A person whose newest writes are lost, one who has none, and one whose first write is lost."""

    ann: HttpClient
    idle: HttpClient
    new: HttpClient
    task: dict[str, Any] = field(default_factory=dict)
    held: Held = field(default_factory=Held)

    async def live(self) -> None:
        """Writes what the backup will hold."""
        self.task = await self.ann.create("Kept")
        await self.ann.create("Kept too")
        await self.keep("from before the backup", self.ann)
        await self.keep("of an empty feed", self.idle)

    async def lose(self) -> None:
        """Writes what will be lost, and keeps what the answers gave."""
        await self.ann.put(self.task["id"], title="Lost")
        await self.ann.create("Lost too")
        await self.new.create("Lost with its owner")
        self.held.task_tag = (await self.ann.http.get(self._path)).headers["etag"]
        self.held.list_tag = (await self.ann.http.get("/api/tasks")).headers["etag"]
        await self.keep("lost", self.ann)
        await self.keep("of a lost owner", self.new)

    async def write_other_content(self) -> None:
        """Writes as much as was lost."""
        await self.ann.put(self.task["id"], title="Other")
        await self.ann.create("Other too")
        await self.new.create("Other")

    async def keep(self, name: str, person: HttpClient) -> None:
        self.held.cursors[name] = (person, (await person.http.get("/api/changes")).json()["cursor"])

    async def until_answered(self) -> None:
        """Reads until the service works again."""
        while (await self.ann.http.get("/api/me")).status_code != 200:
            pass

    async def misled_by_the_task_tag(self) -> list[str]:
        """Returns the requests for which an entity tag of the lost state matches the present state."""
        read = await self.ann.http.get(self._path, headers={"If-None-Match": self.held.task_tag})
        changed = await self.ann.http.put(
            self._path, json={"is_completed": True}, headers={"If-Match": self.held.task_tag}
        )
        return _wrong(
            {
                "If-None-Match of a task": (read.status_code, 200),
                "If-Match": (changed.status_code, 412),
            }
        )

    async def misled_by_the_list(self) -> list[str]:
        """Returns the names of the answers that show the list as it was in the lost state."""
        shown = await self.ann.tasks()
        tagged = await self.ann.http.get("/api/tasks", headers={"If-None-Match": self.held.list_tag})
        return _wrong(
            {
                "the list": ({task["title"] for task in shown} & {"Lost", "Lost too"}, set()),
                "If-None-Match of the list": (tagged.status_code, 200),
            }
        )

    async def misled_by_the_lost_cursor(self) -> list[str]:
        """Returns the lost cursors that get anything but 410 or all changes since."""
        titles = {"lost": {"Other", "Other too"}, "of a lost owner": {"Other"}}
        wrong = []
        for name, written in titles.items():
            status, changes = await self._changes_since(name)
            told = {one["task"]["title"] for one in changes if one["op"] == "upsert"}
            if status != 410 and told != written:
                wrong.append(f"the cursor {name}: {status} {sorted(told)}")
        return wrong

    async def still_answered(self) -> list[str]:
        """Returns the cursors from before `taskward restored` that do not get 410."""
        wrong = []
        for name, (person, cursor) in self.held.cursors.items():
            pulled = await person.http.get("/api/changes", params={"since": cursor})
            pushed = await person.http.get("/api/events", headers={"Last-Event-ID": cursor})
            told = {(one.status_code, one.json().get("code")) for one in (pulled, pushed)}
            if told != {CURSOR_EXPIRED}:
                wrong.append(f"the cursor {name}: {told}")
        return wrong

    async def follows_from_the_beginning(self) -> bool:
        """Returns whether a client that starts again has the tasks of the list, and can continue."""
        first = (await self.ann.http.get("/api/changes")).json()
        since = (await self.ann.http.get("/api/changes", params={"since": first["cursor"]})).json()
        told = {one["task"]["id"]: one["task"] for one in first["changes"] if one["op"] == "upsert"}
        return told == {task["id"]: task for task in await self.ann.tasks()} and since["changes"] == []

    @property
    def _path(self) -> str:
        return f"/api/tasks/{self.task['id']}"

    async def _changes_since(self, name: str) -> tuple[int, list[dict[str, Any]]]:
        person, cursor = self.held.cursors[name]
        answer = await person.http.get("/api/changes", params={"since": cursor})
        return answer.status_code, answer.json().get("changes", [])


@asynccontextmanager
async def stale_client(port: int, same: StaleClient | None = None) -> AsyncIterator[StaleClient]:
    """Yields a client of the process there, with new people or with the same."""
    url = f"http://127.0.0.1:{port}"
    people = [str(uuid4()) for _ in range(3)] if same is None else [same.ann.sub, same.idle.sub, same.new.sub]
    async with (
        http_client(url, people[0]) as ann,
        http_client(url, people[1]) as idle,
        http_client(url, people[2]) as new,
    ):
        yield StaleClient(ann, idle, new) if same is None else replace(same, ann=ann, idle=idle, new=new)


def _wrong(answers: dict[str, tuple[Any, Any]]) -> list[str]:
    return [f"{name}: {told}" for name, (told, due) in answers.items() if told != due]
