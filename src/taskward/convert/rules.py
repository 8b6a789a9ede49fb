"""Recurrence rules as the service has them: the parts of RFC 5545 that are about days."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from taskward.convert.dates import TaskDate, local_time_in
from taskward.convert.draft import Draft
from taskward.tasks.recurrence.days import has_day
from taskward.tasks.recurrence.rule import MAX_NUMBER, WEEKDAYS, Rule

_OF_TIME: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DEFAULTS: Final = {"RSCALE": "GREGORIAN", "SKIP": "OMIT"}
_VENDOR_PART: Final = re.compile(r"X-.*|TT_.*")
_BY_PARTS: Final = frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"})
_UNTIL: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)


@dataclass(slots=True)
class ConvertedRecurrence:
    """The recurrence of a draft, or None, and what could not be kept of it."""

    value: dict[str, str] | None = None
    notes: list[str] = field(default_factory=list)

    def set_rule(self, rule: Rule, day: date, *, after_completion: bool) -> None:
        """Sets the recurrence of a task that is due on a day, unless the rule gives no days."""
        if not has_day(rule, day):
            self.notes = [f'the recurrence "{rule.canonical}" is left out: it gives no day within 30 years']
            return
        self.value = {"rule": rule.canonical, "occurrence": day.isoformat()}
        if after_completion:
            self.value["after"] = "completion"

    def set_on(self, draft: Draft) -> None:
        """Sets the recurrence of a draft, and adds to its notes."""
        draft.recurrence = self.value
        draft.notes += self.notes


def recurrence(
    text: str,
    due: TaskDate | None,
    zone: str,
    *,
    start: TaskDate | None = None,
    after_completion: bool = False,
) -> ConvertedRecurrence:
    """Returns the recurrence for an RRULE.

    `zone` is the time zone of an UNTIL in UTC where the due date has none. With a start on another day than
    the due date the rule is about the start, as in iCalendar.
    """
    result = ConvertedRecurrence()
    parts = _parts(text)
    after_completion = parts.pop("FROM", "") == "COMPLETION" or after_completion
    if due is None:
        result.notes.append("the recurrence is left out: it has no due date")
        return result
    _leave_out_parts(parts, result)
    _limit(parts, due, zone, result, after_completion=after_completion)
    if start is not None and start["date"] != due["date"]:
        _shift(parts, date.fromisoformat(due["date"]) - date.fromisoformat(start["date"]), result)
    try:
        rule = Rule.parse(";".join(f"{name}={value}" for name, value in parts.items()))
    except ValueError as error:
        result.notes = [f'the recurrence "{text.strip()[:100]}" is left out: {error}']
        return result
    result.set_rule(rule, date.fromisoformat(due["date"]), after_completion=after_completion)
    return result


def _parts(text: str) -> dict[str, str]:
    """Returns the parts of the first rule in a text, by name; a malformed one has an empty name."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    rule = re.sub(r"^RRULE[:;]", "", lines[0].upper()) if lines else ""
    pairs = (part.partition("=") for part in rule.rstrip(";").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _leave_out_parts(parts: dict[str, str], result: ConvertedRecurrence) -> None:
    """Removes the parts that do not change the days, and those of vendors."""
    for name, value in list(parts.items()):
        if name in _OF_TIME:
            del parts[name]
            if "," in value:
                result.notes.append(
                    f"{name} of the recurrence is left out: it is once a day, at the time of due"
                )
        elif _DEFAULTS.get(name) == value:
            del parts[name]
        elif _VENDOR_PART.fullmatch(name):
            del parts[name]
            result.notes.append(f"{name} of the recurrence is left out")


def _limit(
    parts: dict[str, str], due: TaskDate, zone: str, result: ConvertedRecurrence, *, after_completion: bool
) -> None:
    """Converts UNTIL and COUNT into the accepted form."""
    if "UNTIL" in parts and "COUNT" in parts:
        del parts["UNTIL"]
        result.notes.append("UNTIL of the recurrence is left out: COUNT limits it")
    if "UNTIL" in parts and (last := _last_day(parts["UNTIL"], due, zone)):
        parts["UNTIL"] = f"{last:%Y%m%d}".rjust(8, "0")
    count = parts.get("COUNT", "")
    if after_completion and "COUNT" in parts:
        del parts["COUNT"]
        result.notes.append("COUNT of the recurrence is left out: it counts from completion")
    elif count.isdecimal() and len(count) < 10 and int(count) > MAX_NUMBER:  # noqa: PLR2004 - any number of digits may be there
        parts["COUNT"] = str(MAX_NUMBER)
        result.notes.append(f"COUNT of the recurrence is lowered to {MAX_NUMBER}")


def _last_day(until: str, due: TaskDate, zone: str) -> date | None:
    """Returns the last day of an UNTIL: the day before its own where its time is earlier than that of due."""
    match = _UNTIL.fullmatch(until)
    if match is None:
        return None
    day, clock, utc = match.groups()
    try:
        last = datetime.strptime(day + (clock or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - local, or set below
        if utc and "time" in due:
            last = local_time_in(last.replace(tzinfo=UTC), due.get("time_zone", zone)) or last
        early = clock is not None and f"{last:%H:%M}" < due.get("time", "00:00")
        return last.date() - timedelta(days=early)
    except (ValueError, OverflowError):
        return None


def _shift(parts: dict[str, str], days: timedelta, result: ConvertedRecurrence) -> None:
    """Makes a rule about the start one about the due date, some days later."""
    if _BY_PARTS.isdisjoint(parts):
        return
    named = parts.get("BYDAY", "").split(",")
    is_weekly = parts.get("FREQ") == "WEEKLY" and parts.get("INTERVAL", "1") == "1"
    if is_weekly and _BY_PARTS & parts.keys() == {"BYDAY"} and set(named) <= set(WEEKDAYS):
        parts["BYDAY"] = ",".join(WEEKDAYS[(WEEKDAYS.index(name) + days.days) % 7] for name in named)
    else:
        result.notes.append("the recurrence gave the start; from now on it gives the due date")


def every(frequency: str, interval: int = 1, **others: str) -> str:
    """Returns the text of a rule; `others` are further parts."""
    parts = {"FREQ": frequency, "INTERVAL": str(interval), **others}
    return ";".join(f"{name}={value}" for name, value in parts.items())


def month_day(day: int) -> dict[str, str]:
    """Returns the parts for a day of the month, or the last one in shorter months."""
    if day <= 28:  # noqa: PLR2004 - every month has it
        return {"BYMONTHDAY": str(day)}
    return {"BYMONTHDAY": ",".join(map(str, range(28, day + 1))), "BYSETPOS": "-1"}
