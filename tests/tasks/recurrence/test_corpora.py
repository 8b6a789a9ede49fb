"""docs/recurrence.md: the conformance table holds, for the cases of public test suites."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self

import pytest

from taskward.tasks.fields.dates import instant
from taskward.tasks.recurrence.days import has_day
from taskward.tasks.recurrence.next_day import Recurrence, next_occurrence, upcoming
from taskward.tasks.recurrence.rule import Rule
from taskward.time_zones import time_zone

CORPORA: Final = Path(__file__).parent / "corpora"
PAGE: Final = Path(__file__).parents[3] / "docs" / "recurrence.md"
NAMES: Final = ("rfc5545", "libical", "rrule.js", "rust-rrule", "ical.js", "sabre-vobject")
ROW: Final = re.compile(r"^\| \[?`?([\w.-]+)`?.*?((?:\| \d+ ){5})\|$", re.MULTILINE)


class Case(NamedTuple):
    """A rule of another project, its DTSTART, and the days that it expects from a day on."""

    rule: str
    start: date
    days: list[date]
    since: date

    @classmethod
    def parse(cls, line: str) -> Self:
        rule, start, days, since, *_ = [*line.split("\t"), "", ""]
        return cls(rule, _day(start), [_day(day) for day in days.split()], _day(since or start))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def lines(name: str) -> Iterator[str]:
    """Yields the cases of a corpus."""
    for line in (CORPORA / f"{name}.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line


def verdict(case: Case) -> str:
    """Returns the column of the conformance table in which a case counts."""
    try:
        rule = Rule.parse(case.rule)
    except ValueError:
        return "outside the subset"
    if not has_day(rule, case.start):
        return "without a day"
    is_finite = rule.count is not None or rule.until is not None
    synchronised = rule.count is None or case.start in case.days
    if not synchronised:  # there the first day counts differently: compare what COUNT does not decide
        rule, is_finite = replace(rule, count=None), False
    reached = max(case.start, case.since - timedelta(1))
    expected = [day for day in case.days if day > reached]
    found = upcoming(
        Recurrence(rule, case.start), {"date": str(reached)}, 366 if is_finite else len(expected)
    )
    assert found == expected, case
    return "same" if synchronised else "same without COUNT"


COLUMNS: Final = ("outside the subset", "without a day", "same", "same without COUNT")


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_the_page_counts_the_cases_of_each_corpus(name: str) -> None:
    verdicts = Counter(verdict(Case.parse(line)) for line in lines(name))
    [numbers] = [row for corpus, row in ROW.findall(PAGE.read_text("utf-8")) if corpus == name]

    assert [int(number) for number in re.findall(r"\d+", numbers)] == [
        verdicts.total(),
        *(verdicts[column] for column in COLUMNS),
    ]


@pytest.mark.parametrize("line", list(lines("clock-changes")))
def test_a_time_that_the_clocks_skip_is_shifted_on_that_day_only(line: str) -> None:
    """Completed at the moment when it is due, each task is due next when the other project expects it."""
    text, zone, start, *times = line.split()
    day, recurrence = _day(start[:8]), Recurrence(Rule.parse(text), _day(start[:8]))
    due = {"time": f"{start[9:11]}:{start[11:]}", "time_zone": zone}
    found = []
    for _ in times:
        moment = instant({**due, "date": str(day)})
        assert moment is not None
        found.append(moment.astimezone(time_zone(zone)))
        following = next_occurrence(recurrence, {**due, "date": str(day)}, moment, None, offset_given=False)
        if following is None:
            break
        day, recurrence = following

    assert [f"{one:%Y%m%dT%H%M}" for one in found] == times


def test_the_chain_of_completed_tasks_is_the_corpus() -> None:
    """Each completed on its day, the tasks are due on the days that the RFC lists."""
    for line in lines("rfc5545"):
        case = Case.parse(line)
        if "COUNT" not in case.rule or verdict(case) != "same":
            continue
        day, recurrence = case.start, Recurrence(Rule.parse(case.rule), case.start)
        found = [day]
        completed = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        while following := next_occurrence(
            recurrence, {"date": str(day)}, completed, None, offset_given=False
        ):
            day, recurrence = following
            completed = datetime.fromisoformat(f"{day}T12:00:00+00:00")
            found.append(day)

        assert found == case.days, case
