"""iCalendar: the properties of a VTODO."""

from datetime import UTC, datetime
from typing import Any

import pytest
from convert.conversion import converted, drafts, sample, sample_drafts, todo, vtodo

from taskward.convert import ical

BERLIN = {"date": "2026-03-09", "time": "18:00", "time_zone": "Europe/Berlin"}


def test_a_calendar_of_nextcloud() -> None:
    done = sample("nextcloud.ics")
    plants, can = done.task("Water the plants, all of them"), done.task("Buy a watering can")

    assert plants["description"] == "Balcony first\nthen the kitchen"
    assert (plants["due"], plants["start"], plants["priority"]) == (BERLIN, BERLIN, "urgent")
    assert plants["labels"] == ["home", "green, leafy"]
    assert (plants["created_at"], plants["updated_at"]) == (
        "2026-03-01T08:30:00.000000Z",
        "2026-03-05T10:15:00.000000Z",
    )
    assert (can["due"], can["priority"], can["is_completed"]) == ({"date": "2026-03-08"}, "low", True)
    assert can["completed_at"] == "2026-03-07T16:00:00.000000Z"
    assert can["parent_id"] == plants["id"]
    assert can["position"] < plants["position"], "X-APPLE-SORT-ORDER"
    assert [done.list_of(task) for task in done.tasks] == ["Household"] * 2


def test_alarms_and_rules_of_nextcloud() -> None:
    plants = sample_drafts("nextcloud.ics")["Water the plants, all of them"]

    assert plants.recurrence == {
        "rule": "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260531",
        "occurrence": "2026-03-09",
    }, "UNTIL is earlier in the day than the due date"
    assert plants.reminders == [{"offset_minutes": -30}, {"at": "2026-03-09T07:00:00Z"}]


def test_what_is_left_out_is_reported_with_the_line_and_the_title() -> None:
    notes = sample("nextcloud.ics").notes

    assert 'line 16: task "Water the plants, all of them": left out: EXDATE' in notes
    assert (
        'line 41: task "Water the plants early": a changed single occurrence of a recurring task is left out'
        in notes
    )
    assert not any("Not a task" in note for note in notes)


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("DUE;VALUE=DATE:20261121", {"date": "2026-11-21"}),
        ("DUE:20261121", {"date": "2026-11-21"}),
        ("DUE:20261121T143059", {"date": "2026-11-21", "time": "14:30"}),
        ("DUE:20261121T143000Z", {"date": "2026-11-21", "time": "14:30", "time_zone": "UTC"}),
        (
            "DUE;TZID=Asia/Tokyo:20261121T143000",
            {"date": "2026-11-21", "time": "14:30", "time_zone": "Asia/Tokyo"},
        ),
        (
            "DUE;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260309T180000",
            BERLIN,
        ),
        ('DUE;TZID="W. Europe Standard Time":20260309T180000', BERLIN),
        ("DUE;TZID=europe/berlin:20260309T180000", BERLIN),
        ("DUE;TZID=Europe/Berlin:20260329T023000", {**BERLIN, "date": "2026-03-29", "time": "02:30"}),
        ("DTSTART:20261121T140000\r\nDURATION:PT30M", {"date": "2026-11-21", "time": "14:30"}),
        ("DTSTART;VALUE=DATE:20261121\r\nDURATION:P2D", {"date": "2026-11-23"}),
    ],
)
def test_each_kind_of_due_date(line: str, due: Any) -> None:
    draft = todo(line)

    assert (draft.due, draft.notes) == (due, [])


@pytest.mark.parametrize(
    ("line", "due", "note"),
    [
        (
            "DUE;TZID=Mars/Base:20261121T143000",
            {"date": "2026-11-21", "time": "14:30"},
            '"Mars/Base" is unknown',
        ),
        ("DUE:19690101T000000", None, "DUE is left out"),
        ("DUE:99990101T000000Z", None, "DUE is left out"),
        ("DUE;VALUE=DATE:20260230", None, "DUE is malformed"),
        ("DUE:tomorrow", None, "DUE is malformed"),
    ],
)
def test_a_due_date_that_cannot_be_kept_is_reported(line: str, due: Any, note: str) -> None:
    draft = todo(line)

    assert draft.due == due
    (found,) = draft.notes
    assert note in found


