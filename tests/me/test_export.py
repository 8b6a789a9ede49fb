"""docs/contract.md#a-users-own-data: GET /api/me/export."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI
from support import (
    DATABASE_ERROR,
    SECRET,
    MakeDatabase,
    Person,
    an_empty_body,
    database_of,
    exchange,
    refusal,
    running,
    settings_for,
    token_for,
)
from support.command import command
from support.import_documents import export, import_tasks, many, without_owner
from support.paging import Stored, insert_tasks
from support.process_memory import PeakMemory

from taskward.database.statements import Read, Row, Values
from taskward.http.errors import DatabaseError
from taskward.ids import new_id
from taskward.me import store
from taskward.me.statements import AFTER
from taskward.tasks.entity import TASK
from taskward.tasks.records import task_record


async def test_before_the_first_write_there_is_nothing_to_export(ann: Person) -> None:
    answer = await ann.http.get("/api/me/export")

    assert (answer.status_code, answer.content) == (200, b'{"user":null,"tasks":[]}')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="taskward-export.json"'


async def test_a_user_without_tasks_has_an_empty_list(ann: Person) -> None:
    task = await ann.create()
    await ann.http.delete(f"/api/tasks/{task['id']}")

    assert await export(ann) == {"user": (await ann.http.get("/api/me")).json(), "tasks": []}


async def test_an_export_has_every_task_whole(ann: Person) -> None:
    tasks = [
        await ann.create("Buy milk", description='"Two"\n\N{ROCKET}', is_completed=True),
        await ann.create("\\u0000"),
        await ann.create("Straße"),
    ]

    document = await export(ann)

    assert list(document) == ["user", "tasks"]
    assert document["tasks"] == tasks
    assert document["user"] == (await ann.http.get("/api/me")).json()


@pytest.mark.parametrize("count", [1, 3, 4, 6, 7])
async def test_an_export_of_many_pages_is_complete_and_in_pieces(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(store, "EXPORT_PAGE", 3)
    tasks = many(count)
    await import_tasks(ann, *tasks)

    sent = await exchange(app, "GET", "/api/me/export", headers=[("Authorization", f"Bearer {ann.token}")])

    assert without_owner(orjson.loads(sent.body)["tasks"]) == without_owner(tasks)
    assert b"content-length" not in dict(sent.headers)


async def test_an_export_has_no_data_of_other_users(ann: Person, bob: Person) -> None:
    await bob.create("His canary", description="His canary")
    hers = await ann.create("Hers")

    document = await export(ann)

    assert document["tasks"] == [hers]
    assert "canary" not in str(document)


async def test_head_reads_nothing(app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await ann.create()
    asked = count_reads(app, monkeypatch)

    answer = await ann.http.head("/api/me/export")

    assert (answer.status_code, answer.content, asked) == (200, b"", [])


async def test_a_database_that_fails_at_once_is_an_error(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ann.create()
    fail_at(app, monkeypatch, 1)

    assert refusal(await ann.http.get("/api/me/export")) == DATABASE_ERROR


async def test_a_database_that_fails_in_the_middle_breaks_the_answer_off(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "EXPORT_PAGE", 2)
    await import_tasks(ann, *many(6))
    fail_at(app, monkeypatch, 3)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/me/export",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {ann.token}".encode())],
    }
    with pytest.raises(DatabaseError):
        await app(scope, an_empty_body(), send)

    pieces = b"".join(message.get("body", b"") for message in sent)
    assert sent[0]["status"] == 200
    assert pieces.count(b'"title"') == 4
    assert all(message.get("more_body", True) for message in sent), "the server was told that it is whole"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(pieces)


async def test_what_changes_meanwhile_does_no_harm(
    app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that exists throughout is exported once, for any writes between two pages."""
    monkeypatch.setattr(store, "EXPORT_PAGE", 5)
    tasks = many(20)
    await import_tasks(ann, *tasks)
    rows = database_of(app).rows

    async def and_write(read: Read, values: Values) -> Sequence[Row]:
        found: Sequence[Row] = await rows(read, values)
        if read is AFTER[TASK] and found and task_record(found[0]).title != "New":
            await ann.http.delete(f"/api/tasks/{found[0][0]}")
            await ann.create("New")
        return found

    monkeypatch.setattr(database_of(app), "rows", and_write)
    exported = [task["id"] for task in (await export(ann))["tasks"]]

    assert len(exported) == len(set(exported))
    assert {task["id"] for task in await ann.tasks() if task["title"] != "New"} <= set(exported)


def count_reads(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the names of the statements of an export that are asked for."""
    rows, asked = database_of(app).rows, list[str]()

    async def noted(read: Read, values: Values) -> Sequence[Row]:
        asked.append(read.name)
        found: Sequence[Row] = await rows(read, values)
        return found

    monkeypatch.setattr(database_of(app), "rows", noted)
    return asked


def fail_at(app: FastAPI, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Makes the database fail at that page of an export; the first is 1."""
    rows, left = database_of(app).rows, number

    async def failing(read: Read, values: Values) -> Sequence[Row]:
        nonlocal left
        left -= read is AFTER[TASK]
        if not left:
            raise DatabaseError(reason="made up")
        found: Sequence[Row] = await rows(read, values)
        return found

    monkeypatch.setattr(database_of(app), "rows", failing)


# On a real server


@pytest_asyncio.fixture
async def server(new_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[tuple[str, int, str]]:
    """Yields the address and the process of a server of its own, on a file, and the URL of its database."""
    url = await new_database("disk")
    with command(tmp_path, "serve", DATABASE_URL=url, JWT_SECRET=SECRET, PORT="0") as taskward:
        port = await asyncio.to_thread(taskward.port)
        yield f"http://127.0.0.1:{port}", taskward.process.pid, url


@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("path", "total", "start"),
    [
        ("/api/me/export", 10_000, b'"title":'),
        pytest.param("/api/me/calendar.ics", 10_000, b"SUMMARY:", marks=pytest.mark.soak),
    ],
    ids=["json", "ics"],
)
async def test_the_memory_of_an_export_does_not_grow_with_the_tasks(
    server: tuple[str, int, str], path: str, total: int, start: bytes
) -> None:
    """The tasks are put into the table beside the server; the response has more than 20 MB."""
    address, pid, url = server
    ann = str(uuid4())
    async with running(settings_for(url)) as beside:
        long = "d" * 2000
        await insert_tasks(beside, UUID(ann), [Stored(new_id(), f"{n}", long) for n in range(total)])
    headers = {"Authorization": f"Bearer {token_for(ann)}"}

    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        await client.get(path, headers={"Authorization": f"Bearer {token_for('another')}"})
        memory, size, count = PeakMemory(pid), 0, 0
        async with client.stream("GET", path) as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            async for piece in answer.aiter_raw():
                size += len(piece)
                count += piece.count(start)

    assert size > 20_000_000
    assert count >= 0.97 * total  # a name that two pieces share is not counted
    assert memory.grown < 16
