"""docs/contract.md#a-users-own-data: the time zones of a calendar, against the package `tzdata`."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar, Timezone

from taskward.me.calendar_zones import time_zone_component
from taskward.time_zones import time_zone, time_zone_names

FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2049, 12, 30, tzinfo=UTC)
Offsets = Sequence[tuple[datetime, timedelta]]


def offsets(component: Any) -> Offsets:
    """Returns the starts of the offsets in a component, in UTC, as the RFC defines them."""
    found: list[tuple[datetime, timedelta]] = []
    for one in component.subcomponents:
        dates = one.get("RDATE", [])
        later = [leaf.dt for dates in (dates if isinstance(dates, list) else [dates]) for leaf in dates.dts]
        starts = [
            (start - one["TZOFFSETFROM"].td).replace(tzinfo=UTC) for start in (one["DTSTART"].dt, *later)
        ]
        found += [(start, one["TZOFFSETTO"].td) for start in starts]
    return sorted(found)


def read(name: str) -> Offsets:
    return offsets(Calendar.from_ical(time_zone_component(name)))


def differences(name: str, found: Offsets, step: timedelta) -> list[tuple[str, datetime]]:
    """Returns when the offsets differ from those of the zone: at each change, before it, and at each step."""
    zone, starts = time_zone(name), [start for start, _ in found]
    moments = [FIRST + n * step for n in range((LAST - FIRST) // step)]
    for start in starts[1:]:
        moments += [start, start - timedelta(seconds=1)]
    return [
        (name, moment)
        for moment in moments
        if found[bisect_right(starts, moment) - 1][1] != moment.astimezone(zone).utcoffset()
    ]


def test_each_zone_has_its_offsets_at_every_change_and_in_every_month() -> None:
    different = {time_zone_component(name).partition(b"COMMENT")[2]: name for name in time_zone_names()}

    assert 300 < len(different) < len(time_zone_names()), "many zones have two names"
    for name in different.values():
        assert differences(name, read(name), timedelta(days=30)) == []


@pytest.mark.parametrize(
    "name",
    [
        *("Africa/Casablanca", "Africa/Cairo", "Asia/Gaza", "Europe/Berlin", "Europe/Dublin", "UTC"),
        *("America/Sao_Paulo", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia"),
    ],
)
def test_a_zone_has_its_offset_on_every_day(name: str) -> None:
    assert differences(name, read(name), timedelta(days=1)) == []


def test_the_differences_are_noticed_that_the_package_has() -> None:
    found = {}
    for name in ("Europe/Berlin", "Africa/Casablanca", "Asia/Tokyo"):
        component = Timezone.from_tzinfo(time_zone(name), name)
        moments = differences(name, offsets(component), timedelta(days=1))
        found[name] = {moment.year for _, moment in moments if moment.year < 2038}

    assert 2026 in found["Europe/Berlin"], "an hour late in March"
    assert 2024 in found["Africa/Casablanca"], "a month in Ramadan"
    assert found["Asia/Tokyo"] == set()


def test_names_and_kinds_of_offsets() -> None:
    lines = time_zone_component("Europe/Berlin").replace(b"\r\n ", b"").decode().split("\r\n")

    assert lines[:3] == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "COMMENT:This timezone only works from 1970-01-01 to 2050-01-01.",
    ]
    assert [line for line in lines if line.startswith(("BEGIN:", "DTSTART", "TZ"))][2:] == [
        *("BEGIN:STANDARD", "DTSTART:19700101T000000"),
        *("TZNAME:CET", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100"),
        *("BEGIN:DAYLIGHT", "DTSTART:19800406T020000"),
        *("TZNAME:CEST", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200"),
        *("BEGIN:STANDARD", "DTSTART:19800928T030000"),
        *("TZNAME:CET", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100"),
    ]


def test_a_zone_without_changes_has_one_offset() -> None:
    assert read("Etc/GMT+3") == [(datetime(1970, 1, 1, 3, tzinfo=UTC), timedelta(hours=-3))]
