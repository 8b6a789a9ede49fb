"""Hours of ordinary work leave nothing behind: no memory, no descriptor, no connection."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

import psutil
import pytest
from changes.streams import http_client
from faults.fault_report import Observe
from faults.load import RECOVERED, SUCCESS, Load, describe_results, under_load
from faults.own_postgres import USER, OwnPostgres, free_port
from faults.services import people_at, serving

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
REPORT_EVERY = 30.0
"""Seconds between two lines that say how far it is."""

STREAMS = 4
"""Readers of event streams at a time, who come and go."""

MEGABYTE = 2**20
CONNECTIONS = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{USER}'"  # noqa: S608 - our own name


class Sample(NamedTuple):
    """The resources of the process at one time."""

    memory: int
    descriptors: int
    connections: int


class Change(NamedTuple):
    """A quantity in the second quarter of the time and in the last, each the median of its samples."""

    before: float
    after: float


@dataclass
class Watched:
    """A process under load, and what it held at each second."""

    name: str
    process: psutil.Process
    load: Load
    server: OwnPostgres | None
    samples: list[Sample] = field(default_factory=list)
    events: int = 0

    async def look(self) -> None:
        connections = await self.server.value(CONNECTIONS) if self.server else 0
        self.samples.append(
            Sample(self.process.memory_info().rss, self.process.num_fds(), connections),
        )

    def change(self, quantity: str) -> Change:
        values = [getattr(sample, quantity) for sample in self.samples]
        quarter = len(values) // 4
        return Change(median(values[quarter : 2 * quarter]), median(values[-quarter:]))

    def __str__(self) -> str:
        now = self.samples[-1]
        return (
            f"{self.name}: {len(self.load.answers)} answers, {self.events} events, "
            f"{now.memory / MEGABYTE:.1f} MB, {now.descriptors} descriptors, {now.connections} connections"
        )

    def describe(self) -> str:
        memory = self.change("memory")
        return (
            f"{self.name}: {describe_results(self.load.seen())}, {self.events} events; memory "
            f"{memory.before / MEGABYTE:.1f} to {memory.after / MEGABYTE:.1f} MB"
        )


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.fault("None: ordinary work for minutes, event streams coming and going")
async def test_steady_work_leaves_nothing_behind(
    server: OwnPostgres, tmp_path: Path, capsys: pytest.CaptureFixture[str], observe: Observe
) -> None:
    async with (
        at_work("SQLite", f"sqlite:///{tmp_path / 'tasks.db'}", tmp_path, None) as one,
        at_work("PostgreSQL", server.url, tmp_path, server) as other,
    ):
        begun, reported = monotonic(), 0.0
        while (passed := monotonic() - begun) < MINUTES * 60:
            for watched in (one, other):
                await watched.look()
                assert {answer.what for answer in watched.load.answers[-1000:]} == {SUCCESS}
            if passed >= reported:
                reported += REPORT_EVERY
                with capsys.disabled():
                    print(f"\n{passed / 60:5.1f} of {MINUTES:g} min  {one}  |  {other}", end="", flush=True)  # noqa: T201 - who waits ten minutes wants to see something
            await asyncio.sleep(1)
        audits = [await watched.load.audit() for watched in (one, other)]

    acknowledged = sum(audit.acknowledged for audit in audits)
    observe(
        f"in {MINUTES:g} min, {one.describe()}. {other.describe()}",
        longest=max(watched.load.longest() for watched in (one, other)),
        lost=f"nothing of {acknowledged} acknowledged writes",
    )
    for watched in (one, other):
        assert watched.load.seen().keys() == {SUCCESS}, describe_results(watched.load.seen())
        memory = watched.change("memory")
        assert memory.after < 1.05 * memory.before + 2 * MEGABYTE, memory
        descriptors = watched.change("descriptors")
        assert descriptors.after <= descriptors.before + STREAMS, descriptors
        connections = watched.change("connections")
        assert connections.after <= connections.before + 2, connections
        assert watched.events > 0
    assert [audit.lost for audit in audits] == [[], []]


@asynccontextmanager
async def at_work(name: str, url: str, folder: Path, server: OwnPostgres | None) -> AsyncIterator[Watched]:
    """Runs writers and readers with a process on that database while the block runs."""
    port = free_port()
    async with serving(folder, url, port) as taskward, under_load(people_at(port), 6, 0.05) as load:
        await load.until_answered(RECOVERED, SUCCESS)
        load.fault_begins()
        watched = Watched(name, psutil.Process(taskward.process.pid), load, server)
        readers = [asyncio.create_task(come_and_go(watched, port, n)) for n in range(STREAMS)]
        try:
            yield watched
        finally:
            for reader in readers:
                reader.cancel()
            for outcome in await asyncio.gather(*readers, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError), outcome


async def come_and_go(watched: Watched, port: int, number: int) -> None:
    """Opens a stream, see some changes arrive on it, leave, and come again where it ended."""
    chance = random.Random(number)  # noqa: S311 - to be repeatable
    last: str | None = None
    async with http_client(f"http://127.0.0.1:{port}", str(uuid4())) as person:
        while True:
            async with person.stream(last) as stream:
                for n in range(chance.randint(1, 8)):
                    task = await person.create(f"Event {n}")
                    event = await stream.next()
                    assert event.change["task"]["id"] == task["id"]
                    last = event.id
                    watched.events += 1
                    await asyncio.sleep(chance.random())
