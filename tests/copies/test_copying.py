"""`taskward copy`: everything is copied, and clients continue where they were."""

import asyncio
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from copies.copied import KEYED, KEYED_BODY, Recorder, copy, fill, people, seen, trigger, users_of
from fastapi import FastAPI
from sqlmodel import SQLModel
from support import MakeDatabase, Person, database_of, execute, running, settings_for, stored
from support.postgres_connection import execute_sql
from webhooks.receiver import SECRET as WEBHOOK_SECRET

from taskward.copy import passes, postgres_sql, sqlite_sql, windows
from taskward.copy.copied import COPIED, EXCLUDED, CopiedTable, kind_of
from taskward.copy.errors import CopyFailed, Differs
from taskward.copy.job import Copy
from taskward.copy.opening import FROM, TO, opened, settings_of
from taskward.copy.sql import page_arguments, page_sql
from taskward.copy.verification import Verification
from taskward.database import DatabaseUnusable, schema
from taskward.database.sqlite.database import SqliteDatabase
from taskward.users.restores import mark_restored

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.processes, pytest.mark.single_statements("copies send SQL of their own")]
NOWHERE = "http://127.0.0.1:9/"
"""A receiver of webhooks that is not there."""
EMAIL = "shared@example.com"
"""The first who writes has it, until they are erased."""


def engines(pair: str) -> list[str]:
    return pair.split("-")


@pytest.mark.parametrize("pair", ["disk-postgres", "postgres-disk", "postgres-postgres", "disk-disk"])
async def test_a_client_sees_the_same_and_continues_from_what_it_has(
    pair: str, new_database: MakeDatabase
) -> None:
    source, target = [await new_database(engine) for engine in engines(pair)]

    await copy_with_clients(source, target, rls="postgres" in target)


async def copy_with_clients(source: str, target: str, *, rls: bool = False) -> None:
    """Copies what two clients have written; on the copy they continue from what they have."""
    subs = [str(uuid4()), str(uuid4())]
    settings = settings_for(source, webhook_url=NOWHERE, webhook_secret=WEBHOOK_SECRET)
    async with running(settings) as app:
        gone, (ann, bob) = Person(app), people(app, subs)
        await gone.create()
        assert (await gone.http.delete("/api/me")).is_success
        await ann.create("Before the restore")
        await mark_restored(settings)
        before = await _cursors(ann)
        tasks = await fill(ann)
        await fill(bob)
        shown = [await seen(one) for one in (ann, bob)]
        missed = [await _since(ann, cursor) for cursor in before]
        tags = {task: (await ann.http.get(f"/api/tasks/{task}")).headers["etag"] for task in tasks}
        first = await ann.http.post("/api/tasks", json=KEYED_BODY, headers=KEYED)
        now = await _cursors(ann)
    async with running(settings_for(source)) as app:  # without webhooks, whose worker would go on to write
        kept = {table.name: await stored(app, table.name) for table in COPIED}

    verified = await copy(source, target)

    assert {one.table: one.rows for one in verified} == {name: len(rows) for name, rows in kept.items()}
    assert all(kept.values()), "the test has rows for every table"
    async with running(settings_for(target, database_rls=rls)) as app:
        assert {name: _sorted(await stored(app, name)) for name in kept} == {
            name: _sorted(rows) for name, rows in kept.items()
        }
        ann, bob = people(app, subs)
        assert [await seen(one) for one in (ann, bob)] == shown
        assert [await _since(ann, cursor) for cursor in before] == missed
        again = await ann.http.post("/api/tasks", json=KEYED_BODY, headers=KEYED)
        assert (again.headers["idempotent-replayed"], again.content) == ("true", first.content)
        assert [await _since(ann, cursor) for cursor in now] == [[], []]
        for task, tag in tags.items():
            known = await ann.http.get(f"/api/tasks/{task}", headers={"If-None-Match": tag})
            assert known.status_code == 304
        changed = await ann.http.put(f"/api/tasks/{task}", json={"title": "x"}, headers={"If-Match": tag})
        assert changed.status_code == 200
        assert [len(await _since(ann, cursor)) for cursor in now] == [1, 1]


