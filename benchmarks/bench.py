"""The cost of a request: Taskward against Fastify and pgbench, on SQLite and on PostgreSQL.

    make bench [BENCH_ROUNDS=3] [BENCH_SECONDS=2] [BENCH_ONLY=one,create] [BENCH_CONNECTIONS=1,16]
               [BENCH_PEERS=off]

Measures 1, 4, 16 and 64 connections, with one process for each program. The load generator, the servers and
PostgreSQL share this machine's processors; docs/performance.md explains how to read the figures. Needs wrk,
node with npm and, for slow flushes, strace.

`make bench-writes` measures creates and updates only, with and without optional fields, with 1 and 16
connections, and without the peer and pgbench. `make bench-spaces` measures requests in spaces against private
ones in the same way, with ACTIVITY_DAYS=0 without activity. Both need wrk.
"""

import asyncio
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import durable
import footprint
from bounds import (
    DURABLE_BOUND,
    MEMORY_BOUND,
    START_BOUND,
    TAIL_BOUND,
    Bound,
    bounds_of,
    cost_bounds,
    print_bounds,
    print_costs,
    print_table,
)
from comparison import CONNECTIONS as ALL_CONNECTIONS
from comparison import (
    MAX_CONNECTIONS,
    PEER,
    SCENARIOS,
    SHOWN,
    TASKWARD,
    Comparison,
    Effort,
    Program,
    Results,
)
from cpu_chart import draw
from dataset import (
    BARE,
    LIST_TASKS,
    OWNERS,
    REAL,
    SHARED,
    SPACES,
    TASKS_EACH,
    WRITING,
    fill_postgres,
    fill_sqlite,
    write_targets,
)
from pgbench import write_scripts
from stage import HERE, Server, a_postgres, migrate

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS") or 3)
SECONDS: Final = int(os.environ.get("BENCH_SECONDS") or 2)


def _chosen(setting: str) -> list[str]:
    return [name for name in (os.environ.get(setting) or "").split(",") if name]


ONLY: Final = _chosen("BENCH_ONLY") or list(SHOWN)
CONNECTIONS: Final = [int(number) for number in _chosen("BENCH_CONNECTIONS")] or list(ALL_CONNECTIONS)
WITH_PEERS: Final = os.environ.get("BENCH_PEERS") != "off"
RESULTS: Final = HERE / "results.json"


@dataclass(slots=True)
class Report:
    """All that was measured."""

    machine: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Results] = field(default_factory=dict)
    bounds: list[Bound] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    report = Report(machine=about_this_machine())
    print(", ".join(f"{name} {value}" for name, value in report.machine.items()))
    print(f"{ROUNDS} rounds of {SECONDS} s, one process for each program; medians.")
    print("The load generator, the servers and PostgreSQL share the processors.")
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-bench-")))
        file = folder / "taskward.db"
        postgres = stage.enter_context(a_postgres())
        fill(postgres.url, file, folder)
        targets = write_targets(folder)
        comparison = Comparison(stage, folder, postgres, file, targets)
        programs = comparison.start()
        if WITH_PEERS:
            programs += comparison.start_others(write_scripts(folder))
        comparison.check_responses(programs)
        for scenarios in compared(ONLY):
            found = comparison.run(scenarios, programs, CONNECTIONS, Effort(ROUNDS, SECONDS))
            for scenario, results in found.items():
                print_results(scenario, results)
                print_table(scenario, results)
                report.bounds += bounds_of(scenario, results)
            print_costs(found)
            report.bounds += cost_bounds(found)
            report.results |= found
        if is_complete():
            servers = {one.name: one for one in programs}
            report.bounds += tails(report, targets, servers)
            report.bounds += footprints(postgres.url, file, folder, servers[TASKWARD].server)
            report.bounds += durabilities(report, targets["create"], folder)
            draw(report.results)
    print_bounds(report.bounds)
    RESULTS.write_text(json.dumps(as_json(report), indent=2) + "\n", "utf-8")
    print(f"\nAll figures are in {RESULTS}")


def is_complete() -> bool:
    """Returns whether all is measured that docs/performance.md shows."""
    return list(SHOWN) == ONLY and list(ALL_CONNECTIONS) == CONNECTIONS and WITH_PEERS


def compared(scenarios: Sequence[str]) -> list[list[str]]:
    """Returns the scenarios in groups: each with those whose cost is counted in it."""
    groups: dict[str, list[str]] = {}
    for scenario in scenarios:
        first = scenario
        while base := SCENARIOS[first].base:
            first = base
        groups.setdefault(first, []).append(scenario)
    return list(groups.values())


