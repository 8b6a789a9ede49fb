"""docs/contract.md#trash: what is deleted from the trash is in none of SQLite's files, within an hour."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from fastapi import FastAPI
from faults.test_killed_changes import contents
from support import MakeDatabase, Person, database_of, execute, running, settings_for
from trash.trash_support import Task, to_trash, trashed

from taskward.trash.expiry import TrashExpiry

TEXT = "sparrow"
COUNT = 40

pytestmark = pytest.mark.engines("disk")


class World(NamedTuple):
    """A database of its own, two people with tasks, and the hourly run."""

    app: FastAPI
    path: Path
    ann: Person
    bob: Person
    expiry: TrashExpiry
    tasks: list[Task]
    """Those of Ann, all of which have the text in each field that can have it."""

    def has_text(self) -> bool:
        assert b"nightingale" in contents(self.path), "the texts of others are there"
        return TEXT.encode() in contents(self.path).lower()


@pytest_asyncio.fixture
async def world(new_database: MakeDatabase) -> AsyncIterator[World]:
    url = await new_database("disk")
    async with running(settings_for(url)) as app:
        ann, bob = Person(app), Person(app)
        await to_trash(bob, await bob.create("nightingale"))
        fields = {
            "description": f"{TEXT} " * 200,
            "labels": [TEXT.capitalize()],
            "metadata": {TEXT: TEXT},
            "due": {"date": "2035-06-15"},
            "recurrence": {"rule": "FREQ=DAILY"},
        }
        tasks = [await ann.create(f"{TEXT} {n}", **fields) for n in range(COUNT)]
        expiry = TrashExpiry(database_of(app), timedelta(days=30))
        expiry.has_run.set()
        world = World(
            app,
            Path(url.removeprefix("sqlite:///")),
            ann,
            bob,
            expiry,
            tasks,
        )
        for task in tasks:
            await to_trash(ann, task)
        assert world.has_text()
        yield world


async def test_after_emptying_no_text_is_left(world: World) -> None:
    assert (await world.ann.http.delete("/api/trash")).json() == {"deleted": COUNT}

    assert not world.has_text()
    assert list(await trashed(world.bob)) == ["nightingale"]


async def test_after_the_expiry_no_text_is_left(world: World) -> None:
    await execute(world.app, f"UPDATE trash SET deleted_at = 0 WHERE user_id = '{world.ann.sub}'")  # noqa: S608 - our own id

    await world.expiry.run()

    assert not world.has_text()
    assert list(await trashed(world.bob)) == ["nightingale"]


async def test_after_permanent_deletions_no_text_is_left_within_the_hour(world: World) -> None:
    """The hourly run removes it, also if nothing has expired."""
    for task in world.tasks:
        assert (await world.ann.http.delete(f"/api/trash/{task['id']}")).status_code == 200

    await world.expiry.run()

    assert not world.has_text()


async def test_what_deletions_drop_is_not_left_within_the_hour(world: World) -> None:
    others = [await world.ann.create(f"Other {n}") for n in range(COUNT // 2)]
    await execute(world.app, f"UPDATE trash SET deleted_at = 0 WHERE user_id = '{world.ann.sub}'")  # noqa: S608 - our own id
    for task in others:
        await to_trash(world.ann, task)
    assert sorted(await trashed(world.ann)) == sorted(task["title"] for task in others)

    await world.expiry.run()

    assert not world.has_text()


async def test_the_first_run_leaves_the_file_alone_if_nothing_has_expired(world: World) -> None:
    """Requests come at that moment; the start has emptied the log of a process that crashed."""
    for task in world.tasks:
        assert (await world.ann.http.delete(f"/api/trash/{task['id']}")).status_code == 200
    world.expiry.has_run.clear()

    await world.expiry.run()

    assert world.has_text()


async def test_after_a_crash_the_start_removes_deleted_texts(world: World, tmp_path: Path) -> None:
    for task in world.tasks:
        assert (await world.ann.http.delete(f"/api/trash/{task['id']}")).status_code == 200
    crashed = tmp_path / "crashed.db"
    for suffix in ("", "-wal"):
        shutil.copy(world.path.with_name(world.path.name + suffix), crashed.with_name(crashed.name + suffix))
    assert TEXT.encode() in contents(crashed).lower()

    async with running(settings_for(f"sqlite:///{crashed}")):
        assert TEXT.encode() not in contents(crashed).lower()
