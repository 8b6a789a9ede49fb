"""The cost of requests as the tables grow, and as one user's tasks do: `make bench-growth`.

    python benchmarks/growth.py [TASKS …]      how many tasks in the tables, smallest first

Each size is a database of its own with an app of its own in this process. In every turn each of them gets
each kind of request once, in an order by chance, of an owner by chance; so all meet the same machine in the
same mood. Before each measured request its owner changes a task, so that nothing can be answered from what
is remembered. A page has 10 tasks. The smallest of the tables of large owners has one owner of 100 tasks.
"""

import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from itertools import chain, cycle, repeat
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import matplotlib as mpl
import orjson
import uvloop
from dataset import (
    OPEN,
    REAL,
    UPDATES,
    fill_postgres,
    fill_sqlite,
    list_id,
    open_numbers,
    owner_id,
    real_task,
    task_id,
)
from inprocess import NEW_TASK, Client, an_app, silent_output
from matplotlib import pyplot as plt
from stage import Postgres, a_postgres, migrate

from taskward.database import DATABASE
from taskward.http.application import Taskward

IN_TABLES: Final = (10_000, 100_000, 1_000_000, 5_000_000)
OF_ONE_USER: Final = (10, 100, 1_000, 10_000)
TASKS_EACH: Final = 100
"""Of the owners in the growing tables."""

PEOPLE: Final = 200
"""Owners of each table who send requests."""

LARGE: Final = 10_000
"""Tasks of each owner in tables of large owners, whose statistics say so."""

MAX_LARGE: Final = 1_000_000

READERS: Final = 3
"""Users with each number of tasks."""

PAGE: Final = 10
TURNS: Final = 200
BOUND: Final = 1.5
PLOT: Final = Path(__file__).parents[1] / "docs" / "growth.svg"
FILTERED: Final = {
    "open by position": f"list_id={{list_id}}&is_completed=false&sort=position&limit={PAGE}",
    "open by due": f"is_completed=false&sort=due&due_before=2028-01-01T12:00:00%2B02:00&limit={PAGE}",
    "a label's tasks": f"label=home&limit={PAGE}",
}
WRITES: Final = ("create", "real create", "update", "real update")
"""The bare ones, and those of a list, a due date, a priority and labels."""

KINDS: Final = ("one task", "first page", "last page", *WRITES, "pull of changes", *FILTERED, "summary")

REAL_UPDATE: Final = [
    priority | due | labels
    for priority, due, labels in zip(
        UPDATES["update-priority"], UPDATES["update-due"], UPDATES["update-labels"], strict=True
    )
]
"""Two bodies that take turns."""

LARGE_OWNERS: Final = f"tasks in the tables, of owners with {LARGE:,}"

MakeDatabase = Callable[[str, Mapping[int, int]], Awaitable[str]]
"""Creates a database of that name, with owners who have that many tasks each, and returns its URL."""

Costs = dict[str, dict[int, tuple[float, float]]]
"""Kind -> size -> median milliseconds of the request, and of the database within it."""


def main() -> None:
    sizes = tuple(map(int, sys.argv[1:])) or IN_TABLES
    with silent_output():
        found = uvloop.run(measure(sizes))
    for name, costs in found.items():
        print_costs(name, costs)
    print_growth(found)
    draw({name: costs for name, costs in found.items() if LARGE_OWNERS not in name})
    print(f"\n{PLOT}")


