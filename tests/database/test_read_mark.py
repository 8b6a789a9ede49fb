"""On SQLite, frequent reads hold a read mark: they cost fewer calls, and delay no other process."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from support import SECRET, Person, database_of, token_for
from support.command import command
from support.processes import bare_environment
from support.waiting import TIMEOUT, wait_for

from taskward.database.sqlite import read_mark
from taskward.database.sqlite.read_mark import FREQUENT_READS, HOLD, PAUSE_AFTER_WRITE, ReadMark
from taskward.database.sqlite.wal import empty_wal

MAX_CALLS = 4
"""System calls of a request for one task, without the one that writes its log line."""

REQUESTS = 40
WINDOWS = 6
ROUNDS = 24
LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")


def mark_of(app: FastAPI) -> ReadMark:
    mark: ReadMark = database_of(app).read_mark
    return mark


async def read_until_held(app: FastAPI, person: Person) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not mark_of(app).is_held:
            await person.tasks()


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


# When it is held


async def test_the_mark_is_held_while_reads_are_frequent_and_released_afterwards(file_app: FastAPI) -> None:
    ann = Person(file_app)
    await ann.create()
    await asyncio.sleep(PAUSE_AFTER_WRITE)
    assert not mark_of(file_app).is_held
    await read_until_held(file_app, ann)

    await asyncio.sleep(2 * HOLD)
    assert not mark_of(file_app).is_held


async def test_rare_reads_do_not_hold_it(file_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_mark, "WITHIN", 0.0)
    ann = Person(file_app)
    for _ in range(3 * FREQUENT_READS):
        await ann.tasks()
        assert not mark_of(file_app).is_held


async def test_it_is_not_held_during_a_write_of_this_process(file_app: FastAPI) -> None:
    ann = Person(file_app)
    await read_until_held(file_app, ann)
    held_in_commit = []
    database_of(file_app).writer.set_trace_callback(
        lambda statement: held_in_commit.append(mark_of(file_app).is_held) if statement == "COMMIT" else None
    )

    await asyncio.gather(ann.create(), *(ann.tasks() for _ in range(5 * FREQUENT_READS)))

    assert held_in_commit == [False]


async def test_frequent_reads_during_a_long_write_do_not_hold_it(file_app: FastAPI) -> None:
    mark = mark_of(file_app)
    await read_until_held(file_app, Person(file_app))
    mark.write_begins()
    held = []
    end = time.perf_counter() + 5 * read_mark.PAUSE
    while time.perf_counter() < end:
        mark.count_read(time.perf_counter())
        held.append(mark.is_held)
    mark.write_ends()

    assert not any(held)


async def test_it_is_not_held_while_another_process_writes(file_app: FastAPI, path: Path) -> None:
    ann = Person(file_app)
    await read_until_held(file_app, ann)
    write_outside(path)
    await asyncio.sleep(2 * HOLD)  # the mark is released, and the next hold notices the write

    for _ in range(5 * FREQUENT_READS):
        await ann.tasks()
        assert not mark_of(file_app).is_held


def write_outside(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("INSERT INTO restores VALUES (1, 0)")


# A read sees every commit


@pytest.mark.processes
async def test_a_read_sees_each_commit_of_every_process_at_once(
    file_app: FastAPI, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_mark, "PAUSE_AFTER_FOREIGN_WRITE", 0.0)
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
            await read_until_held(file_app, ann)
            writers[n % 3](str(n))
            assert mark_of(file_app).is_held  # by now of an older commit
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
    await read_until_held(file_app, ann)
    reading = asyncio.create_task(read_steadily(ann))
    assert await asyncio.to_thread(is_log_reused, path)
    reading.cancel()


def is_log_reused(path: Path) -> bool:
    """Writes for ten holds, then until twice what the log ever had is written; for 10 s at most."""
    pages_each, written, largest, start = 3, 0, 0, time.monotonic()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA synchronous = OFF")  # so that it writes much, however slow the disk is
        other.execute("PRAGMA wal_autocheckpoint = 20")
        other.execute("CREATE TABLE filler (content)")
        while (passed := time.monotonic() - start) < 10 * HOLD or written < 2 * largest:
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


# What it saves


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_one_task_takes_four_system_calls(tmp_path: Path) -> None:
    trace, log = tmp_path / "trace", tmp_path / "log"
    untraced = "trace=!mmap,munmap,mprotect,lseek,openat,ioctl,getdents64"  # of the start
    with log.open("wb") as lines:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *("strace", "-f", "--seccomp-bpf", "-e", untraced, "-o", str(trace)),
                *(sys.executable, "-m", "taskward", "serve", "--port", "0"),
            ],
            cwd=tmp_path,
            env=bare_environment() | {"DATABASE_URL": "sqlite:///t.db", "JWT_SECRET": SECRET},
            stdout=lines,
            start_new_session=True,
        )
    try:
        wait_for(lambda: LISTENING.search(log.read_text("utf-8")), seconds=4 * TIMEOUT)
        (port,) = LISTENING.findall(log.read_text("utf-8"))
        ask_for_one_task(int(port))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()

    calls = [line for line in trace.read_text("utf-8", "replace").splitlines() if "write(1, " not in line]
    asked = [n for n, line in enumerate(calls) if re.search(r"(read|recvfrom)\(.*GET /api/tasks/", line)]
    assert len(asked) == REQUESTS * WINDOWS
    windows = [asked[n + REQUESTS] - asked[n] for n in range(0, len(asked) - REQUESTS, REQUESTS)]
    assert min(windows) / REQUESTS <= MAX_CALLS, "\n".join(calls[asked[-5] : asked[-1]])


def ask_for_one_task(port: int) -> None:
    """Creates a task and asks for it over one connection, each time after the response."""
    headers = {"Authorization": f"Bearer {token_for('somebody')}"}
    created = httpx.post(f"http://127.0.0.1:{port}/api/tasks", headers=headers, json={"title": "Buy milk"})
    time.sleep(PAUSE_AFTER_WRITE)
    head = f"Host: x\r\nAuthorization: {headers['Authorization']}"
    request = f"GET /api/tasks/{created.json()['id']} HTTP/1.1\r\n{head}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(REQUESTS * WINDOWS):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
