"""docs/webhooks.md: `taskward webhooks`, `taskward check`, metrics, 410, `taskward restored`, the stop."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, components_of, database_of, running, settings_for
from support.waiting import until
from typer.testing import CliRunner
from webhooks.conftest import StartApp
from webhooks.marks import marks, until_idle
from webhooks.receiver import FAIL, OK, OTHER_SECRET, SECRET, Attempt, Receiver, hang, status
from webhooks.test_reminders import soon

from taskward.cli import app as commands
from taskward.database.postgres import notifications
from taskward.database.statements import Row
from taskward.settings import SettingsError
from taskward.users.restores import mark_restored
from taskward.webhooks import attempts, retries, worker
from taskward.webhooks.receiver import ReceiverState
from taskward.webhooks.receiver import state_of as receiver_state
from taskward.webhooks.worker import WebhookWorker

pytestmark = pytest.mark.engines("disk", "postgres")


@pytest.fixture(autouse=True)
def frequent_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the services look more often for what a command has marked."""
    monkeypatch.setattr(notifications, "POLL_INTERVAL_LISTENING", 0.2)


async def run(app: FastAPI, *arguments: str, **environment: str) -> Any:
    """Runs a command on the database of an app, beside it."""
    settings = settings_of(app) | environment
    return await asyncio.to_thread(CliRunner().invoke, commands, arguments, env=settings)


def settings_of(app: FastAPI) -> dict[str, str]:
    database = database_of(app)
    url = f"sqlite:///{database.path}" if database.engine == "sqlite" else database.pool.url
    return {"DATABASE_URL": url, "WEBHOOK_SECRET": SECRET, "LOG_LEVEL": "ERROR"}


