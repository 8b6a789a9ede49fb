"""Todoist: the Sync API, and the CSV files of projects."""

import io
import json
import zipfile
from typing import Any

import pytest
from convert.conversion import converted, drafts, sample, sample_drafts

from taskward.convert.todoist_recurrence import rule_of

HEADER = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE"


def item(**fields: Any) -> Any:
    """Returns the draft of one item of the Sync API."""
    whole = {"items": [{"id": "1", "content": "Call Jo", "priority": 1, **fields}]}
    return drafts("todoist", json.dumps(whole))["Call Jo"]


def row(text: str) -> Any:
    """Returns the draft of one row of a CSV file, by its PRIORITY and DATE columns."""
    (draft,) = drafts("todoist", f"{HEADER}\r\n{text}\r\n").values()
    return draft


def test_the_sync_api() -> None:
    done = sample("todoist-sync.json")
    beds, hoe, taxes = (done.task(title) for title in ("Weed the beds", "Sharpen the hoe", "File the taxes"))

    assert beds["description"] == "All four\n\nComment: Gloves are in the shed"
    assert beds["due"] == {"date": "2026-03-02", "time": "18:00", "time_zone": "Europe/Madrid"}
    assert (beds["priority"], beds["labels"]) == ("urgent", ["outside", "Beds"])
    assert (hoe["due"], hoe["parent_id"]) == ({"date": "2026-02-03", "time": "12:30"}, beds["id"])
    assert (hoe["is_completed"], hoe["completed_at"]) == (True, "2026-02-03T10:00:00.000000Z")
    assert (taxes["start"], taxes["due"]) == ({"date": "2026-05-01"}, {"date": "2026-05-31"}), (
        "with a deadline"
    )
    assert [done.list_of(task) for task in (beds, hoe, taxes)] == ["Garden", "Garden", None], "inbox"
    assert hoe["position"] < beds["position"] < taxes["position"]
    assert beds["created_at"] == "2026-02-01T09:00:00.123456Z"


def test_projects_keep_their_order_and_whether_they_are_archived() -> None:
    lists = sample("todoist-sync.json").document["lists"]

    assert [(one["title"], one["is_archived"]) for one in lists] == [("Old house", True), ("Garden", False)]
    assert lists[0]["position"] < lists[1]["position"]


def test_recurrence_and_reminders_of_the_sync_api() -> None:
    found = sample_drafts("todoist-sync.json")

    assert found["Weed the beds"].recurrence == {
        "rule": "FREQ=WEEKLY;INTERVAL=2",
        "occurrence": "2026-03-02",
        "after": "completion",
    }
    assert found["Weed the beds"].reminders == [{"offset_minutes": -45}]
    assert found["File the taxes"].reminders == [{"at": "2026-04-30T08:00:00Z"}]
    assert found["File the taxes"].notes == ["a reminder is left out: it is at a place, or has no time"]


def test_a_reminder_is_relative_to_the_date_and_not_to_the_deadline() -> None:
    whole = {
        "items": [
            {
                "id": "1",
                "content": "Call Jo",
                "due": {"date": "2026-05-01T09:00:00"},
                "deadline": {"date": "2026-05-03"},
            }
        ],
        "reminders": [{"id": "2", "item_id": "1", "type": "relative", "minute_offset": 30}],
    }
    draft = drafts("todoist", json.dumps(whole))["Call Jo"]

    assert (draft.due, draft.reminders) == ({"date": "2026-05-03"}, [{"offset_minutes": -39 * 60 - 30}])


