"""docs/contract.md#lists-subtasks-and-order: DELETE /api/lists/{list_id}."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from lists.list_support import NO_SUCH_LIST, create_list, everything, fill, lists_of
from spaces.space_support import me, new_space, task_in
from support import MakeDatabase, Person, database_of, execute, refusal, running, settings_for, stored
from support.change_feed import changes
from support.people import same_person

from taskward.lists import deletion
from taskward.me.recovery import resume_interrupted

KINDS = "tasks,lists"
NOT_EMPTY = (409, "LIST_NOT_EMPTY", "The list has tasks: say tasks=delete or tasks=keep")


async def delete(person: Person, list_id: str, tasks: str | None = None) -> Any:
    query = {} if tasks is None else {"tasks": tasks}
    return await person.http.delete(f"/api/lists/{list_id}", params=query)


@pytest.mark.parametrize("tasks", [None, "delete", "keep"])
async def test_an_empty_list_is_deleted(ann: Person, tasks: str | None) -> None:
    created, other = await create_list(ann), await create_list(ann, "Other")

    answer = await delete(ann, created["id"].upper(), tasks)

    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "List deleted successfully", "id": created["id"]},
    )
    assert await lists_of(ann) == [other]
    assert refusal(await delete(ann, created["id"], tasks)) == NO_SUCH_LIST


async def test_a_list_with_tasks_is_deleted_only_by_saying_what_becomes_of_them(
    app: FastAPI, ann: Person
) -> None:
    created = await create_list(ann)
    await fill(app, ann, created["id"], 2)
    before = await changes(ann, kinds=KINDS)

    assert refusal(await delete(ann, created["id"])) == NOT_EMPTY

    assert await lists_of(ann) == [created]
    assert (await changes(ann, before["cursor"], kinds=KINDS))["changes"] == []


async def test_kept_tasks_are_in_no_list_and_come_before_the_deletion_in_the_feed(
    app: FastAPI, ann: Person
) -> None:
    created, inbox = await create_list(ann), await ann.create("In no list")
    ids = await fill(app, ann, created["id"], 3)
    before = await changes(ann, kinds=KINDS)

    assert (await delete(ann, created["id"], "keep")).status_code == 200

    tasks = {task["id"]: task for task in await everything(ann)}
    assert tasks.keys() == {inbox["id"], *ids}
    assert all("list_id" not in task for task in tasks.values())
    followed = (await changes(ann, before["cursor"], kinds=KINDS))["changes"]
    *upserts, last = followed
    assert last == {"op": "delete", "kind": "list", "id": created["id"]}
    assert [change["op"] for change in upserts] == ["upsert"] * 3
    assert {change["task"]["id"]: change["task"] for change in upserts} == {one: tasks[one] for one in ids}
    for change in upserts:
        assert change["task"]["updated_at"] > change["task"]["created_at"]
        assert (await ann.http.get(f"/api/tasks/{change['task']['id']}")).headers["etag"] == change["etag"]


async def test_deleted_tasks_have_tombstones_before_that_of_the_list(app: FastAPI, ann: Person) -> None:
    created, inbox = await create_list(ann), await ann.create("In no list")
    ids = await fill(app, ann, created["id"], 3)
    before = await changes(ann, kinds=KINDS)

    assert (await delete(ann, created["id"], "delete")).status_code == 200

    assert await ann.tasks() == [inbox]
    *deletions, last = (await changes(ann, before["cursor"], kinds=KINDS))["changes"]
    assert last == {"op": "delete", "kind": "list", "id": created["id"]}
    assert [change["op"] for change in deletions] == ["delete"] * 3
    assert {change["id"] for change in deletions} == {*ids}
    part_b = (await ann.http.get("/api/changes")).json()["changes"]
    assert {change.get("id") for change in part_b} == {None, *ids}


async def test_tasks_of_other_lists_and_of_others_stay(app: FastAPI, ann: Person, bob: Person) -> None:
    gone, kept, his = await create_list(ann), await create_list(ann), await create_list(bob)
    await fill(app, ann, gone["id"], 2)
    hers = await fill(app, ann, kept["id"], 2)
    theirs = await fill(app, bob, his["id"], 2)

    await delete(ann, gone["id"], "delete")

    assert {task["id"] for task in await everything(ann)} == {*hers}
    assert {task["list_id"] for task in await everything(ann)} == {kept["id"]}
    assert {task["id"] for task in await everything(bob)} == {*theirs}


@pytest.mark.parametrize("tasks", ["delete", "keep"])
async def test_a_long_list_is_deleted_in_parts_and_every_change_has_a_number_of_its_own(
    app: FastAPI, ann: Person, tasks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS", 7)
    created = await create_list(ann)
    ids = await fill(app, ann, created["id"], 24)
    before = await changes(ann, kinds=KINDS)

    assert (await delete(ann, created["id"], tasks)).status_code == 200

    kept = {task["id"] for task in await everything(ann)}
    assert kept == ({*ids} if tasks == "keep" else set())
    followed = []
    more, since = True, before["cursor"]
    while more:
        answer = await ann.http.get(
            "/api/changes", params={"kinds": "lists,tasks", "since": since, "limit": 5}
        )
        page = answer.json()
        followed += page["changes"]
        more, since = page["has_more"], page["cursor"]
    assert len(followed) == 25
    assert followed[-1] == {"op": "delete", "kind": "list", "id": created["id"]}
    assert {change["id"] if "id" in change else change["task"]["id"] for change in followed[:-1]} == {*ids}


@pytest.mark.parametrize("tasks", ["delete", "keep"])
async def test_a_deletion_that_was_interrupted_is_completed(
    new_database: MakeDatabase, tasks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite, where it takes several transactions; the process died after the second."""
    monkeypatch.setattr(deletion, "MAX_ROWS", 4)
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        created, other = await create_list(ann), await create_list(ann, "Other")
        ids = await fill(app, ann, created["id"], 11)
        others = await fill(app, ann, other["id"], 2)
        before = await changes(ann, kinds=KINDS)
        with monkeypatch.context() as dying:
            dying_after_two_parts(dying)
            assert (await delete(ann, created["id"], tasks)).status_code == 500

        await execute(app, "UPDATE owner_locks SET renewed_at = 0")
        await resume_interrupted(database_of(app))
        await database_of(app).wait_unlocked(UUID(ann.sub))  # the service's own job may have been first

        assert await lists_of(ann) == [other]
        kept = {task["id"]: task.get("list_id") for task in await everything(ann)}
        expected = dict.fromkeys(others, other["id"]) | (dict.fromkeys(ids) if tasks == "keep" else {})
        assert kept == expected
        *of_tasks, last = (await changes(ann, before["cursor"], kinds=KINDS))["changes"]
        assert last == {"op": "delete", "kind": "list", "id": created["id"]}
        assert {change["id"] if "id" in change else change["task"]["id"] for change in of_tasks} == {*ids}
        versions = [row["version"] for row in await stored(app, "tombstones", user_id=ann.sub)]
        assert len(versions) == len(set(versions))
        assert await stored(app, "owner_locks") == []


