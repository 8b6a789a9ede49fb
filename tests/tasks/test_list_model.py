"""docs/contract.md#filters-and-summary: each list against a model that looks at every task."""

from urllib.parse import urlencode

import orjson
import pytest
from fastapi import FastAPI
from support import Person, exchange
from support.list_model import RandomTasks, expected
from support.task_rows import TaskRow, insert_task_rows

QUERIES = 120
PROLONGED = 800
"""With `make soak`, of each of its seeds."""
PAGES = 6


@pytest.mark.engines("disk", "postgres")
@pytest.mark.parametrize(
    ("seed", "queries"),
    [(1, QUERIES), *(pytest.param(n, PROLONGED, marks=pytest.mark.soak) for n in range(2, 9))],
)
@pytest.mark.timeout(300)
async def test_random_queries_give_what_the_model_gives(
    app: FastAPI, ann: Person, bob: Person, seed: int, queries: int
) -> None:
    random_tasks, other = RandomTasks(seed), RandomTasks(seed + 100)
    await insert_task_rows(app, ann, random_tasks.tasks, random_tasks.archived)
    await insert_task_rows(app, bob, other.tasks, other.archived)

    for _ in range(queries):
        query = random_tasks.query()
        wanted = [str(task.id) for task in expected(random_tasks.tasks, random_tasks.archived, query)]
        limit = max(1, len(wanted) // 4)
        assert await listed(app, ann, {**query, "limit": str(limit)}) == wanted[: PAGES * limit], query


async def test_the_tasks_of_others_are_in_no_list(app: FastAPI, ann: Person, bob: Person) -> None:
    random_tasks = RandomTasks(3)
    await insert_task_rows(app, ann, random_tasks.tasks, random_tasks.archived)

    for _ in range(60):
        assert await listed(app, bob, random_tasks.query()) == []


async def test_the_same_ids_of_another_owner_change_nothing(app: FastAPI, ann: Person, bob: Person) -> None:
    """Ids are unique for each owner only, so another one may have the same lists and tasks."""
    random_tasks = RandomTasks(4)
    await insert_task_rows(app, ann, random_tasks.tasks, random_tasks.archived)
    copies = [TaskRow(title="Other", labels=("home", "Work", "x"), id=task.id) for task in random_tasks.tasks]
    await insert_task_rows(
        app, bob, copies, {list_id: not archived for list_id, archived in random_tasks.archived.items()}
    )

    for _ in range(60):
        query = random_tasks.query()
        wanted = [str(task.id) for task in expected(random_tasks.tasks, random_tasks.archived, query)]
        assert await listed(app, ann, query) == wanted, query


async def listed(app: FastAPI, person: Person, query: dict[str, str]) -> list[str]:
    """Returns the ids of the first pages, without the checks of an HTTP client, which take longer."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(PAGES):
        answer = await exchange(
            app,
            "GET",
            f"/api/tasks?{urlencode({**query, **cursor})}",
            headers=[("authorization", f"Bearer {person.token}")],
        )
        assert answer.status == 200, (query, answer.body)
        page = orjson.loads(answer.body)
        assert {task["user_id"] for task in page["tasks"]} <= {person.sub}
        ids += [task["id"] for task in page["tasks"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    return ids
