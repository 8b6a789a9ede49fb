"""docs/contract.md#reminders: the pending reminders in the database follow the tasks, on every engine."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from support import Person, database_of, execute, stored
from support.rows import microseconds

from taskward.database.statements import SPLIT, TransactionSteps
from taskward.http.caller import Owner
from taskward.me.recovery import resume_interrupted
from taskward.me.store import time_zone_steps
from taskward.tasks.steps import reminders

BERLIN = "Europe/Berlin"
NEXT_YEAR = datetime.now(UTC).year + 1
DAY = date(NEXT_YEAR, 6, 15)
DUE = {"date": str(DAY), "time": "14:30", "time_zone": BERLIN}
BEFORE = {"offset_minutes": -30}
AT = {"at": f"{NEXT_YEAR}-06-01T08:30:00Z"}
PAST = {"at": "2026-01-01T00:00:00Z"}
WEEKLY = {"rule": "FREQ=WEEKLY"}

Task = dict[str, Any]
Pending = dict[int, int | None]


def at_local(day: date, clock: str, zone: str = BERLIN) -> int:
    """Returns a local time as microseconds since 1970."""
    return microseconds(datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)))


def instant(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


async def pending(app: FastAPI, person: Person, task: Task) -> Pending:
    """Returns the moments of the reminders of a task that are pending, by number."""
    rows = await stored(app, "reminders", user_id=person.sub, task_id=task["id"])
    return {row["n"]: row["fire_at"] for row in rows}


async def set_zone(person: Person, zone: str | None) -> None:
    answer = await person.http.patch("/api/me", json={"time_zone": zone})
    assert answer.status_code == 200, answer.text


async def test_a_new_task_has_its_reminders_pending(app: FastAPI, ann: Person) -> None:
    task = await ann.create(due=DUE, reminders=[BEFORE, PAST, AT])

    assert task["reminders"] == [BEFORE, PAST, AT]
    assert await pending(app, ann, task) == {0: at_local(DAY, "14:00"), 2: instant(AT["at"])}
    assert await pending(app, ann, await ann.create(due=DUE)) == {}
    assert await pending(app, ann, await ann.create(due=DUE, reminders=[PAST])) == {}
    assert await pending(app, ann, await ann.create(reminders=[BEFORE])) == {}
    completed = await ann.create(due=DUE, reminders=[BEFORE], is_completed=True)
    assert await pending(app, ann, completed) == {}
    assert completed["reminders"] == [BEFORE]


async def test_reminders_move_with_the_due_date(app: FastAPI, ann: Person) -> None:
    task = await ann.create(due=DUE, reminders=[BEFORE, AT])
    at = instant(AT["at"])

    await ann.put(task["id"], due={"date": str(DAY + timedelta(7))})
    assert await pending(app, ann, task) == {0: at_local(DAY + timedelta(7), "14:00"), 1: at}
    await ann.put(task["id"], due={"time_zone": "Asia/Tokyo"})
    assert await pending(app, ann, task) == {0: at_local(DAY + timedelta(7), "14:00", "Asia/Tokyo"), 1: at}
    await ann.put(task["id"], due={"date": "2026-01-01"})
    assert await pending(app, ann, task) == {1: at}
    await ann.put(task["id"], due=None)
    assert await pending(app, ann, task) == {1: at}
    await ann.put(task["id"], due=DUE)
    assert await pending(app, ann, task) == {0: at_local(DAY, "14:00"), 1: at}


async def test_reminders_are_replaced_in_the_database_too(app: FastAPI, ann: Person) -> None:
    task = await ann.create(due=DUE, reminders=[BEFORE, AT])

    await ann.put(task["id"], reminders=[AT, {"offset_minutes": 0}, BEFORE])
    assert await pending(app, ann, task) == {
        0: instant(AT["at"]),
        1: at_local(DAY, "14:30"),
        2: at_local(DAY, "14:00"),
    }
    await ann.put(task["id"], reminders=[])
    assert await pending(app, ann, task) == {}


async def test_an_edit_keeps_one_that_is_late(app: FastAPI, ann: Person) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    given = {"at": soon.isoformat()}
    task = await ann.create(due=DUE, reminders=[given, AT])
    late = {0: microseconds(soon), 1: instant(AT["at"])}
    assert await pending(app, ann, task) == late
    await asyncio.sleep((soon - datetime.now(UTC)).total_seconds() + 0.01)

    await ann.put(task["id"], title="Buy bread")
    await ann.put(task["id"], priority="high", labels=["home"], start={"date": "2026-12-01"})
    whole = await ann.get(task["id"])
    await ann.put(**whole, task_id=task["id"])  # as it is
    assert await pending(app, ann, task) == late
    await ann.put(task["id"], reminders=[given, BEFORE])
    assert await pending(app, ann, task) == {0: microseconds(soon), 1: at_local(DAY, "14:00")}
    await ann.put(task["id"], reminders=[BEFORE, PAST, given])  # with another number
    assert await pending(app, ann, task) == {0: at_local(DAY, "14:00"), 2: microseconds(soon)}
    await set_zone(ann, BERLIN)
    assert await pending(app, ann, task) == {0: at_local(DAY, "14:00"), 2: microseconds(soon)}
    other = await ann.create(reminders=[given])
    assert await pending(app, ann, other) == {}


async def test_a_completed_task_has_none_until_it_is_reopened(app: FastAPI, ann: Person) -> None:
    task = await ann.create(due=DUE, reminders=[BEFORE, PAST])
    expected = {0: at_local(DAY, "14:00")}

    done = await ann.put(task["id"], is_completed=True)
    assert done["reminders"] == [BEFORE, PAST]
    assert await pending(app, ann, task) == {}
    await ann.put(task["id"], due={"time": "15:30"})
    assert await pending(app, ann, task) == {}
    await ann.put(task["id"], due={"time": "14:30"}, is_completed=False)
    assert await pending(app, ann, task) == expected
    await ann.put(task["id"], is_completed=True, title="Done")
    assert await pending(app, ann, task) == {}
    await ann.put(task["id"], is_completed=False)
    assert await pending(app, ann, task) == expected


async def test_a_deleted_task_has_none(app: FastAPI, ann: Person) -> None:
    task = await ann.create(due=DUE, reminders=[BEFORE])
    parent = await ann.create()
    below = await ann.create(due=DUE, reminders=[BEFORE], parent_id=parent["id"])

    await ann.http.delete(f"/api/tasks/{task['id']}")
    await ann.http.delete(f"/api/tasks/{parent['id']}?subtasks=delete")

    assert await pending(app, ann, task) == await pending(app, ann, below) == {}


async def test_floating_reminders_wait_for_the_time_zone_of_the_person(app: FastAPI, ann: Person) -> None:
    morning, floating = {"date": str(DAY)}, {"date": str(DAY), "time": "14:30"}
    all_day = await ann.create(due=morning, reminders=[{"offset_minutes": 540}, AT])
    timed = await ann.create(due=floating, reminders=[BEFORE])
    fixed = await ann.create(due=DUE, reminders=[BEFORE])
    passed = await ann.create(due={"date": "2026-01-01"}, reminders=[BEFORE])
    at = instant(AT["at"])

    assert await pending(app, ann, all_day) == {0: None, 1: at}
    assert await pending(app, ann, timed) == await pending(app, ann, passed) == {0: None}
    for zone in (BERLIN, "America/New_York", BERLIN):
        await set_zone(ann, zone)
        assert await pending(app, ann, all_day) == {0: at_local(DAY, "09:00", zone), 1: at}
        assert await pending(app, ann, timed) == {0: at_local(DAY, "14:00", zone)}
        assert await pending(app, ann, fixed) == {0: at_local(DAY, "14:00")}
        assert await pending(app, ann, passed) == {}
    later = await ann.create(due=floating, reminders=[BEFORE])
    assert await pending(app, ann, later) == {0: at_local(DAY, "14:00")}
    await set_zone(ann, None)
    assert await pending(app, ann, timed) == await pending(app, ann, later) == {0: None}
    assert await pending(app, ann, fixed) == {0: at_local(DAY, "14:00")}


async def test_the_time_zone_of_the_token_counts_from_the_first_write_on(app: FastAPI) -> None:
    person = Person(app, zoneinfo="Asia/Tokyo")

    task = await person.create(due={"date": str(DAY)}, reminders=[{"offset_minutes": 540}])

    assert await pending(app, person, task) == {0: at_local(DAY, "09:00", "Asia/Tokyo")}


async def test_many_tasks_move_to_another_time_zone(app: FastAPI, ann: Person, bob: Person) -> None:
    morning = {"due": {"date": str(DAY)}, "reminders": [{"offset_minutes": 540}]}
    for person in (ann, bob):
        for _ in range(5):
            operations = [{"op": "create", "task": {"title": "Task", **morning}}] * 50
            answer = await person.http.post("/api/tasks/batch", json={"operations": operations})
            assert answer.status_code == 200

    await set_zone(ann, BERLIN)

    rows = await stored(app, "reminders", user_id=ann.sub)
    assert {row["fire_at"] for row in rows} == {at_local(DAY, "09:00")}
    assert len(rows) == 250
    assert {row["fire_at"] for row in await stored(app, "reminders", user_id=bob.sub)} == {None}


@pytest.mark.engines("disk")
async def test_an_interrupted_move_to_another_time_zone_is_completed(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large one takes several transactions on SQLite, so a process may die between two."""
    database = database_of(app)
    task = {"title": "Task", "due": {"date": str(DAY)}, "reminders": [{"offset_minutes": 540}]}
    await ann.http.post("/api/tasks/batch", json={"operations": [{"op": "create", "task": task}] * 30})
    monkeypatch.setattr(reminders, "PAGE", 10)
    moved = 0

    def steps() -> TransactionSteps[None]:
        nonlocal moved
        change = time_zone_steps(Owner(UUID(ann.sub)), BERLIN)
        step: Any = next(change)
        while True:
            if step[0] is SPLIT:
                moved += 1
                if moved == 2:
                    raise ConnectionError
            step = change.send((yield step))

    with pytest.raises(ConnectionError):
        await database.transact(steps, long=True)
    before = [row["fire_at"] for row in await stored(app, "reminders", user_id=ann.sub)]
    await execute(app, "UPDATE owner_locks SET renewed_at = 0")
    await resume_interrupted(database)
    await database.wait_unlocked(UUID(ann.sub))  # the service's own job may have been first

    after = {row["fire_at"] for row in await stored(app, "reminders", user_id=ann.sub)}
    assert before.count(None) == 20
    assert after == {at_local(DAY, "09:00")}
    assert await database.interrupted() == []


