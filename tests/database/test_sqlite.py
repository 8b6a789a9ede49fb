"""The embedded engine: acknowledged writes are on the disk, and no request waits longer than needed."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlmodel import SQLModel
from support import DATABASE_ERROR, Person, client_of, database_of, refusal, running, settings_for

from taskward.database import DatabaseUnusable
from taskward.database.sqlite import busy, group_commit
from taskward.database.sqlite.connection import connect
from taskward.database.sqlite.database import SqliteDatabase
from taskward.database.statements import SPLIT, TransactionSteps
from taskward.http.caller import Owner
from taskward.http.errors import DatabaseError
from taskward.me.statements import SET_TIME_ZONE
from taskward.tasks.statements import CREATE_TASK
from taskward.tasks.steps.content import empty_task
from taskward.users.statements import LOCK_OWNER, person_values
from taskward.webhooks.statements import WAITING

WITH_ROWIDS = {"webhook_marks"}
"""The tables with values that are too large for one that is ordered by its key."""


@contextmanager
def held(path: Path) -> Iterator[sqlite3.Connection]:
    """Locks the file, as another process does during a write."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


def counted_commits(app: FastAPI) -> list[str]:
    """Returns a list that grows with each transaction of the writer."""
    commits: list[str] = []
    database_of(app).writer.set_trace_callback(
        lambda statement: commits.append(statement) if statement.startswith("COMMIT") else None
    )
    return commits


def bad_write(app: FastAPI, **wrong: Any) -> Any:
    """Sends an invalid write past all validation, so that the database rejects it."""
    user = Owner(uuid4())
    values = person_values(user) | {"task_id": uuid4(), "title": "x", "title_folded": "x"} | wrong
    return database_of(app).write(CREATE_TASK, values)


# Acknowledged writes are on the disk


def test_every_connection_is_durable_and_enforces_foreign_keys(path: Path) -> None:
    connection = connect(path)

    pragmas = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    connection.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 0}


async def test_every_table_is_strict_and_ordered_by_its_key(file_app: FastAPI) -> None:
    tables = database_of(file_app).reader.execute("PRAGMA table_list").fetchall()
    ours = {name: (without_rowid, strict) for _, name, _, _, without_rowid, strict in tables}

    for name in SQLModel.metadata.tables.keys() - WITH_ROWIDS:
        assert ours[name] == (1, 1)
    assert {ours[name] for name in WITH_ROWIDS} == {(0, 1)}


async def test_who_waits_for_webhooks_is_found_without_reading_the_stored_deliveries(
    file_app: FastAPI,
) -> None:
    database = database_of(file_app)
    await database.rows(WAITING, {"limit": 16})  # the first time it is compiled
    database.writer.executemany(
        "INSERT INTO webhook_marks (user_id, next_at, body, attempts, is_erased) VALUES (?, 1, ?, 1, 0)",
        [(str(uuid4()), "b" * 2_000_000) for _ in range(30)],
    )
    begun = time.thread_time()
    rows = await database.rows(WAITING, {"limit": 16})

    assert time.thread_time() - begun < 0.02  # with them it holds the event loop for 60 ms
    assert len(rows) == 16


async def test_a_task_is_there_after_a_restart(path: Path) -> None:
    settings = settings_for(f"sqlite:///{path}")
    async with running(settings) as app:
        ann = Person(app)
        task = await ann.create()
    async with running(settings) as app:
        assert await Person(app, ann.sub).tasks() == [task]


async def test_writes_in_flight_at_the_stop_are_completed(path: Path) -> None:
    settings = settings_for(f"sqlite:///{path}")
    async with running(settings) as app:
        ann = Person(app)
        writes = [asyncio.create_task(ann.create(f"Task {n}")) for n in range(20)]
        await asyncio.sleep(0)
    made = await asyncio.gather(*writes)

    async with running(settings) as app:
        assert len(await Person(app, ann.sub).tasks()) == len(made) == 20


async def test_a_write_is_acknowledged_only_after_it_is_committed(file_app: FastAPI, path: Path) -> None:
    ann = Person(file_app)
    for n in range(5):
        await ann.create(f"Task {n}")
        other = sqlite3.connect(path)
        assert other.execute("SELECT count(*) FROM tasks").fetchone() == (n + 1,)
        other.close()


