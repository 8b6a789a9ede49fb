"""Whether a request costs more than recorded: `make bench-smoke`, a part of `make check`.

The app runs in this process and is called as a server would call it, so that only our own path and the
driver below it are measured; "over HTTP" the HTTP server is a part of that, on a connection without a socket.
There is one request at a time, so each takes the direct path to the database. Two figures of a request are
compared with benchmarks/smoke.json:

calls   function calls, Python's and C's, on both engines. The same in every run on the same Python, however
        busy the machine is; so they may rise by a tenth.
cost    this process's time on the processor, in units of a yardstick: a fixed piece of Python work that
        takes turns with the requests. It may rise by a quarter. On SQLite alone: while the process waits
        for PostgreSQL other programs run, and the cost depends on them.

Only the fastest of many turns count, of requests and yardstick alike: those that were not interrupted and
had warm caches. So the figure is the same while other programs keep the machine busy. A figure that has risen
all the same is measured again: a busy memory delays requests more than the yardstick.

`make bench-smoke RECORD=1` records the current figures, for the Python that it runs on.
"""

import gc
import json
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
import uvloop
from dataset import CREATES, PAGE, UPDATES
from inprocess import NEW_TASK, Client, Connection, an_app, silent_output
from stage import a_postgres

from taskward.http.application import Taskward

RECORDED: Final = Path(__file__).with_name("smoke.json")
TURNS: Final = 400
IN_A_TURN: Final = 3
"""Requests one after the other: the first warms the caches for the others."""

QUICK: Final = 0.02
"""The part of the turns that is quicker than what counts."""

WARM_UP: Final = 200
COUNTED: Final = 20
MOST: Final = {"calls": 1.10, "cost": 1.25}
"""Times the recorded figure."""

ATTEMPTS: Final = 3
"""To measure a cost that has risen; the lowest counts."""

Figures = dict[str, dict[str, float]]
Recorded = dict[str, Figures]
"""By version of Python: on each the requests and the yardstick gain by different amounts."""
Ask = Callable[[], Awaitable[None]]
Requests = dict[str, tuple[Ask, Ask]]
"""By name: what comes before a request and is not measured, and the request."""


def main() -> int:
    with silent_output():
        measured = uvloop.run(measure())
    if os.environ.get("RECORD"):
        record(measured)
        print(f"Recorded in {RECORDED.name}")
        return 0
    recorded = json.loads(RECORDED.read_text("utf-8"))
    for _ in range(ATTEMPTS - 1):
        if not report(measured, recorded, python_version()):
            return 0
        print("Measuring again")
        with silent_output():
            measured = lowest(measured, uvloop.run(measure()))
    return report(measured, recorded, python_version())


def lowest(one: Figures, other: Figures) -> Figures:
    """Returns the lower of both for each figure."""
    return {
        request: {figure: min(value, other[request][figure]) for figure, value in figures.items()}
        for request, figures in one.items()
    }


def report(measured: Figures, recorded: Recorded, python: str) -> int:
    """Prints measured against recorded figures; returns the exit status.

    On a Python without a record, the costs are compared with those of the newest that has one.
    """
    compared = python if python in recorded else max(recorded, key=_order)
    dearer = []
    for request, figures in measured.items():
        line = f"{request:<28}"
        for figure, value in figures.items():
            ratio = value / recorded[compared][request][figure]
            line += f"  {figure} {value:8.3f} ({(ratio - 1) * 100:+5.1f} %)"
            if ratio > MOST[figure] and (figure == "cost" or compared == python):
                dearer.append(f"{request}: {figure} rose by {(ratio - 1) * 100:.0f} %")
        print(line)
    if compared != python:
        print(f"Calls are not compared: they were recorded on Python {compared}.")
    for line in dearer:
        print(f"DEARER  {line}; `make bench-smoke RECORD=1` if that is intended")
    return 1 if dearer else 0


def record(measured: Figures) -> None:
    """Records the figures of this Python; those of others stay."""
    found: Recorded = json.loads(RECORDED.read_text("utf-8")) | {python_version(): measured}
    ordered = {python: found[python] for python in sorted(found, key=_order)}
    RECORDED.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _order(python: str) -> list[int]:
    """Returns a version like 3.11 for comparison."""
    return [int(part) for part in python.split(".")]


async def measure() -> Figures:
    """Returns the figures of each kind of request, on each engine."""
    with a_postgres() as postgres:
        async with an_app(postgres.url) as app:
            requests = await requests_of(app, "PostgreSQL")
            figures: Figures = {name: {"calls": calls} for name, calls in (await calls_of(requests)).items()}
    async with an_app("sqlite://") as app:  # in memory, so that no disk is waited for
        requests = await requests_of(app, "SQLite")
        calls = await calls_of(requests)
        costs = await costs_of(requests)
        return figures | {name: {"calls": calls[name], "cost": costs[name]} for name in requests}


