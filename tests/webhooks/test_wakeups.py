"""docs/design.md: a worker learns of the writes of other processes, by notifications or by polling."""

import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from support import MakeDatabase, Person, components_of, database_of
from support.pgbouncer import needs_pgbouncer, pooler
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.receiver import Receiver

from taskward.database.postgres.notifications import POLL_INTERVAL, POLL_INTERVAL_LISTENING
from taskward.webhooks.worker import WebhookWorker

SOON = 1.0
"""Seconds: much less than between two polls of a process that listens."""


async def latency(app: FastAPI, receiver: Receiver) -> float:
    """Returns the seconds from a write to the arrival of its delivery."""
    ann = Person(app)
    begun = time.time()
    await ann.create("Milk")
    await until(lambda: receiver.titles(ann.sub))
    return receiver.of(ann.sub)[0].at - begun


async def without_worker(app: FastAPI) -> FastAPI:
    """Stops the deliveries of an app, so that another one has to make them."""
    (webhooks,) = components_of(app, WebhookWorker)
    await webhooks.stop()
    return app


@pytest.mark.engines("disk", "postgres", "postgres-rls")
async def test_a_write_of_another_process_wakes_the_worker(start: StartApp, receiver: Receiver) -> None:
    writing = await without_worker(await start())
    await start()
    await latency(writing, receiver)  # it listens once the first was delivered
    assert max([await latency(writing, receiver) for _ in range(3)]) < SOON < POLL_INTERVAL_LISTENING


@pytest.mark.engines("disk", "postgres")
async def test_a_write_of_the_same_process_is_delivered_at_once(start: StartApp, receiver: Receiver) -> None:
    app = await start()

    assert min([await latency(app, receiver) for _ in range(5)]) < 0.3


@needs_pgbouncer
@pytest.mark.engines("postgres")
async def test_behind_a_pooler_the_worker_polls(
    start: StartApp, receiver: Receiver, new_database: MakeDatabase, tmp_path: Path
) -> None:
    async with pooler(await new_database("postgres"), tmp_path) as url:
        writing = await without_worker(await start(database_url=url))
        await start(database_url=url)

        assert max([await latency(writing, receiver) for _ in range(3)]) < 2 * POLL_INTERVAL + SOON
        assert database_of(writing).pool.pooled
