"""docs/contract.md#tasks-and-users and #endpoints: POST /api/tasks."""

import re
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from support import Person, problems

from taskward import ids

SEVEN_KEYS = ["id", "user_id", "title", "description", "is_completed", "created_at", "updated_at"]


async def test_a_new_task_has_all_seven_keys_and_where_it_is(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": "  Buy milk  ", "description": ""})

    task = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/tasks/{task['id']}"
    assert list(task) == SEVEN_KEYS
    assert UUID(task["id"]).version == 7
    assert (task["title"], task["description"], task["is_completed"]) == ("Buy milk", None, False)
    assert task["user_id"] == ann.sub
    assert task["created_at"] == task["updated_at"]


async def test_a_new_task_can_be_read_where_location_says(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": "Buy milk"})

    assert (await ann.http.get(answer.headers["location"])).json() == answer.json()


async def test_a_new_task_keeps_its_description_and_state(ann: Person) -> None:
    task = await ann.create("Buy milk", description="Two litres", is_completed=True)

    assert (task["description"], task["is_completed"]) == ("Two litres", True)
    assert await ann.get(task["id"]) == task


async def test_the_times_of_a_new_task_are_now_in_utc_and_end_in_z(ann: Person) -> None:
    before = time.time() - 0.001  # created_at is cut to the millisecond
    task = await ann.create()
    after = time.time()

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", task["created_at"])
    assert before <= datetime.fromisoformat(task["created_at"]).timestamp() <= after


async def test_the_times_have_six_digits_at_a_whole_second_too(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)

    assert (await ann.create())["created_at"] == "2023-11-14T22:13:20.000000Z"


async def test_a_new_task_was_created_at_the_millisecond_of_its_id(ann: Person) -> None:
    task = await ann.create()

    assert datetime.fromisoformat(task["created_at"]) == ids.created_at(UUID(task["id"]))


@pytest.mark.engines("memory")
@pytest.mark.parametrize("key", ["id", "user_id", "created_at", "updated_at"])
@pytest.mark.parametrize(
    "value", ["0190b0a0-0000-7000-8000-000000000000", "2001-01-01T00:00:00Z", None, 5, {"deep": []}]
)
async def test_keys_that_the_server_sets_are_taken_and_have_no_effect(
    ann: Person, key: str, value: Any
) -> None:
    task = await ann.create("Buy milk", **{key: value})

    assert task[key] != value
    assert task["user_id"] == ann.sub


async def test_a_task_that_was_got_can_be_sent_back_whole(ann: Person) -> None:
    first = await ann.create("Buy milk", description="Two litres")

    second = await ann.create(**first)

    assert second["id"] != first["id"]
    assert second["title"] == "Buy milk"


@pytest.mark.engines("memory")
@pytest.mark.parametrize("key", ["colour", "Title", "is_complete", "version", "title_folded", "extra", ""])
async def test_any_other_key_is_refused_by_its_name(ann: Person, key: str) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": "Buy milk", key: 1})

    assert problems(answer) == {key: "Unknown field"}


@pytest.mark.engines("memory")
async def test_all_broken_fields_are_reported_at_once(ann: Person) -> None:
    answer = await ann.http.post(
        "/api/tasks?colour=red&size=1",
        json={"title": " ", "description": "d" * 2001, "is_completed": "yes", "shape": 1},
    )

    assert problems(answer) == {
        "colour": "Unknown query parameter",
        "size": "Unknown query parameter",
        "title": "Title cannot be empty",
        "description": "Description cannot exceed 2000 characters",
        "is_completed": "Is completed must be true or false",
        "shape": "Unknown field",
    }


async def test_nothing_is_created_by_a_refused_request(ann: Person) -> None:
    await ann.http.post("/api/tasks", json={"title": "Buy milk", "is_completed": 1})

    assert await ann.tasks() == []