@pytest.mark.parametrize(
    ("number", "priority"),
    [
        *((n, "urgent") for n in (1, 2)),
        *((n, "high") for n in (3, 4)),
        (5, "medium"),
        *((n, "low") for n in (6, 7, 8, 9)),
        (0, None),
        (10, None),
        (-1, None),
    ],
)
def test_priorities(number: int, priority: str | None) -> None:
    assert todo(f"PRIORITY:{number}").priority == priority


@pytest.mark.parametrize(
    ("lines", "is_completed"),
    [
        (["STATUS:COMPLETED"], True),
        (["STATUS:CANCELLED"], True),
        (["STATUS:IN-PROCESS", "PERCENT-COMPLETE:50"], False),
        (["STATUS:NEEDS-ACTION", "COMPLETED:20260101T100000Z"], False),
        (["COMPLETED:20260101T100000Z"], True),
        (["PERCENT-COMPLETE:100"], True),
        ([], False),
    ],
)
def test_which_tasks_are_completed(lines: list[str], *, is_completed: bool) -> None:
    assert todo(*lines).is_completed is is_completed


def test_the_parent_is_the_first_relation_of_the_default_type() -> None:
    draft = todo("RELATED-TO;RELTYPE=CHILD:c", "RELATED-TO:p", "RELATED-TO;RELTYPE=PARENT:q")

    assert draft.parent == "p"
    assert draft.notes == ["left out: a relation to another task that is not its parent"]


@pytest.mark.parametrize(
    ("lines", "reminders"),
    [
        (["DUE:20260102T100000", "TRIGGER:-PT15M"], [{"offset_minutes": -15}]),
        (["DUE:20260102T100000", "TRIGGER;RELATED=END:PT0S"], [{"offset_minutes": 0}]),
        (["DTSTART:20260101T100000", "DUE:20260102T100000", "TRIGGER:-PT15M"], [{"offset_minutes": -1455}]),
        (["DUE;VALUE=DATE:20260102", "TRIGGER;RELATED=END:PT9H"], [{"offset_minutes": 540}]),
        (["DTSTART;TZID=Europe/Berlin:20260101T100000", "TRIGGER:-PT1H"], [{"at": "2026-01-01T08:00:00Z"}]),
        (["TRIGGER;VALUE=DATE-TIME:20260101T100000Z"], [{"at": "2026-01-01T10:00:00Z"}]),
        (["TRIGGER:-PT15M"], []),
    ],
)
def test_alarms(lines: list[str], reminders: Any) -> None:
    *others, trigger = lines
    draft = todo(*others, "BEGIN:VALARM", trigger, "ACTION:DISPLAY", "END:VALARM")

    assert draft.reminders == reminders
    assert bool(draft.notes) is not bool(reminders)


