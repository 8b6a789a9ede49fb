"""docs/contract.md#webhooks: what the receiver refuses of some owners keeps no others waiting."""

from collections.abc import Sequence

import pytest
from support import Person, execute
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.receiver import FAIL, OK, Receiver
from webhooks.test_changes import has_no_marks, is_failing
from webhooks.test_reminders import soon

from taskward.webhooks import attempts, retries, worker

pytestmark = pytest.mark.engines("disk", "postgres")

HOLD_LONG_AGO = "UPDATE webhook_marks SET holder = '01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a00', next_at = 1"
"""As a process that died while it delivered has left them."""


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.2)
        monkeypatch.setattr(module, "PROBE_INTERVAL", 0.4)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)


def refuse(receiver: Receiver, people: Sequence[Person]) -> None:
    """Lets the receiver refuse all that it gets of some, for ever."""
    refused = {person.sub for person in people}
    receiver.answer = lambda attempt, _: FAIL if attempt.data["user_id"] in refused else OK


@pytest.mark.engines("disk", "postgres", "postgres-rls")
async def test_what_is_refused_of_three_keeps_no_fourth_waiting(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    three = [Person(app) for _ in range(3)]
    refuse(receiver, three)
    for person in three:
        await person.create("Refused")
    await until(lambda: is_failing(app))
    await until(lambda: all(len(receiver.of(person.sub)) > 1 for person in three))

    fourth = Person(app)
    await fourth.create("Milk")

    await until(lambda: receiver.titles(fourth.sub) == ["Milk"], 5)


async def test_who_was_delivered_to_before_is_tried_first(start: StartApp, receiver: Receiver) -> None:
    app = await start()
    ann, refused, *others = [Person(app) for _ in range(12)]
    await ann.create("Milk")
    await until(lambda: receiver.titles(ann.sub))
    refuse(receiver, [refused, *others])
    await refused.create("Refused")
    await until(lambda: is_failing(app))
    for person in others:
        await person.create("Refused")
    await ann.create("Bread")

    await until(lambda: len(receiver.titles(ann.sub)) == 2, 5)
    assert len({attempt.data["user_id"] for attempt in receiver.attempts}) < 12


async def test_who_was_held_by_a_process_that_died_is_tried_while_the_receiver_fails(
    start: StartApp, receiver: Receiver
) -> None:
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    await ann.create("Milk")
    await until(lambda: is_failing(app))
    await execute(app, HOLD_LONG_AGO)
    receiver.answer_with(OK)

    await until(lambda: receiver.titles(ann.sub) == ["Milk"], 5)


async def test_a_reminder_that_is_refused_keeps_no_other_waiting(start: StartApp, receiver: Receiver) -> None:
    app = await start(webhook_events="reminders")
    ann, bob = Person(app), Person(app)
    refuse(receiver, [ann])
    await ann.create("Refused", reminders=[{"at": soon(0.5)}])
    await until(lambda: is_failing(app))
    await bob.create("Call", reminders=[{"at": soon(0.5)}])

    await until(lambda: receiver.of(bob.sub), 5)


async def test_a_reminder_that_was_refused_of_an_erased_person_keeps_no_other_waiting(
    start: StartApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_RETRY_DELAY", 1.0)
    app = await start(webhook_events="reminders")
    ann, bob = Person(app), Person(app)
    refuse(receiver, [ann])
    await ann.create("Refused", reminders=[{"at": soon(0.5)}])
    await until(lambda: receiver.attempts)
    await ann.http.delete("/api/me")
    await until(lambda: has_no_marks(app))
    await bob.create("Call", reminders=[{"at": soon(0.5)}])

    await until(lambda: receiver.of(bob.sub), 5)