# Group commit


async def test_writes_that_wait_at_the_same_time_share_transactions(file_app: FastAPI) -> None:
    commits = counted_commits(file_app)

    await asyncio.gather(*(Person(file_app).create() for _ in range(100)))

    assert (
        1 <= len(commits) <= 12
    )  # the app begins a few in each iteration of the loop, and a commit takes several


async def test_one_transaction_has_a_limited_number_of_writes(file_app: FastAPI) -> None:
    commits = counted_commits(file_app)

    await asyncio.gather(*(Person(file_app).create() for _ in range(3 * group_commit.MAX_GROUP)))

    assert len(commits) >= 3


async def test_a_failed_write_does_not_roll_back_the_others(file_app: FastAPI) -> None:
    people = [Person(file_app) for _ in range(8)]
    bad = [
        bad_write(file_app, title="x" * 201),
        bad_write(file_app, title=None),
        bad_write(file_app, is_completed=2**70),
        bad_write(file_app, now="no time"),
    ]
    commits = counted_commits(file_app)

    outcomes = await asyncio.gather(
        *(person.create("Before") for person in people[:4]),
        *bad,
        *(person.create("After") for person in people[4:]),
        return_exceptions=True,
    )

    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False] * 4 + [True] * 4 + [False] * 4
    assert [isinstance(outcome, DatabaseError) for outcome in outcomes[4:6]] == [True, True]
    assert [len(await person.tasks()) for person in people] == [1] * 8
    assert len(commits) <= 2
    assert database_of(file_app).reader.execute("SELECT count(*) FROM users").fetchone() == (8,)


async def test_a_transaction_of_several_statements_leaves_the_event_loop_free(file_app: FastAPI) -> None:
    threads: list[threading.Thread] = []

    def steps() -> TransactionSteps[None]:
        for _ in range(3):
            yield LOCK_OWNER, {"owner": uuid4()}
            threads.append(threading.current_thread())

    await database_of(file_app).transact(steps)

    assert len(threads) == 3
    assert threading.main_thread() not in threads


async def test_owners_take_turns_and_the_writes_of_one_stay_in_order(file_app: FastAPI) -> None:
    many, one = uuid4(), uuid4()
    began: list[str] = []

    def steps(owner: UUID, name: str) -> TransactionSteps[None]:
        yield LOCK_OWNER, {"owner": owner}
        began.append(name)

    async def write(owner: UUID, name: str) -> None:
        await database_of(file_app).transact(lambda: steps(owner, name), long=True)

    await asyncio.gather(*(write(many, f"many {n}") for n in range(5)), write(one, "one"))

    assert began == ["many 0", "one", *(f"many {n}" for n in range(1, 5))]


