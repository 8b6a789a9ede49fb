"""The goals of `make bench`, and whether they are met."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from comparison import CONNECTIONS, LOGGING_PEER, PEER, SQLITE, TASKWARD, Results, Series

PEER_GOALS: Final[Mapping[str, tuple[float, ...]]] = {
    "one": (1.0, 1.0, 1.1, 1.2),
    "create": (1.0, 1.0, 1.0, 1.2),
    "list-unchanged": (1.5, 1.5, 2.0, 2.0),
    "list-changed": (1.0, 1.0, 1.2, 1.3),
}
"""For each of `CONNECTIONS`, against Fastify without a log."""

LOGGING_PEER_GOALS: Final = (1.3, 1.3, 1.3, 1.5)
"""For each of `CONNECTIONS`, of every scenario against Fastify with a log line per request."""

SQLITE_GOAL: Final = 1.5
DURABLE_GOAL: Final = 10.0
MEMORY_GOAL: Final = 90.0
START_GOAL: Final = 1.0
TAIL_GOAL: Final = 5.0


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and the measured figure, which must be at least, or at most, what is wanted."""

    name: str
    wanted: float
    measured: float
    spread: tuple[float, float] | None = None
    at_least: bool = True
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


def goals_of(scenario: str, results: Results) -> Iterator[Goal]:
    """Yields the goals of a scenario: ratios of rate and of CPU time, each within one round."""
    for n, connections in enumerate(CONNECTIONS):
        series = results[connections]
        at = f"{connections:>2} connections"
        for peer, wanted in ((PEER, PEER_GOALS[scenario][n]), (LOGGING_PEER, LOGGING_PEER_GOALS[n])):
            against = f"{scenario}, {at}, against {peer}"
            yield _goal(f"{against}: rate", wanted, rates(series, TASKWARD, peer))
            yield _goal(f"{against}: CPU", wanted, cpu_savings(series, TASKWARD, peer))
        if scenario != "create":
            on_sqlite = f"{scenario}, {at}, SQLite against PostgreSQL: rate"
            yield _goal(on_sqlite, SQLITE_GOAL, rates(series, SQLITE, TASKWARD))


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
    """Prints our rate and CPU against both peers, a column for each number of connections."""
    print("\n| ours against | " + " | ".join(f"{n}" for n in CONNECTIONS) + " |")
    print("|---|" + "---|" * len(CONNECTIONS))
    for peer, wanted in ((PEER, PEER_GOALS[scenario]), (LOGGING_PEER, LOGGING_PEER_GOALS)):
        cells = [
            f"{median(rates(results[n], TASKWARD, peer)):.2f} / "
            f"{median(cpu_savings(results[n], TASKWARD, peer)):.2f} (≥ {goal:g})"
            for n, goal in zip(CONNECTIONS, wanted, strict=True)
        ]
        print(f"| {peer}: rate / CPU | {' | '.join(cells)} |")
    if scenario != "create":
        cells = [
            f"{median(rates(results[n], SQLITE, TASKWARD)):.2f} (≥ {SQLITE_GOAL:g})" for n in CONNECTIONS
        ]
        print(f"| SQLite against PostgreSQL: rate | {' | '.join(cells)} |")


def print_goals(goals: list[Goal]) -> None:
    """Prints the goals as docs/performance.md shows them."""
    print("\n| goal | wanted | measured | from-to | |\n|---|---|---|---|---|")
    for goal in goals:
        wanted = f"{'≥' if goal.at_least else '≤'} {goal.wanted:g}{goal.unit}"
        spread = f"{goal.spread[0]:.2f}-{goal.spread[1]:.2f}" if goal.spread else ""
        verdict = "met" if goal.met else "not met"
        print(f"| {goal.name} | {wanted} | {goal.measured:.2f}{goal.unit} | {spread} | {verdict} |")
    print(f"\n{sum(goal.met for goal in goals)} of {len(goals)} goals are met")


def _goal(name: str, wanted: float, ratios: list[float]) -> Goal:
    return Goal(name, wanted, median(ratios), (min(ratios), max(ratios)))
