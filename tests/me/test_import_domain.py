"""docs/contract.md#ids-batches-and-kinds: export and import of lists, subtasks and all optional fields."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from lists.list_support import create_list, everything, lists_of
from support import Person, problems, stored
from support.import_documents import EARLIER, a_task, export, many, uuid7

from taskward.http.responses import rfc3339
from taskward.me import import_tree, staging

List = dict[str, Any]
Task = dict[str, Any]


def a_list(number: int = 0, **fields: Any) -> List:
    """Returns a list as an export would."""
    moment = EARLIER + timedelta(seconds=number)
    return {
        "id": uuid7(moment, uuid4().int >> 80),
        "user_id": str(uuid4()),
        "title": f"List {number}",
        "is_archived": False,
        "position": f"k{number}",
        "created_at": rfc3339(moment),
        "updated_at": rfc3339(moment + timedelta(days=1)),
    } | fields


def below(parent: Task | str, number: int = 0, **fields: Any) -> Task:
    parent_id = parent if isinstance(parent, str) else parent["id"]
    return a_task(EARLIER + timedelta(minutes=number), parent_id=parent_id, **fields)


async def send(person: Person, tasks: list[Task], lists: Any = None) -> httpx.Response:
    """Imports a document."""
    document = {"tasks": tasks} | ({} if lists is None else {"lists": lists})
    return await person.http.post("/api/me/import", json=document)


async def imported(person: Person, tasks: list[Task], lists: list[List] | None = None) -> tuple[int, int]:
    """Imports a document; returns how many tasks were imported, and how many skipped."""
    answer = await send(person, tasks, lists)
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()["imported"], answer.json()["skipped"]


async def by_id(person: Person) -> dict[str, Task]:
    return {task["id"]: task for task in await everything(person)}


async def refused(person: Person, tasks: list[Task], lists: list[List] | None = None) -> dict[str, str]:
    """Imports a document that breaks a rule; returns the problems, having seen that nothing is stored."""
    before = await export(person)
    named = problems(await send(person, tasks, lists))
    assert await export(person) == before
    return named


async def fill(person: Person) -> None:
    """Writes something of everything."""
    home = await create_list(person, "Home", metadata={"colour": "red"}, position="k")
    await create_list(person, "Archive", is_archived=True)
    top = await person.create(
        "Top",
        list_id=home["id"],
        labels=["b", "A"],
        priority="high",
        due={"date": "2026-11-21", "time": "14:30", "time_zone": "Europe/Berlin"},
        start={"date": "2026-11-20"},
        metadata={"n": 1.5, "on": True},
        position="a0",
    )
    child = await person.create("Child", parent_id=top["id"], is_completed=True)
    await person.create("Grandchild", parent_id=child["id"])
    await person.create("Plain")


async def test_an_export_without_lists_has_the_keys_of_before(ann: Person) -> None:
    await ann.create()
    assert list(await export(ann)) == ["user", "tasks"]
    await create_list(ann)
    assert list(await export(ann)) == ["user", "lists", "tasks"]


async def test_an_export_is_in_order_of_ids(ann: Person) -> None:
    await fill(ann)
    document = await export(ann)
    for name in ("lists", "tasks"):
        ids = [one["id"] for one in document[name]]
        assert ids == sorted(ids)


async def test_what_was_exported_comes_back_as_it_was(ann: Person, bob: Person) -> None:
    await fill(ann)
    document = await export(ann)
    for person in (bob, ann):
        if person is ann:
            await ann.http.delete("/api/me")
        assert await imported(person, document["tasks"], document["lists"]) == (4, 0)
        assert await imported(person, document["tasks"], document["lists"]) == (0, 4)
        again = await export(person)
        mine = {"user_id": person.sub}
        assert again["lists"] == [one | mine for one in document["lists"]]
        assert again["tasks"] == [one | mine for one in document["tasks"]]
    assert await lists_of(bob) == [one | {"user_id": bob.sub} for one in await lists_of(ann)]


async def test_the_columns_beside_are_those_of_a_write(app: FastAPI, ann: Person, bob: Person) -> None:
    await fill(ann)
    document = await export(ann)
    await imported(bob, document["tasks"], document["lists"])
    columns = (
        "due_key",
        "due_utc",
        "start_key",
        "start_utc",
        "priority",
        "extra",
        "completed_at",
        "position",
    )

    for table, names in (("tasks", columns), ("task_labels", ("label_folded", "label"))):
        rows = [
            sorted([str(row[name]) for name in names] for row in await stored(app, table, user_id=one.sub))
            for one in (ann, bob)
        ]
        assert rows[0] == rows[1]
        assert rows[0]


async def test_references_point_forwards_and_follow_ids_that_had_to_be_made_anew(ann: Person) -> None:
    """The ids of another program are none of these times; a second import skips all the same."""
    home = a_list(id=str(uuid4()))
    top = a_task(id=str(uuid4()), title="Top", list_id=home["id"].upper())
    child = below(top["id"].upper(), id=str(uuid4()), title="Child")
    lowest = below(child, title="Lowest", list_id=home["id"])

    assert await imported(ann, [lowest, child, top], [home]) == (3, 0)

    tasks = {task["title"]: task for task in await everything(ann)}
    [stored_list] = await lists_of(ann)
    assert stored_list["id"] != home["id"]
    assert {task["list_id"] for task in tasks.values()} == {stored_list["id"]}
    assert "parent_id" not in tasks["Top"]
    assert tasks["Child"]["parent_id"] == tasks["Top"]["id"] != top["id"]
    assert tasks["Lowest"]["parent_id"] == tasks["Child"]["id"]
    assert await imported(ann, [lowest, child, top], [home]) == (0, 3)
    more = below(child, 9, title="More")
    assert await imported(ann, [more, child, top, lowest], [home]) == (1, 3)
    assert (await ann.get(more["id"]))["parent_id"] == tasks["Child"]["id"]


async def test_references_that_lead_nowhere_are_left_out(ann: Person, bob: Person) -> None:
    his = await create_list(bob)
    his_task = await bob.create()
    lost = a_task(list_id=str(uuid4()), parent_id=str(uuid4()))
    foreign = a_task(
        list_id=his["id"], parent_id=his_task["id"], series_id=str(uuid4()), next_id=str(uuid4())
    )

    assert await imported(ann, [lost, foreign]) == (2, 0)

    for task in (await by_id(ann)).values():
        assert not task.keys() & {"list_id", "parent_id", "series_id", "next_id"}


async def test_a_list_that_the_owner_has_is_left_as_it_is_and_referred_to(ann: Person) -> None:
    mine = await create_list(ann, "Mine")
    theirs = mine | {"title": "Of the document"}
    one, other = a_task(list_id=mine["id"]), a_task(list_id=mine["id"])

    assert await imported(ann, [one], [theirs]) == (1, 0)
    assert await imported(ann, [other]) == (1, 0)

    assert await lists_of(ann) == [mine]
    assert {task["list_id"] for task in await everything(ann)} == {mine["id"]}


async def test_a_subtask_that_was_deleted_comes_back_below_its_parent(ann: Person) -> None:
    home, work = await create_list(ann, "Home"), await create_list(ann, "Work")
    top = await ann.create("Top", list_id=home["id"])
    child = await ann.create("Child", parent_id=top["id"])
    document = await export(ann)
    await ann.http.delete(f"/api/tasks/{child['id']}")
    await ann.put(top["id"], list_id=work["id"])

    assert await imported(ann, document["tasks"], document["lists"]) == (1, 1)

    restored = await ann.get(child["id"])
    assert (restored["parent_id"], restored["list_id"]) == (top["id"], work["id"])


async def test_cycles_are_refused(ann: Person) -> None:
    itself = a_task()
    itself["parent_id"] = itself["id"]
    assert await refused(ann, [a_task(), itself]) == {"tasks.1.parent_id": "A task cannot be below itself"}
    a, b, c = a_task(), a_task(), a_task()
    a["parent_id"], b["parent_id"], c["parent_id"] = b["id"], c["id"], a["id"]
    named = await refused(ann, [a, b, c, below(a)])
    assert list(named.values()) == ["A task cannot be below itself"]


async def test_more_than_five_levels_are_refused(ann: Person) -> None:
    chain = [a_task()]
    for n in range(4):
        chain.append(below(chain[-1], n))
    too_deep = below(chain[-1], 5)
    assert await refused(ann, [too_deep, *chain]) == {"tasks.0.parent_id": "Tasks nest at most 5 levels deep"}
    assert await imported(ann, chain) == (5, 0)
    assert await refused(ann, [too_deep]) == {"tasks.0.parent_id": "Tasks nest at most 5 levels deep"}
    lost = [a_task(parent_id=str(uuid4()))]
    for n in range(4):
        lost.append(below(lost[-1], n))
    assert await imported(ann, lost) == (5, 0), "what is left out is no level"


async def test_more_than_five_hundred_tasks_below_one_are_refused(ann: Person) -> None:
    top = a_task()
    tasks = [{**task, "parent_id": top["id"]} for task in many(500)]
    named = await refused(ann, [*tasks, top, below(top)])
    assert list(named.values()) == ["A task has at most 500 tasks below it"]
    assert await imported(ann, [*tasks, top]) == (501, 0)
    assert list((await refused(ann, [below(tasks[0])])).values()) == ["A task has at most 500 tasks below it"]


async def test_a_subtask_in_another_list_than_its_parent_is_refused(ann: Person) -> None:
    home, work = a_list(1), a_list(2)
    top = a_task(list_id=home["id"])
    assert await refused(ann, [top, below(top, list_id=work["id"])], [home, work]) == {
        "tasks.1.list_id": "List must be that of the parent"
    }


@pytest.mark.engines("memory")
@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"due": {}}, "tasks.0.due.date", "Due date is required"),
        ({"due": 5}, "tasks.0.due", "Due must be an object or null"),
        ({"priority": "p1"}, "tasks.0.priority", "Priority must be low, medium, high, urgent or null"),
        ({"labels": ["a", ""]}, "tasks.0.labels.1", "A label has 1 to 50 characters"),
        ({"list_id": "x"}, "tasks.0.list_id", "List id must be a UUID"),
        ({"add_labels": ["x"]}, "tasks.0.add_labels", "Unknown field"),
        (
            {"position": {"at": "first"}},
            "tasks.0.position",
            "Position must be 1 to 100 letters and digits, or say before or after which task",
        ),
        ({"metadata": {"a b": 1}}, "tasks.0.metadata.a b", None),
    ],
)
async def test_a_broken_field_is_named(ann: Person, fields: Task, name: str, message: str | None) -> None:
    named = await refused(ann, [a_task(**fields)])
    assert list(named) == [name]
    assert message is None or named[name] == message


@pytest.mark.engines("memory")
async def test_broken_lists_are_named(ann: Person) -> None:
    named = await refused(
        ann, [a_task(title="")], [a_list(title=""), a_list(is_archived=1), a_list(colour="red")]
    )
    assert named == {
        "lists.0.title": "Title cannot be empty",
        "lists.1.is_archived": "Is archived must be true or false",
        "lists.2.colour": "Unknown field",
        "tasks.0.title": "Title cannot be empty",
    }
    assert problems(await send(ann, [], {})) == {"lists": "Lists must be a list"}


async def test_an_import_of_too_many_lists_is_refused(ann: Person) -> None:
    most = [a_list(n) for n in range(1000)]
    too_many = {"lists": "A person has at most 1000 lists"}
    assert await refused(ann, [], [*most, a_list(1000)]) == too_many
    assert await imported(ann, [], most) == (0, 0)
    assert len(await lists_of(ann)) == 1000
    assert await refused(ann, [a_task()], [a_list(1001)]) == too_many
    assert await imported(ann, [], most) == (0, 0)


async def test_followers_get_lists_before_the_tasks_in_them(ann: Person) -> None:
    gone = await create_list(ann)
    document = await export(ann)
    await ann.http.delete(f"/api/lists/{gone['id']}")
    cursor = (await ann.http.get("/api/changes?kinds=tasks,lists")).json()["cursor"]
    home = a_list()

    await imported(ann, [a_task(list_id=home["id"]), a_task()], [home, *document["lists"]])

    answer = await ann.http.get("/api/changes", params={"kinds": "tasks,lists", "since": cursor})
    told = answer.json()["changes"]
    assert ["list" in change for change in told] == [True, True, False, False]
    assert {change["list"]["id"] for change in told[:2]} == {home["id"], gone["id"]}
    assert {change["task"]["id"]: change["task"] for change in told[2:]} == await by_id(ann)


async def test_a_large_import_is_published_in_parts(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (staging, import_tree):
        monkeypatch.setattr(module, "MAX_ROWS", 7)
    home = a_list()
    tops = [a_task(list_id=home["id"], labels=["top", f"{n}"]) for n in range(12)]
    tasks = [below(tops[n % 12], n, id=str(uuid4()), labels=["below"]) for n in range(40)]

    assert await imported(ann, [*tasks, *tops], [home]) == (52, 0)

    found = await everything(ann)
    assert {task["list_id"] for task in found} == {home["id"]}
    assert sum("parent_id" in task for task in found) == 40
    labels = (await ann.http.get("/api/labels")).json()["labels"]
    counts = {one["label"]: one["tasks"] for one in labels}
    assert (counts["top"], counts["below"], counts["3"]) == (12, 40, 1)


async def test_the_tree_of_an_import_is_freed_in_parts(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at once, which would hold the event loop, when the import ends."""
    clear = import_tree.ImportTree.clear
    sizes: list[tuple[int, ...]] = []

    async def watched(self: import_tree.ImportTree) -> None:
        for cleared in (False, True):
            if cleared:
                await clear(self)
            sizes.append(
                tuple(len(getattr(self, name)) for name in ("_numbers", "_parents", "_lists", "_places"))
            )

    monkeypatch.setattr(import_tree.ImportTree, "clear", watched)
    top = a_task()

    assert await imported(ann, [top, *(below(top, n) for n in range(3))]) == (4, 0)

    assert sizes == [(3, 3, 4, 3), (0, 0, 0, 0)]


