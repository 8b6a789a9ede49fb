"""docs/contract.md#recurrence: which rules are accepted, how they are spelt, and how others are refused."""

from itertools import islice
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tasks.recurrence.random_rules import random_cases

from taskward.tasks.recurrence.rule import MAX_RULE_LENGTH, Rule

MALFORMED: Final = "Rule must be like FREQ=WEEKLY;BYDAY=MO"


def refusal(text: str) -> str:
    """Returns the message for a rule that is refused."""
    with pytest.raises(ValueError, match=r".") as refused:
        Rule.parse(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        ("BYDAY=FR,MO;WKST=MO;INTERVAL=1;FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("FREQ=WEEKLY;WKST=SU;INTERVAL=02", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
        ("FREQ=MONTHLY;BYDAY=+1MO,1MO,-1FR,SU", "FREQ=MONTHLY;BYDAY=SU,1MO,-1FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15,1,15", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"),
        (
            "FREQ=MONTHLY;BYSETPOS=-1;BYMONTHDAY=31,30,29,28",
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        ),
        ("FREQ=YEARLY;BYMONTH=12,1;BYMONTHDAY=06", "FREQ=YEARLY;BYMONTHDAY=6;BYMONTH=1,12"),
        ("FREQ=YEARLY;BYDAY=53MO,-53SU", "FREQ=YEARLY;BYDAY=53MO,-53SU"),
        ("UNTIL=20261231;FREQ=DAILY", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=00010101", "FREQ=DAILY;UNTIL=00010101"),
        ("COUNT=999;FREQ=DAILY;INTERVAL=999", "FREQ=DAILY;INTERVAL=999;COUNT=999"),
        ("FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;BYMONTH=5", "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;BYMONTH=5"),
    ],
)
def test_a_rule_has_one_spelling(given: str, canonical: str) -> None:
    assert Rule.parse(given).canonical == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported: the time is that of due"),
        ("FREQ=DAILY;byminute=30", "BYMINUTE is not supported: the time is that of due"),
        ("FREQ=DAILY;BYSECOND=0", "BYSECOND is not supported: the time is that of due"),
        ("FREQ=HOURLY", "FREQ=HOURLY is not supported: the time is that of due"),
        ("FREQ=MINUTELY;INTERVAL=90", "FREQ=MINUTELY is not supported: the time is that of due"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not supported: the time is that of due"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported"),
        ("FREQ=YEARLY;BYYEARDAY=-1", "BYYEARDAY is not supported"),
        ("RSCALE=GREGORIAN;FREQ=YEARLY", "RSCALE is not supported"),
        ("FREQ=DAILY;EXDATE=20260101", "EXDATE is not supported"),
        ("FREQ=DAILY;RDATE=20260101", "RDATE is not supported"),
        ("FREQ=DAILY;X-MINE=1", "X-MINE is not supported"),
    ],
)
def test_a_part_outside_the_subset_is_named(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "text",
    [
        *("", "every day", "RRULE:FREQ=DAILY", "INTERVAL=2", "FREQ=", "FREQ=FORTNIGHTLY", "FREQ=DAILY\n"),
        *("FREQ=DAILY;", ";FREQ=DAILY", "FREQ=DAILY;;COUNT=1", "FREQ=DAILY; COUNT=1", "FREQ=DAILY;COUNT"),
        *("FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;INTERVAL=1;INTERVAL=1"),
        *(
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=1000",
            "FREQ=DAILY;INTERVAL=-1",
            "FREQ=DAILY;INTERVAL=+1",
        ),
        *(
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;COUNT=1000",
            "FREQ=DAILY;INTERVAL=1.5",
            "FREQ=DAILY;INTERVAL=1,2",
        ),
        *(
            "FREQ=DAILY;BYDAY=1MO",
            "FREQ=WEEKLY;BYDAY=-1MO",
            "FREQ=MONTHLY;BYDAY=6MO",
            "FREQ=MONTHLY;BYDAY=0MO",
        ),
        *(
            "FREQ=YEARLY;BYDAY=54MO",
            "FREQ=YEARLY;BYMONTH=1;BYDAY=6MO",
            "FREQ=WEEKLY;BYDAY=",
            "FREQ=WEEKLY;BYDAY=XX",
        ),
        *(
            "FREQ=WEEKLY;BYDAY=MO,",
            "FREQ=WEEKLY;BYDAY=,MO",
            "FREQ=MONTHLY;BYDAY=1-MO",
            "FREQ=WEEKLY;BYDAY=MONDAY",
        ),
        *("FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=0"),
        *(
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=MONTHLY;BYMONTHDAY=--1",
            "FREQ=DAILY;BYMONTH=13",
            "FREQ=DAILY;BYMONTH=-1",
        ),
        *("FREQ=DAILY;BYMONTH=+1", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=MONTHLY;BYMONTH=1;BYSETPOS=1"),
        *(
            "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
            "FREQ=DAILY;BYDAY=MO;BYSETPOS=1",
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
        ),
        *(
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
            "FREQ=WEEKLY;WKST=MO,TU",
            "FREQ=WEEKLY;WKST=1MO",
            "FREQ=WEEKLY;WKST=XX",
        ),
        *("FREQ=DAILY;UNTIL=20261301", "FREQ=DAILY;UNTIL=2026-12-31", "FREQ=DAILY;UNTIL=20261231T120000Z"),
        *("FREQ=DAILY;UNTIL=2026W011", "FREQ=DAILY;UNTIL=00000101", "FREQ=DAILY;COUNT=2;UNTIL=20261231"),
        *("FREQ=DAILY;INTERVAL=٢", "FREQ=WEEKLY;BYDAY=ſu", "FREQ=DAıLY", "FREQ=DAILY;INTERVAL=²"),  # noqa: RUF001
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    assert refusal(text) == MALFORMED


def test_a_rule_has_at_most_200_characters() -> None:
    longest = "FREQ=DAILY;INTERVAL=".ljust(MAX_RULE_LENGTH - 1, "0") + "7"

    assert Rule.parse(longest).canonical == "FREQ=DAILY;INTERVAL=7"
    assert refusal(longest.replace("=0", "=00")) == MALFORMED


def test_the_canonical_spelling_is_never_longer_and_is_that_of_the_same_rule() -> None:
    for text, _ in islice(random_cases(1), 1000):
        rule = Rule.parse(text)

        assert Rule.parse(rule.canonical) == rule
        assert len(rule.canonical) <= len(text)


WORDS: Final = [
    *("FREQ=", "BYDAY=", "BYMONTHDAY=", "BYMONTH=", "BYSETPOS=", "INTERVAL=", "COUNT=", "UNTIL=", "WKST="),
    *("DAILY", "WEEKLY", "MONTHLY", "YEARLY", "MO", "SU", "1", "31", "-1", "+5", "0", "20261231", "T"),
    *(";", ",", "=", " ", "BYHOUR=", "é"),
]


@given(st.lists(st.sampled_from(WORDS)).map("".join) | st.text())
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except ValueError as refused:
        assert str(refused) == MALFORMED or " is not supported" in str(refused)  # noqa: PT017 - or nothing
    else:
        assert Rule.parse(rule.canonical).canonical == rule.canonical
