"""A server that is killed while it restores tasks, empties the trash, or moves the tasks of a list to it."""

import asyncio
import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from faults.fault_report import Observe
from faults.test_killed_changes import lost, make_slow
from support import citus
from support.background_load import TimedClient, count_tasks, import_document
from support.command import Command, serve
from support.postgres_connection import execute_sql, fetch_sql
from support.waiting import until

SUBTASKS = 500
KEY = {"Idempotency-Key": "the-restoration"}

Task = dict[str, Any]

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "disk",
            marks=pytest.mark.fault("SQLite: the service killed while it restores a task with 500 subtasks"),
        ),
        pytest.param(
            "postgres",
            marks=pytest.mark.fault(
                "PostgreSQL: the service killed while it restores a task with 500 subtasks"
            ),
        ),
    ],
    indirect=True,
)
async def test_a_restoration_that_is_killed_has_restored_all_or_nothing(
    url: str, tmp_path: Path, observe: Observe
) -> None:
    """SQLite restores them in parts, and completes that; on PostgreSQL it is repeated, with the same key."""
    top, *others = _tasks(SUBTASKS + 1)
    tasks = [top, *({**task, "parent_id": top["id"], "labels": ["home"]} for task in others)]
    path, sub = f"/api/trash/{top['id']}/restore", str(uuid4())
    with serve(tmp_path, DATABASE_URL=url) as first, TimedClient(first.port(), sub) as ann:
        assert ann.send("POST", "/api/me/import", {"tasks": tasks})[0] == 200
        assert ann.send("DELETE", f"/api/tasks/{top['id']}?subtasks=delete&to=trash")[0] == 200
        await slow_down(url, "tasks")
        with lost(lambda other: other.send("POST", path, {}, **KEY), first.port(), sub):
            await until(lambda: is_in_the_middle(url), seconds=60)
            await kill(first, url)
    with serve(tmp_path, DATABASE_URL=url) as second, TimedClient(second.port(), sub) as ann:
        begun = time.monotonic()
        is_restored = count_tasks(ann) > 0
        back = time.monotonic() - begun
        assert is_restored or not url.startswith("sqlite")
        counts = (len(tasks), 0) if is_restored else (0, len(tasks))
        assert (count_tasks(ann), count_trash(ann)) == counts
        assert ann.send("POST", path, {}, **KEY)[0] == 200
        assert (count_tasks(ann), count_trash(ann)) == (len(tasks), 0)
        labels = ann.send("GET", "/api/labels")[1]["labels"]
        assert [(one["label"], one["tasks"]) for one in labels] == [("home", SUBTASKS)]
    saw = "all are restored" if is_restored else "all are in the trash"
    observe(f"no answer; after the restart {saw}", back=back)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "disk", marks=pytest.mark.fault("SQLite: the service killed while it empties the trash")
        ),
        pytest.param(
            "postgres", marks=pytest.mark.fault("PostgreSQL: the service killed while it empties the trash")
        ),
    ],
    indirect=True,
)
async def test_an_emptying_that_is_killed_leaves_the_rest_in_the_trash(
    url: str, tmp_path: Path, observe: Observe
) -> None:
    tasks, sub = _tasks(700), str(uuid4())
    with serve(tmp_path, DATABASE_URL=url) as first, TimedClient(first.port(), sub) as ann:
        trash_list(ann, tasks)
        await slow_down(url, "trash")
        with lost(lambda other: other.send("DELETE", "/api/trash"), first.port(), sub):
            await until(lambda: _is_below(url, len(tasks)), seconds=60)
            await kill(first, url)
    with serve(tmp_path, DATABASE_URL=url) as second, TimedClient(second.port(), sub) as ann:
        begun = time.monotonic()
        rest = count_trash(ann)
        back = time.monotonic() - begun
        assert 0 < rest < len(tasks)
        assert ann.send("DELETE", "/api/trash")[:2] == (200, {"deleted": rest})
        assert (count_tasks(ann), count_trash(ann)) == (0, 0)
    observe(
        "no answer; after the restart what was not deleted is in the trash",
        back=back,
        lost="what was to be deleted",
    )


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "disk",
            marks=pytest.mark.fault("SQLite: the service killed while it moves a list's tasks to the trash"),
        ),
        pytest.param(
            "postgres",
            marks=pytest.mark.fault(
                "PostgreSQL: the service killed while it moves a list's tasks to the trash"
            ),
        ),
    ],
    indirect=True,
)
async def test_a_list_whose_tasks_go_to_the_trash_when_it_is_killed_is_deleted_wholly_or_not_at_all(
    url: str, tmp_path: Path, observe: Observe
) -> None:
    """SQLite moves them in parts, and completes the deletion; on PostgreSQL it is repeated."""
    tasks, sub = _tasks(700), str(uuid4())
    path = f"/api/lists/{tasks[0]['id']}"
    with serve(tmp_path, DATABASE_URL=url) as first, TimedClient(first.port(), sub) as ann:
        import_list(ann, tasks)
        await slow_down(url, "tasks")
        with lost(lambda other: other.send("DELETE", f"{path}?{TO_TRASH}"), first.port(), sub):
            await until(lambda: is_in_the_middle(url), seconds=60)
            await kill(first, url)
    with serve(tmp_path, DATABASE_URL=url) as second, TimedClient(second.port(), sub) as ann:
        begun = time.monotonic()
        is_deleted = count_tasks(ann) == 0
        back = time.monotonic() - begun
        assert is_deleted or not url.startswith("sqlite")
        assert ann.send("GET", path)[0] == (404 if is_deleted else 200)
        assert count_trash(ann) == (len(tasks) if is_deleted else 0)
        if not is_deleted:
            assert count_tasks(ann) == len(tasks)
            assert ann.send("DELETE", f"{path}?{TO_TRASH}")[0] == 200
        assert (count_tasks(ann), count_trash(ann)) == (0, len(tasks))
    saw = "all are in the trash" if is_deleted else "the list and its tasks are there"
    observe(f"no answer; after the restart {saw}", back=back)


