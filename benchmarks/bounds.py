"""The bounds on the figures of `make bench`, and whether they are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Final

from comparison import (
    CONNECTIONS,
    LOGGING_PEER,
    OURS,
    PEER,
    SCENARIOS,
    SQLITE,
    TASKWARD,
    Results,
    Series,
)

PEERS: Final = (PEER, LOGGING_PEER)
READS: Final = ("list-changed", "list-unchanged", "one")
PEER_BOUNDS: Final[Mapping[str, tuple[float, ...]]] = {
    "one": (1.0, 1.0, 1.1, 1.2),
    "create": (1.0, 1.0, 1.0, 1.2),
    "list-unchanged": (1.5, 1.5, 2.0, 2.0),
    "list-changed": (1.0, 1.0, 1.2, 1.3),
}
"""For each of `CONNECTIONS`, against Fastify without a log."""

LOGGING_PEER_BOUNDS: Final = (1.3, 1.3, 1.3, 1.5)
"""For each of `CONNECTIONS`, of every bare scenario against Fastify with a log line per request."""

REAL_CREATE_BOUNDS: Final = (0.9, 0.9, 1.0, 1.0)
"""For each of `CONNECTIONS`, of creates with optional fields, against both."""

COST_CONNECTIONS: Final = (1, 16)

SQLITE_BOUND: Final = 1.5
DURABLE_BOUND: Final = 10.0
MEMORY_BOUND: Final = 90.0
START_BOUND: Final = 1.0
TAIL_BOUND: Final = 5.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A measured figure and its limit: the least that it is to be, or the most."""

    name: str
    limit: float
    measured: float
    spread: tuple[float, float] | None = None
    at_least: bool = True
    unit: str = "x"

    @property
    def kept(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def bounds_of(scenario: str, results: Results) -> Iterator[Bound]:
    """Yields the bounds of a scenario: ratios of rate and of CPU time, each within one round."""
    for connections, series in results.items():
        n = CONNECTIONS.index(connections)
        at = f"{connections:>2} connections"
        for peer in PEERS:
            if peer in series:
                against, limit = f"{scenario}, {at}, against {peer}", peer_bounds(scenario, peer)[n]
                yield _bound(f"{against}: rate", limit, rates(series, TASKWARD, peer))
                yield _bound(f"{against}: CPU", limit, cpu_savings(series, TASKWARD, peer))
        if scenario in READS:
            on_sqlite = f"{scenario}, {at}, SQLite against PostgreSQL: rate"
            yield _bound(on_sqlite, SQLITE_BOUND, rates(series, SQLITE, TASKWARD))


def cost_bounds(results: Mapping[str, Results]) -> Iterator[Bound]:
    """Yields the bounds of the scenarios that have a base: ratios of CPU time, each within one round."""
    for scenario, costs in costs_of(results).items():
        limit = SCENARIOS[scenario].at_most
        for (program, connections), ratios in costs.items():
            engine = "SQLite" if program == SQLITE else "PostgreSQL"
            name = f"{scenario}, {engine}, {connections:>2} at a time: CPU of service and database"
            yield _bound(name, limit, ratios, at_least=False)


def costs_of(results: Mapping[str, Results]) -> dict[str, dict[tuple[str, int], list[float]]]:
    """Returns the CPU time of each scenario that has a base, against that of the base.

    It is that of service and database together: by program and number of connections, a ratio for each round.
    """
    return {
        scenario: {
            (program, n): _costs(results[scenario][n][program], results[base][n][program])
            for program, n in product(OURS, COST_CONNECTIONS)
            if n in results[scenario]
        }
        for scenario in results
        if (base := SCENARIOS[scenario].base) is not None and base in results
    }


def _costs(series: Series, base: Series) -> list[float]:
    return [a / b for a, b in zip(series.values("cpu"), base.values("cpu"), strict=True)]


def peer_bounds(scenario: str, peer: str) -> tuple[float, ...]:
    """Returns the least multiple of a peer, for each of `CONNECTIONS`."""
    if SCENARIOS[scenario].base:
        return REAL_CREATE_BOUNDS
    return LOGGING_PEER_BOUNDS if peer == LOGGING_PEER else PEER_BOUNDS[scenario]


def rates(series: Mapping[str, Series], ours: str, theirs: str) -> list[float]:
    """Returns our rate as a multiple of theirs, for each round."""
    return [a / b for a, b in zip(series[ours].values("rate"), series[theirs].values("rate"), strict=True)]


def cpu_savings(series: Mapping[str, Series], ours: str, theirs: str) -> list[float]:
    """Returns their CPU time per request as a multiple of ours, for each round."""
    return [
        b / a
        for a, b in zip(series[ours].values("server_cpu"), series[theirs].values("server_cpu"), strict=True)
    ]


def print_table(scenario: str, results: Results) -> None:
    """Prints our rate and CPU against the peers, a column for each number of connections."""
    rows = {}
    for peer in PEERS:
        if any(peer not in series for series in results.values()):
            continue
        rows[f"{peer}: rate / CPU"] = [
            f"{median(rates(series, TASKWARD, peer)):.2f} / "
            f"{median(cpu_savings(series, TASKWARD, peer)):.2f} "
            f"(≥ {peer_bounds(scenario, peer)[CONNECTIONS.index(n)]:g})"
            for n, series in results.items()
        ]
    if scenario in READS:
        rows["SQLite against PostgreSQL: rate"] = [
            f"{median(rates(series, SQLITE, TASKWARD)):.2f} (≥ {SQLITE_BOUND:g})"
            for series in results.values()
        ]
    if rows:
        print("\n| ours against | " + " | ".join(f"{n}" for n in results) + " |")
        print("|---|" + "---|" * len(results))
    for title, cells in rows.items():
        print(f"| {title} | {' | '.join(cells)} |")


def print_costs(results: Mapping[str, Results]) -> None:
    """Prints the CPU time of each scenario that has a base, against that of the base."""
    columns = list(dict.fromkeys(column for costs in costs_of(results).values() for column in costs))
    if not columns:
        return
    print("\n| CPU of service and database, against the same request in a simpler form | ", end="")
    print(" | ".join(f"{program}, {n}" for program, n in columns), "|")
    print("|---|" + "---|" * len(columns))
    for scenario, costs in costs_of(results).items():
        cells = [f"{median(costs[one]):.2f} ({min(costs[one]):.2f}-{max(costs[one]):.2f})" for one in columns]
        print(f"| {SCENARIOS[scenario].title} (≤ {SCENARIOS[scenario].at_most:g}) | {' | '.join(cells)} |")


def print_bounds(bounds: list[Bound]) -> None:
    """Prints each bound, with the extremes of the rounds."""
    print("\n| figure | bound | measured | from-to | |\n|---|---|---|---|---|")
    for bound in bounds:
        limit = f"{'≥' if bound.at_least else '≤'} {bound.limit:g}{bound.unit}"
        spread = f"{bound.spread[0]:.2f}-{bound.spread[1]:.2f}" if bound.spread else ""
        verdict = "kept" if bound.kept else "exceeded"
        print(f"| {bound.name} | {limit} | {bound.measured:.2f}{bound.unit} | {spread} | {verdict} |")
    print(f"\n{sum(bound.kept for bound in bounds)} of {len(bounds)} bounds are kept")


def _bound(name: str, limit: float, ratios: list[float], *, at_least: bool = True) -> Bound:
    return Bound(name, limit, median(ratios), (min(ratios), max(ratios)), at_least=at_least)
