"""Who made and who last changed a task of a space."""

from typing import Any
from uuid import uuid4

import pytest
from spaces.shared_space import feed_of, join, member_id, new_space
from support import Person, problems

from taskward.ids import new_id

KEYS = {"created_by", "updated_by"}


class Home:
    """A space with two members."""

    def __init__(self, path: str, ann: str, bob: str) -> None:
        self.path, self.ann, self.bob = path, ann, bob


async def home(ann: Person, bob: Person) -> Home:
    path = await new_space(ann)
    return Home(path, await member_id(ann, path), await join(ann, path, bob))


async def send(person: Person, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    answer = await person.http.request(method, path, json=body, headers=headers)
    assert answer.is_success, answer.text
    value: dict[str, Any] = answer.json()
    return value


def authors(task: dict[str, Any]) -> tuple[str, str]:
    return task["created_by"], task["updated_by"]


async def test_a_task_names_who_made_it_and_who_changed_it_last(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    made = await send(ann, "POST", f"{space.path}/tasks", {"title": "Milk"})
    path = f"{space.path}/tasks/{made['id']}"
    assert authors(made) == (space.ann, space.ann)

    for body in ({"title": "Bread"}, {"priority": "high"}, {"is_completed": True}, {"position": "k"}):
        changed = await send(bob, "PATCH", path, body)
        assert authors(changed) == (space.ann, space.bob)
        assert await send(ann, "GET", path) == changed
        changed = await send(ann, "PUT", path, {"description": f"{body}"})
        assert authors(changed) == (space.ann, space.ann)
    [change] = (await feed_of(bob, space.path))["changes"]
    assert change["task"] == await send(ann, "GET", path)
    assert (await send(bob, "GET", f"{space.path}/tasks"))["tasks"] == [change["task"]]


@pytest.mark.parametrize(
    "body", [{"title": "x"}, {"title": "x", "labels": ["a"], "position": {"at": "last"}}]
)
async def test_every_form_of_a_creation_has_an_author(ann: Person, bob: Person, body: dict[str, Any]) -> None:
    space = await home(ann, bob)
    tasks, key = f"{space.path}/tasks", {"Idempotency-Key": f'"{uuid4()}"'}
    first = await send(bob, "POST", tasks, body, **key)
    assert authors(first) == (space.bob, space.bob)
    assert await send(bob, "POST", tasks, body, **key) == first
    at = await send(ann, "PUT", f"{tasks}/{new_id()}", body, **{"If-None-Match": "*"})
    assert authors(at) == (space.ann, space.ann)
    operations = {
        "operations": [{"op": "create", "task": body}, {"op": "update", "id": at["id"], "task": body}]
    }
    for path in (f"{tasks}/batch", f"{space.path}/batch"):
        results = (await send(bob, "POST", path, operations))["results"]
        assert [authors(one["task"]) for one in results] == [(space.bob, space.bob), (space.ann, space.bob)]


async def test_changes_that_follow_from_others_name_who_caused_them(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    tasks = f"{space.path}/tasks"
    recurring = {"title": "r", "due": {"date": "2026-01-01"}, "recurrence": {"rule": "FREQ=DAILY"}}
    parent = await send(ann, "POST", tasks, recurring)
    below = await send(ann, "POST", tasks, {"title": "s", "parent_id": parent["id"], "labels": ["a"]})
    done = await send(bob, "PATCH", f"{tasks}/{parent['id']}", {"is_completed": True})
    following = await send(ann, "GET", f"{tasks}/{done['next_id']}")
    assert authors(following) == (space.bob, space.bob)
    moved = await send(ann, "GET", f"{tasks}/{below['id']}")
    assert moved["parent_id"] == following["id"]
    assert authors(moved) == (space.ann, space.bob)

    await send(ann, "POST", f"{space.path}/labels/rename", {"from": "a", "to": "b"})
    assert authors(await send(ann, "GET", f"{tasks}/{below['id']}")) == (space.ann, space.ann)
    await send(bob, "DELETE", f"{tasks}/{following['id']}")
    raised = await send(ann, "GET", f"{tasks}/{below['id']}")
    assert "parent_id" not in raised
    assert authors(raised) == (space.ann, space.bob)

    into = await send(ann, "POST", f"{space.path}/lists", {"title": "L"})
    await send(ann, "PATCH", f"{tasks}/{below['id']}", {"list_id": into["id"]})
    await send(bob, "DELETE", f"{space.path}/lists/{into['id']}?tasks=keep")
    assert authors(await send(ann, "GET", f"{tasks}/{below['id']}")) == (space.ann, space.bob)


async def test_a_restored_task_keeps_who_made_it(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    made = await send(ann, "POST", f"{space.path}/tasks", {"title": "Milk"})
    await send(ann, "DELETE", f"{space.path}/tasks/{made['id']}?to=trash")
    [trashed] = (await send(bob, "GET", f"{space.path}/trash"))["tasks"]
    assert authors(trashed["task"]) == (space.ann, space.ann)

    restored = await send(bob, "POST", f"{space.path}/trash/{made['id']}/restore", {})
    assert authors(restored) == (space.ann, space.bob)
    assert await send(ann, "GET", f"{space.path}/tasks/{made['id']}") == restored


async def test_authors_in_bodies_are_ignored_and_are_no_change(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    given = {"created_by": space.bob, "updated_by": 5}
    for tasks, expected in ((f"{space.path}/tasks", (space.ann, space.ann)), ("/api/tasks", None)):
        made = await send(ann, "POST", tasks, {"title": "x", **given})
        changed = await send(ann, "PATCH", f"{tasks}/{made['id']}", {"title": "y", **given})
        if expected:
            assert authors(made) == authors(changed) == expected
        else:
            assert not KEYS & (made.keys() | changed.keys())
        alone = await ann.http.patch(f"{tasks}/{made['id']}", json=given)
        assert problems(alone) == {"body": "At least one writable field is required"}


async def test_an_author_who_has_left_stays(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    made = await send(bob, "POST", f"{space.path}/tasks", {"title": "x"})
    await send(ann, "DELETE", f"{space.path}/members/{space.bob}")

    assert await send(ann, "GET", f"{space.path}/tasks/{made['id']}") == made
