"""The largest values that a task and a list can have."""

from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final
from uuid import UUID

import orjson

from support.paging import NOON
from support.task_rows import TaskRow
from taskward.ids import new_id
from taskward.tasks.positions import DIGITS, MAX_KEY_LENGTH

ZONE: Final = "Europe/Berlin"
"""Where the owners are."""

COMMON: Final = "common"
"""A label of all tasks."""

LABELS: Final = 6_000
"""Other labels, each of some tasks."""

TITLE: Final = "\x01" * 200
DESCRIPTION: Final = "\x01" * 2000
"""Of each character JSON makes six bytes."""

METADATA: Final = {f"k{n:02}": "v" * 72 for n in range(50)}
REMINDERS: Final = tuple({"offset_minutes": -n} for n in range(10))
RULE: Final = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTH=2;COUNT=999"
"""Its days are counted one by one, in all weeks of the years up to the next one."""

_FIRST_DAY: Final = date(2031, 1, 1)
_TIGHT: Final = MAX_KEY_LENGTH - 16


@cache
def zones() -> tuple[str, ...]:
    """Returns the names of all time zones."""
    return tuple(sorted(resources.files("tzdata").joinpath("zones").read_text("ascii").split()))


def day(n: int) -> str:
    return (_FIRST_DAY + timedelta(days=n % 3000)).isoformat()


def due(n: int) -> dict[str, str]:
    """Returns a due date in a time zone: each in another one than that before."""
    return {"date": day(n), "time": "09:30", "time_zone": zones()[n % len(zones())]}


def label(n: int) -> str:
    return f"{n:04}" + "\x01" * 46


def tight_key(place: int, n: int, step: int = 3) -> str:
    """Returns the position of the n-th object of a place in which there is no room between two.

    With a step of 1 no key is free between them; with 3 there are a few, which 100 new objects use up.
    """
    return "m" + "Z" * (_TIGHT - 1) + _digits(place, 8) + _digits(n * step + 62**6, 8)


def list_keys(n: int) -> str:
    """Returns positions with room between them."""
    return f"a{_digits(n + 62**2, 4)}h"


def fields(n: int) -> dict[str, Any]:
    """Returns the fields of a task that is as large as it can be, except for its place."""
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "due": due(n),
        "start": due(n),
        "priority": "urgent",
        "labels": (*(label((n + one) % LABELS) for one in range(19)), COMMON),
        "metadata": METADATA,
        "reminders": REMINDERS,
    }


def largest_task(n: int, **others: Any) -> TaskRow:
    """Returns a recurring task that is as large as it can be."""
    return TaskRow(**fields(n), recurrence={"rule": RULE, "occurrence": day(n)}, **others)


def inbox_task(n: int) -> TaskRow:
    """Returns a task in no list, as people have them; every other one has a reminder and no time zone."""
    is_floating = n % 2 == 0
    return TaskRow(
        title=f"Task {n * 7919 % 50_000}",
        due={"date": day(n), "time": "09:30"} if is_floating else due(n),
        priority=("low", "medium", "high", "urgent")[n % 4],
        labels=(COMMON, label(n % LABELS)),
        reminders=REMINDERS[:1] if is_floating else (),
    )


def list_title(n: int) -> str:
    return f"List {n:06} " + "\x01" * 188


def list_row(owner: UUID, n: int, position: str, version: int) -> dict[str, Any]:
    """Returns the row of a list that is as large as it can be."""
    return {
        "user_id": owner,
        "id": new_id(),
        "title": list_title(n),
        "is_archived": n % 2 == 0,
        "position": position,
        "metadata": orjson.dumps(METADATA).decode(),
        "created_at": NOON,
        "updated_at": NOON,
        "version": version,
    }


def _digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
