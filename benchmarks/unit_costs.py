"""What one task, one request, one stream and one connection cost: `make bench-units`; four minutes.

    python benchmarks/unit_costs.py [TASKS]      how many tasks in the tables; a million

The figures go to benchmarks/unit_costs.json, and the tables that follow from them into docs/scaling.md, see
`scaling_tables.py`. CPU time of PostgreSQL is that of all its processes.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import uvloop
from dataset import REAL, SECRET, fill_postgres, fill_sqlite, owner_id, task_id, token
from inprocess import NEW_TASK, Client, an_app, silent_output
from scaling import COSTS
from scaling_tables import write_page
from stage import Postgres, Server, a_postgres, a_server, cpu_seconds, migrate, resident_megabytes, taskward

TASKS: Final = 1_000_000
TASKS_EACH: Final = 100
SQLITE: Final = "units.db"
SQLITE_TASKS: Final = 100_000
CLIENTS: Final = 32
REQUESTS: Final = 4_000
STREAMS: Final = 2_000  # and as many events
CONNECTIONS: Final = 50
IDLE_SECONDS: Final = 20.0

_RELATIONS: Final = """
SELECT c.relname, c.relkind = 'i', coalesce(t.relname, c.relname),
    CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
WHERE coalesce(t.relname, c.relname) IN ('users', 'tasks', 'task_labels') AND c.relkind IN ('r', 'i')
    AND c.relnamespace = 'public'::regnamespace