async def measure(sizes: Sequence[int]) -> dict[str, Costs]:
    found: dict[str, Costs] = {}
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-growth-")))
        makers: dict[str, MakeDatabase] = {
            "PostgreSQL": OnPostgres(stage.enter_context(a_postgres()), folder),
            "SQLite": OnSqlite(folder),
        }
        for engine, make in makers.items():
            async with AsyncExitStack() as running:
                tables = {}
                for size in sizes:
                    app = await running.enter_async_context(
                        an_app(await make(f"tables_{size}", _owners(size)))
                    )
                    tables[size] = [await person_of(app, owner, TASKS_EACH) for owner in _some_of(size)]
                found[f"{engine}: tasks in the tables"] = await compare(tables)
                app = await running.enter_async_context(an_app(await make("users", _users())))
                people = {
                    size: [await person_of(app, n * READERS + reader, size) for reader in range(READERS)]
                    for n, size in enumerate(OF_ONE_USER)
                }
                found[f"{engine}: tasks of one user"] = await compare(people)
                tables = {}
                for size in (TASKS_EACH, *(size for size in sizes if LARGE <= size <= MAX_LARGE)):
                    each = min(size, LARGE)
                    owners = dict.fromkeys(range(size // each), each)
                    app = await running.enter_async_context(an_app(await make(f"large_{size}", owners)))
                    tables[size] = [await person_of(app, owner, each) for owner in _some(len(owners))]
                found[f"{engine}: {LARGE_OWNERS}"] = await compare(tables)
    return found


def _owners(size: int) -> dict[int, int]:
    return dict.fromkeys(range(size // TASKS_EACH), TASKS_EACH)


def _some_of(size: int) -> list[int]:
    return _some(size // TASKS_EACH)


def _some(owners: int) -> list[int]:
    return random.Random(1).sample(range(owners), min(owners, PEOPLE))  # noqa: S311 - the same every time


def _users() -> dict[int, int]:
    """Returns the users of each number of tasks, among others."""
    readers = {n * READERS + reader: size for n, size in enumerate(OF_ONE_USER) for reader in range(READERS)}
    others = range(len(readers), len(readers) + 1000)
    return readers | dict.fromkeys(others, TASKS_EACH)


@dataclass(frozen=True, slots=True)
class OnPostgres:
    """Makes databases on a server."""

    server: Postgres
    folder: Path

    async def __call__(self, name: str, owners: Mapping[int, int]) -> str:
        connection = await asyncpg.connect(self.server.url)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        head, _, query = self.server.url.partition("?")
        url = f"{head.rpartition('/')[0]}/{name}?{query}"
        migrate(url, self.folder)
        await fill_postgres(url, owners, REAL)
        return url


@dataclass(frozen=True, slots=True)
class OnSqlite:
    """Makes database files."""

    folder: Path

    async def __call__(self, name: str, owners: Mapping[int, int]) -> str:
        file = self.folder / f"{name}.db"
        migrate(f"sqlite:///{file}", self.folder)
        fill_sqlite(file, owners, REAL)
        return f"sqlite:///{file}"


class Person:
    """An owner of that many tasks: each kind of request, and the database's part of it."""

    def __init__(self, app: Taskward, owner: int, tasks: int, paths: Mapping[str, str]) -> None:
        self._client = Client(app, owner_id(owner))
        self._paths = paths
        self._middle = paths["one task"]
        self._clock = clock_of(app)
        numbers = open_numbers(tasks)
        self._open = f"/api/tasks/{task_id(owner, numbers[len(numbers) // 3])}"
        self._bodies = {
            "create": repeat(NEW_TASK),
            "real create": repeat(orjson.dumps(real_task(list_id(owner)))),
            "update": cycle(map(orjson.dumps, UPDATES["update"])),
            "real update": cycle(map(orjson.dumps, REAL_UPDATE)),
        }

    async def cost(self, kind: str) -> tuple[float, float]:
        """Returns the milliseconds of one request, and of the database within it."""
        await self._client.ask("PUT", self._middle, b'{"is_completed": true}')
        method, path, body = self._request(kind)
        self._clock.seconds = 0
        begun = time.perf_counter()
        answer = await self._client.ask(method, path, body)
        took = time.perf_counter() - begun, self._clock.seconds
        if method == "POST":
            await self._client.ask("DELETE", f"/api/tasks/{json.loads(answer)['id']}")
        return took[0] * 1000, took[1] * 1000

    def _request(self, kind: str) -> tuple[str, str, bytes]:
        if kind not in WRITES:
            return "GET", self._paths[kind], b""
        body = next(self._bodies[kind])
        return ("PUT", self._open, body) if "update" in kind else ("POST", "/api/tasks", body)


async def person_of(app: Taskward, owner: int, tasks: int) -> Person:
    """Walk to where the last page and the last changes begin."""
    client = Client(app, owner_id(owner))
    cursor, since = "", ""
    for limit in _steps(tasks - PAGE):
        page = json.loads(await client.ask("GET", f"/api/tasks?limit={limit}{cursor}"))
        cursor = f"&cursor={quote(page['next_cursor'])}"
        pulled = json.loads(await client.ask("GET", f"/api/changes?limit={limit}{since}"))
        since = f"&since={quote(pulled['cursor'])}"
    paths = {
        "one task": f"/api/tasks/{task_id(owner, tasks // 2)}",
        "first page": f"/api/tasks?limit={PAGE}",
        "last page": f"/api/tasks?limit={PAGE}{cursor}",
        "pull of changes": f"/api/changes?limit={PAGE}{since}",
        **{kind: f"/api/tasks?{query.format(list_id=list_id(owner))}" for kind, query in FILTERED.items()},
        "summary": "/api/tasks/summary?now=2026-06-01T12:00:00%2B02:00",
    }
    return Person(app, owner, tasks, paths)


def _steps(count: int) -> list[int]:
    whole, rest = divmod(count, 1000)
    return [1000] * whole + [rest] * (rest > 0)


class Clock:
    """Adds up the time that the database takes, with what is computed within a transaction."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return await run(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - begun

        return timed


def clock_of(app: Taskward) -> Clock:
    """Give the clock of an app's database, put there the first time."""
    clock: Clock | None = getattr(app.state, "clock", None)
    if clock is None:
        app.state.clock = clock = Clock()
        database: Any = app.parts[DATABASE]
        for call in ("rows", "write", "transact"):
            setattr(database, call, clock.around(getattr(database, call)))
    return clock


async def compare(people: Mapping[int, Sequence[Person]]) -> Costs:
    """Returns the cost of each kind of request, by size."""
    for person in chain.from_iterable(people.values()):
        for kind in KINDS:
            await person.cost(kind)
    seen: dict[tuple[str, int], list[tuple[float, float]]] = {}
    chance = random.Random(2)  # noqa: S311 - the same order every time
    for _ in range(TURNS):
        for kind in KINDS:
            for size in chance.sample(_sizes(kind, people), len(_sizes(kind, people))):
                cost = await chance.choice(people[size]).cost(kind)
                seen.setdefault((kind, size), []).append(cost)
    return {
        kind: {
            size: (
                median(whole for whole, _ in seen[kind, size]),
                median(part for _, part in seen[kind, size]),
            )
            for size in _sizes(kind, people)
        }
        for kind in KINDS
    }


def _sizes(kind: str, people: Mapping[int, Sequence[Person]]) -> list[int]:
    """Returns the sizes to compare: the summary is of a hundred open tasks at each."""
    return [size for size in people if kind != "summary" or size >= OPEN]


def print_costs(name: str, costs: Costs) -> None:
    sizes = list(next(iter(costs.values())))
    print(
        f"\n{name}; median ms of a request (of the database within it), and the largest against the smallest"
    )
    print(f"{'':<17}" + "".join(f"{size:>18,}" for size in sizes))
    for kind, by_size in costs.items():
        cells = "".join(f"{_cell(by_size.get(size)):>18}" for size in sizes)
        ratio = growth(by_size)[-1]
        print(f"{kind:<17}{cells}{ratio:>8.2f}{'' if ratio <= BOUND else f'  over {BOUND}'}")


def _cell(cost: tuple[float, float] | None) -> str:
    return f"{cost[0]:.3f} ({cost[1]:.3f})" if cost else ""


def print_growth(found: Mapping[str, Costs]) -> None:
    """Print, as docs/performance.md shows it, what a request costs at most against what it costs at first."""
    print(f"\n| the highest cost against the lowest | {' | '.join(KINDS)} |\n|---|{'---|' * len(KINDS)}")
    for name, costs in found.items():
        print(f"| {name} | {' | '.join(f'{max(growth(costs[kind])):.2f}' for kind in KINDS)} |")


def growth(by_size: Mapping[int, tuple[float, float]]) -> list[float]:
    """Returns the cost of a request at each size, against that at the smallest."""
    whole = [cost for cost, _ in by_size.values()]
    return [cost / whole[0] for cost in whole]


def draw(found: Mapping[str, Costs]) -> None:
    mpl.rcParams |= {"svg.hashsalt": "taskward", "svg.fonttype": "none", "font.size": 9}
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharey=True, layout="constrained")
    for axis, (name, costs) in zip(axes.flat, found.items(), strict=True):
        for kind, by_size in costs.items():
            axis.plot(list(by_size), growth(by_size), marker="o", markersize=3, label=kind)
        axis.axhline(BOUND, color="grey", linestyle="--", linewidth=0.8)
        axis.set(xscale="log", title=name, ylim=(0, 2))
    for axis in axes[:, 0]:
        axis.set_ylabel("cost, against the smallest")
    axes[0, 0].legend(loc="lower left", fontsize=8)
    figure.savefig(PLOT, metadata={"Date": None})


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
