"""Values of JSON files, which may be of any type, and times in the forms that products write."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
MAX_DIGITS: Final = 100
"""Digits."""

_EMPTY: Final[dict[str, Any]] = {}
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?", re.ASCII
)


def text(value: Any) -> str:
    """Returns a text or number as text; else an empty one."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def mapping(value: Any) -> dict[str, Any]:
    """Returns an object; an empty one for another value."""
    return value if isinstance(value, dict) else _EMPTY


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yields the objects of a list; none of another value."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def texts(value: Any) -> list[str]:
    """Returns the texts of a list; none of another value."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def flag(value: Any) -> bool:
    """Returns whether a value is true, 1 or one of these as text."""
    return (
        value is True
        or value == 1
        or (isinstance(value, str) and value.strip().lower() in {"true", "1", "y"})
    )


def number(value: Any) -> float | None:
    """Returns a finite number, which may be written as text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and math.isfinite(found) else None


def whole_number(value: Any) -> int | None:
    """Returns a whole number, which may be written as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= MAX_DIGITS:
        return int(value)
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def moment(value: Any) -> datetime | None:
    """Returns a time in ISO 8601, in UTC if it has no offset; None if it is none, or not in range."""
    found = local_time(value)
    return in_range(found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found)


def in_range(moment: datetime | None) -> datetime | None:
    """Returns a time in UTC; None if it is not one of the years 1970 to 9998."""
    if moment is None:
        return None
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None


def local_time(value: Any) -> datetime | None:
    """Returns a date and time in ISO 8601, with its offset if it has one; None if it is not one."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None


def day(value: Any) -> date | None:
    """Returns the day with which a date or time begins; None if there is none."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def duration(value: str) -> timedelta | None:
    """Returns a duration of RFC 5545 or ISO 8601 in days and smaller units."""
    match = _DURATION.fullmatch(value.strip().upper().removeprefix("TRIGGER:"))
    if match is None or not any(match.groups()[1:]):
        return None
    sign, *parts = match.groups()
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if sign == "-" else found
