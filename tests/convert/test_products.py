"""Google Tasks, TickTick, Taskwarrior, Vikunja and Microsoft To Do: a sample of each, and further cases."""

import io
import json
import zipfile
from typing import Any

import pytest
from convert.conversion import SAMPLES, converted, drafts, sample, sample_drafts

from taskward.convert.microsoft_recurrence import rule_of as microsoft_rule
from taskward.convert.plain_text import plain_text
from taskward.convert.taskwarrior_recurrence import rule_of as taskwarrior_rule

BERLIN = "Europe/Berlin"


# Google Tasks


def test_google_tasks() -> None:
    done = sample("google.json")
    trip, hotel, untitled = done.tasks

    assert (trip["title"], trip["description"], trip["due"]) == (
        "Plan the trip",
        "Trains, not planes",
        {"date": "2026-06-01"},
    )
    assert (hotel["parent_id"], hotel["completed_at"]) == (trip["id"], "2026-03-05T08:00:00.000000Z")
    assert hotel["position"] < trip["position"] < untitled["position"]
    assert untitled["title"] == "Untitled"
    assert [one["title"] for one in done.document["lists"]] == ["My Tasks", "Empty"]
    assert {done.list_of(task) for task in done.tasks} == {"My Tasks"}
    assert done.notes == [
        'My Tasks, item 1: task "Plan the trip": its links are left out',
        'My Tasks, item 3: task "Untitled": it has no title: it is called "Untitled"',
        "deleted tasks are left out",
    ]


def test_one_list_of_google_tasks() -> None:
    one = {"kind": "tasks#tasks", "title": "Alone", "items": [{"id": "a", "title": "x"}]}

    assert converted("google", json.dumps(one)).document["lists"][0]["title"] == "Alone"


# TickTick


def test_ticktick() -> None:
    done = sample("ticktick.csv")
    report, figures, bank, archived = done.tasks

    assert report["description"] == "Two pages\nat most"
    assert (report["due"], report["start"]) == ({"date": "2026-03-11"}, {"date": "2026-03-11"}), (
        "in its time zone"
    )
    assert (report["priority"], report["labels"]) == ("high", ["urgent", "work"])
    assert figures["due"] == {"date": "2026-03-09", "time": "09:30", "time_zone": BERLIN}
    assert (figures["priority"], figures["parent_id"]) == ("medium", report["id"])
    assert figures["position"] < report["position"] < bank["position"] < archived["position"]
    assert (bank["due"], bank["priority"]) == ({"date": "2026-03-12", "time": "14:00"}, "low")
    assert (archived["is_completed"], archived["completed_at"]) == (True, "2026-03-02T10:39:31.000000Z")
    assert [done.list_of(task) for task in done.tasks] == ["Alpha", "Alpha", None, None]


def test_recurrence_and_reminders_of_ticktick() -> None:
    found = sample_drafts("ticktick.csv")

    assert found["Write the report"].recurrence == {
        "rule": "FREQ=MONTHLY;BYMONTHDAY=11",
        "occurrence": "2026-03-11",
    }
    assert found["Write the report"].reminders == [{"offset_minutes": 540}]
    assert found["Collect the figures"].reminders == [{"offset_minutes": -15}]


def test_ticktick_without_a_time_zone_takes_the_given_one() -> None:
    content = (SAMPLES / "ticktick.csv").read_text("utf-8").replace('"Europe/Berlin"', '""')
    due = drafts("ticktick", content, zone="Asia/Tokyo")["Collect the figures"].due

    assert due == {"date": "2026-03-09", "time": "17:30", "time_zone": "Asia/Tokyo"}


def test_reminders_of_ticktick_are_relative_to_the_start() -> None:
    header = "List Name,Title,Status,Start Date,Due Date,Reminder,Repeat"
    start, due = "2026-03-09T08:00:00+0000", "2026-03-09T10:00:00+0000"
    rows = (f",long,0,{start},{due},-PT15M,", f",starting,0,{start},,-PT15M,RRULE:FREQ=DAILY")
    found = drafts("ticktick", "\n".join((header, *rows)))

    assert found["long"].reminders == [{"offset_minutes": -135}]
    assert found["starting"].reminders == [{"offset_minutes": -15}]


