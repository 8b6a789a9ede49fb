"""The days of a rule, by arithmetic on day numbers; without COUNT and UNTIL.

The work is bounded for every rule: only periods of the 30 years after the asked day are visited.
"""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache, partial
from typing import Final

from taskward.tasks.recurrence.rule import Frequency, Rule

HORIZON: Final = 30
"""Years in which a rule must have a day."""

LAST_DAY: Final = date(9998, 12, 31)

_CALENDAR_CYCLE: Final = 400
"""Years after which the days of the week and the leap years repeat."""


def days_after(rule: Rule, occurrence: date, day: date, years: int = HORIZON) -> Iterator[date]:
    """Yields the days of a rule after a day, ascending, for some years and up to the year 9998.

    `occurrence` is the DTSTART: the rule counts from it, and has no day before it.
    """
    reached = max(day, occurrence)
    first, last = reached.toordinal() + 1, years_later(reached, years).toordinal()
    for found in _FINDERS[rule.frequency](rule, occurrence, first, last):
        if found > last:
            return
        if found >= first:
            yield date.fromordinal(found)


def has_day(rule: Rule, occurrence: date) -> bool:
    """Returns whether a rule has a day in the 30 years after an occurrence, as if there were no last year."""
    cycles = _CALENDAR_CYCLE if occurrence.year + HORIZON >= LAST_DAY.year else 0
    start = occurrence.replace(year=occurrence.year - cycles)
    return next(days_after(rule, start, start), None) is not None


def years_later(day: date, years: int = HORIZON) -> date:
    """Returns the same day of a later year, at most the last one; 28 February for 29 February."""
    if day.year + years > LAST_DAY.year:
        return LAST_DAY
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)


def _daily(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    start, every_day = occurrence.toordinal(), range(1, 32)
    for before, days in _of_months(rule, every_day, _months(first, last)):
        counted = range(_aligned(start, before + 1, rule.interval), before + 32, rule.interval)
        yield from (number for number in counted if number - before in days)


def _weekly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    weekdays = {day for _, day in rule.weekdays} or {occurrence.weekday()}
    offsets = sorted((day - rule.week_start) % 7 for day in weekdays)
    week = occurrence.toordinal() - (occurrence.weekday() - rule.week_start) % 7
    for start in range(_aligned(week, first - 6, 7 * rule.interval), last + 1, 7 * rule.interval):
        for number in (start + offset for offset in offsets):
            if not rule.months or date.fromordinal(number).month in rule.months:
                yield number


def _monthly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    months = _months(first, last)
    start = _aligned(occurrence.year * 12 + occurrence.month - 1, months.start, rule.interval)
    counted = range(start, months.stop, rule.interval)
    for before, days in _of_months(rule, (occurrence.day,), counted):
        yield from (before + day for day in days)


def _yearly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    days = cache(partial(_days_of_year, rule, occurrence))  # there are 14 kinds of year
    start = _aligned(occurrence.year, date.fromordinal(first).year, rule.interval)
    for year in range(start, date.fromordinal(last).year + 1, rule.interval):
        new_year = date(year, 1, 1)
        for day in days(new_year.weekday(), isleap(year)):
            yield new_year.toordinal() + day - 1


_FINDERS: Final = {
    Frequency.DAILY: _daily,
    Frequency.WEEKLY: _weekly,
    Frequency.MONTHLY: _monthly,
    Frequency.YEARLY: _yearly,
}
"""Each yields day numbers, ascending; the first and the last period may go beyond the asked days."""


def _aligned(start: int, first: int, interval: int) -> int:
    """Returns the first number, not before either, that is a multiple of the interval from the start."""
    return max(start, first + (start - first) % interval)


def _months(first: int, last: int) -> range:
    """Returns the months of a range of days, each as `12 * year + month - 1`."""
    start, end = date.fromordinal(first), date.fromordinal(last)
    return range(start.year * 12 + start.month - 1, end.year * 12 + end.month)


def _of_months(rule: Rule, default: Iterable[int], months: range) -> Iterator[tuple[int, Sequence[int]]]:
    """Yields the number of the day before each month, and the days in it: without a rule the default ones."""

    @cache  # there are 28 kinds of month
    def days(weekday: int, length: int) -> Sequence[int]:
        return _selected(rule, _days_of_month(rule, default, weekday, length))

    for year, index in (divmod(month, 12) for month in months):
        if not rule.months or index + 1 in rule.months:
            yield date(year, index + 1, 1).toordinal() - 1, days(*monthrange(year, index + 1))


def _days_of_year(rule: Rule, occurrence: date, weekday: int, is_leap: bool) -> Sequence[int]:  # noqa: FBT001 - one of the two that make a kind of year
    """Returns the days of a year that begins with that weekday; the first one is 1."""
    if rule.weekdays and not rule.months:
        return _selected(rule, sorted(_days_of_weekdays(rule, weekday, 366 if is_leap else 365)))
    model = 2024 if is_leap else 2023
    days: list[int] = []
    for month in rule.months or (occurrence.month,):
        before = date(model, month, 1).timetuple().tm_yday - 1
        kind = (weekday + before) % 7, monthrange(model, month)[1]
        days += (before + day for day in _days_of_month(rule, (occurrence.day,), *kind))
    return _selected(rule, days)


def _days_of_month(rule: Rule, default: Iterable[int], weekday: int, length: int) -> Sequence[int]:
    """Returns the days of a month that begins with that weekday."""
    days = set(default)
    if rule.month_days:
        days = {day if day > 0 else length + 1 + day for day in rule.month_days}
    if rule.weekdays:
        of_weekdays = _days_of_weekdays(rule, weekday, length)
        days = days & of_weekdays if rule.month_days else of_weekdays
    return sorted(day for day in days if 1 <= day <= length)


def _days_of_weekdays(rule: Rule, weekday: int, length: int) -> set[int]:
    """Returns the days that BYDAY names of a month or year that begins with that weekday."""
    days: set[int] = set()
    for ordinal, day in rule.weekdays:
        every = range(1 + (day - weekday) % 7, length + 1, 7)
        if not ordinal:
            days.update(every)
        elif abs(ordinal) <= len(every):
            days.add(every[ordinal - 1 if ordinal > 0 else ordinal])
    return days


def _selected(rule: Rule, days: Sequence[int]) -> Sequence[int]:
    """Returns the days of a period that BYSETPOS selects."""
    if not rule.positions:
        return days
    indexes = {position - 1 if position > 0 else len(days) + position for position in rule.positions}
    return [days[index] for index in sorted(indexes) if 0 <= index < len(days)]