@pytest.mark.parametrize(("number", "word"), [(4, "urgent"), (3, "high"), (2, "medium"), (1, None)])
def test_priorities_of_the_api_and_of_csv_count_in_opposite_directions(number: int, word: str | None) -> None:
    assert item(priority=number).priority == word
    assert row(f"task,Call Jo,,{5 - number},1,,,,,").priority == word


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ({"date": "2026-05-01"}, {"date": "2026-05-01"}),
        ({"date": "2026-05-01T09:00:00"}, {"date": "2026-05-01", "time": "09:00"}),
        (
            {"date": "2026-05-01T07:00:00.000000Z", "timezone": "Europe/Berlin"},
            {"date": "2026-05-01", "time": "09:00", "time_zone": "Europe/Berlin"},
        ),
        ({"date": "2026-05-01T07:00:00Z"}, {"date": "2026-05-01", "time": "07:00", "time_zone": "UTC"}),
        (
            {"date": "2026-05-01", "datetime": "2026-05-01T07:00:00Z", "timezone": "Europe/Berlin"},
            {"date": "2026-05-01", "time": "09:00", "time_zone": "Europe/Berlin"},
        ),
        ({"date": "soon"}, None),
        ({"date": "1960-01-01"}, None),
    ],
)
def test_each_kind_of_due_date(due: Any, expected: Any) -> None:
    draft = item(due=due)

    assert (draft.due, bool(draft.notes)) == (expected, expected is None)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("every day", "FREQ=DAILY"),
        ("daily", "FREQ=DAILY"),
        ("every week", "FREQ=WEEKLY"),
        ("every month", "FREQ=MONTHLY"),
        ("Every Year", "FREQ=YEARLY"),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3"),
        ("every 2 weeks at 9am", "FREQ=WEEKLY;INTERVAL=2"),
        ("every other month", "FREQ=MONTHLY;INTERVAL=2"),
        ("every quarter", "FREQ=MONTHLY;INTERVAL=3"),
        ("every weekday at 09:30", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("every monday", "FREQ=WEEKLY;BYDAY=MO"),
        ("every mon, wed and fri at noon", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("every other friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("every 15th", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("every 1st, 15th", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        ("every last day", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("every 3rd friday 18:00", "FREQ=MONTHLY;BYDAY=3FR"),
        ("every last monday", "FREQ=MONTHLY;BYDAY=-1MO"),
        ("every 5 jan", "FREQ=YEARLY;BYMONTHDAY=5;BYMONTH=1"),
        ("ev mon", "FREQ=WEEKLY;BYDAY=MO"),
    ],
)
def test_dates_that_repeat(given: str, rule: str) -> None:
    draft = item(due={"date": "2026-03-02", "string": given, "is_recurring": True, "lang": "en"})

    assert (draft.recurrence, draft.notes) == ({"rule": rule, "occurrence": "2026-03-02"}, [])


@pytest.mark.parametrize("given", ["every! 3 days", "every!3 days", "after 3 days", "ev! 3 days at 18:00"])
def test_repeating_after_completion(given: str) -> None:
    found = rule_of(given)

    assert found is not None
    assert (found.text, found.after_completion) == ("FREQ=DAILY;INTERVAL=3", True)


@pytest.mark.parametrize(
    "given",
    [
        "every 3 hours",
        "jeden Tag",
        "every day starting tomorrow",
        "every",
        "every full moon",
        "",
        "every 0th",
    ],
)
def test_what_is_not_known_is_reported_with_its_text(given: str) -> None:
    draft = item(due={"date": "2026-03-02", "string": given, "is_recurring": True})

    assert draft.recurrence is None
    assert f'the recurrence "{given}"' in draft.notes[0] or "is left out" in draft.notes[0]
    assert draft.due == {"date": "2026-03-02"}


def test_a_csv_file() -> None:
    done = sample("todoist.csv")
    seeds, prices, compost, roses = done.tasks

    assert (seeds["title"], seeds["labels"], seeds["priority"]) == (
        "Order seeds",
        ["garden", "spring"],
        "urgent",
    )
    assert (seeds["description"], seeds["due"]) == ('Peas, "sugar snap"', {"date": "2026-10-05"})
    assert (prices["parent_id"], "priority" in prices) == (seeds["id"], False)
    assert prices["due"] == {"date": "2026-10-01", "time": "15:30", "time_zone": "Africa/Cairo"}
    assert prices["description"] == "Comment: The shop in town is cheaper"
    assert (compost["labels"], "due" in compost) == (["Later"], False)
    assert (roses["start"], roses["due"]) == ({"date": "2027-02-15"}, {"date": "2027-03-01"})
    assert [task["position"] for task in done.tasks] == sorted(task["position"] for task in done.tasks)
    assert (
        'line 8: task "Turn the compost": DATE "every month" is left out: it is not a day with its year'
        in done.notes
    )


@pytest.mark.parametrize(
    ("date", "due"),
    [
        ("2026-03-02", {"date": "2026-03-02"}),
        ("2 Mar 2026", {"date": "2026-03-02"}),
        ("March 2nd, 2026", {"date": "2026-03-02"}),
        ("Mar 2 2026 at 9am", {"date": "2026-03-02", "time": "09:00"}),
        ("2026-03-02 21:05", {"date": "2026-03-02", "time": "21:05"}),
        ("2026-03-02T21:05:00", {"date": "2026-03-02", "time": "21:05"}),
        ("Mar 2 2026 12:30 am", {"date": "2026-03-02", "time": "00:30"}),
        ("2 Mar", None),
        ("tomorrow", None),
        ("30 Feb 2026", None),
        ("2026-03-02 25:00", None),
        ("2 foo 2026", None),
    ],
)
def test_only_days_with_their_year_are_kept_from_csv(date: str, due: Any) -> None:
    draft = row(f'task,Call Jo,,4,1,,,"{date}",en,')

    assert (draft.due, bool(draft.notes)) == (due, due is None)


def test_the_list_of_a_csv_file_is_its_name_without_the_id() -> None:
    content = f"{HEADER}\ntask,Call Jo,,4,1,,,,,\n"

    assert converted("todoist", content, "Home [2203306141].csv").document["lists"][0]["title"] == "Home"
    assert converted("todoist", content, "Inbox.csv").document["lists"] == []
    assert converted("todoist", content, "-").document["lists"] == []


def test_a_backup_has_a_file_for_each_project() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for name in ("Home [1].csv", "Work [2].csv", "readme.txt"):
            files.writestr(name, f"{HEADER}\ntask,Call Jo,,4,1,,,,,\n")
    done = converted("todoist", archive.getvalue(), "backup.zip")

    assert [done.list_of(task) for task in done.tasks] == ["Home", "Work"]
    assert len({task["id"] for task in done.tasks}) == 2


def test_projects_of_one_name_are_lists_of_their_own() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("Home [1].csv", "Home [2].csv"):
            files.writestr(name, f"{HEADER}\ntask,Plan,,4,1,,,,,\ntask,Step,,4,2,,,,,\n")
    done = converted("todoist", archive.getvalue(), "backup.zip")
    first, first_step, second, second_step = done.tasks

    assert [one["title"] for one in done.document["lists"]] == ["Home", "Home"]
    assert first["list_id"] != second["list_id"]
    assert (first_step["parent_id"], second_step["parent_id"]) == (first["id"], second["id"])


def test_an_unknown_time_zone_of_a_csv_file_is_reported() -> None:
    draft = row("task,Call Jo,,4,1,,,2026-03-02 21:05,en,Mars/Base")

    assert draft.due == {"date": "2026-03-02", "time": "21:05"}
    assert draft.notes == ['the time zone "Mars/Base" is unknown and left out']
    assert row("task,Call Jo,,4,1,,,2026-03-02,en,Mars/Base").notes == []


def test_rows_that_are_equal_are_several_tasks() -> None:
    content = f"{HEADER}\n" + "task,Call Jo,,4,1,,,,,\n" * 3
    ids = {task["id"] for task in converted("todoist", content).tasks}

    assert len(ids) == 3
    assert ids < {task["id"] for task in converted("todoist", f"{content}task,Other,,4,1,,,,,\n").tasks}


def test_labels_of_older_versions_are_ids() -> None:
    whole = {
        "items": [
            {"id": 1, "content": "Call Jo", "labels": [7], "checked": 1, "date_added": "2020-01-01T10:00:00Z"}
        ],
        "labels": [{"id": 7, "name": "phone"}],
    }
    draft = drafts("todoist", json.dumps(whole))["Call Jo"]

    assert (draft.labels, draft.is_completed, draft.created and draft.created.year) == (["phone"], True, 2020)
