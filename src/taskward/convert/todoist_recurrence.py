"""Dates that repeat, as Todoist writes them in English: `every 2 weeks`, `every! mon, fri at 9am`."""

import re
from typing import Final, NamedTuple

from taskward.convert.rules import every

_WEEKDAYS: Final = {
    name: code
    for code, names in {
        "MO": "mon monday mondays",
        "TU": "tue tues tuesday tuesdays",
        "WE": "wed weds wednesday wednesdays",
        "TH": "thu thur thurs thursday thursdays",
        "FR": "fri friday fridays",
        "SA": "sat saturday saturdays",
        "SU": "sun sunday sundays",
    }.items()
    for name in names.split()
}
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june"),
            *("jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_UNITS: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_WORDS: Final = {
    "daily": every("DAILY"),
    "weekly": every("WEEKLY"),
    "monthly": every("MONTHLY"),
    "quarterly": every("MONTHLY", 3),
    "yearly": every("YEARLY"),
    "annually": every("YEARLY"),
    "quarter": every("MONTHLY", 3),
    "weekday": every("WEEKLY", BYDAY="MO,TU,WE,TH,FR"),
    "workday": every("WEEKLY", BYDAY="MO,TU,WE,TH,FR"),
    "weekend": every("WEEKLY", BYDAY="SA,SU"),
    "last day": every("MONTHLY", BYMONTHDAY="-1"),
    "last day of the month": every("MONTHLY", BYMONTHDAY="-1"),
}
_NUMBERS: Final = {"other": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}

_EVERY: Final = re.compile(r"(every!?|ev!?|after)\s*")
_TIME: Final = re.compile(
    r"\s*(?:(?:at|@)\s*)?(?:noon|midnight|\d{1,2}:\d{2}\s*(?:am|pm)?|\d{1,2}\s*(?:am|pm))$"
    r"|\s*(?:at|@)\s*\d{1,2}$|\s+in the (?:morning|afternoon|evening)$|\s+at night$",
    re.ASCII,
)
_COUNTED: Final = re.compile(r"(?:(\d{1,3}|[a-z]+)\s+)?(day|week|month|year)s?", re.ASCII)
_MONTH_DAY: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
_NTH_WEEKDAY: Final = re.compile(r"(\d(?:st|nd|rd|th)|[a-z]+)\s+([a-z]+)", re.ASCII)
_SEPARATORS: Final = re.compile(r"\s*(?:,|\band\b|&)\s*")


class ParsedRule(NamedTuple):
    """The text of a rule, and whether it counts from the completion."""

    text: str
    after_completion: bool


def rule_of(given: str) -> ParsedRule | None:
    """Returns the rule of a text; None if it is unknown."""
    phrase = " ".join(given.lower().split())[:200]
    prefix = _EVERY.match(phrase)
    if prefix is None and phrase not in _WORDS:
        return None
    after_completion = prefix is not None and prefix[1] in {"every!", "ev!", "after"}
    rule = _rule(_TIME.sub("", phrase[prefix.end() :] if prefix else phrase))
    return None if rule is None else ParsedRule(rule, after_completion)


def _rule(phrase: str) -> str | None:
    if phrase in _WORDS:
        return _WORDS[phrase]
    return (
        _counted(phrase) or _weekdays(phrase) or _month_days(phrase) or _nth_weekday(phrase) or _date(phrase)
    )


def _counted(phrase: str) -> str | None:
    match = _COUNTED.fullmatch(phrase)
    if match is None:
        return None
    number = match[1] or "1"
    interval = int(number) if number.isdecimal() else _NUMBERS.get(number)
    return every(_UNITS[match[2]], interval) if interval else None


def _weekdays(phrase: str) -> str | None:
    """Returns the rule of `mon, wed and fri`, or of `other monday`."""
    interval = 2 if phrase.startswith("other ") else 1
    names = [name for name in _SEPARATORS.split(phrase.removeprefix("other ")) if name]
    if not names or any(name not in _WEEKDAYS for name in names):
        return None
    return every("WEEKLY", interval, BYDAY=",".join(_WEEKDAYS[name] for name in names))


def _month_days(phrase: str) -> str | None:
    """Returns the rule of `15`, or of `1st, 15th`."""
    found = [_MONTH_DAY.fullmatch(one) for one in _SEPARATORS.split(phrase) if one]
    days = [match[1] for match in found if match]
    return every("MONTHLY", BYMONTHDAY=",".join(days)) if days and len(days) == len(found) else None


def _nth_weekday(phrase: str) -> str | None:
    """Returns the rule of `3rd friday`, or of `last monday`."""
    match = _NTH_WEEKDAY.fullmatch(phrase)
    if match is None or match[2] not in _WEEKDAYS:
        return None
    ordinal = int(match[1][0]) if match[1][0].isdecimal() else _ORDINALS.get(match[1])
    return every("MONTHLY", BYDAY=f"{ordinal}{_WEEKDAYS[match[2]]}") if ordinal else None


def _date(phrase: str) -> str | None:
    """Returns the rule of `jan 5`, or of `5th january`."""
    words = phrase.replace(",", "").split()
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    days = [match[1] for word in words if (match := _MONTH_DAY.fullmatch(word))]
    if len(words) != 2 or len(months) != 1 or len(days) != 1:  # noqa: PLR2004 - a month and a day
        return None
    return every("YEARLY", BYMONTHDAY=days[0], BYMONTH=str(months[0]))
