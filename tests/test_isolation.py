"""docs/contract.md#endpoints: users see their own tasks and nothing of others, not even their existence."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from support import NO_SUCH_TASK, Person, refusal

REQUESTS = [
    ("GET", None),
    ("HEAD", None),
    ("PUT", {"title": "Mine now"}),
    ("PUT", {"description": None, "is_completed": True}),
    ("DELETE", None),
]


async def test_two_people_see_their_own_tasks_only(ann: Person, bob: Person) -> None:
    hers, his = await ann.create("Hers"), await bob.create("His")

    assert await ann.tasks() == [hers]
    assert await bob.tasks() == [his]


@pytest.mark.parametrize(("method", "body"), REQUESTS)
async def test_a_foreign_task_is_answered_like_a_missing_one_to_the_byte(
    ann: Person, bob: Person, method: str, body: dict[str, Any] | None
) -> None:
    hers = await ann.create("Hers")
    await bob.create("His")

    foreign = await bob.http.request(method, f"/api/tasks/{hers['id']}", json=body)
    missing = await bob.http.request(method, f"/api/tasks/{uuid4()}", json=body)

    assert whole(foreign) == whole(missing)
    assert foreign.status_code == 404
    if method != "HEAD":
        assert refusal(foreign) == NO_SUCH_TASK


@pytest.mark.parametrize(("method", "body"), REQUESTS)
async def test_a_foreign_task_cannot_be_changed(
    ann: Person, bob: Person, method: str, body: dict[str, Any] | None
) -> None:
    hers = await ann.create("Hers")

    await bob.http.request(method, f"/api/tasks/{hers['id']}", json=body)

    assert await ann.tasks() == [hers]
    assert await bob.tasks() == []


async def test_a_deleted_foreign_task_is_answered_like_one_that_never_was(ann: Person, bob: Person) -> None:
    hers = await ann.create("Hers")
    await ann.http.delete(f"/api/tasks/{hers['id']}")

    deleted = await bob.http.get(f"/api/tasks/{hers['id']}")

    assert whole(deleted) == whole(await bob.http.get(f"/api/tasks/{uuid4()}"))


@pytest.mark.parametrize("key", ["id", "user_id"])
async def test_a_task_cannot_be_created_for_another_user(ann: Person, bob: Person, key: str) -> None:
    hers = await ann.create("Hers")

    his = await bob.create("His", **{key: hers[key]})

    assert (his["user_id"], his["id"] == hers["id"]) == (bob.sub, False)
    assert await ann.tasks() == [hers]


async def test_the_owner_of_a_task_cannot_be_changed(ann: Person, bob: Person) -> None:
    hers = await ann.create("Hers")

    assert (await ann.put(hers["id"], title="Still hers", user_id=bob.sub))["user_id"] == ann.sub
    assert await bob.tasks() == []


def whole(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Returns all of an answer but the request's own id."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "x-request-id"]
    return answer.status_code, headers, answer.content