async def test_the_next_task_of_a_series_has_those_relative_to_due(app: FastAPI, ann: Person) -> None:
    parent = await ann.create(due=DUE, recurrence=WEEKLY, reminders=[AT, BEFORE])
    open_one = await ann.create(parent_id=parent["id"], reminders=[AT])
    done_one = await ann.create(parent_id=parent["id"], reminders=[PAST, AT])
    await ann.put(done_one["id"], is_completed=True)

    done = await ann.put(parent["id"], is_completed=True)

    following = await ann.get(done["next_id"])
    at = instant(AT["at"])
    assert done["reminders"] == [AT, BEFORE]
    assert following["reminders"] == [BEFORE]
    assert await pending(app, ann, done) == {}
    assert await pending(app, ann, following) == {0: at_local(DAY + timedelta(7), "14:00")}
    assert await pending(app, ann, open_one) == {0: at}
    assert await pending(app, ann, done_one) == {1: at}
    await ann.put(parent["id"], is_completed=False)
    assert await pending(app, ann, parent) == {0: at, 1: at_local(DAY, "14:00")}
    assert await pending(app, ann, following) == {}


async def test_an_import_stores_those_that_have_not_passed(app: FastAPI, ann: Person, bob: Person) -> None:
    await ann.create("Open", due=DUE, reminders=[PAST, BEFORE])
    await ann.create("Done", due=DUE, reminders=[BEFORE], is_completed=True)
    await ann.create("Looks so", metadata={"reminders": '"reminders":'})
    document = (await ann.http.get("/api/me/export")).json()

    for imported in (3, 0):
        answer = await bob.http.post("/api/me/import", json=document)
        assert answer.json() == {"imported": imported, "skipped": 3 - imported}

    rows = await stored(app, "reminders", user_id=bob.sub)
    tasks = {task["id"]: task for task in await bob.tasks()}
    assert [(tasks[row["task_id"]]["title"], row["n"], row["fire_at"]) for row in rows] == [
        ("Open", 1, at_local(DAY, "14:00"))
    ]
    assert [task.get("reminders") for task in document["tasks"]] == [
        tasks[task["id"]].get("reminders") for task in document["tasks"]
    ]