async def _cursors(person: Person) -> list[str]:
    """Returns cursors of the feed of tasks, and of tasks and lists."""
    kinds: list[dict[str, str]] = [{"kinds": "tasks"}, {"kinds": "tasks,lists"}]
    return [(await person.http.get("/api/changes", params=one)).json()["cursor"] for one in kinds]


async def _since(person: Person, cursor: str) -> list[Any]:
    """Returns the changes since a cursor, of the kinds that it is of."""
    for kinds in ("tasks", "tasks,lists"):
        answer = await person.http.get("/api/changes", params={"since": cursor, "kinds": kinds})
        if answer.status_code != 400:
            assert answer.status_code == 200, answer.text
            changes: list[Any] = answer.json()["changes"]
            return changes
    raise AssertionError(answer.text)


def _sorted(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(
        repr(sorted((name, int(v) if isinstance(v, bool) else v) for name, v in row.items())) for row in rows
    )


def test_every_table_is_copied_or_left_out_on_purpose() -> None:
    assert {table.name for table in COPIED} | EXCLUDED == set(SQLModel.metadata.tables)
    assert {table.name for table in COPIED} & EXCLUDED == set()


@pytest.mark.parametrize("seed", [5, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(6, 16))])
@pytest.mark.parametrize("pair", ["disk-postgres", "postgres-disk"])
async def test_each_pass_brings_what_has_changed(
    pair: str, seed: int, new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "PAGE", 3)
    monkeypatch.setattr(passes, "MAX_TASKS", 4)
    source, target = [await new_database(engine) for engine in engines(pair)]

    await copy_under_writes(source, target, seed)


