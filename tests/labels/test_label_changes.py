"""A label of many tasks is changed in parts on SQLite: others write in between, its owner sees no part."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest
from fastapi import FastAPI
from spaces.space_support import me, new_space, task_in
from support import MakeDatabase, Person, database_of, execute, running, settings_for, stored
from support.query_plans import sqlite_plan

from taskward.database.sqlite.compiled import SqliteStatement
from taskward.labels import change
from taskward.labels.statements import CHANGE_TASKS
from taskward.me.import_tree_statements import RESOLVE
from taskward.me.recovery import resume_interrupted

TASKS: Final = 11


async def label_tasks(ann: Person) -> set[str]:
    """Creates tasks with a label, and returns their ids."""
    return {(await ann.create(f"Task {n}", labels=["Home"]))["id"] for n in range(TASKS)}


async def labels_of(ann: Person) -> list[tuple[str, int]]:
    listed = (await ann.http.get("/api/labels")).json()["labels"]
    return [(one["label"], one["tasks"]) for one in listed]


async def test_its_owner_sees_all_of_it_or_nothing_and_others_write_meanwhile(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "MAX_ROWS", 1)
    async with running(settings_for(await new_database("disk"))) as app:
        ann, bob = Person(app), Person(app)
        await label_tasks(ann)
        body = {"from": "home", "to": "House"}
        renaming = asyncio.create_task(ann.http.post("/api/labels/rename", json=body))
        reading = asyncio.create_task(seen_until(renaming, ann))
        written = 0
        while not renaming.done():
            await bob.create("Beside")
            written += not renaming.done()

        assert renaming.result().json() == {"tasks": TASKS}
        assert await reading <= {(("Home", TASKS),), (("House", TASKS),)}
        assert written >= 2


async def seen_until(end: "asyncio.Task[Any]", ann: Person) -> set[tuple[tuple[str, int], ...]]:
    """Returns the lists of labels that their owner reads until then."""
    seen = set()
    while not end.done():
        seen.add(tuple(await labels_of(ann)))
    return seen


@pytest.mark.parametrize(("path", "to"), [("rename", "House"), ("rename", "HOME"), ("remove", None)])
async def test_one_that_was_interrupted_is_completed(
    new_database: MakeDatabase, path: str, to: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after the second part; a repeated request gets the response that was stored."""
    monkeypatch.setattr(change, "MAX_ROWS", 4)
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        ids = await label_tasks(ann)
        cursor = (await ann.http.get("/api/changes")).json()["cursor"]
        with monkeypatch.context() as dying:
            fail_after(dying, 2)
            answer = await change_label(ann, path, to)
            assert answer.status_code == 500

        await execute(app, "UPDATE owner_locks SET renewed_at = 0")
        await resume_interrupted(database_of(app))
        await database_of(app).wait_unlocked(UUID(ann.sub))  # the service's own job may have been first

        assert await labels_of(ann) == ([(to, TASKS)] if to else [])
        changed = (await ann.http.get("/api/changes", params={"since": cursor})).json()["changes"]
        assert {one["task"]["id"] for one in changed} == ids
        assert [one["task"].get("labels", []) for one in changed] == [[to] if to else []] * TASKS
        versions = {row["version"] for row in await stored(app, "tasks", user_id=ann.sub)}
        (owner,) = await stored(app, "users", id=ann.sub)
        assert (len(versions), max(versions)) == (TASKS, owner["seq"])
        assert await stored(app, "owner_locks") == []
        repeated = await change_label(ann, path, to)
        assert (repeated.json(), repeated.headers["Idempotent-Replayed"]) == ({"tasks": TASKS}, "true")


async def test_one_that_was_interrupted_in_a_space_leaves_the_members_who_changed_the_tasks(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "MAX_ROWS", 4)
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        space = await new_space(ann)
        for n in range(TASKS):
            await task_in(ann, space, f"Task {n}", labels=["Home"])
        with monkeypatch.context() as dying:
            fail_after(dying, 2)
            body = {"from": "home", "to": "House"}
            assert (await ann.http.post(f"{space}/labels/rename", json=body)).status_code == 500

        await execute(app, "UPDATE owner_locks SET renewed_at = 0")
        await resume_interrupted(database_of(app))
        await database_of(app).wait_unlocked(UUID(space[-36:]))

        member = (await me(ann, space))["id"]
        tasks = (await ann.http.get(f"{space}/tasks")).json()["tasks"]
        found = [(one["labels"], one.get("created_by"), one.get("updated_by")) for one in tasks]
        assert found == [(["House"], member, member)] * TASKS


async def change_label(ann: Person, path: str, to: str | None) -> Any:
    body = {"from": "home", "to": to} if to else {"label": "home"}
    return await ann.http.post(f"/api/labels/{path}", json=body, headers={"Idempotency-Key": "once"})


def fail_after(dying: pytest.MonkeyPatch, parts: int) -> None:
    left = iter(range(parts))
    steps = change.LabelChange._page_steps

    def some_parts(self: Any, *arguments: Any) -> Any:
        if next(left, None) is None:
            raise ConnectionError
        return steps(self, *arguments)

    dying.setattr(change.LabelChange, "_page_steps", some_parts)


@pytest.mark.engines("memory")
@pytest.mark.parametrize("statement", [CHANGE_TASKS, RESOLVE], ids=lambda one: one.name)
def test_a_statement_on_an_array_of_tasks_finds_each_by_its_key(app: FastAPI, statement: Any) -> None:
    """Otherwise SQLite looks through the array for each task of the owner."""
    plan = sqlite_plan(database_of(app).reader, SqliteStatement.compile(statement).statements[0])

    assert [line.partition(" (")[2] for line in plan if line.startswith("SEARCH")] == ["user_id=? AND id=?)"]
