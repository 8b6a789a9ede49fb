"""A server that is killed during a large import or erasure; and the removal of erased data."""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from faults.fault_report import Observe
from support import SECRET, MakeDatabase
from support.background_load import TimedClient, count_tasks, import_document
from support.command import command, serve
from support.waiting import wait_for

# All or nothing


SIZE = 750_000
"""Bytes of an import that takes several transactions: 5,000 tasks."""

KEY = {"Idempotency-Key": "the-import"}


@pytest.mark.parametrize(
    "moment", [0.5, *(pytest.param(n / 4, marks=pytest.mark.soak) for n in (1, 3, 4, 5, 6, 7, 8))]
)
def test_a_server_that_is_killed_leaves_all_of_an_import_or_nothing(
    url: str, tmp_path: Path, moment: float
) -> None:
    """At any point; the key shows which of the two it was."""
    body, count = import_document(SIZE)
    sub = str(uuid4())
    with (
        serve(tmp_path, DATABASE_URL=url) as first,
        lost(lambda ann: ann.send("POST", "/api/me/import", body, **KEY), first.port(), sub),
    ):
        time.sleep(moment)
        os.killpg(first.process.pid, signal.SIGKILL)
    with serve(tmp_path, DATABASE_URL=url) as second, TimedClient(second.port(), sub) as ann:
        assert count_tasks(ann) in {0, count}
        wait_for(lambda: ann.send("POST", "/api/me/import", body, **KEY)[0] == 200, seconds=60, pause=0.5)
        assert count_tasks(ann) == count


@pytest.mark.processes
@pytest.mark.fault("SQLite: the service killed while it publishes an import")
def test_an_import_that_is_killed_while_it_is_published_is_there_after_the_restart(
    new_database_on_disk: str, tmp_path: Path, observe: Observe
) -> None:
    body, count = import_document(SIZE)
    sub = str(uuid4())
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as first:
        port = first.port()
        make_slow(new_database_on_disk)
        with lost(lambda ann: ann.send("POST", "/api/me/import", body, **KEY), port, sub):
            kill_during_a_change(new_database_on_disk, first.process.pid)
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as second, TimedClient(second.port(), sub) as ann:
        begun = time.monotonic()
        assert count_tasks(ann) == count
        back = time.monotonic() - begun
        status, answer, _ = ann.send("POST", "/api/me/import", body, **KEY)
        assert (status, answer) == (200, {"imported": count, "skipped": 0})
    observe("no answer; after the restart all of the import", back=back, lost="nothing")


@pytest.mark.processes
@pytest.mark.fault("SQLite: the service killed while it erases a user")
def test_an_erasure_that_is_killed_is_completed_after_the_restart(
    new_database_on_disk: str, tmp_path: Path, observe: Observe
) -> None:
    """The user's first write afterwards is not erased with the rest."""
    body, count = import_document(SIZE)
    sub = str(uuid4())
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as first, TimedClient(first.port(), sub) as ann:
        assert ann.send("POST", "/api/me/import", body)[1] == {"imported": count, "skipped": 0}
        make_slow(new_database_on_disk)
        with lost(lambda erasing: erasing.send("DELETE", "/api/me"), first.port(), sub):
            kill_during_a_change(new_database_on_disk, first.process.pid)
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as second, TimedClient(second.port(), sub) as ann:
        begun = time.monotonic()
        wait_for(lambda: ann.send("POST", "/api/tasks", {"title": "Afterwards"})[0] == 201, seconds=60)
        back = time.monotonic() - begun
        assert count_tasks(ann) == 1
    observe("no answer; after the restart all is erased", back=back, lost="what was to be erased")


