"""Behind PgBouncer in transaction mode with two connections to the server."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from changes.streams import two_servers
from faults.fault_report import Observe, ObserveLoad
from faults.load import SUCCESS, describe_results, under_load
from faults.services import service
from support import database_of
from support.pgbouncer import needs_pgbouncer, pooler

from taskward.database.postgres import pool
from taskward.http import admission

CLIENTS = 64


@needs_pgbouncer
@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.fault("PgBouncer: 2 server connections, 64 clients, 10,000 mixed requests")
async def test_many_requests_through_two_connections(
    new_postgres: Callable[[], Awaitable[str]],
    tmp_path: Path,
    observe_load: ObserveLoad,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "ACQUIRE_TIMEOUT", 1.0)  # as in production
    monkeypatch.setattr(admission, "QUEUE_TIMEOUT", 3.0)
    async with (
        pooler(await new_postgres(), tmp_path) as url,
        service(url) as one,
        under_load(one.client_of, CLIENTS, 0.0) as load,
    ):
        assert database_of(one.app).pool.pooled
        load.fault_begins()
        async with asyncio.timeout(300):
            while len(load.answers) < 10_000:  # noqa: ASYNC110 - the load continues by itself
                await asyncio.sleep(0.1)
        load.fault_ends()
        audit = await load.audit()
    observe_load(load, audit)
    assert load.seen().keys() == {SUCCESS}, describe_results(load.seen())
    assert audit.lost == []


@pytest.mark.processes
@needs_pgbouncer
@pytest.mark.fault("PgBouncer: event streams, which cannot listen through it")
async def test_changes_reach_the_streams_of_another_process_through_a_pooler(
    new_postgres: Callable[[], Awaitable[str]], tmp_path: Path, observe: Observe
) -> None:
    sub, delays = str(uuid4()), list[float]()
    async with (
        pooler(await new_postgres(), tmp_path) as url,
        two_servers(url, sub) as (writer, reader),
        reader.stream() as stream,
    ):
        seen: Counter[str] = Counter()
        for n in range(5):
            begun = monotonic()
            task = await writer.create(f"Task {n}")
            seen[(await stream.next()).change["task"]["id"] == task["id"]] += 1
            delays.append(monotonic() - begun)
    assert seen == {True: 5}
    observe("5 of 5 changes, each once and in order", longest=max(delays))