# Taskwarrior


def test_taskwarrior() -> None:
    done = sample("taskwarrior.json", BERLIN)
    mow, mown, letter = done.tasks

    assert mow["due"] == {"date": "2026-04-10", "time": "12:00", "time_zone": BERLIN}
    assert (mow["priority"], mow["labels"], done.list_of(mow)) == (
        "high",
        ["next", "outside"][::-1],
        "House.Garden",
    )
    assert (mown["is_completed"], mown["completed_at"]) == (True, "2026-03-13T12:00:00.000000Z")
    assert letter["due"] == {"date": "2026-04-20"}, "23:59:59 there"
    assert letter["start"] == {"date": "2026-04-16", "time": "00:00", "time_zone": BERLIN}
    assert letter["description"] == "2026-03-02: Stamps are in the drawer\n2026-03-03: Two of them"
    assert [note for note in done.notes if "letter" in note] == [
        'task "Send the letter": depends is left out',
        'task "Send the letter": estimate is left out',
    ]


def test_the_last_open_task_of_a_template_has_its_rule() -> None:
    content = json.loads((SAMPLES / "taskwarrior.json").read_text("utf-8"))
    open_ones = [one for one in content if one["status"] in {"pending", "recurring"}]
    mow = drafts("taskwarrior", json.dumps(open_ones))["Mow the lawn"]
    alone = drafts("taskwarrior", json.dumps([one for one in content if one["status"] == "recurring"]))

    assert mow.source_id == "a0000000-0000-4000-8000-000000000002"
    assert mow.recurrence == {"rule": "FREQ=WEEKLY;INTERVAL=2", "occurrence": "2026-04-10"}
    assert alone["Mow the lawn"].recurrence == {"rule": "FREQ=WEEKLY;INTERVAL=2", "occurrence": "2026-02-27"}


def test_taskwarrior_without_a_time_zone_is_in_utc_and_says_so() -> None:
    done = sample("taskwarrior.json")

    assert done.tasks[0]["due"] == {"date": "2026-04-10", "time": "10:00", "time_zone": "UTC"}
    assert any("--time-zone" in note for note in done.notes)


def test_an_older_taskwarrior_writes_one_object_a_line() -> None:
    lines = [json.dumps({"uuid": str(n), "description": f"Task {n}", "status": "pending"}) for n in range(3)]

    assert len(converted("taskwarrior", ",\n".join(lines) + "\n").tasks) == 3


def test_line_ends_of_unicode_are_part_of_a_text() -> None:
    title = "one\u2028two\u0085three"
    line = json.dumps({"uuid": "1", "description": title, "status": "pending"}, ensure_ascii=False)

    assert [task["title"] for task in converted("taskwarrior", f"{line}\r\n{line}\n").tasks] == [title] * 2