def fill(url: str, file: Path, folder: Path) -> None:
    """Makes the same rows on both engines: many owners of few tasks, and the lists of the writers."""
    migrate(url, folder)
    migrate(f"sqlite:///{file}", folder)
    for owners, tables in (
        (dict.fromkeys(range(OWNERS), TASKS_EACH), BARE),
        (dict.fromkeys(WRITING, LIST_TASKS), REAL),
        (dict.fromkeys(SPACES, LIST_TASKS), SHARED),
    ):
        asyncio.run(fill_postgres(url, owners, tables))
        fill_sqlite(file, owners, tables)


def about_this_machine() -> dict[str, Any]:
    """Returns what the figures depend on beside the code."""

    def output(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if "model name" in line]
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processors": os.cpu_count(),
        "model": models[0].partition(": ")[2] if models else platform.machine(),
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "node": output("node", "--version"),
        "commit": output("git", "describe", "--always", "--dirty"),
    }


def tails(report: Report, targets: Mapping[str, Path], programs: Mapping[str, Program]) -> Iterator[Bound]:
    """Measures latencies at half of capacity."""
    for scenario in ("list-unchanged", "one", "create"):
        for name in (TASKWARD, PEER):
            server = programs[name].server
            if server is None:
                continue
            rate = report.results[scenario][MAX_CONNECTIONS][name].median("rate")
            load = footprint.at_half_of_capacity(server, targets[scenario], rate, 1.0, 3 * SECONDS)
            report.others[f"{scenario}, {name} at half of capacity"] = asdict(load)
            print(
                f"{scenario}, {name} at half of capacity: {load.rate:.0f}/s, "
                f"p50 {load.p50 / 1000:.2f} ms, p99 {load.p99 / 1000:.2f} ms"
            )
            if name == TASKWARD:
                yield Bound(
                    f"{scenario}: p99 against p50 at half of capacity",
                    TAIL_BOUND,
                    load.p99 / load.p50,
                    at_least=False,
                )


def footprints(url: str, file: Path, folder: Path, used: Server | None) -> Iterator[Bound]:
    """Measures memory and start; `used` is a server that has run all scenarios."""
    engines = {"PostgreSQL": url, "SQLite": f"sqlite:///{file}"}
    for engine, engine_url in engines.items():
        env = {"DATABASE_URL": engine_url}
        fresh = footprint.fresh_megabytes(env, folder)
        yield Bound(
            f"memory, {footprint.OPEN} connections, {engine}", MEMORY_BOUND, fresh, at_least=False, unit=" MB"
        )
        start = footprint.seconds_to_first_answer(env, folder)
        yield Bound(f"start to first response, {engine}", START_BOUND, start, at_least=False, unit=" s")
    if used is not None:
        after = footprint.megabytes_with_open_connections(used)
        yield Bound("the same memory after all of the above", MEMORY_BOUND, after, at_least=False, unit=" MB")


def durabilities(report: Report, targets: Path, folder: Path) -> Iterator[Bound]:
    """Measures creates on SQLite against one flush for each."""
    for slow in (False, True):
        measured = durable.measure(targets, folder, SECONDS, slow=slow)
        flushes = f"flushes of {durable.SLOW_FLUSH / 1000:.0f} ms more" if slow else "flushes as they are"
        report.others[f"durable creates, {flushes}"] = asdict(measured)
        print(
            f"SQLite, {flushes}: {measured.creates:.0f} creates/s over HTTP; one at a time "
            f"{measured.commits:.0f} commits/s, {measured.flushes:.0f} flushes/s"
        )
        yield Bound(f"durable creates against one commit each, {flushes}", DURABLE_BOUND, measured.ratio)


def print_results(scenario: str, results: Results) -> None:
    print(f"\n{SCENARIOS[scenario].title}")
    print(f"  {'connections':>12} {'':<24}{'per s':>9}{'CPU us':>8}{'PG us':>7}{'p50 ms':>8}{'p99 ms':>8}")
    for connections, series in results.items():
        for name, one in series.items():
            line = f"  {connections:>12} {name:<24}{one.median('rate'):>9.0f}"
            if one.median("server_cpu"):
                line += f"{one.median('server_cpu'):>8.0f}{one.median('postgres_cpu'):>7.0f}"
                line += f"{one.median('p50') / 1000:>8.2f}{one.median('p99') / 1000:>8.2f}"
            print(line, flush=True)


def as_json(report: Report) -> dict[str, Any]:
    return {
        "machine": report.machine,
        "rounds": ROUNDS,
        "seconds": SECONDS,
        "connections": CONNECTIONS,
        "scenarios": {
            scenario: {
                connections: {
                    name: [asdict(sample) for sample in one.samples] for name, one in series.items()
                }
                for connections, series in results.items()
            }
            for scenario, results in report.results.items()
        },
        "others": report.others,
        "bounds": [asdict(bound) | {"kept": bound.kept} for bound in report.bounds],
    }


if __name__ == "__main__":
    main()
