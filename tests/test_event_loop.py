"""No request delays others: the largest legal request to everything, and others beside it, over real sockets.

The measure is the longest time for which the service's event loop kept a timer waiting, see
`support/worst_requests/probed_service.py`. In it the time does not count in which the machine ran other
programs. The latencies of others are measured too, with bounds for a machine that is shared.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from support import MakeDatabase
from support.latency import Reply, Request
from support.worst_requests.entries import Entry, statuses
from support.worst_requests.service import OTHERS, Measured, ProbedService, probed_service
from support.worst_requests.table import TABLE, named_by_service
from support.worst_requests.world import LONG, SHORT, World

from taskward.database.sqlite.database import TRANSACTION_TIMEOUT

PROMISED: Final = 0.05
"""Seconds for which one request may keep the event loop from serving others."""

PROMISED_FIRST: Final = 0.15
"""For the first request of its kind in a process: it imports modules, which hold the interpreter's lock."""

TOLERATED: Final = {"health": 0.15, "list": 0.25, "write": 0.25}
"""Seconds for which others may wait on a machine that is shared."""

BATCH: Final = 0.75
"""Seconds for which the write of another user may wait on SQLite for a batch, which is one transaction."""

LONG_BATCH: Final = TRANSACTION_TIMEOUT
"""Seconds for which the write of another user may wait on SQLite for a batch that changes thousands of rows.

There is one writer."""

MAX_GARBAGE: Final = 1000
"""Objects that a request may leave to the garbage collector, which stops all threads while it works.

What many requests leave is collected at once: a hundred times as many take 50 ms."""

CALLS: Final = 4
"""Of a stack, in a message."""

REPORT: Final = "WORST_REQUESTS"
"""An environment variable: the file to which each figure is written."""

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def problems(entry: Entry, measured: Measured, engine: str) -> list[str]:
    """Returns in what a request is not as it should be."""
    tolerated = dict(TOLERATED)
    if engine == "sqlite" and (entry.is_batch or entry.is_long_batch):
        tolerated["write"] = LONG_BATCH if entry.is_long_batch else BATCH
    reply = measured.beside.reply
    found = statuses(reply)
    late = [
        f"the {name} of another user waits {seconds * 1000:.0f} ms"
        for name, seconds in measured.beside.waits.items()
        if seconds > tolerated.get(name, 0.25) * measured.slowdown
    ]
    refused = [
        f"the {name} of another user is answered with {found}"
        for name, found in measured.beside.statuses.items()
        if max(found) >= 300
    ]
    wrong = [] if found <= entry.statuses else [f"answered with {found}: {reply.body[-200:]!r}"]
    turn = measured.turn
    is_held = max(turn) > (PROMISED_FIRST if entry.is_first else PROMISED) * measured.slowdown
    where = " < ".join(measured.stack[:CALLS]) or "a thread holds the interpreter's lock"
    held = [f"the event loop is held for {turn.held * 1000:.0f} ms: {where}"] * is_held
    leaves_garbage = measured.garbage > MAX_GARBAGE and not entry.is_first  # an import leaves some
    kept = [f"leaves {measured.garbage} objects in cycles"] * leaves_garbage
    return [*held, *kept, *late, *refused, *wrong]


def report(entry: Entry, measured: Measured, engine: str) -> None:
    if path := os.environ.get(REPORT):
        with Path(path).open("a", encoding="utf-8") as file:
            wrong = "; ".join(problems(entry, measured, engine))
            file.write(f"{'FAIL' if wrong else 'ok'} | {engine} | {entry} | {measured} | {wrong}\n")


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal to the service, in place of a request."""

    number: signal.Signals
    pid: int

    def send(self, _: int) -> Reply:
        os.kill(self.pid, self.number)
        time.sleep(0.2)
        return Reply(200, b"", 0.2)


def test_each_route_operation_and_tool_has_an_entry_and_there_are_no_others() -> None:
    assert {entry.of for entry in TABLE} == {*named_by_service()}


@pytest.mark.parametrize(("number", "computes"), [(signal.SIGUSR1, True), (signal.SIGUSR2, False)])
def test_the_probe_notices_a_loop_that_computes_and_one_that_waits_for_the_interpreter(
    new_database: MakeDatabase, tmp_path: Path, number: signal.Signals, *, computes: bool
) -> None:
    with probed_service(tmp_path, asyncio.run(_new(new_database, "disk"))) as service:
        quiet = service.measure(Request("GET", "/health"))
        held = service.measure(Signal(number, service.pid))

    assert quiet.turn.computed < PROMISED < held.turn.held, f"{quiet}; {held}"
    assert (held.turn.computed > PROMISED) is computes
    assert held.beside.waits["health"] > PROMISED / 2


@pytest.fixture(
    scope="module",
    params=[
        *(("disk", SHORT), ("postgres", SHORT)),
        *(pytest.param((engine, LONG), marks=pytest.mark.soak) for engine in ("disk", "postgres")),
    ],
    ids=lambda param: f"{param[0]}-{'long' if param[1] is LONG else 'short'}",
)
def measured_on(
    request: pytest.FixtureRequest, new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ProbedService, World]]:
    """Runs a service with the data of a large owner."""
    engine, scale = request.param
    url = asyncio.run(_new(new_database, engine))
    with probed_service(tmp_path_factory.mktemp("service"), url) as service:
        world = World(url, scale)
        world.fill()
        yield service, world


async def _new(new_database: MakeDatabase, engine: str) -> str:
    return await new_database(engine)


@pytest.mark.parametrize("entry", TABLE, ids=str)
def test_no_request_delays_others(measured_on: tuple[ProbedService, World], entry: Entry) -> None:
    service, world = measured_on
    measured = service.measure(entry.make(world), {**OTHERS, **entry.others})
    if problems(entry, measured, world.engine) and not entry.is_first:  # what is of the request happens again
        measured = service.measure(entry.make(world), {**OTHERS, **entry.others})
    report(entry, measured, world.engine)
    assert not problems(entry, measured, world.engine), str(measured)
