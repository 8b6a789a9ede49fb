"""Recurring tasks for the tests: their requests, and what is left out when two of them are compared."""

from typing import Any

import httpx
from support import Person

Task = dict[str, Any]

MONDAY = {"date": "2026-11-23"}
WEEKLY = {"rule": "FREQ=WEEKLY;BYDAY=MO"}
IN_TIME = "2026-11-23T12:00:00+01:00"
"""Completed on the due day."""

NEWS = ("id", "created_at", "updated_at")


async def recurring(person: Person, title: str = "Water the plants", **fields: Any) -> Task:
    """Creates a task that is due on a Monday and comes again on the next one."""
    return await person.create(title, **{"due": MONDAY, "recurrence": WEEKLY, **fields})


async def complete(person: Person, task: Task, **fields: Any) -> Task:
    """Completes a task on its due day; returns it."""
    return await person.put(task["id"], is_completed=True, **{"completed_at": IN_TIME, **fields})


async def reopen(person: Person, task: Task, **fields: Any) -> Task:
    return await person.put(task["id"], is_completed=False, **fields)


async def following(person: Person, task: Task) -> Task:
    """Returns the next task of a completed one."""
    return await person.get(task["next_id"])


async def change(person: Person, task: Task, **fields: Any) -> httpx.Response:
    return await person.http.put(f"/api/tasks/{task['id']}", json=fields)


async def in_series(person: Person, series_id: str) -> list[Task]:
    answer = await person.http.get(f"/api/tasks?series_id={series_id}&sort=created_at")
    return list(answer.json()["tasks"])


def without(task: Task, *names: str) -> Task:
    return {name: value for name, value in task.items() if name not in names}