def test_an_alarm_without_an_action_is_none() -> None:
    alarm = ("BEGIN:VALARM", "ACTION:NONE", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z", "END:VALARM")
    draft = todo("DUE;VALUE=DATE:20260102", *alarm)

    assert (draft.reminders, draft.notes) == ([], [])


def test_a_rule_needs_a_due_date_and_takes_the_start() -> None:
    draft = todo("DTSTART;VALUE=DATE:20260102", "RRULE:FREQ=DAILY")

    assert (draft.due, draft.start) == ({"date": "2026-01-02"}, None)
    assert draft.recurrence == {"rule": "FREQ=DAILY", "occurrence": "2026-01-02"}
    assert todo("RRULE:FREQ=DAILY").notes == ["the recurrence is left out: it has no due date"]


def test_the_list_is_the_calendar_or_the_file() -> None:
    named = vtodo(calendar="NAME:By RFC 7986\r\nX-WR-CALNAME:Other\r\n")

    assert converted("ical", named).document["lists"][0]["title"] == "By RFC 7986"
    assert converted("ical", vtodo(), "/folder/errands.ics").document["lists"][0]["title"] == "errands"
    assert converted("ical", vtodo()).document["lists"] == []


def test_a_malformed_line_does_not_lose_the_rest() -> None:
    draft = todo("PRIORITY:high", "no colon", "X-;;=:", "CATEGORIES:a,b", "CATEGORIES:c", "DESCRIPTION:x")

    assert (draft.title, draft.labels, draft.description) == ("Buy milk", ["a", "b", "c"], "x")
    assert draft.notes == [
        "PRIORITY is malformed and left out",
        "a malformed line is left out",
        "a malformed line is left out",
    ]


def test_the_rest_of_a_file_that_ends_too_early_is_kept() -> None:
    whole = vtodo() + vtodo("DESCRIPTION:cut")
    found = drafts("ical", whole[: whole.index(":cut") + 3])

    assert len(found) == 1
    done = converted("ical", whole[: whole.index(":cut") + 3])
    assert [task.get("description") for task in done.tasks] == [None, "cu"]
    assert any("the file ends within it" in note for note in done.notes)


def test_a_task_without_an_end_does_not_swallow_the_next() -> None:
    lines = ["BEGIN:VTODO", "UID:1", "SUMMARY:One", "BEGIN:VTODO", "UID:2", "SUMMARY:Two", "END:VTODO"]
    content = "\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""])

    assert list(drafts("ical", content)) == ["One", "Two"]


def test_folded_lines_inside_a_character_and_line_ends_of_unix() -> None:
    content = vtodo("DESCRIPTION:Stra~e").replace("~", "ß").encode()
    place = content.index("ß".encode()) + 1
    folded = content[:place] + b"\r\n " + content[place:]

    assert drafts("ical", folded)["Buy milk"].description == "Straße"
    assert drafts("ical", folded.replace(b"\r\n", b"\n"))["Buy milk"].description == "Straße"


def test_line_ends_that_were_converted_twice() -> None:
    lines = ("DUE;VALUE=DATE:20261121", "DESCRIPTION:a\r\n b")
    draft = drafts("ical", vtodo(*lines).replace("\r\n", "\r\r\n"))["Buy milk"]

    assert (draft.due, draft.description, draft.notes) == ({"date": "2026-11-21"}, "ab", [])


def test_another_encoding_is_read_and_reported() -> None:
    done = converted("ical", vtodo("DESCRIPTION:Straße").encode("cp1252"))

    assert done.tasks[0]["description"] == "Straße"
    assert done.notes == ["the file is not UTF-8: it is read as Windows-1252"]


def test_a_task_without_times_has_the_same_id_in_each_conversion() -> None:
    content = "BEGIN:VTODO\nUID:1\nSUMMARY:One\nEND:VTODO\n"
    first, second = (converted("ical", content).tasks[0] for _ in range(2))

    assert first == second
    assert first["created_at"] == "2000-01-01T00:00:00.000000Z"


def test_an_id_is_of_the_creation_time_and_of_the_source() -> None:
    one, two = (converted("ical", vtodo().replace("UID:1", f"UID:{uid}")).tasks[0]["id"] for uid in "12")
    other_day = converted("ical", vtodo().replace("20260301", "20260302")).tasks[0]["id"]

    assert one != two
    assert one[:13] == two[:13] != other_day[:13]
    assert int(one.replace("-", "")[:12], 16) == datetime(2026, 3, 1, 8, 30, tzinfo=UTC).timestamp() * 1000


def test_fields_without_a_property_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    line = r'X-TASKWARD-FIELDS;VALUE=TEXT:{"metadata": {"colour": "red"}\, "id": "x"\, "title": "Another"}'
    assert "metadata" not in converted("ical", vtodo(line)).task("Buy milk"), "it has a property of its own"

    monkeypatch.setattr(ical, "OTHERS", ("metadata",))

    assert converted("ical", vtodo(line)).task("Buy milk")["metadata"] == {"colour": "red"}


def test_a_field_of_a_newer_service_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ical, "OTHERS", ("number",))

    done = converted("ical", vtodo('X-TASKWARD-FIELDS;VALUE=TEXT:{"number": 0}'))

    assert "number" not in done.task("Buy milk")
    assert any("number is left out: Unknown field" in note for note in done.notes)


@pytest.mark.parametrize("text", ["", "[]", "{", '"number"'])
def test_malformed_fields_are_ignored(text: str) -> None:
    found = converted("ical", vtodo(f"X-TASKWARD-FIELDS;VALUE=TEXT:{text}"))

    assert found.task("Buy milk")["title"] == "Buy milk"