@pytest.mark.parametrize(
    ("recur", "rule"),
    [
        ("daily", "FREQ=DAILY;INTERVAL=1"),
        ("weekdays", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR"),
        ("fortnight", "FREQ=WEEKLY;INTERVAL=2"),
        ("quarterly", "FREQ=MONTHLY;INTERVAL=3"),
        ("yearly", "FREQ=YEARLY;INTERVAL=1"),
        ("P1M", "FREQ=MONTHLY;INTERVAL=1"),
        ("P2W", "FREQ=WEEKLY;INTERVAL=2"),
        ("3d", "FREQ=DAILY;INTERVAL=3"),
        ("2 weeks", "FREQ=WEEKLY;INTERVAL=2"),
        ("2q", "FREQ=MONTHLY;INTERVAL=6"),
        ("hourly", None),
        ("PT1H", None),
        ("3h", None),
        ("", None),
    ],
)
def test_recur_of_taskwarrior(recur: str, rule: str | None) -> None:
    assert taskwarrior_rule(recur) == rule


# Vikunja


def test_vikunja() -> None:
    done = sample("vikunja.json", BERLIN)
    shelf, oak = done.tasks

    assert shelf["description"] == "Oak, not pine\n\n- saw\n- glue\n\nComment: Ask Jo"
    assert shelf["due"] == {"date": "2026-03-01", "time": "12:00", "time_zone": BERLIN}
    assert (shelf["priority"], shelf["labels"], "start" in shelf) == ("urgent", ["wood"], False)
    assert (oak["is_completed"], oak["parent_id"], oak["priority"]) == (True, shelf["id"], "low")
    assert oak["position"] < shelf["position"]
    assert done.list_of(shelf) == "Workshop"
    assert 'Workshop: task "Build the shelf": percent_done is left out' in done.notes


def test_recurrence_and_reminders_of_vikunja() -> None:
    shelf = sample_drafts("vikunja.json")["Build the shelf"]

    assert shelf.recurrence == {"rule": "FREQ=WEEKLY;INTERVAL=2", "occurrence": "2026-03-01"}
    assert shelf.reminders == [{"offset_minutes": -60}, {"at": "2026-02-28T10:00:00Z"}]


def test_reminders_of_an_all_day_task_of_vikunja_are_relative_to_the_end_of_the_day() -> None:
    reminder = {"reminder": "2026-03-01T20:59:59Z", "relative_period": -10800, "relative_to": "due_date"}
    task = {"id": 1, "title": "x", "due_date": "2026-03-01T23:59:59Z", "reminders": [reminder]}
    draft = drafts("vikunja", json.dumps([{"id": 1, "title": "p", "tasks": [task]}]))["x"]

    assert (draft.due, draft.reminders) == ({"date": "2026-03-01"}, [{"offset_minutes": 20 * 60 + 59}])


@pytest.mark.parametrize(
    ("fields", "recurrence"),
    [
        ({"repeat_after": 86400 * 3}, {"rule": "FREQ=DAILY;INTERVAL=3"}),
        ({"repeat_after": 86400, "repeat_mode": 2}, {"rule": "FREQ=DAILY", "after": "completion"}),
        ({"repeat_mode": 1}, {"rule": "FREQ=MONTHLY"}),
        ({"repeats": "FREQ=MONTHLY;BYMONTHDAY=-1"}, {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1"}),
        ({"repeat_after": 3600}, None),
        ({"repeat_after": 0}, None),
    ],
)
def test_repetition_of_vikunja(fields: dict[str, Any], recurrence: Any) -> None:
    task = {"id": 1, "title": "x", "due_date": "2026-03-01T11:00:00Z", **fields}
    draft = drafts("vikunja", json.dumps([{"id": 1, "title": "p", "tasks": [task]}]))["x"]

    assert draft.recurrence == (recurrence and {"occurrence": "2026-03-01", **recurrence})


def test_an_export_of_vikunja_is_an_archive() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("VERSION", "v1.0.0")
        files.write(SAMPLES / "vikunja.json", "data.json")

    assert len(converted("vikunja", archive.getvalue()).tasks) == 2


# Microsoft To Do


def test_microsoft() -> None:
    done = sample("microsoft.json", BERLIN)
    books, rent, balance, paper = done.tasks

    assert books["due"] == {"date": "2026-02-21"}, "midnight there, in UTC"
    assert (books["created_at"], "priority" in books) == ("2026-02-01T09:00:00.123456Z", False)
    assert (rent["due"], rent["start"]) == ({"date": "2026-03-31"}, {"date": "2026-03-25"})
    assert (rent["description"], rent["priority"], rent["labels"]) == ("By transfer", "high", ["Money"])
    assert (balance["parent_id"], balance["is_completed"]) == (rent["id"], True)
    assert (paper["is_completed"], paper["priority"]) == (True, "low")
    assert [done.list_of(task) for task in done.tasks] == [None, "Office", "Office", "Office"], "default list"


def test_recurrence_and_reminders_of_microsoft() -> None:
    rent = sample_drafts("microsoft.json")["Pay the rent"]

    assert rent.recurrence == {
        "rule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1;UNTIL=20270331",
        "occurrence": "2026-03-31",
    }
    assert rent.reminders == [{"at": "2026-03-31T07:00:00Z"}]


@pytest.mark.parametrize(
    ("pattern", "limits", "rule"),
    [
        ({"type": "daily", "interval": 2}, {"type": "noEnd"}, "FREQ=DAILY;INTERVAL=2"),
        (
            {"type": "weekly", "interval": 1, "daysOfWeek": ["friday", "monday"], "firstDayOfWeek": "sunday"},
            {"type": "numbered", "numberOfOccurrences": 5},
            "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,FR;WKST=SU;COUNT=5",
        ),
        (
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "last"},
            {},
            "FREQ=MONTHLY;INTERVAL=1;BYDAY=TU;BYSETPOS=-1",
        ),
        (
            {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 24, "month": 12},
            {},
            "FREQ=YEARLY;INTERVAL=1;BYMONTHDAY=24;BYMONTH=12",
        ),
        (
            {
                "type": "relativeYearly",
                "interval": 1,
                "daysOfWeek": ["sunday"],
                "index": "second",
                "month": 5,
            },
            {},
            "FREQ=YEARLY;INTERVAL=1;BYDAY=SU;BYSETPOS=2;BYMONTH=5",
        ),
        ({"type": "absoluteMonthly", "dayOfMonth": 0}, {}, None),
        ({"type": "absoluteYearly", "dayOfMonth": 1, "month": 13}, {}, None),
        ({"type": "lunar"}, {}, None),
        ({}, {}, None),
    ],
)
def test_patterns_of_microsoft(pattern: Any, limits: Any, rule: str | None) -> None:
    assert microsoft_rule(pattern, limits) == rule


@pytest.mark.parametrize("shape", ["tasks of one list", "pages", "a list of lists"])
def test_other_shapes_of_microsoft(shape: str) -> None:
    task = {"id": "a", "title": "x", "status": "notStarted"}
    whole: Any = {
        "tasks of one list": {"value": [task], "@odata.nextLink": "https://graph.microsoft.com/…"},
        "pages": [{"value": [task]}, {"value": [task | {"id": "b"}]}],
        "a list of lists": [{"displayName": "L", "id": "1", "tasks": [task]}],
    }[shape]

    done = converted("microsoft", json.dumps(whole))
    assert {one["title"] for one in done.tasks} == {"x"}
    assert any("one page of several" in note for note in done.notes) is (shape == "tasks of one list")


@pytest.mark.parametrize("is_last", [True, False])
def test_the_tasks_of_a_list_may_be_a_whole_response(*, is_last: bool) -> None:
    task = {"id": "a", "title": "x", "status": "notStarted"}
    page = {"value": [task]} | ({} if is_last else {"@odata.nextLink": "https://graph.microsoft.com/…"})
    one = {"displayName": "One", "id": "1", "tasks": page}
    several = {"displayName": "Two", "id": "2", "tasks": [{"value": [task | {"id": n}]} for n in "bc"]}
    failed = {"displayName": "Three", "id": "3", "tasks": {"error": {"code": "unauthenticated"}}}
    done = converted("microsoft", json.dumps({"value": [one, several, failed]}))

    assert [done.list_of(task) for task in done.tasks] == ["One", "Two", "Two"]
    assert any("one page of several" in note for note in done.notes) is not is_last
    assert "what is neither a task nor a page of tasks is left out of a list" in done.notes


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<p>See <a href="https://example.com/?a=1&amp;b=2">the <b>plan</b></a>.</p>',
            "See the plan (https://example.com/?a=1&b=2).",
        ),
        ('<a target="_blank" href="https://example.com/">https://example.com</a>', "https://example.com"),
        ("<p><a href='mailto:jo@example.com'>jo@example.com</a></p>", "jo@example.com"),
        (
            "<p><a href=tel:123>Jo</a>, <a name='x'>here</a>, <a href='#x'>there</a></p>",
            "Jo (tel:123), here, there",
        ),
        (
            '<p><a href="https://example.com/1">one<a href="https://example.com/2">two',
            "one (https://example.com/1)two",
        ),
    ],
)
def test_the_address_of_a_link_follows_its_text(html: str, text: str) -> None:
    assert plain_text(html) == text
