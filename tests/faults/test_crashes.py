"""Acknowledged writes survive SIGKILL; others are there completely or not at all."""

import asyncio
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from faults.fault_assertions import assert_recovered
from faults.fault_report import Observe, ObserveLoad
from faults.load import (
    DATABASE_ERROR,
    NO_ANSWER,
    SUCCESS,
    UNAVAILABLE,
    under_load,
)
from faults.own_postgres import OwnPostgres, free_port
from faults.services import people_at, service, serving
from support import SECRET, MakeDatabase, database_of
from support.processes import bare_environment

WRITERS = 8

few_or_many = pytest.mark.parametrize(
    "times", [pytest.param(1, id="few"), pytest.param(12, id="many", marks=pytest.mark.soak)]
)


@few_or_many
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("disk", marks=pytest.mark.fault("Taskward on SQLite: killed (SIGKILL) again and again")),
        pytest.param(
            "postgres",
            marks=[
                pytest.mark.soak,
                pytest.mark.fault("Taskward on PostgreSQL: killed (SIGKILL) again and again"),
            ],
        ),
    ],
)
@pytest.mark.timeout(600)
async def test_a_service_that_is_killed_has_kept_what_it_acknowledged(
    engine: str, times: int, new_database: MakeDatabase, tmp_path: Path, observe_load: ObserveLoad
) -> None:
    url, port = await new_database(engine), free_port()
    async with serving(tmp_path, url, port) as first, under_load(people_at(port), WRITERS, 0.005) as load:
        load.fault_begins()
        running = first
        for n in range(times):
            await load.until_answered(60 + 7 * n % 40, SUCCESS)
            running.process.send_signal(signal.SIGKILL)
            assert await asyncio.to_thread(running.process.wait) == -signal.SIGKILL
            await load.until_answered(WRITERS, NO_ANSWER)
            again = serving(tmp_path, url, port)
            running = await again.__aenter__()
        audit = await assert_recovered(load, observe_load, NO_ANSWER)
        running.process.kill()
    assert audit.unsure > 0, "no kill came in the midst of a write"


@pytest.mark.processes
@few_or_many
@pytest.mark.fault("PostgreSQL: all processes killed (SIGKILL), started again")
@pytest.mark.timeout(600)
async def test_a_server_that_is_killed_has_kept_what_was_acknowledged(
    server: OwnPostgres, times: int, observe_load: ObserveLoad
) -> None:
    async with service(server.url) as one, under_load(one.client_of, WRITERS, 0.005) as load:
        load.fault_begins()
        for _ in range(times):
            await load.until_answered(60, SUCCESS)
            server.kill()
            await load.until_answered(WRITERS, DATABASE_ERROR)
            await server.start()
        await assert_recovered(load, observe_load, DATABASE_ERROR, UNAVAILABLE)


# fsync before the answer


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
async def test_on_sqlite_the_journal_is_on_the_disk_before_the_answer_leaves(tmp_path: Path) -> None:
    trace, port = tmp_path / "trace", free_port()
    process = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-y", "-s", "40", "-o", str(trace)),
        *("-e", "trace=fsync,fdatasync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"),
        *(sys.executable, "-m", "taskward", "serve", "--port", str(port)),
        cwd=tmp_path,
        env=bare_environment() | {"DATABASE_URL": "sqlite:///t.db", "JWT_SECRET": SECRET},
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with people_at(port)(str(uuid4())) as client, asyncio.timeout(60):
            while not await answers(client):  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(0.1)
            for n in range(5):
                answer = await client.post("/api/tasks", json={"title": f"Task {n}"})
                assert answer.status_code == 201
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()

    story = [event for line in trace.read_text("utf-8").splitlines() if (event := happened(line))]
    told = " ".join(story[story.index("asked") :])
    assert re.fullmatch("(asked( synced)+ answered ?){5}( synced)*", told), told


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).is_success
    except httpx.TransportError:
        return False


def happened(line: str) -> str | None:
    """Returns the step of a create that a line of strace shows; of a call in two parts, its end."""
    if re.search(r"(read|recvfrom|recvmsg)\(.*POST /api/tasks", line) or "POST /api/tasks" in line:
        return "asked"
    if "HTTP/1.1 201" in line:
        return "answered"
    if re.search(r"f(data)?sync\(.*t\.db-wal>\) += 0", line) or re.search(
        r"f(data)?sync resumed>.*= 0", line
    ):
        return "synced"
    return None


@pytest.mark.processes
async def test_on_postgresql_each_answer_waits_for_an_fsync_of_the_server(server: OwnPostgres) -> None:
    fsyncs = "SELECT sum(fsyncs)::int FROM pg_stat_io WHERE object = 'wal'"
    async with service(server.url) as one, one.client_of(str(uuid4())) as client:
        await client.post("/api/tasks", json={"title": "Task"})
        for setting in ("synchronous_commit", "fsync"):
            async with database_of(one.app).pool.acquire() as connection:
                assert await connection.fetchval(f"SHOW {setting}") == "on"
    before = await server.value(fsyncs)
    async with service(server.url) as one, one.client_of(str(uuid4())) as client:
        for n in range(20):
            assert (await client.post("/api/tasks", json={"title": f"Task {n}"})).status_code == 201
    # What a session has counted is seen by others once it has ended.
    async with asyncio.timeout(10):
        while await server.value(fsyncs) - before < 20:  # noqa: ASYNC110 - nor does a server
            await asyncio.sleep(0.1)


# What a crash leaves behind on SQLite


@pytest.mark.fault("SQLite: a journal left over by a crash, its end torn")
@pytest.mark.parametrize(("torn", "kept"), [(0, 20), (300, 19)])
async def test_a_journal_left_over_by_a_crash_is_taken_up(
    torn: int, kept: int, tmp_path: Path, observe: Observe
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    sub = str(uuid4())
    async with service(f"sqlite:///{before / 't.db'}") as one, one.client_of(sub) as client:
        for n in range(20):
            await client.post("/api/tasks", json={"title": f"Task {n}"})
        shutil.copy(before / "t.db", after)
        journal = (before / "t.db-wal").read_bytes()
        (after / "t.db-wal").write_bytes(journal[: len(journal) - torn] + b"\xa5" * torn)

    async with service(f"sqlite:///{after / 't.db'}") as one, one.client_of(sub) as client:
        tasks = (await client.get("/api/tasks")).json()["tasks"]
        assert [task["title"] for task in tasks] == [f"Task {n}" for n in reversed(range(kept))]
        assert (await client.post("/api/tasks", json={"title": "After"})).status_code == 201
    observe(SUCCESS, back=0, lost="nothing that is whole in the journal; what is torn was not acknowledged")
