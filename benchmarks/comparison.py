"""The same requests to Taskward and to other programs, in rounds in which they take turns."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg
import orjson
from dataset import OWNERS, SECRET, TASKS_EACH, created, for_sqlite
from pgbench import pgbench
from stage import (
    PEER_SCHEMA,
    Load,
    Postgres,
    Server,
    a_server,
    cpu_seconds,
    fastify,
    run_script,
    taskward,
    wrk,
)

CONNECTIONS: Final = (1, 4, 16, 64)
PASSED_ON: Final = ("ACTIVITY_DAYS",)
"""The settings of our servers that the environment may change."""

MAX_CONNECTIONS: Final = max(CONNECTIONS)
WARM_UP_SECONDS: Final = 1

TASKWARD: Final = "Taskward"
SQLITE: Final = "Taskward on SQLite"
PEER: Final = "Fastify without a log"
LOGGING_PEER: Final = "Fastify with pino"
DATABASE: Final = "pgbench"
OURS: Final = (TASKWARD, SQLITE)
SERVERS: Final = (*OURS, PEER, LOGGING_PEER)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of request, and the programs that it is sent to."""

    title: str
    programs: tuple[str, ...] = (*SERVERS, DATABASE)
    base: str | None = None
    """The scenario in whose CPU time this one is counted: the same request in a simpler form."""

    at_most: float = 0
    """The bound on that."""


SHOWN: Final[Mapping[str, Scenario]] = {
    "list-changed": Scenario("list of 20, the owner has written since the last read"),
    "list-unchanged": Scenario("list of 20, nothing has changed since the last read"),
    "one": Scenario("one task"),
    "create": Scenario("create"),
    "create-real": Scenario("create with list, due date, priority and two labels", SERVERS, "create", 1.35),
    "create-full": Scenario("create with reminders, metadata and recurrence too", OURS, "create", 1.35),
    "update": Scenario("update of the title", OURS),
    "update-priority": Scenario("update of the priority", OURS, "update", 1.6),
    "update-due": Scenario("update of the due date", OURS, "update", 1.6),
    "update-labels": Scenario("update of the labels", OURS, "update", 1.6),
}
"""Those of a complete run."""

SCENARIOS: Final[Mapping[str, Scenario]] = {
    **SHOWN,
    "complete": Scenario("completion, and reopening", OURS),
    "one-own": Scenario("one task of a writer", OURS),
    "list-own": Scenario("list of 20 of a writer", OURS),
    "feed-own": Scenario("20 changes of a writer", OURS),
    "one-space": Scenario("one task, in a space", OURS, "one-own", 1.15),
    "list-space": Scenario("list of 20, in a space", OURS, "list-own", 1.15),
    "feed-space": Scenario("20 changes, in a space", OURS, "feed-own", 1.15),
    "create-space": Scenario("create, in a space", OURS, "create", 1.3),
    "create-real-space": Scenario("create with optional fields, in a space", OURS, "create-real", 1.3),
    "update-space": Scenario("update of the title, in a space", OURS, "update", 1.3),
    "update-due-space": Scenario("update of the due date, in a space", OURS, "update-due", 1.3),
    "complete-space": Scenario("completion, and reopening, in a space", OURS, "complete", 1.3),
}
"""With those that compare spaces with private tasks: `make bench-spaces`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a program. Rates are per second, times in microseconds per request."""

    rate: float
    server_cpu: float = 0
    postgres_cpu: float = 0
    p50: float = 0
    p99: float = 0

    @property
    def cpu(self) -> float:
        """That of the server and of PostgreSQL together."""
        return self.server_cpu + self.postgres_cpu


