"""Writes the tables of docs/performance.md from the figures of `make bench`: `make bench-tables`.

    python benchmarks/tables.py [BEFORE]

BEFORE is a copy of the `benchmarks/results.json` of an earlier commit; without it there is no "before".
Only a complete run of `make bench` has all of the figures.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from comparison import CONNECTIONS, LOGGING_PEER, PEER, SHOWN, SQLITE, TASKWARD
from footprint import OPEN

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
RESULTS: Final = Path(__file__).with_name("results.json")
TITLES: Final = {
    "list-changed": "list of 20, changed",
    "list-unchanged": "list of 20, unchanged",
    "one": "one task",
    "create": "create",
    "create-real": "create with optional fields",
}

BUSY: Final = 16
"""Connections, in the table of what one core serves."""

START: Final = "start to first response"
TAIL: Final = "at half of capacity"

Figures = dict[str, Any]


def main(before: str | None = None) -> None:
    now = json.loads(RESULTS.read_text("utf-8"))
    earlier = json.loads(Path(before).read_text("utf-8")) if before else None
    if list(now["scenarios"]) != list(SHOWN):
        raise SystemExit(f"{RESULTS} is not of a complete run")
    page = PAGE.read_text("utf-8")
    for name, lines in (
        ("summary", summary_table(now)),
        ("footprint", footprint_table(now)),
        ("cpu", cpu_table(now, earlier)),
        ("ratios", ratio_table(now)),
        ("others", other_figures(now)),
    ):
        begin, end = f"<!-- {name}: written by make bench-tables -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        _, _, tail = rest.partition(end)
        page = "".join([head, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, tail])
    PAGE.write_text(page, "utf-8")


def summary_table(now: Figures) -> Iterator[str]:
    """Yields what one core of the service serves, and its latency."""
    yield f"| requests per second of a core, {BUSY} clients | PostgreSQL | SQLite | p99, half of capacity |"
    yield "|---|---|---|---|"
    loads = now["others"]
    for scenario, title in TITLES.items():
        rates = [f"{per_core(now, scenario, program):,}" for program in (TASKWARD, SQLITE)]
        load = loads.get(f"{scenario}, {TASKWARD} at half of capacity")
        tail = f"{load['p99'] / 1000:.1f} ms, {load['p99'] / load['p50']:.1f} x p50" if load else ""
        yield f"| {title} | {' | '.join(rates)} | {tail} |"


def per_core(figures: Figures, scenario: str, program: str) -> int:
    """Returns the requests that a second of CPU time of the service is enough for, to two digits."""
    rate = 1e6 / median(values(figures, scenario, BUSY, program, "server_cpu"))
    return int(float(f"{rate:.2g}"))


def footprint_table(now: Figures) -> Iterator[str]:
    """Yields memory and start of one process on each engine."""
    measured = by_name(now)
    yield "| one process | PostgreSQL | SQLite |"
    yield "|---|---|---|"
    for title, unit, digits in ((f"memory, {OPEN} connections", "MB", 0), (START, "s", 2)):
        cells = [f"{measured[f'{title}, {engine}']:.{digits}f} {unit}" for engine in ("PostgreSQL", "SQLite")]
        yield f"| {title} | {' | '.join(cells)} |"


def cpu_table(now: Figures, earlier: Figures | None) -> Iterator[str]:
    """Yields the CPU time per request of each program, and ours of before."""
    yield f"| CPU per request, µs | {' | '.join(f'{n} connections' for n in CONNECTIONS)} |".replace(
        "| 1 connections", "| 1 connection"
    )
    yield "|---" * (len(CONNECTIONS) + 1) + "|"
    for scenario, title in TITLES.items():
        was = earlier if earlier and scenario in earlier["scenarios"] else None
        for program, name in ((TASKWARD, f"**{title}**: PostgreSQL"), (SQLITE, "SQLite")):
            of_program = [cpu(now, scenario, n, program) for n in CONNECTIONS]
            before = [f"{cpu(was, scenario, n, program)} → " if was else "" for n in CONNECTIONS]
            cells = [f"{b}{a}" for a, b in zip(of_program, before, strict=True)]
            yield f"| {name}{', before → now' if was else ''} | {' | '.join(cells)} |"
        peers = [
            f"{cpu(now, scenario, n, PEER)} / {cpu(now, scenario, n, LOGGING_PEER)}" for n in CONNECTIONS
        ]
        yield f"| Fastify without a log / with pino | {' | '.join(peers)} |"


def cpu(figures: Figures, scenario: str, connections: int, program: str) -> str:
    return f"{median(values(figures, scenario, connections, program, 'server_cpu')):.0f}"


def values(figures: Figures, scenario: str, connections: int, program: str, figure: str) -> list[float]:
    samples = figures["scenarios"][scenario][str(connections)][program]
    return [sample[figure] for sample in samples]


def ratio_table(now: Figures) -> Iterator[str]:
    """Yields our rate and CPU as multiples of the peers'."""
    yield f"| rate / CPU, a multiple of the peer's | {' | '.join(map(str, CONNECTIONS))} |"
    yield "|---" * (len(CONNECTIONS) + 1) + "|"
    measured = by_name(now)
    for scenario, title in TITLES.items():
        for peer in (PEER, LOGGING_PEER):
            names = [f"{scenario}, {n:>2} connections, against {peer}" for n in CONNECTIONS]
            cells = [f"{measured[f'{name}: rate']:.2f} / {measured[f'{name}: CPU']:.2f}" for name in names]
            yield f"| {title}, {peer} | {' | '.join(cells)} |"
    for scenario, title in TITLES.items():
        names = [f"{scenario}, {n:>2} connections, SQLite against PostgreSQL: rate" for n in CONNECTIONS]
        if names[0] in measured:
            cells = [f"{measured[name]:.2f}" for name in names]
            yield f"| {title}, SQLite against PostgreSQL, rate only | {' | '.join(cells)} |"


def by_name(now: Figures) -> dict[str, float]:
    """Returns the figures that have a bound."""
    return {bound["name"]: bound["measured"] for bound in now["bounds"]}


def other_figures(now: Figures) -> Iterator[str]:
    """Yields the figures that are in no other table."""
    yield "| figure | measured |"
    yield "|---|---|"
    for bound in now["bounds"]:
        name = bound["name"]
        if " connections, " not in name and not name.startswith("start") and TAIL not in name:
            yield f"| {name} | {bound['measured']:.2f}{bound['unit']} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
