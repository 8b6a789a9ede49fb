"""What a request costs: Taskward against a Fastify peer and against pgbench, SQLite against PostgreSQL.

    make bench [BENCH_ROUNDS=4] [BENCH_SECONDS=3] [BENCH_ONLY=one,create]

The load, the servers and PostgreSQL share this machine's processors; docs/performance.md says how to read
the figures. Needs wrk, node with npm and, for slow flushes, strace.
"""

import asyncio
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import durable
import footprint
from comparison import CONNECTIONS, SCENARIOS, Result, Ring
from dataset import OWNERS, TASKS_EACH, fill_postgres, fill_sqlite, write_targets
from pgbench import write_scripts
from stage import HERE, Server, a_postgres, migrate

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS") or 4)
SECONDS: Final = int(os.environ.get("BENCH_SECONDS") or 3)
ONLY: Final = [name for name in (os.environ.get("BENCH_ONLY") or "").split(",") if name] or list(SCENARIOS)
RESULTS: Final = HERE / "results.json"

PEER_GOALS: Final = {"list-changed": 1.3, "list-unchanged": 2.0, "one": 1.2, "create": 1.0}
DATABASE_GOALS: Final = {"list-changed": 0.3, "list-unchanged": 0.3, "one": 0.25, "create": 0.4}
SQLITE_GOAL: Final = 1.5
DURABLE_GOAL: Final = 10.0
MEMORY_GOAL: Final = 90.0
START_GOAL: Final = 1.0
TAIL_GOAL: Final = 5.0


@dataclass(frozen=True, slots=True)
class Goal:
    """What was wanted and what was seen; `at_least` or else at most."""

    name: str
    wanted: float
    measured: float
    spread: tuple[float, float] | None = None
    at_least: bool = True
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


@dataclass(slots=True)
class Report:
    """All that was measured."""

    machine: dict[str, Any] = field(default_factory=dict)
    results: dict[str, dict[str, Result]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    report = Report(machine=about_this_machine())
    print(", ".join(f"{name} {value}" for name, value in report.machine.items()))
    print(f"{CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s taking turns; medians.")
    print("The load generator, the servers and PostgreSQL share the processors.")
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-bench-")))
        file = folder / "taskward.db"
        postgres = stage.enter_context(a_postgres())
        owners = dict.fromkeys(range(OWNERS), TASKS_EACH)
        migrate(postgres.url, folder)
        asyncio.run(fill_postgres(postgres.url, owners))
        migrate(f"sqlite:///{file}", folder)
        fill_sqlite(file, owners)
        targets = write_targets(folder)
        ring = Ring(stage, folder, postgres, file, targets)
        programs = ring.contenders(write_scripts(folder))
        ring.check_answers(programs)
        for scenario in ONLY:
            results = ring.compete(scenario, programs, ROUNDS, SECONDS)
            report.results[scenario] = results
            print_results(scenario, results)
            report.goals += goals_of(scenario, results)
        if list(SCENARIOS) == ONLY:
            report.goals += tails(report, targets)
            report.goals += footprints(postgres.url, file, folder, programs["Taskward"][0].server)
            report.goals += durabilities(report, targets["create"], folder)
    print_goals(report.goals)
    RESULTS.write_text(json.dumps(as_json(report), indent=2) + "\n", "utf-8")
    print(f"\nAll figures are in {RESULTS}")


def about_this_machine() -> dict[str, Any]:
    """Give what the figures depend on beside the code."""

    def told(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if "model name" in line]
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processors": os.cpu_count(),
        "model": models[0].partition(": ")[2] if models else platform.machine(),
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "node": told("node", "--version"),
        "commit": told("git", "describe", "--always", "--dirty"),
    }


def goals_of(scenario: str, results: Mapping[str, Result]) -> Iterator[Goal]:
    """Give the goals of a scenario, as ratios of what was done in the same turn."""

    def goal(name: str, wanted: float, ours: str, theirs: str) -> Goal:
        ratios = [a / b for a, b in zip(results[ours].rates, results[theirs].rates, strict=True)]
        return Goal(f"{scenario}: {name}", wanted, median(ratios), (min(ratios), max(ratios)))

    yield goal("Taskward against Fastify", PEER_GOALS[scenario], "Taskward", "Fastify")
    yield goal("Taskward against pgbench", DATABASE_GOALS[scenario], "Taskward", "pgbench")
    if scenario != "create":
        yield goal("on SQLite against PostgreSQL", SQLITE_GOAL, "Taskward on SQLite", "Taskward")


