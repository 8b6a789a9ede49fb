"""What tests of the trash share."""

from typing import Any

import httpx
from support import Person

Task = dict[str, Any]


async def to_trash(person: Person, task: Task, **query: str) -> httpx.Response:
    """Deletes a task to the trash."""
    return await person.http.delete(f"/api/tasks/{task['id']}", params={"to": "trash", **query})


async def trashed(person: Person) -> dict[str, Task]:
    """Returns what is in the trash, by title."""
    answer = await person.http.get("/api/trash", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return {one["task"]["title"]: one for one in answer.json()["tasks"]}


async def restore(person: Person, task: Task, **headers: str) -> httpx.Response:
    """Restores a task."""
    return await person.http.post(f"/api/trash/{task['id']}/restore", json={}, headers=headers)


async def restored(person: Person, task: Task) -> Task:
    """Restores a task, and returns it."""
    answer = await restore(person, task)
    assert answer.status_code == 200, answer.text
    found: Task = answer.json()
    return found