@dataclass(frozen=True, slots=True)
class Program:
    """A program of one process that responds to the requests, or pgbench."""

    name: str
    run: Callable[[str, int, int], Sample]
    """Runs a scenario with a number of connections for a number of seconds."""

    server: Server | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one program in one scenario with one number of connections, a sample per round."""

    samples: list[Sample]

    def median(self, figure: str) -> float:
        return median(self.values(figure))

    def values(self, figure: str) -> list[float]:
        return [getattr(sample, figure) for sample in self.samples]


@dataclass(frozen=True, slots=True)
class Effort:
    """How often and how long each program runs a scenario with each number of connections."""

    rounds: int
    seconds: int


Results = dict[int, dict[str, Series]]
"""The series of a scenario, by number of connections and name of the program."""


class Comparison:
    """The programs on one PostgreSQL and one SQLite file, with the same data, requests and connections."""

    def __init__(
        self, stage: ExitStack, folder: Path, postgres: Postgres, file: Path, targets: Mapping[str, Path]
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._postgres = postgres
        self._file = file
        self._targets = targets

    def start(self) -> list[Program]:
        """Starts our servers, each with one process."""
        return [
            self._server(TASKWARD, taskward("serve"), {"DATABASE_URL": self._postgres.url}),
            self._server(SQLITE, taskward("serve"), {"DATABASE_URL": f"sqlite:///{self._file}"}),
        ]

    def start_others(self, scripts: Mapping[str, Path]) -> list[Program]:
        """Starts the peers, each with one process."""
        run_script(self._postgres, PEER_SCHEMA)
        on_postgres = {"DATABASE_URL": self._postgres.url}
        return [
            self._server(PEER, fastify(), on_postgres | {"LOG": "off"}),
            self._server(LOGGING_PEER, fastify(), on_postgres | {"LOG": "on"}),
            self._pgbench(scripts),
        ]

    def check_responses(self, programs: Iterable[Program]) -> None:
        """Checks that all servers do the same work: the same tasks in each response, with the same keys.

        Raises:
            RuntimeError: two responses differ.

        """
        for scenario, targets in self._targets.items():
            target = targets.read_text("utf-8").partition("\n")[0]
            servers = [one.server for one in _those_of(scenario, programs) if one.server]
            responses = [comparable(scenario, server.ask(target)) for server in servers]
            if any(response != responses[0] for response in responses):
                raise RuntimeError(f"{scenario}: the responses of the programs differ")

    def run(
        self,
        scenarios: Sequence[str],
        programs: Sequence[Program],
        connections: Sequence[int],
        effort: Effort,
    ) -> dict[str, Results]:
        """Runs scenarios that are compared: in each round all of them, each with every program in turn."""
        chosen = {scenario: _those_of(scenario, programs) for scenario in scenarios}
        results: dict[str, Results] = {
            scenario: {n: {one.name: Series([]) for one in those} for n in connections}
            for scenario, those in chosen.items()
        }
        for scenario, those in chosen.items():
            for program in those:
                program.run(scenario, max(connections), WARM_UP_SECONDS)
        for _, n in product(range(effort.rounds), connections):
            for scenario, those in chosen.items():
                for program in those:
                    sample = program.run(scenario, n, effort.seconds)
                    results[scenario][n][program.name].samples.append(sample)
        return results

    def _server(self, name: str, command: list[str], env: Mapping[str, str]) -> Program:
        settings = {"JWT_SECRET": SECRET, "ENVIRONMENT": "production", "WORKERS": "1", **env}
        settings |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        server = self._stage.enter_context(a_server(command, settings, self._folder))
        on_sqlite = env["DATABASE_URL"].startswith("sqlite")

        def run(scenario: str, connections: int, seconds: int) -> Sample:
            slices = (
                self._changed(on_sqlite=on_sqlite, slices=seconds)
                if scenario == "list-changed"
                else [seconds]
            )
            loads, used = [], [0.0, 0.0]
            for length in slices:
                before = cpu_seconds(server.pid), cpu_seconds(self._postgres.pid)
                loads.append(
                    wrk(server.url, self._targets[scenario], seconds=length, connections=connections)
                )
                used[0] += cpu_seconds(server.pid) - before[0]
                used[1] += cpu_seconds(self._postgres.pid) - before[1]
            server.empty_log()
            return _sample(scenario, loads, *used)

        return Program(name, run, server)

    def _changed(self, *, on_sqlite: bool, slices: int) -> Iterator[int]:
        """Yields slices of a second, with a change of every owner's tasks before each.

        load.lua requests the owners' lists one after the other, and a slice has time for fewer requests than
        there are lists (that is checked). So each request is the first one after a write of its owner, and
        only the reads are measured.
        """
        for _ in range(slices):
            if on_sqlite:
                bump_sqlite(self._file)
            else:
                asyncio.run(bump_postgres(self._postgres.url))
            yield 1

    def _pgbench(self, scripts: Mapping[str, Path]) -> Program:
        def run(scenario: str, connections: int, seconds: int) -> Sample:
            return Sample(pgbench(self._postgres, scripts[scenario], seconds=seconds, clients=connections))

        return Program(DATABASE, run)


_OWN_KEYS: Final = frozenset({"id", "created_at", "updated_at", "completed_at"})


def comparable(scenario: str, body: bytes) -> object:
    """Returns the part of a response that all programs share: of a new task, all but its id and its times.

    A program may omit a timestamp's fraction if it is zero.
    """
    answer = orjson.loads(body.replace(b".000000Z", b"Z"))
    if scenario.startswith(("create", "update", "complete")):
        return [(key, None if key in _OWN_KEYS else value) for key, value in answer.items()]
    return answer.get("tasks") or answer.get("changes") or answer


def _those_of(scenario: str, programs: Iterable[Program]) -> list[Program]:
    return [one for one in programs if one.name in SCENARIOS[scenario].programs]


def _sample(scenario: str, loads: list[Load], server_cpu: float, postgres_cpu: float) -> Sample:
    if scenario == "list-changed" and max(load.requests for load in loads) > 2 * OWNERS:
        raise RuntimeError("a slice asked for a list twice, which had not changed in between: add owners")
    requests = sum(load.requests for load in loads)
    return Sample(
        requests / sum(load.microseconds for load in loads) * 1e6,
        server_cpu / requests * 1e6,
        postgres_cpu / requests * 1e6,
        median(load.p50 for load in loads),
        median(load.p99 for load in loads),
    )


async def bump_postgres(url: str) -> None:
    """Changes the newest of every owner's tasks, like that many updates; vacuums as the server would."""
    connection = await asyncpg.connect(url)
    for statement in _changes(f"'{_NEWEST.isoformat()}'"):
        await connection.execute(statement)
    await connection.execute("VACUUM users, tasks")
    await connection.close()


def bump_sqlite(file: Path) -> None:
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    for statement in _changes(str(for_sqlite(_NEWEST))):
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


_NEWEST: Final = created(TASKS_EACH - 1)


def _changes(newest: str) -> tuple[str, str]:
    return (
        "UPDATE users SET seq = seq + 1",
        (
            "UPDATE tasks SET is_completed = NOT is_completed, version = users.seq FROM users "  # noqa: S608 - nothing from outside
            f"WHERE users.id = tasks.user_id AND tasks.created_at = {newest}"
        ),
    )
