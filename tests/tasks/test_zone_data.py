"""docs/contract.md#optional-fields: stored instants follow changes of the rules of time zones."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import MakeDatabase, Person, database_of, execute, running, settings_for, stored
from support.apps import until_jobs_have_run
from support.change_feed import changes_since, cursor_now
from support.rows import earlier_by, microseconds

from taskward.database.statements import Read, TransactionSteps
from taskward.tasks import zone_data
from taskward.tasks.steps.reminder_statements import ADD_REMINDERS, DROP_REMINDERS
from taskward.tasks.zone_data import MAX_TASKS, ZoneDataUpdate
from taskward.tasks.zone_data_statements import (
    CLAIM_ZONE_DATA,
    SET_INSTANTS,
    STORE_VERSION,
    STORED_VERSION,
    ZONE_DATA_LEASE,
)
from taskward.time_zones import DATA_VERSION

BERLIN = {"date": "2026-11-21", "time": "14:30", "time_zone": "Europe/Berlin"}
WRONG = datetime(2026, 11, 21, 20, tzinfo=UTC)
NEWER = "2999.1"
OVERDUE = "/api/tasks?is_completed=false&due_before=2026-11-21T14:00:00%2B00:00"


@pytest_asyncio.fixture(params=["disk", "postgres"])
async def fresh(request: pytest.FixtureRequest, new_database: MakeDatabase) -> AsyncIterator[FastAPI]:
    """Yields an app on a database of its own: the version is noted once for all owners."""
    async with running(settings_for(await new_database(request.param))) as app:
        await noted(app, DATA_VERSION)
        await until_jobs_have_run(app)  # one of them drops passed reminders
        yield app


async def noted(app: FastAPI, version: str) -> None:
    """Waits until the instants are of a version."""
    async with asyncio.timeout(10):
        while [tuple(row) for row in await database_of(app).rows(STORED_VERSION, {})] != [(version,)]:  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.01)


async def run(app: FastAPI, statement: Any, **values: Any) -> Any:
    def steps() -> TransactionSteps[Any]:
        return (yield statement, values)

    return await database_of(app).transact(steps)


async def renewed_before(app: FastAPI, seconds: int) -> None:
    """Makes the claim on the data older by that time."""
    await execute(app, f"UPDATE time_zone_data SET renewed_at = {earlier_by(app, 'renewed_at', seconds)}")  # noqa: S608 - numbers of the test


async def spoil(app: FastAPI, person: Person, *tasks: dict[str, Any]) -> None:
    """Stores a wrong instant, as if the rules of the zone had been others."""
    microseconds = int(WRONG.timestamp()) * 1_000_000
    rows = ",".join(f'["{task["id"]}",{microseconds},{microseconds}]' for task in tasks)
    await run(app, SET_INSTANTS, owner=UUID(person.sub), tasks=f"[{rows}]")


async def overdue(person: Person) -> set[str]:
    return {task["id"] for task in (await person.http.get(OVERDUE)).json()["tasks"]}


async def test_the_first_start_notes_the_version(fresh: FastAPI) -> None:
    rows = await database_of(fresh).rows(STORED_VERSION, {})

    assert [tuple(row) for row in rows] == [(DATA_VERSION,)]
    assert await ZoneDataUpdate(database_of(fresh)).run(), "nothing is left to do"


async def test_another_version_computes_the_instants_of_all_again(
    fresh: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = Person(fresh), Person(fresh)
    hers = [await ann.create(due=BERLIN, start=BERLIN) for _ in range(3)]
    his = await bob.create(due=BERLIN, is_completed=True)
    floating = await ann.create(due={"date": "2026-11-21", "time": "09:00"})
    await spoil(fresh, ann, *hers[:2])
    await spoil(fresh, bob, his)
    assert await overdue(ann) == {hers[2]["id"], floating["id"]}
    tag = (await ann.http.get(OVERDUE)).headers["etag"]
    cursor = await cursor_now(ann)

    with caplog.at_level(logging.INFO, "taskward.tasks.zone_data"):
        assert await ZoneDataUpdate(database_of(fresh), NEWER).run()

    assert await overdue(ann) == {*(task["id"] for task in hers), floating["id"]}
    assert (await ann.http.get(OVERDUE, headers={"If-None-Match": tag})).status_code == 200, "it has changed"
    assert await ann.get(hers[0]["id"]) == hers[0]
    assert (await changes_since(ann, cursor))[0] == [], "what a client sees has not changed"
    await noted(fresh, NEWER)
    begun, done = (one for one in caplog.records if one.name == zone_data.log.name)
    assert (begun.noted, begun.version, done.tasks) == (DATA_VERSION, NEWER, 3)  # type: ignore[attr-defined]


async def test_more_tasks_than_a_page_are_all_computed(
    fresh: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zone_data, "MAX_TASKS", 2)
    monkeypatch.setattr(zone_data, "MAX_OWNERS", 1)
    people = [Person(fresh) for _ in range(3)]
    for person in people:
        tasks = [await person.create(due=BERLIN) for _ in range(5)]
        await spoil(fresh, person, *tasks)

    assert await ZoneDataUpdate(database_of(fresh), NEWER).run()

    assert [len(await overdue(person)) for person in people] == [5] * 3
    assert MAX_TASKS > 2


async def test_pending_reminders_are_computed_again_and_none_is_lost(fresh: FastAPI) -> None:
    ann = Person(fresh)
    passed = {"at": "2026-01-01T00:00:00Z"}
    due = {**BERLIN, "date": f"{datetime.now(UTC).year + 1}-06-15"}
    task = await ann.create(due=due, reminders=[{"offset_minutes": -30}, passed])
    wrong = int((datetime.now(UTC) + timedelta(days=9)).timestamp()) * 1_000_000
    of_task = {"owner": UUID(ann.sub), "ids": [UUID(task["id"])]}
    await run(fresh, DROP_REMINDERS, **of_task)
    rows = ",".join(f'["{task["id"]}",{n},{wrong}]' for n in (0, 1))
    await run(fresh, ADD_REMINDERS, **of_task, reminders=f"[{rows}]")

    assert await ZoneDataUpdate(database_of(fresh), NEWER).run()

    pending = {row["n"]: row["fire_at"] for row in await stored(fresh, "reminders", task_id=task["id"])}
    assert pending == {
        0: microseconds(datetime.fromisoformat(f"{due['date']}T12:00:00Z")),
        1: microseconds(datetime.fromisoformat(passed["at"])),
    }


async def test_an_older_version_changes_nothing(fresh: FastAPI) -> None:
    """A process of before an update, beside one of after it."""
    ann = Person(fresh)
    task = await ann.create(due=BERLIN)
    await spoil(fresh, ann, task)

    assert await ZoneDataUpdate(database_of(fresh), "2020.1").run()

    assert await overdue(ann) == set()
    await noted(fresh, DATA_VERSION)


async def test_one_of_several_processes_does_it(fresh: FastAPI) -> None:
    updates = [ZoneDataUpdate(database_of(fresh), NEWER) for _ in range(4)]

    results = await asyncio.gather(*(update.run() for update in updates))

    assert results.count(True) >= 1
    await noted(fresh, NEWER)
    assert [await update.run() for update in updates] == [True] * 4


async def test_the_claim_of_a_dead_process_is_taken_over(fresh: FastAPI) -> None:
    ann = Person(fresh)
    await spoil(fresh, ann, task := await ann.create(due=BERLIN))
    dead = ZONE_DATA_LEASE.values(uuid4())
    assert await run(fresh, CLAIM_ZONE_DATA, **dead, seen=DATA_VERSION)
    await renewed_before(fresh, seconds=50)
    update = ZoneDataUpdate(database_of(fresh), NEWER)
    assert not await update.run(), "it is not dead yet"
    assert await overdue(ann) == set()

    await renewed_before(fresh, seconds=61)
    assert await update.run()
    assert await overdue(ann) == {task["id"]}
    assert not await run(fresh, STORE_VERSION, **dead, version="2020.1"), "it was taken over"
    await noted(fresh, NEWER)


async def test_a_process_that_was_overtaken_stops(fresh: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Person(fresh)
    await ann.create(due=BERLIN)
    monkeypatch.setattr(zone_data, "RENEW_AFTER", 0.0)
    update = ZoneDataUpdate(database_of(fresh), NEWER)
    assert await update._claim(DATA_VERSION)
    await renewed_before(fresh, seconds=61)
    assert await ZoneDataUpdate(database_of(fresh), NEWER)._claim(DATA_VERSION)

    assert not await update._keep_claim()


@pytest.mark.processes
@pytest.mark.single_statements("refused with Citus")
async def test_it_works_under_row_level_security(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("postgres"), database_rls=True)) as app:
        await noted(app, DATA_VERSION)
        ann = Person(app)
        await spoil(app, ann, task := await ann.create(due=BERLIN))

        assert await ZoneDataUpdate(database_of(app), NEWER).run()

        assert await overdue(ann) == {task["id"]}


def test_only_statements_of_the_service_run_without_an_owner() -> None:
    assert isinstance(STORED_VERSION, Read)
    assert STORED_VERSION.cross_owner
    assert CLAIM_ZONE_DATA.cross_owner
    assert not SET_INSTANTS.cross_owner
