"""docs/contract.md#reminders: the field `reminders`, and the moments of reminders."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tasks.test_optional_fields import changed, created, problems_of_changes, problems_of_new

from taskward.tasks.fields.reminders import moments

MESSAGE = "A reminder has either offset_minutes or at"
TOO_MANY = "Reminders must be a list of at most 10 objects"
BERLIN = "Europe/Berlin"
AT = {"at": "2026-11-21T08:30:00Z"}
BEFORE = {"offset_minutes": -30}
NO_OFFSETS: list[Any] = [None, "5", 5.0, 1.5, True, [], 527_041, -527_041, 10**30]
NO_INSTANTS: list[Any] = [None, 5, "", "2026-11-21", "2026-11-21T08:30", "2026-02-30T08:30:00Z"]


def moment(due: dict[str, str] | None, reminder: dict[str, Any], zone: str | None = None) -> str | None:
    """Returns when a reminder fires; None while that is unknown. It raises if the reminder cannot fire."""
    [(number, at)] = list(moments((reminder,), due, zone))
    assert number == 0
    return None if at is None else at.isoformat()


def test_reminders_are_kept_in_their_order() -> None:
    assert created(reminders=[AT, BEFORE, BEFORE]) == {"reminders": [AT, BEFORE, BEFORE]}


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ("2026-11-21T08:30:00Z", "2026-11-21T08:30:00Z"),
        ("2026-11-21t09:30:00+01:00", "2026-11-21T08:30:00Z"),
        ("2026-11-21T08:30:00.5Z", "2026-11-21T08:30:00.500000Z"),
    ],
)
def test_an_instant_is_answered_in_utc(given: str, answered: str) -> None:
    stored = created(reminders=[{"at": given}])

    assert stored == {"reminders": [{"at": answered}]}
    assert changed(stored, **stored) == stored


def test_reminders_are_replaced_whole_and_removed() -> None:
    task = created(reminders=[AT, BEFORE])

    assert changed(task, reminders=[AT]) == {"reminders": [AT]}
    assert changed(task, priority="low") == {**task, "priority": "low"}
    assert changed(task, reminders=None) == changed(task, reminders=[]) == {}
    assert created(reminders=None) == created(reminders=[]) == {}


@pytest.mark.parametrize(
    "value",
    [
        *({}, {"offset_minutes": -30, "at": AT["at"]}, {"offset_minutes": -30, "at": None}, {"minutes": 5}),
        *({"offset_minutes": offset} for offset in NO_OFFSETS),
        *({"at": at} for at in NO_INSTANTS),
        *({"at": "1969-12-31T23:59:59Z"}, {"at": "9999-01-01T00:00:00Z"}, {"at": AT["at"], "extra": 1}),
        *(None, "", 5, True, [], [BEFORE]),
    ],
)
def test_a_wrong_reminder_is_named(value: Any) -> None:
    assert problems_of_new(reminders=[BEFORE, value]) == {"reminders.1": MESSAGE}
    assert problems_of_changes(reminders=[value, AT, value]) == {
        "reminders.0": MESSAGE,
        "reminders.2": MESSAGE,
    }


@pytest.mark.parametrize("value", ["", 5, True, {}, AT, [BEFORE] * 11])
def test_reminders_are_a_short_list(value: Any) -> None:
    assert problems_of_new(reminders=value) == {"reminders": TOO_MANY}
    assert problems_of_changes(reminders=value) == {"reminders": TOO_MANY}


def test_the_limits_are_allowed() -> None:
    for reminders in ([BEFORE] * 10, [{"offset_minutes": 527_040}, {"offset_minutes": -527_040}]):
        assert created(reminders=reminders) == {"reminders": reminders}


@pytest.mark.parametrize(
    ("due", "offset", "zone", "expected"),
    [
        (
            {"date": "2026-11-21", "time": "14:30", "time_zone": BERLIN},
            -30,
            None,
            "2026-11-21T13:00:00+00:00",
        ),
        (
            {"date": "2026-11-21", "time": "14:30", "time_zone": BERLIN},
            0,
            "Asia/Tokyo",
            "2026-11-21T13:30:00+00:00",
        ),
        ({"date": "2026-11-21", "time": "14:30"}, -30, BERLIN, "2026-11-21T13:00:00+00:00"),
        ({"date": "2026-11-21", "time": "14:30"}, -30, None, None),
        ({"date": "2026-11-21"}, 540, BERLIN, "2026-11-21T08:00:00+00:00"),
        ({"date": "2026-11-21"}, -1, BERLIN, "2026-11-20T22:59:00+00:00"),
        ({"date": "2026-11-21"}, 540, None, None),
        # Nine in the morning is nine on the days on which the clocks change, too.
        ({"date": "2026-03-29"}, 540, BERLIN, "2026-03-29T07:00:00+00:00"),
        ({"date": "2026-10-25"}, 540, BERLIN, "2026-10-25T08:00:00+00:00"),
        # A time that the clocks skip is shifted, and of one that occurs twice it is the first.
        ({"date": "2026-03-29"}, 150, BERLIN, "2026-03-29T01:30:00+00:00"),
        ({"date": "2026-10-25"}, 150, BERLIN, "2026-10-25T00:30:00+00:00"),
        ({"date": "1970-01-01"}, -527_040, "Pacific/Kiritimati", "1968-12-31T10:40:00+00:00"),
    ],
)
def test_minutes_count_on_local_clocks(
    due: dict[str, str], offset: int, zone: str | None, expected: str | None
) -> None:
    assert moment(due, {"offset_minutes": offset}, zone) == expected


def test_an_instant_does_not_depend_on_the_due_date() -> None:
    for due in (None, {"date": "2026-12-24"}):
        assert moment(due, AT) == datetime(2026, 11, 21, 8, 30, tzinfo=UTC).isoformat()


def test_what_has_no_moment_cannot_fire() -> None:
    late = {"date": "9998-12-31", "time": "23:59", "time_zone": "Pacific/Pago_Pago"}
    reminders = (BEFORE, {"offset_minutes": 527_040}, {"offset_minutes": 525_600}, AT)

    assert [number for number, _ in moments(reminders, None, BERLIN)] == [3]
    assert [number for number, _ in moments(reminders, late, None)] == [0, 3]
