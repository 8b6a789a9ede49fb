"""docs/contract.md#comments: who may do what with a comment of a space."""

from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from comments.comment_support import Json, comments_of, new_comment, new_task, post_comment, put_comment
from comments.test_comments_with_tasks import Follower
from fastapi import FastAPI
from spaces.space_support import ROLE_TOO_LOW, join, me, new_space, remove, set_role
from support import Person, problems, refusal

NO_MEMBER = "A mention must be a member of the space"


class Home(NamedTuple):
    """A space with a member of each role, and a task in it."""

    path: str
    ann: Person
    bob: Person
    eve: Person
    owner: Json
    editor: Json
    viewer: Json
    task: Json


@pytest_asyncio.fixture
async def home(app: FastAPI, ann: Person, bob: Person) -> Home:
    path, eve = await new_space(ann), Person(app)
    editor, viewer = await join(ann, path, bob), await join(ann, path, eve, "viewer")
    return Home(path, ann, bob, eve, await me(ann, path), editor, viewer, await new_task(ann, path))


async def test_a_comment_names_its_author_and_the_mentioned(home: Home) -> None:
    mentions = [home.owner["id"], home.viewer["id"].upper(), home.owner["id"]]
    made = await new_comment(home.bob, home.task, where=home.path, mentions=mentions)

    assert made["author_id"] == home.editor["id"]
    assert made["mentions"] == [home.owner["id"], home.viewer["id"]]
    assert made["user_id"] == home.path.rpartition("/")[2]
    answer = await put_comment(home.ann, home.task, home.path)
    assert answer.headers["location"] == f"{home.path}/comments/{answer.json()['id']}"
    assert answer.json()["author_id"] == home.owner["id"]
    for person in (home.ann, home.bob, home.eve):
        assert await comments_of(person, home.path) == [made, answer.json()]
        assert await comments_of(person, home.path, author=home.editor["id"]) == [made]
    assert await comments_of(home.ann, home.path, author="me") == [answer.json()]
    assert await comments_of(home.eve, home.path, author="me", task_id=home.task["id"]) == []
    newest = await comments_of(home.bob, home.path, author="me", sort="-created_at")
    assert newest == [made]


async def test_a_page_of_my_comments_is_unmodified_only_for_me(home: Home) -> None:
    """Two users of one browser share its cache, which sends the tag of the first for the second."""
    mine = f"{home.path}/comments?author=me"
    known = {"If-None-Match": (await home.ann.http.get(mine)).headers["etag"]}

    assert (await home.ann.http.get(mine, headers=known)).status_code == 304
    assert (await home.bob.http.get(mine, headers=known)).status_code == 200


@pytest.mark.parametrize("changes", [{"text": "x"}, {"mentions": []}])
async def test_only_its_author_edits_a_comment(home: Home, changes: Json) -> None:
    made = await new_comment(home.bob, home.task, where=home.path, mentions=[home.owner["id"]])
    path = f"{home.path}/comments/{made['id']}"
    for method in ("PUT", "PATCH"):
        for person, allowed in ((home.ann, "DELETE, GET, HEAD"), (home.eve, "GET, HEAD")):
            answer = await person.http.request(method, path, json=changes, headers={"If-Match": '"5"'})
            assert refusal(answer) == ROLE_TOO_LOW
            assert answer.headers["allow"] == allowed
    assert await comments_of(home.ann, home.path) == [made]
    assert (await home.bob.http.patch(path, json=changes)).status_code == 200


async def test_its_author_or_an_owner_deletes_a_comment(home: Home) -> None:
    first, second = [await new_comment(home.bob, home.task, where=home.path) for _ in range(2)]
    other = await new_comment(home.ann, home.task, where=home.path)
    await set_role(home.ann, home.path, home.viewer, "editor")

    for person, one in ((home.eve, first), (home.bob, other)):
        answer = await person.http.delete(f"{home.path}/comments/{one['id']}")
        assert refusal(answer) == ROLE_TOO_LOW
        assert answer.headers["allow"] == "GET, HEAD"
    for person, one in ((home.bob, first), (home.ann, second)):
        assert (await person.http.delete(f"{home.path}/comments/{one['id']}")).status_code == 200
    assert await comments_of(home.ann, home.path) == [other]


async def test_an_author_with_a_lowered_role_reads_only(home: Home) -> None:
    made = await new_comment(home.bob, home.task, where=home.path)
    await set_role(home.ann, home.path, home.editor, "viewer")
    path = f"{home.path}/comments/{made['id']}"

    for method in ("PUT", "PATCH", "DELETE"):
        body = None if method == "DELETE" else {"text": "x"}
        answer = await home.bob.http.request(method, path, json=body)
        assert refusal(answer) == ROLE_TOO_LOW
        assert answer.headers["allow"] == "GET, HEAD"
    assert refusal(await post_comment(home.bob, home.task, where=home.path)) == ROLE_TOO_LOW
    assert refusal(await put_comment(home.bob, home.task, home.path)) == ROLE_TOO_LOW


