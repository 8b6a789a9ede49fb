"""docs/contract.md#recurrence: when the task after a completed one is due."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

import pytest
from tasks.recurrence.random_rules import random_cases

from taskward.tasks.recurrence.days import days_after
from taskward.tasks.recurrence.next_day import Recurrence, next_occurrence, upcoming
from taskward.tasks.recurrence.rule import Rule

BERLIN: Final = "Europe/Berlin"
KEEP: Final = {"missed": "keep"}
COMPLETION: Final = {"after": "completion"}


def recurrence(rule: str, occurrence: str, **keys: str) -> Recurrence:
    return Recurrence.parse({"rule": rule, "occurrence": occurrence, **keys})


def following(
    before: Recurrence, due: Mapping[str, str] | str, completed_at: str, user_zone: str | None = None
) -> dict[str, Any] | None:
    """Returns `due.date` and the recurrence of the next task; a completion with `Z` has no offset."""
    due = {"date": due} if isinstance(due, str) else due
    moment, given = datetime.fromisoformat(completed_at), not completed_at.endswith("Z")
    found = next_occurrence(before, due, moment, user_zone, offset_given=given)
    return found and {"date": str(found[0]), **found[1].json()}


def next_day(
    before: Recurrence, due: Mapping[str, str] | str, completed_at: str, user_zone: str | None = None
) -> str | None:
    found = following(before, due, completed_at, user_zone)
    return None if found is None else str(found["date"])


def test_the_next_one_stands_for_its_own_day() -> None:
    daily = recurrence("freq=daily", "2026-11-21")

    assert following(daily, "2026-11-21", "2026-11-21T20:00:00Z") == {
        "date": "2026-11-22",
        "rule": "FREQ=DAILY",
        "occurrence": "2026-11-22",
    }
    assert following(
        recurrence("FREQ=DAILY", "2026-11-21", **KEEP), "2026-11-21", "2026-11-29T20:00:00Z"
    ) == {
        "date": "2026-11-22",
        "rule": "FREQ=DAILY",
        "missed": "keep",
        "occurrence": "2026-11-22",
    }


@pytest.mark.parametrize(
    ("keys", "due", "completed", "expected"),
    [
        ({}, "2026-11-16", "2026-11-16", "2026-11-23"),
        ({}, "2026-11-16", "2026-11-10", "2026-11-23"),  # done before its day: that day does not come again
        ({}, "2026-11-12", "2026-11-12", "2026-11-23"),  # moved earlier, and done
        ({}, "2026-11-18", "2026-11-18", "2026-11-23"),  # moved later: the series is not shifted
        ({}, "2026-11-25", "2026-11-24", "2026-11-30"),  # moved beyond the next one
        ({}, "2026-11-16", "2026-11-22", "2026-11-23"),
        ({}, "2026-11-16", "2026-11-23", "2026-11-30"),  # the day itself has passed when it is done then
        ({}, "2026-11-16", "2027-01-10", "2027-01-11"),
        (KEEP, "2026-11-16", "2027-01-10", "2026-11-23"),
        (KEEP, "2026-11-25", "2027-01-10", "2026-11-30"),
        (COMPLETION, "2026-11-16", "2026-11-18", "2026-11-23"),
        (COMPLETION, "2026-11-16", "2026-11-10", "2026-11-16"),
    ],
)
def test_a_weekly_task_is_due_next(keys: dict[str, str], due: str, completed: str, expected: str) -> None:
    every_monday = recurrence("FREQ=WEEKLY;BYDAY=MO", "2026-11-16", **keys)

    assert next_day(every_monday, due, f"{completed}T12:00:00Z") == expected


@pytest.mark.parametrize(
    ("rule", "completed", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=10", "2026-11-21", "2026-12-01"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-11-21", "2026-12-05"),
        ("FREQ=MONTHLY", "2027-01-31", "2027-03-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-01-31", "2027-02-28"),
        ("FREQ=YEARLY", "2028-02-29", "2032-02-29"),
    ],
)
def test_after_completion_a_rule_counts_from_that_day(rule: str, completed: str, expected: str) -> None:
    counted = recurrence(rule, "2026-01-05", **COMPLETION)

    assert following(counted, "2026-01-05", f"{completed}T12:00:00Z") == {
        "date": expected,
        "rule": rule,
        "after": "completion",
        "occurrence": expected,
    }


@pytest.mark.parametrize(
    ("due", "completed_at", "zone", "expected"),
    [
        # All-day: the day of completion, in the given offset, the zone of the person, or UTC.
        ({}, "2026-11-21T23:30:00Z", None, "2026-11-22"),
        ({}, "2026-11-21T23:30:00Z", BERLIN, "2026-11-23"),
        ({}, "2026-11-22T07:30:00Z", "America/Los_Angeles", "2026-11-22"),
        ({}, "2026-11-21T23:30:00-08:00", BERLIN, "2026-11-22"),
        ({}, "2026-11-22T00:30:00+14:00", "UTC", "2026-11-23"),
        # Floating: that local time has not come yet, or has passed.
        ({"time": "09:00"}, "2026-11-22T08:59:59Z", None, "2026-11-22"),
        ({"time": "09:00"}, "2026-11-22T09:00:00Z", None, "2026-11-23"),
        ({"time": "09:00"}, "2026-11-22T07:59:59Z", BERLIN, "2026-11-22"),
        ({"time": "09:00"}, "2026-11-22T08:00:00Z", BERLIN, "2026-11-23"),
        ({"time": "09:00"}, "2026-11-22T08:59:59-08:00", BERLIN, "2026-11-22"),
        ({"time": "09:00"}, "2026-11-22T09:00:00+05:45", BERLIN, "2026-11-23"),
        # Fixed: the instant; the offset of the completion does not matter.
        ({"time": "09:00", "time_zone": BERLIN}, "2026-11-22T07:59:59Z", "Asia/Tokyo", "2026-11-22"),
        ({"time": "09:00", "time_zone": BERLIN}, "2026-11-22T08:00:00Z", "Asia/Tokyo", "2026-11-23"),
        ({"time": "09:00", "time_zone": BERLIN}, "2026-11-21T23:59:59-08:00", None, "2026-11-22"),
        ({"time": "09:00", "time_zone": BERLIN}, "2026-11-22T00:00:00-08:00", None, "2026-11-23"),
        ({"time": "00:30", "time_zone": "Pacific/Kiritimati"}, "2026-11-21T10:29:59Z", None, "2026-11-22"),
        ({"time": "23:30", "time_zone": "Pacific/Pago_Pago"}, "2026-11-23T10:29:59Z", None, "2026-11-22"),
    ],
)
def test_what_has_passed_is_skipped(
    due: dict[str, str], completed_at: str, zone: str | None, expected: str
) -> None:
    daily = recurrence("FREQ=DAILY", "2026-11-18")

    assert next_day(daily, {"date": "2026-11-18", **due}, completed_at, zone) == expected


@pytest.mark.parametrize(
    ("completed_at", "zone", "expected"),
    [
        ("2026-11-21T23:30:00Z", None, "2026-11-22"),
        (
            "2026-11-21T23:30:00Z",
            "Asia/Tokyo",
            "2026-11-22",
        ),  # the zone of due comes before that of the person
        ("2026-11-21T23:30:00+09:00", None, "2026-11-22"),
        ("2026-11-22T01:30:00+09:00", None, "2026-11-23"),
    ],
)
def test_the_day_of_completion_is_that_of_the_zone_of_due(
    completed_at: str, zone: str | None, expected: str
) -> None:
    due = {"date": "2026-11-18", "time": "09:00", "time_zone": "Europe/London"}

    assert next_day(recurrence("FREQ=DAILY", "2026-11-18", **COMPLETION), due, completed_at, zone) == expected


def test_a_time_that_the_clocks_skip_has_not_passed_before_the_shifted_one() -> None:
    due = {"date": "2026-03-28", "time": "02:30", "time_zone": BERLIN}
    daily = recurrence("FREQ=DAILY", "2026-03-28")

    assert next_day(daily, due, "2026-03-29T03:29:00+02:00") == "2026-03-29"
    assert next_day(daily, due, "2026-03-29T03:30:00+02:00") == "2026-03-30"

    apia = {"date": "2011-12-28", "time": "10:00", "time_zone": "Pacific/Apia"}  # without a 30 December
    assert next_day(recurrence("FREQ=DAILY", "2011-12-28"), apia, "2011-12-30T19:59:00Z") == "2011-12-30"


@pytest.mark.parametrize(
    ("rule", "occurrence", "completed", "expected"),
    [
        ("FREQ=DAILY;COUNT=5", "2026-11-20", "2026-11-20", ("2026-11-21", "FREQ=DAILY;COUNT=4")),
        ("FREQ=DAILY;COUNT=5", "2026-11-20", "2026-11-22", ("2026-11-23", "FREQ=DAILY;COUNT=2")),
        ("FREQ=DAILY;COUNT=5", "2026-11-20", "2026-11-23", ("2026-11-24", "FREQ=DAILY;COUNT=1")),
        ("FREQ=DAILY;COUNT=5", "2026-11-20", "2026-11-24", None),
        ("FREQ=DAILY;COUNT=1", "2026-11-20", "2026-11-20", None),
        (
            "FREQ=DAILY;UNTIL=20261122",
            "2026-11-20",
            "2026-11-21",
            ("2026-11-22", "FREQ=DAILY;UNTIL=20261122"),
        ),
        ("FREQ=DAILY;UNTIL=20261122", "2026-11-20", "2026-11-22", None),
        ("FREQ=DAILY;UNTIL=20200101", "2026-11-20", "2026-11-20", None),
        ("FREQ=YEARLY;INTERVAL=4", "9996-02-29", "9996-02-29", None),
        ("FREQ=DAILY", "9998-12-31", "9998-12-31", None),
        ("FREQ=YEARLY;INTERVAL=28", "2072-02-29", "2072-02-29", None),  # 2100 has no such day
    ],
)
def test_a_series_ends(rule: str, occurrence: str, completed: str, expected: tuple[str, str] | None) -> None:
    found = following(recurrence(rule, occurrence), occurrence, f"{completed}T12:00:00Z")

    assert (found and (found["date"], found["rule"])) == expected


def test_a_rule_with_count_is_counted_for_100_years() -> None:
    yearly = recurrence("FREQ=YEARLY;COUNT=999", "2000-01-01")

    assert next_day(yearly, "2000-01-01", "2099-06-01T12:00:00Z") == "2100-01-01"
    assert next_day(yearly, "2000-01-01", "2100-06-01T12:00:00Z") is None
    assert (
        next_day(recurrence("FREQ=YEARLY", "2000-01-01"), "2000-01-01", "2100-06-01T12:00:00Z")
        == "2101-01-01"
    )


def test_a_series_counts_as_its_rule_does_whenever_its_tasks_are_completed() -> None:
    for text, start in islice(random_cases(8), 500):
        rule = Rule.parse(f"{text};COUNT=9")
        expected = [start, *islice(days_after(rule, start, start), 8)]
        if len(expected) < 9:  # it is sparse, and the horizon moves with the tasks
            continue
        day, current = start, Recurrence(rule, start)
        found = [start]
        for number in range(9):
            late = day + timedelta(days=number % 3 * 11)
            completed = datetime.fromisoformat(f"{late}T12:00:00+00:00")
            following = next_occurrence(current, {"date": str(day)}, completed, None, offset_given=False)
            passed = [one for one in expected if one > max(day, late)]
            assert (following and following[0]) == (passed[0] if passed else None), text
            if following is None:
                break
            day, current = following
            found.append(day)
            assert current.rule.count == 9 - expected.index(day), text

        assert set(found) <= set(expected)


def test_the_upcoming_days_follow_occurrence_and_due() -> None:
    every_monday = recurrence("FREQ=WEEKLY;BYDAY=MO", "2026-11-16")
    days = [date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]

    assert upcoming(every_monday, {"date": "2026-11-16"}, 3) == days
    assert upcoming(every_monday, {"date": "2026-11-10"}, 2) == days[:2]
    assert upcoming(every_monday, {"date": "2026-11-25"}, 2) == days[1:]
    assert upcoming(recurrence("FREQ=WEEKLY;COUNT=3", "2026-11-16"), {"date": "2026-11-16"}, 9) == days[:2]
    assert (
        upcoming(recurrence("FREQ=WEEKLY;UNTIL=20261123", "2026-11-16"), {"date": "2026-11-16"}, 9)
        == days[:1]
    )
    assert len(upcoming(recurrence("FREQ=YEARLY", "2026-11-16"), {"date": "2026-11-16"}, 366)) == 30


def test_count_and_after_completion_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"^COUNT is not supported with after: completion$"):
        recurrence("FREQ=DAILY;COUNT=5", "2026-11-16", **COMPLETION)


@pytest.mark.parametrize("keys", [{}, KEEP, COMPLETION, {**KEEP, **COMPLETION}])
def test_a_recurrence_is_answered_as_it_was_given(keys: dict[str, str]) -> None:
    given = {"rule": "FREQ=WEEKLY;BYDAY=MO,TH", "occurrence": "2026-11-16", **keys}

    assert Recurrence.parse(given).json() == given
