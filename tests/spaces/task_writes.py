"""Requests that write one task of a space, and what waits for their turn."""

from typing import Any, Final
from uuid import UUID

import httpx
from fastapi import FastAPI
from support import Person, database_of

Request = tuple[str, dict[str, Any] | None]
"""A method and a body."""

ALONE: Final[dict[str, Request]] = {
    "create task": ("POST", {"title": "New", "labels": ["a"]}),
    "update task": ("PATCH", {"title": "Changed"}),
    "complete or reopen task": ("PATCH", {"is_completed": True}),
    "delete task": ("DELETE", None),
}
"""Requests that are a write alone, by the name of its statement."""


async def send(person: Person, request: Request, space: str, task_id: str) -> httpx.Response:
    """Sends a request below a space, about that task unless it creates one."""
    method, body = request
    path = f"{space}/tasks" if method == "POST" else f"{space}/tasks/{task_id}"
    return await person.http.request(method, path, json=body)


def queued(app: FastAPI, owner: UUID) -> int:
    """Returns the number of writes that wait for their turn in an owner's rows on PostgreSQL."""
    turns = database_of(app)._owner_queue._queued.get(owner, ())
    return sum(len(turn.waiters) for turn in turns)
