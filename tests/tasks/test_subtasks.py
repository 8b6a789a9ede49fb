"""docs/contract.md#lists-subtasks-and-order: subtasks, and the list that they share with their parent."""

import re
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from lists.list_support import create_list
from support import Person, database_of, problems, refusal
from support.change_feed import changes_since, cursor_now
from support.query_plans import sqlite_plan
from support.task_rows import TaskRow, insert_task_rows
from tasks.series_support import change

from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.statements import Read
from taskward.tasks.steps.statements import CHILDREN, SIBLINGS, SUBTREE, SUBTREE_SIZE

Task = dict[str, Any]

BELOW_ITSELF = {"parent_id": "A task cannot be below itself"}
TOO_DEEP = {"parent_id": "Tasks nest at most 5 levels deep"}
TOO_MANY = {"parent_id": "A task has at most 500 tasks below it"}
NO_PARENT = {"parent_id": "Parent task not found"}
NO_LIST = {"list_id": "List not found"}
ANOTHER_LIST = {"list_id": "List must be that of the parent"}


async def chain(person: Person, length: int, **fields: Any) -> list[Task]:
    """Creates tasks, each below the one before."""
    tasks = [await person.create("Level 1", **fields)]
    for level in range(2, length + 1):
        tasks.append(await person.create(f"Level {level}", parent_id=tasks[-1]["id"]))
    return tasks


async def test_a_subtask_names_its_parent(ann: Person) -> None:
    parent = await ann.create("Move house")

    child = await ann.create("Pack", parent_id=parent["id"])

    assert child["parent_id"] == parent["id"]
    assert await ann.get(child["id"]) == child
    assert await ann.get(parent["id"]) == parent, "the parent has not changed"


async def test_the_id_of_a_parent_is_taken_in_any_letter_case(ann: Person) -> None:
    parent = await ann.create()

    child = await ann.create("Pack", parent_id=parent["id"].upper())

    assert child["parent_id"] == parent["id"]


async def test_five_levels_are_allowed_and_a_sixth_is_refused(ann: Person) -> None:
    tasks = await chain(ann, 5)

    answer = await ann.http.post("/api/tasks", json={"title": "x", "parent_id": tasks[-1]["id"]})

    assert problems(answer) == TOO_DEEP


async def test_a_subtree_that_would_be_too_deep_is_not_moved(ann: Person) -> None:
    upper, lower = await chain(ann, 3), await chain(ann, 3)

    assert problems(await change(ann, lower[0], parent_id=upper[-1]["id"])) == TOO_DEEP
    assert (await change(ann, lower[1], parent_id=upper[-1]["id"])).status_code == 200


@pytest.mark.parametrize("place", [0, 1, 3])
async def test_a_task_cannot_be_below_itself(ann: Person, place: int) -> None:
    tasks = await chain(ann, 4)

    answer = await change(ann, tasks[0], parent_id=tasks[place]["id"])

    assert problems(answer) == BELOW_ITSELF
    assert await ann.get(tasks[0]["id"]) == tasks[0]


async def test_a_circle_that_would_also_be_too_deep_is_called_a_circle(ann: Person) -> None:
    tasks = await chain(ann, 5)

    assert problems(await change(ann, tasks[0], parent_id=tasks[4]["id"])) == BELOW_ITSELF


async def test_a_missing_parent_and_a_foreign_one_are_the_same(ann: Person, bob: Person) -> None:
    others, own = await bob.create(), await ann.create()
    for parent_id in (others["id"], str(uuid4())):
        body = {"title": "x", "parent_id": parent_id}
        created = await ann.http.post("/api/tasks", json=body)
        changed = await change(ann, own, parent_id=parent_id)

        assert problems(created) == problems(changed) == NO_PARENT
    assert len(await ann.tasks()) == 1


async def test_a_missing_list_and_a_foreign_one_are_the_same(ann: Person, bob: Person) -> None:
    others, own = await create_list(bob), await ann.create()
    for list_id in (others["id"], str(uuid4())):
        created = await ann.http.post("/api/tasks", json={"title": "x", "list_id": list_id})
        changed = await change(ann, own, list_id=list_id)

        assert problems(created) == problems(changed) == NO_LIST


