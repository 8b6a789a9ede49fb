"""What holds of the tables of a person at any time: an id is in one place, and nothing dangles."""

from typing import Any

from fastapi import FastAPI
from support import Person, stored
from tasks.series_model import recurring_of

from taskward.tasks.steps.subtasks import MAX_BELOW

MAX_LEVELS = 5
Document = dict[str, Any]


async def check_tables(app: FastAPI, person: Person, max_below: int = MAX_BELOW) -> Document:
    """Checks the tables past the service, and that it exports the same; returns the export."""
    tables = ("tasks", "trash", "tombstones", "task_labels", "reminders", "lists")
    rows = {table: await stored(app, table, user_id=person.sub) for table in tables}
    ids = {table: {row["id"] for row in rows[table]} for table in ("tasks", "trash", "lists")}
    assert not ids["tasks"] & ids["trash"], "an id is in one place"
    assert not ids["tasks"] & {row["task_id"] for row in rows["tombstones"]}, "what is there is not deleted"
    exported: Document = (await person.http.get("/api/me/export")).json()
    tasks = {task["id"]: task for task in exported["tasks"]}
    assert tasks.keys() == ids["tasks"]
    assert {one["task"]["id"] for one in exported.get("trash", ())} == ids["trash"]
    _check_trees(tasks, ids["lists"], max_below)
    series = recurring_of(tasks)
    assert len(series) == len({*series}), "a series goes on in one task"
    labels = {(row["task_id"], row["label"]) for row in rows["task_labels"]}
    assert labels == {(one, label) for one, task in tasks.items() for label in task.get("labels", ())}
    pending = {(row["task_id"], row["n"]) for row in rows["reminders"]}
    assert pending == {
        (one, n)
        for one, task in tasks.items()
        if not task["is_completed"]
        for n, _ in enumerate(task.get("reminders", ()))
    }, "those of open tasks, all of which are in the future"
    return exported


def _check_trees(tasks: dict[str, Any], lists: set[str], max_below: int) -> None:
    below: dict[str, int] = {}
    for one, task in tasks.items():
        assert task.get("list_id") in {None, *lists}
        levels = [one]
        while (parent_id := tasks[levels[-1]].get("parent_id")) is not None:
            assert parent_id in tasks, "the parent is there"
            assert tasks[parent_id].get("list_id") == task.get("list_id")
            levels.append(parent_id)
            assert len(levels) <= MAX_LEVELS
        below[levels[-1]] = below.get(levels[-1], 0) + (len(levels) > 1)
    assert max(below.values(), default=0) <= max_below
