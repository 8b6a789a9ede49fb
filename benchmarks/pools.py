"""What it costs to take a connection of the pool, to run a statement and to give it back: ours and asyncpg's.

    python benchmarks/pools.py

Prints the time of a statement of one row, by 1 task and by 16 tasks on a pool of 10, for our pool, for
`asyncpg.Pool`, and for `asyncpg.Pool` without the reset that it sends when a connection is given back. They
take turns in each round, in an order by chance; the median of the rounds counts.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.postgres_server import PostgresServer

from taskward.database.postgres.pool import ConnectionPool

SIZE: Final = 10
ROUNDS: Final = 25
WARM_UP: Final = 2
"""Rounds before them, which connect and prepare."""

STATEMENTS: Final = 800
"""Statements of each kind in a round."""

SQL: Final = "SELECT $1::int"
Ask = Callable[[], Awaitable[Any]]


class WithoutReset(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """A connection on which a statement leaves nothing that needs a reset."""

    def get_reset_query(self) -> str:
        return ""


async def main() -> None:
    with PostgresServer() as server:
        url = await server.new_database()
        async with AsyncExitStack() as opened:
            ways = await ways_on(url, opened)
            for tasks in (1, 16):
                print_medians(tasks, await measure(ways, tasks))


async def ways_on(url: str, opened: AsyncExitStack) -> dict[str, Ask]:
    ours = ConnectionPool(url, SIZE, 10.0)
    opened.push_async_callback(ours.close)
    theirs = await opened.enter_async_context(asyncpg.create_pool(url, min_size=0, max_size=SIZE))
    lean = await opened.enter_async_context(
        asyncpg.create_pool(url, min_size=0, max_size=SIZE, connection_class=WithoutReset)
    )
    bare = await asyncpg.connect(url)
    opened.push_async_callback(bare.close)
    lock = asyncio.Lock()

    async def without_pool() -> None:
        async with lock:
            await bare.fetch(SQL, 1)

    return {
        "one connection, no pool": without_pool,
        "our pool": lambda: through(ours),
        "asyncpg.Pool": lambda: through(theirs),
        "asyncpg.Pool, no reset": lambda: through(lean),
    }


async def through(pool: Any) -> None:
    async with pool.acquire() as connection:
        await connection.fetch(SQL, 1)


async def measure(ways: dict[str, Ask], tasks: int) -> dict[str, list[float]]:
    """Returns the microseconds of a statement, for each way and round."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(WARM_UP + ROUNDS):
        for name in random.sample(list(ways), len(ways)):
            begun = time.perf_counter()
            await asyncio.gather(*(several(ways[name], STATEMENTS // tasks) for _ in range(tasks)))
            if round_ >= WARM_UP:
                taken[name].append((time.perf_counter() - begun) / STATEMENTS * 1e6)
    return taken


async def several(ask: Ask, number: int) -> None:
    for _ in range(number):
        await ask()


def print_medians(tasks: int, taken: dict[str, list[float]]) -> None:
    ours = taken["our pool"]
    for name, times in taken.items():
        ratio = statistics.median(one / other for one, other in zip(times, ours, strict=True))
        print(f"{tasks:>2} tasks  {name:<24} {statistics.median(times):6.1f} µs  {ratio:.2f} of ours")


if __name__ == "__main__":
    uvloop.run(main())
