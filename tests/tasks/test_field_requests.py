"""docs/contract.md#optional-fields: the optional fields of a task over HTTP, on each engine."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from support import Person, microseconds, problems, stored

FULL: dict[str, Any] = {
    "due": {"date": "2026-11-21", "time": "14:30", "time_zone": "Europe/Berlin"},
    "start": {"date": "2026-11-20"},
    "priority": "high",
    "labels": ["Home", "urgent"],
    "metadata": {"colour": "red", "weight": 1.5, "done": False},
}
KEYS = ["id", "user_id", "title", "description", "is_completed", "created_at", "updated_at"]


def optional(task: dict[str, Any]) -> dict[str, Any]:
    """Returns the optional fields of a task."""
    return {name: value for name, value in task.items() if name not in KEYS}


async def labels_of(person: Person) -> dict[str, int]:
    answer = await person.http.get("/api/labels")
    return {one["label"]: one["tasks"] for one in answer.json()["labels"]}


async def test_a_task_without_optional_fields_has_the_seven_keys(app: FastAPI, ann: Person) -> None:
    nulls = dict.fromkeys([*FULL, "list_id", "parent_id", "position", "completed_at"])
    created = await ann.create("One")
    with_nulls = await ann.create("Two", **nulls, is_completed=False)

    assert list(created) == list(with_nulls) == KEYS
    assert list(await ann.put(created["id"], title="Three", **nulls)) == KEYS
    assert list(await ann.put(created["id"], **nulls)) == KEYS
    row = (await stored(app, "tasks", id=created["id"]))[0]
    assert {row[name] for name in ("extra", "due_key", "due_utc", "start_key", "start_utc", "priority")} == {
        None
    }


async def test_every_response_has_the_fields_that_were_given(ann: Person) -> None:
    task = await ann.create("Call", **FULL)
    batched = await ann.http.post(
        "/api/tasks/batch", json={"operations": [{"op": "create", "task": {"title": "Call", **FULL}}]}
    )
    other = batched.json()["results"][0]["task"]
    changes = (await ann.http.get("/api/changes")).json()["changes"]
    exported = (await ann.http.get("/api/me/export")).json()["tasks"]

    assert optional(task) == optional(other) == FULL
    assert await ann.get(task["id"]) == task
    assert await ann.tasks() == [other, task]
    assert [change["task"] for change in changes] == exported == [task, other]
    assert await labels_of(ann) == {"Home": 2, "urgent": 2}


async def test_what_is_filtered_and_sorted_is_stored_in_columns(app: FastAPI, ann: Person) -> None:
    task = await ann.create("Call", **FULL)
    moved = await ann.create("Call", **FULL)
    await ann.put(
        moved["id"], due={"time": None}, start={"time": "08:00", "time_zone": "UTC"}, priority="low"
    )

    def columns(row: dict[str, Any]) -> list[Any]:
        return [row[name] for name in ("due_key", "due_utc", "start_key", "start_utc", "priority")]

    due = microseconds(datetime(2026, 11, 21, 13, 30, tzinfo=UTC))
    start = microseconds(datetime(2026, 11, 20, 8, tzinfo=UTC))
    assert columns((await stored(app, "tasks", id=task["id"]))[0]) == [
        *("2026-11-21T14:30", due, "2026-11-20T00:00", None, 3)
    ]
    assert columns((await stored(app, "tasks", id=moved["id"]))[0]) == [
        *("2026-11-21T24:00", None, "2026-11-20T08:00", start, 1)
    ]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_objects_merge_with_both_methods(ann: Person, method: str) -> None:
    task = await ann.create("Call", **FULL)

    answer = await ann.http.request(
        method,
        f"/api/tasks/{task['id']}",
        json={"due": {"date": "2026-12-01"}, "metadata": {"colour": None, "n": 1}, "add_labels": ["a"]},
    )

    assert optional(answer.json()) == FULL | {
        "due": FULL["due"] | {"date": "2026-12-01"},
        "metadata": {"weight": 1.5, "done": False, "n": 1},
        "labels": ["Home", "a", "urgent"],
    }
    assert await ann.get(task["id"]) == answer.json()


async def test_a_whole_task_sent_back_changes_nothing_but_its_time(ann: Person) -> None:
    parent = await ann.create("Parent")
    moment = "2026-11-21T23:40:00.123456-08:00"
    task = await ann.create(
        "Call", **FULL, parent_id=parent["id"], position="a0", is_completed=True, completed_at=moment
    )
    assert list(optional(task)) != []

    for body in (task, {**task, "series_id": str(uuid4()), "next_id": None}):
        again = await ann.put(task["id"], **body)
        assert again == task | {"updated_at": again["updated_at"]}
    assert await labels_of(ann) == {"Home": 1, "urgent": 1}


@pytest.mark.parametrize("name", FULL)
async def test_null_removes_a_field(ann: Person, name: str) -> None:
    task = await ann.create("Call", **FULL)

    after = await ann.put(task["id"], **{name: None})

    assert optional(after) == {other: value for other, value in FULL.items() if other != name}
    assert await labels_of(ann) == ({} if name == "labels" else {"Home": 1, "urgent": 1})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start": {"time": "09:30"}}, {"start.date": "Start date is required"}),
        ({"due": {"time_zone": "UTC"}}, {"due.time_zone": "Due time zone needs a time"}),
        ({"add_labels": ["x"]}, {"add_labels": "Labels must be a list of at most 20 texts"}),
        ({"metadata": {"more": 1}}, {"metadata": "Metadata cannot have more than 50 keys"}),
    ],
)
async def test_a_change_that_does_not_fit_what_is_stored_changes_nothing(
    app: FastAPI, ann: Person, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    task = await ann.create(
        "Call",
        due={"date": "2026-11-21"},
        labels=[f"l{n:02}" for n in range(20)],
        metadata={f"k{n}": n for n in range(50)},
    )
    user = await stored(app, "users", id=ann.sub)
    path = f"/api/tasks/{task['id']}"

    assert problems(await ann.http.put(path, json=changes | {"title": "Changed"})) == expected
    operations = [
        {"op": "update", "id": task["id"], "task": changes},
        {"op": "create", "task": {"title": "Other"}},
    ]
    answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})
    failed, other = answer.json()["results"]
    assert {one["field"]: one["message"] for one in failed["details"]} == expected
    assert (failed["status"], other["status"]) == (400, 424)

    assert await ann.tasks() == [task]
    assert await stored(app, "users", id=ann.sub) == user


async def test_an_invalid_create_of_a_new_user_stores_nothing(app: FastAPI, ann: Person) -> None:
    refused: list[dict[str, Any]] = [
        {"due": {}},
        {"labels": [""]},
        {"list_id": str(uuid4())},
        {"priority": "x"},
    ]
    for fields in refused:
        answer = await ann.http.post("/api/tasks", json={"title": "Call", **fields})
        assert answer.status_code == 400
    assert await stored(app, "users", id=ann.sub) == []
    assert await stored(app, "task_labels", user_id=ann.sub) == []


async def test_a_repeat_with_the_same_key_gets_the_same_task(ann: Person) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await ann.http.post("/api/tasks", json={"title": "Call", **FULL}, headers=key)
    again = await ann.http.post("/api/tasks", json={"title": "Call", **FULL}, headers=key)

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert await labels_of(ann) == {"Home": 1, "urgent": 1}


async def test_labels_that_several_devices_add_are_all_kept(ann: Person) -> None:
    task = await ann.create("Call", labels=["gone"])
    path = f"/api/tasks/{task['id']}"
    bodies = [{"add_labels": [f"l{n:02}"], "remove_labels": ["Gone"]} for n in range(19)]

    answers = await asyncio.gather(*(ann.http.put(path, json=body) for body in bodies))

    assert {answer.status_code for answer in answers} == {200}
    assert (await ann.get(task["id"]))["labels"] == [f"l{n:02}" for n in range(19)]
    assert await labels_of(ann) == {f"l{n:02}": 1 for n in range(19)}


async def test_labels_are_renamed_while_tasks_get_others(ann: Person) -> None:
    tasks = [await ann.create(f"Call {n}", labels=["home"]) for n in range(10)]

    answers = await asyncio.gather(
        *(ann.http.put(f"/api/tasks/{task['id']}", json={"add_labels": ["new"]}) for task in tasks[:5]),
        ann.http.post("/api/labels/rename", json={"from": "home", "to": "house"}),
        *(ann.http.put(f"/api/tasks/{task['id']}", json={"add_labels": ["new"]}) for task in tasks[5:]),
    )

    assert {answer.status_code for answer in answers} == {200}
    assert answers[5].json() == {"tasks": 10}
    assert {tuple(task["labels"]) for task in await ann.tasks()} == {("house", "new")}
    assert await labels_of(ann) == {"house": 10, "new": 10}


class TestCompletedAt:
    """`completed_at`, with and without a time from the client."""

    async def test_it_is_set_and_removed_with_the_state(self, ann: Person) -> None:
        begun = datetime.now(UTC)
        task = await ann.create()
        done = await ann.put(task["id"], is_completed=True)

        assert begun <= datetime.fromisoformat(done["completed_at"]) <= datetime.now(UTC)
        assert done["completed_at"].endswith("Z")
        again = await ann.put(task["id"], is_completed=True, title="Other")
        assert again["completed_at"] == done["completed_at"]
        assert optional(await ann.put(task["id"], is_completed=False)) == {}

    async def test_a_task_may_be_created_as_completed(self, ann: Person) -> None:
        task = await ann.create(is_completed=True)

        assert task["completed_at"] == task["created_at"]

    @pytest.mark.parametrize("fields", [{}, {"priority": "low"}])
    async def test_the_client_may_give_the_time(self, ann: Person, fields: dict[str, Any]) -> None:
        moment, utc = "2020-02-29T23:40:00-08:00", "2020-03-01T07:40:00.000000Z"
        created = await ann.create(is_completed=True, completed_at=moment, **fields)
        open_task = await ann.create()
        done = await ann.put(open_task["id"], is_completed=True, completed_at=moment, **fields)

        assert created["completed_at"] == done["completed_at"] == utc
        assert await ann.get(created["id"]) == created
        other = await ann.put(done["id"], is_completed=True, completed_at="2021-01-01T00:00:00Z", **fields)
        assert other["completed_at"] == "2021-01-01T00:00:00.000000Z"
        assert (await ann.put(done["id"], is_completed=True, **fields))["completed_at"] == other[
            "completed_at"
        ]

    @pytest.mark.parametrize("fields", [{}, {"priority": "low"}])
    async def test_it_has_no_effect_without_the_state(self, ann: Person, fields: dict[str, Any]) -> None:
        moment = "2020-02-29T23:40:00-08:00"
        open_task, done = await ann.create(completed_at=moment, **fields), await ann.create(is_completed=True)

        assert "completed_at" not in open_task
        assert "completed_at" not in await ann.put(open_task["id"], completed_at="no time", **fields)
        states: list[dict[str, bool]] = [{}, {"is_completed": False}]
        for state in states:
            assert "completed_at" not in await ann.put(
                open_task["id"], completed_at=moment, **state, **fields
            )
        assert (await ann.put(done["id"], completed_at=moment, **fields))["completed_at"] == done[
            "completed_at"
        ]

    async def test_a_malformed_time_is_refused_beside_the_state(self, ann: Person) -> None:
        task = await ann.create()
        body = {"is_completed": True, "completed_at": "2026-11-21T23:40:00"}

        for answer in (
            await ann.http.put(f"/api/tasks/{task['id']}", json=body),
            await ann.http.post("/api/tasks", json={"title": "x", **body}),
        ):
            assert list(problems(answer)) == ["completed_at"]
        assert await ann.tasks() == [task]

    async def test_a_time_in_the_future_is_taken(self, ann: Person) -> None:
        moment = datetime.now(UTC) + timedelta(days=1000)
        task = await ann.create(is_completed=True, completed_at=moment.isoformat())

        assert datetime.fromisoformat(task["completed_at"]) == moment
