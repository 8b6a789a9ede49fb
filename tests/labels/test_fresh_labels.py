"""A label of many tasks is renamed as fast in a database whose statistics do not know of them yet."""

import time
from uuid import UUID

import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, running, settings_for
from support.paging import insert_rows
from support.rows import execute
from support.task_rows import TaskRow

TASKS = 10_000
SECONDS = 5
"""Ten times as long as on a machine with nothing else to do."""


@pytest.mark.parametrize("is_analysed", [False, True])
async def test_renaming_a_label_of_fresh_tasks_takes_a_moment(
    engine: str, new_database: MakeDatabase, *, is_analysed: bool
) -> None:
    """The tables were small when they were last analysed, or when a session last planned its statements."""
    async with running(settings_for(await new_database(engine))) as app:
        ann, bob = Person(app), Person(app)
        for person in (*[bob] * 10, ann):
            await person.create("While the tables are small", labels=["Home"])
        if is_analysed:
            await execute(app, "ANALYZE")
        await insert_labelled(app, UUID(ann.sub), TASKS)
        began = time.monotonic()

        answer = await ann.http.post("/api/labels/rename", json={"from": "home", "to": "House"})

        assert time.monotonic() - began < SECONDS
        assert answer.json() == {"tasks": TASKS + 1}
        listed = (await ann.http.get("/api/labels")).json()["labels"]
        assert [(one["label"], one["tasks"]) for one in listed] == [("House", TASKS + 1)]


async def insert_labelled(app: FastAPI, owner: UUID, count: int) -> None:
    """Inserts tasks with a label, past the service."""
    tasks = [TaskRow(labels=("Home",)) for _ in range(count)]
    await insert_rows(app, "tasks", [task.row(owner, n + 1) for n, task in enumerate(tasks)])
    labels = {"user_id": owner, "label_folded": "home", "label": "Home"}
    await insert_rows(app, "task_labels", [labels | {"task_id": task.id} for task in tasks])