def tails(report: Report, targets: Mapping[str, Path]) -> Iterator[Goal]:
    """Measure how long answers take at half of capacity."""
    for scenario in ("list-unchanged", "one", "create"):
        for program in ("Taskward", "Fastify"):
            result = report.results[scenario][program]
            if result.contender.server is None:
                continue
            load = footprint.at_half_of_capacity(
                result.contender.server, targets[scenario], result.middle("rate"), 1.0, 2 * SECONDS
            )
            report.others[f"{scenario}, {program} at half of capacity"] = asdict(load)
            print(
                f"{scenario}, {program} at half of capacity: {load.rate:.0f}/s, "
                f"p50 {load.p50 / 1000:.2f} ms, p99 {load.p99 / 1000:.2f} ms"
            )
            if program == "Taskward":
                yield Goal(
                    f"{scenario}: p99 against p50 at half of capacity",
                    TAIL_GOAL,
                    load.p99 / load.p50,
                    at_least=False,
                )


def footprints(url: str, file: Path, folder: Path, used: Server | None) -> Iterator[Goal]:
    """Measure memory and start; `used` is a server that has been through everything above."""
    engines = {"PostgreSQL": url, "SQLite": f"sqlite:///{file}"}
    for engine, engine_url in engines.items():
        env = {"DATABASE_URL": engine_url}
        fresh = footprint.fresh_megabytes(env, folder)
        yield Goal(
            f"memory, {footprint.OPEN} connections, {engine}", MEMORY_GOAL, fresh, at_least=False, unit=" MB"
        )
        start = footprint.seconds_to_first_answer(env, folder)
        yield Goal(f"start to first answer, {engine}", START_GOAL, start, at_least=False, unit=" s")
    if used is not None:
        after = footprint.megabytes_with_open_connections(used)
        yield Goal("the same memory after all of the above", MEMORY_GOAL, after, at_least=False, unit=" MB")


def durabilities(report: Report, targets: Path, folder: Path) -> Iterator[Goal]:
    """Measure creates on SQLite against one flush for each."""
    for slow in (False, True):
        seen = durable.measure(targets, folder, SECONDS, slow=slow)
        told = f"flushes of {durable.SLOW_FLUSH / 1000:.0f} ms more" if slow else "flushes as they are"
        report.others[f"durable creates, {told}"] = asdict(seen)
        print(
            f"SQLite, {told}: {seen.creates:.0f} creates/s over HTTP; one at a time "
            f"{seen.commits:.0f} commits/s, {seen.flushes:.0f} flushes/s"
        )
        yield Goal(f"durable creates against one commit each, {told}", DURABLE_GOAL, seen.ratio)


def print_results(scenario: str, results: Mapping[str, Result]) -> None:
    print(f"\n{SCENARIOS[scenario]}")
    print(f"  {'':<34}{'a second':>9}{'from-to':>14}{'CPU us':>8}{'PG us':>7}{'p50 ms':>8}{'p99 ms':>8}")
    for name, result in results.items():
        told = f"{name}, {result.contender.setup}"
        rates = f"{min(result.rates):.0f}-{max(result.rates):.0f}"
        line = f"  {told:<34}{result.middle('rate'):>9.0f}{rates:>14}"
        if result.contender.server:
            line += f"{result.middle('server_cpu'):>8.0f}{result.middle('postgres_cpu'):>7.0f}"
            line += f"{result.middle('p50') / 1000:>8.1f}{result.middle('p99') / 1000:>8.1f}"
        print(line, flush=True)


def print_goals(goals: list[Goal]) -> None:
    """Print them as docs/performance.md shows them."""
    print("\n| goal | wanted | measured | from-to | |\n|---|---|---|---|---|")
    for goal in goals:
        wanted = f"{'≥' if goal.at_least else '≤'} {goal.wanted:g}{goal.unit}"
        spread = f"{goal.spread[0]:.2f}-{goal.spread[1]:.2f}" if goal.spread else ""
        verdict = "met" if goal.met else "not met"
        print(f"| {goal.name} | {wanted} | {goal.measured:.2f}{goal.unit} | {spread} | {verdict} |")


def as_json(report: Report) -> dict[str, Any]:
    return {
        "machine": report.machine,
        "rounds": ROUNDS,
        "seconds": SECONDS,
        "connections": CONNECTIONS,
        "scenarios": {
            scenario: {
                name: {"setup": result.contender.setup, "turns": [asdict(one) for one in result.samples]}
                for name, result in results.items()
            }
            for scenario, results in report.results.items()
        },
        "others": report.others,
        "goals": [asdict(goal) | {"met": goal.met} for goal in report.goals],
    }


if __name__ == "__main__":
    main()