async def costs_of(requests: Requests) -> dict[str, float]:
    """Returns what each request costs, in yardsticks."""
    gc.collect()
    gc.freeze()  # as the server does
    costs: dict[str, list[int]] = {name: [] for name in requests}
    units: list[int] = []
    for turn in range(TURNS):
        for name, one in requests.items():
            costs[name] += [await cost_of(*one) for _ in range(IN_A_TURN)]
            units += [yardstick(turn) for _ in range(IN_A_TURN)]
    return {name: round(quick(taken) / quick(units), 3) for name, taken in costs.items()}


def quick(turns: list[int]) -> int:
    return sorted(turns)[int(QUICK * len(turns))]


async def cost_of(before: Ask, ask: Ask) -> int:
    """Returns the nanoseconds that a request takes of the processor, in this process."""
    await before()
    begun = time.process_time_ns()
    await ask()
    return time.process_time_ns() - begun


async def calls_of(requests: Requests) -> dict[str, float]:
    """Returns the number of function calls of each request, without other work: the minimum."""
    counts: dict[str, list[int]] = {name: [] for name in requests}
    for name, (before, ask) in requests.items():
        for _ in range(WARM_UP):
            await before()
            await ask()
        for _ in range(COUNTED):
            await before()
            counts[name].append(await count_calls(ask))
    return {name: min(seen) for name, seen in counts.items()}


async def count_calls(ask: Ask) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        await ask()
    finally:
        sys.setprofile(None)
    return calls


def yardstick(start: int) -> int:
    """Returns the nanoseconds of a fixed piece of work: objects, dictionaries, texts, JSON."""
    begun = time.process_time_ns()
    pieces = [_Piece(number, f"piece {number}") for number in range(start, start + 60)]
    by_name = {piece.name: piece.told() for piece in pieces}
    read: dict[str, dict[str, Any]] = json.loads(json.dumps(by_name, sort_keys=True))
    _ = [name for name, told in read.items() if told["even"]]
    return time.process_time_ns() - begun


class _Piece:
    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name

    def told(self) -> dict[str, Any]:
        return {"number": self.number, "name": self.name.title(), "even": self.number % 2 == 0}


async def requests_of(app: Taskward, engine: str) -> Requests:
    """Returns what to ask for."""
    user = uuid4()
    client, connection = Client(app, user), Connection(app, user)
    made = [await client.ask("POST", "/api/tasks", body=NEW_TASK) for _ in range(PAGE + 5)]
    path = f"/api/tasks/{json.loads(made[0])['id']}"

    async def nothing() -> None: ...

    async def change() -> None:
        await client.ask("PUT", path, body=b'{"is_completed": true}')

    async def newest() -> None:
        await client.ask("GET", f"/api/tasks?limit={PAGE}")

    async def one() -> None:
        await client.ask("GET", path)

    async def one_over_http() -> None:
        await connection.get(path)

    async def create() -> None:
        await client.ask("POST", "/api/tasks", body=NEW_TASK)

    asked = {
        "list changed": (change, newest),
        "list unchanged": (nothing, newest),
        "one": (nothing, one),
        "one over HTTP": (nothing, one_over_http),
        "create": (nothing, create),
        **{name: (nothing, ask) for name, ask in (await writes_of(Client(app, uuid4()))).items()},
    }
    return {f"{engine}, {name}": asks for name, asks in asked.items()}


async def writes_of(client: Client) -> dict[str, Ask]:
    """Returns creates with optional fields in a list of the client's own, and updates of a task in it."""
    in_list = json.loads(await client.ask("POST", "/api/lists", body=b'{"title": "Home"}'))["id"]

    def creating(body: bytes) -> Ask:
        async def create() -> None:
            await client.ask("POST", "/api/tasks", body=body)

        return create

    def updating(path: str, bodies: Iterable[bytes]) -> Ask:
        turns = cycle(bodies)

        async def update() -> None:
            await client.ask("PUT", path, body=next(turns))

        return update

    new = {name: orjson.dumps(body(in_list, 1)) for name, body in CREATES.items() if name != "create"}
    task = json.loads(await client.ask("POST", "/api/tasks", body=new["create-real"]))
    path = f"/api/tasks/{task['id']}"
    return {name: creating(body) for name, body in new.items()} | {
        name: updating(path, map(orjson.dumps, bodies)) for name, bodies in UPDATES.items()
    }


if __name__ == "__main__":
    sys.exit(main())
