"""docs/contract.md#comments: comments in the feed, in batches, in the trash and in exports."""

import asyncio
import random
from typing import Any

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
from support import Person, problems
from trash.trash_support import restored, to_trash

from taskward.ids import new_id

KINDS = "tasks,lists,comments"


class Follower:
    """A client that follows a feed of tasks and comments."""

    def __init__(self, person: Person, where: str = "/api") -> None:
        self._person, self._where = person, where
        self._cursor: str | None = None
        self.tasks: dict[str, Json] = {}
        self.comments: dict[str, Json] = {}

    async def pull(self) -> list[Json]:
        """Applies the new changes, and returns them."""
        query: dict[str, Any] = {"kinds": KINDS, "limit": 7}
        applied: list[Json] = []
        more = True
        while more:
            given = query | ({"since": self._cursor} if self._cursor else {})
            page = (await self._person.http.get(f"{self._where}/changes", params=given)).json()
            for change in page["changes"]:
                self._apply(change)
            applied += page["changes"]
            self._cursor, more = page["cursor"], page["has_more"]
        return applied

    def _apply(self, change: Json) -> None:
        if change["op"] == "upsert":
            kind = "comment" if "comment" in change else "task"
            one = change.get(kind, {})
            if "list" not in change:
                {"comment": self.comments, "task": self.tasks}[kind][one["id"]] = one
        elif change.get("kind") == "comment":
            self.comments.pop(change["id"], None)
        elif "kind" not in change:
            self.tasks.pop(change["id"], None)
            self.comments = {key: one for key, one in self.comments.items() if one["task_id"] != change["id"]}

    async def is_up_to_date(self) -> None:
        await self.pull()
        tasks = (await self._person.http.get(f"{self._where}/tasks")).json()["tasks"]
        assert self.tasks == {one["id"]: one for one in tasks}
        found = await comments_of(self._person, self._where, limit=1000)
        assert self.comments == {one["id"]: one for one in found}


async def test_the_feed_has_comments_if_asked(ann: Person) -> None:
    task = await new_task(ann)
    made = await post_comment(ann, task)
    upsert = {"op": "upsert", "comment": made.json(), "etag": made.headers["etag"]}
    page = (await ann.http.get("/api/changes?kinds=tasks,comments")).json()
    assert page["changes"][1] == upsert
    assert len((await ann.http.get("/api/changes?kinds=tasks,lists")).json()["changes"]) == 1

    await ann.http.delete(f"/api/comments/{made.json()['id']}")
    since = {"kinds": "comments,tasks", "since": page["cursor"]}
    changes = (await ann.http.get("/api/changes", params=since)).json()["changes"]
    assert changes == [{"op": "delete", "kind": "comment", "id": made.json()["id"]}]


@pytest.mark.parametrize("kinds", ["comments", "lists,comments", "comments,spaces"])
async def test_comments_are_only_in_a_feed_of_tasks(ann: Person, kinds: str) -> None:
    message = "Kinds must be some of tasks, lists, comments and spaces, like tasks,lists"
    assert problems(await ann.http.get("/api/changes", params={"kinds": kinds})) == {"kinds": message}


async def test_a_deleted_task_takes_its_comments_without_changes_of_their_own(ann: Person) -> None:
    follower = Follower(ann)
    task, other = await new_task(ann), await new_task(ann)
    comment = await new_comment(ann, task)
    kept = await new_comment(ann, other)
    await follower.pull()

    await ann.http.delete(f"/api/tasks/{task['id']}")
    assert await follower.pull() == [{"op": "delete", "id": task["id"]}]
    assert await comments_of(ann) == [kept]
    assert (await ann.http.get(f"/api/comments/{comment['id']}")).status_code == 404
    await follower.is_up_to_date()
    again = await put_comment(ann, other, comment_id=comment["id"])
    assert again.status_code == 201


