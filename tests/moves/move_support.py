"""What tests of moves share."""

from typing import Any

import httpx
from support import Person

Json = dict[str, Any]


def space_id(space: str | None) -> str | None:
    """Returns the id of a space from its path; None for the caller's own."""
    return None if space is None else space.rpartition("/")[2]


async def move(
    person: Person, source: str | None, target: str | None, *tasks: Json, **fields: Any
) -> httpx.Response:
    """Sends a move between spaces, which are given by their paths; None is the person's own."""
    body: Json = {"from": space_id(source), "to": space_id(target), **fields}
    if tasks:
        body["tasks"] = [{"id": one["id"]} for one in tasks]
    return await person.http.post("/api/moves", json=body)


async def moved(person: Person, source: str | None, target: str | None, *tasks: Json, **fields: Any) -> Json:
    """Moves, and returns the response."""
    answer = await move(person, source, target, *tasks, **fields)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


async def created(person: Person, owner: str | None, kind: str = "tasks", **fields: Any) -> Json:
    """Creates a task or a list in a space, or among the person's own."""
    answer = await person.http.post(f"{owner or '/api'}/{kind}", json={"title": "x", **fields})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def tree(person: Person, owner: str | None, *counts: int, **fields: Any) -> list[Json]:
    """Creates a task, that many tasks below it, and the next number below the first of those."""
    found = [await created(person, owner, **fields)]
    parent = found[0]
    for count in counts:
        level = [await created(person, owner, parent_id=parent["id"]) for _ in range(count)]
        found, parent = found + level, level[0]
    return found


async def listed(person: Person, owner: str | None, kind: str = "tasks") -> dict[str, Json]:
    """Returns all tasks, lists or comments of an owner, by id."""
    answer = await person.http.get(f"{owner or '/api'}/{kind}")
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()[kind]}


class Follower:
    """A device that follows the feed of one owner, and what it has by now."""

    def __init__(self, person: Person, owner: str | None) -> None:
        self._person, self._path = person, f"{owner or '/api'}/changes"
        self._cursor: str | None = None
        self.tasks: dict[str, Json] = {}
        self.lists: dict[str, Json] = {}
        self.comments: dict[str, Json] = {}

    async def pull(self) -> list[Json]:
        """Applies the changes since the last time, and returns them."""
        pulled: list[Json] = []
        while True:
            query = {"kinds": "tasks,lists,comments", "limit": "1000"} | (
                {"since": self._cursor} if self._cursor else {}
            )
            answer = await self._person.http.get(self._path, params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for change in page["changes"]:
                self._apply(change)
            pulled += page["changes"]
            self._cursor = page["cursor"]
            if not page["has_more"]:
                return pulled

    def _apply(self, change: Json) -> None:
        held = {"task": self.tasks, "list": self.lists, "comment": self.comments}
        if change["op"] == "upsert":
            (kind,) = change.keys() & held.keys()
            held[kind][change[kind]["id"]] = change[kind]
            return
        kind = change.get("kind", "task")
        held[kind].pop(change["id"], None)
        if kind == "task":
            self.comments = {
                one: comment for one, comment in self.comments.items() if comment["task_id"] != change["id"]
            }
