"""docs/contract.md#optional-fields: reminders at times that the clocks skip or show twice (RFC 5545, 3.3.5).

The clocks of two time zones of the test's own change around the moment of the reminders. Their
offsets have seconds, so that a time of whole minutes is any moment. Two real services deliver; one is killed
before that moment, and another one starts.
"""

import asyncio
import math
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import MakeDatabase, token_for
from support.command import Command, command
from support.waiting import wait_for
from webhooks.receiver import SECRET, Receiver, receiving
from webhooks.zone_files import HOUR, Change, write_zones

GAP, OVERLAP = "Test/Gap", "Test/Overlap"
LEAD = 5
"""Seconds from the creation of the tasks to the reminders."""


def zones_around(moment: int) -> dict[str, Change]:
    """Returns a zone that has just skipped an hour, and one that will soon show an hour again.

    At that moment a clock that had not been changed shows a whole minute, and it shows one that does not
    exist in the first zone, and one that comes twice in the second.
    """
    offset = -moment % 60
    return {
        GAP: Change(moment - HOUR // 2, offset, offset + HOUR),
        OVERLAP: Change(moment + HOUR // 2, offset + HOUR, offset),
    }


def due_at(moment: int, zone: str, change: Change, minutes: int = 0) -> dict[str, str]:
    """Returns that moment, and some minutes later, on a clock of the zone that has not been changed."""
    shown = datetime.fromtimestamp(moment, UTC) + timedelta(seconds=change.before, minutes=minutes)
    assert shown.second == 0
    return {"date": f"{shown:%Y-%m-%d}", "time": f"{shown:%H:%M}", "time_zone": zone}


def reminded_tasks(moment: int, zones: dict[str, Change]) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = []
    for zone, change in zones.items():
        due, later = due_at(moment, zone, change), due_at(moment, zone, change, 90)
        tasks += [
            {"title": f"{zone} itself", "due": due, "reminders": [{"offset_minutes": 0}]},
            {"title": f"{zone} before", "due": later, "reminders": [{"offset_minutes": -90}]},
        ]
    floating = {name: due_at(moment, GAP, zones[GAP])[name] for name in ("date", "time")}
    return [*tasks, {"title": "floating", "due": floating, "reminders": [{"offset_minutes": 0}]}]


def fire_on_clock_changes(folder: Path, url: str, receiver: Receiver) -> tuple[int, list[dict[str, Any]]]:
    """Runs the services; returns the moment, and the tasks whose reminders were to fire then."""
    settings = {
        "DATABASE_URL": url,
        "WEBHOOK_URL": receiver.url,
        "WEBHOOK_SECRET": SECRET,
        "JWT_SECRET": "a secret that only the tests know about",
    }
    with ExitStack() as running:

        def start() -> Command:
            return running.enter_context(command(folder, "serve", "--port", "0", **settings))

        killed, other = start(), start()
        killed.port(), other.port()
        moment = math.ceil(time.time()) + LEAD
        zones = zones_around(moment)
        write_zones(folder, zones)
        headers = {"Authorization": f"Bearer {token_for('ann')}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{killed.port()}/api", headers=headers) as client:
            assert client.patch("/me", json={"time_zone": GAP}).status_code == 200
            created = [client.post("/tasks", json=body) for body in reminded_tasks(moment, zones)]
        assert [one.status_code for one in created] == [201] * 5, [one.text for one in created]
        # One that is killed while it delivers keeps its claim until the lease ends, and others wait for that.
        wait_for(lambda: len(applied(receiver)) >= len(created))
        time.sleep(0.3)
        killed.process.kill()
        start()
        assert time.time() < moment, "the machine is too slow for this test"
        wait_for(lambda: len(fired(receiver)) >= len(created), LEAD + 5)
        time.sleep(0.5)  # for one that would fire again
    return moment, [one.json() for one in created]


def applied(receiver: Receiver) -> list[str]:
    """Returns the ids of the tasks that were delivered."""
    return [task for tasks in receiver.tasks.values() for task in tasks]


def fired(receiver: Receiver) -> list[tuple[str, str]]:
    """Returns the title and the id of each delivery of a reminder."""
    return [(one.data["task"]["title"], one.id) for one in receiver.reminders()]


@pytest.mark.processes
@pytest.mark.parametrize("engine_name", ["disk", "postgres"])
async def test_reminders_fire_once_and_in_time_when_the_clocks_change(
    engine_name: str, new_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await new_database(engine_name)
    with receiving() as receiver:
        moment, tasks = await asyncio.to_thread(fire_on_clock_changes, tmp_path, url, receiver)

    assert sorted(title for title, _ in fired(receiver)) == sorted(task["title"] for task in tasks)
    assert len({delivery_id for _, delivery_id in fired(receiver)}) == len(tasks)
    reminders = receiver.reminders()
    assert {datetime.fromisoformat(one.data["due_at"]).timestamp() for one in reminders} == {moment}
    assert all(moment <= one.at < moment + 3 for one in reminders)
    assert (receiver.problems, receiver.refused) == ([], [])
