"""The activity of a space: what members did, by names of fields and never by values."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from auth.identity_provider import key_set, signer
from fastapi import FastAPI
from spaces.space_support import join, new_space, remove
from support import (
    MakeDatabase,
    Person,
    parts_of,
    problems,
    refusal,
    running,
    settings_for,
    stored,
)
from support.paging import insert_rows
from tokens.token_support import bearer, make_token, service_token

from taskward.activity import entries
from taskward.activity.entries import ACTIONS
from taskward.activity.expiry import ActivityExpiry
from taskward.activity.statements import DROPPED_AT_ONCE
from taskward.activity.tables import ActivityRecord
from taskward.database import DATABASE
from taskward.database.types import to_microseconds
from taskward.features import ENTITIES
from taskward.ids import created_at, imported_id_at
from taskward.tasks.statements import UPDATE_TASK
from taskward.users.retention import RETENTION

CANARY = "canary"
Json = dict[str, Any]


async def send(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Json:
    answer = await person.http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def activity(person: Person, space: str, **query: Any) -> list[Json]:
    """Returns all entries, the oldest first."""
    found: list[Json] = []
    page: Json = {"next_cursor": None}
    while True:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        answer = await person.http.get(f"{space}/activity", params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["activity"]
        if page["next_cursor"] is None:
            return found[::-1]


async def new_entries(person: Person, space: str, known: list[Json]) -> list[Json]:
    """Returns the entries that were added, without id and time."""
    found = await activity(person, space)
    assert found[: len(known)] == known
    added = found[len(known) :]
    known += added
    return [{name: value for name, value in one.items() if name not in {"id", "at"}} for one in added]


async def test_each_change_of_a_task_has_its_entry(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    bob_id = (await join(ann, space, bob))["id"]
    known = await activity(ann, space)

    async def expect(entry: Json) -> None:
        assert await new_entries(ann, space, known) == [{"actor_id": bob_id, **entry}]

    task = (await send(bob, "POST", f"{space}/tasks", {"title": CANARY, "labels": [CANARY]}, 201))["id"]
    path = f"{space}/tasks/{task}"
    await expect({"action": "created", "task_id": task})
    await send(bob, "PATCH", path, {"title": CANARY, "description": CANARY})
    await expect({"action": "updated", "task_id": task, "fields": ["description", "title"]})
    await send(bob, "PATCH", path, {"priority": "high", "metadata": {CANARY: CANARY}})
    await expect({"action": "updated", "task_id": task, "fields": ["metadata", "priority"]})
    await send(bob, "PATCH", path, {"add_labels": ["a"], "remove_labels": ["b"]})
    await expect({"action": "updated", "task_id": task, "fields": ["labels"]})
    for is_completed, action in ((True, "completed"), (True, "updated"), (False, "reopened")):
        await send(bob, "PATCH", path, {"is_completed": is_completed})
        await expect({"action": action, "task_id": task, "fields": ["is_completed"]})
    below = (await send(bob, "POST", f"{space}/tasks", {"title": "x", "parent_id": task}, 201))["id"]
    await expect({"action": "created", "task_id": below})

    comment = (await send(bob, "POST", f"{space}/comments", {"task_id": task, "text": CANARY}, 201))["id"]
    await expect({"action": "commented", "task_id": task, "comment_id": comment})
    await send(bob, "PATCH", f"{space}/comments/{comment}", {"text": f"{CANARY}!"})
    await send(bob, "DELETE", f"{space}/comments/{comment}")
    of_comment = await new_entries(ann, space, known)
    assert of_comment == [
        {"actor_id": bob_id, "action": "updated", "task_id": task, "comment_id": comment, "fields": ["text"]},
        {"actor_id": bob_id, "action": "deleted", "task_id": task, "comment_id": comment},
    ]

    await send(bob, "DELETE", f"{path}?to=trash&subtasks=delete")
    trashed = await new_entries(ann, space, known)
    assert {(one["action"], one["task_id"]) for one in trashed} == {("trashed", task), ("trashed", below)}
    await send(bob, "POST", f"{space}/trash/{task}/restore", {})
    restored = await new_entries(ann, space, known)
    assert {(one["action"], one["task_id"]) for one in restored} == {("restored", task), ("restored", below)}
    await send(bob, "POST", f"{space}/labels/rename", {"from": CANARY, "to": f"{CANARY}2"})
    await expect({"action": "updated", "count": 1, "fields": ["labels"]})
    await send(bob, "DELETE", f"{space}/tasks/{below}")
    await expect({"action": "deleted", "task_id": below})

    whole = await ann.http.get(f"{space}/activity", params={"limit": 200})
    assert CANARY not in whole.text
    assert [one["task_id"] for one in await activity(ann, space, task_id=task)] == [task] * 12


async def test_the_entry_of_a_task_that_changes_with_another_names_its_fields(ann: Person) -> None:
    space = await new_space(ann)
    known = await activity(ann, space)

    async def make(**fields: Any) -> str:
        made = await send(ann, "POST", f"{space}/tasks", {"title": "x", **fields}, 201)
        await new_entries(ann, space, known)
        return str(made["id"])

    async def fields_of(task: str) -> list[list[str]]:
        entries = await new_entries(ann, space, known)
        return [one["fields"] for one in entries if one["task_id"] == task and one["action"] == "updated"]

    home = (await send(ann, "POST", f"{space}/lists", {"title": "x"}, 201))["id"]
    top = await make(due={"date": "2030-01-01"}, recurrence={"rule": "FREQ=DAILY"})
    below = await make(parent_id=top)
    await send(ann, "PATCH", f"{space}/tasks/{top}", {"list_id": home})
    assert await fields_of(below) == [["list_id"]]
    await send(ann, "PATCH", f"{space}/tasks/{top}", {"is_completed": True})
    assert await fields_of(below) == [["is_completed", "parent_id"]]
    above = (await send(ann, "GET", f"{space}/tasks/{below}"))["parent_id"]
    await send(ann, "DELETE", f"{space}/tasks/{above}?subtasks=keep")
    assert await fields_of(below) == [["parent_id"]]
    await send(ann, "DELETE", f"{space}/lists/{home}?tasks=keep")
    assert [one["action"] for one in await new_entries(ann, space, known)] == ["deleted"]


async def test_an_erasure_is_in_the_activity(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    bob_id = (await join(ann, space, bob))["id"]
    known = await activity(ann, space)
    ann_id = (await send(ann, "GET", f"{space}/members/me"))["id"]
    await send(ann, "DELETE", "/api/me")
    entries = await new_entries(bob, space, known)
    assert [(one["actor_id"], one["action"], one["member_id"]) for one in entries] == [
        (ann_id, "role_changed", bob_id),
        (ann_id, "left", ann_id),
    ]


async def test_who_has_left_before_an_erasure_leaves_once(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    await send(bob, "DELETE", f"{space}/members/me")
    known = await activity(ann, space)
    await send(bob, "DELETE", "/api/me")
    assert await new_entries(ann, space, known) == []


def test_the_changes_of_each_kind_of_object_have_entries() -> None:
    for entity in ENTITIES:
        assert ActivityRecord._fields.count(f"{entity.kind}_id") == 1
        assert {f"{entity.kind}.{change}" for change in ("create", "update", "delete")} <= ACTIONS.keys()


async def test_each_change_of_a_list_has_its_entry(ann: Person) -> None:
    space = await new_space(ann)
    known = await activity(ann, space)
    me = known[0]["actor_id"]

    async def expect(entry: Json) -> None:
        assert await new_entries(ann, space, known) == [{"actor_id": me, **entry}]

    home = (await send(ann, "POST", f"{space}/lists", {"title": CANARY}, 201))["id"]
    await expect({"action": "created", "list_id": home})
    for _ in range(3):
        await send(ann, "POST", f"{space}/tasks", {"title": "x", "list_id": home}, 201)
    await new_entries(ann, space, known)
    await send(ann, "PATCH", f"{space}/lists/{home}", {"title": f"{CANARY}!"})
    await expect({"action": "renamed", "list_id": home})
    await send(ann, "PATCH", f"{space}/lists/{home}", {"title": CANARY, "is_archived": True})
    await expect({"action": "updated", "list_id": home, "fields": ["is_archived", "title"]})
    await send(ann, "DELETE", f"{space}/lists/{home}?tasks=delete")
    await expect({"action": "deleted", "list_id": home, "count": 3})


async def test_the_entry_of_a_deleted_list_counts_its_own_tasks_in_a_batch(ann: Person) -> None:
    space = await new_space(ann)

    async def made(kind: str, **fields: Any) -> str:
        return str((await send(ann, "POST", f"{space}/{kind}s", {"title": "x", **fields}, 201))["id"])

    home, empty = await made("list"), await made("list")
    in_home = [await made("task", list_id=home) for _ in range(2)]
    tops = [await made("task") for _ in range(2)]
    below = [await made("task", parent_id=top) for top in tops]
    known = await activity(ann, space)
    delete_tree = [{"op": "delete", "kind": "task", "id": top, "subtasks": "delete"} for top in tops]
    delete_list = [{"op": "delete", "kind": "list", "id": one, "tasks": "delete"} for one in (home, empty)]
    operations = [delete_tree[0], *delete_list, delete_tree[1]]
    await send(ann, "POST", f"{space}/batch", {"operations": operations})

    entries = await new_entries(ann, space, known)
    assert {one["list_id"]: one["count"] for one in entries if "list_id" in one} == {
        home: len(in_home),
        empty: 0,
    }
    assert {one["task_id"] for one in entries if "list_id" not in one} == {*tops, *below}


async def test_each_change_of_a_member_has_its_entry(ann: Person, bob: Person) -> None:
    space = await new_space(ann)
    known: list[Json] = []
    (made,) = await new_entries(ann, space, known)
    me = made["actor_id"]
    assert made == {"actor_id": me, "action": "joined", "member_id": me}

    async def expect(entry: Json, *, of: str) -> None:
        assert await new_entries(ann, space, known) == [{"actor_id": of, **entry}]

    bob_id = (await join(ann, space, bob))["id"]
    await expect({"action": "joined", "member_id": bob_id}, of=bob_id)
    await send(bob, "PATCH", f"{space}/members/me", {"name": CANARY})
    await expect({"action": "renamed", "member_id": bob_id}, of=bob_id)
    await send(ann, "PATCH", f"{space}/members/{bob_id}", {"role": "viewer"})
    await expect({"action": "role_changed", "member_id": bob_id}, of=me)
    await send(bob, "PUT", f"{space}/members/me", await send(bob, "GET", f"{space}/members/me"))
    assert await new_entries(ann, space, known) == []
    await send(bob, "DELETE", f"{space}/members/me")
    await expect({"action": "left", "member_id": bob_id}, of=bob_id)
    await remove(ann, space, await join(ann, space, bob))
    joined, removed = await new_entries(ann, space, known)
    assert (joined["action"], removed["action"], removed["actor_id"]) == ("joined", "removed", me)
    answer = await bob.http.get(f"{space}/activity")
    assert refusal(answer) == (404, "NOT_FOUND", "Space not found")


async def test_moves_are_in_the_activity_of_both_spaces(ann: Person) -> None:
    source, target = await new_space(ann), await new_space(ann)
    in_source, in_target = await activity(ann, source), await activity(ann, target)
    task = (await send(ann, "POST", "/api/tasks", {"title": "x"}, 201))["id"]

    async def move(start: str | None, end: str | None, **what: Any) -> None:
        ids = [one and one.rpartition("/")[2] for one in (start, end)]
        await send(ann, "POST", "/api/moves", {"from": ids[0], "to": ids[1], **what})

    await move(None, source, tasks=[{"id": task}])
    (arrived,) = await new_entries(ann, source, in_source)
    assert (arrived["action"], arrived["task_id"]) == ("moved_in", task)
    assert arrived["actor_id"] == (await send(ann, "GET", f"{source}/members/me"))["id"]
    home = (await send(ann, "POST", f"{source}/lists", {"title": "x"}, 201))["id"]
    await send(ann, "PATCH", f"{source}/tasks/{task}", {"list_id": home})
    await new_entries(ann, source, in_source)
    await move(source, target, list=home)
    (left,) = await new_entries(ann, source, in_source)
    (there,) = await new_entries(ann, target, in_target)
    assert (left["action"], left["list_id"], left["count"]) == ("moved_out", home, 1)
    assert (there["action"], there["list_id"], there["count"]) == ("moved_in", home, 1)
    assert there["actor_id"] != left["actor_id"]


async def test_a_refused_write_and_a_rolled_back_batch_leave_no_entry(ann: Person) -> None:
    space = await new_space(ann)
    known = await activity(ann, space)
    task = (await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201))["id"]
    await new_entries(ann, space, known)
    refused = await ann.http.patch(f"{space}/tasks/{task}", json={"title": "y"}, headers={"If-Match": '"1"'})
    assert refused.status_code == 412
    operations = [
        {"op": "update", "id": task, "task": {"title": "y"}},
        {"op": "delete", "id": str(uuid4())},
    ]
    await send(ann, "POST", f"{space}/batch", {"operations": operations, "atomic": True})
    assert await new_entries(ann, space, known) == []
    await send(ann, "POST", f"{space}/batch", {"operations": operations, "atomic": False})
    (entry,) = await new_entries(ann, space, known)
    assert (entry["action"], entry["task_id"]) == ("updated", task)


async def test_a_random_history_has_one_entry_for_each_write_of_a_task(ann: Person) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable
    space = await new_space(ann)
    expected: list[tuple[str, str]] = []
    tasks: dict[str, bool] = {}
    for _ in range(60):
        task, kind = chance.choice([*tasks, ""]), chance.random()
        if not task:
            task = (await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201))["id"]
            tasks[task] = False
            expected.append(("created", task))
        elif kind < 0.3:
            await send(ann, "DELETE", f"{space}/tasks/{task}")
            del tasks[task]
            expected.append(("deleted", task))
        else:
            is_completed = chance.random() < 0.5
            await send(ann, "PUT", f"{space}/tasks/{task}", {"is_completed": is_completed, "title": "y"})
            names = {(False, True): "completed", (True, False): "reopened"}
            expected.append((names.get((tasks[task], is_completed), "updated"), task))
            tasks[task] = is_completed
    found = await activity(ann, space, limit=7)
    assert [(one["action"], one["task_id"]) for one in found[1:]] == expected
    assert len({one["id"] for one in found}) == len(found)


async def test_the_kind_of_token_is_named(new_database: MakeDatabase) -> None:
    keys = key_set(signer("EdDSA")).decode()
    settings = settings_for(await new_database("memory"), service_public_keys=keys)
    async with running(settings) as app:
        ann = Person(app)
        space = await new_space(ann)
        token = (await make_token(ann, access="write", spaces=[space.rpartition("/")[2]]))["token"]
        for one in (token, service_token(ann.sub, signer("EdDSA"))):
            answer = await bearer(app, one).post(f"{space}/tasks", json={"title": "x"})
            assert answer.status_code == 201, answer.text
        assert [one.get("via") for one in await activity(ann, space)] == [None, "token", "service"]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"limit": "201"}, "limit", "Limit must be a whole number from 1 to 200"),
        ({"task_id": "x"}, "task_id", "Task id must be a UUID"),
        ({"cursor": "x"}, "cursor", "Cursor is not valid for this list"),
        ({"q": "x"}, "q", "Unknown query parameter"),
    ],
)
async def test_a_wrong_query_is_refused(ann: Person, query: Json, field: str, message: str) -> None:
    space = await new_space(ann)
    answer = await ann.http.get(f"{space}/activity", params=query)
    assert problems(answer) == {field: message}


async def test_a_cursor_is_of_one_space_and_task(ann: Person) -> None:
    space, other = await new_space(ann), await new_space(ann)
    await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201)
    cursor = (await send(ann, "GET", f"{space}/activity?limit=1"))["next_cursor"]
    assert (await ann.http.get(f"{space}/activity", params={"cursor": cursor})).status_code == 200
    for path, query in ((space, {"task_id": str(uuid4())}), (other, {})):
        answer = await ann.http.get(f"{path}/activity", params={"cursor": cursor, **query})
        assert problems(answer) == {"cursor": "Cursor is not valid for this list"}


async def add_expired(app: FastAPI, space_id: UUID, count: int) -> set[str]:
    """Adds entries of 100 days ago, and returns their ids, which have that time."""
    then = datetime.now(UTC) - timedelta(days=100)
    moments = [then + timedelta(seconds=n) for n in range(count)]
    rows = [
        {"user_id": space_id, "id": imported_id_at(moment, uuid4()), "at": moment, "action": "created"}
        for moment in moments
    ]
    await insert_rows(app, "activity", rows)
    return {str(row["id"]) for row in rows}


async def ids_of(app: FastAPI, space_id: UUID) -> set[str]:
    return {row["id"] for row in await stored(app, "activity", user_id=space_id)}


def id_of(space: str) -> UUID:
    return UUID(space.rpartition("/")[2])


async def test_expired_entries_are_not_shown_and_are_deleted(app: FastAPI, ann: Person) -> None:
    spaces = [await new_space(ann) for _ in range(2)]
    for space in spaces:
        await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201)
    space_id, other_id = map(id_of, spaces)
    shown, kept = await activity(ann, spaces[0]), [await ids_of(app, one) for one in (space_id, other_id)]
    expired = await add_expired(app, space_id, 3)

    assert await activity(ann, spaces[0]) == shown != []
    assert await ids_of(app, space_id) == kept[0] | expired
    parts = parts_of(app)
    await ActivityExpiry(parts[DATABASE], parts[RETENTION].activity).run()
    assert [await ids_of(app, one) for one in (space_id, other_id)] == kept


async def test_a_write_of_a_task_deletes_some_that_have_expired(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "DROPPED_AT_ONCE", 2)  # so that each write does
    space = await new_space(ann)
    task = (await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201))["id"]
    kept = await ids_of(app, id_of(space))
    expired = await add_expired(app, id_of(space), 20)
    left = []
    for title in ("a", "b", "c"):
        await send(ann, "PATCH", f"{space}/tasks/{task}", {"title": title})
        ids = await ids_of(app, id_of(space))
        assert kept <= ids
        left.append(len(ids & expired))
    assert left == [4, 0, 0]


def test_as_many_are_deleted_as_are_added_and_more() -> None:
    """One of eight writes deletes sixteen; fewer than 50 or more than 160 of 800 have a chance of 1e-8."""
    values = {"fields": ["title"]}
    made = [entries.of_write(UPDATE_TASK, values, None, timedelta(days=90)) for _ in range(800)]
    deleting = [one for one in made if one["activity_kept_from"] is not None]
    assert 50 < len(deleting) < 160
    assert DROPPED_AT_ONCE == 16


async def test_the_id_of_an_entry_has_its_time(app: FastAPI, ann: Person, bob: Person) -> None:
    """So those that have expired are found by their ids."""
    space = await new_space(ann)
    await join(ann, space, bob)
    await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201)
    await send(ann, "POST", f"{space}/lists", {"title": "x"}, 201)
    rows = await stored(app, "activity", user_id=id_of(space))
    apart = [abs(to_microseconds(created_at(UUID(row["id"]))) - row["at"]) for row in rows]
    assert len(apart) >= 3
    assert max(apart) < 1_000_000


async def test_without_days_none_is_written(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("memory"), activity_days=0)) as app:
        ann = Person(app)
        space = await new_space(ann)
        await send(ann, "POST", f"{space}/tasks", {"title": "x"}, 201)
        assert await activity(ann, space) == []
        assert await stored(app, "activity", user_id=space.rpartition("/")[2]) == []


async def test_who_erases_all_data_stays_as_a_member_without_a_person(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    bob_id = (await join(ann, space, bob))["id"]
    await send(bob, "POST", f"{space}/tasks", {"title": "x"}, 201)
    before = await activity(ann, space)
    await send(bob, "DELETE", "/api/me")
    after = await activity(ann, space)
    assert after[: len(before)] == before
    assert {one["actor_id"] for one in before[1:]} == {bob_id}
    await send(ann, "DELETE", f"{space}?tasks=delete")
    assert await stored(app, "activity", user_id=space.rpartition("/")[2]) == []
    assert not await stored(app, "activity", user_id=ann.sub)
