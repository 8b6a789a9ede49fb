"""Shared by the tests of /api/me: documents of tasks, and sending them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from support import Person
from taskward.http.responses import rfc3339

NO_SUCH_USER = (404, "NOT_FOUND", "User not found")
EARLIER = datetime(2024, 2, 29, 12, 30, 15, 123000, UTC)


def uuid7(moment: datetime, number: int = 0) -> str:
    """Returns a UUIDv7 as another generator could have made it for that millisecond."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | 0xFFF << 64 | 2 << 62 | number))


def a_task(moment: datetime = EARLIER, **fields: Any) -> dict[str, Any]:
    """Returns a task of that moment as an export would."""
    return {
        "id": uuid7(moment, uuid4().int >> 80),
        "user_id": str(uuid4()),
        "title": "Buy milk",
        "description": "Two litres",
        "is_completed": True,
        "created_at": rfc3339(moment),
        "updated_at": rfc3339(moment + timedelta(days=1)),
    } | fields


def many(count: int, title: str = "Number") -> list[dict[str, Any]]:
    """Returns that many tasks, one per millisecond, the newest last."""
    moments = (EARLIER + timedelta(milliseconds=n) for n in range(count))
    return [a_task(moment, title=f"{title} {n}") for n, moment in enumerate(moments)]


async def send(person: Person, *tasks: Any, key: str | None = None, **others: Any) -> httpx.Response:
    """Imports tasks."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await person.http.post("/api/me/import", json={"tasks": tasks, **others}, headers=headers)


async def import_tasks(person: Person, *tasks: Any) -> tuple[int, int]:
    """Imports tasks; returns how many were imported, and how many skipped."""
    answer = await send(person, *tasks)
    assert answer.status_code == 200, answer.text[:500]
    assert list(answer.json()) == ["imported", "skipped"]
    return answer.json()["imported"], answer.json()["skipped"]


async def export(person: Person) -> dict[str, Any]:
    answer = await person.http.get("/api/me/export")
    assert answer.status_code == 200, answer.text[:500]
    document: dict[str, Any] = answer.json()
    return document


def without_owner(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns tasks without the ids of a user, in one order."""
    bare = [{name: value for name, value in task.items() if name != "user_id"} for task in tasks]
    return sorted(bare, key=lambda task: str(task["id"]))
