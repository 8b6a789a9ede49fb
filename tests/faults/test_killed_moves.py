"""A server that is killed while it moves a list with its tasks to a space."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from faults.fault_report import Observe
from faults.test_killed_changes import lost
from faults.test_killed_trash import import_list, is_writing, kill, slow_down
from support.background_load import TimedClient, import_document
from support.command import serve
from support.waiting import until

pytestmark = pytest.mark.processes

TASKS = 700
KEY = {"Idempotency-Key": "the-move"}
MOMENTS = {"sqlite": (0.0, 0.02, 0.05), "postgresql": (0.0, 0.3, 0.7)}
"""Seconds after the first change at which the service is killed; each engine takes longer for them all."""


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "disk",
            marks=pytest.mark.fault("SQLite: the service killed while it moves a list to a space"),
        ),
        pytest.param(
            "postgres",
            marks=pytest.mark.fault("PostgreSQL: the service killed while it moves a list to a space"),
        ),
    ],
    indirect=True,
)
async def test_a_move_that_is_killed_has_moved_all_or_nothing(
    url: str, tmp_path: Path, observe: Observe
) -> None:
    """Both feeds say which; with the same key it is repeated."""
    tasks: list[dict[str, Any]] = json.loads(import_document(200 * TASKS)[0])["tasks"][:TASKS]
    sub, home = str(uuid4()), tasks[0]["id"]
    with serve(tmp_path, DATABASE_URL=url) as first, TimedClient(first.port(), sub) as ann:
        import_list(ann, tasks)
        space = ann.send("POST", "/api/spaces", {"title": "Home"})[1]["id"]
    before = {None: set[str](), space: set[str]()}
    move = {"from": None, "to": space, "list": home}
    for moment in MOMENTS[url.partition(":")[0].partition("+")[0]]:
        with serve(tmp_path, DATABASE_URL=url) as service:
            await slow_down(url, "tasks")
            with lost(lambda one: one.send("POST", "/api/moves", move, **KEY), service.port(), sub):
                await until(lambda: is_writing(url), seconds=60)
                await asyncio.sleep(moment)
                assert await is_writing(url)
                await kill(service, url)
        with serve(tmp_path, DATABASE_URL=url) as again, TimedClient(again.port(), sub) as ann:
            begun = time.monotonic()
            before = {owner: followed(ann, owner) for owner in before}
            back = time.monotonic() - begun
            assert sorted(map(len, before.values())) == [0, TASKS + 1]
            for owner, ids in before.items():
                assert listed(ann, owner) == ids
    is_moved = bool(before[space])
    with serve(tmp_path, DATABASE_URL=url) as last, TimedClient(last.port(), sub) as ann:
        assert ann.send("POST", "/api/moves", move, **KEY)[:2] == (200, {"moved": TASKS})
        assert (len(followed(ann, None)), len(followed(ann, space))) == (0, TASKS + 1)
    saw = "all are in the space" if is_moved else "all are where they were"
    observe(f"no answer; after the restart {saw}", back=back)


def path_of(owner: str | None) -> str:
    return "/api" if owner is None else f"/api/spaces/{owner}"


def followed(client: TimedClient, owner: str | None) -> set[str]:
    """Returns the ids of the tasks and lists that the feed of an owner gives."""
    held: set[str] = set()
    query = "kinds=tasks,lists&limit=1000"
    while True:
        status, page, _ = client.send("GET", f"{path_of(owner)}/changes?{query}")
        assert status == 200
        for change in page["changes"]:
            if change["op"] == "delete":
                held.discard(change["id"])
            else:
                held.add((change.get("task") or change["list"])["id"] + ("" if "task" in change else " list"))
        if not page["has_more"]:
            return held
        query = f"kinds=tasks,lists&limit=1000&since={page['cursor']}"


def listed(client: TimedClient, owner: str | None) -> set[str]:
    """Returns the ids of the tasks and lists that an owner has."""
    tasks = client.send("GET", f"{path_of(owner)}/tasks?limit=1000")[1]["tasks"]
    lists = client.send("GET", f"{path_of(owner)}/lists")[1]["lists"]
    return {one["id"] for one in tasks} | {f"{one['id']} list" for one in lists}
