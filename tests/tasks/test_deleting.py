"""docs/contract.md#endpoints: DELETE /api/tasks/{task_id}."""

import asyncio
from uuid import uuid4

from support import NO_SUCH_TASK, Person, refusal


async def test_a_deletion_says_what_was_deleted(ann: Person) -> None:
    task = await ann.create()

    answer = await ann.http.delete(f"/api/tasks/{task['id']}")

    assert answer.status_code == 200
    assert answer.content == (b'{"message":"Task deleted successfully","id":"%s"}' % task["id"].encode())


async def test_a_deleted_task_is_gone_for_good(ann: Person) -> None:
    kept, task = await ann.create("Keep"), await ann.create("Delete")
    path = f"/api/tasks/{task['id']}"

    await ann.http.delete(path)

    assert await ann.tasks() == [kept]
    assert refusal(await ann.http.get(path)) == NO_SUCH_TASK
    assert refusal(await ann.http.put(path, json={"title": "x"})) == NO_SUCH_TASK


async def test_a_second_deletion_finds_nothing(ann: Person) -> None:
    path = f"/api/tasks/{(await ann.create())['id']}"

    assert (await ann.http.delete(path)).status_code == 200
    assert refusal(await ann.http.delete(path)) == NO_SUCH_TASK


async def test_of_many_deletions_at_once_exactly_one_succeeds(ann: Person) -> None:
    path = f"/api/tasks/{(await ann.create())['id']}"

    answers = await asyncio.gather(*(ann.http.delete(path) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


async def test_a_task_is_deleted_by_its_id_in_any_letter_case(ann: Person) -> None:
    task = await ann.create()

    answer = await ann.http.delete(f"/api/tasks/{task['id'].upper()}")

    assert answer.json()["id"] == task["id"]
    assert await ann.tasks() == []


async def test_a_task_that_does_not_exist_cannot_be_deleted(ann: Person) -> None:
    assert refusal(await ann.http.delete(f"/api/tasks/{uuid4()}")) == NO_SUCH_TASK


async def test_the_body_of_a_deletion_is_ignored(ann: Person) -> None:
    task = await ann.create()

    answer = await ann.http.request("DELETE", f"/api/tasks/{task['id']}", content=b"{")

    assert answer.status_code == 200