@pytest.mark.parametrize("query", ["", "?to=trash"])
async def test_a_client_that_follows_the_feed_has_what_is_there(ann: Person, query: str) -> None:
    follower, choose = Follower(ann), random.Random(7)  # noqa: S311 - so that a failure comes again
    tasks: list[Json] = []
    trash: list[Json] = []
    for step in range(60):
        match choose.randrange(7):
            case 0 | 1:
                below = choose.choice(tasks)["id"] if tasks and choose.random() < 0.3 else None
                answer = await ann.http.post("/api/tasks", json={"title": "t", "parent_id": below})
                if answer.is_success:
                    tasks.append(answer.json())
            case 2 | 3 if tasks:
                await post_comment(ann, choose.choice(tasks), str(step))
            case 4 if found := await comments_of(ann):
                one = choose.choice(found)["id"]
                await ann.http.patch(f"/api/comments/{one}", json={"text": f"changed {step}"})
            case 5 if found := await comments_of(ann):
                await ann.http.delete(f"/api/comments/{choose.choice(found)['id']}")
            case 6 if tasks:
                gone = tasks.pop(choose.randrange(len(tasks)))
                await ann.http.delete(f"/api/tasks/{gone['id']}{query}", params=None)
                trash.append(gone)
        if step % 9 == 8 and trash and query:
            back = trash.pop()
            await restored(ann, back)
            tasks.append(back)
        if step % 4 == 0:
            await follower.is_up_to_date()
    await follower.is_up_to_date()
    assert follower.comments


async def test_a_batch_writes_comments_beside_their_task(ann: Person) -> None:
    follower = Follower(ann)
    task_id, comment_id = str(new_id()), str(new_id())
    new = {"task_id": task_id, "text": "Which one?"}
    batch = [
        {"op": "create", "id": task_id, "task": {"title": "Buy milk"}},
        {"op": "create", "kind": "comment", "id": comment_id, "comment": new},
        {"op": "update", "kind": "comment", "id": comment_id, "comment": {"text": "Two?"}},
        {"op": "create", "kind": "comment", "comment": new},
        {"op": "delete", "kind": "comment", "id": comment_id, "if_match": '"5"'},
        {"op": "create", "kind": "comment", "id": comment_id, "comment": new},
        {"op": "delete", "kind": "comment", "id": comment_id},
        {"op": "create", "kind": "comment", "id": comment_id, "comment": new},
        {"op": "update", "kind": "comment", "id": comment_id, "comment": {"text": "x"}},
        {"op": "delete", "kind": "comment", "id": comment_id, "to": "trash"},
    ]
    results = (await ann.http.post("/api/batch", json={"operations": batch})).json()["results"]

    statuses = [201, 201, 200, 201, 412, 412, 200, 410, 404, 400]
    assert [one["status"] for one in results] == statuses
    assert results[4]["comment"] == results[5]["comment"] == results[2]["comment"]
    assert results[6]["message"] == "Comment deleted successfully"
    assert results[9]["details"] == [{"field": "to", "message": "Unknown field"}]
    assert await comments_of(ann) == [results[3]["comment"]]
    assert results[3]["etag"] == (await get(ann, results[3]["comment"]["id"])).headers["etag"]
    await follower.is_up_to_date()


async def get(person: Person, comment_id: str) -> Any:
    return await person.http.get(f"/api/comments/{comment_id}")


async def test_an_atomic_batch_shows_the_comment_that_is_there(ann: Person) -> None:
    comment = await new_comment(ann, await new_task(ann))
    change = {"op": "update", "kind": "comment", "id": comment["id"]}
    batch = [
        {**change, "comment": {"text": "Two?"}},
        {**change, "comment": {"text": "Three?"}, "if_match": '"5"'},
    ]
    answer = await ann.http.post("/api/batch", json={"operations": batch, "atomic": True})

    first, second = answer.json()["results"]
    assert (first["status"], second["status"], second["comment"]) == (424, 412, comment)
    assert await comments_of(ann) == [comment]


async def test_comments_go_to_the_trash_and_come_back(ann: Person) -> None:
    follower = Follower(ann)
    task = await new_task(ann)
    below = await new_task(ann, parent_id=task["id"])
    made = [await new_comment(ann, one, metadata={"n": 1}) for one in (task, below, below)]
    await follower.pull()

    await to_trash(ann, task, subtasks="delete")
    assert await comments_of(ann) == []
    for one in made:
        assert (await get(ann, one["id"])).status_code == 404
        other = await new_task(ann)
        assert (await put_comment(ann, other, comment_id=one["id"])).status_code == 410
    await follower.is_up_to_date()

    await restored(ann, task)
    assert await comments_of(ann) == made
    changes = await follower.pull()
    kinds = ["comment" if "comment" in one else "task" for one in changes]
    assert kinds == ["task", "task", "comment", "comment", "comment"]
    await follower.is_up_to_date()