async def test_transactions_join_a_group_only_until_it_has_taken_its_time(
    file_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def commits_of_eight() -> int:
        def steps(owner: UUID) -> TransactionSteps[None]:
            yield LOCK_OWNER, {"owner": owner}

        owners = [uuid4() for _ in range(8)]
        commits = counted_commits(file_app)
        await asyncio.gather(*(database_of(file_app).transact(partial(steps, owner)) for owner in owners))
        return len(commits)

    assert await commits_of_eight() < 8
    monkeypatch.setattr(group_commit, "GROUP_SECONDS", 0)
    assert await commits_of_eight() == 8


async def test_a_transaction_that_takes_too_long_is_rolled_back(
    file_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Person(file_app)
    kept = await ann.create("Kept")
    monkeypatch.setattr("taskward.database.sqlite.database.TRANSACTION_TIMEOUT", 0.2)
    delay = partial(time.sleep, 0.3)
    monkeypatch.setattr("taskward.tasks.steps.empty_task", lambda *task: (delay(), empty_task(*task))[1])

    answer = await ann.http.post("/api/tasks", json={"title": "Late", "position": {"at": "first"}})

    assert refusal(answer) == DATABASE_ERROR
    assert await ann.tasks() == [kept]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancelled_request_does_not_block_others(file_app: FastAPI, *, fails: bool) -> None:
    ann, bob = Person(file_app), Person(file_app)
    given_up = asyncio.create_task(bad_write(file_app, title=None) if fails else ann.create())
    beside = asyncio.create_task(bob.create())
    await asyncio.sleep(0)
    given_up.cancel()

    assert [await beside] == await bob.tasks()
    assert len(await ann.tasks()) <= 1


@pytest.mark.parametrize(
    ("cancelled_in", "zone", "is_locked"), [("Lima", None, False), ("Tokyo", "America/Lima", True)]
)
async def test_a_transaction_whose_caller_is_cancelled_is_rolled_back(
    file_app: FastAPI, cancelled_in: str, zone: str | None, *, is_locked: bool
) -> None:
    """Of one that is split only the part that runs; the rest of it is left to the recovery."""
    database, ann = database_of(file_app), Person(file_app)
    owner = person_values(ann_caller := Owner(UUID(ann.sub)))
    runs, goes_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def pause(statement: str) -> None:
        if cancelled_in in statement:
            loop.call_soon_threadsafe(runs.set)
            goes_on.wait(10)

    def change(place: str) -> TransactionSteps[object]:
        return (yield SET_TIME_ZONE, owner | {"time_zone": place, "fields": ["time_zone"]})

    def steps() -> TransactionSteps[None]:
        yield from change("America/Lima")
        yield SPLIT, {"owner": ann_caller.id, "change": "import"}
        yield from change("Asia/Tokyo")
        yield from change("Europe/Berlin")

    database.writer.set_trace_callback(pause)
    running = asyncio.create_task(database.transact(steps, long=True))
    await runs.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    goes_on.set()
    await Person(file_app).create("Of another user")

    zones = database.reader.execute("SELECT time_zone FROM users WHERE id = ?", [ann.sub]).fetchall()
    assert zones == ([] if zone is None else [(zone,)])
    assert is_locked == bool(database.reader.execute("SELECT 1 FROM owner_locks").fetchall())


async def test_a_failed_commit_fails_all_its_writes_and_stores_none(file_app: FastAPI) -> None:
    people = [Person(file_app) for _ in range(4)]
    kept = await people[0].create("Kept")
    writer = database_of(file_app).writer
    writer.set_authorizer(
        lambda action, what, *_: (
            sqlite3.SQLITE_DENY if (action, what) == (22, "COMMIT") else sqlite3.SQLITE_OK
        )
    )

    answers = await asyncio.gather(
        *(person.http.post("/api/tasks", json={"title": "Lost"}) for person in people)
    )
    writer.set_authorizer(None)

    assert [refusal(answer) for answer in answers] == [DATABASE_ERROR] * 4
    assert [await person.tasks() for person in people] == [[kept], [], [], []]
    assert (await people[1].create("After"))["title"] == "After"


async def test_a_full_disk_is_a_database_error_until_there_is_space(file_app: FastAPI) -> None:
    ann = Person(file_app)
    kept = await ann.create("Kept")
    writer = database_of(file_app).writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + 1}")

    answers = await asyncio.gather(
        *(ann.http.post("/api/tasks", json={"title": "x", "description": "y" * 2000}) for _ in range(20))
    )
    refused = [answer for answer in answers if answer.status_code != 201]
    assert refused
    assert {refusal(answer) for answer in refused} == {DATABASE_ERROR}
    assert len(await ann.tasks()) == 1 + len(answers) - len(refused)

    writer.execute("PRAGMA max_page_count = 1000000")
    after = await ann.create("After")
    listed = await ann.tasks()
    assert (listed[0], listed[-1]) == (after, kept)


# Another process has locked the file


async def test_a_write_waits_until_another_process_unlocks_the_file(file_app: FastAPI, path: Path) -> None:
    ann = Person(file_app)
    with held(path):
        writing = asyncio.create_task(ann.create())
        await asyncio.sleep(0.05)
        assert not writing.done()

    task = await writing
    assert await ann.tasks() == [task]


async def test_reads_and_health_work_while_a_write_waits(file_app: FastAPI, path: Path) -> None:
    ann = Person(file_app)
    task = await ann.create("First")
    with held(path):
        writing = asyncio.create_task(ann.create("Second"))
        for _ in range(50):
            assert await ann.tasks() == [task]
            assert (await client_of(file_app).get("/health/ready")).status_code == 200
            await asyncio.sleep(0)
        assert not writing.done()

    assert (await writing)["title"] == "Second"


async def test_a_file_that_stays_locked_is_a_database_error(
    file_app: FastAPI, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy, "BUSY_TIMEOUT", 0.1)
    ann = Person(file_app)
    with held(path):
        begun = time.monotonic()
        answers = await asyncio.gather(*(ann.http.post("/api/tasks", json={"title": "x"}) for _ in range(3)))
        assert 0.1 <= time.monotonic() - begun < 5
        assert [refusal(answer) for answer in answers] == [DATABASE_ERROR] * 3

    assert len([await ann.create()]) == len(await ann.tasks())


async def test_a_queued_write_does_not_wait_longer_than_a_single_one(
    file_app: FastAPI, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy, "BUSY_TIMEOUT", 1.0)
    ann = Person(file_app)
    with held(path):
        first = asyncio.create_task(ann.http.post("/api/tasks", json={"title": "First"}))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        second = await ann.http.post("/api/tasks", json={"title": "Second"})

        assert 1.0 <= time.monotonic() - begun < 1.6
        assert refusal(second) == refusal(await first) == DATABASE_ERROR


async def test_two_processes_on_one_file_see_and_wait_for_each_other(file_app: FastAPI, path: Path) -> None:
    async with running(settings_for(f"sqlite:///{path}")) as other:
        ann = Person(file_app)
        also_ann = Person(other, ann.sub)
        made = await asyncio.gather(
            *(person.create(f"Task {n}") for n in range(15) for person in (ann, also_ann))
        )

        assert sorted(task["id"] for task in made) == sorted(task["id"] for task in await ann.tasks())
        assert await ann.tasks() == await also_ann.tasks()


# Unusable files


async def test_a_missing_folder_is_reported_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "taskward.db"

    with pytest.raises(DatabaseUnusable, match=r"there is no folder .*nowhere"):
        await SqliteDatabase(path).start()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing else runs here


@pytest.fixture(params=[b"this is no database at all, " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def broken(request: pytest.FixtureRequest, path: Path) -> Iterator[Path]:
    """Yields a file that is no database, and asserts that it is not modified."""
    path.write_bytes(request.param)
    yield path
    assert path.read_bytes() == request.param


async def test_a_file_that_is_no_database_is_reported_at_the_start_and_not_modified(broken: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"taskward\.db: "):
        await SqliteDatabase(broken).start()


@pytest.fixture
def folder(path: Path) -> Path:
    path.mkdir()
    return path


async def test_a_folder_instead_of_the_file_is_reported_at_the_start(folder: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"taskward\.db: it is a folder"):
        await SqliteDatabase(folder).start()


async def test_a_database_of_another_program_is_reported_at_the_start_and_not_modified(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE tasks (mine TEXT)")
    other.commit()
    other.close()

    with pytest.raises(DatabaseUnusable, match="table tasks already exists"):
        await SqliteDatabase(path).start()

    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("tasks",)]
    other.close()


def write_garbage(path: Path) -> None:
    path.write_bytes(b"no database " * 100)


def write_tables_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE tasks (mine TEXT)")


@pytest.mark.parametrize("write", [write_garbage, write_tables_of_another_program])
def test_a_file_that_is_rejected_at_the_start_is_closed(path: Path, write: Callable[[Path], None]) -> None:
    write(path)
    database = SqliteDatabase(path)

    with pytest.raises(DatabaseUnusable):
        asyncio.run(database.start())

    assert path.resolve() not in {link.resolve() for link in Path("/proc/self/fd").iterdir()}


async def test_a_database_that_was_never_started_can_be_stopped(path: Path) -> None:
    await SqliteDatabase(path).stop()
    await SqliteDatabase(None).stop()


async def test_a_database_in_memory_has_no_revision_and_ends_with_the_app() -> None:
    assert await SqliteDatabase(None).revision() is None
    async with running(settings_for("sqlite://")) as app:
        ann = Person(app)
        await ann.create()
    async with running(settings_for("sqlite://")) as app:
        assert await Person(app, ann.sub).tasks() == []