@pytest.mark.engines("disk")
async def test_a_ping_says_whether_it_arrived(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    receiver.answer_with(OK, FAIL)

    arrived = await run(app, "webhooks", "test", WEBHOOK_URL=receiver.url)
    failed = await run(app, "webhooks", "test", WEBHOOK_URL=receiver.url)

    assert (arrived.exit_code, arrived.output) == (0, "The ping was delivered: status 200.\n")
    assert (failed.exit_code, failed.output) == (1, "The ping was not delivered: status 500.\n")
    ping = receiver.attempts[0].content
    assert (ping["type"], ping["data"]) == ("ping", {})
    assert len({one.id for one in receiver.attempts}) == 2


async def test_the_status_shows_who_waits(start: StartApp, receiver: Receiver) -> None:
    receiver.answer_with(FAIL)
    app = await start()
    idle = await run(app, "webhooks", "status", WEBHOOK_URL=receiver.url)
    await Person(app).create()
    await until(lambda: receiver.attempts)
    await asyncio.sleep(0.1)
    failing = await run(app, "webhooks", "status", WEBHOOK_URL=receiver.url)

    assert idle.output == "receiver  no failure since the last success\nwaiting   nobody\n"
    assert re.search(
        r"receiver  the last attempts failed, from 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ on\n", failing.output
    )
    assert "waiting   1 user, the first for " in failing.output
    assert failing.exit_code == 0


async def test_a_replay_delivers_the_current_state_again(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    ann, bob = Person(app), Person(app)
    for title in ("one", "two"):
        for person in (ann, bob):
            await person.create(title)
        await until_idle(app)
    cursor = receiver.of(ann.sub)[0].data["cursor"]
    receiver.tasks.clear()

    one = await run(app, "webhooks", "replay", "--user", ann.sub, WEBHOOK_URL=receiver.url)
    await until(lambda: receiver.titles(ann.sub) == ["one", "two"], 10)
    assert (one.exit_code, one.output) == (0, "Users whose changes are delivered again: 1.\n")
    assert receiver.titles(bob.sub) == []

    everyone = await run(app, "webhooks", "replay", WEBHOOK_URL=receiver.url)
    await until(lambda: receiver.titles(bob.sub) == ["one", "two"], 10)
    assert everyone.output == "Users whose changes are delivered again: 2.\n"
    await until_idle(app)

    sent = len(receiver.attempts)
    since = await run(
        app, "webhooks", "replay", "--user", ann.sub, "--since", cursor, WEBHOOK_URL=receiver.url
    )
    await until(lambda: len(receiver.attempts) > sent, 10)
    assert since.exit_code == 0
    assert [change["task"]["title"] for change in receiver.attempts[-1].data["changes"]] == ["two"]


async def test_a_replay_keeps_the_reminder_that_was_refused(start: StartApp, receiver: Receiver) -> None:
    refused: list[str] = []

    def refuse_once(attempt: Attempt, _connection: object) -> bytes:
        if attempt.content["type"] != "task.reminder_due" or refused:
            return OK
        refused.append(attempt.id)
        return FAIL

    receiver.answer = refuse_once
    app = await start()
    ann = Person(app)
    await ann.create("Call", reminders=[{"at": soon(1.0)}])
    await until(lambda: refused)
    receiver.tasks.clear()
    await run(app, "webhooks", "replay", WEBHOOK_URL=receiver.url)
    await until(lambda: receiver.titles(ann.sub) == ["Call"], 10)

    assert [one.id for one in receiver.reminders()] == refused * 2


async def test_a_replay_during_the_attempt_at_a_reminder_follows_it(
    start: StartApp, receiver: Receiver
) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(attempt: Attempt, _connection: object) -> bytes:
        if attempt.content["type"] == "task.reminder_due":
            asyncio.run_coroutine_threadsafe(held.wait(), loop).result(5)
        return OK

    receiver.answer = hold
    app = await start()
    ann = Person(app)
    await ann.create("Call", reminders=[{"at": soon(1.0)}])
    await until(receiver.reminders)
    receiver.tasks.clear()
    await run(app, "webhooks", "replay", WEBHOOK_URL=receiver.url)
    held.set()
    await until(lambda: receiver.titles(ann.sub) == ["Call"], 10)

    assert len(receiver.reminders()) == 1


@pytest.mark.engines("disk")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("replay", "--since", "x"), "taskward: --since: It must be a cursor of the user of --user"),
        (("replay", "--user", "{ann}", "--since", "x"), "taskward: --since: It must be a cursor"),
        (("replay", "--user", "{ann}", "--since", ""), "taskward: --since: It must be a cursor"),
        (("replay", "--user", "00000000-0000-4000-8000-000000000000"), "taskward: User not found"),
        (("replay", "--user", "nobody"), "Invalid value"),
        (("resend",), "No such command 'resend'"),
        (("status", "now"), "unexpected extra argument"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    start: StartApp, receiver: Receiver, arguments: tuple[str, ...], text: str
) -> None:
    app = await start()
    ann = Person(app)
    await ann.create()
    await until_idle(app)
    given = [argument.format(ann=ann.sub) for argument in arguments]

    result = await run(app, "webhooks", *given, WEBHOOK_URL=receiver.url)

    assert result.exit_code != 0
    assert text in result.output
    assert all(mark["next_at"] is None for mark in await marks(app))


@pytest.mark.engines("disk")
@pytest.mark.parametrize("command", ["test", "status", "replay"])
async def test_without_a_url_there_is_nothing_to_do(start: StartApp, command: str) -> None:
    result = await run(await start(), "webhooks", command)

    assert result.exit_code == 1
    assert result.output == "taskward: WEBHOOK_URL is not set, so there are no webhooks\n"


@pytest.mark.engines("disk")
async def test_the_check_names_the_receiver_and_no_secret(start: StartApp) -> None:
    app = await start()
    good = await run(
        app,
        "check",
        WEBHOOK_URL="https://hooks.example.com/in?key=canary",
        WEBHOOK_SECRET=f"{SECRET},{OTHER_SECRET}",
    )
    bad = await run(app, "check", WEBHOOK_URL="https://hooks.example.com", WEBHOOK_SECRET="whsec_canary")

    expected = "ok    webhooks  changes and reminders to hooks.example.com, signed with 2 secrets"
    assert expected in good.output.splitlines()
    assert "canary" not in good.output + bad.output
    assert bad.exit_code == 1
    assert "FAIL  settings  WEBHOOK_SECRET: each secret must be whsec_" in bad.output


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"webhook_url": "http://example.com/"}, "WEBHOOK_URL: must begin with https://"),
        ({"webhook_url": "ftp://example.com/"}, "WEBHOOK_URL: must begin with https://"),
        ({"webhook_url": "https://user:canary@example.com/"}, "WEBHOOK_URL: must name a host"),
        ({"webhook_url": "canary"}, "WEBHOOK_URL: "),
        ({"webhook_secret": None}, "WEBHOOK_SECRET must be set with WEBHOOK_URL"),
        ({"webhook_secret": "canary"}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_secret": SECRET.removeprefix("whsec_")}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_secret": "whsec_" + "YWFh" * 8}, None),
        ({"webhook_secret": "whsec_" + "YWFh" * 7}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_secret": "whsec_" + "YWFh" * 22}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_secret": f"{SECRET},"}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_secret": "whsec_" + "-_-_" * 10}, "WEBHOOK_SECRET: each secret must be whsec_"),
        ({"webhook_events": "changes,canary"}, "WEBHOOK_EVENTS: must be changes, reminders or both"),
        ({"webhook_events": "changes,"}, "WEBHOOK_EVENTS: must be changes, reminders or both"),
        ({"webhook_events": "reminders, changes"}, None),
        (
            {"webhook_kinds": "tasks,canary"},
            "WEBHOOK_KINDS: must be some of tasks, lists, comments, spaces, members, space",
        ),
        ({"webhook_kinds": "tasks,tasks"}, "WEBHOOK_KINDS: must be some of"),
        ({"webhook_kinds": ""}, "WEBHOOK_KINDS: must be some of"),
        ({"webhook_kinds": "space,members, lists"}, None),
        ({"webhook_url": "http://[::1]:9/"}, None),
    ],
)
@pytest.mark.engines("memory")
def test_bad_settings_are_refused_by_name(engine: str, given: dict[str, Any], text: str | None) -> None:
    settings = {"webhook_url": "https://example.com/", "webhook_secret": SECRET} | given
    if text is None:
        settings_for("sqlite://", **settings)
        return
    with pytest.raises(SettingsError) as refused:
        settings_for("sqlite://", **settings)

    assert str(refused.value).startswith(text), engine
    assert "canary" not in str(refused.value)


