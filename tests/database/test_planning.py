"""No statement of a request is planned anew each time: planning takes longer than running it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest
import pytest_asyncio
from fastapi import FastAPI
from spaces.space_support import new_space
from support import Person, database_of, running, settings_for

TIMES: Final = 12
PLANNED_ANEW: Final = 5
"""How often PostgreSQL plans a statement for its values, before it considers a plan for any."""

REAL: Final[dict[str, Any]] = {
    "description": "Two litres",
    "due": {"date": "2030-05-01", "time": "14:30", "time_zone": "Europe/Berlin"},
    "priority": "high",
    "labels": ["errands", "home"],
}

pytestmark = [
    pytest.mark.processes,
    pytest.mark.engines("postgres"),
    pytest.mark.single_statements("values that the planner of a plain server does not see"),
]


@pytest_asyncio.fixture
async def one(new_postgres: Callable[[], Awaitable[str]]) -> AsyncIterator[FastAPI]:
    """Yields an app on a PostgreSQL database of its own, with one connection for all requests."""
    async with running(settings_for(await new_postgres(), database_pool_size=1)) as app:
        yield app


async def ask(person: Person, method: str, path: str, body: Any = None) -> Any:
    answer = await person.http.request(method, path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def use(person: Person, root: str, number: int) -> None:
    """Sends each frequent request, by itself."""
    in_list = (await ask(person, "POST", f"{root}/lists", {"title": "Home"}))["id"]
    bare = (await ask(person, "POST", f"{root}/tasks", {"title": "Milk"}))["id"]
    real = (await ask(person, "POST", f"{root}/tasks", REAL | {"title": "Bread", "list_id": in_list}))["id"]
    changes: list[dict[str, Any]] = [
        {"title": f"Bread {number}"},
        {"priority": "low"},
        {"due": {"date": f"2030-01-{number + 1:02}"}},
        {"labels": ["home", f"label {number}"]},
        {"is_completed": True},
        {"is_completed": False},
    ]
    for changed in changes:
        await ask(person, "PATCH", f"{root}/tasks/{real}", changed)
    await ask(person, "POST", f"{root}/comments", {"task_id": real, "text": "Done?"})
    for path in (
        f"tasks/{real}",
        "tasks?limit=20",
        f"tasks?list_id={in_list}&sort=position",
        "tasks/summary?now=2026-11-25T00:00:00%2B01:00",
        "changes?limit=20",
        f"comments?task_id={real}",
        "lists",
        "labels",
    ):
        await ask(person, "GET", f"{root}/{path}")
    await ask(person, "DELETE", f"{root}/tasks/{bare}")
    await ask(person, "DELETE", f"{root}/tasks/{real}?to=trash")


async def use_at_once(people: list[tuple[str, Person]]) -> None:
    """Sends creates and reads of several people at the same time, which run in batches; each below a root."""
    for body in ({"title": "Milk"}, REAL | {"title": "Bread"}):
        made = await asyncio.gather(*(ask(one, "POST", f"{root}/tasks", body) for root, one in people))
        paths = [f"{root}/tasks/{task['id']}" for (root, _), task in zip(people, made, strict=True)]
        reads = [ask(one, "GET", path) for (_, one), path in zip(people, paths, strict=True)]
        await asyncio.gather(*reads)
    await asyncio.gather(*(ask(one, "GET", f"{root}/tasks?limit=20") for root, one in people))


_PREPARED: Final = "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"


async def planned_anew(app: FastAPI, part: str) -> list[str]:
    """Returns the statements that the server has planned for their values each time.

    `part` is in the text of at least one that was run often.
    """
    async with database_of(app).pool.acquire() as connection:
        rows = await connection.fetch(_PREPARED)
    assert [sql for sql, *plans in rows if part in sql and sum(plans) >= TIMES]
    return [sql for sql, _, custom in rows if custom > PLANNED_ANEW]


async def test_no_statement_of_a_frequent_request_is_planned_each_time(one: FastAPI) -> None:
    ann = Person(one)
    space = await new_space(ann)
    for number in range(TIMES):
        for root in ("/api", space):
            await use(ann, root, number)

    assert await planned_anew(one, "INSERT INTO tasks") == []


@pytest.mark.parametrize("is_space", [False, True])
async def test_no_batch_is_planned_each_time(one: FastAPI, *, is_space: bool) -> None:
    several = [Person(one) for _ in range(6)]
    people = [(await new_space(person) if is_space else "/api", person) for person in several]
    for _ in range(TIMES):
        await use_at_once(people)

    assert await planned_anew(one, "unnest") == []
