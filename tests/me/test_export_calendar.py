"""docs/contract.md#a-users-own-data: GET /api/me/calendar.ics, and back through `taskward convert ical`."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from time import process_time, sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from convert.conversion import converted
from fastapi import FastAPI
from icalendar import Calendar
from support import Person, exchange, problems
from support.import_documents import EARLIER, a_task, export, many, without_owner
from support.waiting import until

from taskward.http.fair_semaphore import FairThreads
from taskward.me import calendar as own_calendar
from taskward.me import store
from taskward.me.calendar import CalendarWriter
from taskward.me.calendar_zones import time_zone_component
from taskward.time_zones import time_zone_names

pytestmark = pytest.mark.engines("memory")

BERLIN = {"date": "2026-03-29", "time": "02:30", "time_zone": "Europe/Berlin"}
PATH = "/api/me/calendar.ics"


async def calendar(person: Person) -> bytes:
    answer = await person.http.get(PATH)
    assert answer.status_code == 200, answer.text
    return answer.content


async def todos(person: Person) -> dict[str, Any]:
    """Returns the VTODO of each task by its title, as the package `icalendar` reads them."""
    whole = Calendar.from_ical(await calendar(person))
    return {str(todo["SUMMARY"]): todo for todo in whole.walk("VTODO")}


async def returned(person: Person, other: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Exports as iCalendar, converts, and imports for another person; returns both exports as JSON."""
    done = converted("ical", await calendar(person), "export.ics")
    assert done.notes == []
    answer = await other.http.post("/api/me/import", json=done.document)
    assert answer.status_code == 200, answer.text
    return await export(person), await export(other)


