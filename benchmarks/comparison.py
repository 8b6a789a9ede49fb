"""The same requests to Taskward and to others, in rounds that take turns."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg
import orjson
from dataset import OWNERS, SECRET, TASKS_EACH, created, for_sqlite
from pgbench import pgbench
from stage import Load, Postgres, Server, a_server, cpu_seconds, fastify, taskward, wrk

SCENARIOS: Final = {
    "list-changed": "list of 20, the owner has written since the last read",
    "list-unchanged": "list of 20, nothing has changed since the last read",
    "one": "one task",
    "create": "create",
}
CONNECTIONS: Final = 64
TRIAL_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """What one contender did in one turn. Rates are a second, times in microseconds a request."""

    rate: float
    server_cpu: float = 0
    postgres_cpu: float = 0
    p50: float = 0
    p99: float = 0


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of serving: a program, with so many processes."""

    name: str
    setup: str
    run: Callable[[str, int], Sample]
    """Runs a scenario for so many seconds."""

    server: Server | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What the best of a program's set-ups did in a scenario, turn by turn."""

    contender: Contender
    samples: list[Sample]

    def middle(self, figure: str) -> float:
        found: list[float] = [getattr(sample, figure) for sample in self.samples]
        return median(found)

    @property
    def rates(self) -> list[float]:
        return [sample.rate for sample in self.samples]


class Ring:
    """Where the contenders meet: one PostgreSQL, one SQLite file, the same data, requests and connections."""

    def __init__(
        self, stage: ExitStack, folder: Path, postgres: Postgres, file: Path, targets: Mapping[str, Path]
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._postgres = postgres
        self._file = file
        self._targets = targets

    def contenders(self, scripts: Mapping[str, Path]) -> dict[str, list[Contender]]:
        """Start every server; give the set-ups of each program, of which the best counts."""
        on_postgres = {"DATABASE_URL": self._postgres.url}
        on_sqlite = {"DATABASE_URL": f"sqlite:///{self._file}"}
        pipelined = {"PIPELINE": "1", "POOL": "4"}
        return {
            "Taskward": [
                self._server("Taskward", taskward("serve"), on_postgres, workers) for workers in (1, 2)
            ],
            "Fastify": [self._server("Fastify", fastify(), on_postgres, workers) for workers in (1, 2)],
            "Fastify, pipelining": [
                self._server("Fastify, pipelining", fastify(), on_postgres | pipelined, workers)
                for workers in (1, 2)
            ],
            "Taskward on SQLite": [
                self._server("Taskward on SQLite", taskward("serve"), on_sqlite, workers)
                for workers in (1, 2)
            ],
            "pgbench": [self._pgbench(scripts, clients) for clients in (10, 20, 64)],
        }

    def check_answers(self, programs: Mapping[str, list[Contender]]) -> None:
        """See that everybody does the same work: the same tasks in each answer, each with the same keys.

        Raises:
            RuntimeError: somebody answers otherwise.

        """
        servers = [one.server for setups in programs.values() for one in setups if one.server]
        for scenario, targets in self._targets.items():
            target = targets.read_text("utf-8").partition("\n")[0]
            answers = [comparable(scenario, server.ask(target)) for server in servers]
            if any(answer != answers[0] for answer in answers):
                raise RuntimeError(f"{scenario}: not everybody gives the same answer")

    def compete(
        self, scenario: str, programs: Mapping[str, list[Contender]], rounds: int, seconds: int
    ) -> dict[str, Result]:
        """Find the best set-up of each program, then let them run in turns."""
        best = {
            name: max(setups, key=lambda one: one.run(scenario, TRIAL_SECONDS).rate)
            for name, setups in programs.items()
        }
        results = {name: Result(contender, []) for name, contender in best.items()}
        for _ in range(rounds):
            for result in results.values():
                result.samples.append(result.contender.run(scenario, seconds))
        return results

    def _server(self, name: str, command: list[str], env: Mapping[str, str], workers: int) -> Contender:
        settings = {"JWT_SECRET": SECRET, "ENVIRONMENT": "production", "WORKERS": str(workers), **env}
        server = self._stage.enter_context(a_server(command, settings, self._folder))
        on_sqlite = env["DATABASE_URL"].startswith("sqlite")
        setup = f"{workers} process{'es' * (workers > 1)}"

        def run(scenario: str, seconds: int) -> Sample:
            slices = (
                self._changed(on_sqlite=on_sqlite, slices=seconds)
                if scenario == "list-changed"
                else [seconds]
            )
            loads, used = [], [0.0, 0.0]
            for length in slices:
                before = cpu_seconds(server.pid), cpu_seconds(self._postgres.pid)
                loads.append(
                    wrk(server.url, self._targets[scenario], seconds=length, connections=CONNECTIONS)
                )
                used[0] += cpu_seconds(server.pid) - before[0]
                used[1] += cpu_seconds(self._postgres.pid) - before[1]
            server.empty_log()
            return _sample(scenario, loads, *used)

        return Contender(name, setup, run, server)

    def _changed(self, *, on_sqlite: bool, slices: int) -> Iterator[int]:
        """Give slices of a second, with a change of every owner's tasks before each.

        load.lua asks for the owners' lists one after the other, and a slice has time for fewer requests than
        there are lists (that is checked). So whatever a server remembers of a list, the owner has written
        since then, at every single request; and nothing but the reads is measured.
        """
        for _ in range(slices):
            if on_sqlite:
                bump_sqlite(self._file)
            else:
                asyncio.run(bump_postgres(self._postgres.url))
            yield 1

    def _pgbench(self, scripts: Mapping[str, Path], clients: int) -> Contender:
        def run(scenario: str, seconds: int) -> Sample:
            return Sample(pgbench(self._postgres, scripts[scenario], seconds=seconds, clients=clients))

        return Contender("pgbench", f"{clients} clients", run)


def comparable(scenario: str, body: bytes) -> object:
    """Give what has to be the same in everybody's answer: of a new task that is which keys it has.

    Whether a moment's fraction is written out where it is nought is left to each.
    """
    answer = orjson.loads(body.replace(b".000000Z", b"Z"))
    if scenario == "create":
        return list(answer)
    return answer.get("tasks", answer)


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
    """Change the newest of every owner's tasks, as so many updates would; tidy up as the server would."""
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
