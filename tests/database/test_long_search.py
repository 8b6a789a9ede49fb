"""A search that takes long holds up nobody else."""

import asyncio
import time

import pytest
from support import MakeDatabase, Person, running, settings_for

from taskward.database import sqlite

WORDS = " ".join(f"w{n}" for n in range(150))
TASKS = 3000


async def fill(person: Person) -> None:
    """Give the person many long tasks, every one of which holds all the words."""
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    long = WORDS + " missing"
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
        while not searching.done():
            await bob.tasks()
            answered += 1
            await asyncio.sleep(0)  # nothing else here gives way to the loop

        assert searching.result().json()["tasks"] == []
        assert answered > 20


async def test_a_search_beyond_the_deadline_is_a_database_error(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_for(await new_database("disk"))) as app:
        ann = Person(app)
        await fill(ann)
        monkeypatch.setattr(sqlite, "PATIENCE", 0.05)
        begun = time.monotonic()

        answer = await ann.http.get("/api/tasks", params={"q": WORDS + " zzz"})

        assert (answer.status_code, answer.json()["code"]) == (500, "DATABASE_ERROR")
        assert time.monotonic() - begun < 5
        monkeypatch.undo()
        assert (await ann.http.get("/api/tasks", params={"q": "w1 w2"})).status_code == 200
