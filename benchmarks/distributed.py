"""What a distributed database costs: the service on a Citus cluster beside one on a plain PostgreSQL.

    CITUS_URL=postgresql://… PLAIN_URL=postgresql://… make bench-citus

Each URL is that of an empty database; the servers must be on this machine, because their processor time is
counted. The two services take turns in each round, under 1 and 16 connections of wrk. Printed are medians of
the rounds: latency, and the processor time of the service and of all servers for one request.
"""

import asyncio
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import asyncpg
import orjson
from dataset import PAGE, SECRET, TASKS_EACH, TITLE, fill_postgres, task_id, token
from stage import Server, a_server, cpu_seconds, migrate, taskward, wrk

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS") or 5)
SECONDS: Final = int(os.environ.get("BENCH_SECONDS") or 2)
CONNECTIONS: Final = (1, 16)
OWNERS: Final = 1000
SCENARIOS: Final = ("create", "update", "one task", "list of 20", "changes of a new client")

_POSTMASTER: Final = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int"
_POSTMASTERS: Final = f"SELECT result::int FROM run_command_on_all_nodes($run$ {_POSTMASTER} $run$)"  # noqa: S608 - no values


class Subject(NamedTuple):
    """A service that is measured, and the main processes of its database's servers."""

    service: Server
    postmasters: list[int]


class Sample(NamedTuple):
    """One run; milliseconds, and microseconds of processor time for each request."""

    p50: float
    p99: float
    service: float
    servers: float
    rate: float


def main(urls: Mapping[str, str]) -> None:
    found = defaultdict[tuple[str, int, str], list[Sample]](list)
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-bench-")))
        subjects = {name: a_subject(stage, url, folder) for name, url in urls.items()}
        targets = write_targets(folder)
        with suppress(RuntimeError):  # the first requests on new connections may take too long
            for subject in subjects.values():
                measured(subject, targets["one task"], max(CONNECTIONS))
        for turn in range(ROUNDS + 1):
            for scenario, connections in product(SCENARIOS, CONNECTIONS):
                for name, subject in subjects.items():
                    sample = measured(subject, targets[scenario], connections)
                    if turn:  # the first one warms up
                        found[scenario, connections, name].append(sample)
    print_table(found)


def a_subject(stage: ExitStack, url: str, folder: Path) -> Subject:
    migrate(url, folder)
    asyncio.run(fill_postgres(url, dict.fromkeys(range(OWNERS), TASKS_EACH)))
    settings = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "ENVIRONMENT": "production", "WORKERS": "1"}
    service = stage.enter_context(a_server(taskward("serve"), settings, folder))
    return Subject(service, asyncio.run(postmasters(url)))


async def postmasters(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        is_citus = await connection.fetchval("SELECT to_regclass('pg_dist_partition') IS NOT NULL")
        return [row[0] for row in await connection.fetch(_POSTMASTERS if is_citus else _POSTMASTER)]
    finally:
        await connection.close()


def write_targets(folder: Path) -> dict[str, Path]:
    """Writes what load.lua sends, a file for each scenario; each request is another owner's."""
    files = {}
    for scenario in SCENARIOS:
        files[scenario] = folder / f"{scenario}.targets"
        files[scenario].write_text("".join("\t".join(one) + "\n" for one in requests(scenario)), "utf-8")
    return files


def requests(scenario: str) -> Iterator[tuple[str, str, str, str]]:
    chance = random.Random(1)  # noqa: S311 - the same requests in every run
    for owner in chance.sample(range(OWNERS), OWNERS):
        path = f"/api/tasks/{task_id(owner, chance.randrange(TASKS_EACH))}"
        body = orjson.dumps({"title": f"{TITLE} {owner}"}).decode()
        method, target, sent = {
            "create": ("POST", "/api/tasks", body),
            "update": ("PUT", path, body),
            "one task": ("GET", path, ""),
            "list of 20": ("GET", f"/api/tasks?limit={PAGE}", ""),
            "changes of a new client": ("GET", f"/api/changes?limit={PAGE}", ""),
        }[scenario]
        yield method, target, token(owner), sent


def measured(subject: Subject, targets: Path, connections: int) -> Sample:
    service = cpu_seconds(subject.service.pid)
    servers = sum(map(cpu_seconds, subject.postmasters))
    load = wrk(subject.service.url, targets, seconds=SECONDS, connections=connections)
    each = 1e6 / load.requests
    return Sample(
        load.p50 / 1000,
        load.p99 / 1000,
        (cpu_seconds(subject.service.pid) - service) * each,
        (sum(map(cpu_seconds, subject.postmasters)) - servers) * each,
        load.rate,
    )


def print_table(found: Mapping[tuple[str, int, str], list[Sample]]) -> None:
    load = os.getloadavg()[2]
    print(f"Medians of {ROUNDS} rounds of {SECONDS} s; {os.cpu_count()} processors, load {load:.0f}")
    print("| request | connections | database | per second | p50 | p99 | service | servers |")
    print("|---|---|---|---|---|---|---|---|")
    for (scenario, connections, name), samples in found.items():
        one = Sample(*(median(column) for column in zip(*samples, strict=True)))
        print(
            f"| {scenario} | {connections} | {name} | {one.rate:.0f} | {one.p50:.1f} ms | {one.p99:.1f} ms "
            f"| {one.service / 1000:.1f} ms | {one.servers / 1000:.1f} ms |"
        )


if __name__ == "__main__":
    try:
        main({"plain": os.environ["PLAIN_URL"], "cluster": os.environ["CITUS_URL"]})
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} is not set")
