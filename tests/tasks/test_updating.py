"""docs/contract.md#endpoints: PUT /api/tasks/{task_id}."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from uuid import uuid4

import pytest
from support import NO_SUCH_TASK, Person, problems, refusal

from taskward.tasks import steps


@pytest.mark.parametrize(
    ("field", "value"), [("title", "Buy bread"), ("description", "Rye"), ("is_completed", True)]
)
async def test_only_the_fields_given_change(ann: Person, field: str, value: Any) -> None:
    before = await ann.create("Buy milk", description="Two litres")

    after = await ann.put(before["id"], **{field: value})

    completed = {"completed_at": after["updated_at"]} if field == "is_completed" else {}
    assert after == before | {field: value, "updated_at": after["updated_at"]} | completed
    assert await ann.get(before["id"]) == after


async def test_all_fields_can_change_at_once(ann: Person) -> None:
    task = await ann.create()

    after = await ann.put(task["id"], title=" Buy bread ", description=" Rye ", is_completed=True)

    assert (after["title"], after["description"], after["is_completed"]) == ("Buy bread", "Rye", True)


async def test_a_null_description_clears_it(ann: Person) -> None:
    task = await ann.create(description="Two litres")

    assert (await ann.put(task["id"], description=None))["description"] is None
    assert (await ann.get(task["id"]))["description"] is None


async def test_a_task_can_be_completed_and_taken_up_again(ann: Person) -> None:
    task = await ann.create()

    assert (await ann.put(task["id"], is_completed=True))["is_completed"] is True
    assert (await ann.put(task["id"], is_completed=False))["is_completed"] is False


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "0190b0a0-0000-7000-8000-000000000000"},
        {"user_id": "x", "created_at": 1, "updated_at": None},
    ],
)
async def test_an_update_of_nothing_writable_is_refused(ann: Person, body: dict[str, Any]) -> None:
    task = await ann.create()

    answer = await ann.http.put(f"/api/tasks/{task['id']}", json=body)

    assert problems(answer) == {"body": "At least one writable field is required"}
    assert await ann.get(task["id"]) == task


async def test_a_task_that_was_got_can_be_sent_back_changed(ann: Person) -> None:
    task = await ann.create()

    after = await ann.put(task["id"], **task | {"title": "Buy bread"})

    assert after == task | {"title": "Buy bread", "updated_at": after["updated_at"]}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("key", ["id", "user_id", "created_at", "updated_at"])
async def test_keys_that_the_server_sets_have_no_effect(ann: Person, key: str) -> None:
    task = await ann.create()

    after = await ann.put(task["id"], **{"title": "Buy bread", key: str(uuid4())})

    assert after == task | {"title": "Buy bread", "updated_at": after["updated_at"]}


async def test_every_update_moves_updated_at_even_one_that_changes_nothing(ann: Person) -> None:
    task = await ann.create()

    updates = [await ann.put(task["id"], title="Buy milk") for _ in range(5)]

    moments = [one["updated_at"] for one in [task, *updates]]
    assert moments == sorted(set(moments))


async def test_updated_at_moves_forwards_when_the_clock_goes_back(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Earlier":
            return cls.fromtimestamp(datetime.now(tz).timestamp() - 3600, UTC)

    task = await ann.create()
    monkeypatch.setattr(steps, "datetime", Earlier)
    first, second = await ann.put(task["id"], title="One"), await ann.put(task["id"], title="Two")

    assert task["updated_at"] < first["updated_at"] < second["updated_at"]
    moved = datetime.fromisoformat(second["updated_at"]) - datetime.fromisoformat(task["updated_at"])
    assert moved == timedelta(microseconds=2)


async def test_updated_at_is_now(ann: Person) -> None:
    task = await ann.create()

    before = datetime.now(UTC)
    updated = datetime.fromisoformat((await ann.put(task["id"], title="Buy bread"))["updated_at"])

    assert before <= updated <= datetime.now(UTC)


async def test_a_task_that_does_not_exist_cannot_be_updated(ann: Person) -> None:
    assert refusal(await ann.http.put(f"/api/tasks/{uuid4()}", json={"title": "x"})) == NO_SUCH_TASK


async def test_a_task_is_updated_by_its_id_in_any_letter_case(ann: Person) -> None:
    task = await ann.create()

    assert (await ann.put(task["id"].upper(), title="Buy bread"))["id"] == task["id"]


@pytest.mark.engines("memory")
async def test_path_query_and_body_are_validated_together(ann: Person) -> None:
    answer = await ann.http.put("/api/tasks/1?a=1&b=2&b=3", json={"title": "", "description": 5, "c": 1})

    assert problems(answer) == {
        "task_id": "Task id must be a UUID",
        "a": "Unknown query parameter",
        "b": "The query parameter is given more than once",
        "title": "Title cannot be empty",
        "description": "Description must be text or null",
        "c": "Unknown field",
    }


async def test_fields_are_validated_before_the_task_is_looked_for(ann: Person) -> None:
    answer = await ann.http.put(f"/api/tasks/{uuid4()}", json={"title": ""})

    assert problems(answer) == {"title": "Title cannot be empty"}


async def test_a_refused_update_changes_nothing(ann: Person) -> None:
    task = await ann.create()

    await ann.http.put(f"/api/tasks/{task['id']}", json={"title": "Buy bread", "is_completed": "yes"})

    assert await ann.get(task["id"]) == task
