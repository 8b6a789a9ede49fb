"""docs/contract.md#recurrence: the days of a rule, also compared with those of python-dateutil."""

import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from heapq import merge
from itertools import groupby, islice, pairwise
from types import FrameType
from typing import Any, Final

import pytest
from dateutil.rrule import rrulestr
from tasks.recurrence.random_rules import random_cases

from taskward.tasks.recurrence.days import LAST_DAY, days_after, has_day
from taskward.tasks.recurrence.next_day import Recurrence, next_occurrence, upcoming
from taskward.tasks.recurrence.rule import WEEKDAYS, Rule

DAYS: Final = 12
"""Compared for each random rule."""


def days(text: str, occurrence: str, count: int = 5) -> list[str]:
    """Returns the first days of a rule after its occurrence."""
    start = date.fromisoformat(occurrence)
    return [str(day) for day in islice(days_after(Rule.parse(text), start, start), count)]


@pytest.mark.parametrize(
    ("rule", "occurrence", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-02-27", "2026-03-02 2026-03-05"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-11-20", "2026-11-23 2026-11-24"),
        ("FREQ=DAILY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", "2024-02-29", "2032-02-29 2040-02-29"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05", "1997-08-10 1997-08-19"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-17 1997-08-19"),
        ("FREQ=WEEKLY;BYMONTH=1,12", "2026-11-25", "2026-12-02 2026-12-09"),
        ("FREQ=MONTHLY", "2026-01-31", "2026-03-31 2026-05-31 2026-07-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "2026-02-28 2026-03-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2026-01-31", "2026-02-28 2026-03-31"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30", "2026-02-27 2026-03-31"),
        ("FREQ=MONTHLY;BYDAY=5SU", "2026-03-29", "2026-05-31 2026-08-30"),
        ("FREQ=MONTHLY;BYDAY=-5SU", "2026-03-01", "2026-05-03 2026-08-02"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-02-13", "2026-03-13 2026-11-13"),
        ("FREQ=MONTHLY;BYDAY=3MO,WE", "2026-01-14", "2026-01-19 2026-01-21 2026-01-28 2026-02-04"),
        ("FREQ=MONTHLY;INTERVAL=13;BYDAY=1MO", "2026-01-05", "2027-02-01 2028-03-06"),
        ("FREQ=YEARLY", "2024-02-29", "2028-02-29 2032-02-29"),
        ("FREQ=YEARLY", "2096-02-29", "2104-02-29"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2024-02-29", "2025-02-28 2026-02-28"),
        ("FREQ=YEARLY;BYDAY=53MO", "2024-12-30", "2029-12-31 2035-12-31"),
        ("FREQ=YEARLY;BYDAY=-53SU", "2023-01-01", "2028-01-02 2034-01-01"),
        ("FREQ=YEARLY;BYDAY=SU;BYSETPOS=1,-1", "2026-01-04", "2026-12-27 2027-01-03"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26", "2027-11-25 2028-11-23"),
        ("FREQ=YEARLY;BYMONTH=2,3", "2026-01-31", "2026-03-31 2027-03-31"),
        ("FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=30;BYSETPOS=2", "2026-01-30", ""),
    ],
)
def test_the_days_after_an_occurrence(rule: str, occurrence: str, expected: str) -> None:
    assert days(rule, occurrence, count=len(expected.split()) or 1) == expected.split()


def test_the_days_after_a_later_day_are_those_of_the_same_set() -> None:
    for text, occurrence in islice(random_cases(2), 300):
        rule = Rule.parse(text)
        some = list(islice(days_after(rule, occurrence, occurrence), DAYS))

        for number, day in enumerate(some):
            asked = day - timedelta(1)
            assert list(islice(days_after(rule, occurrence, asked), 1)) == [day], text
            later = some[number + 1 :]  # those that are within 30 years of the first one
            assert list(islice(days_after(rule, day, day), len(later))) == later, text
        assert all(earlier < later for earlier, later in pairwise([occurrence, *some])), text


@pytest.mark.parametrize(
    ("rule", "occurrence", "expected"),
    [
        ("FREQ=DAILY", "2026-01-01", True),
        ("FREQ=YEARLY;INTERVAL=30", "2026-01-01", True),
        ("FREQ=YEARLY;INTERVAL=31", "2026-01-01", False),
        ("FREQ=YEARLY;INTERVAL=28", "2044-02-29", True),
        ("FREQ=YEARLY;INTERVAL=28", "2072-02-29", False),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", False),
        ("FREQ=WEEKLY;INTERVAL=999", "2026-01-01", True),
        ("FREQ=MONTHLY;INTERVAL=360", "2026-01-01", True),
        ("FREQ=MONTHLY;INTERVAL=361", "2026-01-01", False),
        ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2", "2026-01-01", False),
        ("FREQ=DAILY;COUNT=1", "2026-01-01", True),
        ("FREQ=DAILY;UNTIL=20200101", "2026-01-01", True),
        ("FREQ=DAILY", "9998-12-31", True),
        ("FREQ=YEARLY;INTERVAL=4", "9996-02-29", True),
        ("FREQ=YEARLY;INTERVAL=31", "9998-12-31", False),
    ],
)
def test_a_rule_must_have_a_day_within_30_years(rule: str, occurrence: str, expected: object) -> None:
    assert has_day(Rule.parse(rule), date.fromisoformat(occurrence)) is expected


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_no_day_is_after_the_year_9998(frequency: str) -> None:
    rule = Rule.parse(f"FREQ={frequency}")
    occurrence = date(9996, 12, 31)
    found = list(days_after(rule, occurrence, occurrence))

    assert found[-1] > date(9998, 12, 1)
    assert found[-1] <= LAST_DAY
    assert list(days_after(rule, found[-1], found[-1])) == []
    assert list(days_after(rule, occurrence, date(9999, 12, 30))) == []


def parts_of_weekdays(rule: Rule) -> Iterator[Rule]:
    """Yields rules that together have the days of a rule, none with weekdays of both kinds."""
    for has_ordinal in (False, True):
        weekdays = [
            f"{number or ''}{WEEKDAYS[day]}" for number, day in rule.weekdays if bool(number) is has_ordinal
        ]
        if weekdays:
            parts = [part for part in rule.canonical.split(";") if not part.startswith("BYDAY=")]
            yield Rule.parse(";".join([*parts, f"BYDAY={','.join(weekdays)}"]))


def expected_days(rule: Rule, occurrence: date, count: int) -> list[date]:
    """Returns the first days of a rule after its occurrence as python-dateutil finds them.

    It takes weekdays with an ordinal and without one in one BYDAY as a condition each, so that nearly no day
    is left; libical and ical.js take all of them.
    """
    start = datetime.combine(occurrence, datetime.min.time())
    rules = list(parts_of_weekdays(rule)) or [rule]
    found = merge(*(rrulestr(part.canonical, dtstart=start).xafter(start, count) for part in rules))
    return [day.date() for day, _ in islice(groupby(found), count)]


@pytest.mark.parametrize(
    ("cases", "seed"),
    [(2_000, 3), *(pytest.param(10_000, seed, marks=pytest.mark.soak) for seed in (4, 5, 6, 7))],
)
def test_random_rules_have_the_days_that_dateutil_finds(cases: int, seed: int) -> None:
    compared = 0
    for text, occurrence in random_cases(seed):
        rule = Rule.parse(text)
        ordinals = {bool(number) for number, _ in rule.weekdays}
        found = list(islice(days_after(rule, occurrence, occurrence), DAYS))
        # Where there is nothing to find, dateutil searches up to the year 9999.
        parts = [part for part in parts_of_weekdays(rule) if len(ordinals) > 1]
        if found and not (parts and rule.positions) and all(has_day(part, found[-1]) for part in parts):
            assert expected_days(rule, occurrence, len(found)) == found, (text, occurrence)
            compared += 1
        if compared == cases:
            return


ALL_MONTHS: Final = "BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12"
SLOWEST: Final = [
    f"FREQ=DAILY;{ALL_MONTHS};BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTHDAY=-29;COUNT=999",
    "FREQ=DAILY;INTERVAL=999;COUNT=999",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO,TU,WE,TH,FR,SA,SU;COUNT=999",
    "FREQ=WEEKLY;INTERVAL=2;BYMONTH=4,7;BYDAY=WE,MO;COUNT=999",
    "FREQ=MONTHLY;BYMONTHDAY=-31,-30,-29,3,7,23,-2,-9,25,-6,29,30,31;BYSETPOS=163,101,366;COUNT=999",
    (
        "FREQ=MONTHLY;BYDAY=SA,5SU,5TU,TU,3FR,5SA,TH,1WE,4TU,3WE,-2TU,5TH,5MO,-5MO,-2WE,SU,-2SA,-2SU,4SA,-5TU;"
        "BYMONTHDAY=-31,-30,-29,-28,-27,4,8,-17,15,-16,-7,27,28,29,30,31;BYSETPOS=128,205;COUNT=999"
    ),
    (
        f"FREQ=YEARLY;{ALL_MONTHS};BYDAY=5SA,5TH,-3TH,4SA,WE,TU,3FR,MO,-4FR,4SU,-5TH,1SA,-5SU,-1FR,5MO,TH,5SU,-5TU,"
        "5FR,FR,3WE,-4TU,5WE,5TU,-4SU,-1WE;BYSETPOS=-366;COUNT=999"
    ),
    (
        "FREQ=YEARLY;BYDAY=23SA,53SA,-16MO,SA,24SU,MO,11TH,-36WE,30TU,44SA,9SA,41MO,53WE,SU,15TU,53TU,13FR,48TU,"
        "-50SU,28SA,TU,TH,53FR,22FR,WE,-27TU,-41TU,13SA,-29FR,-11TH,53SU,53TH,FR,45SU;COUNT=999"
    ),
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
]
"""The slowest rules of each kind that a search among random ones found: see docs/decisions/0043."""

LIMIT: Final = 600_000
"""Instructions of Python's interpreter: less than 20 ms here, where 50 ms are allowed."""


def instructions(action: Callable[[], object]) -> int:
    """Returns how many instructions of the interpreter an action executes; those of coverage do not count."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_globals.get("__name__", "").startswith("slipcover."):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("text", SLOWEST)
def test_the_work_for_any_rule_is_bounded(text: str) -> None:
    assert len(text) <= 200
    recurrence = Recurrence(Rule.parse(text), date(1970, 1, 1))
    late = datetime.fromisoformat("9998-12-31T23:00:00+00:00")
    due = {"date": "9998-01-01", "time": "12:00"}

    assert instructions(lambda: has_day(recurrence.rule, recurrence.occurrence)) < LIMIT
    assert instructions(lambda: upcoming(recurrence, {"date": "1970-01-01"}, 366)) < LIMIT
    assert instructions(lambda: upcoming(recurrence, due, 366)) < LIMIT
    assert instructions(lambda: next_occurrence(recurrence, due, late, None, offset_given=False)) < LIMIT
    assert instructions(lambda: Rule.parse(text).canonical) < LIMIT // 100


def test_ordinary_rules_take_few_steps() -> None:
    for text in ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=YEARLY"):
        recurrence = Recurrence(Rule.parse(text), date(2010, 1, 1))
        completed = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
        ask = (recurrence, {"date": "2010-01-01"}, completed, None)

        assert instructions(partial(next_occurrence, *ask, offset_given=False)) < 2_200, text
