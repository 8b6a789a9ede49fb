"""docs/contract.md#own-reminders: what each member of a space is reminded of, and no other member sees."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from moves.move_support import moved
from spaces.space_locks import locked, space_id
from spaces.space_support import (
    ROLE_TOO_LOW,
    SPACE_NOT_FOUND,
    invite,
    join,
    new_space,
    redeem,
    remove,
    task_in,
)
from support import Person, problems, refusal, stored

DUE = {"date": "2035-06-15", "time": "09:00", "time_zone": "Europe/Berlin"}
FLOATING = {"date": "2035-06-15", "time": "09:00"}
BEFORE, AFTER = {"offset_minutes": -30}, {"offset_minutes": 15}
AT = {"at": "2035-01-01T10:00:00Z"}
PASSED = {"at": "2020-01-01T10:00:00Z"}

Json = dict[str, Any]


def path_of(space: str, task: Json) -> str:
    return f"{space}/tasks/{task['id']}/reminders"


async def remind(person: Person, space: str, task: Json, *reminders: Json) -> Json:
    answer = await person.http.put(path_of(space, task), json={"reminders": list(reminders)})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def mine(person: Person, space: str, task: Json) -> list[Json]:
    answer = await person.http.get(path_of(space, task))
    assert answer.status_code == 200, answer.text
    reminders: list[Json] = answer.json()["reminders"]
    return reminders


async def all_of(person: Person, space: str, **query: Any) -> Json:
    answer = await person.http.get(f"{space}/reminders", params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def fire_times(app: FastAPI, owner: str, task: Json | None = None) -> list[str]:
    """Returns when the pending reminders of a space fire, in UTC."""
    of_task = {} if task is None else {"task_id": task["id"]}
    rows = await stored(app, "reminders", user_id=owner[-36:], **of_task)
    return sorted(datetime.fromtimestamp(row["fire_at"] / 1e6, UTC).strftime("%F %R") for row in rows)


async def changes_since(person: Person, space: str, cursor: str | None = None) -> Json:
    query = {} if cursor is None else {"since": cursor}
    found: Json = (await person.http.get(f"{space}/changes", params=query)).json()
    return found


async def test_each_member_has_reminders_that_no_other_sees(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob, "viewer")
    task = await task_in(ann, space, due=DUE)
    before = await changes_since(ann, space)
    version = (await ann.http.get(space)).headers["etag"]

    assert await remind(ann, space, task, BEFORE, AT) == {"reminders": [BEFORE, AT]}
    assert await remind(bob, space, task, AFTER) == {"reminders": [AFTER]}, "also a viewer"

    assert await mine(ann, space, task) == [BEFORE, AT]
    assert await mine(bob, space, task) == [AFTER]
    assert await all_of(bob, space) == {
        "tasks": [{"task_id": task["id"], "reminders": [AFTER]}],
        "next_cursor": None,
    }
    assert (await changes_since(ann, space, before["cursor"]))["changes"] == []
    assert (await ann.http.get(space)).headers["etag"] == version
    assert (await ann.http.get(f"{space}/tasks/{task['id']}")).json() == task


async def test_their_entity_tag_changes_with_them_alone(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space)
    path = path_of(space, task)
    never = (await ann.http.get(path)).headers["etag"]
    first = await ann.http.put(path, json={"reminders": [AT]}, headers={"if-match": never})
    assert first.status_code == 200
    await remind(bob, space, task, AT)
    await ann.http.patch(f"{space}/tasks/{task['id']}", json={"title": "Other"})

    tag = first.headers["etag"]
    assert (await ann.http.get(path)).headers["etag"] == tag
    assert (await ann.http.get(path, headers={"if-none-match": tag})).status_code == 304
    late = await ann.http.put(path, json={"reminders": []}, headers={"if-match": never})
    text = "The reminders have been changed since they were read"
    assert refusal(late) == (412, "PRECONDITION_FAILED", text)
    assert late.headers["etag"] == tag
    gone = await ann.http.put(path, json={"reminders": None}, headers={"if-match": tag})
    assert gone.json() == {"reminders": []}
    assert gone.headers["etag"] not in {never, tag}
    assert (await all_of(ann, space))["tasks"] == []


async def test_all_are_listed_a_page_at_a_time(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    tasks = [await task_in(ann, space) for _ in range(3)]
    for task in tasks:
        await remind(ann, space, task, AT)
    await remind(bob, space, tasks[0], AT)
    found: list[Json] = []
    cursor: Json = {}
    while True:
        page = await all_of(ann, space, limit=2, **cursor)
        found += page["tasks"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [{"task_id": task["id"], "reminders": [AT]} for task in tasks]
    other = await bob.http.get(f"{space}/reminders", params=cursor)
    assert problems(other) == {"cursor": "Cursor is not valid for this list"}
    for limit in ("0", "1001", "x"):
        assert "limit" in problems(await ann.http.get(f"{space}/reminders", params={"limit": limit}))


async def test_what_is_refused(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    task = await task_in(ann, space)
    body = {"reminders": [AT]}
    unknown = f"{space}/tasks/{uuid4()}/reminders"
    for path, person, expected in (
        (unknown, ann, (404, "NOT_FOUND", "Task not found")),
        (path_of(space, task), bob, SPACE_NOT_FOUND),
    ):
        assert refusal(await person.http.get(path)) == expected
        assert refusal(await person.http.put(path, json=body)) == expected
    path = path_of(space, task)
    for given, field in (
        ([{"offset_minutes": 1, "at": AT["at"]}], "reminders.0"),
        ([AT] * 11, "reminders"),
        ("soon", "reminders"),
    ):
        assert list(problems(await ann.http.put(path, json={"reminders": given}))) == [field]
    assert list(problems(await ann.http.put(path, json={}))) == ["reminders"]
    assert refusal(await ann.http.post(path, json=body))[1] == ROLE_TOO_LOW[1]
    assert await mine(ann, space, task) == []


async def test_pending_ones_follow_the_task(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space, due=DUE)
    path = f"{space}/tasks/{task['id']}"
    await remind(ann, space, task, BEFORE, PASSED)
    await remind(bob, space, task, AT)
    assert await fire_times(app, space) == ["2035-01-01 10:00", "2035-06-15 06:30"]

    await bob.http.patch(path, json={"due": {**DUE, "date": "2035-07-15"}})
    assert await fire_times(app, space) == ["2035-01-01 10:00", "2035-07-15 06:30"]
    await bob.http.patch(path, json={"is_completed": True})
    assert await fire_times(app, space) == []
    await bob.http.post(
        f"{space}/tasks/batch",
        json={"operations": [{"op": "update", "id": task["id"], "task": {"is_completed": False}}]},
    )
    assert await fire_times(app, space) == ["2035-01-01 10:00", "2035-07-15 06:30"]
    await ann.http.patch(path, json={"due": None, "title": "Other"})
    assert await fire_times(app, space) == ["2035-01-01 10:00"]
    await ann.http.delete(path)
    assert await fire_times(app, space) == []
    assert await stored(app, "member_reminders", user_id=space[-36:]) == []


@pytest.mark.parametrize("two_apps", ["postgres", "postgres-rls"], indirect=True)
@pytest.mark.parametrize(
    "change", [{"is_completed": True}, {"due": None}], ids=["completed", "without a due date"]
)
async def test_a_change_that_has_waited_for_them_takes_them_along(
    two_apps: tuple[FastAPI, FastAPI], change: Json
) -> None:
    """A statement that has waited for the row of the space still sees no reminders."""
    app = two_apps[0]
    ann, bob = Person(app), Person(two_apps[1])
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space, due=DUE)
    async with locked(app, space_id(space)) as until_waiting:
        reminding = asyncio.create_task(remind(ann, space, task, BEFORE))
        await until_waiting(1)
        changing = asyncio.create_task(bob.http.patch(f"{space}/tasks/{task['id']}", json=change))
        await until_waiting(2)
    await reminding
    assert (await changing).status_code == 200
    assert await fire_times(app, space) == []


async def test_floating_ones_follow_the_time_zone_of_the_space(app: FastAPI, ann: Person) -> None:
    space = await new_space(ann, time_zone="Europe/Berlin")
    task = await task_in(ann, space, due=FLOATING)
    await remind(ann, space, task, BEFORE)
    assert await fire_times(app, space) == ["2035-06-15 06:30"]
    answer = await ann.http.patch(space, json={"time_zone": "America/New_York"})
    assert answer.status_code == 200
    assert await fire_times(app, space) == ["2035-06-15 12:30"]


async def test_the_next_occurrence_carries_those_with_offsets(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space, due=DUE, recurrence={"rule": "FREQ=DAILY"})
    child = await task_in(ann, space, parent_id=task["id"])
    await remind(ann, space, task, BEFORE, AT)
    await remind(bob, space, task, AFTER)
    await remind(bob, space, child, AT)

    answer = await ann.http.patch(f"{space}/tasks/{task['id']}", json={"is_completed": True})
    following = {"id": answer.json()["next_id"]}

    assert await mine(ann, space, following) == [BEFORE]
    assert await mine(bob, space, following) == [AFTER]
    assert await fire_times(app, space, following) == ["2035-06-16 06:30", "2035-06-16 07:15"]
    assert await fire_times(app, space, child) == ["2035-01-01 10:00"]
    await ann.http.patch(f"{space}/tasks/{task['id']}", json={"is_completed": False})
    assert await fire_times(app, space, following) == []
    assert await fire_times(app, space, task) == ["2035-01-01 10:00", "2035-06-15 06:30", "2035-06-15 07:15"]


async def test_they_end_with_the_membership(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task, trashed = await task_in(ann, space), await task_in(ann, space)
    for one in (task, trashed):
        await remind(bob, space, one, AT)
    await remind(ann, space, task, AT)
    await ann.http.delete(f"{space}/tasks/{trashed['id']}", params={"to": "trash"})

    await remove(ann, space, member)

    assert len(await fire_times(app, space)) == 1
    assert len(await stored(app, "member_reminders", user_id=space[-36:])) == 1
    assert await stored(app, "trash_member_reminders", user_id=space[-36:]) == []
    await redeem(bob, await invite(ann, space))
    assert (await all_of(bob, space))["tasks"] == []


async def test_an_erased_person_has_none(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space)
    await remind(bob, space, task, AT)
    assert (await bob.http.delete("/api/me")).status_code == 200
    assert await fire_times(app, space) == []
    assert await stored(app, "member_reminders", user_id=space[-36:]) == []


async def test_the_trash_keeps_them(app: FastAPI, ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space, due=DUE)
    await remind(ann, space, task, BEFORE)
    await remind(bob, space, task, PASSED)
    await ann.http.delete(f"{space}/tasks/{task['id']}", params={"to": "trash"})
    assert await fire_times(app, space) == []
    assert refusal(await ann.http.get(path_of(space, task)))[0] == 404
    assert (await all_of(ann, space))["tasks"] == []

    answer = await bob.http.post(f"{space}/trash/{task['id']}/restore", json={})
    assert answer.status_code == 200, answer.text

    assert await mine(ann, space, task) == [BEFORE]
    assert await mine(bob, space, task) == [PASSED]
    assert await fire_times(app, space) == ["2035-06-15 06:30"], "one in the past does not fire"


async def test_the_callers_go_along_in_a_move(app: FastAPI, ann: Person, bob: Person) -> None:
    """From a person to a space, to another space, and back."""
    space, other = await new_space(ann), await new_space(ann)
    for one in (space, other):
        await join(ann, one, bob)
    task = await ann.create(due=DUE, reminders=[BEFORE, AT])

    (arrived,) = (await moved(ann, None, space, task))["tasks"]
    assert "reminders" not in arrived["task"]
    assert await mine(ann, space, task) == [BEFORE, AT]
    assert await mine(bob, space, task) == []
    assert await fire_times(app, space) == ["2035-01-01 10:00", "2035-06-15 06:30"]
    assert await fire_times(app, ann.sub) == []

    await remind(bob, space, task, AFTER)
    await moved(ann, space, other, task)
    assert (await mine(ann, other, task), await mine(bob, other, task)) == ([BEFORE, AT], [])
    assert (await fire_times(app, space), len(await fire_times(app, other))) == ([], 2)

    (back,) = (await moved(ann, other, None, task))["tasks"]
    assert back["task"]["reminders"] == [BEFORE, AT]
    assert await fire_times(app, ann.sub) == ["2035-01-01 10:00", "2035-06-15 06:30"]
    assert await stored(app, "member_reminders", user_id=space[-36:]) == []
