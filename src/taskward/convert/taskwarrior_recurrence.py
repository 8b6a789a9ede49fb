"""`recur` of Taskwarrior: a period in words, in its own abbreviations, or in ISO 8601."""

import re
from typing import Final

from taskward.convert.rules import every

_WORDS: Final = {
    "daily": ("DAILY", 1),
    "day": ("DAILY", 1),
    "weekly": ("WEEKLY", 1),
    "sennight": ("WEEKLY", 1),
    "biweekly": ("WEEKLY", 2),
    "fortnight": ("WEEKLY", 2),
    "monthly": ("MONTHLY", 1),
    "bimonthly": ("MONTHLY", 2),
    "quarterly": ("MONTHLY", 3),
    "semiannual": ("MONTHLY", 6),
    "annual": ("YEARLY", 1),
    "yearly": ("YEARLY", 1),
    "biannual": ("YEARLY", 2),
    "biyearly": ("YEARLY", 2),
}
_UNITS: Final = {
    **dict.fromkeys(("d", "day", "days"), ("DAILY", 1)),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), ("WEEKLY", 1)),
    **dict.fromkeys(("m", "mo", "mos", "mth", "mths", "mnth", "mnths", "month", "months"), ("MONTHLY", 1)),
    **dict.fromkeys(("q", "qtr", "qtrs", "qrtr", "qrtrs", "quarter", "quarters"), ("MONTHLY", 3)),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), ("YEARLY", 1)),
}
_COUNTED: Final = re.compile(r"(\d{0,4})\s*([a-z]+)", re.ASCII)
_ISO: Final = re.compile(r"p(\d{1,4})([dwmy])", re.ASCII)


def rule_of(recur: str) -> str | None:
    """Returns the rule of a period; None if it is not one of whole days."""
    name = recur.strip().lower()
    if name == "weekdays":
        return every("WEEKLY", BYDAY="MO,TU,WE,TH,FR")
    if name in _WORDS:
        return every(*_WORDS[name])
    match = _ISO.fullmatch(name) or _COUNTED.fullmatch(name)
    if match is None or match[2] not in _UNITS:
        return None
    frequency, factor = _UNITS[match[2]]
    return every(frequency, int(match[1] or 1) * factor)
