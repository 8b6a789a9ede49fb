"""docs/dates.md: its functions run, and agree with the service, in several time zones."""

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from taskward.tasks.fields.dates import due_key, instant
from taskward.tasks.fields.reminders import moments

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here"),
]

PAGE: Final = Path(__file__).parents[2] / "docs" / "dates.md"
CLOCKS: Final = ("UTC", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Asia/Kathmandu")
DATES: Final = [
    {"date": day} | ({"time": time} if time else {}) | ({"time_zone": zone} if zone else {})
    for day in ("2026-01-01", "2026-03-29", "2026-10-25", "2026-11-01", "2026-11-21", "2011-12-30")
    for time, zone in (
        *((None, None), ("00:00", None), ("14:30", None)),
        *(("02:30", "Europe/Berlin"), ("01:30", "America/New_York"), ("10:00", "Pacific/Apia")),
        *(("23:59", "UTC"), ("00:00", "Asia/Kathmandu")),
    )
]


FIXED: Final = [date for date in DATES if "time_zone" in date]
SET_REMINDERS: Final[list[dict[str, Any]]] = [
    *({"offset_minutes": n} for n in (0, -30, 540, -1440, 527_040)),
    {"at": "2026-11-21T08:30:00Z"},
]
REMINDERS: Final = [(reminder, due) for reminder in SET_REMINDERS for due in DATES]
EXPRESSIONS: Final = {
    "keys": f"{json.dumps(DATES)}.map(dueKey)",
    "instants": f"{json.dumps(FIXED)}.map(instantOf)",
    "shown": """
        [{date: '2026-11-21'}, {date: '2026-01-01', time: '00:00'}, {date: '2026-01-01', time: '23:59'}]
        .map((due) => showDue(due, 'en-GB'))""",
    "overdue": """
        [
            {date: '2026-11-21'},
            {date: '2026-11-21', time: '23:00'},
            {date: '2026-11-22', time: '00:00'},
            {date: '2026-11-22', time: '00:20', time_zone: 'Europe/Berlin'},
            {date: '2026-11-22', time: '00:40', time_zone: 'Europe/Berlin'},
        ].map((due) => isOverdue(due, new Date('2026-11-21T23:30:00Z')))""",
    "completed": "completedAt(new Date('2026-11-21T23:30:15Z'))",
    "reminders": f"{json.dumps(REMINDERS)}.map(([reminder, due]) => reminderTime(reminder, due))",
}


@cache
def values(clock: str) -> dict[str, Any]:
    """Returns the values of the expressions, by the functions of the page, on a machine in that zone."""
    functions = "\n".join(re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    result = ", ".join(f"{name}: {expression}" for name, expression in EXPRESSIONS.items())
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(  # noqa: S603 - the functions of the page
        [node, "-e", f"{functions}\nconsole.log(JSON.stringify({{{result}}}))"],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
        env={**os.environ, "TZ": clock},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_page_computes_keys_and_instants_as_the_service_does(clock: str) -> None:
    found = values(clock)

    assert found["keys"] == [due_key(date) for date in DATES]
    assert [datetime.fromisoformat(one) for one in found["instants"]] == [instant(date) for date in FIXED]


@pytest.mark.parametrize("clock", CLOCKS)
def test_no_time_zone_shifts_the_day_that_is_shown(clock: str) -> None:
    assert [text.replace("\u202f", " ") for text in values(clock)["shown"]] == [
        "21 Nov 2026",
        "1 Jan 2026, 00:00",
        "1 Jan 2026, 23:59",
    ]


def test_a_date_is_overdue_by_the_clock_of_the_person() -> None:
    assert values("UTC")["overdue"] == [False, True, False, True, False]
    assert values("Europe/Berlin")["overdue"] == [True, True, True, True, False]
    assert values("America/New_York")["overdue"] == [False, False, False, True, False]


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_time_of_completion_is_the_moment_with_the_offset_of_the_person(clock: str) -> None:
    text = values(clock)["completed"]

    assert datetime.fromisoformat(text) == datetime(2026, 11, 21, 23, 30, 15, tzinfo=UTC)
    assert text.endswith({"UTC": "+00:00", "America/New_York": "-05:00"}.get(clock, text[-6:]))


@pytest.mark.parametrize("clock", CLOCKS)
def test_reminders_fire_when_the_service_says(clock: str) -> None:
    expected = [next(moments((reminder,), due, clock))[1] for reminder, due in REMINDERS]
    assert [datetime.fromisoformat(one) for one in values(clock)["reminders"]] == expected
