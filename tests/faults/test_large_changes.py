"""Large imports and erasures over real sockets: what others see meanwhile, what memory they take."""

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from faults.fault_report import Observe
from support import token_for
from support.background_load import TimedClient, background_load, count_tasks, import_document
from support.command import Command, serve
from support.process_memory import PeakMemory
from support.waiting import wait_for

MIB = 2**20
SHORT = 3 * MIB // 4
"""Bytes of an import that takes several transactions: 5,000 tasks. With `make soak` it has more."""


@pytest.fixture
def service(url: str, tmp_path: Path) -> Iterator[Command]:
    with serve(tmp_path, DATABASE_URL=url) as running:
        yield running


compares_times = pytest.mark.compares_times("compares times")
LONG = (pytest.mark.soak, pytest.mark.timeout(900))
CASES = [
    pytest.param("disk", SHORT, 0),
    pytest.param("postgres", SHORT, 0),
    pytest.param(
        "disk",
        8 * MIB,
        0,
        marks=[*LONG, pytest.mark.fault("SQLite: an import of 8 MiB, then the erasure")],
    ),
    pytest.param(
        "disk",
        63 * MIB,
        0,
        marks=[*LONG, pytest.mark.fault("SQLite: an import of 63 MiB of small tasks, then the erasure")],
    ),
    pytest.param(
        "disk",
        63 * MIB,
        2000,
        marks=[*LONG, pytest.mark.fault("SQLite: an import of 63 MiB of large tasks, then the erasure")],
    ),
    pytest.param(
        "postgres",
        8 * MIB,
        0,
        marks=[*LONG, pytest.mark.fault("PostgreSQL: an import of 8 MiB, then the erasure")],
    ),
    pytest.param(
        "postgres",
        63 * MIB,
        0,
        marks=[*LONG, pytest.mark.fault("PostgreSQL: an import of 63 MiB of small tasks, then the erasure")],
    ),
    pytest.param(
        "postgres",
        63 * MIB,
        2000,
        marks=[*LONG, pytest.mark.fault("PostgreSQL: an import of 63 MiB of large tasks, then the erasure")],
    ),
]


@compares_times
@pytest.mark.parametrize(("url", "size", "description"), CASES, indirect=["url"])
def test_others_hardly_notice_a_large_import_and_its_erasure(
    service: Command, size: int, description: int, observe: Observe
) -> None:
    """A write is to take at most 250 ms, a read 50 ms; on a busy machine the worst may take longer."""
    body, count = import_document(size, description)
    port = service.port()
    with TimedClient(port) as ann:
        ann.send("POST", "/api/tasks", {"title": "First"})
        memory = PeakMemory(service.process.pid)
        with background_load(port) as importing:
            status, answer, seconds = ann.send("POST", "/api/me/import", body)
        assert (status, answer) == (200, {"imported": count, "skipped": 0})
        with background_load(port) as erasing:
            status, answer, _ = ann.send("DELETE", "/api/me")
        assert (status, answer) == (200, {"message": "All data deleted"})

    assert memory.grown <= 150
    for seen in (importing, erasing):
        assert seen.median("write") < 0.25
        assert seen.median("read") < 0.05
        assert seen.median("health") < 0.05
        assert seen.worst("write") < 1.0
        assert seen.worst("read") < 0.75
    observe(
        f"success, {count:,} tasks; memory {memory.grown:+} MB; of others: {importing}; "
        f"during the erasure: {erasing}",
        longest=seconds,
        lost="nothing",
    )


@compares_times
@pytest.mark.parametrize("tasks", ["delete", "keep"])
def test_others_hardly_notice_the_deletion_of_a_long_list(service: Command, tasks: str) -> None:
    body, count = import_document(SHORT)
    whole = json.loads(body)
    home = {**whole["tasks"][0], "title": "Home"}
    whole = {"lists": [home], "tasks": [{**task, "list_id": home["id"]} for task in whole["tasks"]]}
    port = service.port()
    with TimedClient(port) as ann:
        assert ann.send("POST", "/api/me/import", json.dumps(whole).encode())[0] == 200
        with background_load(port) as seen:
            status, answer, _ = ann.send("DELETE", f"/api/lists/{home['id']}?tasks={tasks}")
        assert (status, answer) == (200, {"message": "List deleted successfully", "id": home["id"]})
        assert count_tasks(ann) == (0 if tasks == "delete" else count)

    assert seen.median("write") < 0.25
    assert seen.median("read") < 0.05
    assert seen.worst("write") < 1.0
    assert seen.worst("read") < 0.75


