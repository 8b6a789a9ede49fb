"""docs/contract.md#ids-batches-and-kinds: `kinds` of /api/changes and /api/events."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from changes.streams import http_client, in_process_server
from lists.list_support import create_list, put_list
from support import MakeDatabase, Person, problems, settings_for, upsert
from support.change_feed import changes

Change = dict[str, Any]
BOTH = "tasks,lists"
MALFORMED = {"kinds": "Kinds must be some of tasks, lists, comments and spaces, like tasks,lists"}


async def get(person: Person, kinds: str | None = None, **query: Any) -> httpx.Response:
    return await person.http.get("/api/changes", params=query | ({} if kinds is None else {"kinds": kinds}))


def upsert_list(one: dict[str, Any], etag: str) -> Change:
    return {"op": "upsert", "list": one, "etag": etag}


async def test_without_kinds_there_are_tasks_only(ann: Person) -> None:
    task, created = await ann.create(), await create_list(ann)
    gone = await create_list(ann)
    await ann.http.delete(f"/api/lists/{gone['id']}")

    for kinds in (None, "tasks"):
        assert (await changes(ann, kinds=kinds))["changes"] == [upsert(task)]
    assert [
        change["list"] for change in (await changes(ann, kinds="lists"))["changes"] if "list" in change
    ] == [created]


async def test_tasks_and_lists_come_in_one_order(ann: Person) -> None:
    first = await create_list(ann, "First")
    task = await ann.create()
    second = await create_list(ann, "Second", metadata={"colour": "red"}, is_archived=True)
    first = await put_list(ann, first["id"], title="Changed")
    await ann.http.delete(f"/api/lists/{second['id']}")

    for kinds in (BOTH, "lists,tasks"):
        found = await changes(ann, kinds=kinds)
        assert found["changes"] == [
            upsert(task),
            upsert_list(first, await etag(ann, "lists", first)),
            {"op": "delete", "kind": "list", "id": second["id"]},
        ]
        assert found["has_more"] is False


async def test_a_change_has_the_entity_tag_of_its_object(ann: Person) -> None:
    task, created = await ann.create(), await create_list(ann, metadata={"n": 1.5}, position="k")

    assert (await changes(ann, kinds=BOTH))["changes"] == [
        upsert(task, await etag(ann, "tasks", task)),
        upsert_list(created, await etag(ann, "lists", created)),
    ]


async def etag(person: Person, kind: str, one: dict[str, Any]) -> str:
    return (await person.http.get(f"/api/{kind}/{one['id']}")).headers["etag"]


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize("kinds", ["lists", BOTH])
async def test_pages_give_each_change_once(ann: Person, kinds: str, limit: int) -> None:
    lists = [await create_list(ann, f"{n}") for n in range(4)]
    tasks = [await ann.create(f"{n}") for n in range(3)]
    await ann.http.delete(f"/api/lists/{lists[0]['id']}")
    await ann.http.delete(f"/api/tasks/{tasks[0]['id']}")
    seen: list[str] = []
    more, query = True, dict[str, str]()
    while more:
        found = await changes(ann, kinds=kinds, limit=limit, **query)
        seen += [change.get("list", change.get("task", change))["id"] for change in found["changes"]]
        more, query = found["has_more"], {"since": found["cursor"]}

    of_lists = [*lists[1:], lists[0]]
    expected = of_lists if kinds == "lists" else [*lists[1:], *tasks[1:], lists[0], tasks[0]]
    assert seen == [one["id"] for one in expected]
    assert (await changes(ann, kinds=kinds, **query))["changes"] == []


async def test_a_cursor_is_valid_for_its_kinds_only(ann: Person) -> None:
    await create_list(ann)
    cursors = {kinds: (await changes(ann, kinds=kinds))["cursor"] for kinds in ("tasks", "lists", BOTH)}
    for kinds in ("tasks", None, "lists", BOTH, "lists,tasks"):
        for of, cursor in cursors.items():
            answer = await get(ann, kinds, since=cursor)
            if {*of.split(",")} == {*(kinds or "tasks").split(",")}:
                assert answer.status_code == 200
            else:
                assert problems(answer) == {"since": "Since is not a valid cursor"}


@pytest.mark.engines("memory")
@pytest.mark.parametrize("kinds", ["", "tasks,", "task", "lists,lists", "tasks,lists,tasks", "Tasks"])
async def test_other_kinds_are_refused(ann: Person, kinds: str) -> None:
    assert problems(await get(ann, kinds)) == MALFORMED
    assert problems(await ann.http.get("/api/events", params={"kinds": kinds})) == MALFORMED


async def test_before_the_first_write_there_is_nothing_and_a_cursor(ann: Person) -> None:
    found = await changes(ann, kinds=BOTH)
    assert (found["changes"], found["has_more"]) == ([], False)
    created = await create_list(ann)
    assert [one["list"] for one in (await changes(ann, kinds=BOTH, since=found["cursor"]))["changes"]] == [
        created
    ]


async def test_followers_of_others_see_nothing(ann: Person, bob: Person) -> None:
    await create_list(ann)
    assert (await changes(bob, kinds=BOTH))["changes"] == []


@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_a_stream_has_the_kinds_that_it_is_asked_for(
    engine_name: str, new_database: MakeDatabase
) -> None:
    async with (
        in_process_server(settings_for(await new_database(engine_name))) as service,
        http_client(service.url, str(uuid4())) as eve,
        eve.stream(kinds=BOTH) as both,
        eve.stream() as tasks,
    ):
        created, task = await create_list(eve), await eve.create()
        first, second = await both.events(2)
        assert (first.change["list"], second.change) == (created, upsert(task))
        assert (await tasks.next()).change == upsert(task)
        async with eve.stream(first.id, kinds="lists,tasks") as resumed:
            assert (await resumed.next()).change == upsert(task)
        mixed = await eve.http.get("/api/events", headers={"Last-Event-ID": first.id})
        assert problems(mixed) == {"Last-Event-ID": "Last-Event-ID is not a valid cursor"}
        await eve.http.delete(f"/api/lists/{created['id']}")
        deleted = await both.next()
        assert deleted.change == {"op": "delete", "kind": "list", "id": created["id"]}
