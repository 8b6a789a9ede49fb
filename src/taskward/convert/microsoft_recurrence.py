"""Patterns and ranges of recurrences of Microsoft Graph as rules."""

from typing import Any, Final

from taskward.convert.rules import every, month_day
from taskward.convert.values import day, text, texts, whole_number

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEXES: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_MONTHS: Final = 12
_MAX_MONTH_DAY: Final = 31


def rule_of(pattern: dict[str, Any], limits: dict[str, Any]) -> str | None:
    """Returns the text of a rule; None for an unknown pattern."""
    parts = _parts(pattern)
    if parts is None:
        return None
    frequency, others = parts
    interval = whole_number(pattern.get("interval")) or 1
    return every(frequency, interval, **others, **_limit(limits))


def _parts(pattern: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Returns the frequency of a pattern and the parts that choose its days."""
    kind = text(pattern.get("type"))
    if kind == "daily":
        return "DAILY", {}
    if kind == "weekly":
        return "WEEKLY", _weekdays(pattern) | _week_start(pattern)
    if kind.endswith("Monthly"):
        days, frequency = _days_of_month(kind, pattern), "MONTHLY"
    elif kind.endswith("Yearly"):
        days, frequency = _days_of_month(kind, pattern), "YEARLY"
        month = whole_number(pattern.get("month")) or 0
        if days is None or not 1 <= month <= _MONTHS:
            return None
        days["BYMONTH"] = str(month)
    else:
        return None
    return None if days is None else (frequency, days)


def _days_of_month(kind: str, pattern: dict[str, Any]) -> dict[str, str] | None:
    if kind.startswith("absolute"):
        number = whole_number(pattern.get("dayOfMonth")) or 0
        return month_day(number) if 1 <= number <= _MAX_MONTH_DAY else None
    index = _INDEXES.get(text(pattern.get("index")) or "first")
    days = _weekdays(pattern)
    return {**days, "BYSETPOS": str(index)} if index and days else None


def _weekdays(pattern: dict[str, Any]) -> dict[str, str]:
    names = {one.lower() for one in texts(pattern.get("daysOfWeek"))}
    days = ",".join(name[:2].upper() for name in _DAYS if name in names)
    return {"BYDAY": days} if days else {}


def _week_start(pattern: dict[str, Any]) -> dict[str, str]:
    name = text(pattern.get("firstDayOfWeek")).lower()
    return {"WKST": name[:2].upper()} if name in _DAYS else {}


def _limit(limits: dict[str, Any]) -> dict[str, str]:
    kind = text(limits.get("type"))
    last = day(limits.get("endDate"))
    count = whole_number(limits.get("numberOfOccurrences")) or 0
    if kind == "endDate" and last is not None:
        return {"UNTIL": f"{last:%Y%m%d}".rjust(8, "0")}
    return {"COUNT": str(count)} if kind == "numbered" and count > 0 else {}
