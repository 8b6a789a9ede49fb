"""docs/contract.md#comments: an import takes the comments of an export."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from comments.comment_support import Json, comments_of, many_comments, new_comment, new_task, post_comment
from support import Person, problems
from trash.trash_support import to_trash

from taskward.ids import new_id

MOMENT = "2026-01-02T03:04:05.123456Z"


async def export(person: Person) -> Json:
    found: Json = (await person.http.get("/api/me/export")).json()
    return found


async def import_of(person: Person, document: Json) -> httpx.Response:
    return await person.http.post("/api/me/import", json=document)


def comment(task: Any, **fields: Any) -> Json:
    times = {"created_at": MOMENT, "updated_at": MOMENT}
    return {"id": str(uuid4()), "task_id": task, "text": "Which one?", **times, **fields}


def task_of(**fields: Any) -> Json:
    times = {"created_at": MOMENT, "updated_at": MOMENT}
    return {"id": str(uuid4()), "title": "Buy milk", "is_completed": False, **times, **fields}


async def test_an_export_comes_back_with_its_comments(ann: Person, bob: Person) -> None:
    tasks = [await new_task(ann) for _ in range(2)]
    for n in range(5):
        await new_comment(ann, tasks[n % 2], str(n), metadata={"n": n})
    exported = await export(ann)

    answer = await import_of(bob, exported)
    assert answer.json() == {"imported": 2, "skipped": 0}
    expected = [{**one, "user_id": bob.sub} for one in exported["comments"]]
    assert (await export(bob))["comments"] == expected
    assert await comments_of(bob) == expected
    page = (await bob.http.get("/api/changes?kinds=tasks,comments")).json()["changes"]
    assert [("comment" in one, "task" in one) for one in page] == [(False, True)] * 2 + [(True, False)] * 5
    assert len({one["etag"] for one in page}) == 7
    assert (await import_of(bob, exported)).json() == {"imported": 0, "skipped": 2}
    assert await comments_of(bob) == expected


async def test_ids_follow_the_rules_of_tasks(ann: Person) -> None:
    task = task_of()
    given = [comment(task["id"], text=str(n), author_id=str(uuid4()), mentions=[1]) for n in range(3)]
    document = {"tasks": [task], "comments": [*given, given[0]]}
    for _ in range(2):
        assert (await import_of(ann, document)).status_code == 200
        found = await comments_of(ann)
        assert sorted(one["text"] for one in found) == ["0", "1", "2"]
        assert {(one["created_at"], one["author_id"]) for one in found} == {(MOMENT, None)}
        [stored] = (await ann.http.get("/api/tasks")).json()["tasks"]
        assert {one["task_id"] for one in found} == {stored["id"]} != {task["id"]}
        assert all("mentions" not in one for one in found)


async def test_comments_alone_join_a_task_that_is_there(ann: Person) -> None:
    task = await new_task(ann)
    trashed = await new_task(ann)
    await to_trash(ann, trashed)
    known = await new_comment(ann, task)
    await ann.http.delete(f"/api/comments/{known['id']}")
    given = [known, *(comment(one) for one in (task["id"], trashed["id"], str(uuid4())))]
    assert (await import_of(ann, {"tasks": [], "comments": given})).status_code == 200

    found = await comments_of(ann)
    assert [one["task_id"] for one in found] == [task["id"]] * 2
    assert known["id"] in {one["id"] for one in found}
    assert (await import_of(ann, {"tasks": [], "comments": given})).status_code == 200
    assert await comments_of(ann) == found


async def test_a_comment_that_is_there_is_skipped_also_with_another_time(ann: Person) -> None:
    task = await new_task(ann)
    made = await new_comment(ann, task)
    before = await ann.http.get("/api/changes?kinds=tasks,comments")
    for fields in ({}, {"created_at": MOMENT, "updated_at": MOMENT}, {"text": "changed"}):
        document = {"tasks": [], "comments": [{**made, **fields}]}
        assert (await import_of(ann, document)).status_code == 200
        assert await comments_of(ann) == [made]
        after = await ann.http.get("/api/changes?kinds=tasks,comments")
        assert after.json()["changes"] == before.json()["changes"]


async def test_comments_in_the_trash_are_not_made_twice(ann: Person) -> None:
    task = await new_task(ann)
    made = await new_comment(ann, task)
    exported = await export(ann)
    await to_trash(ann, task)
    other = await new_task(ann)
    document = {"tasks": exported["tasks"], "comments": [{**made, "task_id": other["id"]}]}
    assert (await import_of(ann, document)).status_code == 200
    assert await comments_of(ann) == []

    assert (await ann.http.post(f"/api/trash/{task['id']}/restore", json={})).status_code == 200
    assert await comments_of(ann) == [made]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": " "}, {"comments.1.text": "Text cannot be empty"}),
        ({"text": "x" * 4001}, {"comments.1.text": "Text cannot exceed 4000 characters"}),
        ({"task_id": "x"}, {"comments.1.task_id": "Task id must be a UUID"}),
        ({"id": "x"}, {"comments.1.id": "Id must be a UUID"}),
        ({"title": "x"}, {"comments.1.title": "Unknown field"}),
        ({"text": "a\0b"}, {"comments.1.text": "The character U+0000 is not allowed"}),
    ],
)
async def test_a_broken_rule_of_an_imported_comment_refuses_everything(
    ann: Person, fields: Json, expected: dict[str, str]
) -> None:
    task = task_of()
    document = {"tasks": [task], "comments": [comment(task["id"]), comment(task["id"], **fields)]}
    assert problems(await import_of(ann, document)) == expected
    assert (await ann.http.get("/api/tasks")).json()["tasks"] == []
    assert problems(await import_of(ann, {"tasks": [], "comments": {}})) == {
        "comments": "Comments must be a list"
    }


async def test_an_import_keeps_to_a_thousand_comments_of_a_task(ann: Person) -> None:
    task = await new_task(ann)
    await many_comments(ann, task, 990)
    new = task_of()
    for count, status in ((11, 400), (10, 200)):
        document = {"tasks": [new], "comments": [comment(task["id"]) for _ in range(count)]}
        answer = await import_of(ann, document)
        assert answer.status_code == status
        if status == 400:
            assert problems(answer) == {"comments": "A task has at most 1000 comments"}
            assert len((await ann.http.get("/api/tasks")).json()["tasks"]) == 1
    assert (await post_comment(ann, task)).status_code == 400


async def test_many_comments_are_imported(ann: Person, bob: Person) -> None:
    tasks = [task_of(id=str(new_id())) for _ in range(3)]
    given = [comment(tasks[n % 3]["id"], text=str(n)) for n in range(1500)]
    assert (await import_of(ann, {"tasks": tasks, "comments": given})).status_code == 200

    counted = (await ann.http.get("/api/comments/counts")).json()["counts"]
    assert [one["comments"] for one in counted] == [500] * 3
    exported = await export(ann)
    assert {one["text"] for one in exported["comments"]} == {str(n) for n in range(1500)}
    assert (await import_of(bob, exported)).json() == {"imported": 3, "skipped": 0}
    assert len((await export(bob))["comments"]) == 1500
