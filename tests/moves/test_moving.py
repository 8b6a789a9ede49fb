"""docs/contract.md#moves: what arrives, what stays the same, and what both feeds say."""

from typing import Any

import pytest
from fastapi import FastAPI
from moves.move_support import Follower, created, listed, moved, tree
from spaces.space_support import join, me, new_space, remove
from support import Person, stored

DUE = {"date": "2035-06-15", "time": "09:00", "time_zone": "Europe/Berlin"}


def kept(task: dict[str, Any]) -> dict[str, Any]:
    """Returns what a move does not change."""
    changed = {"user_id", "updated_at", "created_by", "updated_by", "assigned_to", "list_id", "parent_id"}
    return {name: value for name, value in task.items() if name not in changed}


async def test_a_task_arrives_as_it_was_with_all_below_it(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    bob_in_space = await join(ann, space, bob)
    fields = {
        "description": "Ünï",
        "due": DUE,
        "start": {"date": "2035-06-14"},
        "labels": ["Home", "a,b"],
        "metadata": {"a": "1"},
        "priority": "high",
        "position": "q",
    }
    top, *below = await tree(bob, None, 2, 1, **fields)
    done = await bob.put(below[0]["id"], is_completed=True)
    other = await bob.create()

    result = await moved(bob, None, space, top)

    assert result["moved"] == 4
    (arrived,) = result["tasks"]
    assert arrived["task"]["user_id"] == space[-36:]
    assert kept(arrived["task"]) == kept(top)
    assert arrived["task"]["updated_at"] > top["updated_at"]
    assert {arrived["task"][name] for name in ("created_by", "updated_by")} == {bob_in_space["id"]}
    answer = await ann.http.get(f"{space}/tasks/{top['id']}")
    assert (answer.json(), answer.headers["etag"]) == (arrived["task"], arrived["etag"])
    there = await listed(ann, space)
    assert kept(there[done["id"]]) == kept(done)
    assert {one: there[one].get("parent_id") for one in there} == {
        one["id"]: one.get("parent_id") for one in (top, *below)
    }
    assert list(await listed(bob, None)) == [other["id"]]
    assert (await bob.http.get(f"/api/tasks/{top['id']}")).status_code == 404
    labelled = await ann.http.get(f"{space}/tasks", params={"label": "home"})
    assert [one["id"] for one in labelled.json()["tasks"]] == [top["id"]]
    assert (await bob.http.get("/api/labels")).json()["labels"] == []


async def test_a_list_takes_all_its_tasks_along_and_keeps_its_id(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    home = await created(bob, None, "lists", title="Home", metadata={"colour": "red"})
    tasks = await tree(bob, None, 2, list_id=home["id"])
    done = await bob.put(tasks[1]["id"], is_completed=True)

    assert await moved(bob, None, space, list=home["id"]) == {"moved": 3}

    arrived = (await listed(ann, space, "lists"))[home["id"]]
    assert arrived["updated_at"] > home["updated_at"]
    assert arrived == home | {"user_id": space[-36:], "updated_at": arrived["updated_at"]}
    there = await listed(ann, space)
    assert {one["list_id"] for one in there.values()} == {home["id"]}
    assert there.keys() == {one["id"] for one in tasks}
    assert there[done["id"]]["is_completed"]
    assert await listed(bob, None) == await listed(bob, None, "lists") == {}
    assert (await bob.http.get(f"/api/lists/{home['id']}")).status_code == 404


async def test_an_empty_list_moves_too(ann: Person) -> None:
    space = await new_space(ann)
    home = await created(ann, None, "lists")

    assert await moved(ann, None, space, list=home["id"]) == {"moved": 0}
    assert list(await listed(ann, space, "lists")) == [home["id"]]


async def test_tasks_come_into_a_list_and_below_a_task_of_the_target(ann: Person) -> None:
    space = await new_space(ann)
    home = await created(ann, space, "lists")
    parent = await created(ann, space, list_id=home["id"])
    first, second = await created(ann, None), await tree(ann, None, 1)

    await moved(ann, None, space, first, to_list=home["id"].upper())
    result = await moved(ann, None, space, second[0], to_parent=parent["id"], to_list=home["id"])

    there = await listed(ann, space)
    assert result["moved"] == 2
    assert {one["list_id"] for one in there.values()} == {home["id"]}
    assert "parent_id" not in there[first["id"]]
    assert there[second[0]["id"]]["parent_id"] == parent["id"]
    assert there[second[1]["id"]]["parent_id"] == second[0]["id"]


async def test_named_tasks_are_answered_in_order_and_stay_below_each_other(ann: Person) -> None:
    space = await new_space(ann)
    top, child = await tree(ann, None, 1)
    grown = await created(ann, None, list_id=(await created(ann, None, "lists"))["id"])

    result = await moved(ann, None, space, child, grown, top, child)

    assert [one["task"]["id"] for one in result["tasks"]] == [one["id"] for one in (child, grown, top, child)]
    assert result["moved"] == 3
    there = await listed(ann, space)
    assert there[child["id"]]["parent_id"] == top["id"]
    assert "list_id" not in there[grown["id"]]


async def test_a_subtask_leaves_its_parent(ann: Person) -> None:
    space = await new_space(ann)
    top, child = await tree(ann, None, 1)

    (arrived,) = (await moved(ann, None, space, child))["tasks"]

    assert "parent_id" not in arrived["task"]
    assert list(await listed(ann, None)) == [top["id"]]


async def test_each_feed_says_what_left_and_what_arrived_in_order(ann: Person) -> None:
    space = await new_space(ann)
    here, there = Follower(ann, None), Follower(ann, space)
    home = await created(ann, None, "lists")
    tasks = await tree(ann, None, 3, 2, 1, list_id=home["id"])
    await here.pull()
    await there.pull()
    level = {one["id"]: n for one, n in zip(tasks, (0, 1, 1, 1, 2, 2, 3), strict=True)}

    await moved(ann, None, space, list=home["id"])

    left, arrived = await here.pull(), await there.pull()
    assert [one["op"] for one in left] == ["delete"] * 8
    assert (left[-1]["kind"], left[-1]["id"]) == ("list", home["id"])
    depths = [level[one["id"]] for one in left[:-1]]
    assert depths == sorted(depths, reverse=True)
    assert arrived[0]["list"]["id"] == home["id"]
    assert [level[one["task"]["id"]] for one in arrived[1:]] == sorted(level.values())
    assert (here.tasks, here.lists) == ({}, {})
    assert (there.tasks, there.lists) == (await listed(ann, space), await listed(ann, space, "lists"))


async def test_what_moved_away_can_come_back(app: FastAPI, ann: Person) -> None:
    space = await new_space(ann)
    here, there = Follower(ann, None), Follower(ann, space)
    home = await created(ann, None, "lists")
    tasks = await tree(ann, None, 2, labels=["a"], list_id=home["id"])
    before = await listed(ann, None)
    await moved(ann, None, space, list=home["id"])
    await here.pull()
    await there.pull()

    await moved(ann, space, None, list=home["id"])

    await here.pull()
    await there.pull()
    after = await listed(ann, None)
    assert {one: kept(task) for one, task in after.items()} == {
        one: kept(task) for one, task in before.items()
    }
    assert all("created_by" not in task for task in after.values())
    assert (here.tasks, here.lists) == (after, await listed(ann, None, "lists"))
    assert (there.tasks, there.lists) == ({}, {})
    for table, key in (("tombstones", "task_id"), ("list_tombstones", "list_id")):
        rows = await stored(app, table, user_id=ann.sub)
        assert not {str(row[key]) for row in rows} & {home["id"], *(one["id"] for one in tasks)}


async def test_members_are_those_of_the_target(ann: Person, bob: Person) -> None:
    """Between spaces people stay who they are, as far as the target knows them."""
    home, work = await new_space(ann), await new_space(ann)
    in_home = {"ann": await me(ann, home), "bob": await join(ann, home, bob)}
    of_bob = await created(bob, home, assigned_to=in_home["bob"]["id"])
    of_ann = await created(ann, home, assigned_to=in_home["ann"]["id"])

    by_bob, by_ann = (await moved(ann, home, work, of_bob, of_ann))["tasks"]

    in_work = await me(ann, work)
    assert by_bob["task"]["created_by"] is None
    assert "assigned_to" not in by_bob["task"]
    assert by_bob["task"]["updated_by"] == in_work["id"]
    assert by_ann["task"]["created_by"] == by_ann["task"]["assigned_to"] == in_work["id"]

    bob_in_work = await join(ann, work, bob)
    again = await created(bob, home, assigned_to=in_home["bob"]["id"])
    (task,) = (await moved(ann, home, work, again))["tasks"]
    assert task["task"]["created_by"] == task["task"]["assigned_to"] == bob_in_work["id"]

    await remove(ann, work, bob_in_work)
    last = await created(bob, home, assigned_to=in_home["bob"]["id"])
    (task,) = (await moved(ann, home, work, last))["tasks"]
    assert task["task"]["created_by"] == bob_in_work["id"]
    assert "assigned_to" not in task["task"]


async def test_a_private_task_names_no_member(app: FastAPI, ann: Person) -> None:
    space = await new_space(ann)
    task = await created(ann, space, assigned_to="me")

    (arrived,) = (await moved(ann, space, None, task))["tasks"]

    assert arrived["task"].keys() == (await ann.create()).keys()
    (row,) = await stored(app, "tasks", user_id=ann.sub, id=task["id"])
    assert (row["created_by"], row["updated_by"], row["assigned_to"]) == (None, None, None)


async def test_a_completed_task_whose_next_one_moved_is_reopened_alone(ann: Person) -> None:
    space = await new_space(ann)
    task = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    done = await ann.put(task["id"], is_completed=True)
    next_one = await ann.get(done["next_id"])

    (arrived,) = (await moved(ann, None, space, next_one))["tasks"]
    assert arrived["task"]["series_id"] == task["id"]
    assert arrived["task"]["recurrence"] == next_one["recurrence"]

    reopened = await ann.put(task["id"], is_completed=False)
    assert not reopened["is_completed"]
    assert list(await listed(ann, space)) == [next_one["id"]]


async def test_both_of_a_series_that_moved_count_as_changed(ann: Person) -> None:
    space = await new_space(ann)
    task = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    done = await ann.put(task["id"], is_completed=True)
    await moved(ann, None, space, done, {"id": done["next_id"]})

    answer = await ann.http.put(f"{space}/tasks/{task['id']}", json={"is_completed": False})

    assert answer.status_code == 200, answer.text
    assert (await listed(ann, space)).keys() == {task["id"], done["next_id"]}


async def test_a_repeated_move_has_the_same_response(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await bob.create()
    body = {"from": None, "to": space[-36:], "tasks": [{"id": task["id"]}]}
    key = {"Idempotency-Key": "a-key"}

    first = await bob.http.post("/api/moves", json=body, headers=key)
    again = await bob.http.post("/api/moves", json=body, headers=key)
    without = await bob.http.post("/api/moves", json=body)

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (without.status_code, without.json()["details"]) == (
        400,
        [{"field": "tasks.0", "message": "Task not found"}],
    )


@pytest.mark.parametrize("is_source", [True, False])
async def test_a_stored_response_is_not_for_a_former_member(
    ann: Person, bob: Person, *, is_source: bool
) -> None:
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await created(bob, space if is_source else None)
    sides = (space[-36:], None) if is_source else (None, space[-36:])
    body = {"from": sides[0], "to": sides[1], "tasks": [{"id": task["id"]}]}
    key = {"Idempotency-Key": "a-key"}
    assert (await bob.http.post("/api/moves", json=body, headers=key)).status_code == 200
    await remove(ann, space, member)

    answer = await bob.http.post("/api/moves", json=body, headers=key)

    assert answer.status_code == 400
    assert answer.json()["details"] == [
        {"field": "from" if is_source else "to", "message": "Space not found"}
    ]


async def test_members_may_use_one_key_for_their_moves(ann: Person, bob: Person) -> None:
    space, other = await new_space(ann), await new_space(ann)
    await join(ann, space, bob)
    await join(ann, other, bob)
    key = {"Idempotency-Key": "a-key"}
    for person in (ann, bob):
        task = await created(person, space)
        body = {"from": space[-36:], "to": other[-36:], "tasks": [{"id": task["id"]}]}
        answer = await person.http.post("/api/moves", json=body, headers=key)
        assert answer.status_code == 200, answer.text


async def test_the_trash_stays_where_it_is(ann: Person) -> None:
    """What is in the trash stays where it is, and can be restored there."""
    space = await new_space(ann)
    home = await created(ann, None, "lists")
    gone, stays = [await created(ann, None, list_id=home["id"]) for _ in range(2)]
    await ann.http.delete(f"/api/tasks/{gone['id']}", params={"to": "trash"})

    assert await moved(ann, None, space, list=home["id"]) == {"moved": 1}

    restored = await ann.http.post(f"/api/trash/{gone['id']}/restore", json={})
    assert restored.status_code == 200
    assert "list_id" not in restored.json()
    assert list(await listed(ann, space)) == [stays["id"]]
