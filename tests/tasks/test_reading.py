"""docs/contract.md#endpoints: GET /api/tasks and GET /api/tasks/{task_id}."""

import asyncio
import itertools
import time
from uuid import uuid4

import pytest
from support import NO_SUCH_TASK, Person, problems, refusal


async def test_a_new_user_has_an_empty_list(ann: Person) -> None:
    answer = await ann.http.get("/api/tasks")

    assert (answer.status_code, answer.json()["tasks"]) == (200, [])


async def test_the_list_has_the_newest_first_and_each_task_as_it_is_alone(ann: Person) -> None:
    made = [await ann.create(f"Task {n}") for n in range(5)]

    assert await ann.tasks() == made[::-1]
    assert [await ann.get(task["id"]) for task in made] == made


async def test_tasks_of_one_millisecond_are_ordered_by_id_descending(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    made = [await ann.create(f"Task {n}") for n in range(5)]

    listed = await ann.tasks()

    assert len({task["created_at"] for task in made}) == 1
    assert [task["id"] for task in listed] == sorted((task["id"] for task in made), reverse=True)


async def test_a_task_made_after_the_clock_went_back_still_comes_first(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await ann.create("First")
    back = itertools.count(time.time_ns() - 3_600_000_000_000, 1_000_000)
    monkeypatch.setattr(time, "time_ns", lambda: next(back))
    second = await ann.create("Second")

    assert await ann.tasks() == [second, first]
    assert second["created_at"] >= first["created_at"]


async def test_an_update_does_not_move_a_task_in_the_list(ann: Person) -> None:
    old, new = await ann.create("Old"), await ann.create("New")

    old = await ann.put(old["id"], title="Old, but changed")

    assert await ann.tasks() == [new, old]


async def test_a_list_holds_at_most_the_newest_thousand(ann: Person) -> None:
    oldest = await ann.create("Oldest")
    for _ in range(37):
        await asyncio.gather(*(ann.create(f"Task {n}") for n in range(27)))
    assert len(await ann.tasks()) == 1000

    newest = await ann.create("Newest")
    listed = await ann.tasks()

    assert len(listed) == 1000
    assert listed[0] == newest
    assert oldest not in listed
    assert listed == sorted(listed, key=lambda task: (task["created_at"], task["id"]), reverse=True)


async def test_a_task_is_found_by_its_id_in_any_letter_case(ann: Person) -> None:
    task = await ann.create()

    assert await ann.get(task["id"].upper()) == task
    assert await ann.get(task["id"].capitalize()) == task


async def test_a_task_that_does_not_exist_is_not_found(ann: Person) -> None:
    assert refusal(await ann.http.get(f"/api/tasks/{uuid4()}")) == NO_SUCH_TASK


@pytest.mark.engines("memory")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "task_id",
    [
        "1", "null", "0190b0a0-0000-7000-8000-00000000000", "0190b0a0-0000-7000-8000-0000000000000",
        "0190b0a0000070008000000000000000", "{0190b0a0-0000-7000-8000-000000000000}",
        "urn:uuid:0190b0a0-0000-7000-8000-000000000000", "0190b0a0-0000-7000-8000-00000000000g",
        "%200190b0a0-0000-7000-8000-000000000000", "0190b0a0-0000-7000-8000-000000000000%0A",
        "%00", "%F0%9F%99%8F",
        "\N{ARABIC-INDIC DIGIT ZERO}190b0a0-0000-7000-8000-000000000000", "a" * 5000,
    ],
)  # fmt: skip
async def test_an_id_that_is_no_uuid_is_refused_for_every_method(
    ann: Person, method: str, task_id: str
) -> None:
    body = {"title": "Buy milk"} if method == "PUT" else None
    answer = await ann.http.request(method, f"/api/tasks/{task_id}", json=body)

    if method == "HEAD":
        assert (answer.status_code, answer.content) == (400, b"")
    else:
        assert problems(answer) == {"task_id": "Task id must be a UUID"}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("name", ["limit", "colour", "", "task_id", "token", "access_token"])
async def test_an_unknown_query_parameter_is_refused_by_its_name(ann: Person, name: str) -> None:
    task = await ann.create()
    for method, path in [
        ("GET", f"/api/tasks/{task['id']}"),
        ("DELETE", f"/api/tasks/{task['id']}"),
    ]:
        answer = await ann.http.request(method, f"{path}?{name}=1")
        assert problems(answer) == {name: "Unknown query parameter"}
    assert await ann.get(task["id"]) == task


@pytest.mark.engines("memory")
async def test_an_unknown_parameter_of_the_list_is_refused_by_its_name(ann: Person) -> None:
    assert problems(await ann.http.get("/api/tasks?colour=red")) == {"colour": "Unknown query parameter"}
