"""The rule of a recurrence: RFC 5545 RRULE in days, see docs/contract.md#recurrence.

Parts that ask for a time of day are left out, and those in which libraries disagree: docs/decisions/0043.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple, Self, TypeVar

MAX_RULE_LENGTH: Final = 200
"""Characters, as given; the canonical spelling is never longer."""

MAX_NUMBER: Final = 999
"""Of INTERVAL and COUNT."""

MALFORMED: Final = "Rule must be like FREQ=WEEKLY;BYDAY=MO"

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS: Final = (
    *("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST", "UNTIL", "COUNT"),
)
"""In the order of the canonical spelling."""

_OF_TIME: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
_FREQUENCIES_OF_TIME: Final = frozenset({"HOURLY", "MINUTELY", "SECONDLY"})
_PART: Final = re.compile(r"([A-Z][A-Z-]*)=([A-Z0-9,+-]+)")
_DAY: Final = re.compile(r"[0-9]{8}")
_SIGNED: Final = re.compile(r"[+-]?[0-9]+")
_WEEKDAY: Final = re.compile(rf"([+-]?[0-9]+)?({'|'.join(WEEKDAYS)})")


class Frequency(StrEnum):
    """The unit by which a rule repeats."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(NamedTuple):
    """Every such weekday of a period, or with an ordinal one: 1 is the first, -1 the last; 0 is none."""

    ordinal: int
    day: int
    """As `date.weekday`: 0 is Monday."""


_Value = TypeVar("_Value", int, Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A valid rule; values are distinct and in the order of the canonical spelling."""

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[Weekday, ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    until: date | None = None
    count: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the rule of a text, in any letter case.

        Raises:
            ValueError: it is no rule, or has a part that is not supported; with the message for the client.

        """
        parts = _parts(text)
        rule = cls(
            frequency=_frequency(parts),
            interval=_number(parts.get("INTERVAL", "1")),
            weekdays=_in_order(map(_weekday, _values(parts, "BYDAY"))),
            month_days=_in_order(_signed(value, 31) for value in _values(parts, "BYMONTHDAY")),
            months=_in_order(_number(value, 12) for value in _values(parts, "BYMONTH")),
            positions=_in_order(_signed(value, 366) for value in _values(parts, "BYSETPOS")),
            week_start=_week_start(parts.get("WKST", "MO")),
            until=_day(parts["UNTIL"]) if "UNTIL" in parts else None,
            count=_number(parts["COUNT"]) if "COUNT" in parts else None,
        )
        rule._check()
        return rule

    @property
    def canonical(self) -> str:
        """Returns the one spelling of this rule: rules are equal if and only if these texts are."""
        values = {
            "FREQ": self.frequency,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "BYDAY": ",".join(f"{ordinal or ''}{WEEKDAYS[day]}" for ordinal, day in self.weekdays),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYMONTH": ",".join(map(str, self.months)),
            "BYSETPOS": ",".join(map(str, self.positions)),
            "WKST": WEEKDAYS[self.week_start] if self.week_start else "",
            "UNTIL": self.until.isoformat().replace("-", "") if self.until else "",
            "COUNT": str(self.count) if self.count else "",
        }
        return ";".join(f"{name}={values[name]}" for name in _PARTS if values[name])

    def _check(self) -> None:
        """Raises ValueError if parts do not go together."""
        yearly, monthly = self.frequency == "YEARLY", self.frequency == "MONTHLY"
        largest_ordinal = 53 if yearly and not self.months else 5 if yearly or monthly else 0
        fits = (
            all(abs(ordinal) <= largest_ordinal for ordinal, _ in self.weekdays)
            and not (self.month_days and self.frequency == "WEEKLY")
            and not (self.month_days and yearly and not self.months)
            and not (self.positions and not (yearly or monthly))
            and not (self.positions and not (self.weekdays or self.month_days))
            and not (self.until and self.count)
        )
        if not fits:
            raise ValueError(MALFORMED)


def _parts(text: str) -> Mapping[str, str]:
    """Returns the values of the parts by name, in upper case; each part is there at most once."""
    if len(text) > MAX_RULE_LENGTH or not text.isascii():
        raise ValueError(MALFORMED)
    found = [_PART.fullmatch(part) for part in text.upper().split(";")]
    parts = {match[1]: match[2] for match in found if match}
    for name in parts:
        if name not in _PARTS:
            raise ValueError(_unsupported(name, of_time=name in _OF_TIME))
    if len(parts) < len(found):
        raise ValueError(MALFORMED)
    return parts


def _unsupported(part: str, *, of_time: bool) -> str:
    return f"{part} is not supported: the time is that of due" if of_time else f"{part} is not supported"


def _frequency(parts: Mapping[str, str]) -> Frequency:
    name = parts.get("FREQ", "")
    if name in _FREQUENCIES_OF_TIME:
        raise ValueError(_unsupported(f"FREQ={name}", of_time=True))
    try:
        return Frequency(name)
    except ValueError:
        raise ValueError(MALFORMED) from None


def _values(parts: Mapping[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _number(text: str, largest: int = MAX_NUMBER) -> int:
    if text.isdecimal() and 1 <= int(text) <= largest:
        return int(text)
    raise ValueError(MALFORMED)


def _signed(text: str, largest: int) -> int:
    if _SIGNED.fullmatch(text) and 1 <= abs(int(text)) <= largest:
        return int(text)
    raise ValueError(MALFORMED)


def _weekday(text: str) -> Weekday:
    match = _WEEKDAY.fullmatch(text)
    if match is None:
        raise ValueError(MALFORMED)
    ordinal, name = match.groups()
    return Weekday(0 if ordinal is None else _signed(ordinal, 53), WEEKDAYS.index(name))


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError(MALFORMED)
    return WEEKDAYS.index(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError(MALFORMED) from None


def _in_order(values: Iterable[_Value]) -> tuple[_Value, ...]:
    """Returns each value once, ascending, but those that count from the end last: 1, 15, -1."""
    return tuple(sorted(set(values), key=_counted_from_the_start_first))


def _counted_from_the_start_first(value: int | Weekday) -> tuple[bool, int | Weekday]:
    return (value if isinstance(value, int) else value.ordinal) < 0, value
