"""A long search or sort does not delay other requests."""

import asyncio
import time

import pytest
from support import MakeDatabase, Person, database_of, running, settings_for
from support.paging import SORTS, insert_tasks, some_tasks

from taskward.database.sqlite import readers as sqlite_readers

WORDS = " ".join(f"w{n}" for n in range(31))
TASKS = 1500
ENOUGH = 100
"""Requests beside a long one. A loop that never rests delays the thread of that one at each row."""


async def fill(person: Person) -> None:
    """Creates many long tasks of the person, all of which contain all the words."""
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    long = "x" * 1800 + " " + WORDS
    tasks = [
        {
            "id": f"00000000-0000-4000-8000-{n:012}",
            "title": f"{n}",
            "description": long,
            **times,
        }
        for n in range(TASKS)
    ]
    answer = await person.http.post("/api/me/import", json={"tasks": tasks})
    assert answer.json() == {"imported": TASKS, "skipped": 0}


async def test_a_long_search_on_disk_leaves_the_loop_free(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann, bob = Person(app), Person(app)
        await fill(ann)
        searching = asyncio.create_task(ann.http.get("/api/tasks", params={"q": WORDS + " zzz"}))
        answered = 0
        while not searching.done() and answered < ENOUGH:
            await bob.tasks()
            answered += 1
            await asyncio.sleep(0)  # nothing else here yields to the loop

        assert (await searching).json()["tasks"] == []
        assert answered > 20


async def test_a_long_sort_on_disk_leaves_the_loop_free(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann, bob = Person(app), Person(app)
        await insert_tasks(app, ann, some_tasks(20_000))
        await bob.create()
        for query in ("sort=title", "sort=-updated_at", "sort=title&is_completed=true"):
            # A busy machine delays one attempt. Each has a limit of its own, so that none is cached.
            answered = [await answered_beside(ann, bob, query, limit) for limit in (1000, 999, 998)]
            assert max(answered) > 4


async def answered_beside(ann: Person, bob: Person, query: str, limit: int) -> int:
    """Returns how many requests of Bob are answered while a list of Ann is sorted, at most ENOUGH."""
    sorting = asyncio.create_task(ann.http.get(f"/api/tasks?{query}&limit={limit}"))
    answered = 0
    while not sorting.done() and answered < ENOUGH:
        await bob.tasks()
        answered += 1
        await asyncio.sleep(0)
    assert len((await sorting).json()["tasks"]) == limit
    return answered


async def test_short_reads_on_disk_use_no_thread(new_database: MakeDatabase) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        task = await ann.create()
        await ann.get(task["id"])
        for sort in SORTS:
            await ann.http.get(f"/api/tasks?sort={sort}")

        assert database_of(app).readers._connections == []


async def test_a_read_that_has_become_short_uses_no_thread_any_more(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        await ann.create()
        readers = database_of(app).readers
        monkeypatch.setattr(sqlite_readers, "LOOP_BUDGET", -1.0)
        for n in range(1, sqlite_readers.MAX_SLOW_READS + 10):
            readers._slow[n, None] = None
        await insert_tasks(app, bob := Person(app), some_tasks(1000))
        await bob.http.get("/api/tasks?sort=title")
        kinds = [owner for _, owner in readers._slow if owner]
        assert [str(owner) for owner in kinds] == [bob.sub]
        assert len(readers._slow) <= sqlite_readers.MAX_SLOW_READS + 9
        monkeypatch.undo()
        monkeypatch.setattr(sqlite_readers, "LOOP_BUDGET", 60.0)
        await bob.http.get("/api/tasks?sort=title&limit=10")
        assert not [owner for _, owner in readers._slow if owner]


async def test_a_search_beyond_the_deadline_is_a_database_error(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        await fill(ann)
        monkeypatch.setattr(sqlite_readers, "STATEMENT_TIMEOUT", 0.05)
        begun = time.monotonic()

        answer = await ann.http.get("/api/tasks", params={"q": WORDS + " zzz"})

        assert (answer.status_code, answer.json()["code"]) == (500, "DATABASE_ERROR")
        assert time.monotonic() - begun < 5
        monkeypatch.undo()
        assert (await ann.http.get("/api/tasks", params={"q": "w1 w2"})).status_code == 200
