"""docs/contract.md, webhooks: reminders, each with one id, never early, in the person's one queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from support import Person, execute, stored
from webhooks.conftest import StartApp
from webhooks.receiver import FAIL, OK, Receiver
from webhooks.waiting import marks, until, until_idle

from taskward.webhooks import attempts, retries

pytestmark = pytest.mark.engines("disk", "postgres", "postgres-rls")


async def remind(app: FastAPI, task: dict[str, Any], n: int, moment: datetime) -> None:
    """Stores a reminder as a write of the task would."""
    sqlite = f"{int(moment.timestamp() * 1_000_000)}"
    value = sqlite if "sqlite" in type(app.services.database).__name__.lower() else f"'{moment.isoformat()}'"  # type: ignore[attr-defined] # a Taskward
    await execute(app, f"INSERT INTO reminders VALUES ('{task['user_id']}', '{task['id']}', {n}, {value})")  # noqa: S608 - a test's own words


def reminders_of(receiver: Receiver) -> list[dict[str, Any]]:
    return [one.data for one in receiver.attempts if one.content["type"] == "task.reminder_due"]


async def test_a_reminder_fires_once_and_never_early(start: StartApp, receiver: Receiver) -> None:
    app, other = await start(), await start()
    ann = Person(app)
    task = await ann.create("Call")
    await until_idle(app)
    due = datetime.now(UTC) + timedelta(seconds=0.6)
    await remind(app, task, 0, due)
    await Person(other).create("wakes the workers")
    await until(lambda: reminders_of(receiver), 8)
    await until_idle(app)

    (fired,) = reminders_of(receiver)
    assert fired == {
        "user_id": ann.sub,
        "task": task,
        "reminder": {"at": due.isoformat(timespec="microseconds").replace("+00:00", "Z")},
        "due_at": due.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    (attempt,) = [one for one in receiver.attempts if one.content["type"] == "task.reminder_due"]
    assert attempt.at >= due.timestamp()
    assert await stored(app, "reminders") == []


async def test_reminders_of_an_outage_fire_late_with_their_own_time(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "SECOND_AFTER", 0.2)
        monkeypatch.setattr(module, "PROBE_EVERY", 0.5)
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    task = await ann.create("Call")
    past = datetime.now(UTC) - timedelta(hours=2)
    for n in range(3):
        await remind(app, task, n, past + timedelta(minutes=n))
    await until(lambda: len(receiver.attempts) >= 2)
    assert len(await marks(app)) == 1
    receiver.answer_with(OK)
    await until(lambda: len(reminders_of(receiver)) >= 3, 10)
    await until_idle(app)

    ids = {one.id: one.data["due_at"] for one in receiver.attempts if one.id.startswith("rem_")}
    assert sorted(ids.values()) == [
        (past + timedelta(minutes=n)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        for n in range(3)
    ]


async def test_reminders_of_completed_and_deleted_tasks_do_not_fire(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann = Person(app)
    done, gone = await ann.create("done", is_completed=True), await ann.create("gone")
    for task in (done, gone):
        await remind(app, task, 0, datetime.now(UTC) + timedelta(seconds=0.5))
    await ann.http.delete(f"/api/tasks/{gone['id']}")

    async def are_gone() -> bool:
        return await stored(app, "reminders") == []

    await until(are_gone, 8)
    await until_idle(app)
    assert reminders_of(receiver) == []


async def test_without_reminders_among_the_events_none_fires(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_events="changes")
    ann = Person(app)
    task = await ann.create("Call")
    await remind(app, task, 0, datetime.now(UTC) - timedelta(seconds=1))
    await ann.create("another")
    await until_idle(app)

    assert reminders_of(receiver) == []
    assert len(await stored(app, "reminders")) == 1


async def test_reminders_alone_deliver_nothing_else(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_events="reminders")
    ann = Person(app)
    task = await ann.create("Call")
    await remind(app, task, 0, datetime.now(UTC) - timedelta(seconds=1))
    await ann.create("wakes the worker")
    await until(lambda: receiver.attempts)
    await until_idle(app)

    assert [one.content["type"] for one in receiver.attempts] == ["task.reminder_due"]
