"""Shared by the tests of lists."""

from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from support import Person, execute

List = dict[str, Any]

NO_SUCH_LIST = (404, "NOT_FOUND", "List not found")


async def create_list(person: Person, title: str = "Home", **fields: Any) -> List:
    answer = await person.http.post("/api/lists", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    created: List = answer.json()
    return created


async def lists_of(person: Person) -> list[List]:
    answer = await person.http.get("/api/lists")
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["lists"]
    found: list[List] = answer.json()["lists"]
    return found


async def put_list(person: Person, list_id: str, **fields: Any) -> List:
    answer = await person.http.put(f"/api/lists/{list_id}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: List = answer.json()
    return changed


async def fill(app: FastAPI, person: Person, list_id: str, count: int) -> list[str]:
    """Creates tasks, and puts them into a list past the app, which is quick; returns their ids."""
    tasks = [
        {"id": str(uuid4()), "title": f"Task {n}", "created_at": moment(n), "updated_at": moment(n)}
        for n in range(count)
    ]
    before = {task["id"] for task in await everything(person)}
    answer = await person.http.post("/api/me/import", json={"tasks": tasks})
    assert answer.json()["imported"] == count, answer.text
    ids = [task["id"] for task in await everything(person) if task["id"] not in before]
    for start in range(0, count, 500):
        some = ", ".join(f"'{one}'" for one in ids[start : start + 500])
        where = f"user_id = '{person.sub}' AND id IN ({some})"
        await execute(app, f"UPDATE tasks SET list_id = '{list_id}' WHERE {where}")  # noqa: S608 - our own ids
    return ids


async def everything(person: Person) -> list[dict[str, Any]]:
    """Returns all tasks of a person."""
    tasks: list[dict[str, Any]] = (await person.http.get("/api/me/export")).json()["tasks"]
    return tasks


def moment(n: int) -> str:
    return f"2026-01-{1 + n // 1440 % 28:02}T{n // 60 % 24:02}:{n % 60:02}:00.000000Z"
