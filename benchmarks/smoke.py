"""Whether a request has become dearer: `make bench-smoke`, a part of `make check`.

The app runs in this process and is called as a server would call it, so that nothing is measured but our own
path and the driver below it. Two figures of each request are held against benchmarks/smoke.json:

calls   function calls, Python's and C's. The same in every run on the same Python, however busy the
        machine is; so they may rise by a tenth.
cost    this process's time on the processor, in units of a yardstick: a fixed piece of Python work that
        takes turns with the requests. It may rise by a quarter.

Of many turns the quick ones count, of requests and yardstick alike: those that were not interrupted and found
the processor's caches warm. So the figure is the same while other programs keep the machine busy.

`make bench-smoke RECORD=1` records what is.
"""

import gc
import json
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import uuid4

import uvloop
from dataset import PAGE
from inprocess import NEW_TASK, Client, an_app, silent_output
from stage import a_postgres

RECORDED: Final = Path(__file__).with_name("smoke.json")
TURNS: Final = 600
QUICK: Final = 0.05
"""The part of the turns that is quicker than what counts."""

WARM_UP: Final = 200
COUNTED: Final = 20
MOST: Final = {"calls": 1.10, "cost": 1.25}
"""Times the recorded figure."""

Figures = dict[str, dict[str, float]]
Ask = Callable[[], Awaitable[None]]


def main() -> int:
    with silent_output():
        measured = uvloop.run(measure())
    if os.environ.get("RECORD"):
        record(measured)
        print(f"Recorded in {RECORDED.name}")
        return 0
    return report(measured, json.loads(RECORDED.read_text("utf-8")))


def report(measured: Figures, recorded: dict[str, Any]) -> int:
    """Print measured against recorded figures; give the exit status."""
    same_python = recorded["python"] == python_version()
    dearer = []
    for request, figures in measured.items():
        line = f"{request:<28}"
        for figure, value in figures.items():
            ratio = value / recorded["requests"][request][figure]
            line += f"  {figure} {value:8.3f} ({(ratio - 1) * 100:+5.1f} %)"
            if ratio > MOST[figure] and (figure == "cost" or same_python):
                dearer.append(f"{request}: {figure} rose by {(ratio - 1) * 100:.0f} %")
        print(line)
    if not same_python:
        print(f"Calls are not compared: they were recorded on Python {recorded['python']}.")
    for line in dearer:
        print(f"DEARER  {line}; `make bench-smoke RECORD=1` if that is what was wanted")
    return 1 if dearer else 0


def record(measured: Figures) -> None:
    found = {"python": python_version(), "requests": measured}
    RECORDED.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


async def measure() -> Figures:
    """Give calls and cost of each kind of request, on each engine."""
    with a_postgres() as postgres:
        engines = {"PostgreSQL": postgres.url, "SQLite": "sqlite://"}
        return {
            f"{engine}, {request}": figures
            for engine, url in engines.items()
            for request, figures in (await measure_on(url)).items()
        }


async def measure_on(url: str) -> Figures:
    async with an_app(url) as app:
        requests = await requests_of(Client(app, uuid4()))
        for before, ask in requests.values():
            for _ in range(WARM_UP):
                await before()
                await ask()
        gc.collect()
        gc.freeze()
        calls = {name: await calls_of(*one) for name, one in requests.items()}
        costs: dict[str, list[int]] = {name: [] for name in requests}
        units: list[int] = []
        for turn in range(TURNS):
            for name, one in requests.items():
                costs[name].append(await cost_of(*one))
                units.append(yardstick(turn))
    unit = quick(units)
    return {
        name: {"calls": calls[name], "cost": round(quick(taken) / unit, 4)} for name, taken in costs.items()
    }


def quick(turns: list[int]) -> int:
    return sorted(turns)[int(QUICK * len(turns))]


async def cost_of(before: Ask, ask: Ask) -> int:
    """Give the nanoseconds that a request takes of the processor, in this process."""
    await before()
    begun = time.process_time_ns()
    await ask()
    return time.process_time_ns() - begun


async def calls_of(before: Ask, ask: Ask) -> float:
    """Give how many functions a request calls: the median, for now and then one cleans up."""
    counts = []
    for _ in range(COUNTED):
        await before()
        counts.append(0)

        def count(_frame: object, event: str, _argument: object) -> None:
            if event in {"call", "c_call"}:
                counts[-1] += 1

        sys.setprofile(count)
        await ask()
        sys.setprofile(None)
    return median(counts)


def yardstick(start: int) -> int:
    """Give the nanoseconds of a fixed piece of work: objects, dictionaries, texts, JSON."""
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


async def requests_of(client: Client) -> dict[str, tuple[Ask, Ask]]:
    """Give what to ask for, each with what comes before it and is not measured."""
    made = [await client.ask("POST", "/api/tasks", body=NEW_TASK) for _ in range(PAGE + 5)]
    path = f"/api/tasks/{json.loads(made[0])['id']}"

    async def nothing() -> None: ...

    async def change() -> None:
        await client.ask("PUT", path, body=b'{"is_completed": true}')

    async def newest() -> None:
        await client.ask("GET", f"/api/tasks?limit={PAGE}")

    async def one() -> None:
        await client.ask("GET", path)

    async def create() -> None:
        await client.ask("POST", "/api/tasks", body=NEW_TASK)

    return {
        "list changed": (change, newest),
        "list unchanged": (nothing, newest),
        "one": (nothing, one),
        "create": (nothing, create),
    }


if __name__ == "__main__":
    sys.exit(main())
