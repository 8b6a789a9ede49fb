"""docs/contract.md#comments: the routes of private comments."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from comments.comment_support import (
    Json,
    comments_of,
    many_comments,
    new_comment,
    new_task,
    post_comment,
    put_comment,
)
from support import Person, problems, refusal

from taskward.http.cursors import encode_cursor, scope_of
from taskward.ids import new_id

NOT_FOUND = (404, "NOT_FOUND", "Comment not found")
CHANGED = (412, "PRECONDITION_FAILED", "The comment has been changed since it was read")
EXISTS = (412, "PRECONDITION_FAILED", "A comment with this id exists")
GONE = (410, "GONE", "The comment was deleted")
KEYS = {"id", "user_id", "task_id", "author_id", "text", "created_at", "updated_at"}


def short(answer: httpx.Response) -> tuple[int, str, str]:
    """Returns status, code and text of an error that may show what is there."""
    body = answer.json()
    return answer.status_code, body["code"], body["error"]


async def test_a_new_comment_has_seven_keys_and_says_where_it_is(ann: Person) -> None:
    task = await new_task(ann)
    answer = await post_comment(ann, task, "  Which one?  ")

    made = answer.json()
    assert answer.status_code == 201
    assert made.keys() == KEYS
    assert answer.headers["location"] == f"/api/comments/{made['id']}"
    assert (made["user_id"], made["task_id"], made["author_id"]) == (ann.sub, task["id"], None)
    assert made["text"] == "Which one?"
    assert made["created_at"] == made["updated_at"]
    assert UUID(made["id"]).version == 7
    read = await ann.http.get(answer.headers["location"])
    assert (read.content, read.headers["etag"]) == (answer.content, answer.headers["etag"])
    known = {"If-None-Match": read.headers["etag"]}
    assert (await ann.http.get(answer.headers["location"], headers=known)).status_code == 304
    assert (await ann.http.head(answer.headers["location"])).status_code == 200


async def test_a_comment_leaves_its_task_as_it_is(ann: Person) -> None:
    task = await new_task(ann)
    before = await ann.http.get(f"/api/tasks/{task['id']}")
    comment = await new_comment(ann, task)
    path = f"/api/comments/{comment['id']}"
    await ann.http.patch(path, json={"text": "Two?"})
    await ann.http.delete(path)

    after = await ann.http.get(f"/api/tasks/{task['id']}")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    changes = (await ann.http.get("/api/changes")).json()["changes"]
    assert [change["etag"] for change in changes] == [before.headers["etag"]]
    named = {"If-Match": before.headers["etag"]}
    assert (await ann.http.patch(f"/api/tasks/{task['id']}", json={"title": "x"}, headers=named)).is_success


async def test_a_comment_is_changed_by_the_fields_given(ann: Person) -> None:
    made = await new_comment(ann, await new_task(ann), metadata={"a": 1, "b": "x"})
    path = f"/api/comments/{made['id']}"

    changed = (await ann.http.put(path, json={"text": "Two?", "metadata": {"a": None, "c": True}})).json()
    assert (changed["text"], changed["metadata"]) == ("Two?", {"b": "x", "c": True})
    assert changed["updated_at"] > made["updated_at"]
    assert changed["created_at"] == made["created_at"]
    again = (await ann.http.patch(path, json={**changed, "metadata": None})).json()
    assert "metadata" not in again
    assert await comments_of(ann) == [again]


async def test_a_comment_is_changed_and_deleted_only_in_a_known_version(ann: Person) -> None:
    first = await post_comment(ann, await new_task(ann))
    path, old = first.headers["location"], {"If-Match": first.headers["etag"]}
    second = await ann.http.put(path, json={"text": "Two?"}, headers=old)
    assert second.status_code == 200

    assert refusal(await ann.http.patch(path, json={"text": "3"}, headers=old)) == CHANGED
    refused = await ann.http.delete(path, headers=old)
    assert refusal(refused) == CHANGED
    assert refused.headers["etag"] == second.headers["etag"]
    deleted = await ann.http.delete(path, headers={"If-Match": second.headers["etag"]})
    assert deleted.json() == {"message": "Comment deleted successfully", "id": first.json()["id"]}
    for answer in (
        await ann.http.get(path),
        await ann.http.patch(path, json={"text": "3"}),
        await ann.http.delete(path),
    ):
        assert refusal(answer) == NOT_FOUND


async def test_a_client_makes_ids_by_the_rules_of_tasks(ann: Person) -> None:
    task, comment_id = await new_task(ann), new_id()
    made = await put_comment(ann, task, comment_id=comment_id)
    assert made.status_code == 201
    assert made.json()["id"] == str(comment_id)
    assert made.headers["location"] == f"/api/comments/{comment_id}"

    again = await put_comment(ann, task, comment_id=comment_id)
    assert short(again) == EXISTS
    assert again.json()["comment"] == made.json()
    assert again.json()["etag"] == made.headers["etag"]
    await ann.http.delete(f"/api/comments/{comment_id}")
    assert refusal(await put_comment(ann, task, comment_id=comment_id)) == GONE
    message = "Comment id must be a UUID of version 7, of a time not more than 24 hours ahead"
    assert problems(await put_comment(ann, task, comment_id=uuid4())) == {"comment_id": message}
    both = await ann.http.put(
        f"/api/comments/{new_id()}",
        json={"task_id": task["id"], "text": "x"},
        headers={"If-None-Match": "*", "If-Match": '"1"'},
    )
    assert problems(both) == {"If-Match": "If-Match cannot be combined with If-None-Match"}


REQUIRED = "Text is required and cannot be empty"
EMPTY = "Text cannot be empty"
MENTIONS = "Mentions must be a list of at most 20 member ids"
NO_MEMBER = "A mention must be a member of the space"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"text": REQUIRED}),
        ({"text": "  "}, {"text": EMPTY}),
        ({"text": None}, {"text": EMPTY}),
        ({"text": 5}, {"text": "Text must be text"}),
        ({"text": "x" * 4001}, {"text": "Text cannot exceed 4000 characters"}),
        ({"text": "x", "task_id": "5"}, {"task_id": "Task id must be a UUID"}),
        ({"text": "x", "task_id": str(uuid4())}, {"task_id": "Task not found"}),
        ({"text": "x", "mentions": "a"}, {"mentions": MENTIONS}),
        ({"text": "x", "mentions": [str(uuid4())] * 21}, {"mentions": MENTIONS}),
        ({"text": "x", "mentions": [str(uuid4())]}, {"mentions.0": NO_MEMBER}),
        ({"text": "x", "mentions": ["a", str(uuid4())]}, {"mentions.0": NO_MEMBER}),
        ({"text": "x", "metadata": 1}, {"metadata": "Metadata must be an object or null"}),
        ({"text": "x", "reply_to": 1}, {"reply_to": "Unknown field"}),
    ],
)
async def test_each_broken_rule_of_a_new_comment_is_named(
    ann: Person, body: Json, expected: dict[str, str]
) -> None:
    task = await new_task(ann)
    given = {"task_id": task["id"], **body}

    assert problems(await ann.http.post("/api/comments", json=given)) == expected
    operation = {"op": "create", "kind": "comment", "comment": given}
    batch = await ann.http.post("/api/batch", json={"operations": [operation]})
    [result] = batch.json()["results"]
    assert {one["field"]: one["message"] for one in result["details"]} == expected
    assert await comments_of(ann) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"body": "At least one of text, mentions, metadata is required"}),
        ({"author_id": 5}, {"body": "At least one of text, mentions, metadata is required"}),
        ({"text": ""}, {"text": EMPTY}),
        ({"text": "x", "task_id": str(uuid4())}, {"task_id": "A comment stays with its task"}),
        ({"task_id": str(uuid4())}, {"task_id": "A comment stays with its task"}),
        ({"text": "x", "mentions": [str(uuid4())]}, {"mentions.0": NO_MEMBER}),
    ],
)
async def test_each_broken_rule_of_a_change_is_named(
    ann: Person, body: Json, expected: dict[str, str]
) -> None:
    comment = await new_comment(ann, await new_task(ann))

    path = f"/api/comments/{comment['id']}"
    assert problems(await ann.http.put(path, json=body)) == expected
    assert problems(await ann.http.patch(path, json=body)) == expected
    assert await comments_of(ann) == [comment]


async def test_no_mentions_are_none_and_4000_characters_fit(ann: Person) -> None:
    task = await new_task(ann)
    for mentions in (list[str](), None):
        made = await new_comment(ann, task, "💥" * 4000, mentions=mentions)
        assert "mentions" not in made
        assert len(made["text"]) == 4000


async def test_comments_come_by_age_a_page_at_a_time(ann: Person) -> None:
    tasks = [await new_task(ann) for _ in range(2)]
    made = [await new_comment(ann, tasks[n % 2], str(n)) for n in range(7)]

    assert await comments_of(ann) == made
    assert await comments_of(ann, sort="-created_at") == made[::-1]
    assert await comments_of(ann, task_id=tasks[0]["id"].upper()) == made[::2]
    assert await comments_of(ann, task_id=tasks[1]["id"], author="me") == made[1::2]
    assert await comments_of(ann, author="me") == made
    assert await comments_of(ann, author=str(uuid4())) == []
    assert await comments_of(ann, task_id=str(uuid4())) == []
    for sort, expected in (("created_at", made), ("-created_at", made[::-1])):
        query: dict[str, Any] = {"sort": sort, "limit": 3}
        found: list[Json] = []
        while True:
            page = (await ann.http.get("/api/comments", params=query)).json()
            found += page["comments"]
            assert len(page["comments"]) <= 3
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert found == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": 0}, {"limit": "Limit must be a whole number from 1 to 1000"}),
        ({"limit": 1001}, {"limit": "Limit must be a whole number from 1 to 1000"}),
        ({"sort": "text"}, {"sort": "Sort must be one of created_at, -created_at"}),
        ({"task_id": "x"}, {"task_id": "Task id must be a UUID"}),
        ({"author": "x"}, {"author": "Author must be a member id or me"}),
        ({"cursor": "x"}, {"cursor": "Cursor is not valid for this list"}),
        ({"q": "x"}, {"q": "Unknown query parameter"}),
    ],
)
async def test_each_broken_rule_of_a_list_is_named(
    ann: Person, query: Json, expected: dict[str, str]
) -> None:
    assert problems(await ann.http.get("/api/comments", params=query)) == expected


@pytest.mark.engines("memory")
async def test_a_cursor_of_another_content_is_malformed(ann: Person) -> None:
    cursor = encode_cursor([1, "x"], scope_of(UUID(ann.sub), "counts of comments"))
    answer = await ann.http.get("/api/comments/counts", params={"cursor": cursor})
    assert problems(answer) == {"cursor": "Cursor is not valid for this list"}


async def test_a_cursor_is_of_one_owner_and_filter(ann: Person, bob: Person) -> None:
    task = await new_task(ann)
    for _ in range(2):
        await new_comment(ann, task)
    cursor = (await ann.http.get("/api/comments?limit=1")).json()["next_cursor"]

    assert len(await comments_of(ann, cursor=cursor)) == 1
    for person, query in ((bob, {}), (ann, {"sort": "-created_at"}), (ann, {"task_id": task["id"]})):
        answer = await person.http.get("/api/comments", params={**query, "cursor": cursor})
        assert answer.json()["details"][0]["field"] == "cursor"
    assert (await ann.http.get("/api/comments/counts", params={"cursor": cursor})).status_code == 400


async def test_pages_have_tags_that_change_with_the_next_write(ann: Person) -> None:
    task = await new_task(ann)
    await new_comment(ann, task)
    for path in ("/api/comments", "/api/comments?limit=5", "/api/comments/counts"):
        tag = (await ann.http.get(path)).headers["etag"]
        unchanged = await ann.http.get(path, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        await new_comment(ann, task)
        assert (await ann.http.get(path, headers={"If-None-Match": tag})).status_code == 200
    tags = {
        (await ann.http.get(f"/api/comments{query}")).headers["etag"]
        for query in ("", "?limit=5", f"?task_id={task['id']}", "?sort=-created_at", "/counts")
    }
    assert len(tags) == 5


async def test_counts_name_the_tasks_with_comments(ann: Person) -> None:
    tasks = [await new_task(ann) for _ in range(4)]
    made = [[await new_comment(ann, task) for _ in range(n)] for n, task in enumerate(tasks)]
    expected = [
        {"task_id": task["id"], "comments": n, "last_at": made[n][-1]["created_at"]}
        for n, task in enumerate(tasks)
        if n
    ]
    assert (await counts(ann)).json() == {"counts": expected, "next_cursor": None}
    first = (await counts(ann, limit=2)).json()
    assert first["counts"] == expected[:2]
    assert (await counts(ann, cursor=first["next_cursor"])).json()["counts"] == expected[2:]

    await ann.http.delete(f"/api/comments/{made[3][-1]['id']}")
    await ann.http.delete(f"/api/comments/{made[1][0]['id']}")
    after = (await counts(ann)).json()["counts"]
    assert [one["comments"] for one in after] == [2, 2]
    assert after[1]["last_at"] == made[3][1]["created_at"]


async def counts(person: Person, **query: Any) -> httpx.Response:
    return await person.http.get("/api/comments/counts", params=query)


async def test_counts_is_a_path_of_its_own(ann: Person) -> None:
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        answer = await ann.http.request(method, "/api/comments/counts", json={"text": "x"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_task_has_at_most_a_thousand_comments(ann: Person) -> None:
    task, other = await new_task(ann), await new_task(ann)
    await many_comments(ann, task, 999)
    last = await new_comment(ann, task)

    full = {"task_id": "A task has at most 1000 comments"}
    assert problems(await post_comment(ann, task)) == full
    assert problems(await put_comment(ann, task)) == full
    await new_comment(ann, other)
    await ann.http.delete(f"/api/comments/{last['id']}")
    await new_comment(ann, task)
    assert problems(await post_comment(ann, task)) == full


async def test_several_who_write_the_thousandth_comment_get_one(ann: Person) -> None:
    task = await new_task(ann)
    await many_comments(ann, task, 998)
    answers = await asyncio.gather(*(post_comment(ann, task) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, *([400] * 6)]
    assert (await counts(ann)).json()["counts"][0]["comments"] == 1000


async def test_two_writers_at_one_id_make_one_comment(ann: Person) -> None:
    task, comment_id = await new_task(ann), new_id()
    answers = await asyncio.gather(
        *(put_comment(ann, task, comment_id=comment_id, text=str(n)) for n in range(6))
    )

    [made] = [answer for answer in answers if answer.status_code == 201]
    assert [short(answer) for answer in answers if answer is not made] == [EXISTS] * 5
    assert await comments_of(ann) == [made.json()]


async def test_a_keyed_comment_is_made_once(ann: Person) -> None:
    task = await new_task(ann)
    body = {"task_id": task["id"], "text": "Which one?"}
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    first, second = [await ann.http.post("/api/comments", json=body, headers=key) for _ in range(2)]

    assert second.headers["idempotent-replayed"] == "true"
    assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])
    assert second.headers["location"] == first.headers["location"]
    assert len(await comments_of(ann)) == 1


async def test_comments_of_others_do_not_exist(ann: Person, bob: Person) -> None:
    task = await new_task(ann)
    comment = await new_comment(ann, task)
    path = f"/api/comments/{comment['id']}"
    await new_comment(bob, await new_task(bob))

    assert problems(await post_comment(bob, task)) == {"task_id": "Task not found"}
    for answer in (
        await bob.http.get(path),
        await bob.http.put(path, json={"text": "x"}),
        await bob.http.patch(path, json={"text": "x"}),
        await bob.http.delete(path),
    ):
        assert refusal(answer) == NOT_FOUND
    assert await comments_of(bob, task_id=task["id"]) == []
    assert len(await comments_of(bob)) == 1
    assert [one["task_id"] for one in (await counts(ann)).json()["counts"]] == [task["id"]]
    assert await comments_of(ann) == [comment]