async def test_410_stops_all_processes_until_a_restart(
    start: StartApp,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 0.2)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)
    polled: set[object] = set()

    def state_of(rows: Sequence[Row]) -> ReceiverState:
        polled.add(asyncio.current_task())
        return receiver_state(rows)

    monkeypatch.setattr(worker, "state_of", state_of)
    receiver.answer_with(status("410 Gone"))
    one, other = await start(), await start()
    # A process counts as started since its first poll, which a busy machine may delay.
    await until(lambda: len(polled) == 2)
    ann = Person(one)
    await ann.create("one")
    await until(lambda: receiver.attempts)
    await until(lambda: "The receiver of webhooks answered 410; none is sent until a restart" in caplog.text)
    receiver.answer_with(OK)
    for app in (one, other):
        await Person(app).create("two")
    await asyncio.sleep(0.6)

    assert len(receiver.attempts) <= 2
    (stopped,) = components_of(one, WebhookWorker)
    assert stopped.collect()["taskward_webhook_stopped"] == {(): 1}
    assert max(record.levelno for record in caplog.records) == logging.ERROR

    sent = len(receiver.attempts)
    await start()
    await until(lambda: len(receiver.attempts) >= sent + 2)
    await until(lambda: receiver.titles(ann.sub) == ["one"], 10)


