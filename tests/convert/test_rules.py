"""Recurrence rules of RFC 5545 in the accepted form."""

from typing import Any

import pytest
from convert.conversion import todo

from taskward.convert.rules import month_day, recurrence

MONDAY = {"date": "2026-03-02"}
AT_NINE = {"date": "2026-03-02", "time": "09:00", "time_zone": "Europe/Berlin"}
FLOATING = {"date": "2026-03-02", "time": "09:00"}


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;WKST=MO", "FREQ=WEEKLY;BYDAY=MO"),
        ("rrule:freq=weekly;byday=mo;", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "FREQ=DAILY"),
        ("FREQ=DAILY;RSCALE=GREGORIAN;SKIP=OMIT", "FREQ=DAILY"),
        ("FREQ=DAILY;COUNT=3", "FREQ=DAILY;COUNT=3"),
        ("FREQ=DAILY;UNTIL=20260310", "FREQ=DAILY;UNTIL=20260310"),
        ("FREQ=DAILY\nEXDATE:20260301", "FREQ=DAILY"),
    ],
)
def test_what_is_kept_without_a_note(given: str, rule: str) -> None:
    found = recurrence(given, MONDAY, "UTC")

    assert (found.value, found.notes) == ({"rule": rule, "occurrence": "2026-03-02"}, [])


@pytest.mark.parametrize(
    ("until", "due", "last"),
    [
        ("20260310T080000Z", AT_NINE, "20260310"),  # 09:00 in Berlin
        ("20260310T075959Z", AT_NINE, "20260309"),
        ("20260310T230000Z", AT_NINE, "20260310"),  # 00:00 of the 11th
        ("20260310T085959", FLOATING, "20260309"),
        ("20260310T090000", FLOATING, "20260310"),
        ("20260310T000000", MONDAY, "20260310"),
        ("20260310", AT_NINE, "20260310"),
    ],
)
def test_an_until_before_the_time_of_the_due_date_is_the_day_before(until: str, due: Any, last: str) -> None:
    found = recurrence(f"FREQ=DAILY;UNTIL={until}", due, "Europe/Berlin")

    assert found.value is not None
    assert found.value["rule"] == f"FREQ=DAILY;UNTIL={last}"


@pytest.mark.parametrize(
    "given",
    [
        "FREQ=HOURLY",
        "FREQ=SECONDLY;INTERVAL=10",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=100",
        "FREQ=YEARLY;BYMONTHDAY=15",
        "FREQ=WEEKLY;BYSETPOS=1;BYDAY=MO,TU",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1000",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 100),
        "ERULE:NAME=CUSTOM;BYDATE=20260301",
        "FREQ",
        "",
        "\N{SNOWMAN}",
    ],
)
def test_what_cannot_be_kept_is_left_out_and_noted(given: str) -> None:
    found = recurrence(given, MONDAY, "UTC")

    assert found.value is None
    (note,) = found.notes
    assert "is left out" in note


@pytest.mark.parametrize(
    ("given", "rule", "noted"),
    [
        ("FREQ=DAILY;BYHOUR=9,18", "FREQ=DAILY", "BYHOUR"),
        ("FREQ=DAILY;COUNT=2000", "FREQ=DAILY;COUNT=999", "COUNT"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260310", "FREQ=DAILY;COUNT=3", "UNTIL"),
        ("FREQ=DAILY;TT_SKIP=WEEKEND", "FREQ=DAILY", "TT_SKIP"),
    ],
)
def test_a_part_that_is_left_out_is_noted(given: str, rule: str, noted: str) -> None:
    found = recurrence(given, MONDAY, "UTC")

    assert found.value is not None
    assert found.value["rule"] == rule
    assert [noted in note for note in found.notes] == [True]


def test_a_rule_that_the_package_reads_and_cannot_write_is_left_out() -> None:
    draft = todo("DUE:20260302T090000", "RRULE:FREQ=DAILY;UNTIL=202606")

    assert draft.recurrence is None
    assert len(draft.notes) == 1


def test_counting_from_completion_has_no_count() -> None:
    found = recurrence("FREQ=DAILY;COUNT=3", MONDAY, "UTC", after_completion=True)

    assert found.value == {"rule": "FREQ=DAILY", "occurrence": "2026-03-02", "after": "completion"}
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("rule", "shifted", "is_noted"),
    [
        ("FREQ=WEEKLY;BYDAY=FR,SU", "FREQ=WEEKLY;BYDAY=TU,SU", False),
        ("FREQ=WEEKLY", "FREQ=WEEKLY", False),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=1", True),
    ],
)
def test_a_rule_about_the_start_becomes_one_about_the_due_date(
    rule: str, shifted: str, *, is_noted: bool
) -> None:
    draft = todo("DTSTART;VALUE=DATE:20260301", "DUE;VALUE=DATE:20260303", f"RRULE:{rule}")

    assert draft.recurrence is not None
    assert (draft.recurrence["rule"], bool(draft.notes)) == (shifted, is_noted)


def test_the_last_days_of_a_month() -> None:
    assert month_day(28) == {"BYMONTHDAY": "28"}
    assert month_day(31) == {"BYMONTHDAY": "28,29,30,31", "BYSETPOS": "-1"}
