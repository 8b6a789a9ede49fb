"""The embedded engine when its file, its folder or its disk is not as it should be."""

import asyncio
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from faults.fault_assertions import assert_recovered
from faults.fault_report import Observe, ObserveLoad
from faults.load import DATABASE_ERROR, SUCCESS, under_load
from faults.own_postgres import free_port
from faults.services import people_at, service, serving
from support import SECRET
from support.processes import bare_environment

from taskward.database import DatabaseUnusable
from taskward.database.sqlite import busy
from taskward.database.sqlite.database import SqliteDatabase

NOISE = b"\xa5" * 4096
"""As long as a page."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.mark.processes
@pytest.mark.fault("SQLite: two processes write to one file")
async def test_two_processes_on_one_file(file: Path, observe_load: ObserveLoad) -> None:
    url, port = f"sqlite:///{file}", free_port()
    async with (
        service(url) as one,
        serving(file.parent, url, port),
        under_load(one.client_of, 4) as here,
        under_load(people_at(port), 4) as there,
    ):
        here.fault_begins()
        there.fault_begins()
        await asyncio.gather(here.until_answered(100), there.until_answered(100))
        audits = [await here.audit(), await there.audit()]
    observe_load(here, audits[0])
    assert here.seen().keys() | there.seen().keys() == {SUCCESS}
    assert [audit.lost for audit in audits] == [[], []]


@pytest.mark.fault("SQLite: another program holds the file for 30 s")
@pytest.mark.parametrize(
    "times", [pytest.param(0.05, id="shorter"), pytest.param(1.0, id="real", marks=pytest.mark.soak)]
)
async def test_a_file_that_is_held(
    file: Path, times: float, observe_load: ObserveLoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy, "BUSY_TIMEOUT", times * 10)
    async with service(f"sqlite:///{file}") as one, under_load(one.client_of) as load:
        load.fault_begins()
        with held(file):
            await asyncio.sleep(times * 30)
            assert await one.is_ready()
        await assert_recovered(load, observe_load, DATABASE_ERROR, longest=busy.BUSY_TIMEOUT + 3)
        assert not any('"method":"GET"' in line and '"status":500' in line for line in one.lines)
    assert load.seen()[DATABASE_ERROR] > 0


@pytest.mark.processes
@pytest.mark.fault("SQLite: the disk is full, and then there is room")
async def test_a_disk_that_is_full(file: Path, observe_load: ObserveLoad) -> None:
    url, port = f"sqlite:///{file}", free_port()
    async with serving(file.parent, url, port) as taskward, under_load(people_at(port)) as load:
        load.fault_begins()
        pid = taskward.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (journal_size(file) + 20_000, resource.RLIM_INFINITY))
        await load.until_answered(20, DATABASE_ERROR)
        await load.until_answered(20, SUCCESS)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await assert_recovered(load, observe_load, DATABASE_ERROR)


@pytest.mark.processes
@pytest.mark.fault("SQLite: the folder is read-only")
async def test_a_read_only_folder_is_reported_at_the_start(file: Path, observe: Observe) -> None:
    await make(file)
    with mode(file.parent, 0o555):
        told, took = await asyncio.to_thread(refusal_to_start, file)
    observe(
        f"no start: “{told.removeprefix(f'DATABASE_URL: {file}: ').replace(str(file.parent), '…')}”",
        longest=took,
    )
    assert told.startswith(f"DATABASE_URL: {file}: the folder {file.parent} cannot be written to")


@pytest.mark.processes
@pytest.mark.fault("SQLite: the file is read-only")
async def test_a_read_only_file_is_reported_at_the_start(file: Path, observe: Observe) -> None:
    await make(file)
    with mode(file, 0o444):
        told, took = await asyncio.to_thread(refusal_to_start, file)
    observe(f"no start: “{told.removeprefix(f'DATABASE_URL: {file}: ')}”", longest=took)
    assert told == f"DATABASE_URL: {file}: the file cannot be read and written"


@pytest.mark.fault("SQLite: the file is damaged: its beginning")
async def test_a_file_with_a_damaged_beginning_is_reported_at_the_start(file: Path, observe: Observe) -> None:
    await make(file)
    with damaged(file, lambda whole: NOISE[:64] + whole[64:]):
        told, took = await refusal_of(file)
    observe(f"no start: “{told.removeprefix(f'DATABASE_URL: {file}: ')}”", longest=took)
    assert told == f"DATABASE_URL: {file}: file is not a database (SQLITE_NOTADB)"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[: middle(whole)], id="cut in half"),
        pytest.param(
            lambda whole: whole[: middle(whole)] + NOISE + whole[middle(whole) + len(NOISE) :],
            id="a page overwritten",
        ),
    ],
)
@pytest.mark.fault("SQLite: the file is damaged: cut in half, or a page overwritten")
async def test_a_file_that_is_damaged_within_is_reported_at_the_start(
    file: Path, damage: Callable[[bytes], bytes], observe: Observe
) -> None:
    await make(file)
    with damaged(file, damage):
        told, took = await refusal_of(file)
    observe(f"no start: “{told.removeprefix(f'DATABASE_URL: {file}: ')}”", longest=took)
    assert told.startswith(f"DATABASE_URL: {file}: ")
    assert "damaged" in told or "SQLITE_CORRUPT" in told


async def refusal_of(file: Path) -> tuple[str, float]:
    """Returns what is said of the file instead of opening it, and after how many seconds."""
    begun = monotonic()
    with pytest.raises(DatabaseUnusable) as refused:
        await SqliteDatabase(file).start()
    return str(refused.value), monotonic() - begun


@contextmanager
def damaged(file: Path, damage: Callable[[bytes], bytes]) -> Iterator[None]:
    """Damages the file, and asserts afterwards that no repair was attempted."""
    left = damage(file.read_bytes())
    file.write_bytes(left)
    yield
    assert file.read_bytes() == left


def middle(whole: bytes) -> int:
    return len(whole) // 2 // len(NOISE) * len(NOISE)


async def make(file: Path) -> None:
    """Creates a database with some tasks at that path, and nothing beside it."""
    async with service(f"sqlite:///{file}") as one, one.client_of(str(uuid4())) as client:
        for n in range(20):
            answer = await client.post("/api/tasks", json={"title": f"Task {n}", "description": "x" * 2000})
            assert answer.status_code == 201
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def refusal_to_start(file: Path) -> tuple[str, float]:
    """Starts the service on that file; returns its error message, and after how many seconds it came."""
    command = [sys.executable, "-m", "taskward", "serve", "--port", "0"]
    if os.geteuid() == 0:  # who may do everything; so that permissions count, as without
        command = [shutil.which("setpriv") or "setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    begun = monotonic()
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        env=bare_environment() | {"DATABASE_URL": f"sqlite:///{file}", "JWT_SECRET": SECRET},
        cwd=file.parent.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (told,) = (json.loads(line)["message"] for line in done.stdout.splitlines() if '"critical"' in line)
    return told.removeprefix("Startup or shutdown failed: "), monotonic() - begun


def journal_size(file: Path) -> int:
    return file.with_name(f"{file.name}-wal").stat().st_size


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Locks the file, as another program does during a write."""
    other = sqlite3.connect(file, isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Yields the path these permissions while the block runs."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)