async def test_who_was_moved_by_a_restore_is_reset_and_delivered_anew(
    start: StartApp, receiver: Receiver
) -> None:
    app = await start()
    ann = Person(app)
    await ann.create("kept")
    await until_idle(app)
    receiver.tasks[ann.sub]["lost"] = {"title": "lost"}

    given = settings_of(app)
    await mark_restored(settings_for(given["DATABASE_URL"], webhook_url=receiver.url, webhook_secret=SECRET))

    await until(lambda: receiver.titles(ann.sub) == ["kept"], 10)
    assert [one.content["type"] for one in receiver.of(ann.sub)][-2:] == ["person.reset", "task.changes"]


async def test_the_stop_frees_who_is_being_delivered_to(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STOP_TIMEOUT", 0.2)
    url = settings_of(await start(webhook_url=None))["DATABASE_URL"]
    receiver.answer = hang
    settings = settings_for(url, webhook_url=receiver.url, webhook_secret=SECRET)
    stopped_at = 0.0
    async with running(settings) as app:
        ann = Person(app)
        await ann.create("one")
        await until(lambda: receiver.attempts)
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 2
    receiver.answer_with(OK)
    await start()
    await until(lambda: receiver.titles(ann.sub) == ["one"], 10)
    assert len({one.id for one in receiver.attempts}) == 1


@pytest.mark.engines("disk")
async def test_the_metrics_count_attempts_and_who_waits(start: StartApp, receiver: Receiver) -> None:
    receiver.answer_with(OK, FAIL)
    app = await start()
    ann = Person(app)
    await ann.create()
    await until_idle(app)
    await ann.create()
    await until(lambda: len(receiver.attempts) == 2)
    await asyncio.sleep(0.1)
    (webhooks,) = components_of(app, WebhookWorker)
    await webhooks._backlog.update()

    samples = webhooks.collect()
    assert samples["taskward_webhook_attempts_total"] == {("delivered",): 1, ("failed",): 1}
    assert samples["taskward_webhook_backlog"] == {(): 1}
    (seconds,) = samples["taskward_webhook_oldest_seconds"].values()
    assert isinstance(seconds, float)
    assert 0 < seconds < 5


@pytest.mark.engines("disk")
async def test_a_rotation_of_secrets_has_no_delivery_refused(
    engine: str, new_database: MakeDatabase, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each step services of before and after it deliver beside each other, and each delivery fails once.

    At the end a delivery that was signed with both secrets is repeated with the new one alone.
    """
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.1)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)
    url = await new_database(engine)

    def service(secrets: str) -> AbstractAsyncContextManager[FastAPI]:
        return running(settings_for(url, webhook_url=receiver.url, webhook_secret=secrets))

    async def deliver_from(*apps: FastAPI) -> None:
        for app in apps:
            receiver.answer_with(FAIL, OK)
            person = Person(app)
            await person.create()
            await until(partial(receiver.titles, person.sub))

    old_service, both_service = AsyncExitStack(), AsyncExitStack()
    async with old_service, both_service:
        old = await old_service.enter_async_context(service(SECRET))
        await deliver_from(old)
        both = await both_service.enter_async_context(service(f"{OTHER_SECRET},{SECRET}"))
        await deliver_from(old, both)
        await old_service.aclose()
        await deliver_from(both)
        receiver.knows(OTHER_SECRET)
        await deliver_from(both)
        async with service(OTHER_SECRET) as new:
            await deliver_from(both, new)
            receiver.answer_with(FAIL)
            ann = Person(both)
            await ann.create()
            await until(lambda: receiver.of(ann.sub))
            await both_service.aclose()
            receiver.answer_with(OK)
            await until(lambda: receiver.titles(ann.sub), 10)

    assert receiver.refused == []
    assert len({attempt.id for attempt in receiver.of(ann.sub)}) == 1