def test_the_owner_sees_all_of_an_import_or_nothing_and_writes_afterwards(service: Command) -> None:
    """A client that sees the first of the tasks sees all of them, from then on."""
    body, count = import_document(SHORT)
    ids = [task["id"] for task in json.loads(body)["tasks"]]
    port, sub = service.port(), str(uuid4())
    with TimedClient(port, sub) as ann, TimedClient(port, sub) as beside:
        beside.send("POST", "/api/tasks", {"title": "Before"})
        importing = threading.Thread(target=ann.send, args=("POST", "/api/me/import", body))
        importing.start()
        seen: list[int] = []
        while 200 not in seen:
            seen.append(beside.send("GET", f"/api/tasks/{ids[0]}")[0])
        last = beside.send("GET", f"/api/tasks/{ids[-1]}")[0]
        created = beside.send("POST", "/api/tasks", {"title": "After"})[0]
        importing.join()

        assert (set(seen), last, created) == ({200, 404}, 200, 201)
        assert count_tasks(beside) == count + 2


# Uploads


@pytest.mark.fault("Uploads: two imports of one user stop coming")
def test_stalled_uploads_delay_no_others(service: Command, observe: Observe) -> None:
    """Not the others, and not even the person whose they are, beyond what one person may have."""
    port, body = service.port(), b'{"tasks": []}'
    ann, bob = TimedClient(port), TimedClient(port)
    with ExitStack() as stack:
        for _ in range(2):
            stalled = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            stalled.sendall(head(ann, 60 * MIB) + b'{"tasks":[')
        time.sleep(0.5)
        assert bob.send("POST", "/api/me/import", body)[0] == 200
        status, answer, _ = ann.send("POST", "/api/me/import", body)
        assert (status, answer["code"]) == (429, "RATE_LIMITED")
        assert ann.send("POST", "/api/tasks", {"title": "Still writing"})[0] == 201

    def is_free() -> bool:
        return ann.send("POST", "/api/me/import", body)[0] == 200

    wait_for(is_free)
    observe("success for others; 429 for a third of that user's", lost="nothing")
    ann.close()
    bob.close()


def test_an_upload_that_stalls_does_not_keep_its_person_from_importing(service: Command) -> None:
    port = service.port()
    ann = TimedClient(port)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stalled:
        stalled.sendall(head(ann, 60 * MIB) + b'{"tasks":[')
        time.sleep(0.5)
        assert ann.send("POST", "/api/me/import", b'{"tasks": []}')[0] == 200
    ann.close()


@pytest.mark.processes
@pytest.mark.fault("Uploads: many users at once send more than there is space for")
def test_uploads_take_no_more_space_than_there_is(tmp_path: Path, observe: Observe) -> None:
    """What is beyond it is rejected, and its space is free again; other requests work, and small imports."""
    constants = json.dumps({"taskward.me.spool.MAX_UPLOADED": 16 * MIB})
    with (
        serve(tmp_path, TEST_CONSTANTS=constants) as service,
        ExitStack() as stack,
    ):
        port, process = service.port(), psutil.Process(service.process.pid)
        ann = stack.enter_context(TimedClient(port))
        uploads = []
        for _ in range(16):  # of 16 users, who do not finish: together four times as much as there is
            uploading = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            body = b'{"tasks":[' + b" " * 4 * MIB
            head_of_it = head(stack.enter_context(TimedClient(port)), None)
            sent = threading.Thread(target=send_all, args=(uploading, head_of_it + chunk(body)))
            sent.start()
            uploads.append((uploading, sent))
        for _, sent in uploads:
            sent.join()
        wait_for(lambda: bytes_of_unnamed_files(process) >= 4 * MIB)  # one has found its space
        most = bytes_of_unnamed_files(process)
        rejected = sum(is_rejected(uploading) for uploading, _ in uploads)
        assert most <= 16 * MIB
        assert rejected >= 12
        assert ann.send("POST", "/api/tasks", {"title": "Still writing"})[0] == 201
        for uploading, _ in uploads:
            uploading.close()
        wait_for(lambda: bytes_of_unnamed_files(process) == 0)
        assert ann.send("POST", "/api/me/import", b'{"tasks": []}')[0] == 200
    observe("success up to the limit; 503 with Retry-After beyond it", lost="nothing")


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def send_all(connection: socket.socket, content: bytes) -> None:
    with suppress(OSError):  # it is rejected
        connection.sendall(content)


def is_rejected(connection: socket.socket) -> bool:
    """Returns whether an upload has got a 503 that says when to try again."""
    if not select.select([connection], [], [], 0.5)[0]:
        return False
    with suppress(ConnectionResetError):
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 10\r\n" in answer
    return True


def bytes_of_unnamed_files(process: psutil.Process) -> int:
    """Returns the bytes that a process has in files that are in no folder."""
    size = 0
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(OSError):
            if " (deleted)" in str(link.readlink()):
                size += link.stat().st_size
    return size


def head(person: TimedClient, length: int | None) -> bytes:
    return (
        f"POST /api/me/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_for(person.sub)}\r\n"
        f"Content-Type: application/json\r\n"
        + ("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        + "\r\n\r\n"
    ).encode()
