"""docs/contract.md#ids-batches-and-kinds: creation with an id that the client has made."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lists.list_support import create_list
from support import Person, problems, refusal

from taskward.ids import created_at, imported_id_at, new_id

GONE = (410, "GONE", "The task was deleted")
NOT_V7 = {"task_id": "Task id must be a UUID of version 7, of a time not more than 24 hours ahead"}


async def create_at(person: Person, task_id: object, **body: Any) -> httpx.Response:
    headers = {"If-None-Match": "*"}
    return await person.http.put(f"/api/tasks/{task_id}", json={"title": "Buy milk"} | body, headers=headers)


def id_at(moment: datetime) -> UUID:
    return imported_id_at(moment.replace(microsecond=0), uuid4())


async def test_put_with_if_none_match_creates_at_that_id(ann: Person) -> None:
    task_id = id_at(datetime.now(UTC) - timedelta(days=3))

    answer = await create_at(ann, task_id, description="Two litres", priority="high")

    task = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/tasks/{task_id}"
    assert task["id"] == str(task_id)
    assert datetime.fromisoformat(task["created_at"]) == created_at(task_id)
    assert task["updated_at"] > task["created_at"]
    assert (task["title"], task["description"], task["priority"]) == ("Buy milk", "Two litres", "high")
    got = await ann.http.get(f"/api/tasks/{task_id}")
    assert (got.json(), got.headers["etag"]) == (task, answer.headers["etag"])


async def test_the_id_is_taken_in_any_letter_case(ann: Person) -> None:
    task_id = str(new_id())

    assert (await create_at(ann, task_id.upper())).json()["id"] == task_id


async def test_a_completed_task_made_offline_was_completed_when_it_says(ann: Person) -> None:
    body = {"is_completed": True, "completed_at": "2026-11-21T23:40:00-08:00"}

    task = (await create_at(ann, new_id(), **body)).json()

    assert task["completed_at"] == "2026-11-22T07:40:00.000000Z"


async def test_the_same_creation_again_is_answered_with_what_is_there(ann: Person) -> None:
    task_id = new_id()
    first = await create_at(ann, task_id)

    again = await create_at(ann, task_id, title="Something else")

    assert again.status_code == 412
    assert again.headers["etag"] == first.headers["etag"]
    assert again.json() == {
        "error": "A task with this id exists",
        "code": "PRECONDITION_FAILED",
        "task": first.json(),
        "etag": first.headers["etag"],
    }
    assert await ann.get(str(task_id)) == first.json()


async def test_a_deleted_task_does_not_come_back(ann: Person) -> None:
    task_id = new_id()
    await create_at(ann, task_id)
    await ann.http.delete(f"/api/tasks/{task_id}")

    assert refusal(await create_at(ann, task_id)) == GONE
    assert await ann.tasks() == []


async def test_nor_does_one_that_was_deleted_with_its_parent(ann: Person) -> None:
    parent = await ann.create()
    task_id = new_id()
    await create_at(ann, task_id, parent_id=parent["id"])
    await ann.http.delete(f"/api/tasks/{parent['id']}?subtasks=delete")

    assert refusal(await create_at(ann, task_id)) == GONE


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "task_id",
    [
        uuid4(),
        UUID(int=0),
        UUID(int=(1 << 128) - 1),
        UUID(int=new_id().int ^ (3 << 62)),
        id_at(datetime(9998, 12, 31, tzinfo=UTC)),
    ],
    ids=["version 4", "nil", "max", "variant", "much too far ahead"],
)
async def test_other_ids_are_refused(ann: Person, task_id: UUID) -> None:
    assert problems(await create_at(ann, task_id)) == NOT_V7


@pytest.mark.engines("memory")
async def test_a_clock_may_not_be_more_than_a_day_ahead(ann: Person) -> None:
    task_id = id_at(datetime.now(UTC) + timedelta(hours=24, minutes=5))

    assert problems(await create_at(ann, task_id)) == NOT_V7


async def test_a_clock_may_be_almost_a_day_ahead(ann: Person) -> None:
    task_id = id_at(datetime.now(UTC) + timedelta(hours=23, minutes=55))

    task = (await create_at(ann, task_id)).json()

    assert task["created_at"] <= task["updated_at"]
    assert (await ann.put(str(task_id), title="Later"))["updated_at"] > task["updated_at"]


async def test_an_id_of_a_foreign_task_is_free(ann: Person, bob: Person) -> None:
    task_id = new_id()
    await create_at(bob, task_id, title="Bob's")

    answer = await create_at(ann, task_id)

    assert answer.status_code == 201
    assert (await bob.get(str(task_id)))["title"] == "Bob's"
    await bob.http.delete(f"/api/tasks/{task_id}")
    assert (await ann.get(str(task_id))) == answer.json()


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"title": None}, {"title": "Title cannot be empty"}),
        ({"colour": "red"}, {"colour": "Unknown field"}),
        ({"due": {"time": "09:30"}}, {"due.date": "Due date is required"}),
    ],
)
async def test_the_body_is_that_of_a_post(ann: Person, body: Any, expected: dict[str, str]) -> None:
    assert problems(await create_at(ann, new_id(), **body)) == expected


@pytest.mark.engines("memory")
async def test_a_title_is_required_as_in_a_post(ann: Person) -> None:
    path, headers = f"/api/tasks/{new_id()}", {"If-None-Match": "*"}

    answer = await ann.http.put(path, json={}, headers=headers)
    assert problems(answer) == {"title": "Title is required and cannot be empty"}
    answer = await ann.http.put(path, json={"is_completed": 1, "description": 5}, headers=headers)
    assert problems(answer) == {
        "title": "Title is required and cannot be empty",
        "description": "Description must be text or null",
        "is_completed": "Is completed must be true or false",
    }


async def test_without_the_header_put_creates_nothing(ann: Person) -> None:
    path = f"/api/tasks/{new_id()}"
    for headers in ({}, {"If-None-Match": '"1"'}):
        answer = await ann.http.put(path, json={"title": "x"}, headers=headers)
        assert refusal(answer) == (404, "NOT_FOUND", "Task not found")
    answer = await ann.http.patch(path, json={"title": "x"}, headers={"If-None-Match": "*"})
    assert refusal(answer) == (404, "NOT_FOUND", "Task not found")


@pytest.mark.engines("memory")
@pytest.mark.parametrize("kind", ["tasks", "lists"])
@pytest.mark.parametrize("tag", ['"1"', "*", 'W/"1"'])
async def test_if_match_cannot_be_combined(ann: Person, kind: str, tag: str) -> None:
    headers = {"If-None-Match": "*", "If-Match": tag}

    answer = await ann.http.put(f"/api/{kind}/{new_id()}", json={"title": "x"}, headers=headers)

    assert problems(answer) == {"If-Match": "If-Match cannot be combined with If-None-Match"}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("kind", ["task", "list"])
async def test_a_bad_id_is_reported_with_the_other_problems(ann: Person, kind: str) -> None:
    headers = {"If-None-Match": "*", "If-Match": "*"}

    answer = await ann.http.put(f"/api/{kind}s/{uuid4()}", json={"title": ""}, headers=headers)

    assert problems(answer) == {
        f"{kind}_id": NOT_V7["task_id"].replace("Task", kind.capitalize()),
        "If-Match": "If-Match cannot be combined with If-None-Match",
        "title": "Title cannot be empty",
    }


async def test_post_ignores_an_id(ann: Person) -> None:
    task_id = str(new_id())

    task = await ann.create(id=task_id)

    assert task["id"] != task_id


async def test_a_task_as_its_own_parent_is_refused(ann: Person) -> None:
    task_id = str(new_id())

    answer = await create_at(ann, task_id, parent_id=task_id)

    assert problems(answer) == {"parent_id": "A task cannot be below itself"}


async def test_an_offline_tree_is_created_in_any_order_of_requests(ann: Person) -> None:
    home = await create_list(ann)
    parent_id, child_id = new_id(), new_id()

    answer = await create_at(ann, child_id, parent_id=str(parent_id))
    assert problems(answer) == {"parent_id": "Parent task not found"}
    await create_at(ann, parent_id, list_id=home["id"])
    child = (await create_at(ann, child_id, parent_id=str(parent_id))).json()

    assert (child["parent_id"], child["list_id"]) == (str(parent_id), home["id"])


async def test_a_task_made_offline_stands_where_it_was_made(ann: Person) -> None:
    old = id_at(datetime.now(UTC) - timedelta(hours=1))
    first = await ann.create("first")

    await create_at(ann, old, title="made before")

    assert [task["id"] for task in await ann.tasks()] == [first["id"], str(old)]


async def test_a_batch_creates_at_ids_and_refers_to_them(ann: Person) -> None:
    parent_id, child_id = (str(new_id()) for _ in range(2))
    operations = [
        {"op": "create", "id": parent_id, "task": {"title": "Move house"}},
        {"op": "create", "id": child_id, "task": {"title": "Pack", "parent_id": parent_id}},
        {"op": "update", "id": child_id, "task": {"position": {"at": "first"}}},
    ]

    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})

    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 201, 200]
    assert results[2]["task"] == await ann.get(child_id)


async def test_in_a_batch_each_creation_is_answered_as_a_single_one(ann: Person) -> None:
    there, gone = (await create_at(ann, new_id())), new_id()
    await create_at(ann, gone)
    await ann.http.delete(f"/api/tasks/{gone}")
    operations = [
        {"op": "create", "id": there.json()["id"], "task": {"title": "x"}},
        {"op": "create", "id": str(gone), "task": {"title": "x"}},
        {"op": "create", "id": str(uuid4()), "task": {"title": ""}},
        {"op": "create", "id": str(new_id()), "if_match": "*", "task": {"title": "x"}},
        {"op": "create", "task": {"title": "x", "parent_id": str(uuid4())}},
        {"op": "create", "id": str(new_id()), "task": {"title": "The only one"}},
    ]

    results = (await ann.http.post("/api/tasks/batch", json={"operations": operations})).json()["results"]

    assert results[0] == {"status": 412} | (await create_at(ann, there.json()["id"])).json()
    assert results[1] == {"status": 410, "error": "The task was deleted", "code": "GONE"}
    assert {one["field"]: one["message"] for one in results[2]["details"]} == {
        "id": NOT_V7["task_id"],
        "title": "Title cannot be empty",
    }
    assert {"field": "if_match", "message": "Unknown field"} in results[3]["details"]
    assert results[4]["details"] == [{"field": "parent_id", "message": "Parent task not found"}]
    assert results[5]["status"] == 201
    assert len(await ann.tasks()) == 2


async def test_nothing_of_an_atomic_batch_with_a_refused_creation_is_stored(ann: Person) -> None:
    operations = [
        {"op": "create", "id": str(new_id()), "task": {"title": "x", "labels": ["a"]}},
        {"op": "create", "task": {"title": "x", "parent_id": str(uuid4())}},
    ]

    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})

    assert [result["status"] for result in answer.json()["results"]] == [424, 400]
    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_nothing_of_a_batch_with_refused_creations_only_is_stored(ann: Person) -> None:
    operations = [{"op": "create", "task": {"title": "x", "parent_id": str(uuid4())}}]

    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations})

    assert [result["status"] for result in answer.json()["results"]] == [400]
    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_a_task_of_this_second_is_no_problem_for_a_clock_that_is_late(ann: Person) -> None:
    assert (await create_at(ann, id_at(datetime.fromtimestamp(time.time() - 5, UTC)))).status_code == 201