async def test_a_batch_answers_each_comment_of_others_alone(home: Home) -> None:
    made = await new_comment(home.ann, home.task, where=home.path)
    own = await new_comment(home.bob, home.task, where=home.path)
    batch = [
        {"op": "update", "kind": "comment", "id": made["id"], "comment": {"text": "x"}},
        {"op": "delete", "kind": "comment", "id": made["id"]},
        {"op": "update", "kind": "comment", "id": own["id"], "comment": {"text": "x"}},
    ]
    answer = await home.bob.http.post(f"{home.path}/batch", json={"operations": batch})
    results = answer.json()["results"]

    assert [one["status"] for one in results] == [405, 405, 200]
    assert results[0]["error"] == ROLE_TOO_LOW[2]
    assert (await comments_of(home.bob, home.path))[0] == made
    answer = await home.eve.http.post(f"{home.path}/batch", json={"operations": batch})
    assert refusal(answer) == ROLE_TOO_LOW


async def test_only_current_members_are_mentioned(home: Home) -> None:
    known = await new_comment(home.bob, home.task, where=home.path, mentions=[home.viewer["id"]])
    await remove(home.ann, home.path, home.viewer)
    mentions = [home.owner["id"], home.viewer["id"], str(uuid4())]
    expected = {"mentions.1": NO_MEMBER, "mentions.2": NO_MEMBER}
    assert problems(await post_comment(home.bob, home.task, where=home.path, mentions=mentions)) == expected

    twice = [home.owner["id"], *mentions[::2]]
    refused = await post_comment(home.bob, home.task, where=home.path, mentions=twice)
    assert problems(refused) == {"mentions.2": NO_MEMBER}

    path = f"{home.path}/comments/{known['id']}"
    kept = await home.bob.http.patch(path, json={"mentions": mentions[:2]})
    assert kept.json()["mentions"] == mentions[:2]
    refused = await home.bob.http.patch(path, json={"mentions": mentions})
    assert problems(refused) == {"mentions.2": NO_MEMBER}
    cleared = await home.bob.http.patch(path, json={"mentions": None})
    assert "mentions" not in cleared.json()
    again = await home.bob.http.patch(path, json={"mentions": mentions[1:2]})
    assert problems(again) == {"mentions.0": NO_MEMBER}


async def test_comments_are_of_their_owner_alone(home: Home) -> None:
    private = await new_task(home.ann)
    own = await new_comment(home.ann, private)
    made = await new_comment(home.ann, home.task, where=home.path)

    missing = {"task_id": "Task not found"}
    assert problems(await post_comment(home.ann, private, where=home.path)) == missing
    assert problems(await post_comment(home.ann, home.task)) == missing
    assert (await home.ann.http.get(f"{home.path}/comments/{own['id']}")).status_code == 404
    assert (await home.ann.http.get(f"/api/comments/{made['id']}")).status_code == 404
    assert await comments_of(home.ann) == [own]
    for task, where in ((home.task, home.path), (private, "/api")):
        found = (await home.ann.http.get(f"{where}/comments/counts")).json()["counts"]
        assert [one["task_id"] for one in found] == [task["id"]]


async def test_an_author_who_has_erased_everything_stays_a_member_id(home: Home) -> None:
    made = await new_comment(home.bob, home.task, where=home.path)
    before = await home.ann.http.get(f"{home.path}/comments/{made['id']}")
    await home.bob.http.delete("/api/me")

    after = await home.ann.http.get(f"{home.path}/comments/{made['id']}")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


async def test_members_follow_the_comments_of_a_space(home: Home) -> None:
    follower = Follower(home.eve, home.path)
    await new_comment(home.bob, home.task, where=home.path)
    await follower.is_up_to_date()
    path = f"{home.path}/tasks/{home.task['id']}"
    await home.bob.http.delete(path, params={"to": "trash"})
    await follower.is_up_to_date()
    assert follower.comments == {}
    answer = await home.bob.http.post(f"{home.path}/trash/{home.task['id']}/restore", json={})
    assert answer.status_code == 200
    await follower.is_up_to_date()
    assert len(follower.comments) == 1
    kinds = {"kinds": "comments,members"}
    message = "Kinds must be some of tasks, lists, comments, members and space, like tasks,lists"
    answer = await home.eve.http.get(f"{home.path}/changes", params=kinds)
    assert problems(answer) == {"kinds": message}


async def test_non_members_find_no_space(home: Home, app: FastAPI) -> None:
    stranger = Person(app)
    made = await new_comment(home.bob, home.task, where=home.path)
    one = f"{home.path}/comments/{made['id']}"
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"{home.path}/comments", None),
        ("GET", f"{home.path}/comments/counts", None),
        ("POST", f"{home.path}/comments", {"task_id": home.task["id"], "text": "x"}),
        *(("PATCH", one, {"text": "x"}), ("GET", one, None), ("DELETE", one, None)),
    ]
    for method, path, body in requests:
        answer = await stranger.http.request(method, path, json=body)
        assert refusal(answer) == (404, "NOT_FOUND", "Space not found")
