"""Reads on SQLite see every commit of every process, and keep none from emptying or reusing the log."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from support import SECRET, Person
from support.command import command
from support.waiting import wait_for

from taskward.database.sqlite.wal import empty_wal

ROUNDS = 24


@contextmanager
def other_process(path: Path) -> Iterator[httpx.Client]:
    """Yields a client of another service on the same file."""
    settings = {"DATABASE_URL": f"sqlite:///{path}", "JWT_SECRET": SECRET}
    with (
        command(path.parent, "serve", "--port", "0", **settings) as service,
        httpx.Client(base_url=f"http://127.0.0.1:{service.port()}") as client,
    ):
        yield client


def wal_pages(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size // 4096


# A read sees every commit


@pytest.mark.processes
async def test_a_read_sees_each_commit_of_every_process_at_once(file_app: FastAPI, path: Path) -> None:
    ann = Person(file_app)
    task = await ann.create("0")
    address, headers = f"/api/tasks/{task['id']}", {"Authorization": f"Bearer {ann.token}"}
    with other_process(path) as second, other_process(path) as third:
        writers: list[Callable[[str], object]] = [
            lambda title: second.put(address, json={"title": title}, headers=headers),
            lambda title: third.put(address, json={"title": title}, headers=headers),
            lambda title: change_outside(path, title),
        ]
        for n in range(ROUNDS):
            writers[n % 3](str(n))
            assert (await ann.get(task["id"]))["title"] == str(n)
            for reader in (second, third):
                assert reader.get(address, headers=headers).json()["title"] == str(n)


def change_outside(path: Path, title: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE tasks SET title = ?", [title])


# Other processes are not delayed


async def test_the_log_is_reused_under_steady_reads_and_writes_of_another_process(
    file_app: FastAPI, path: Path
) -> None:
    ann = Person(file_app)
    assert empty_wal(path)
    reading = asyncio.create_task(read_steadily(ann))
    assert await asyncio.to_thread(is_log_reused, path)
    reading.cancel()


def is_log_reused(path: Path) -> bool:
    """Writes for half a second, then until twice what the log ever had is written; for 10 s at most."""
    pages_each, written, largest, start = 3, 0, 0, time.monotonic()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA synchronous = OFF")  # so that it writes much, however slow the disk is
        other.execute("PRAGMA wal_autocheckpoint = 20")
        other.execute("CREATE TABLE filler (content)")
        while (passed := time.monotonic() - start) < 0.5 or written < 2 * largest:
            if passed > 10:
                return False
            other.execute("INSERT INTO filler VALUES (zeroblob(4096 * ?))", [pages_each])
            written += pages_each
            largest = max(largest, wal_pages(path))
    return True


@pytest.mark.processes
async def test_another_process_can_empty_the_log_under_steady_reads(file_app: FastAPI, path: Path) -> None:
    ann, bob = Person(file_app), Person(file_app)
    await bob.create("Secret")
    reading = asyncio.create_task(read_steadily(ann))
    with other_process(path) as other:
        headers = {"Authorization": f"Bearer {bob.token}"}
        erased = await asyncio.to_thread(other.delete, "/api/me", headers=headers)
        assert erased.status_code == 200
        await asyncio.to_thread(wait_for, lambda: wal_pages(path) == 0)
    reading.cancel()


async def read_steadily(person: Person) -> None:
    while True:
        await person.tasks()
        await asyncio.sleep(0)