TO_TRASH = "tasks=delete&to=trash"


def import_list(client: TimedClient, tasks: list[Task]) -> None:
    """Imports tasks in one list, which has the id of the first one."""
    home = {**tasks[0], "title": "Home"}
    document = {"lists": [home], "tasks": [{**task, "list_id": home["id"]} for task in tasks]}
    assert client.send("POST", "/api/me/import", document)[0] == 200


def trash_list(client: TimedClient, tasks: list[Task]) -> None:
    """Puts tasks into the trash."""
    import_list(client, tasks)
    assert client.send("DELETE", f"/api/lists/{tasks[0]['id']}?{TO_TRASH}")[0] == 200
    assert count_trash(client) == len(tasks)


def count_trash(client: TimedClient) -> int:
    """Returns the number of a user's tasks in the trash."""
    count, cursor = 0, ""
    while True:
        status, page, _ = client.send("GET", f"/api/trash?limit=1000{cursor}")
        assert status == 200
        count += len(page["tasks"])
        if page["next_cursor"] is None:
            return count
        cursor = f"&cursor={page['next_cursor']}"


async def slow_down(url: str, table: str) -> None:
    """Makes each row of a change take longer, so that the change is seen also where the test hardly runs."""
    if url.startswith("sqlite"):
        make_slow(url, table)
        return
    await execute_sql(
        url,
        "SET citus.enable_unsafe_triggers = on",  # it puts them on the shards
        "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.001); RETURN coalesce(NEW, OLD); END'",
        f"CREATE TRIGGER slow BEFORE INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION be_slow()",
    )


async def kill(service: Command, url: str) -> None:
    """Kills a service while it writes, and waits until the server has noticed that; then nothing is slow."""
    os.killpg(service.process.pid, signal.SIGKILL)
    await asyncio.to_thread(service.process.wait)
    await until(lambda: is_not_writing(url))
    if url.startswith("sqlite"):
        with closing(_connect(url)) as connection:
            for change in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(f"DROP TRIGGER slow_{change}")
    else:
        await execute_sql(url, "DROP FUNCTION be_slow CASCADE")


async def is_writing(url: str) -> bool:
    """Returns whether a transaction is changing rows that `slow_down` has made slow."""
    if url.startswith("sqlite"):
        return _is_locked(url)
    held = (  # until the transaction ends, also between its statements
        "SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
        "JOIN pg_database ON pg_database.oid = database AND datname = current_database() "
        r"WHERE relname ~ '^(tasks|trash)(_\d+)?$' AND mode = 'RowExclusiveLock'"
    )
    if not citus.CLUSTER_URL:
        return bool(await fetch_sql(url, held))
    on_all_servers = "SELECT 1 FROM run_command_on_all_nodes($1) WHERE result = 't'"  # they have the shards
    return bool(await fetch_sql(url, on_all_servers, f"SELECT EXISTS ({held})"))


async def is_not_writing(url: str) -> bool:
    return not await is_writing(url)


def _is_locked(url: str) -> bool:
    with closing(_connect(url)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


async def is_in_the_middle(url: str) -> bool:
    """Returns whether a change is being made, on SQLite one of which some parts are committed."""
    return await is_writing(url) and (not url.startswith("sqlite") or await _count(url, "owner_locks") > 0)


async def _is_below(url: str, count: int) -> bool:
    """Returns whether the trash has fewer tasks, and more are being deleted."""
    return await is_writing(url) and await _count(url, "trash") < count


async def _count(url: str, table: str) -> int:
    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own name
    if url.startswith("sqlite"):
        with closing(_connect(url)) as connection:
            return int(connection.execute(query).fetchone()[0])
    return int((await fetch_sql(url, query))[0][0])


def _connect(url: str) -> sqlite3.Connection:
    return sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)


def _tasks(count: int) -> list[Task]:
    tasks: list[Task] = json.loads(import_document(200 * count)[0])["tasks"]
    return tasks[:count]