async def test_a_task_with_many_comments_goes_to_the_trash_and_comes_back(ann: Person) -> None:
    follower = Follower(ann)
    task = await new_task(ann)
    below = [await new_task(ann, parent_id=task["id"]) for _ in range(4)]
    for one in (task, *below[:3]):
        await many_comments(ann, one, 400)
    before = await comments_of(ann, limit=1000)
    await to_trash(ann, task, subtasks="delete")
    assert await comments_of(ann) == []

    await restored(ann, task)
    assert await comments_of(ann, limit=1000) == before
    found = (await ann.http.get("/api/comments/counts")).json()["counts"]
    assert {one["task_id"]: one["comments"] for one in found} == {
        one["id"]: 400 for one in (task, *below[:3])
    }
    changes = await follower.pull()
    assert len({one["etag"] for one in changes}) == len(changes) == 1605


@pytest.mark.parametrize("how", ["purge", "empty", "list"])
async def test_what_is_deleted_from_the_trash_is_gone_with_its_comments(ann: Person, how: str) -> None:
    into = (await ann.http.post("/api/lists", json={"title": "L"})).json()
    task = await new_task(ann, list_id=into["id"])
    comment = await new_comment(ann, task)
    if how == "list":
        await ann.http.delete(f"/api/lists/{into['id']}?tasks=delete&to=trash")
    else:
        await to_trash(ann, task)
    path = "/api/trash" if how == "empty" else f"/api/trash/{task['id']}"
    assert (await ann.http.delete(path)).status_code == 200

    other = await new_task(ann)
    assert (await put_comment(ann, other, comment_id=comment["id"])).status_code == 201


async def test_a_comment_and_the_deletion_of_its_task_meet(ann: Person) -> None:
    for to in ("", "?to=trash"):
        for _ in range(5):
            task = await new_task(ann)
            first = await new_comment(ann, task)
            deleted, *answers = await asyncio.gather(
                ann.http.delete(f"/api/tasks/{task['id']}{to}"),
                *(post_comment(ann, task) for _ in range(3)),
                ann.http.patch(f"/api/comments/{first['id']}", json={"text": "x"}),
            )
            assert deleted.status_code == 200
            assert {answer.status_code for answer in answers} <= {201, 200, 400, 404}
            assert await comments_of(ann) == []
            if to:
                await restored(ann, task)
                made = [answer for answer in answers if answer.status_code == 201]
                assert len(await comments_of(ann)) == 1 + len(made)
                await ann.http.delete(f"/api/tasks/{task['id']}")


async def test_deleted_lists_take_the_comments_of_their_tasks(ann: Person) -> None:
    into = (await ann.http.post("/api/lists", json={"title": "L"})).json()
    for _ in range(3):
        await new_comment(ann, await new_task(ann, list_id=into["id"]))
    kept = await new_comment(ann, await new_task(ann))
    await ann.http.delete(f"/api/lists/{into['id']}?tasks=delete")

    assert await comments_of(ann) == [kept]


@pytest.mark.parametrize("to", ["", "&to=trash"])
async def test_a_list_of_tasks_with_many_comments_is_deleted_in_parts(ann: Person, to: str) -> None:
    follower = Follower(ann)
    into = (await ann.http.post("/api/lists", json={"title": "L"})).json()
    for _ in range(4):
        await many_comments(ann, await new_task(ann, list_id=into["id"]), 600)
    kept = await new_comment(ann, await new_task(ann))
    await follower.pull()
    assert (await ann.http.delete(f"/api/lists/{into['id']}?tasks=delete{to}")).status_code == 200

    assert await comments_of(ann) == [kept]
    await follower.is_up_to_date()
    emptied = await ann.http.delete("/api/trash")
    assert emptied.json() == {"deleted": 4 if to else 0}


async def test_an_export_has_comments_after_tasks_where_there_are_any(ann: Person, bob: Person) -> None:
    task = await new_task(ann)
    made = [await new_comment(ann, task, str(n)) for n in range(70)]
    await new_task(bob)

    exported = (await ann.http.get("/api/me/export")).json()
    assert list(exported) == ["user", "tasks", "comments"]
    assert exported["comments"] == made
    assert "comments" not in (await bob.http.get("/api/me/export")).json()


async def test_an_erasure_takes_the_comments(ann: Person) -> None:
    task = await new_task(ann)
    await many_comments(ann, task, 400)
    trashed = await new_task(ann)
    await new_comment(ann, trashed)
    await to_trash(ann, trashed)
    assert (await ann.http.delete("/api/me")).status_code == 200

    assert await comments_of(ann) == []
    await new_task(ann)
    assert await comments_of(ann) == []
