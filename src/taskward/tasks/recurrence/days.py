"""The days of a rule, by arithmetic on day numbers; without COUNT and UNTIL.

The work is bounded for every rule: only periods of the 30 years after the asked day are visited.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
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
    first, last = reached.toordinal() + 1, _years_later(reached, years).toordinal()
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


def _years_later(day: date, years: int) -> date:
    """Returns the same day of a later year, at most the last one; 28 February for 29 February."""
    if day.year + years > LAST_DAY.year:
        return LAST_DAY
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)


def _daily(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    start = occurrence.toordinal()
    weekdays = {day for _, day in rule.weekdays}
    for number in range(_aligned(start, first, rule.interval), last + 1, rule.interval):
        if weekdays and (number - 1) % 7 not in weekdays:
            continue
        if rule.months or rule.month_days:
            day = date.fromordinal(number)
            if rule.months and day.month not in rule.months:
                continue
            if rule.month_days and not _is_month_day(rule, day):
                continue
        yield number


def _weekly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    weekdays = {day for _, day in rule.weekdays} or {occurrence.weekday()}
    offsets = sorted((day - rule.week_start) % 7 for day in weekdays)
    week = occurrence.toordinal() - (occurrence.weekday() - rule.week_start) % 7
    for start in range(_aligned(week, first - 6, 7 * rule.interval), last + 1, 7 * rule.interval):
        for number in (start + offset for offset in offsets):
            if not rule.months or date.fromordinal(number).month in rule.months:
                yield number


def _monthly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    start = occurrence.year * 12 + occurrence.month - 1
    for month in range(
        _aligned(start, _month_number(first), rule.interval), _month_number(last) + 1, rule.interval
    ):
        year, index = divmod(month, 12)
        if not rule.months or index + 1 in rule.months:
            yield from _selected(rule, _days_of_month(rule, occurrence, year, index + 1))


def _yearly(rule: Rule, occurrence: date, first: int, last: int) -> Iterator[int]:
    years = range(
        _aligned(occurrence.year, date.fromordinal(first).year, rule.interval),
        date.fromordinal(last).year + 1,
        rule.interval,
    )
    for year in years:
        yield from _selected(rule, _days_of_year(rule, occurrence, year))


_FINDERS: Final = {
    Frequency.DAILY: _daily,
    Frequency.WEEKLY: _weekly,
    Frequency.MONTHLY: _monthly,
    Frequency.YEARLY: _yearly,
}
"""Each yields day numbers, ascending; the first and the last period may go beyond the asked days."""


def _aligned(start: int, first: int, interval: int) -> int:
    """Returns the first number not before either that is a multiple of the interval from the start."""
    return max(start, first + (start - first) % interval)


def _month_number(number: int) -> int:
    day = date.fromordinal(number)
    return day.year * 12 + day.month - 1


def _days_of_year(rule: Rule, occurrence: date, year: int) -> Sequence[int]:
    if rule.months:
        return [number for month in rule.months for number in _days_of_month(rule, occurrence, year, month)]
    if rule.weekdays:
        start = date(year, 1, 1).toordinal()
        return sorted(_weekday_numbers(rule, start, date(year, 12, 31).toordinal()))
    return _days_of_month(rule, occurrence, year, occurrence.month)


def _days_of_month(rule: Rule, occurrence: date, year: int, month: int) -> Sequence[int]:
    length = monthrange(year, month)[1]
    before = date(year, month, 1).toordinal() - 1
    if not rule.month_days and not rule.weekdays:
        return (before + occurrence.day,) if occurrence.day <= length else ()
    numbers = None
    if rule.month_days:
        days = (day if day > 0 else length + 1 + day for day in rule.month_days)
        numbers = {before + day for day in days if 1 <= day <= length}
    if rule.weekdays:
        of_weekdays = _weekday_numbers(rule, before + 1, before + length)
        numbers = of_weekdays if numbers is None else numbers & of_weekdays
    return sorted(numbers or ())


def _weekday_numbers(rule: Rule, first: int, last: int) -> set[int]:
    """Returns the days of a period that BYDAY names; ordinals count within the period."""
    numbers: set[int] = set()
    for ordinal, day in rule.weekdays:
        start = first + (day - (first - 1)) % 7
        if not ordinal:
            numbers.update(range(start, last + 1, 7))
            continue
        end = last - ((last - 1) - day) % 7
        number = start + 7 * (ordinal - 1) if ordinal > 0 else end + 7 * (ordinal + 1)
        if first <= number <= last:
            numbers.add(number)
    return numbers


def _selected(rule: Rule, numbers: Sequence[int]) -> Sequence[int]:
    """Returns the days of a period that BYSETPOS selects."""
    if not rule.positions:
        return numbers
    count = len(numbers)
    indexes = {position - 1 if position > 0 else count + position for position in rule.positions}
    return [numbers[index] for index in sorted(indexes) if 0 <= index < count]


def _is_month_day(rule: Rule, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    return day.day in rule.month_days or day.day - length - 1 in rule.month_days
