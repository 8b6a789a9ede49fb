"""docs/contract.md#reminders: one that passes while webhooks are off is dropped, one of an outage is not."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from support import Person, components_of, stored
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.receiver import Receiver
from webhooks.test_reminders import reminders_of, soon

from taskward.webhooks import passed_reminders
from taskward.webhooks.passed_reminders import PassedReminders

pytestmark = pytest.mark.engines("disk", "postgres", "postgres-rls")


async def drop(app: FastAPI) -> None:
    (found,) = components_of(app, PassedReminders)
    await found.run()


async def count(app: FastAPI) -> int:
    return len(await stored(app, "reminders"))


async def test_what_passes_while_webhooks_are_off_does_not_fire_once_they_are_on(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = await start(webhook_url=None)
    for person in (Person(off), Person(off)):
        await person.create("passes", reminders=[{"at": soon(0.9)}, {"at": soon(1.0)}, {"at": soon(900)}])
    await asyncio.sleep(1.1)
    await drop(off)
    assert await count(off) == 6  # for an hour they are kept

    monkeypatch.setattr(passed_reminders, "RETENTION", timedelta(0))
    await drop(off)
    assert await count(off) == 2
    on = await start()
    await Person(on).create("later", reminders=[{"at": soon(1.0)}])
    await until(lambda: reminders_of(receiver))

    assert [one["task"]["title"] for one in reminders_of(receiver)] == ["later"]
    assert await count(on) == 2


async def test_they_are_dropped_from_time_to_time(start: StartApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passed_reminders, "RETENTION", timedelta(0))
    monkeypatch.setattr(passed_reminders, "INTERVAL", 0.05)
    off = await start(webhook_url=None)
    await Person(off).create("passes", reminders=[{"at": soon(1.0)}])
    assert await count(off) == 1

    async def has_dropped() -> bool:
        return await count(off) == 0

    await until(has_dropped)


async def test_a_process_that_delivers_drops_none(start: StartApp) -> None:
    app = await start()
    off = await start(webhook_url=None), await start(webhook_events="changes")

    assert not components_of(app, PassedReminders)
    assert all(components_of(one, PassedReminders) for one in off)