ORDER BY 3, 2, 4 DESC
"""
_UPDATES: Final = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'users'"


def main() -> None:
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with silent_output():
        costs = uvloop.run(measure(tasks))
    print(json.dumps(costs, indent=2))
    COSTS.write_text(json.dumps(costs, indent=2) + "\n", "utf-8")
    write_page(costs)


async def measure(tasks: int) -> dict[str, Any]:
    owners = tasks // TASKS_EACH
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="taskward-units-")))
        server = stage.enter_context(a_postgres())
        migrate(server.url, folder)
        await fill_postgres(server.url, dict.fromkeys(range(owners), TASKS_EACH), REAL)
        costs: dict[str, Any] = {"tasks": tasks, "users": owners}
        costs["relations"] = await relations(server.url)
        costs["sqlite_bytes_per_task"] = sqlite_bytes_per_task(folder)
        costs["sqlite"] = {
            "kinds": await of_kinds(f"sqlite:///{folder / SQLITE}", SQLITE_TASKS // TASKS_EACH)
        }
        costs["requests"] = await requests(server, owners)
        costs["streams"] = await streams(server, folder, owners)
        costs["connection_bytes"] = await connection_bytes(server.url)
    return costs


async def relations(url: str) -> dict[str, dict[str, int]]:
    """Returns the bytes of each table and of each of its indexes."""
    connection = await asyncpg.connect(url)
    sizes: dict[str, dict[str, int]] = {}
    for name, is_index, table, size in await connection.fetch(_RELATIONS):
        sizes.setdefault(table, {})[name if is_index else "table"] = size
    await connection.close()
    return sizes


def sqlite_bytes_per_task(folder: Path) -> float:
    file = folder / SQLITE
    migrate(f"sqlite:///{file}", folder)
    before = file.stat().st_size
    fill_sqlite(file, dict.fromkeys(range(SQLITE_TASKS // TASKS_EACH), TASKS_EACH), REAL)
    return (file.stat().st_size - before) / SQLITE_TASKS


async def requests(server: Postgres, owners: int) -> dict[str, Any]:
    """Returns the costs of each kind of request, and how many updates of a counter left its index alone."""
    kinds = await of_kinds(server.url, owners, server)
    await asyncio.sleep(1)  # for the server's statistics
    connection = await asyncpg.connect(server.url)
    updated, in_place = await connection.fetchrow(_UPDATES)
    await connection.close()
    return {"kinds": kinds, "counter_updates_in_place": in_place / updated}


async def of_kinds(url: str, owners: int, server: Postgres | None = None) -> dict[str, Any]:
    """Returns, for each kind of request, our CPU time; of a server also its own, and the bytes of its log."""
    chance = random.Random(1)  # noqa: S311 - the same requests in every run
    found: dict[str, Any] = {}
    async with an_app(url) as app:
        chosen = chance.choices(range(owners), k=REQUESTS)
        clients = {owner: Client(app, owner_id(owner)) for owner in set(chosen)}
        kinds: dict[str, Callable[[int], Awaitable[bytes]]] = {
            "create": lambda owner: clients[owner].ask("POST", "/api/tasks", NEW_TASK),
            "complete": lambda owner: clients[owner].ask("PUT", _one(owner), b'{"is_completed": true}'),
            "one": lambda owner: clients[owner].ask("GET", _one(owner)),
            "list of 20": lambda owner: clients[owner].ask("GET", "/api/tasks?limit=20"),
            "changes": lambda owner: clients[owner].ask("GET", f"/api/changes?since={cursors[owner]}"),
        }
        cursors = {owner: await _cursor(client) for owner, client in clients.items()}
        for name, ask in kinds.items():
            await _all(ask, chosen[: REQUESTS // 10])
            before = await _meter(server)
            await _all(ask, chosen)
            spent = [
                (after - begun) / REQUESTS for after, begun in zip(await _meter(server), before, strict=True)
            ]
            found[name] = dict(zip(("service_us", "postgres_us", "wal_bytes"), spent, strict=True))
    return found


async def _cursor(client: Client) -> str:
    return quote(json.loads(await client.ask("GET", "/api/changes"))["cursor"])


async def _meter(server: Postgres | None) -> tuple[float, float, float]:
    """Returns the microseconds of our CPU time and the server's so far, and the length of its log."""
    if server is None:
        return time.process_time() * 1e6, 0.0, 0.0
    connection = await asyncpg.connect(server.url)
    log = float(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    await connection.close()
    return time.process_time() * 1e6, cpu_seconds(server.pid) * 1e6, log


async def _all(ask: Callable[[int], Awaitable[bytes]], owners: list[int]) -> None:
    waiting = iter(owners)

    async def work() -> None:
        for owner in waiting:
            await ask(owner)

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(work())


def _one(owner: int) -> str:
    return f"/api/tasks/{task_id(owner, TASKS_EACH // 2)}"


async def streams(server: Postgres, folder: Path, owners: int) -> dict[str, float]:
    """Returns what an open stream costs a process, and what an event does."""
    number = min(STREAMS, owners)
    with serving(server.url, folder, MAX_STREAMS=str(2 * number)) as one:
        before = resident_megabytes(one.pid)
        opened = [await _open_stream(one, owner) for owner in range(number)]
        await asyncio.sleep(2)
        memory = resident_megabytes(one.pid) - before
        idle, theirs = cpu_seconds(one.pid), cpu_seconds(server.pid)
        await asyncio.sleep(IDLE_SECONDS)
        idle, theirs = cpu_seconds(one.pid) - idle, cpu_seconds(server.pid) - theirs
        busy = cpu_seconds(one.pid)
        async with an_app(server.url) as other:
            writing = random.Random(2).choices(range(number), k=STREAMS)  # noqa: S311 - as above
            clients = {owner: Client(other, owner_id(owner)) for owner in set(writing)}
            for owner in writing:
                await clients[owner].ask("PUT", _one(owner), b'{"is_completed": false}')
            received = await _events(opened)
        busy = cpu_seconds(one.pid) - busy
        for _, writer in opened:
            writer.close()
    return {
        "kilobytes": memory * 1024 / number,
        "idle_us_per_second": idle / IDLE_SECONDS / number * 1e6,
        "postgres_idle_us_per_second": theirs / IDLE_SECONDS / number * 1e6,
        "event_us": busy / received * 1e6,
    }


@contextmanager
def serving(url: str, folder: Path, **settings: str) -> Iterator[Server]:
    env = {"DATABASE_URL": url, "JWT_SECRET": SECRET, "ENVIRONMENT": "production", **settings}
    with a_server(taskward("serve"), env, folder) as one:
        yield one


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _open_stream(server: Server, owner: int) -> Stream:
    """Opens a stream that begins at the present: the tasks that there are would be sent first."""
    cursor = json.loads(server.ask(f"GET\t/api/changes?limit=1000\t{token(owner)}\t"))["cursor"]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(
        f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token(owner)}\r\n"
        f"Last-Event-ID: {cursor}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise RuntimeError(head.decode())
    return reader, writer


async def _events(opened: list[Stream]) -> int:
    """Returns how many events have arrived, once no more do."""

    async def count(reader: asyncio.StreamReader) -> int:
        number = 0
        while True:
            try:
                async with asyncio.timeout(3):
                    number += len(re.findall(rb"\bid: ", await reader.read(1 << 16)))
            except TimeoutError:
                return number

    return sum(await asyncio.gather(*(count(reader) for reader, _ in opened)))


async def connection_bytes(url: str) -> float:
    """Returns the memory that a connection takes on the server, beyond what its processes share."""
    opened = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    for n, one in enumerate(opened):
        await one.fetch("SELECT * FROM tasks WHERE user_id = $1 ORDER BY created_at LIMIT 20", owner_id(n))
    private = sum(_private_bytes(one.get_server_pid()) for one in opened)
    for one in opened:
        await one.close()
    return private / len(opened)


def _private_bytes(pid: int) -> int:
    sizes: Mapping[str, str] = dict(
        re.findall(r"^(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8"), re.MULTILINE)
    )
    return 1024 * (int(sizes["Private_Clean"]) + int(sizes["Private_Dirty"]))


if __name__ == "__main__":
    main()