async def test_a_missing_list_and_a_missing_parent_are_both_named(ann: Person) -> None:
    body = {"title": "x", "list_id": str(uuid4()), "parent_id": str(uuid4())}

    assert problems(await ann.http.post("/api/tasks", json=body)) == NO_LIST | NO_PARENT


async def test_nothing_of_a_refused_first_write_is_stored(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks", json={"title": "x", "parent_id": str(uuid4())})

    assert problems(answer) == NO_PARENT
    assert refusal(await ann.http.get("/api/me")) == (404, "NOT_FOUND", "User not found")


async def test_a_subtask_is_in_the_list_of_its_parent(ann: Person) -> None:
    home = await create_list(ann)
    parent = await ann.create(list_id=home["id"])

    child = await ann.create("Pack", parent_id=parent["id"])

    assert parent["list_id"] == child["list_id"] == home["id"]
    assert (await ann.create("Same", parent_id=parent["id"], list_id=home["id"]))["list_id"] == home["id"]


async def test_another_list_than_that_of_the_parent_is_refused(ann: Person) -> None:
    home, work = await create_list(ann), await create_list(ann, "Work")
    parent = await ann.create(list_id=home["id"])
    child = await ann.create("Pack", parent_id=parent["id"])

    body = {"title": "x", "parent_id": parent["id"], "list_id": work["id"]}
    assert problems(await ann.http.post("/api/tasks", json=body)) == ANOTHER_LIST
    assert problems(await change(ann, child, list_id=work["id"])) == ANOTHER_LIST
    assert problems(await change(ann, child, list_id=None)) == ANOTHER_LIST
    assert (await change(ann, child, list_id=home["id"])).status_code == 200


async def test_a_task_moves_to_another_list_with_all_tasks_below_it(ann: Person) -> None:
    home, work = await create_list(ann), await create_list(ann, "Work")
    tasks = await chain(ann, 4, list_id=home["id"])
    bystander = await ann.create("Not below", list_id=home["id"])
    cursor = await cursor_now(ann)

    moved = await ann.put(tasks[0]["id"], list_id=work["id"])

    after = [await ann.get(task["id"]) for task in tasks]
    assert {task["list_id"] for task in after} == {work["id"]}
    assert after[0] == moved
    assert all(new["updated_at"] > old["updated_at"] for new, old in zip(after, tasks, strict=True))
    assert await ann.get(bystander["id"]) == bystander
    changes, _ = await changes_since(ann, cursor)
    assert changes[0]["task"]["id"] == tasks[0]["id"]
    assert {change["task"]["id"]: change["task"] for change in changes} == {
        task["id"]: task for task in after
    }


async def test_a_subtree_that_moves_below_another_task_joins_its_list(ann: Person) -> None:
    home = await create_list(ann)
    tasks, parent = await chain(ann, 3), await ann.create(list_id=home["id"])

    await ann.put(tasks[0]["id"], parent_id=parent["id"])

    after = [await ann.get(task["id"]) for task in tasks]
    assert [task["list_id"] for task in after] == [home["id"]] * 3
    assert [task["parent_id"] for task in after] == [parent["id"], tasks[0]["id"], tasks[1]["id"]]


async def test_a_task_at_the_top_again_stays_in_its_list(ann: Person) -> None:
    home = await create_list(ann)
    parent = await ann.create(list_id=home["id"])
    child = await ann.create("Pack", parent_id=parent["id"])

    child = await ann.put(child["id"], parent_id=None)
    assert "parent_id" not in child
    assert child["list_id"] == home["id"]

    child = await ann.put(child["id"], list_id=None)
    assert "list_id" not in child


async def test_parent_and_list_move_together(ann: Person) -> None:
    home, work = await create_list(ann), await create_list(ann, "Work")
    one, other = await ann.create(list_id=home["id"]), await ann.create(list_id=work["id"])
    child = await ann.create("Pack", parent_id=one["id"])

    child = await ann.put(child["id"], parent_id=other["id"], list_id=work["id"])
    assert (child["parent_id"], child["list_id"]) == (other["id"], work["id"])

    child = await ann.put(child["id"], parent_id=None, list_id=home["id"])
    assert child["list_id"] == home["id"]
    assert "parent_id" not in child


async def test_a_whole_subtask_sent_back_changes_nothing_but_its_time(ann: Person) -> None:
    home = await create_list(ann)
    parent = await ann.create(list_id=home["id"])
    child = await ann.create("Pack", parent_id=parent["id"], position={"at": "first"}, labels=["a"])
    below = await ann.create("Box", parent_id=child["id"])

    again = await ann.put(child["id"], **child)

    assert {**again, "updated_at": ""} == {**child, "updated_at": ""}
    assert await ann.get(below["id"]) == below


async def test_completing_a_parent_completes_nothing_else(ann: Person) -> None:
    tasks = await chain(ann, 3)

    await ann.put(tasks[0]["id"], is_completed=True)

    assert await ann.get(tasks[1]["id"]) == tasks[1]


async def test_a_deleted_tasks_children_move_up(ann: Person) -> None:
    tasks = await chain(ann, 4)
    sibling = await ann.create("Level 3 too", parent_id=tasks[1]["id"])
    cursor = await cursor_now(ann)

    answer = await ann.http.delete(f"/api/tasks/{tasks[1]['id']}")

    assert answer.json() == {"message": "Task deleted successfully", "id": tasks[1]["id"]}
    for child in (tasks[2], sibling):
        assert (await ann.get(child["id"]))["parent_id"] == tasks[0]["id"]
    assert (await ann.get(tasks[3]["id"])) == tasks[3]
    changes, _ = await changes_since(ann, cursor)
    assert [change["op"] for change in changes] == ["upsert", "upsert", "delete"]


async def test_children_of_a_deleted_task_at_the_top_are_at_the_top_of_its_list(ann: Person) -> None:
    home = await create_list(ann)
    tasks = await chain(ann, 3, list_id=home["id"])

    await ann.http.delete(f"/api/tasks/{tasks[0]['id']}?subtasks=keep")

    child = await ann.get(tasks[1]["id"])
    assert "parent_id" not in child
    assert child["list_id"] == home["id"]


async def test_a_task_can_be_deleted_with_all_tasks_below_it(ann: Person) -> None:
    tasks = await chain(ann, 4)
    bystander = await ann.create("Not below")
    cursor = await cursor_now(ann)

    answer = await ann.http.delete(f"/api/tasks/{tasks[1]['id']}?subtasks=delete")

    assert answer.status_code == 200
    assert [task["id"] for task in await ann.tasks()] == [bystander["id"], tasks[0]["id"]]
    changes, _ = await changes_since(ann, cursor)
    assert [change["op"] for change in changes] == ["delete"] * 3
    assert {change["id"] for change in changes} == {task["id"] for task in tasks[1:]}
    assert changes[-1]["id"] == tasks[1]["id"]


async def test_deleting_with_another_etag_deletes_and_moves_nothing(ann: Person) -> None:
    tasks = await chain(ann, 3)
    for option in ("keep", "delete"):
        path = f"/api/tasks/{tasks[0]['id']}?subtasks={option}"
        answer = await ann.http.delete(path, headers={"If-Match": '"1"'})

        assert (answer.status_code, answer.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert sorted(task["id"] for task in await ann.tasks()) == sorted(task["id"] for task in tasks)


async def test_deleting_with_the_right_etag_deletes_a_task_with_subtasks(ann: Person) -> None:
    tasks = await chain(ann, 2)
    etag = (await ann.http.get(f"/api/tasks/{tasks[0]['id']}")).headers["etag"]

    answer = await ann.http.delete(f"/api/tasks/{tasks[0]['id']}", headers={"If-Match": etag})

    assert answer.status_code == 200
    assert "parent_id" not in await ann.get(tasks[1]["id"])


@pytest.mark.engines("memory")
async def test_other_words_for_subtasks_are_refused(ann: Person) -> None:
    task = await ann.create()

    answer = await ann.http.delete(f"/api/tasks/{task['id']}?subtasks=drop")
    assert problems(answer) == {"subtasks": "Subtasks must be keep or delete"}
    answer = await ann.http.delete(f"/api/tasks/{task['id']}?children=keep")
    assert problems(answer) == {"children": "Unknown query parameter"}


@pytest.mark.engines("disk", "postgres")
async def test_at_most_five_hundred_tasks_are_below_one(app: FastAPI, ann: Person) -> None:
    stored_top = TaskRow("Top")
    below = TaskRow("Middle", parent_id=stored_top.id)
    others = [TaskRow(parent_id=(stored_top.id, below.id)[n % 2]) for n in range(498)]
    await insert_task_rows(app, ann, [stored_top, below, *others])
    top, middle = await ann.get(str(stored_top.id)), await ann.get(str(below.id))
    await ann.create("The last", parent_id=middle["id"])

    answer = await ann.http.post("/api/tasks", json={"title": "x", "parent_id": middle["id"]})
    assert problems(answer) == TOO_MANY
    other = await ann.create("Other")
    assert problems(await change(ann, other, parent_id=top["id"])) == TOO_MANY
    assert (await change(ann, middle, parent_id=other["id"])).status_code == 200
    assert (await change(ann, other, parent_id=top["id"])).status_code == 400, "again as many"

    cursor = await cursor_now(ann)
    assert (await ann.http.delete(f"/api/tasks/{other['id']}?subtasks=delete")).status_code == 200
    assert len(await ann.tasks()) == 1 + 249, "those right below the top are left"
    assert len((await changes_since(ann, cursor))[0]) == 1 + 1 + 250


@pytest.mark.engines("disk", "postgres")
async def test_a_move_within_a_full_tree_is_allowed(app: FastAPI, ann: Person) -> None:
    top = TaskRow("Top")
    below = [TaskRow(parent_id=top.id) for _ in range(500)]
    await insert_task_rows(app, ann, [top, *below])

    moved = await ann.put(str(below[0].id), parent_id=str(below[1].id))

    assert moved["parent_id"] == str(below[1].id)


async def test_labels_of_deleted_subtasks_are_gone(ann: Person) -> None:
    top = await ann.create("Top")
    await ann.create("Below", parent_id=top["id"], labels=["home"])

    await ann.http.delete(f"/api/tasks/{top['id']}?subtasks=delete")

    assert (await ann.http.get("/api/labels")).json() == {"labels": [], "next_cursor": None}


@pytest.mark.engines("disk")
@pytest.mark.parametrize("statement", [SUBTREE, SUBTREE_SIZE, CHILDREN, *SIBLINGS.values()])
async def test_related_tasks_are_found_by_equality(app: FastAPI, statement: Read) -> None:
    """SQLite takes `IS NOT NULL` beside an equality as a range, and reads all subtasks of the owner."""
    database: Any = database_of(app)
    plan = sqlite_plan(database.reader, SqliteStatement.compile(statement).guarded)

    assert [line for line in plan if re.search(r"(parent|list)_id[<>]", line)] == []
    assert [line for line in plan if "ix_tasks" in line or "PRIMARY KEY" in line] != []


N = str(uuid4())


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"list_id": N, "position": {"after": N}}, "list_id position"),
        ({"list_id": N, "parent_id": N, "position": {"before": N}}, "list_id parent_id position"),
        ({"due": {"time": "10:00"}, "list_id": N}, "due.date list_id"),
        ({"recurrence": {"rule": "FREQ=DAILY"}, "list_id": N}, "list_id recurrence"),
        ({"add_labels": ["another"], "list_id": N}, "add_labels list_id"),
        ({"parent_id": "itself", "list_id": N}, "list_id parent_id"),
    ],
)
async def test_all_that_is_wrong_with_a_change_is_named_at_once(
    ann: Person, wrong: dict[str, Any], fields: str
) -> None:
    task = await ann.create(labels=[str(n) for n in range(20)])
    body = {name: task["id"] if value == "itself" else value for name, value in wrong.items()}

    answer = await ann.http.put(f"/api/tasks/{task['id']}", json=body)

    assert sorted(problems(answer)) == fields.split()
    assert await ann.get(task["id"]) == task
    if not wrong.keys() & {"add_labels", "due", "recurrence"} and "itself" not in wrong.values():
        answer = await ann.http.post("/api/tasks", json={"title": "x", **body})
        assert sorted(problems(answer)) == fields.split()