@pytest.mark.processes
@pytest.mark.parametrize("tasks", ["delete", "keep"])
def test_a_deletion_of_a_list_that_is_killed_is_completed_after_the_restart(
    new_database_on_disk: str, tmp_path: Path, tasks: str
) -> None:
    body, count = import_document(SIZE)
    whole = json.loads(body)
    home = {**whole["tasks"][0], "title": "Home"}
    whole = {"lists": [home], "tasks": [{**task, "list_id": home["id"]} for task in whole["tasks"]]}
    sub = str(uuid4())
    path = f"/api/lists/{home['id']}"
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as first, TimedClient(first.port(), sub) as ann:
        assert ann.send("POST", "/api/me/import", json.dumps(whole).encode())[0] == 200
        make_slow(new_database_on_disk)
        with lost(lambda other: other.send("DELETE", f"{path}?tasks={tasks}"), first.port(), sub):
            kill_during_a_change(new_database_on_disk, first.process.pid)
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as second, TimedClient(second.port(), sub) as ann:
        assert count_tasks(ann) == (0 if tasks == "delete" else count)
        assert ann.send("GET", path)[0] == 404
        page = ann.send("GET", "/api/tasks?limit=1000")[1]
        assert not any("list_id" in task for task in page["tasks"])


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "is_repeated", "status"),
    [
        ("SIGINT", False, 0),
        pytest.param("SIGTERM", False, 0, marks=pytest.mark.soak),
        pytest.param("SIGHUP", False, 0, marks=pytest.mark.soak),
        ("SIGINT", True, 130),
        ("SIGKILL", False, -9),
    ],
)
def test_a_command_that_is_stopped_while_it_publishes_leaves_all_of_an_import(
    new_database_on_disk: str, tmp_path: Path, name: str, status: int, *, is_repeated: bool
) -> None:
    """An export right after it sees all; so does a repetition of the import."""
    body, count = import_document(SIZE)
    file, user = tmp_path / "import.json", str(uuid4())
    file.write_bytes(body)
    taskward = partial(command, tmp_path, DATABASE_URL=new_database_on_disk, JWT_SECRET=SECRET)
    with taskward("migrate") as migrating:
        assert migrating.wait() == 0
    make_slow(new_database_on_disk)
    with taskward("import", user, str(file)) as importing:
        wait_for(lambda: _has_lock(new_database_on_disk), seconds=60)
        importing.process.send_signal(signal.Signals[name])
        while is_repeated and importing.process.poll() is None:
            time.sleep(0.05)
            importing.process.send_signal(signal.Signals[name])
        # Once it has no handler any more, the next signal ends it.
        assert importing.wait() in ({status, -signal.SIGINT} if is_repeated else {status}), importing.err
    with taskward("export", user) as exporting:
        assert exporting.wait() == 0, exporting.err
    assert len(json.loads("".join(exporting.out))["tasks"]) == count
    with taskward("import", user, str(file)) as repeating:
        assert (repeating.wait(), repeating.out) == (0, [f"0 imported, {count} skipped\n"]), repeating.err
    expected = {0: [f"{count} imported, 0 skipped\n"]}
    assert importing.out == expected.get(status, [])
    assert ("Stopped." in "".join(importing.err)) == (status == 130)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "status"),
    [pytest.param("SIGINT", 130, marks=pytest.mark.soak), ("SIGTERM", 130), ("SIGKILL", -9)],
)
def test_a_command_that_is_stopped_before_it_publishes_leaves_nothing_of_an_import(
    new_database_on_disk: str, tmp_path: Path, name: str, status: int
) -> None:
    """A repetition works at once, or says when: an import without a process is abandoned after a while."""
    body, count = import_document(SIZE)
    file, user = tmp_path / "import.json", str(uuid4())
    file.write_bytes(body)
    taskward = partial(command, tmp_path, DATABASE_URL=new_database_on_disk, JWT_SECRET=SECRET)
    with taskward("migrate") as migrating:
        assert migrating.wait() == 0
    make_slow(new_database_on_disk, "import_tasks")
    with taskward("import", user, str(file)) as importing:
        wait_for(lambda: _has_rows(new_database_on_disk, "import_tasks"), seconds=60)
        importing.process.send_signal(signal.Signals[name])
        assert importing.wait() == status, importing.err
    assert not _has_rows(new_database_on_disk, "tasks")
    with taskward("import", user, str(file)) as repeating:
        ended = repeating.wait()
    if status == 130:
        assert (ended, repeating.out) == (0, [f"{count} imported, 0 skipped\n"]), repeating.err
    else:
        assert ended == 1
        assert repeating.err[-1] == "taskward: Try again in 15 seconds.\n"


def kill_during_a_change(url: str, pid: int) -> None:
    """Kills a service while a change that takes several transactions is in progress."""
    wait_for(lambda: _has_lock(url), seconds=60)
    os.killpg(pid, signal.SIGKILL)
    assert _has_lock(url)


def make_slow(url: str, table: str = "tasks") -> None:
    """Makes each row of a change take longer, so that the change is seen also where the test hardly runs."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for change in ("INSERT", "UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER slow_{change} BEFORE {change} ON {table} "
                "BEGIN SELECT length(hex(randomblob(50000))); END"
            )


def _has_lock(url: str) -> bool:
    return _has_rows(url, "owner_locks")


def _has_rows(url: str, table: str) -> bool:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608 - our own name


@contextmanager
def lost(run: Callable[[TimedClient], object], port: int, sub: str) -> Iterator[None]:
    """Sends a request while the block runs, and be content with a connection that breaks."""

    def sending() -> None:
        with TimedClient(port, sub) as client, suppress(OSError, http.client.HTTPException):
            run(client)

    thread = threading.Thread(target=sending)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest_asyncio.fixture
async def new_database_on_disk(new_database: MakeDatabase) -> str:
    return await new_database("disk")


# Erased is erased


@pytest.mark.processes
def test_what_was_erased_is_in_none_of_the_files(new_database_on_disk: str, tmp_path: Path) -> None:
    path = Path(new_database_on_disk.removeprefix("sqlite:///"))
    with serve(tmp_path, DATABASE_URL=new_database_on_disk) as running:
        ann, bob = TimedClient(running.port()), TimedClient(running.port())
        bob.send("POST", "/api/tasks", {"title": "nightingale"})
        for n in range(50):
            ann.send("POST", "/api/tasks", {"title": f"sparrow {n}", "description": "sparrow " * 200})
        ann.send(
            "POST", "/api/me/import", import_document(300_000)[0].replace(b'"title":"', b'"title":"sparrow ')
        )
        assert b"sparrow" in contents(path)

        assert ann.send("DELETE", "/api/me")[0] == 200

        assert b"sparrow" not in contents(path)
        assert b"nightingale" in contents(path)
        ann.close()
        bob.close()


def contents(path: Path) -> bytes:
    files = [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]
    return b"".join(file.read_bytes() for file in files if file.exists())
