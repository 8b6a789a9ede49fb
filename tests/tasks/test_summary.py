"""docs/contract.md#filters-and-summary: GET /api/tasks/summary."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from support import Person, problems
from support.list_model import RandomTasks, instant, parameter_wall, wall
from support.task_rows import TaskRow, insert_task_rows

NOW = "2026-11-21T14:30:00+01:00"
MALFORMED = "Now must be a time with a numeric offset like 2026-11-21T14:30:00+01:00"


async def summary(person: Person, now: str = NOW) -> dict[str, Any]:
    answer = await person.http.get("/api/tasks/summary", params={"now": now})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_without_tasks_everything_is_zero(ann: Person) -> None:
    answer = await ann.http.get("/api/tasks/summary", params={"now": NOW})

    assert answer.content == b'{"open":0,"overdue":0,"today":0,"later":0,"undated":0,"lists":[]}'
    assert answer.headers["etag"].startswith('"0-')


async def test_open_tasks_are_overdue_due_today_due_later_or_undated(app: FastAPI, ann: Person) -> None:
    def due(day: int, time: str | None = None, zone: str | None = None) -> TaskRow:
        given = {"date": f"2026-11-{day}", "time": time, "time_zone": zone}
        return TaskRow(due={name: value for name, value in given.items() if value})

    overdue = [
        due(20),
        due(21, "14:29"),
        due(21, "14:29", "Europe/Berlin"),
        due(22, "00:00", "Pacific/Kiritimati"),
    ]
    today = [
        due(21),
        due(21, "14:30"),
        due(21, "14:30", "Europe/Berlin"),
        due(21, "17:59", "America/New_York"),
    ]
    later = [due(22), due(22, "00:00"), due(21, "18:00", "America/New_York")]
    await insert_task_rows(app, ann, [*overdue, *today, *later, TaskRow(), TaskRow(is_completed=True)])

    found = await summary(ann)

    del found["lists"]
    assert found == {"open": 12, "overdue": 4, "today": 4, "later": 3, "undated": 1}


async def test_lists_with_open_tasks_are_counted_archived_ones_too(app: FastAPI, ann: Person) -> None:
    one, other, done = sorted((uuid4(), uuid4(), uuid4()), key=str)
    tasks = [
        TaskRow(),
        TaskRow(list_id=one, due={"date": "2026-11-20"}),
        TaskRow(list_id=one),
        TaskRow(list_id=other),
        TaskRow(list_id=done, is_completed=True),
    ]
    await insert_task_rows(app, ann, tasks, {one: False, other: True, done: False})

    assert (await summary(ann))["lists"] == [
        {"list_id": None, "open": 1, "overdue": 0},
        {"list_id": str(one), "open": 2, "overdue": 1},
        {"list_id": str(other), "open": 1, "overdue": 0},
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_numbers_are_those_of_a_model(app: FastAPI, ann: Person, bob: Person, seed: int) -> None:
    random_tasks, other = RandomTasks(seed), RandomTasks(seed + 10)
    await insert_task_rows(app, ann, random_tasks.tasks, random_tasks.archived)
    await insert_task_rows(app, bob, other.tasks, other.archived)

    for text in (
        "2026-10-24T00:00:00+00:00", "2026-10-25T02:30:00+02:00", "2026-10-25T23:59:59+14:00",
        "2026-10-26T12:00:00-12:00", "2026-10-27T23:59:59.999999-05:00", "2026-10-25T12:00:00.5+23:59",
    ):  # fmt: skip
        assert await summary(ann, text) == counted(random_tasks.tasks, datetime.fromisoformat(text)), text


def counted(tasks: list[TaskRow], now: datetime) -> dict[str, Any]:
    """Returns the summary by looking at every task."""
    open_tasks = [task for task in tasks if not task.is_completed]
    kinds = {task.id: kind(task, now) for task in open_tasks}
    lists = sorted({task.list_id for task in open_tasks}, key=lambda one: str(one or ""))
    return {
        "open": len(open_tasks),
        **{
            name: sum(found == name for found in kinds.values())
            for name in ("overdue", "today", "later", "undated")
        },
        "lists": [
            {
                "list_id": one and str(one),
                "open": sum(task.list_id == one for task in open_tasks),
                "overdue": sum(task.list_id == one and kinds[task.id] == "overdue" for task in open_tasks),
            }
            for one in lists
        ],
    }


def kind(task: TaskRow, now: datetime) -> str:
    if task.due is None:
        return "undated"
    tomorrow = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo) + timedelta(days=1)
    moment, clock = instant(task.due), wall(task.due, 24 * 60)
    if clock < parameter_wall(now.isoformat()) if moment is None else moment < now:
        return "overdue"
    is_today = clock < (tomorrow.date(), 0) if moment is None else moment < tomorrow
    return "today" if is_today else "later"


async def test_the_tag_is_of_the_counter_and_of_now(ann: Person) -> None:
    await ann.create()

    async def tag(now: str, known: str = '"none"') -> tuple[int, str]:
        answer = await ann.http.get(
            "/api/tasks/summary", params={"now": now}, headers={"If-None-Match": known}
        )
        return answer.status_code, answer.headers["etag"]

    status, first = await tag(NOW)
    assert status == 200
    assert await tag(NOW, first) == (304, first)
    assert (await tag("2026-11-21T14:30:01+01:00", first))[0] == 200
    assert (await tag("2026-11-21T13:30:00+00:00", first))[0] == 200
    await ann.create()
    assert (await tag(NOW, first))[0] == 200


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "now",
    [
        "", "now", "2026-11-21", "2026-11-21T14:30", "2026-11-21T14:30:00", "2026-11-21T14:30:00Z",
        "2026-11-21T14:30+01:00", "2026-11-21T14:30:00-00:00", "2026-11-21T14:30:00 01:00",
        "1969-11-21T14:30:00+01:00", "9999-11-21T14:30:00+01:00", "2026-02-30T14:30:00+01:00",
    ],
)  # fmt: skip
async def test_now_has_a_numeric_offset(ann: Person, now: str) -> None:
    assert problems(await ann.http.get("/api/tasks/summary", params={"now": now})) == {"now": MALFORMED}


@pytest.mark.engines("memory")
async def test_now_is_required_and_nothing_else_is_known(ann: Person) -> None:
    found = problems(await ann.http.get("/api/tasks/summary?list_id=none"))

    assert found == {"now": "Now is required and cannot be empty", "list_id": "Unknown query parameter"}


@pytest.mark.engines("memory")
async def test_the_last_days_have_a_summary(ann: Person) -> None:
    for now in ("1970-01-01T00:00:00+00:00", "9998-12-31T23:59:59+00:01"):
        assert (await summary(ann, now))["open"] == 0


@pytest.mark.engines("memory")
async def test_the_summary_is_read_only(ann: Person) -> None:
    answer = await ann.http.put("/api/tasks/summary", json={"title": "x"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
