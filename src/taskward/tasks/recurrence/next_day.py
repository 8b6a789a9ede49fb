"""The day on which a recurring task is due next: docs/contract.md#recurrence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Any, Final, Self

from taskward.tasks.recurrence.days import days_after, years_later
from taskward.tasks.recurrence.rule import Rule
from taskward.time_zones import time_zone

COUNTED_YEARS: Final = 100
"""The days of a rule with COUNT are counted for as long; then its series ends."""

_ZONE_MARGIN: Final = timedelta(days=3)
"""A local time of a day as long before the day in UTC has passed, in every zone."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrence of a task, whole: its rule and the day for which the task stands are known."""

    rule: Rule
    occurrence: date
    """The day of the rule for which the task stands: the DTSTART of what follows."""

    after: str | None = None
    """`completion`, or None: counted from the schedule."""

    missed: str | None = None
    """`keep`, or None: days that have passed are skipped."""

    @classmethod
    def parse(cls, recurrence: Mapping[str, Any]) -> Self:
        """Returns the recurrence in a response; `rule` and `occurrence` are present, the rest is valid.

        Raises:
            ValueError: the rule is malformed, or has COUNT beside `after`; with the message for the client,
                which is about `recurrence.rule`.

        """
        rule = Rule.parse(recurrence["rule"])
        after = recurrence.get("after")
        if rule.count and after:
            raise ValueError("COUNT is not supported with after: completion")
        occurrence = date.fromisoformat(recurrence["occurrence"])
        return cls(rule, occurrence, after, recurrence.get("missed"))

    def json(self) -> dict[str, str]:
        """Returns the form of a response; the rule is in its canonical spelling."""
        values = {
            "rule": self.rule.canonical,
            "after": self.after,
            "missed": self.missed,
            "occurrence": self.occurrence.isoformat(),
        }
        return {name: value for name, value in values.items() if value is not None}


def next_occurrence(
    recurrence: Recurrence,
    due: Mapping[str, str],
    completed_at: datetime,
    user_zone: str | None,
    *,
    offset_given: bool,
) -> tuple[date, Recurrence] | None:
    """Returns the day on which the task after a completed one is due, and its recurrence; None at the end.

    `completed_at` is aware. If the client gave it with a numeric offset, it has that offset and
    `offset_given` is true; otherwise its zone does not matter. `user_zone` is an IANA name.
    """
    place = time_zone(due.get("time_zone") or user_zone or "UTC")
    completed_at = completed_at if offset_given else completed_at.astimezone(place)
    zone = place if "time_zone" in due else completed_at.tzinfo
    found = next(_candidates(recurrence, due, completed_at, zone), None)
    return found and (found[0], replace(recurrence, occurrence=found[0], rule=found[1]))


def upcoming(recurrence: Recurrence, due: Mapping[str, str], limit: int) -> list[date]:
    """Returns the first days after both the occurrence and the due day, for 30 years.

    It does not look at a clock.
    """
    reached = _reached(recurrence, due)
    last = years_later(reached)
    following = (day for day, _ in _following(recurrence.rule, recurrence.occurrence, reached))
    return [*islice(takewhile(lambda day: day <= last, following), limit)]


def _candidates(
    recurrence: Recurrence, due: Mapping[str, str], completed_at: datetime, zone: tzinfo | None
) -> Iterator[tuple[date, Rule]]:
    """Yields the days on which the task may be due next; times of day are those of the zone."""
    rule, occurrence, reached = recurrence.rule, recurrence.occurrence, _reached(recurrence, due)
    if recurrence.after:
        yield from _following(rule, completed_at.date(), completed_at.date())
    elif recurrence.missed:
        yield from _following(rule, occurrence, reached)
    elif "time" not in due:
        yield from _following(rule, occurrence, max(reached, completed_at.date()))
    else:
        at = time.fromisoformat(due["time"])
        passed = completed_at.astimezone(UTC).date() - _ZONE_MARGIN
        for found in _following(rule, occurrence, max(reached, passed)):
            if datetime.combine(found[0], at, zone).astimezone(UTC) > completed_at:
                yield found


def _following(rule: Rule, occurrence: date, day: date) -> Iterator[tuple[date, Rule]]:
    """Yields the days of a rule after a day, with COUNT lowered to what is left from there on."""
    if rule.count is None:
        for found in days_after(rule, occurrence, day):
            if rule.until and found > rule.until:
                return
            yield found, rule
    else:
        counted = days_after(rule, occurrence, occurrence, COUNTED_YEARS)
        for left, found in zip(range(rule.count - 1, 0, -1), counted, strict=False):
            if found > day:
                yield found, replace(rule, count=left)


def _reached(recurrence: Recurrence, due: Mapping[str, str]) -> date:
    return max(recurrence.occurrence, date.fromisoformat(due["date"]))
