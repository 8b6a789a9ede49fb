"""Time zones as VTIMEZONE components (RFC 5545, 3.6.5), from the data of the package `tzdata`.

The package `icalendar` only writes them. It finds the changes of a zone by trying moments, which takes five
times as long, misses offsets that last for less than 64 days, and is an hour late where clocks go forward.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from taskward.time_zones import ZoneChanges, time_zone, zone_changes

_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(2050, 1, 1)
"""The days between which the offsets are written."""

_STEP: Final = 28 * 24 * 60 * 60
"""Seconds, fewer than between the two changes that a rule has in a year."""


@cache
def time_zone_component(name: str) -> bytes:
    """Returns the component of a time zone: 1.4 KB on average, less than 1 MB for all of them."""
    component = Timezone()
    component.add("TZID", name)
    component.add("COMMENT", f"This timezone only works from {_FIRST_DAY} to {_LAST_DAY}.")
    starts: defaultdict[_Observance, list[datetime]] = defaultdict(list)
    for observance, start in _observances(time_zone(name), zone_changes(name)):
        starts[observance].append(start)
    for observance, (first, *others) in starts.items():
        component.add_component(observance.component(first, others))
    return bytes(component.to_ical())


class _Observance(NamedTuple):
    """An offset from UTC, and the one that it follows."""

    offset_from: timedelta
    offset_to: timedelta
    name: str
    is_standard: bool

    def component(self, first: datetime, others: list[datetime]) -> TimezoneStandard | TimezoneDaylight:
        """Returns the component of an observance that begins at these local times of `offset_from`."""
        component = TimezoneStandard() if self.is_standard else TimezoneDaylight()
        component.TZOFFSETFROM = self.offset_from
        component.TZOFFSETTO = self.offset_to
        component.add("TZNAME", self.name)
        component.DTSTART = first
        if others:
            component.add("RDATE", others)
        return component


def _observances(zone: ZoneInfo, changes: ZoneChanges) -> Iterator[tuple[_Observance, datetime]]:
    """Yields each observance with its start."""
    first, last = _midnight(_FIRST_DAY, zone), _midnight(_LAST_DAY, zone)
    yield _observance(_offset(first, zone), first, zone)
    times = [first, *(at for at in changes.times if first < at < last)]
    if changes.has_rule:
        times += _changes_by_rule(zone, times[-1], last)
    for before, at in pairwise(times):
        if _offset(before, zone) != _offset(at, zone):
            yield _observance(_offset(before, zone), at, zone)


def _observance(offset_from: timedelta, at: int, zone: ZoneInfo) -> tuple[_Observance, datetime]:
    begun = datetime.fromtimestamp(at, zone)
    observance = _Observance(offset_from, _offset(at, zone), begun.tzname() or "", not begun.dst())
    return observance, (datetime.fromtimestamp(at, UTC) + offset_from).replace(tzinfo=None)


def _changes_by_rule(zone: ZoneInfo, first: int, last: int) -> Iterator[int]:
    """Yields the changes that a rule gives, of which there is no list in the data."""
    for begin in range(first, last, _STEP):
        end = min(begin + _STEP, last)
        if _offset(begin, zone) != _offset(end, zone):
            yield _change_between(begin, end, zone)


def _change_between(begin: int, end: int, zone: ZoneInfo) -> int:
    """Returns the first second with another offset than the first of these."""
    before = _offset(begin, zone)
    return begin + bisect_left(range(begin, end), 1, key=lambda at: int(_offset(at, zone) != before))


def _offset(at: int, zone: ZoneInfo) -> timedelta:
    return datetime.fromtimestamp(at, zone).utcoffset() or timedelta()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