def in_seconds(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns tasks with the precision of iCalendar; their ids keep the millisecond of their creation."""
    for task in tasks:
        for name in {"updated_at", "completed_at"} & task.keys():
            task[name] = task[name][:19]
    return without_owner(tasks)


async def test_before_the_first_write_it_is_an_empty_calendar(ann: Person) -> None:
    answer = await ann.http.get(PATH)

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="taskward-export.ics"'
    assert Calendar.from_ical(answer.content)["VERSION"] == "2.0"
    assert Calendar.from_ical(answer.content).walk("VTODO") == []


async def test_the_export_has_it_too_as_a_format(ann: Person) -> None:
    await ann.create()
    for method in ("GET", "HEAD"):
        same = [await ann.http.request(method, path) for path in ("/api/me/export?format=ics", PATH)]
        bodies, headers = zip(
            *((one.content, {**one.headers, "x-request-id": ""}) for one in same), strict=True
        )
        assert bodies[0] == bodies[1]
        assert headers[0] == headers[1]


async def test_it_takes_no_query(ann: Person) -> None:
    assert problems(await ann.http.get(f"{PATH}?format=ics")) == {"format": "Unknown query parameter"}


async def test_json_is_the_default_and_another_format_is_refused(ann: Person) -> None:
    await ann.create()

    assert (await ann.http.get("/api/me/export?format=json")).json() == await export(ann)
    for path in ("/api/me/export?format=csv", "/api/me/export?format=", "/api/me/export?format=ICS"):
        assert problems(await ann.http.get(path)) == {"format": "Format must be json or ics"}


async def test_the_properties_of_a_task(ann: Person) -> None:
    parent = await ann.create("Parent")
    made = await ann.create(
        "Straße; a, b\\c",
        description="one\ntwo",
        due=BERLIN,
        start={"date": "2026-03-28"},
        priority="urgent",
        labels=["a,b", "home"],
        parent_id=parent["id"],
    )
    todo = (await todos(ann))["Straße; a, b\\c"]

    assert (str(todo["UID"]), str(todo["RELATED-TO"])) == (made["id"], parent["id"])
    assert str(todo["DESCRIPTION"]) == "one\ntwo"
    assert (todo["DUE"].params["TZID"], todo["DUE"].dt.replace(tzinfo=None)) == (
        "Europe/Berlin",
        datetime(2026, 3, 29, 2, 30),  # noqa: DTZ001 - what the clock shows
    )
    assert todo["DTSTART"].dt == date(2026, 3, 28)
    assert todo["PRIORITY"] == 1
    assert [str(one) for one in todo["CATEGORIES"].cats] == ["a,b", "home"]
    assert (str(todo["STATUS"]), "COMPLETED" in todo) == ("NEEDS-ACTION", False)
    assert todo["CREATED"].dt == datetime.fromisoformat(made["created_at"]).replace(microsecond=0)


@pytest.mark.parametrize(
    ("due", "line"),
    [
        ({"date": "2026-11-21"}, b"DUE;VALUE=DATE:20261121"),
        ({"date": "2026-11-21", "time": "14:30"}, b"DUE:20261121T143000"),
        ({"date": "2026-11-21", "time": "14:30", "time_zone": "UTC"}, b"DUE:20261121T143000Z"),
        (BERLIN, b"DUE;TZID=Europe/Berlin:20260329T023000"),
    ],
)
async def test_each_kind_of_due_date_has_its_own_form(ann: Person, due: Any, line: bytes) -> None:
    await ann.create(due=due)

    assert line in (await calendar(ann)).split(b"\r\n")


@pytest.mark.parametrize(("word", "number"), [("urgent", 1), ("high", 3), ("medium", 5), ("low", 9)])
async def test_priorities(ann: Person, word: str, number: int) -> None:
    await ann.create(priority=word)

    assert (await todos(ann))["Buy milk"]["PRIORITY"] == number


def test_a_field_without_a_property_is_in_one_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_calendar, "OTHERS", ("number", "flag", "absent"))

    lines = CalendarWriter({}).tasks([a_task(number=0, flag=False)]).splitlines()

    assert rb'X-TASKWARD-FIELDS;VALUE=TEXT:{"number": 0\, "flag": false}' in lines


async def test_a_completed_task(ann: Person) -> None:
    await ann.create(is_completed=True, completed_at="2026-11-21T23:40:00-08:00")
    todo = (await todos(ann))["Buy milk"]

    assert str(todo["STATUS"]) == "COMPLETED"
    assert todo["COMPLETED"].dt == datetime(2026, 11, 22, 7, 40, tzinfo=UTC)


async def test_a_time_zone_is_there_once_and_before_its_first_use(ann: Person) -> None:
    for zone in ("Europe/Berlin", "Asia/Tokyo", "Europe/Berlin", "UTC"):
        await ann.create(due={**BERLIN, "time_zone": zone})
    lines = (await calendar(ann)).decode().split("\r\n")

    assert [line for line in lines if line.startswith("TZID:")] == ["TZID:Europe/Berlin", "TZID:Asia/Tokyo"]
    for zone in ("Europe/Berlin", "Asia/Tokyo"):
        uses = [number for number, line in enumerate(lines) if f";TZID={zone}:" in line]
        assert lines.index(f"TZID:{zone}") < min(uses)
    (berlin,) = [
        one for one in Calendar.from_ical(await calendar(ann)).timezones if one["TZID"] == "Europe/Berlin"
    ]
    offset = berlin.to_tz().utcoffset(datetime(2026, 7, 1, 12, tzinfo=None))  # noqa: DTZ001 - local there
    assert offset == timedelta(hours=2)


async def test_lines_are_folded_and_end_as_the_rfc_demands(ann: Person) -> None:
    await ann.create("é" * 200, description="\N{ROCKET}" * 500 + "\r\nx\x0b\x1f")
    await ann.create("\\" * 200, description="a,;\\^n\n" * 250 + "\\")
    whole = await calendar(ann)

    assert whole.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in whole.replace(b"\r\n", b"")
    assert max(map(len, whole.split(b"\r\n"))) <= 75
    for line in whole.split(b"\r\n"):
        line.decode()
        assert not any(byte < 32 for byte in line)
    escaped = (await todos(ann))["\\" * 200]
    assert str(escaped["DESCRIPTION"]) == "a,;\\^n\n" * 250 + "\\"


async def test_every_field_comes_back(ann: Person, bob: Person) -> None:
    home = (await ann.http.post("/api/lists", json={"title": "Ho,m;e \\ \N{ROCKET}"})).json()
    parent = await ann.create("Parent", list_id=home["id"], due=BERLIN, labels=["B", "a,b", "ß"])
    await ann.create(
        "Child", parent_id=parent["id"], position="a5", start={"date": "2026-03-28", "time": "07:00"}
    )
    await ann.create("Done", is_completed=True, due={"date": "1970-01-01"}, priority="low")
    await ann.create(
        "With metadata", metadata={"text": 'a"b\\n,;:\n', "number": 1.5, "yes": True}, priority="medium"
    )
    await ann.create(
        "C:\\New\\new", due={"date": "9998-12-31", "time": "23:59"}, description=" x\n\n- y;z,\\N "
    )
    before, after = await returned(ann, bob)

    assert in_seconds(after["tasks"]) == in_seconds(before["tasks"])
    (one,) = after["lists"]
    assert {name: one[name] for name in ("id", "title", "created_at")} == {
        name: home[name] for name in ("id", "title", "created_at")
    }


async def test_a_series_and_its_reminders_come_back(ann: Person, bob: Person) -> None:
    reminders = [{"offset_minutes": -30}, {"at": "2026-03-28T08:30:00Z"}]
    recurrence = {"rule": "FREQ=MONTHLY;BYDAY=-1SU,2MO;UNTIL=20270331", "occurrence": "2026-03-22"}
    await ann.create("Fixed", due=BERLIN, reminders=reminders, recurrence=recurrence)
    day = {"date": "2026-03-29"}
    start = {"date": "2026-03-27"}
    await ann.create(
        "With a start", due=day, start=start, recurrence={"rule": "FREQ=DAILY", "missed": "keep"}
    )
    await ann.create("After completion", due=day, recurrence={"rule": "FREQ=WEEKLY", "after": "completion"})
    await ann.create("Counted", due=day, start=day, recurrence={"rule": "FREQ=YEARLY;COUNT=3"})
    before, after = await returned(ann, bob)

    assert all("recurrence" in task for task in before["tasks"])
    assert in_seconds(after["tasks"]) == in_seconds(before["tasks"])


async def test_the_rule_and_alarms_of_a_task(ann: Person) -> None:
    reminders = [{"offset_minutes": -90}, {"at": "2026-03-28T08:30:00Z"}]
    await ann.create(due=BERLIN, reminders=reminders, recurrence={"rule": "FREQ=DAILY;UNTIL=20270101"})
    todo = (await todos(ann))["Buy milk"]

    assert todo["RRULE"].to_ical() == b"FREQ=DAILY;UNTIL=20270101T013000Z"
    assert todo["DTSTART"].to_ical() == todo["DUE"].to_ical()
    before, at = todo.walk("VALARM")
    assert (before["TRIGGER"].dt, before["TRIGGER"].params["RELATED"]) == (timedelta(minutes=-90), "END")
    assert at["TRIGGER"].dt == datetime(2026, 3, 28, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "until"),
    [
        ({"date": "2026-03-29"}, "20260401"),
        ({"date": "2026-03-29", "time": "23:30"}, "20260401T233000"),
        ({**BERLIN, "time": "00:30"}, "20260331T223000Z"),
        ({**BERLIN, "time_zone": "America/New_York", "time": "23:30"}, "20260402T033000Z"),
    ],
)
async def test_the_last_day_of_a_rule_is_of_the_kind_of_the_due_date(
    ann: Person, bob: Person, due: Any, until: str
) -> None:
    await ann.create(due=due, recurrence={"rule": "FREQ=DAILY;UNTIL=20260401"})

    assert f"RRULE:FREQ=DAILY;UNTIL={until}" in (await calendar(ann)).decode().split("\r\n")
    before, after = await returned(ann, bob)
    assert in_seconds(after["tasks"]) == in_seconds(before["tasks"])


async def test_a_rule_that_another_product_has_changed_counts(ann: Person) -> None:
    await ann.create(due={"date": "2026-03-29"}, recurrence={"rule": "FREQ=DAILY", "missed": "keep"})
    changed = (await calendar(ann)).replace(b"RRULE:FREQ=DAILY", b"RRULE:FREQ=WEEKLY")

    (task,) = converted("ical", changed).tasks
    assert task["recurrence"] == {"rule": "FREQ=WEEKLY", "occurrence": "2026-03-29"}


async def test_coming_back_to_the_same_person_changes_nothing(ann: Person) -> None:
    home = (await ann.http.post("/api/lists", json={"title": "Home"})).json()
    await ann.create("x", list_id=home["id"])
    before = await export(ann)
    answer = await ann.http.post("/api/me/import", json=converted("ical", await calendar(ann)).document)

    assert answer.json() == {"imported": 0, "skipped": 1}
    assert await export(ann) == before


async def test_a_calendar_of_another_product_that_is_exported_again_is_the_same(
    ann: Person, bob: Person
) -> None:
    await ann.http.post("/api/me/import", json={"tasks": [a_task(EARLIER, id=str(uuid4()))]})
    before, after = await returned(ann, bob)

    assert in_seconds(after["tasks"]) == in_seconds(before["tasks"])


@pytest.mark.parametrize("count", [1, 3, 4, 7])
async def test_an_export_of_many_pages_is_complete_and_in_pieces(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(store, "EXPORT_PAGE", 3)
    await ann.http.post("/api/me/import", json={"tasks": many(count)})
    sent = await exchange(app, "GET", PATH, headers=[("Authorization", f"Bearer {ann.token}")])

    assert len(Calendar.from_ical(sent.body).walk("VTODO")) == count
    assert b"content-length" not in dict(sent.headers)


async def test_an_export_has_no_data_of_other_users(ann: Person, bob: Person) -> None:
    await bob.http.post("/api/lists", json={"title": "His canary"})
    await bob.create("His canary")
    await ann.create("Hers")

    assert list(await todos(ann)) == ["Hers"]
    assert b"canary" not in await calendar(ann)


@pytest.mark.parametrize(
    ("zone", "time", "until", "written"),
    [
        ("America/New_York", "23:30", "99991231", b"UNTIL=99991231T233000Z"),
        ("Europe/Berlin", "23:30", "99991231", b"UNTIL=99991231T223000Z"),
        ("Europe/Berlin", "00:30", "00010101", b"UNTIL=00010101T003000Z"),
    ],
)
async def test_until_may_be_the_first_or_the_last_day_of_all(
    ann: Person, zone: str, time: str, until: str, written: bytes
) -> None:
    due = {"date": "2026-03-28", "time": time, "time_zone": zone}
    await ann.create(due=due, recurrence={"rule": f"FREQ=DAILY;UNTIL={until}"})

    assert written in await calendar(ann)


async def test_times_on_the_last_day_of_all_come_back(ann: Person, bob: Person) -> None:
    last = "9998-12-31T23:59:59Z"
    await ann.create(reminders=[{"at": last}], is_completed=True, completed_at=last)

    before, after = await returned(ann, bob)
    assert before["tasks"][0]["reminders"] == [{"at": last}]
    assert in_seconds(after["tasks"]) == in_seconds(before["tasks"])


async def test_one_page_is_written_at_a_time(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, most = 0, 0
    write = CalendarWriter.tasks

    def slowly(self: CalendarWriter, tasks: Any) -> bytes:
        nonlocal writing, most
        writing += 1
        most = max(most, writing)
        sleep(0.02)
        writing -= 1
        return write(self, tasks)

    monkeypatch.setattr(CalendarWriter, "tasks", slowly)
    await ann.create("Hers")
    await bob.create("His")

    answers = await asyncio.gather(*(person.http.get(PATH) for person in (ann, bob) * 4))

    assert most == 1
    assert all(answer.content.endswith(b"END:VCALENDAR\r\n") for answer in answers)


async def test_calendars_of_several_users_take_turns(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[tuple[str, int]] = []
    sizes: list[int] = []
    run = FairThreads.run

    async def noted(self: FairThreads, user: Any, write: Any, tasks: list[Any]) -> Any:
        def turn(some: list[Any]) -> Any:
            turns.append(("runs", user))
            sizes.append(len(some))
            return write(some)

        turns.append(("waits", user))
        return await run(self, user, turn, tasks)

    monkeypatch.setattr(FairThreads, "run", noted)
    await ann.http.post("/api/me/import", json={"tasks": many(400)})
    await bob.create("His")

    large = asyncio.create_task(calendar(ann))
    await until(lambda: len(turns) > 4)
    assert b"SUMMARY:His" in await calendar(bob)

    assert not large.done()
    his = UUID(bob.sub).int
    waited = turns[turns.index(("waits", his)) : turns.index(("runs", his))]
    hers = sum(kind == "runs" for kind, _ in waited)
    assert hers <= 2, "after the turn that runs, she may take one before the queue is seen"
    assert (await large).count(b"BEGIN:VTODO") == 400
    assert max(sizes) <= store.CALENDAR_TURN <= 8


async def test_every_time_zone_is_written_once_for_all_calendars(ann: Person) -> None:
    """598 zones by the package `icalendar` take 5 s; the other work on these tasks takes 0.2 s."""
    time_zone_component.cache_clear()
    zones = sorted(time_zone_names() - {"UTC"})
    tasks = [a_task(due={**BERLIN, "time_zone": zone}) for zone in zones]
    await ann.http.post("/api/me/import", json={"tasks": tasks})

    begun = process_time()
    first = await calendar(ann)
    middle = process_time()
    second = await calendar(ann)

    assert middle - begun < 3.5
    assert process_time() - middle < 0.5
    assert second == first
    written = re.findall(rb"\r\nTZID:([^\r]+)", first)
    assert sorted(zone.decode() for zone in written) == zones
    info = time_zone_component.cache_info()
    assert (info.misses, info.currsize) == (len(zones), len(zones))


async def test_head_has_the_headers_and_reads_nothing(ann: Person) -> None:
    answer = await ann.http.head(PATH)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
