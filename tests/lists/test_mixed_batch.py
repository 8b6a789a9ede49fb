"""docs/contract.md#ids-batches-and-kinds: POST /api/batch."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from lists.list_support import create_list, everything, fill, lists_of
from support import Person, problems, refusal

from taskward.ids import new_id

NO_SUCH_LIST = {"status": 404, "error": "List not found", "code": "NOT_FOUND"}
NO_SUCH_TASK = {"status": 404, "error": "Task not found", "code": "NOT_FOUND"}


async def send(person: Person, *operations: Any, key: str | None = None, **others: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await person.http.post("/api/batch", json={"operations": operations, **others}, headers=headers)


async def results(person: Person, *operations: Any, **others: Any) -> list[dict[str, Any]]:
    answer = await send(person, *operations, **others)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["results"]
    assert len(told) == len(operations)
    return told


def statuses(told: list[dict[str, Any]]) -> list[int]:
    return [one["status"] for one in told]


async def test_a_list_is_created_and_filled_in_one_atomic_request(ann: Person) -> None:
    list_id, task_id = str(new_id()), str(new_id())

    told = await results(
        ann,
        {"op": "create", "kind": "list", "id": list_id, "list": {"title": "Home"}},
        {"op": "create", "kind": "task", "id": task_id, "task": {"title": "One", "list_id": list_id}},
        {"op": "create", "task": {"title": "Below", "parent_id": task_id}},
        {"op": "update", "id": task_id, "task": {"priority": "high"}},
        atomic=True,
    )

    assert statuses(told) == [201, 201, 201, 200]
    assert list(told[0]) == ["status", "etag", "list"]
    assert list(told[1]) == ["status", "etag", "task"]
    assert [told[0]["list"]] == await lists_of(ann)
    stored = {task["id"]: task for task in await everything(ann)}
    assert stored == {task_id: told[3]["task"], told[2]["task"]["id"]: told[2]["task"]}
    assert {task["list_id"] for task in stored.values()} == {list_id}
    for kind, one in (("list", told[0]), ("task", told[2]), ("task", told[3])):
        single = await ann.http.get(f"/api/{kind}s/{one[kind]['id']}")
        assert single.headers["etag"] == one["etag"]


async def test_each_operation_on_a_list_is_answered_like_its_single_form(ann: Person) -> None:
    created = await create_list(ann, metadata={"a": 1})
    missing = str(uuid4())

    told = await results(
        ann,
        {
            "op": "update",
            "kind": "list",
            "id": created["id"],
            "list": {"title": "Work", "metadata": {"b": 2}},
        },
        {"op": "update", "kind": "list", "id": missing, "list": {"title": "Work"}},
        {"op": "delete", "kind": "list", "id": missing},
        {"op": "update", "kind": "list", "id": created["id"], "list": {}},
        {"op": "create", "kind": "list", "list": {"title": ""}},
        {"op": "create", "kind": "list"},
        {"op": "delete", "kind": "list", "id": created["id"], "if_match": "*"},
        {"op": "delete", "kind": "list", "id": created["id"]},
    )

    assert told[0]["list"] == created | {
        "title": "Work",
        "metadata": {"a": 1, "b": 2},
        "updated_at": told[0]["list"]["updated_at"],
    }
    assert told[1] == told[2] == told[7] == NO_SUCH_LIST
    assert [one["field"] for one in told[3]["details"]] == ["body"]
    assert told[4]["details"] == [{"field": "title", "message": "Title cannot be empty"}]
    assert (told[5]["status"], told[5]["code"]) == (400, "INVALID_REQUEST")
    assert told[6] == {"status": 200, "message": "List deleted successfully", "id": created["id"]}
    assert await lists_of(ann) == []


async def test_a_version_that_does_not_match_is_answered_with_what_is_there(ann: Person) -> None:
    created, task = await create_list(ann), await ann.create()
    tags = {
        kind: (await ann.http.get(f"/api/{kind}s/{one['id']}")).headers["etag"]
        for kind, one in (("list", created), ("task", task))
    }

    told = await results(
        ann,
        {"op": "update", "kind": "list", "id": created["id"], "if_match": '"1"', "list": {"title": "x"}},
        {"op": "delete", "kind": "list", "id": created["id"], "if_match": '"1"'},
        {"op": "update", "id": task["id"], "if_match": '"1"', "task": {"title": "x"}},
        {"op": "update", "id": task["id"], "if_match": '"1"', "task": {"priority": "low"}},
        {"op": "delete", "id": task["id"], "if_match": '"1"'},
        {"op": "create", "id": task["id"], "task": {"title": "x"}},
        {"op": "create", "kind": "list", "id": created["id"], "list": {"title": "x"}},
    )

    assert statuses(told) == [412] * 7
    for one in (told[0], told[1], told[6]):
        assert (one["list"], one["etag"], one["code"]) == (created, tags["list"], "PRECONDITION_FAILED")
    for one in told[2:6]:
        assert (one["task"], one["etag"], one["code"]) == (task, tags["task"], "PRECONDITION_FAILED")


async def test_what_was_deleted_is_not_created_again(ann: Person) -> None:
    created, task = await create_list(ann), await ann.create()
    told = await results(
        ann,
        {"op": "delete", "kind": "list", "id": created["id"]},
        {"op": "delete", "id": task["id"]},
        {"op": "create", "kind": "list", "id": created["id"], "list": {"title": "x"}},
        {"op": "create", "id": task["id"], "task": {"title": "x"}},
    )
    assert statuses(told) == [200, 200, 410, 410]
    assert [one.get("error") for one in told[2:]] == ["The list was deleted", "The task was deleted"]


@pytest.mark.parametrize("tasks", ["delete", "keep"])
async def test_a_list_is_deleted_with_what_the_query_would_say(app: FastAPI, ann: Person, tasks: str) -> None:
    created = await create_list(ann)
    ids = await fill(app, ann, created["id"], 3)
    operation = {"op": "delete", "kind": "list", "id": created["id"]}

    refused, done = await results(ann, operation, {**operation, "tasks": tasks})

    assert (refused["status"], refused["code"]) == (409, "LIST_NOT_EMPTY")
    assert done["status"] == 200
    assert {task["id"] for task in await everything(ann)} == ({*ids} if tasks == "keep" else set())


async def test_subtasks_are_deleted_or_kept(ann: Person) -> None:
    tops = [await ann.create(f"{n}") for n in range(2)]
    below = [await ann.create("Below", parent_id=top["id"]) for top in tops]

    await results(
        ann,
        {"op": "delete", "id": tops[0]["id"], "subtasks": "delete"},
        {"op": "delete", "id": tops[1]["id"], "subtasks": "keep"},
    )

    assert [task["id"] for task in await ann.tasks()] == [below[1]["id"]]


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ({"op": "create", "kind": "list", "list": {"title": "x"}, "task": {"title": "x"}}, ["task"]),
        ({"op": "create", "kind": "task", "list": {"title": "x"}, "task": {"title": "x"}}, ["list"]),
        ({"op": "create", "kind": "list", "task": {"title": "x"}}, ["task"]),
        ({"op": "create", "list": {"title": "x"}}, ["list"]),
        ({"op": "create", "if_match": "*", "task": {"title": "x"}}, ["if_match"]),
        ({"op": "create", "tasks": "keep", "task": {"title": "x"}}, ["tasks"]),
        ({"op": "create", "id": "x", "task": {"title": ""}}, ["id", "title"]),
        ({"op": "create", "id": str(uuid4()), "task": {"title": "x"}}, ["id"]),
        ({"op": "create", "kind": "list", "id": str(uuid4()), "list": {"title": "x"}}, ["id"]),
        ({"op": "update", "kind": "list", "id": "x", "if_match": "x", "list": {"title": ""}}, None),
        ({"op": "update", "id": str(uuid4()), "subtasks": "keep", "task": {"title": "x"}}, ["subtasks"]),
        ({"op": "delete", "id": str(uuid4()), "tasks": "keep"}, ["tasks"]),
        ({"op": "delete", "kind": "list", "id": str(uuid4()), "subtasks": "keep"}, ["subtasks"]),
        ({"op": "delete", "kind": "list", "id": str(uuid4()), "tasks": "move"}, ["tasks"]),
        ({"op": "delete", "id": str(uuid4()), "subtasks": ["keep"]}, ["subtasks"]),
        ({"op": "delete", "kind": "list", "id": str(uuid4()), "list": {}}, ["list"]),
    ],
)
@pytest.mark.engines("memory")
async def test_an_operation_takes_only_what_its_single_form_takes(
    ann: Person, operation: dict[str, Any], fields: list[str] | None
) -> None:
    [told] = await results(ann, operation)
    assert (told["status"], told["code"]) == (400, "VALIDATION_ERROR")
    assert [one["field"] for one in told["details"]] == (fields or ["id", "if_match", "title"])
    assert (await ann.http.get("/api/me")).status_code == 404


@pytest.mark.engines("memory")
async def test_what_is_no_operation_is_named_with_its_place(ann: Person) -> None:
    answer = await send(ann, {"op": "create", "kind": "label"}, {"op": "move"}, {"op": "create", "x": 1}, 5)
    assert problems(answer) == {
        "operations.0.kind": "Kind must be one of task, list, comment",
        "operations.1.op": "Op must be one of create, update, delete",
        "operations.2.x": "Unknown field",
        "operations.3": "Operations.3 must be an object",
    }
    assert list(problems(await send(ann, *[{"op": "create", "task": {"title": "x"}}] * 101))) == [
        "operations"
    ]


async def test_nothing_of_an_atomic_batch_that_fails_is_stored(app: FastAPI, ann: Person) -> None:
    created = await create_list(ann)
    ids = await fill(app, ann, created["id"], 3)
    before = (await ann.http.get("/api/changes?kinds=tasks,lists")).json()

    told = await results(
        ann,
        {"op": "create", "kind": "list", "list": {"title": "Other"}},
        {"op": "delete", "kind": "list", "id": created["id"], "tasks": "delete"},
        {"op": "update", "id": ids[0], "task": {"title": "Too late"}},
        {"op": "create", "task": {"title": "x"}},
        atomic=True,
    )

    assert statuses(told) == [424, 424, 404, 424]
    assert told[2] == NO_SUCH_TASK
    assert await lists_of(ann) == [created]
    assert {task["id"] for task in await everything(ann)} == {*ids}
    after = await ann.http.get(f"/api/changes?kinds=tasks,lists&since={before['cursor']}")
    assert after.json()["changes"] == []


async def test_a_batch_that_fails_makes_no_user(ann: Person) -> None:
    told = await results(
        ann,
        {"op": "update", "kind": "list", "id": str(uuid4()), "list": {"title": "x"}},
        {"op": "create", "task": {"title": "x", "list_id": str(uuid4())}},
    )
    assert statuses(told) == [404, 400]
    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_a_repeated_batch_with_a_key_is_carried_out_once(ann: Person) -> None:
    operation = {"op": "create", "kind": "list", "list": {"title": "Home"}}
    first, again = [await send(ann, operation, key="k") for _ in range(2)]
    assert again.headers["idempotent-replayed"] == "true"
    assert first.content == again.content
    assert len(await lists_of(ann)) == 1
    other = await ann.http.post(
        "/api/tasks/batch",
        json={"operations": [{"op": "create", "task": {"title": "x"}}]},
        headers={"Idempotency-Key": "k"},
    )
    assert other.status_code == 422


async def test_a_foreign_list_is_a_missing_one(ann: Person, bob: Person) -> None:
    his = await create_list(bob)
    told = await results(
        ann,
        {"op": "update", "kind": "list", "id": his["id"], "list": {"title": "x"}},
        {"op": "delete", "kind": "list", "id": his["id"], "tasks": "delete"},
    )
    assert told == [NO_SUCH_LIST] * 2
    assert await lists_of(bob) == [his]


async def test_the_task_batch_knows_tasks_only(ann: Person) -> None:
    for extra in ({"kind": "task"}, {"list": {"title": "x"}}, {"subtasks": "keep"}):
        answer = await ann.http.post(
            "/api/tasks/batch", json={"operations": [{"op": "delete", "id": str(uuid4()), **extra}]}
        )
        assert problems(answer) == {f"operations.0.{next(iter(extra))}": "Unknown field"}
