"""Assignees of the tasks of a space, and the list of one member's tasks."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from spaces.shared_space import join, member_id, new_space
from spaces.test_authors import Home, home, send
from support import Person, problems

from taskward.ids import new_id

NO_MEMBER = {"assigned_to": "Assignee must be a member of the space"}
REMINDERS = {"reminders": "Reminders of a task in a space are each member's own"}


async def titles(person: Person, path: str, **query: Any) -> list[str]:
    answer = await person.http.get(f"{path}/tasks", params=query)
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()["tasks"]]


async def assigned(person: Person, space: Home, title: str, to: str | None, **fields: Any) -> dict[str, Any]:
    return await send(person, "POST", f"{space.path}/tasks", {"title": title, "assigned_to": to, **fields})


async def test_a_task_is_assigned_to_a_member_to_the_caller_and_to_none(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    made = await assigned(ann, space, "x", space.bob)
    path = f"{space.path}/tasks/{made['id']}"
    assert made["assigned_to"] == space.bob

    for value, expected in (
        ("me", space.ann),
        (space.bob.upper(), space.bob),
        (None, None),
        ("me", space.ann),
    ):
        changed = await send(ann, "PATCH", path, {"assigned_to": value})
        assert changed.get("assigned_to") == expected
        assert ("assigned_to" in changed) is (expected is not None)
        assert await send(bob, "GET", path) == changed
    kept = await send(bob, "PATCH", path, {"title": "y", "priority": "low"})
    assert (kept["assigned_to"], kept["created_by"], kept["updated_by"]) == (space.ann, space.ann, space.bob)
    assert (await send(bob, "PATCH", path, {"is_completed": True}))["assigned_to"] == space.ann


async def test_every_form_of_a_creation_takes_an_assignee(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    tasks, body = f"{space.path}/tasks", {"title": "x", "assigned_to": "me"}
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    first = await send(bob, "POST", tasks, body, **key)
    assert first["assigned_to"] == space.bob
    assert await send(bob, "POST", tasks, body, **key) == first
    at = await send(ann, "PUT", f"{tasks}/{new_id()}", body, **{"If-None-Match": "*"})
    assert at["assigned_to"] == space.ann
    below = await send(ann, "POST", tasks, {**body, "parent_id": at["id"], "position": {"at": "first"}})
    assert below["assigned_to"] == space.ann
    operations = [
        {"op": "create", "task": body},
        {"op": "update", "id": at["id"], "task": {"assigned_to": None}},
    ]
    for path in (f"{tasks}/batch", f"{space.path}/batch"):
        results = (await send(bob, "POST", path, {"operations": operations}))["results"]
        assert [one["task"].get("assigned_to") for one in results] == [space.bob, None]


@pytest.mark.parametrize("value", ["you", "", 5, True, [], "00000000-0000-4000-8000-00000000000"])
async def test_a_malformed_assignee_is_refused_before_the_membership(
    ann: Person, bob: Person, value: Any
) -> None:
    space = await new_space(ann)
    for person in (ann, bob):
        for tasks in (f"{space}/tasks", "/api/tasks"):
            answer = await person.http.post(tasks, json={"title": "x", "assigned_to": value})
            assert problems(answer) == NO_MEMBER


async def test_only_members_with_a_role_are_assigned(app: FastAPI, ann: Person, bob: Person) -> None:
    eve = Person(app)
    space = await home(ann, bob)
    elsewhere = await member_id(bob, await new_space(bob))
    gone = await join(ann, space.path, eve)
    await send(eve, "DELETE", f"{space.path}/members/me")
    task = await assigned(ann, space, "x", space.bob)

    for value in (str(uuid4()), elsewhere, gone, bob.sub):
        for answer in (
            await ann.http.post(f"{space.path}/tasks", json={"title": "x", "assigned_to": value}),
            await ann.http.patch(f"{space.path}/tasks/{task['id']}", json={"assigned_to": value}),
        ):
            assert problems(answer) == NO_MEMBER
    assert await send(ann, "GET", f"{space.path}/tasks/{task['id']}") == task


async def test_an_assignee_who_has_left_stays_until_it_is_changed(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    task = await assigned(ann, space, "x", space.bob)
    path = f"{space.path}/tasks/{task['id']}"
    await send(ann, "DELETE", f"{space.path}/members/{space.bob}")

    assert await send(ann, "GET", path) == task
    assert (await send(ann, "PUT", path, {**task, "title": "y"}))["assigned_to"] == space.bob
    assert await titles(ann, space.path, assigned_to=space.bob) == ["y"]
    assert "assigned_to" not in await send(ann, "PATCH", path, {"assigned_to": None})
    assert problems(await ann.http.patch(path, json={"assigned_to": space.bob})) == NO_MEMBER


@pytest.mark.parametrize("leaves", [False, True])
async def test_the_next_task_keeps_an_assignee_who_has_a_role(
    ann: Person, bob: Person, *, leaves: bool
) -> None:
    space = await home(ann, bob)
    recurring = {"due": {"date": "2026-01-01"}, "recurrence": {"rule": "FREQ=DAILY"}}
    task = await assigned(ann, space, "r", space.bob, **recurring)
    if leaves:
        await send(bob, "DELETE", f"{space.path}/members/me")
    done = await send(ann, "PATCH", f"{space.path}/tasks/{task['id']}", {"is_completed": True})

    following = await send(ann, "GET", f"{space.path}/tasks/{done['next_id']}")
    assert done["assigned_to"] == space.bob
    assert following.get("assigned_to") == (None if leaves else space.bob)


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_restored_task_keeps_an_assignee_who_has_a_role(
    ann: Person, bob: Person, *, leaves: bool
) -> None:
    space = await home(ann, bob)
    task = await assigned(ann, space, "x", space.bob)
    await send(ann, "DELETE", f"{space.path}/tasks/{task['id']}?to=trash")
    if leaves:
        await send(bob, "DELETE", f"{space.path}/members/me")
    restored = await send(ann, "POST", f"{space.path}/trash/{task['id']}/restore", {})

    assert restored.get("assigned_to") == (None if leaves else space.bob)


async def test_a_list_has_the_tasks_of_one_member(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    for title, to, day in (("a", space.ann, 3), ("b", space.bob, 2), ("c", None, 1), ("d", space.ann, 1)):
        await assigned(ann, space, title, to, due={"date": f"2026-01-0{day}"})

    for _ in range(2):  # the second time from the cache
        for query, of_ann, of_bob in (
            ({"assigned_to": "me"}, ["d", "a"], ["b"]),
            ({"assigned_to": "me", "sort": "due", "is_completed": "false"}, ["d", "a"], ["b"]),
            ({"assigned_to": space.ann, "sort": "-due"}, ["a", "d"], ["a", "d"]),
            ({"assigned_to": space.bob.upper()}, ["b"], ["b"]),
            ({"assigned_to": "none"}, ["c"], ["c"]),
            ({"assigned_to": str(uuid4())}, [], []),
        ):
            assert await titles(ann, space.path, **query) == of_ann
            assert await titles(bob, space.path, **query) == of_bob


async def test_a_page_of_me_is_the_page_of_that_member(ann: Person, bob: Person) -> None:
    space = await home(ann, bob)
    for title in "abc":
        await assigned(ann, space, title, space.ann)
    query: dict[str, Any] = {"assigned_to": "me", "limit": 2}
    first = await ann.http.get(f"{space.path}/tasks", params=query)
    again = {**query, "cursor": first.json()["next_cursor"]}

    assert await titles(ann, space.path, **again) == ["a"]
    assert await titles(bob, space.path, **{**again, "assigned_to": space.ann}) == ["a"]
    refused = await bob.http.get(f"{space.path}/tasks", params=again)
    assert list(problems(refused)) == ["cursor"]
    known = {"If-None-Match": first.headers["etag"]}
    assert (await ann.http.get(f"{space.path}/tasks", params=query, headers=known)).status_code == 304
    assert (await bob.http.get(f"{space.path}/tasks", params=query, headers=known)).status_code == 200


async def test_a_malformed_filter_is_refused_and_a_non_member_finds_no_space(
    ann: Person, bob: Person
) -> None:
    space = await new_space(ann)

    async def find(person: Person, path: str, value: str) -> httpx.Response:
        return await person.http.get(f"{path}/tasks", params={"assigned_to": value})

    for value in ("", "you", "Me", "none,me"):
        for person, path in ((ann, space), (bob, space), (ann, "/api")):
            expected = {"assigned_to": "Assignee must be a member id, me or none"}
            assert problems(await find(person, path, value)) == expected
    for value in ("me", "none", str(uuid4())):
        assert (await find(bob, space, value)).json()["error"] == "Space not found"
        expected = {"assigned_to": "There are no assignees in private tasks"}
        assert problems(await find(ann, "/api", value)) == expected


async def test_a_private_task_has_no_assignee(ann: Person) -> None:
    task = await ann.create()
    for value in ("me", str(uuid4())):
        for answer in (
            await ann.http.post("/api/tasks", json={"title": "x", "assigned_to": value}),
            await ann.http.patch(f"/api/tasks/{task['id']}", json={"assigned_to": value}),
        ):
            assert problems(answer) == NO_MEMBER
    changed = await send(ann, "PATCH", f"/api/tasks/{task['id']}", {"assigned_to": None, "title": "y"})
    assert "assigned_to" not in changed


async def test_reminders_in_a_space_are_each_members_own(ann: Person) -> None:
    space = await new_space(ann)
    task = await send(ann, "POST", f"{space}/tasks", {"title": "x", "reminders": None})
    path = f"{space}/tasks/{task['id']}"
    reminders = [{"at": "2030-01-01T00:00:00Z"}]
    for answer in (
        await ann.http.post(f"{space}/tasks", json={"title": "x", "reminders": reminders}),
        await ann.http.patch(path, json={"reminders": reminders}),
    ):
        assert problems(answer) == REMINDERS
    assert "reminders" not in await send(ann, "PATCH", path, {"reminders": [], "title": "y"})


async def test_all_that_is_not_there_is_named_at_once(ann: Person, bob: Person) -> None:
    space, unknown = await home(ann, bob), str(uuid4())
    wrong = {"title": "x", "list_id": unknown, "parent_id": unknown, "assigned_to": unknown}
    made = await assigned(ann, space, "x", space.bob)

    for answer in (
        await ann.http.post(f"{space.path}/tasks", json=wrong),
        await ann.http.patch(f"{space.path}/tasks/{made['id']}", json=wrong),
    ):
        assert sorted(problems(answer)) == ["assigned_to", "list_id", "parent_id"]
    answer = await ann.http.post(
        f"{space.path}/comments", json={"task_id": unknown, "text": "x", "mentions": [unknown]}
    )
    assert sorted(problems(answer)) == ["mentions.0", "task_id"]
