"""docs/contract.md#recurrence: the field `recurrence`, as read from a body and merged with a task."""

from typing import Any

import pytest
from tasks.test_optional_fields import (
    NO_DAYS,
    NO_OBJECTS,
    changed,
    conflicts,
    created,
    problems_of_changes,
    problems_of_new,
)

DUE = {"date": "2026-11-23", "time": "09:00"}
WEEKLY = {"rule": "FREQ=WEEKLY;BYDAY=MO", "occurrence": "2026-11-23"}
TASK = {"due": DUE, "recurrence": WEEKLY}

MALFORMED = "Rule must be like FREQ=WEEKLY;BYDAY=MO"
NEVER = "Rule gives no day within 30 years"
OCCURRENCE_MESSAGE = "Occurrence must be a day like 2026-01-31, of the years 1970 to 9998"
NO_DUE = {"recurrence": "Recurrence needs a due date"}

NO_RULES: list[Any] = ["", "every day", "FREQ=WEEKLY;", "FREQ=WEEKLY;COUNT=0", 5, None, [], {}]
RULES: list[Any] = [
    *((rule, MALFORMED) for rule in NO_RULES),
    ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported: the time is that of due"),
    ("FREQ=YEARLY;BYWEEKNO=1", "BYWEEKNO is not supported"),
]


def test_a_recurrence_is_in_one_spelling_and_stands_for_the_due_day() -> None:
    given = {"rule": "wkst=mo;byday=fr,mo;interval=1;freq=weekly"}

    recurrence = created(due=DUE, recurrence=given)["recurrence"]

    assert recurrence == {"rule": "FREQ=WEEKLY;BYDAY=MO,FR", "occurrence": "2026-11-23"}


def test_every_key_of_a_recurrence_is_kept() -> None:
    whole = {**WEEKLY, "after": "completion", "missed": "keep", "occurrence": "2026-11-30"}

    assert created(due=DUE, recurrence=whole) == {"due": DUE, "recurrence": whole}


@pytest.mark.parametrize("value", NO_OBJECTS)
def test_only_an_object_is_a_recurrence(value: Any) -> None:
    expected = {"recurrence": "Recurrence must be an object or null"}
    assert problems_of_new(due=DUE, recurrence=value) == expected
    assert problems_of_changes(recurrence=value) == expected


@pytest.mark.parametrize(("rule", "message"), RULES)
def test_a_wrong_rule_is_named(rule: Any, message: str) -> None:
    assert problems_of_new(due=DUE, recurrence={"rule": rule}) == {"recurrence.rule": message}
    assert problems_of_changes(recurrence={"rule": rule}) == {"recurrence.rule": message}


@pytest.mark.parametrize("day", [day for day in NO_DAYS if day is not None])
def test_an_occurrence_is_a_day(day: Any) -> None:
    expected = {"recurrence.occurrence": OCCURRENCE_MESSAGE}
    assert problems_of_new(due=DUE, recurrence={**WEEKLY, "occurrence": day}) == expected
    assert problems_of_changes(recurrence={"occurrence": day}) == expected


@pytest.mark.parametrize("value", ["", "keep it", "Completion", True, [], {}])
def test_after_and_missed_are_words(value: Any) -> None:
    assert problems_of_changes(recurrence={"after": value, "missed": value}) == {
        "recurrence.after": "After must be completion or null",
        "recurrence.missed": "Missed must be keep or null",
    }


def test_an_unknown_key_is_named() -> None:
    assert problems_of_changes(recurrence={"until": "2026-12-01"}) == {"recurrence.until": "Unknown field"}


def test_a_new_recurrence_has_a_rule() -> None:
    assert problems_of_new(due=DUE, recurrence={}) == {"recurrence.rule": MALFORMED}
    assert conflicts({"due": DUE}, recurrence={"missed": "keep"}) == {"recurrence.rule": MALFORMED}


def test_a_recurrence_needs_a_due_day() -> None:
    rule = {"rule": "FREQ=DAILY"}
    assert conflicts({}, recurrence=rule) == NO_DUE
    assert conflicts(TASK, due=None, recurrence=rule) == NO_DUE


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=TU"])
def test_a_rule_without_a_day_is_refused(rule: str) -> None:
    assert conflicts({"due": DUE}, recurrence={"rule": rule}) == {"recurrence.rule": NEVER}


