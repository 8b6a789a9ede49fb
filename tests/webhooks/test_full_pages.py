"""docs/contract.md#webhooks: what happens during a full page comes before the next one, or instead of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI
from support import Person
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.receiver import Attempt, Receiver, status
from webhooks.test_operating import run
from webhooks.test_reminders import soon

pytestmark = pytest.mark.engines("disk", "postgres")


async def during_the_first_page(
    start: StartApp, receiver: Receiver, act: Callable[[FastAPI, Person], Awaitable[object]]
) -> Person:
    """Returns a person with 201 tasks, of whom something was asked before the first page was confirmed."""
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_attempt: Attempt, _connection: object) -> bytes:
        asyncio.run_coroutine_threadsafe(held.wait(), loop).result(5)
        return status("200 OK")

    receiver.answer = hold
    ann = Person(await start(webhook_url=None))
    operations = [{"op": "create", "task": {"title": f"{n}"}} for n in range(100)]
    for _ in range(2):
        answer = await ann.http.post("/api/tasks/batch", json={"operations": operations, "atomic": True})
        assert answer.status_code == 200, answer.text
    app = await start()
    ann = Person(app, ann.sub)
    await ann.create("last")
    await until(lambda: receiver.attempts)
    await act(app, ann)
    held.set()
    return ann


async def test_a_reminder_comes_before_the_next_page(start: StartApp, receiver: Receiver) -> None:
    async def remind(_app: FastAPI, ann: Person) -> None:
        await ann.create("Call", reminders=[{"at": soon(1.0)}])
        await asyncio.sleep(1.2)

    ann = await during_the_first_page(start, receiver, remind)
    await until(lambda: len(receiver.titles(ann.sub)) == 202)

    kinds = [one.content["type"] for one in receiver.attempts]
    assert kinds == ["task.changes", "task.reminder_due", "task.changes", "task.changes"]


async def test_an_erasure_replaces_the_next_page(start: StartApp, receiver: Receiver) -> None:
    await during_the_first_page(start, receiver, lambda _, ann: ann.http.delete("/api/me"))
    await until(lambda: receiver.attempts[-1].content["type"] == "person.erased")

    assert len(receiver.attempts) == 2


async def test_a_replay_replaces_the_next_page(start: StartApp, receiver: Receiver) -> None:
    async def replay(app: FastAPI, ann: Person) -> None:
        shown = await run(app, "webhooks", "replay", "--user", ann.sub, WEBHOOK_URL=receiver.url)
        assert shown.exit_code == 0, shown.output

    await during_the_first_page(start, receiver, replay)
    await until(lambda: len(receiver.attempts) == 4)

    first, again, *others = (one.data["changes"] for one in receiver.attempts)
    assert again == first
    assert [len(changes) for changes in others] == [100, 1]


async def test_after_a_full_page_less_than_one_follows(start: StartApp, receiver: Receiver) -> None:
    ann = await during_the_first_page(start, receiver, lambda _, ann: ann.create("very last"))
    await until(lambda: len(receiver.titles(ann.sub)) == 202)

    pages = [(len(one.data["changes"]), one.data["has_more"]) for one in receiver.attempts]
    assert pages == [(100, True), (100, True), (2, False)]
    assert receiver.tasks[ann.sub] == {task["id"]: task for task in await ann.tasks()}
