"""docs/contract.md, A2: the five endpoints."""

from uuid import UUID

from support import Person


async def test_a_new_task_has_all_seven_keys_and_where_it_is(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": "  Buy milk  ", "description": ""})

    task = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/tasks/{task['id']}"
    assert list(task) == [
        "id", "user_id", "title", "description", "is_completed", "created_at", "updated_at",
    ]  # fmt: skip
    assert UUID(task["id"]).version == 7
    assert (task["title"], task["description"], task["is_completed"]) == ("Buy milk", None, False)
    assert task["user_id"] == ann.sub
    assert task["created_at"] == task["updated_at"]
