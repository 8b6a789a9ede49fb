"""The cost of webhooks on PostgreSQL, in five minutes: `make bench-webhooks`.

Three services take turns under wrk, each on a database of its own: one without webhooks, one whose receiver
is down, so that writes only mark their users, and one that delivers. Counted is the processor time of the
service, and that of PostgreSQL with it, for each create, until everything is delivered. Printed are medians
over the rounds, and those of the ratios within each round. The receiver's own time is not counted.

Of creates each is delivered, a hundred in a request. Of updates of one task those of a second are delivered
together. "Each another": the creates are by many users in turn, none of whom is marked: the most that a mark
costs. There nothing is delivered, because that is one request for each of them.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import asyncpg
import orjson
from dataset import SECRET, owner_id, token_of
from inprocess import NEW_TASK
from stage import Postgres, Server, a_postgres, a_server, cpu_seconds, free_port, taskward, wrk

ROUNDS: Final = 8
SECONDS: Final = 2
WEBHOOK_SECRET: Final = "whsec_" + b64encode(b"a secret of the benchmarks alone").decode()
CONNECTIONS: Final = 16
KINDS: Final = {
    "creates, one user": ("POST", 1),
    "creates, 16 users": ("POST", CONNECTIONS),
    "updates, one user": ("PUT", 1),
    "updates, 16 users": ("PUT", CONNECTIONS),
    "creates, each another": ("POST", 2000),
}
"""The method, and the number of users."""
MODES: Final = ("off", "marked", "delivered")
UNMARK: Final = "UPDATE webhook_marks SET next_at = NULL, marked_at = NULL"
WAITING: Final = "SELECT count(*) FROM webhook_marks WHERE next_at IS NOT NULL"


class Cost(NamedTuple):
    """Of one create: microseconds of the service, and of the service and PostgreSQL."""

    service: float
    both: float


class Subject(NamedTuple):
    """A service that is measured."""

    server: Server
    database: str


Found = Mapping[tuple[str, str], list[Cost]]


def main(rounds: int) -> None:
    found = defaultdict[tuple[str, str], list[Cost]](list)
    with ExitStack() as stack:
        postgres = stack.enter_context(a_postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {"marked": f"http://127.0.0.1:{free_port()}/", "delivered": stack.enter_context(a_receiver())}
        subjects = {
            mode: stack.enter_context(a_subject(postgres, mode, urls.get(mode), folder)) for mode in MODES
        }
        for turn in range(rounds + 1):
            for kind, (method, users) in KINDS.items():
                for mode, subject in subjects.items():
                    if mode == "delivered" and users > CONNECTIONS:
                        continue
                    targets = write_targets(folder, subject.server, method, users)
                    cost = measured(postgres, subject, targets, users)
                    if turn:  # the first one warms up
                        found[kind, mode].append(cost)
    report(found)


def report(found: Found) -> None:
    print(f"{'':<22}{'':<11}{'service':>9}{'':>10}{'with PostgreSQL':>17}")
    for (kind, mode), rounds in found.items():
        ratios = [
            Cost(one.service / off.service, one.both / off.both)
            for one, off in zip(rounds, found[kind, "off"], strict=True)
        ]
        service, both = (median(column) for column in zip(*rounds, strict=True))
        of_service, of_both = (median(column) * 100 - 100 for column in zip(*ratios, strict=True))
        print(
            f"{kind:<22}{mode:<11}{service:>6.0f} us ({of_service:+5.1f} %)"
            f"{both:>9.0f} us ({of_both:+5.1f} %)"
        )


def measured(postgres: Postgres, subject: Subject, targets: Path, users: int) -> Cost:
    if users > CONNECTIONS:
        asyncio.run(execute(subject.database, UNMARK))
    service, server = cpu_seconds(subject.server.pid), cpu_seconds(postgres.pid)
    load = wrk(subject.server.url, targets, seconds=SECONDS, connections=min(users, CONNECTIONS))
    wait_until_delivered(subject)
    each = 1e6 / load.requests
    of_service = (cpu_seconds(subject.server.pid) - service) * each
    return Cost(of_service, of_service + (cpu_seconds(postgres.pid) - server) * each)


def wait_until_delivered(subject: Subject) -> None:
    """Waits a second, as long as a user is waiting, but not for a receiver that is down."""
    before = -1
    while (waiting := asyncio.run(execute(subject.database, WAITING))) not in {0, before}:
        before = waiting
        time.sleep(1.2)


@contextmanager
def a_subject(postgres: Postgres, mode: str, url: str | None, folder: Path) -> Iterator[Subject]:
    asyncio.run(execute(postgres.url, f"CREATE DATABASE {mode}"))
    database = postgres.url.replace("/postgres?", f"/{mode}?")
    env = {"DATABASE_URL": database, "JWT_SECRET": SECRET, "ENVIRONMENT": "production"}
    if url is not None:
        env |= {"WEBHOOK_URL": url, "WEBHOOK_SECRET": WEBHOOK_SECRET}
    with a_server(taskward("serve"), env, folder) as server:
        yield Subject(server, database)


def write_targets(folder: Path, server: Server, method: str, users: int) -> Path:
    targets = folder / "targets"
    body = orjson.dumps(orjson.loads(NEW_TASK)).decode()
    lines = [f"POST\t/api/tasks\t{token_of(owner_id(n))}\t{body}" for n in range(users)]
    if method == "PUT":
        paths = [f"/api/tasks/{orjson.loads(server.ask(line))['id']}" for line in lines]
        lines = [f"PUT\t{path}\t{token_of(owner_id(n))}\t{body}" for n, path in enumerate(paths)]
    targets.write_text("\n".join(lines) + "\n", "utf-8")
    return targets


async def execute(url: str, sql: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(sql) or 0)
    finally:
        await connection.close()


@contextmanager
def a_receiver() -> Iterator[str]:
    """Runs a receiver that answers 200 to everything, in a process of its own."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=receive, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.join()


def receive(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                await reader.readexactly(int(length))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
