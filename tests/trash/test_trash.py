"""docs/contract.md#trash: deleted tasks that can be restored."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from lists.list_support import create_list
from spaces.space_support import join, new_space, task_in
from support import (
    MakeDatabase,
    Person,
    database_of,
    execute,
    problems,
    refusal,
    running,
    settings_for,
    stored,
)
from support.change_feed import changes_since, cursor_now
from trash.trash_support import restore, restored, to_trash, trashed

from taskward.database.sqlite.database import SqliteDatabase
from taskward.http.cursors import encode_cursor, scope_of
from taskward.ids import new_id
from taskward.me.recovery import resume_interrupted
from taskward.trash import restoring
from taskward.trash.expiry import TrashExpiry
from taskward.trash.restoring import PAGE

DUE = {"date": "2035-06-15", "time": "14:30", "time_zone": "Europe/Berlin"}
EVERYTHING: dict[str, Any] = {
    "description": "Two litres",
    "due": DUE,
    "start": {"date": "2035-06-01"},
    "priority": "high",
    "labels": ["Home", "Shop"],
    "metadata": {"key": 1},
    "reminders": [{"offset_minutes": -30}, {"at": "2020-01-01T00:00:00Z"}],
    "recurrence": {"rule": "FREQ=WEEKLY"},
    "position": "a5",
}
NOT_FOUND = (404, "NOT_FOUND", "Task not found")
ID = str(UUID(int=1))


async def test_a_task_in_the_trash_is_deleted_to_everything_else(ann: Person) -> None:
    task = await ann.create()
    cursor = await cursor_now(ann)

    answer = await to_trash(ann, task)

    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Task deleted successfully", "id": task["id"]},
    )
    assert await ann.tasks() == []
    assert refusal(await ann.http.get(f"/api/tasks/{task['id']}")) == NOT_FOUND
    assert refusal(await ann.http.put(f"/api/tasks/{task['id']}", json={"title": "x"})) == NOT_FOUND
    assert refusal(await to_trash(ann, task)) == NOT_FOUND
    assert (await changes_since(ann, cursor))[0] == [{"op": "delete", "id": task["id"]}]


async def test_a_task_with_everything_comes_back_as_it_was(app: FastAPI, ann: Person) -> None:
    listed = await create_list(ann)
    task = await ann.create(**EVERYTHING, list_id=listed["id"])
    pending = await stored(app, "reminders", task_id=task["id"])
    before = datetime.now(UTC)

    assert (await to_trash(ann, task)).status_code == 200
    (entry,) = (await trashed(ann)).values()
    assert entry["task"] == task
    assert entry.keys() == {"task", "deleted_at"}
    assert before <= datetime.fromisoformat(entry["deleted_at"]) <= datetime.now(UTC)
    assert await stored(app, "task_labels", task_id=task["id"]) == []
    assert await stored(app, "reminders", task_id=task["id"]) == []
    cursor = await cursor_now(ann)

    answer = await restore(ann, task)

    back = answer.json()
    assert back == task | {"updated_at": back["updated_at"]}
    assert back["updated_at"] > task["updated_at"]
    assert answer.headers["ETag"] == (await ann.http.get(f"/api/tasks/{task['id']}")).headers["ETag"]
    (change,), _ = await changes_since(ann, cursor)
    assert (change["op"], change["task"], change["etag"]) == ("upsert", back, answer.headers["ETag"])
    assert await trashed(ann) == {}
    assert [row["label"] for row in await stored(app, "task_labels", task_id=task["id"])] == ["Home", "Shop"]
    assert await stored(app, "reminders", task_id=task["id"]) == pending
    assert await stored(app, "tombstones", task_id=task["id"]) == []
    for query in ({"label": "home"}, {"list_id": listed["id"]}, {"priority": "high"}, {"sort": "due"}):
        found = (await ann.http.get("/api/tasks", params=query)).json()["tasks"]
        assert [one["id"] for one in found] == [task["id"]], query


async def test_subtasks_go_and_come_with_their_task(ann: Person) -> None:
    top = await ann.create("Top")
    child = await ann.create("Child", parent_id=top["id"])
    below = await ann.create("Below", parent_id=child["id"])
    cursor = await cursor_now(ann)

    await to_trash(ann, top, subtasks="delete")

    found = await trashed(ann)
    assert {title: one.get("deleted_with") for title, one in found.items()} == {
        "Top": None,
        "Child": top["id"],
        "Below": top["id"],
    }
    assert {one["deleted_at"] for one in found.values()} == {found["Top"]["deleted_at"]}
    await restored(ann, top)
    upserts, _ = await changes_since(ann, cursor)
    assert [one["task"]["title"] for one in upserts] == ["Top", "Child", "Below"], "parents come first"
    assert (await ann.get(below["id"]))["parent_id"] == child["id"]
    assert (await ann.get(child["id"]))["parent_id"] == top["id"]


async def test_without_its_subtasks_they_move_up(ann: Person) -> None:
    top = await ann.create("Top")
    middle = await ann.create("Middle", parent_id=top["id"])
    below = await ann.create("Below", parent_id=middle["id"])

    await to_trash(ann, middle)

    assert (await ann.get(below["id"]))["parent_id"] == top["id"]
    assert (await restored(ann, middle))["parent_id"] == top["id"]
    assert (await ann.get(below["id"]))["parent_id"] == top["id"]


async def test_one_that_was_deleted_with_another_is_restored_alone_and_at_the_top(ann: Person) -> None:
    top = await ann.create("Top")
    child = await ann.create("Child", parent_id=top["id"])
    below = await ann.create("Below", parent_id=child["id"])
    await to_trash(ann, top, subtasks="delete")

    assert "parent_id" not in await restored(ann, child)
    assert sorted(await trashed(ann)) == ["Below", "Top"]

    assert "parent_id" not in await restored(ann, top)
    assert (await ann.get(below["id"]))["parent_id"] == child["id"], "its parent is there again"
    assert await trashed(ann) == {}


async def test_a_list_that_is_gone_is_no_list_and_one_that_is_there_is_kept(ann: Person) -> None:
    listed, other = await create_list(ann), await create_list(ann, "Other")
    inside = await ann.create("Inside", list_id=listed["id"])
    child = await ann.create("Child", parent_id=inside["id"])
    kept = await ann.create("Kept", list_id=other["id"])
    await to_trash(ann, kept)

    answer = await ann.http.delete(f"/api/lists/{listed['id']}", params={"tasks": "delete", "to": "trash"})

    assert (answer.status_code, answer.json()["message"]) == (200, "List deleted successfully")
    assert await ann.tasks() == []
    found = await trashed(ann)
    assert sorted(found) == ["Child", "Inside", "Kept"]
    assert all("deleted_with" not in one for one in found.values())
    assert "list_id" not in await restored(ann, inside)
    back = await restored(ann, child)
    assert (back["parent_id"], back.get("list_id")) == (inside["id"], None)
    assert (await restored(ann, kept))["list_id"] == other["id"]


async def test_below_a_parent_that_has_moved_it_is_in_the_parents_list(ann: Person) -> None:
    listed = await create_list(ann)
    parent = await ann.create("Parent")
    child = await ann.create("Child", parent_id=parent["id"])
    below = await ann.create("Below", parent_id=child["id"])
    await to_trash(ann, child, subtasks="delete")
    await ann.put(parent["id"], list_id=listed["id"])

    back = await restored(ann, child)

    assert (back["parent_id"], back["list_id"]) == (parent["id"], listed["id"])
    assert (await ann.get(below["id"]))["list_id"] == listed["id"]


async def test_below_a_parent_without_levels_it_comes_to_the_top(ann: Person) -> None:
    parent = await ann.create("Parent")
    child = await ann.create("Child", parent_id=parent["id"])
    below = await ann.create("Below", parent_id=child["id"])
    await to_trash(ann, child, subtasks="delete")
    levels = [await ann.create("1")]
    for level in "23":
        levels.append(await ann.create(level, parent_id=levels[-1]["id"]))
    await ann.put(parent["id"], parent_id=levels[-1]["id"])

    assert "parent_id" not in await restored(ann, child)
    assert (await ann.get(below["id"]))["parent_id"] == child["id"]


async def test_below_a_parent_without_room_it_comes_to_the_top(ann: Person) -> None:
    parent = await ann.create("Parent")
    pair = [await ann.create(title, parent_id=parent["id"]) for title in ("One", "Two")]
    for one in pair:
        await to_trash(ann, one)
    create = {"op": "create", "task": {"title": "x", "parent_id": parent["id"]}}
    for count in (100, 100, 100, 100, 99):
        answer = await ann.http.post("/api/tasks/batch", json={"operations": [create] * count})
        assert {one["status"] for one in answer.json()["results"]} == {201}

    assert (await restored(ann, pair[0]))["parent_id"] == parent["id"]
    assert "parent_id" not in await restored(ann, pair[1])


async def test_several_that_come_together_have_the_room_once(ann: Person) -> None:
    """Of a tree whose middle came back alone, each rest is below it only while there is room."""
    top = await ann.create("Top")
    middle = await ann.create("Middle", parent_id=top["id"])
    rest = [await ann.create(f"Rest {n}", parent_id=middle["id"]) for n in range(3)]
    await to_trash(ann, top, subtasks="delete")
    await restored(ann, middle)
    create = {"op": "create", "task": {"title": "x", "parent_id": middle["id"]}}
    for count in (100, 100, 100, 100, 98):
        await ann.http.post("/api/tasks/batch", json={"operations": [create] * count})

    await restored(ann, top)

    parents = [(await ann.get(one["id"])).get("parent_id") for one in rest]
    assert sorted(parents, key=str) == sorted([middle["id"], middle["id"], None], key=str)


async def test_a_series_that_goes_on_elsewhere_is_not_restored(ann: Person) -> None:
    first = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    done = await ann.put(first["id"], is_completed=True)
    following = await ann.get(done["next_id"])
    await to_trash(ann, following)
    goes_on = await ann.create("Other", due=DUE)
    assert (await restored(ann, following))["recurrence"] == following["recurrence"]

    await to_trash(ann, following)
    reopened = await ann.put(first["id"], is_completed=False)
    assert "recurrence" not in reopened, "its next one was deleted"

    back = await restored(ann, following)
    assert "recurrence" not in back
    assert back["series_id"] == first["id"]
    assert "recurrence" not in await ann.get(goes_on["id"])


async def test_tasks_of_one_series_that_come_together_are_as_they_were(ann: Person) -> None:
    """Also if they are restored in parts, because many others come with them."""
    for batches in (0, 2):
        top = await ann.create("Top")
        first = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"}, parent_id=top["id"])
        create = {"op": "create", "task": {"title": "x", "parent_id": top["id"]}}
        for _ in range(batches):
            answer = await ann.http.post("/api/tasks/batch", json={"operations": [create] * PAGE})
            assert {one["status"] for one in answer.json()["results"]} == {201}
        done = await ann.put(first["id"], is_completed=True)
        following = await ann.put(done["next_id"], title="Changed")
        await ann.put(first["id"], is_completed=False)
        await to_trash(ann, top, subtasks="delete")

        await restored(ann, top)

        assert (await ann.get(following["id"]))["recurrence"] == following["recurrence"]


async def test_a_series_that_goes_on_in_its_imported_first_task_is_not_restored(ann: Person) -> None:
    first = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    document = (await ann.http.get("/api/me/export")).json()
    done = await ann.put(first["id"], is_completed=True)
    following = await ann.get(done["next_id"])
    await to_trash(ann, following)
    await ann.http.delete(f"/api/tasks/{first['id']}")
    assert (await ann.http.post("/api/me/import", json=document)).json()["imported"] == 1

    assert "recurrence" not in await restored(ann, following)


async def test_reminders_that_have_passed_do_not_come_back(app: FastAPI, ann: Person) -> None:
    task = await ann.create(reminders=[{"at": "2020-01-01T00:00:00Z"}, {"at": "2090-01-01T00:00:00Z"}])
    await to_trash(ann, task)

    assert (await restored(ann, task))["reminders"] == task["reminders"]
    assert [row["n"] for row in await stored(app, "reminders", task_id=task["id"])] == [1]


async def test_its_id_is_taken_as_long_as_it_is_in_the_trash(app: FastAPI, ann: Person) -> None:
    task_id, headers = str(new_id()), {"If-None-Match": "*"}
    created = await ann.http.put(f"/api/tasks/{task_id}", json={"title": "First"}, headers=headers)
    await to_trash(ann, created.json())
    await execute(app, "DELETE FROM tombstones")

    again = await ann.http.put(f"/api/tasks/{task_id}", json={"title": "Again"}, headers=headers)
    parent = await ann.create("Parent")
    below = {"title": "Again", "parent_id": parent["id"]}
    locked = await ann.http.put(f"/api/tasks/{task_id}", json=below, headers=headers)

    for answer in (again, locked):
        assert refusal(answer) == (410, "GONE", "The task was deleted")
    assert (await ann.http.delete(f"/api/trash/{task_id}")).status_code == 200
    free = await ann.http.put(f"/api/tasks/{task_id}", json={"title": "Again"}, headers=headers)
    assert free.status_code == 201


async def test_pages_show_the_newest_deletion_first(ann: Person) -> None:
    tasks = [await ann.create(f"Task {n}") for n in range(5)]
    for task in tasks:
        await to_trash(ann, task)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await ann.http.get("/api/trash", params=query)).json()
        seen += [one["task"]["id"] for one in page["tasks"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [task["id"] for task in reversed(tasks)]


async def test_the_entity_tag_changes_with_the_trash(ann: Person) -> None:
    tasks = [await ann.create() for _ in range(3)]

    async def tag() -> str:
        return (await ann.http.get("/api/trash")).headers["ETag"]

    tags = [await tag()]
    for task in tasks:
        await to_trash(ann, task)
    tags.append(await tag())
    same = await ann.http.get("/api/trash", headers={"If-None-Match": tags[-1]})
    assert (same.status_code, same.content) == (304, b"")
    await restore(ann, tasks[0])
    tags.append(await tag())
    await ann.http.delete(f"/api/trash/{tasks[1]['id']}")
    tags.append(await tag())
    await ann.http.delete("/api/trash")
    tags.append(await tag())

    assert len(set(tags)) == 5


async def test_one_is_deleted_for_good_with_those_that_came_along(ann: Person) -> None:
    top = await ann.create("Top")
    await ann.create("Child", parent_id=top["id"])
    other = await ann.create("Other")
    await to_trash(ann, top, subtasks="delete")
    await to_trash(ann, other)

    answer = await ann.http.delete(f"/api/trash/{top['id']}")

    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Task deleted permanently", "id": top["id"]},
    )
    assert list(await trashed(ann)) == ["Other"]
    assert refusal(await ann.http.delete(f"/api/trash/{top['id']}")) == NOT_FOUND
    assert refusal(await restore(ann, top)) == NOT_FOUND


async def test_emptying_says_how_many_there_were(ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        for _ in range(2):
            await to_trash(person, await person.create())

    answer = await ann.http.delete("/api/trash")

    assert (answer.status_code, answer.json()) == (200, {"deleted": 2})
    assert (await ann.http.delete("/api/trash")).json() == {"deleted": 0}
    assert len(await trashed(bob)) == 1, "both have one title"


async def test_what_others_have_in_the_trash_is_not_there(ann: Person, bob: Person) -> None:
    task = await ann.create()
    await to_trash(ann, task)

    assert await trashed(bob) == {}
    assert refusal(await restore(bob, task)) == NOT_FOUND
    assert refusal(await bob.http.delete(f"/api/trash/{task['id']}")) == NOT_FOUND
    assert list(await trashed(ann)) == ["Buy milk"]


async def test_a_repeated_restoration_with_a_key_gets_the_stored_response(ann: Person) -> None:
    task = await ann.create()
    await to_trash(ann, task)

    first, again = [await restore(ann, task, **{"Idempotency-Key": "once"}) for _ in range(2)]

    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refusal(await restore(ann, task)) == NOT_FOUND


async def test_if_match_is_about_the_task(ann: Person) -> None:
    task = await ann.create()
    old = (await ann.http.get(f"/api/tasks/{task['id']}")).headers["ETag"]
    await ann.put(task["id"], title="Changed")
    path = f"/api/tasks/{task['id']}"

    answer = await ann.http.delete(path, params={"to": "trash"}, headers={"If-Match": old})

    assert answer.status_code == 412
    assert await trashed(ann) == {}
    assert (await ann.http.delete(path, params={"to": "trash"}, headers={"If-Match": "*"})).status_code == 200


@pytest.mark.parametrize("path", ["/api/tasks/batch", "/api/batch"])
async def test_in_a_batch_a_bad_value_fails_alone(ann: Person, path: str) -> None:
    tasks = [await ann.create(f"Task {n}") for n in range(3)]
    targets = ["trash", None, "bin"]
    operations = [
        {"op": "delete", "id": task["id"], "to": to} for task, to in zip(tasks, targets, strict=True)
    ]

    answer = await ann.http.post(path, json={"operations": operations})

    results = answer.json()["results"]
    assert [one["status"] for one in results] == [200, 200, 400]
    assert results[2]["details"] == [{"field": "to", "message": "To must be trash"}]
    assert list(await trashed(ann)) == ["Task 0"]
    assert [one["title"] for one in await ann.tasks()] == ["Task 2"]


async def test_a_list_in_a_batch_needs_its_tasks_deleted(ann: Person) -> None:
    listed = await create_list(ann)
    await ann.create("Inside", list_id=listed["id"])
    delete = {"op": "delete", "kind": "list", "id": listed["id"], "to": "trash"}
    operations = [delete, delete | {"tasks": "keep"}, delete | {"tasks": "delete"}]

    answer = await ann.http.post("/api/batch", json={"operations": operations})

    results = answer.json()["results"]
    assert [one["status"] for one in results] == [400, 400, 200]
    for result in results[:2]:
        assert result["details"] == [{"field": "to", "message": "To needs tasks=delete"}]
    assert list(await trashed(ann)) == ["Inside"]


async def test_the_queries_name_what_is_wrong(ann: Person) -> None:
    task, listed = await ann.create(), await create_list(ann)

    for value in ("bin", "", "Trash"):
        answer = await ann.http.delete(f"/api/tasks/{task['id']}", params={"to": value})
        assert problems(answer) == {"to": "To must be trash"}
    for query in ({}, {"tasks": "keep"}):
        answer = await ann.http.delete(f"/api/lists/{listed['id']}", params={**query, "to": "trash"})
        assert problems(answer) == {"to": "To needs tasks=delete"}
    answer = await ann.http.delete(f"/api/lists/{listed['id']}", params={"tasks": "delete", "to": "bin"})
    assert problems(answer) == {"to": "To must be trash"}
    for query in ({"limit": "0"}, {"limit": "1001"}):
        answer = await ann.http.get("/api/trash", params=query)
        assert problems(answer) == {"limit": "Limit must be a whole number from 1 to 1000"}
    for cursor in ("x", "AAAA"):
        answer = await ann.http.get("/api/trash", params={"cursor": cursor})
        assert problems(answer) == {"cursor": "Cursor is not valid for this list"}
    answer = await ann.http.post(f"/api/trash/{task['id']}/restore", json={"list_id": None})
    assert problems(answer) == {"list_id": "Unknown field"}
    answer = await ann.http.post("/api/trash/1/restore", json={})
    assert problems(answer) == {"task_id": "Task id must be a UUID"}


async def test_a_cursor_is_that_of_one_owner(ann: Person, bob: Person) -> None:
    for _ in range(2):
        await to_trash(ann, await ann.create())
    cursor = (await ann.http.get("/api/trash", params={"limit": 1})).json()["next_cursor"]

    answer = await bob.http.get("/api/trash", params={"cursor": cursor})

    assert problems(answer) == {"cursor": "Cursor is not valid for this list"}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("content", [["x", ID], ["2035-06-15T12:00:00", ID], ["2035-06-15T12:00:00Z", "x"]])
async def test_a_cursor_of_another_content_is_malformed(ann: Person, content: list[str]) -> None:
    cursor = encode_cursor([1, *content], scope_of(UUID(ann.sub), "trash"))
    answer = await ann.http.get("/api/trash", params={"cursor": cursor})
    assert problems(answer) == {"cursor": "Cursor is not valid for this list"}


async def test_the_trash_of_a_space_says_who_has_deleted_a_task(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    bob_id = (await join(ann, space, bob))["id"]
    several = await task_in(bob, space)
    await task_in(bob, space, parent_id=several["id"])
    for task in (await task_in(ann, space), several):
        await bob.http.delete(f"{space}/tasks/{task['id']}?to=trash&subtasks=delete")

    found = (await ann.http.get(f"{space}/trash")).json()["tasks"]

    assert [one["deleted_by"] for one in found] == [bob_id] * 3
    await to_trash(ann, await ann.create())
    (private,) = await trashed(ann)
    assert "deleted_by" not in private


@pytest.mark.engines("memory")
async def test_without_a_trash_nothing_goes_there(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("memory"), trash_days=0)) as app:
        ann = Person(app)
        task, listed = await ann.create(), await create_list(ann)
        inside = await ann.create("Inside", list_id=listed["id"])

        assert problems(await to_trash(ann, task)) == {"to": "The trash is off"}
        query = {"tasks": "delete", "to": "trash"}
        answer = await ann.http.delete(f"/api/lists/{listed['id']}", params=query)
        assert problems(answer) == {"to": "The trash is off"}
        space = await new_space(ann)
        for path in (f"tasks/{uuid4()}", f"lists/{uuid4()}?tasks=delete"):
            answer = await Person(app).http.delete(f"{space}/{path}{'&' if '?' in path else '?'}to=trash")
            assert problems(answer) == {"to": "The trash is off"}, "also to who is no member"
        batch = {"operations": [{"op": "delete", "id": task["id"], "to": "trash"}]}
        (result,) = (await ann.http.post("/api/batch", json=batch)).json()["results"]
        assert result["details"] == [{"field": "to", "message": "The trash is off"}]
        assert [one["id"] for one in await ann.tasks()] == [inside["id"], task["id"]]
        assert (await ann.http.get("/api/trash")).json() == {"tasks": [], "next_cursor": None}


async def test_expired_ones_are_deleted_by_the_hourly_run(app: FastAPI, ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        await to_trash(person, await person.create("Old"))
    tag = (await ann.http.get("/api/trash")).headers["ETag"]
    await _age(app, "Old")
    await to_trash(bob, await bob.create("New"))
    for title in ("Newer", "Newest"):
        await to_trash(ann, await ann.create(title))

    assert sorted(await trashed(ann)) == ["Newer", "Newest"], "each deletion drops up to two expired ones"
    await _age(app, "Newer")

    assert await TrashExpiry(database_of(app), timedelta(days=30)).run() is False

    assert sorted(await trashed(ann)) == ["Newest"]
    assert sorted(await trashed(bob)) == ["New"]
    assert (await ann.http.get("/api/trash")).headers["ETag"] != tag


async def test_the_export_has_the_trash_and_an_import_leaves_it_alone(ann: Person, bob: Person) -> None:
    parent = await ann.create("Parent")
    child = await ann.create("Child", parent_id=parent["id"])
    document = (await ann.http.get("/api/me/export")).json()
    assert "trash" not in document
    await to_trash(ann, parent, subtasks="keep")
    await to_trash(ann, child)
    below = await ann.create("Below", parent_id=(await ann.create("Above"))["id"])
    await ann.http.delete(f"/api/tasks/{below['parent_id']}?to=trash&subtasks=delete")
    await new_space(ann)
    await ann.http.post("/api/tokens", json={"name": "x", "access": "read"})

    exported = (await ann.http.get("/api/me/export")).json()
    assert list(exported) == ["user", "tasks", "trash", "spaces", "tokens"]
    assert [(one["task"]["title"], sorted(one)) for one in exported["trash"]] == [
        ("Parent", ["deleted_at", "task"]),
        ("Child", ["deleted_at", "task"]),
        ("Above", ["deleted_at", "task"]),
        ("Below", ["deleted_at", "task"]),
    ]

    answer = await ann.http.post("/api/me/import", json=document)
    assert answer.json() == {"imported": 0, "skipped": 2}
    assert await ann.tasks() == []
    await restored(ann, child)
    assert [one["title"] for one in await ann.tasks()] == ["Child"]
    answer = await bob.http.post("/api/me/import", json=exported)
    assert answer.json() == {"imported": 0, "skipped": 0}


async def test_an_imported_subtask_whose_parent_is_in_the_trash_is_at_the_top(ann: Person) -> None:
    parent = await ann.create("Parent")
    child = await ann.create("Child", parent_id=parent["id"])
    document = (await ann.http.get("/api/me/export")).json()
    await to_trash(ann, parent)
    await ann.http.delete(f"/api/tasks/{child['id']}")

    answer = await ann.http.post("/api/me/import", json=document)

    assert answer.json() == {"imported": 1, "skipped": 1}
    (task,) = await ann.tasks()
    assert (task["title"], task.get("parent_id")) == ("Child", None)
    assert list(await trashed(ann)) == ["Parent"]


@pytest.mark.parametrize("ignored", ["trash", "spaces", "tokens"])
@pytest.mark.parametrize("value", [[], [{"a": 1}], None, {"a": []}, "x"])
async def test_an_import_ignores_what_it_cannot_take(ann: Person, ignored: str, value: Any) -> None:
    answer = await ann.http.post("/api/me/import", json={"tasks": [], ignored: value})

    assert (answer.status_code, answer.json()) == (200, {"imported": 0, "skipped": 0})


async def test_a_reopened_task_does_not_take_back_one_that_is_in_the_trash(ann: Person) -> None:
    first = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    done = await ann.put(first["id"], is_completed=True)
    following = await ann.get(done["next_id"])
    await to_trash(ann, following)

    await ann.put(first["id"], is_completed=False)

    assert [one["task"]["id"] for one in (await trashed(ann)).values()] == [following["id"]]
    assert [one["id"] for one in await ann.tasks()] == [first["id"]]


async def test_a_completed_task_of_a_series_is_reopened_after_a_restoration(ann: Person) -> None:
    first = await ann.create(due=DUE, recurrence={"rule": "FREQ=DAILY"})
    done = await ann.put(first["id"], is_completed=True)
    await to_trash(ann, first)
    assert await restored(ann, first) == done | {"updated_at": (await ann.get(first["id"]))["updated_at"]}

    reopened = await ann.put(first["id"], is_completed=False)

    assert reopened["recurrence"]["rule"] == "FREQ=DAILY"
    assert [one["id"] for one in await ann.tasks()] == [first["id"]]


async def _age(app: FastAPI, title: str) -> None:
    """Makes the tasks of that title in the trash older than they can be."""
    old = "0" if isinstance(database_of(app), SqliteDatabase) else "'2020-01-01T00:00:00Z'"
    await execute(app, f"UPDATE trash SET deleted_at = {old} WHERE title = '{title}'")  # noqa: S608 - own words


@pytest.mark.engines("disk")
async def test_a_restoration_that_was_interrupted_is_completed(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite, where a large one takes several transactions; the process died after the second."""
    monkeypatch.setattr(restoring, "PAGE", 4)
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        top = await ann.create("Top")
        middle = await ann.create("Middle", parent_id=top["id"])
        below = [await ann.create(f"Below {n}", parent_id=middle["id"], labels=["home"]) for n in range(12)]
        await to_trash(ann, top, subtasks="delete")
        cursor = await cursor_now(ann)
        with monkeypatch.context() as dying:
            left = iter(range(2))
            steps = restoring._Restoration._page_steps

            def two_pages(*arguments: Any) -> Any:
                if next(left, None) is None:
                    raise ConnectionError
                return steps(*arguments)

            dying.setattr(restoring._Restoration, "_page_steps", two_pages)
            assert (await restore(ann, top, **{"Idempotency-Key": "once"})).status_code == 500

        await execute(app, "UPDATE owner_locks SET renewed_at = 0")
        await resume_interrupted(database_of(app))
        await database_of(app).wait_unlocked(UUID(ann.sub))  # the service's own job may have been first

        assert await trashed(ann) == {}
        upserts, _ = await changes_since(ann, cursor)
        assert {one["task"]["id"] for one in upserts} == {one["id"] for one in (top, middle, *below)}
        assert {(await ann.get(one["id"]))["parent_id"] for one in below} == {middle["id"]}
        assert (await ann.get(middle["id"]))["parent_id"] == top["id"]
        assert len(await stored(app, "task_labels", user_id=ann.sub)) == 12
        assert await stored(app, "owner_locks") == []
        again = await restore(ann, top, **{"Idempotency-Key": "once"})
        assert (again.status_code, again.json()) == (200, await ann.get(top["id"]))
        assert again.headers["Idempotent-Replayed"] == "true"