async def test_one_that_was_interrupted_in_a_space_leaves_the_members_who_changed_the_tasks(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS", 4)
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        space = await new_space(ann)
        created = (await ann.http.post(f"{space}/lists", json={"title": "Home"})).json()
        for n in range(11):
            await task_in(ann, space, f"Task {n}", list_id=created["id"])
        with monkeypatch.context() as dying:
            dying_after_two_parts(dying)
            answer = await ann.http.delete(f"{space}/lists/{created['id']}?tasks=keep")
            assert answer.status_code == 500

        await execute(app, "UPDATE owner_locks SET renewed_at = 0")
        await resume_interrupted(database_of(app))
        await database_of(app).wait_unlocked(UUID(space[-36:]))

        member = (await me(ann, space))["id"]
        tasks = (await ann.http.get(f"{space}/tasks")).json()["tasks"]
        found = [(one.get("list_id"), one.get("created_by"), one.get("updated_by")) for one in tasks]
        assert found == [(None, member, member)] * 11


def dying_after_two_parts(dying: pytest.MonkeyPatch) -> None:
    left = iter(range(2))
    steps = deletion.ListDeletion._change_steps

    def two_parts(self: Any, *arguments: Any) -> Any:
        if next(left, None) is None:
            raise ConnectionError
        return steps(self, *arguments)

    dying.setattr(deletion.ListDeletion, "_change_steps", two_parts)


async def test_others_see_all_of_a_deletion_or_nothing(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS", 3)
    created = await create_list(ann)
    await fill(app, ann, created["id"], 30)
    counts: list[int] = []
    deleting = asyncio.create_task(delete(ann, created["id"], "delete"))
    while not deleting.done():
        counts.append(len(await ann.tasks()))

    assert deleting.result().status_code == 200
    assert {*counts, len(await ann.tasks())} <= {0, 30}


async def test_expired_tombstones_are_dropped_with_a_deletion(new_database: MakeDatabase) -> None:
    """A deletion drops up to twice as many as it leaves, of both kinds, so that none accumulate."""
    settings = settings_for(await new_database("disk"), tombstone_days=0.3 / 86400)
    async with running(settings) as app:
        ann = Person(app)
        first, second, third = [await create_list(ann, f"{n}") for n in range(3)]
        await fill(app, ann, first["id"], 5)
        await fill(app, ann, second["id"], 3)
        await delete(ann, first["id"], "delete")
        await asyncio.sleep(0.4)

        await delete(ann, second["id"], "delete")
        await delete(ann, third["id"])

        assert len(await stored(app, "tombstones", user_id=ann.sub)) == 3
        assert len(await stored(app, "list_tombstones", user_id=ann.sub)) == 2


async def test_a_follower_of_one_kind_is_not_sent_away_because_of_the_other(
    new_database: MakeDatabase,
) -> None:
    """The tombstone of a list expires; who follows tasks, and asked in the meantime, has missed nothing."""
    settings = settings_for(await new_database("disk"), tombstone_days=0.5 / 86400)
    async with running(settings) as app:
        ann = Person(app)
        await ann.create()
        gone, other = await create_list(ann), await create_list(ann)
        cursor = (await changes(ann, kinds="tasks"))["cursor"]
        await delete(ann, gone["id"])
        for _ in range(4):
            await asyncio.sleep(0.2)
            cursor = (await changes(ann, cursor, kinds="tasks"))["cursor"]
        await delete(ann, other["id"])  # drops the expired tombstone
        assert (await changes(ann, cursor, kinds="tasks"))["changes"] == []


@pytest.mark.parametrize("tasks", ["delete", "keep", None])
async def test_a_list_that_is_deleted_while_it_is_filled_leaves_nothing_dangling(
    two_apps: tuple[FastAPI, FastAPI], tasks: str | None
) -> None:
    """From two processes: each task is answered with success or refused, and stands where it was put."""
    ann, beside = same_person(two_apps)
    for _ in range(4):
        created = await create_list(ann)
        moved = [await ann.create(f"Moved {n}") for n in range(4)]

        async def fill_it(n: int, list_id: str, moved: list[dict[str, Any]]) -> Any:
            person = (ann, beside)[n % 2]
            if n < 4:
                return await person.http.put(f"/api/tasks/{moved[n]['id']}", json={"list_id": list_id})
            return await person.http.post("/api/tasks", json={"title": f"New {n}", "list_id": list_id})

        *answers, deleted = await asyncio.gather(
            *(fill_it(n, created["id"], moved) for n in range(10)), delete(beside, created["id"], tasks)
        )

        lists = {one["id"] for one in await lists_of(ann)}
        stored = {task["id"]: task for task in await everything(ann)}
        assert all(task.get("list_id") in {None, *lists} for task in stored.values())
        assert {answer.status_code for answer in answers} <= {200, 201, 400}
        assert (deleted.status_code, created["id"] in lists) in {(200, False), (409, True)}
        accepted = {answer.json()["id"] for answer in answers if answer.status_code < 400}
        if tasks != "delete":
            assert accepted <= stored.keys()
        feed = (await changes(beside, kinds=KINDS))["changes"]
        told = {change["task"]["id"]: change["task"] for change in feed if "task" in change}
        assert told == stored
        refused = [task["id"] for n, task in enumerate(moved) if answers[n].status_code == 400]
        assert {*refused} <= stored.keys()


@pytest.mark.parametrize("tasks", ["delete", "keep"])
async def test_subtrees_go_or_stay_with_their_list(ann: Person, tasks: str) -> None:
    created = await create_list(ann)
    top = await ann.create("Top", list_id=created["id"])
    below = await ann.create("Below", parent_id=top["id"])
    lowest = await ann.create("Lowest", parent_id=below["id"])

    await delete(ann, created["id"], tasks)

    stored = {task["id"]: task for task in await everything(ann)}
    if tasks == "delete":
        assert stored == {}
    else:
        assert stored.keys() == {top["id"], below["id"], lowest["id"]}
        assert (stored[below["id"]]["parent_id"], stored[lowest["id"]]["parent_id"]) == (
            top["id"],
            below["id"],
        )
        assert all("list_id" not in task for task in stored.values())
