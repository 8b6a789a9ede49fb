"""What a request costs in a space, as a multiple of the private one: `make bench-spaces`.

The app runs in this process (see inprocess.py), once with activity and once without. A private request and
the same one in a space take turns, so both have the same machine; the ratio is that of the medians of their
time on the clock, and of their time on the processor, in this process. PostgreSQL's own work is in the former
only.
"""

import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final
from uuid import uuid4

import orjson
import uvloop
from dataset import CREATES, PAGE
from inprocess import Client, an_app, silent_output
from stage import a_postgres

ROUNDS: Final = 1500
WARM_UP: Final = 200
READS: Final = 1.15
WRITES: Final = 1.3
"""What is aimed at: at most."""

Ask = Callable[[], Awaitable[object]]


def main() -> None:
    with a_postgres() as postgres:
        for engine, url in (("SQLite", "sqlite://"), ("PostgreSQL", postgres.url)):
            for days in (90, 0):
                with silent_output():
                    rows = uvloop.run(measure(url, days))
                print(f"{engine}, ACTIVITY_DAYS={days}: in a space / private")
                for name, clock, processor, private in rows:
                    bound = READS if name.startswith("read") else WRITES
                    over = f"  above {bound}" if clock > bound else ""
                    print(f"  {name:<28} {clock:5.2f}  processor {processor:5.2f}  ({private:6.0f} µs){over}")


async def measure(url: str, activity_days: int) -> list[tuple[str, float, float, float]]:
    """Returns the name of each request, both ratios, and microseconds of the private one."""
    async with an_app(url, activity_days=activity_days) as app:
        user = uuid4()
        private = await requests_of(Client(app, user), "/api")
        client = Client(app, user)
        space = json.loads(await client.ask("POST", "/api/spaces", body=b'{"title": "Flat"}'))["id"]
        shared = await requests_of(client, f"/api/spaces/{space}")
        return [(name, *await compare(private[name], shared[name])) for name in private]


async def requests_of(client: Client, root: str) -> dict[str, Ask]:
    """Returns the requests on the tasks below a path."""
    in_list = json.loads(await client.ask("POST", f"{root}/lists", body=b'{"title": "Home"}'))["id"]
    bare, real = (orjson.dumps(CREATES[name](in_list, 1)) for name in ("create", "create-real"))
    made = [json.loads(await client.ask("POST", f"{root}/tasks", body=real)) for _ in range(PAGE + 5)]
    path = f"{root}/tasks/{made[0]['id']}"
    number = count()

    def ask(method: str, at: str, body: Callable[[], bytes] = bytes) -> Ask:
        return lambda: client.ask(method, at, body=body())

    async def changed_list() -> None:
        await client.ask("PATCH", path, body=b'{"title": "%d"}' % next(number))
        await client.ask("GET", f"{root}/tasks?limit={PAGE}")

    def due() -> bytes:
        return b'{"due": {"date": "2030-01-%02d"}}' % (next(number) % 28 + 1)

    return {
        "read one": ask("GET", path),
        "read a list": ask("GET", f"{root}/tasks?limit={PAGE}"),
        "read the feed": ask("GET", f"{root}/changes?limit={PAGE}"),
        "create": ask("POST", f"{root}/tasks", lambda: bare),
        "create with list, due, labels": ask("POST", f"{root}/tasks", lambda: real),
        "update the title": ask("PATCH", path, lambda: b'{"title": "%d"}' % next(number)),
        "update the due date": ask("PATCH", path, due),
        "complete and reopen": ask(
            "PATCH", path, lambda: b'{"is_completed": %b}' % (b"true", b"false")[next(number) % 2]
        ),
        "update, and read the list": changed_list,
    }


async def compare(private: Ask, shared: Ask) -> tuple[float, float, float]:
    for _ in range(WARM_UP):
        await private()
        await shared()
    gc.collect()
    gc.freeze()  # as the server does
    taken: list[list[tuple[int, int]]] = [[], []]
    for _ in range(ROUNDS):
        for asked, times in zip((private, shared), taken, strict=True):
            begun = time.perf_counter_ns(), time.process_time_ns()
            await asked()
            times.append((time.perf_counter_ns() - begun[0], time.process_time_ns() - begun[1]))
    own, in_space = ([statistics.median(each) for each in zip(*times, strict=True)] for times in taken)
    return in_space[0] / own[0], in_space[1] / own[1], own[0] / 1000


if __name__ == "__main__":
    main()