async def test_a_list_that_is_deleted_during_an_import_leaves_nothing_dangling(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = await create_list(ann)
    top = await ann.create("Top", list_id=home["id"])
    resolve = staging.Staging.resolve

    async def and_then_delete(self: staging.Staging, *arguments: Any) -> None:
        await resolve(self, *arguments)
        answer = await ann.http.delete(f"/api/lists/{home['id']}?tasks=keep")
        assert answer.status_code == 200

    monkeypatch.setattr(staging.Staging, "resolve", and_then_delete)
    refused = await send(ann, [a_task(list_id=home["id"]), below(top, list_id=home["id"])])
    assert refused.status_code == 503, "the parent has moved"
    monkeypatch.setattr(staging.Staging, "resolve", resolve)
    home = await create_list(ann)
    monkeypatch.setattr(staging.Staging, "resolve", and_then_delete)
    assert await imported(ann, [a_task(list_id=home["id"])]) == (1, 0)

    assert all("list_id" not in task for task in await everything(ann))


async def test_two_people_import_at_once(ann: Person, bob: Person) -> None:
    home = a_list()
    tasks = [a_task(list_id=home["id"]) for _ in range(5)]
    assert await asyncio.gather(*(imported(one, tasks, [home]) for one in (ann, bob))) == [(5, 0)] * 2
    for person in (ann, bob):
        assert [UUID(one["user_id"]) for one in await lists_of(person)] == [UUID(person.sub)]
