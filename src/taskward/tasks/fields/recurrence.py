"""`recurrence`: by which rule a task comes again once it is completed; docs/decisions/0044.

A request may give a part of it, which is merged with what is stored.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.http.errors import FieldError
from taskward.http.validation import UNKNOWN_FIELD, Absent, field_error, located_errors
from taskward.tasks.fields.dates import DAY_RULE, DayText, is_day
from taskward.tasks.fields.rule import Change, FieldRule
from taskward.tasks.recurrence.days import HORIZON, has_day
from taskward.tasks.recurrence.rule import MALFORMED, MAX_RULE_LENGTH, Rule

NEEDS_OPEN_TASK: Final = "Recurrence needs an open task"
_PARTS: Final = ("rule", "after", "missed", "occurrence")
_CHOICES: Final = {"after": "completion", "missed": "keep"}

_RuleText = Annotated[
    str,
    Field(
        max_length=MAX_RULE_LENGTH,
        description="A rule of RFC 5545 in days: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, "
        "BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and UNTIL or COUNT.",
        examples=["FREQ=WEEKLY;BYDAY=MO"],
    ),
]
_After = Annotated[
    Literal["completion"],
    Field(description="`completion`: counted from the day of completion; without it: from the schedule."),
]
_Missed = Annotated[
    Literal["keep"],
    Field(description="`keep`: days that have passed come in turn; without it they are skipped."),
]
_Occurrence = Annotated[
    DayText,
    Field(description="The day of the rule for which the task stands; if not given: the day of `due`."),
]


class TaskRecurrence(BaseModel):
    """By which rule a task comes again once it is completed."""

    rule: _RuleText
    after: _After | Absent = None
    missed: _Missed | Absent = None
    occurrence: _Occurrence


class NewRecurrence(BaseModel):
    """By which rule a task comes again once it is completed. It needs a `due`."""

    model_config = ConfigDict(extra="forbid")

    rule: _RuleText
    after: _After | None = None
    missed: _Missed | None = None
    occurrence: _Occurrence | None = None


class RecurrenceChanges(BaseModel):
    """Changes of a recurrence: absent leaves, null removes. A new `rule` starts at the day of `due`."""

    model_config = ConfigDict(extra="forbid")

    rule: _RuleText | Absent = None
    after: _After | None = None
    missed: _Missed | None = None
    occurrence: _Occurrence | None = None


def merged_recurrence(
    stored: Mapping[str, str] | None, changes: Mapping[str, Any], due: Mapping[str, str] | None
) -> dict[str, str] | None:
    """Returns the recurrence of a task after changes; it may be incomplete, see `problems_of_recurrence`.

    `due` is that of the task after the changes.
    """
    given = changes.get("recurrence", {} if stored and due else None)
    if given is None:
        return None
    merged = {**(stored or {}), **given}
    is_new = stored is None or merged.get("rule") != stored["rule"]
    if given.get("occurrence") is None and (is_new or "occurrence" in given):
        merged["occurrence"] = due and due.get("date")
    return {part: merged[part] for part in _PARTS if merged.get(part) is not None}


def problems_of_recurrence(
    merged: Mapping[str, str], due: Mapping[str, str] | None, stored: Mapping[str, str] | None
) -> list[FieldError]:
    """Returns what is wrong with a merged recurrence of a task with that due date."""
    if due is None:
        return [FieldError("recurrence", "Recurrence needs a due date")]
    message = None if merged == stored else _problem_of_rule(merged)
    return [FieldError("recurrence.rule", message)] if message else []


def _merged(change: Change) -> dict[str, str] | None:
    return merged_recurrence(change.stored.get("recurrence"), change.given, change.merged.get("due"))


def _problems(change: Change) -> Iterable[FieldError]:
    merged = change.merged["recurrence"]
    if merged is None or "recurrence" not in change.given:
        return ()
    return problems_of_recurrence(merged, change.merged.get("due"), change.stored.get("recurrence"))


RECURRENCE: Final = FieldRule("recurrence", _merged, _problems, also_given=frozenset({"due"}))
"""After `due`, of which it takes its first day. Of an open task only."""

SERIES_ID: Final = FieldRule("series_id", columns={"series_id": UUID})
NEXT_ID: Final = FieldRule("next_id")


def _problem_of_rule(merged: Mapping[str, str]) -> str | None:
    if "rule" not in merged:
        return MALFORMED
    rule = Rule.parse(merged["rule"])
    if rule.count and "after" in merged:
        return "COUNT is not supported with after: completion"
    if "occurrence" in merged and not has_day(rule, date.fromisoformat(merged["occurrence"])):
        return f"Rule gives no day within {HORIZON} years"
    return None


def _validator(documented: Any, *, is_new: bool) -> PlainValidator:
    """Returns the validator of a recurrence; it returns the rule in its canonical spelling."""

    def validate(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise field_error("Recurrence must be an object or null")
        problems = _malformed(value)
        given = dict(value)
        if is_new or "rule" in given:
            try:
                given["rule"] = _canonical(given.get("rule"))
            except ValueError as error:
                problems["rule"] = str(error)
        if problems:
            raise located_errors(problems)
        return given

    return PlainValidator(validate, json_schema_input_type=documented)


def _malformed(given: Mapping[str, Any]) -> dict[str, str]:
    problems = {name: UNKNOWN_FIELD for name in given if name not in _PARTS}
    for name, choice in _CHOICES.items():
        if given.get(name) not in (None, choice):  # the value may be unhashable
            problems[name] = f"{name.capitalize()} must be {choice} or null"
    occurrence = given.get("occurrence")
    if occurrence is not None and not is_day(occurrence):
        problems["occurrence"] = f"Occurrence {DAY_RULE}"
    return problems


def _canonical(rule: Any) -> str:
    """Returns the canonical spelling of a rule; raises ValueError with the message for it."""
    if not isinstance(rule, str):
        raise ValueError(MALFORMED)  # noqa: TRY004 - as for any other rule
    return Rule.parse(rule).canonical


_DESCRIBED: Final = Field(
    description="By which rule the task comes again once it is completed; null: it does not."
)
_Given = dict[str, Any] | None
RecurrenceField = Annotated[TaskRecurrence, _DESCRIBED]
SeriesId = Annotated[UUID, Field(description="The first task of its series.")]
NextId = Annotated[UUID, Field(description="The task of its series that was made when it was completed.")]
GivenRecurrence = Annotated[_Given, _validator(NewRecurrence | None, is_new=True), _DESCRIBED]
GivenRecurrenceChanges = Annotated[_Given, _validator(RecurrenceChanges | None, is_new=False), _DESCRIBED]
