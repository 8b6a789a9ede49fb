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

from comparison import CONNECTIONS, LOGGING_PEER, PEER, SCENARIOS, SQLITE, TASKWARD

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
RESULTS: Final = Path(__file__).with_name("results.json")
TITLES: Final = {
    "list-changed": "list of 20, changed",
    "list-unchanged": "list of 20, unchanged",
    "one": "one task",
    "create": "create",
    "create-real": "create with optional fields",
}

Figures = dict[str, Any]


def main(before: str | None = None) -> None:
    now = json.loads(RESULTS.read_text("utf-8"))
    earlier = json.loads(Path(before).read_text("utf-8")) if before else None
    if list(now["scenarios"]) != list(SCENARIOS):
        raise SystemExit(f"{RESULTS} is not of a complete run")
    page = PAGE.read_text("utf-8")
    for name, lines in (
        ("cpu", cpu_table(now, earlier)),
        ("ratios", ratio_table(now)),
        ("others", other_goals(now)),
    ):
        begin, end = f"<!-- {name}: written by make bench-tables -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        _, _, tail = rest.partition(end)
        page = "".join([head, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, tail])
    PAGE.write_text(page, "utf-8")


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
    """Yields our rate and CPU as multiples of the peers', with the goals."""
    yield f"| rate / CPU, a multiple of the peer's (goal) | {' | '.join(map(str, CONNECTIONS))} |"
    yield "|---" * (len(CONNECTIONS) + 1) + "|"
    goals = {goal["name"]: goal for goal in now["goals"]}
    for scenario, title in TITLES.items():
        for peer in (PEER, LOGGING_PEER):
            names = [f"{scenario}, {n:>2} connections, against {peer}" for n in CONNECTIONS]
            pairs = [(goals[f"{name}: rate"], goals[f"{name}: CPU"]) for name in names]
            cells = [
                f"{rate['measured']:.2f} / {cpu['measured']:.2f} (≥ {rate['wanted']:g})"
                for rate, cpu in pairs
            ]
            yield f"| {title}, {peer} | {' | '.join(cells)} |"
    for scenario, title in TITLES.items():
        names = [f"{scenario}, {n:>2} connections, SQLite against PostgreSQL: rate" for n in CONNECTIONS]
        if names[0] in goals:
            cells = [f"{goals[name]['measured']:.2f} (≥ {goals[name]['wanted']:g})" for name in names]
            yield f"| {title}, SQLite against PostgreSQL, rate only | {' | '.join(cells)} |"


def other_goals(now: Figures) -> Iterator[str]:
    yield "| other goals | wanted | measured | |"
    yield "|---|---|---|---|"
    for goal in now["goals"]:
        if " connections, " not in goal["name"] or goal["name"].startswith("memory"):
            sign, verdict = "≥" if goal["at_least"] else "≤", "met" if goal["met"] else "not met"
            wanted, measured = f"{goal['wanted']:g}{goal['unit']}", f"{goal['measured']:.2f}{goal['unit']}"
            yield f"| {goal['name']} | {sign} {wanted} | {measured} | {verdict} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