async def copy_under_writes(source: str, target: str, seed: int) -> None:
    """Writes at random before and during each pass, and compares every row of its snapshot."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    async with (
        running(settings_for(source, webhook_url=NOWHERE, webhook_secret=WEBHOOK_SECRET)) as app,
        opened(settings_of(FROM, source), settings_of(TO, target)) as (given, made),
    ):
        everyone = [Person(app, email=EMAIL) for _ in range(4)]
        filled: set[str] = set()
        for _ in range(8):
            for _ in range(chance.randrange(1, 6)):
                await _write(chance, app, chance.choice(everyone), everyone)
            writing = asyncio.create_task(_write(chance, app, chance.choice(everyone), everyone))
            async with given.snapshot():
                assert await passes.Pass(given, made).run() == 0
                verified = await Verification(given, made).compare_all(lambda _done, _total: None)
            await writing
            filled |= {one.table for one in verified if one.rows}
        assert {"tasks", "task_labels"} <= filled


async def _write(chance: random.Random, app: FastAPI, person: Person, everyone: list[Person]) -> None:
    tasks = await person.tasks()
    match chance.randrange(9):
        case 0:
            await fill_some(person)
        case 1 if tasks:
            await person.http.delete(f"/api/tasks/{chance.choice(tasks)['id']}?subtasks=delete")
        case 2 if tasks:
            await person.put(chance.choice(tasks)["id"], is_completed=chance.random() < 0.7)
        case 3:
            await person.http.patch("/api/me", json={"time_zone": chance.choice(["Asia/Tokyo", "UTC"])})
        case 4:
            await person.http.delete("/api/me")
            heir = Person(app, str(uuid4()), email=EMAIL)  # the address of one who was erased
            await heir.create("With the same address")
            everyone.append(heir)
        case 5:
            body = {"operations": [{"op": "delete", "id": str(uuid4())}]}
            await person.http.post("/api/tasks/batch", json=body, headers={"Idempotency-Key": str(uuid4())})
        case 6:
            await person.http.delete("/api/labels/home")
        case _:
            await person.create(f"Task {chance.random()}", labels=["home"], due={"date": "2030-01-01"})


async def fill_some(person: Person) -> None:
    due = {"date": "2030-01-01", "time": "08:00", "time_zone": "Europe/Berlin"}
    parent = await person.create(
        "Parent", due=due, reminders=[{"offset_minutes": -5}], recurrence={"rule": "FREQ=DAILY"}
    )
    await person.create("Child", parent_id=parent["id"], labels=["x", "home"])


async def test_a_change_in_progress_is_waited_for_and_named_if_it_never_ends(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.job.LOCK_TIMEOUT", 0.1)
    monkeypatch.setattr("taskward.copy.job.PAUSE", 0.2)
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        ann, bob = Person(app), Person(app)
        for person in (ann, bob):
            await person.create()
    lock = f"INSERT INTO owner_locks VALUES ('{ann.sub}', 'erasure', 'x', 9e15)"  # noqa: S608 - a test's own words
    operator = Recorder()
    async with running(settings_for(source)) as app:
        await execute(app, lock.replace("9e15", str(9 * 10**15)))
        with pytest.raises(CopyFailed, match="--from: an import or an erasure of 1 users is not complete"):
            await copy(source, target, operator)
        assert await users_of(target) == [bob.sub], "ann is copied once the change is complete"
        await execute(app, "DELETE FROM owner_locks")

        verified = await copy(source, target)

    assert verified[0].rows == 2


@pytest.mark.parametrize("pair", ["disk-postgres", "postgres-disk"])
async def test_a_follower_of_a_copy_gets_what_is_written_until_the_switch(
    pair: str, new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.job.PAUSE", 0.05)
    source, target = [await new_database(engine) for engine in engines(pair)]
    async with running(settings_for(source)) as app:
        ann, bob, gone = Person(app), Person(app), Person(app)
        await fill(ann)
        await gone.create()
        tries: list[int] = []

        async def before_switch() -> None:
            tries.append(len(tries))
            await bob.create("New since the first pass")
            await ann.http.delete(f"/api/tasks/{(await ann.tasks())[0]['id']}?subtasks=delete")
            await gone.http.delete("/api/me")

        operator = Recorder(before_switch)
        verified = await copy(source, target, operator, follow=True)
        shown = [await seen(one) for one in (ann, bob)]

    assert operator.lines[0].startswith("The copy is verified")
    assert len(tries) == 1
    assert {one.table: one.rows for one in verified}["users"] == 3, "two persons and a space"
    async with running(settings_for(target)) as app:
        assert [await seen(one) for one in people(app, [ann.sub, bob.sub])] == shown


async def test_a_service_that_still_writes_delays_the_switch(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.job.PAUSE", 0.3)
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        ann = Person(app)
        await ann.create()
        writing: list[asyncio.Task[Any]] = []

        async def still_writing() -> None:
            if not writing:
                writing.append(asyncio.create_task(_write_often(ann)))
            elif not writing[0].done():
                writing[0].cancel()
                await asyncio.wait(writing)

        operator = Recorder(still_writing)
        await copy(source, target, operator, follow=True)
        shown = await seen(ann)

    assert any("The source is still written to, by 1 users" in line for line in operator.lines)
    async with running(settings_for(target)) as app:
        assert await seen(Person(app, ann.sub)) == shown


async def _write_often(person: Person) -> None:
    while True:
        await person.create("Again")
        await asyncio.sleep(0.02)


async def test_a_source_that_is_migrated_meanwhile_is_refused_at_the_switch(
    new_database: MakeDatabase,
) -> None:
    source, target = await new_database("postgres"), await new_database("disk")

    async def migrate() -> None:
        await execute_sql(source, "UPDATE alembic_version SET version_num = '9000'")

    with pytest.raises(CopyFailed, match="--from: the schema is at revision 9000"):
        await copy(source, target, Recorder(migrate), follow=True)


async def test_what_is_written_after_the_snapshot_is_reported(new_database: MakeDatabase) -> None:
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        ann = Person(app)
        await ann.create()
        async with opened(settings_of(FROM, source), settings_of(TO, target)) as (given, made):
            operator = Recorder()
            job = Copy(given, made, operator)
            complete = job._complete

            async def late() -> None:
                await ann.create("Later")
                await complete()

            job._complete = late  # type: ignore[method-assign] # a write at exactly this moment
            verified = await job.once()

    assert {one.table: one.rows for one in verified}["tasks"] == 1
    assert "Since then 1 users have written" in operator.lines[0]


DAMAGE = {
    "tasks": "NEW.title := NEW.title || '!'; RETURN NEW;",
    "task_labels": "RETURN NULL;",
    "users": "NEW.horizon := NEW.horizon + 1; RETURN NEW;",
    "idempotency_keys": "NEW.status := 200; RETURN NEW;",
}


@pytest.mark.parametrize("table", DAMAGE)
async def test_a_damaged_row_is_found_and_its_table_and_owner_are_named(
    table: str, new_database: MakeDatabase
) -> None:
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        ann = Person(app, str(UUID(int=1)))  # before the space, in the order of owners
        await fill(ann)
    await execute_sql(target, *trigger(table, DAMAGE[table]))

    with pytest.raises(Differs) as found:
        await copy(source, target)

    where = f"--to: the copy is not what the source has: rows of {table} of user {ann.sub} differ; "
    assert str(found.value).startswith(where)
    with pytest.raises(DatabaseUnusable, match="the database is an unfinished copy"):
        async with running(settings_for(target)):
            pass


async def test_damage_of_what_follows_the_verification_is_found_too(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.copy.job.PAUSE", 0.05)
    source, target = await new_database("disk"), await new_database("postgres")
    async with running(settings_for(source)) as app:
        ann = Person(app)
        await ann.create()

        async def damage() -> None:
            await execute_sql(target, *trigger("tasks", "RETURN NULL;"))
            await ann.create("Lost")

        with pytest.raises(Differs, match=f"rows of tasks of user {ann.sub} differ"):
            await copy(source, target, Recorder(damage), follow=True)


async def test_an_unfinished_copy_is_of_no_use_to_a_service(
    new_database: MakeDatabase, tmp_path: Path
) -> None:
    source = await new_database("disk")
    async with running(settings_for(source)) as app:
        await Person(app).create()
    targets: Sequence[str] = [f"sqlite:///{tmp_path / 'copy.db'}", await new_database("postgres")]
    for target in targets:
        async with opened(settings_of(FROM, source), settings_of(TO, target)) as (_, made):
            assert await made.revision() == schema.UNFINISHED_COPY + schema.newest_revision()
        with pytest.raises(DatabaseUnusable, match="the database is an unfinished copy"):
            async with running(settings_for(target)):
                pass
        with pytest.raises(CopyFailed, match="--from: is itself an unfinished copy"):
            await copy(target, f"sqlite:///{tmp_path / 'other.db'}")
        await copy(source, target)
        async with running(settings_for(target)) as app:
            assert len(await stored(app, "tasks")) == 1


@pytest.mark.parametrize("engine", ["disk", "postgres"])
async def test_each_page_is_read_along_the_primary_key(engine: str, new_database: MakeDatabase) -> None:
    """A sort for each page would read the whole table again and again."""
    async with running(settings_for(await new_database(engine))) as app:
        for table in COPIED:
            for of_owners, is_next in ((False, False), (False, True), (True, False), (True, True)):
                if of_owners and not table.has_owner:
                    continue
                plan = await _plan(app, table, of_owners, is_next)
                # Of an empty table, PostgreSQL may as well sort the rows of each owner.
                assert not re.search(r"TEMP B-TREE|(?<!Incremental )Sort  ", plan), plan


async def _plan(app: FastAPI, table: CopiedTable, of_owners: bool, is_next: bool) -> str:  # noqa: FBT001 - a case
    after = tuple(_VALUES[kind_of(column)] for column in table.key) if is_next else None
    arguments = page_arguments((NIL, NIL) if of_owners else None, after, 2000)
    if isinstance(database_of(app), SqliteDatabase):
        sql = page_sql(table, sqlite_sql.DIALECT, of_owners=of_owners, is_next=is_next)
        rows = database_of(app).writer.execute(f"EXPLAIN QUERY PLAN {sql}", arguments)
        return "\n".join(row[3] for row in rows)
    async with database_of(app).pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        sql = page_sql(table, postgres_sql.DIALECT, of_owners=of_owners, is_next=is_next)
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *arguments))


NIL = str(UUID(int=0))
_VALUES: dict[str, Any] = {"id": NIL, "text": "a", "number": 1}
