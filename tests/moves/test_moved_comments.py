"""docs/contract.md#moves: comments move with their tasks."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from comments.comment_support import comments_of, many_comments, new_comment, new_task, put_comment
from fastapi import FastAPI
from moves.move_support import Follower, Json, listed, move, moved, space_id
from spaces.counted_answers import CountedRows
from spaces.space_support import join, me, new_space, remove
from support import Person, parts_of, problems, replace_part, stored

from taskward.database import OWNED_ROWS
from taskward.database.statements import Row, T, TransactionSteps
from taskward.moves import steps as move_steps
from taskward.moves.transfer import SLICE

TOO_MANY = "A move takes at most 5000 tasks and comments"
OF_COMMENTS = "ids of comments of several tasks"


class Ran(CountedRows):
    """The rows of an app, with each statement of its last transaction and the number of rows of each."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(parts_of(app)[OWNED_ROWS])
        self.ran: list[tuple[str, int]] = []

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        def run() -> TransactionSteps[T]:
            self.ran.clear()
            ran = steps()
            rows: Sequence[Row] | None = None
            while True:
                try:
                    step = ran.send(rows) if rows is not None else next(ran)
                except StopIteration as end:
                    result: T = end.value
                    return result
                rows = yield step
                self.ran.append((step[0].name, len(rows)))

        return await super().transact(run, long=long, owners=owners)

    def of(self, name: str) -> list[int]:
        """Returns the number of rows of each statement of that name."""
        return [rows for one, rows in self.ran if one == name]


def kept(comment: Json) -> Json:
    """Returns what a move between the caller's own tasks and a space does not change."""
    return {name: comment[name] for name in comment.keys() - {"user_id", "author_id", "updated_at"}}


async def test_comments_move_with_their_tasks_there_and_back(ann: Person) -> None:
    space = await new_space(ann)
    here, there = Follower(ann, None), Follower(ann, space)
    task = await new_task(ann)
    below = await new_task(ann, parent_id=task["id"])
    made = [await new_comment(ann, one, metadata={"n": 1}) for one in (task, below, task)]
    other = await new_comment(ann, await new_task(ann))
    author = (await me(ann, space))["id"]
    tag = (await ann.http.get(f"/api/comments/{made[0]['id']}")).headers["etag"]

    await moved(ann, None, space, task)

    arrived = await comments_of(ann, space)
    assert list(map(kept, arrived)) == list(map(kept, made))
    for before, after in zip(made, arrived, strict=True):
        assert (after["user_id"], after["author_id"]) == (space_id(space), author)
        assert after["updated_at"] > before["updated_at"]
    assert (await ann.http.get(f"{space}/comments/{made[0]['id']}")).headers["etag"] != tag
    assert await comments_of(ann) == [other]
    await moved(ann, space, None, task)
    back = await comments_of(ann)
    assert list(map(kept, back)) == list(map(kept, [*made, other]))
    assert {one["author_id"] for one in back} == {None}
    assert await comments_of(ann, space) == []
    for follower, owner in ((here, None), (there, space)):
        await follower.pull()
        assert follower.comments == await listed(ann, owner, "comments")


async def test_each_feed_has_what_left_and_what_arrived_in_order(ann: Person) -> None:
    space = await new_space(ann)
    here, there = Follower(ann, None), Follower(ann, space)
    task = await new_task(ann)
    tasks = [task, *[await new_task(ann, parent_id=task["id"]) for _ in range(2)]]
    made = [await new_comment(ann, one) for one in tasks]
    await here.pull()
    await there.pull()

    await moved(ann, None, space, task)

    left, arrived = await here.pull(), await there.pull()
    assert [(one["op"], one.get("kind")) for one in left] == [("delete", None)] * 3
    assert [(one.get("task") or one["comment"])["id"] for one in arrived] == [
        one["id"] for one in [*tasks, *made]
    ]
    assert here.comments == {}
    assert there.comments == await listed(ann, space, "comments")