@pytest.mark.parametrize("end", ["COUNT=1", "UNTIL=20261123", "UNTIL=20200101"])
def test_the_last_task_of_a_series_can_be_sent_back(end: str) -> None:
    """Whether a rule has a day is decided without COUNT and UNTIL."""
    last = {"due": DUE, "recurrence": {**WEEKLY, "rule": f"{WEEKLY['rule']};{end}"}}

    assert changed(last, **last) == last
    assert created(**last) == last


def test_a_task_whose_next_day_is_too_far_away_can_be_sent_back() -> None:
    """Every 28 years there is a 29 February, except from 2072 to 2128."""
    last = {"due": {"date": "2072-02-29"}, "recurrence": {"rule": "FREQ=YEARLY;INTERVAL=28"}}
    last["recurrence"]["occurrence"] = "2072-02-29"

    assert changed(last, **last) == last
    assert changed(last, recurrence=last["recurrence"], priority="low") == {**last, "priority": "low"}
    assert conflicts({"due": last["due"]}, recurrence=last["recurrence"]) == {"recurrence.rule": NEVER}
    assert conflicts(last, due=None, recurrence=last["recurrence"]) == NO_DUE


def test_a_count_does_not_go_with_completion() -> None:
    expected = {"recurrence.rule": "COUNT is not supported with after: completion"}
    counted = {"rule": "FREQ=DAILY;COUNT=5"}
    assert conflicts({"due": DUE}, recurrence={**counted, "after": "completion"}) == expected
    assert conflicts(
        {"due": DUE, "recurrence": {**WEEKLY, **counted}}, recurrence={"after": "completion"}
    ) == (expected)


def test_a_whole_task_sent_back_changes_nothing() -> None:
    whole = {"due": DUE, "recurrence": {**WEEKLY, "missed": "keep", "occurrence": "2026-11-16"}}

    assert changed(whole, **whole) == whole


def test_null_removes_a_key_or_everything() -> None:
    whole = {"due": DUE, "recurrence": {**WEEKLY, "missed": "keep"}}

    assert changed(whole, recurrence={"missed": None}) == TASK
    assert changed(whole, recurrence=None) == {"due": DUE}
    assert changed(whole, due=None) == {}


def test_another_due_day_moves_only_this_occurrence() -> None:
    moved = changed(TASK, due={"date": "2026-11-25"})

    assert moved == {"due": {**DUE, "date": "2026-11-25"}, "recurrence": WEEKLY}


def test_another_rule_stands_for_the_due_day() -> None:
    moved = changed(TASK, due={"date": "2026-11-25"})

    assert changed(moved, recurrence={"rule": "FREQ=DAILY"})["recurrence"] == {
        "rule": "FREQ=DAILY",
        "occurrence": "2026-11-25",
    }
    assert changed(TASK, due={"date": "2026-11-26"}, recurrence={"rule": "FREQ=DAILY"})["recurrence"] == {
        "rule": "FREQ=DAILY",
        "occurrence": "2026-11-26",
    }


@pytest.mark.parametrize("rule", [WEEKLY["rule"], "BYDAY=mo;FREQ=weekly;INTERVAL=1"])
def test_the_same_rule_again_resets_nothing(rule: str) -> None:
    moved = changed(TASK, due={"date": "2026-11-25"})

    assert changed(moved, recurrence={"rule": rule}) == moved
    assert (
        changed(moved, recurrence={"rule": rule, "missed": "keep"})["recurrence"]["occurrence"]
        == "2026-11-23"
    )


def test_an_occurrence_can_be_given() -> None:
    assert changed(TASK, recurrence={"occurrence": "2026-11-30"})["recurrence"]["occurrence"] == "2026-11-30"
    moved = changed(TASK, due={"date": "2026-11-25"})
    assert changed(moved, recurrence={"occurrence": None})["recurrence"]["occurrence"] == "2026-11-25"


def test_labels_can_change_without_the_recurrence_being_checked() -> None:
    """A rule that was valid stays, also if a later version of the service would refuse it."""
    odd = {
        "due": DUE,
        "recurrence": {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "occurrence": "2026-11-23"},
    }

    assert changed(odd, labels=["home"]) == {**odd, "labels": ["home"]}
