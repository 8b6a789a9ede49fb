"""What tests of comments share."""

from typing import Any

import httpx
from support import Person

from taskward.ids import new_id

Json = dict[str, Any]


async def new_task(person: Person, where: str = "/api", **fields: Any) -> Json:
    answer = await person.http.post(f"{where}/tasks", json={"title": "Buy milk", **fields})
    assert answer.status_code == 201, answer.text
    task: Json = answer.json()
    return task


async def post_comment(
    person: Person, task: Json, text: str = "Which one?", where: str = "/api", **fields: Any
) -> httpx.Response:
    body = {"task_id": task["id"], "text": text, **fields}
    return await person.http.post(f"{where}/comments", json=body)


async def new_comment(
    person: Person, task: Json, text: str = "Which one?", where: str = "/api", **fields: Any
) -> Json:
    """Creates a comment, and returns it."""
    answer = await post_comment(person, task, text, where, **fields)
    assert answer.status_code == 201, answer.text
    comment: Json = answer.json()
    return comment


async def comments_of(person: Person, where: str = "/api", **query: Any) -> list[Json]:
    """Returns a page of comments."""
    answer = await person.http.get(f"{where}/comments", params=query)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["comments"]
    return found


async def many_comments(person: Person, task: Json, count: int, where: str = "/api", text: str = "c") -> None:
    """Creates comments by batches."""
    for start in range(0, count, 100):
        operations = [
            {"op": "create", "kind": "comment", "comment": {"task_id": task["id"], "text": f"{text}{n}"}}
            for n in range(start, min(start + 100, count))
        ]
        answer = await person.http.post(f"{where}/batch", json={"operations": operations})
        assert {one["status"] for one in answer.json()["results"]} == {201}, answer.text


async def put_comment(
    person: Person, task: Json, where: str = "/api", comment_id: object = None, **fields: Any
) -> httpx.Response:
    """Creates a comment with an id of the client."""
    path = f"{where}/comments/{comment_id or new_id()}"
    body = {"task_id": task["id"], "text": "Which one?", **fields}
    return await person.http.put(path, json=body, headers={"If-None-Match": "*"})
