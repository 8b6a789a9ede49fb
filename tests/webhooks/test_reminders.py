"""docs/contract.md#webhooks: reminders, each with one id, never early, in the person's one queue."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support import Person, stored
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.marks import marks, until_idle
from webhooks.receiver import FAIL, OK, Receiver

from taskward.webhooks import attempts, retries, worker

pytestmark = pytest.mark.engines("disk", "postgres", "postgres-rls")


def soon(seconds: float) -> str:
    """Returns a moment from now, as in the API."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def reminders_of(receiver: Receiver) -> list[dict[str, Any]]:
    return [one.data for one in receiver.reminders()]


async def test_a_reminder_fires_once_and_never_early(start: StartApp, receiver: Receiver) -> None:
    app, _ = await start(), await start()
    ann = Person(app)
    due = soon(1.0)
    task = await ann.create("Call", reminders=[{"at": due}])
    await until(lambda: reminders_of(receiver), 8)
    await until_idle(app)

    (fired,) = reminders_of(receiver)
    assert fired == {
        "user_id": ann.sub,
        "task": task,
        "reminder": task["reminders"][0],
        "due_at": fired["due_at"],
    }
    assert datetime.fromisoformat(fired["due_at"]) == datetime.fromisoformat(task["reminders"][0]["at"])
    (attempt,) = receiver.reminders()
    assert attempt.at >= datetime.fromisoformat(fired["due_at"]).timestamp()
    assert await stored(app, "reminders") == []


async def test_reminders_of_an_outage_fire_late_with_their_own_time(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.2)
        monkeypatch.setattr(module, "PROBE_INTERVAL", 0.5)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    given = [soon(1.0), soon(1.1), soon(1.2)]  # one that has passed when the task is created would not fire
    await ann.create("Call", reminders=[{"at": at} for at in given])
    await until(lambda: len(receiver.attempts) >= 2)
    await asyncio.sleep(1.4)
    assert len(await marks(app)) == 1
    receiver.answer_with(OK)
    await until(lambda: len(reminders_of(receiver)) >= 3, 10)
    await until_idle(app)

    ids = {one.id: one.data["due_at"] for one in receiver.attempts if one.id.startswith("rem_")}
    assert sorted(map(datetime.fromisoformat, ids.values())) == sorted(map(datetime.fromisoformat, given))


async def test_reminders_of_completed_and_deleted_tasks_do_not_fire(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann = Person(app)
    reminders = [{"at": soon(2.0)}]
    done, gone = [await ann.create(title, reminders=reminders) for title in ("done", "gone")]
    await ann.put(done["id"], is_completed=True)
    await ann.http.delete(f"/api/tasks/{gone['id']}")
    assert await stored(app, "reminders") == []
    await asyncio.sleep(2.0)
    await until_idle(app)

    assert reminders_of(receiver) == []


async def test_a_reminder_survives_a_restart_and_fires_once(start: StartApp, receiver: Receiver) -> None:
    off = await start(webhook_url=None)
    ann = Person(off)
    await ann.create("Call", reminders=[{"at": soon(1.0)}])
    await asyncio.sleep(1.1)
    app = await start(), await start()
    await until(lambda: reminders_of(receiver), 8)
    await asyncio.sleep(0.3)

    assert len(reminders_of(receiver)) == 1
    assert await stored(app[0], "reminders") == []


async def test_without_reminders_among_the_events_none_fires(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_events="changes")
    ann = Person(app)
    await ann.create("Call", reminders=[{"at": soon(1.0)}])
    await asyncio.sleep(1.1)
    await ann.create("another")
    await until_idle(app)

    assert reminders_of(receiver) == []
    assert len(await stored(app, "reminders")) == 1


async def test_reminders_alone_deliver_nothing_else(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_events="reminders")
    ann = Person(app)
    await ann.create("Call", reminders=[{"at": soon(1.0)}])
    await until(lambda: receiver.attempts)
    await until_idle(app)

    assert [one.content["type"] for one in receiver.attempts] == ["task.reminder_due"]