async def test_authors_and_the_mentioned_are_members_of_the_target(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    one, two = [await new_space(ann) for _ in range(2)]
    eve, former = Person(app), Person(app)
    first, last, third = [await join(ann, one, person) for person in (bob, eve, former)]
    there = await join(ann, two, bob, "viewer")
    gone = await join(ann, two, former)
    await remove(ann, two, gone)
    task = await new_task(ann, one)
    everyone = [last["id"], third["id"], first["id"]]
    await new_comment(bob, task, where=one, mentions=everyone)
    await new_comment(eve, task, where=one, mentions=[last["id"]])
    await new_comment(former, task, where=one)

    await moved(ann, one, two, task)

    by_bob, by_eve, by_former = await comments_of(ann, two)
    assert (by_bob["author_id"], by_bob["mentions"]) == (there["id"], [gone["id"], there["id"]])
    assert by_eve["author_id"] is None
    assert "mentions" not in by_eve
    assert by_former["author_id"] == gone["id"]


async def test_a_private_comment_names_no_member(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await new_task(ann, space)
    await new_comment(ann, task, where=space, mentions=[member["id"]])
    await new_comment(bob, task, where=space)

    await moved(ann, space, None, task)

    for comment in await comments_of(ann):
        assert comment["author_id"] is None
        assert "mentions" not in comment
    for row in await stored(app, "comments", user_id=ann.sub):
        assert (row["author_id"], row["mentions"]) == (None, None)


@pytest.mark.parametrize("is_trashed", [False, True])
async def test_an_id_that_a_comment_of_the_target_has_is_a_412(
    app: FastAPI, ann: Person, *, is_trashed: bool
) -> None:
    space = await new_space(ann)
    task, there = await new_task(ann), await new_task(ann, space)
    comment = await new_comment(ann, task)
    taken = await put_comment(ann, there, space, comment["id"], text="taken")
    assert taken.status_code == 201
    if is_trashed:
        await ann.http.delete(f"{space}/tasks/{there['id']}", params={"to": "trash"})

    refused = await move(ann, None, space, task)

    assert refused.status_code == 412
    assert refused.json() == {
        "error": "A comment with this id exists",
        "code": "PRECONDITION_FAILED",
        "comment": taken.json(),
        "etag": taken.headers["etag"],
    }
    assert refused.headers["etag"] == taken.headers["etag"]
    assert (await listed(ann, None)).keys() == {task["id"]}
    assert await comments_of(ann) == [comment]

    if is_trashed:
        await ann.http.delete(f"/api/spaces/{space_id(space)}/trash/{there['id']}")
    else:
        await ann.http.delete(f"{space}/comments/{comment['id']}")
        assert await stored(app, "comment_tombstones", user_id=space_id(space))
    await moved(ann, None, space, task)
    assert [one["id"] for one in await comments_of(ann, space)] == [comment["id"]]
    assert not await stored(app, "comment_tombstones", user_id=space_id(space))


async def test_comments_count_in_the_limit_of_a_move(ann: Person) -> None:
    space = await new_space(ann)
    task = await new_task(ann)
    for _ in range(5):
        below = await new_task(ann, parent_id=task["id"])
        await many_comments(ann, below, 999)
    assert problems(await move(ann, None, space, task)) == {"tasks": TOO_MANY}
    await ann.http.delete(f"/api/comments/{(await comments_of(ann))[0]['id']}")
    assert (await moved(ann, None, space, task))["moved"] == 6
    found = (await ann.http.get(f"{space}/comments/counts")).json()["counts"]
    assert sum(one["comments"] for one in found) == 4994


async def test_no_more_comments_are_looked_up_than_a_move_takes(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await new_space(ann)
    tasks = [await new_task(ann) for _ in range(3)]
    for one in tasks:
        await many_comments(ann, one, 20)
    ran = Ran(app)
    replace_part(monkeypatch, app, OWNED_ROWS, ran)
    monkeypatch.setattr(move_steps, "MAX_TASKS", 20)

    assert problems(await move(ann, None, space, *tasks)) == {"tasks": TOO_MANY}

    assert ran.of(OF_COMMENTS) == [18]


async def test_comments_go_over_in_slices(app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    space = await new_space(ann)
    task = await new_task(ann)
    await many_comments(ann, task, 2 * SLICE + 50)
    ran = Ran(app)
    replace_part(monkeypatch, app, OWNED_ROWS, ran)

    await moved(ann, None, space, task)

    assert ran.of("rows of comments to move") == [SLICE, SLICE, 50]
    assert len(ran.of("add moved rows of comments")) == 3


async def test_tasks_without_comments_cost_one_statement_more(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = await new_space(ann)
    task: dict[str, Any] = await new_task(ann)
    for _ in range(3):
        await new_task(ann, parent_id=task["id"])
    ran = Ran(app)
    replace_part(monkeypatch, app, OWNED_ROWS, ran)

    await moved(ann, None, space, task)

    assert [one for one in ran.ran if "comment" in one[0]] == [(OF_COMMENTS, 0)]
