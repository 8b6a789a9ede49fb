"""Due and start dates as the service has them, and the names of time zones."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from taskward.tasks.fields.dates import FIRST_YEAR, LAST_YEAR, instant
from taskward.time_zones import is_time_zone, time_zone

TaskDate = dict[str, str]

_OFFSET: Final = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2})(?::?00)?", re.ASCII)
_MAX_PARTS: Final = 20
"""Parts of a path among which a name is looked for."""

_LAST_MINUTE: Final = (23, 59)


def all_day(day: date) -> TaskDate | None:
    """Returns a day; None if it is not one of the years 1970 to 9998."""
    return {"date": day.isoformat()} if FIRST_YEAR <= day.year <= LAST_YEAR else None


def floating(local: datetime) -> TaskDate | None:
    """Returns a day and a time without a time zone."""
    return _on(local, {"time": f"{local:%H:%M}"})


def zoned(local: datetime, zone: str) -> TaskDate | None:
    """Returns a day and a local time of a time zone."""
    return _on(local, {"time": f"{local:%H:%M}", "time_zone": zone})


def local_time_in(moment: datetime, zone: str) -> datetime | None:
    """Returns a time as local time of a time zone; None if it is out of range."""
    try:
        return moment.astimezone(time_zone(zone)).replace(tzinfo=None)
    except OverflowError:
        return None


def date_in_zone(moment: datetime, zone: str) -> TaskDate | None:
    """Returns a time as a date in a time zone; 23:59:59 there means all day.

    Products without all-day tasks write that time for them.
    """
    local = local_time_in(moment, zone)
    if local is None:
        return None
    if (local.hour, local.minute, local.second) == (*_LAST_MINUTE, 59):
        return all_day(local.date())
    return zoned(local, zone)


def moment_of(task_date: TaskDate, zone: str) -> datetime | None:
    """Returns the instant of a due or start date; one without a time zone is in `zone`."""
    return instant({"time": "00:00", "time_zone": zone, **task_date})


def minutes_between(earlier: TaskDate, later: TaskDate) -> int:
    """Returns the minutes between two dates by their local time; a day without a time begins at midnight."""
    difference = _wall_clock(later) - _wall_clock(earlier)
    return difference // timedelta(minutes=1)


def reminder_at(moment: datetime) -> dict[str, str]:
    """Returns a reminder at a time."""
    shown = moment.astimezone(UTC).replace(tzinfo=None)
    return {"at": f"{shown.isoformat(timespec='seconds')}Z"}


def reminder_from_start(due: TaskDate, start: TaskDate | None, minutes: int) -> dict[str, int]:
    """Returns a reminder some minutes after the start of a task, or after its due date if it has no start."""
    return {"offset_minutes": minutes_between(due, start or due) + minutes}


def zone_name(given: str) -> str | None:
    """Returns the IANA name for the name of a product: in another letter case, a path, or of Windows."""
    name = given.strip().strip('"')
    if is_time_zone(name):
        return name
    folded = name.casefold()
    if folded in {"z", "utc", "gmt", "etc/utc", "tzone://microsoft/utc"}:
        return "UTC"
    return _name_at_end(folded) or _name_of_offset(name.upper())


def _name_at_end(folded: str) -> str | None:
    """Returns the IANA name with which a path ends, such as that of a vendor's own definition."""
    parts = folded.split("/")
    ends = ("/".join(parts[start:]) for start in range(min(len(parts), _MAX_PARTS)))
    return next((found for end in ends if (found := _names().get(end))), None)


def _name_of_offset(name: str) -> str | None:
    """Returns the IANA name of an offset in whole hours, such as `UTC+2`."""
    match = _OFFSET.fullmatch(name)
    if match is None:
        return None
    sign = "-" if match[1] == "+" else "+"  # the signs of these names are those of POSIX
    iana = f"Etc/GMT{sign}{int(match[2])}"
    return iana if is_time_zone(iana) else None


@cache
def _names() -> dict[str, str]:
    """Returns the IANA names by folded names, among them those of Windows from CLDR's table."""
    names = resources.files("tzdata").joinpath("zones").read_text("ascii").split()
    windows = {one.casefold(): iana for one, iana in WINDOWS_TO_OLSON.items() if is_time_zone(iana)}
    return windows | {name.casefold(): name for name in names}


def _on(local: datetime, others: TaskDate) -> TaskDate | None:
    found = all_day(local.date())
    return None if found is None else found | others


def _wall_clock(task_date: TaskDate) -> datetime:
    return datetime.fromisoformat(f"{task_date['date']}T{task_date.get('time', '00:00')}")
