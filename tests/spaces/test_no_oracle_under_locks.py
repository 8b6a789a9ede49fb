"""docs/contract.md#spaces: what locks a space or fills its queue is hidden from a user who is no member."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from functools import partial
from itertools import groupby, product
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from spaces.counted_answers import FIELDS, CountedRows, filled, missing, whole
from spaces.space_support import (
    BODIES,
    Operation,
    invite,
    join,
    new_space,
    operations,
    redeem,
    remove,
    task_in,
    with_bytes,
)
from support import Person, database_of, execute, parts_of, replace_part
from support.waiting import TIMEOUT, until

from taskward.database import OWNED_ROWS

Obstacle = Callable[[FastAPI, UUID], AbstractAsyncContextManager[None]]

QUEUED: Final = 10
"""Writes of members that wait for the space meanwhile."""


class Probe(NamedTuple):
    """Requests that differ only in the space they are about, by its path."""

    name: str
    send: Callable[[Person, str], Awaitable[httpx.Response]]


@asynccontextmanager
async def locked_row(app: FastAPI, space: UUID) -> AsyncIterator[None]:
    """Holds the row of the space in a transaction of another connection."""
    async with database_of(app).pool.acquire() as connection, connection.transaction():
        await connection.fetch("SELECT 1 FROM users WHERE id = $1 FOR UPDATE NOWAIT", space)
        yield


@asynccontextmanager
async def split_change(app: FastAPI, space: UUID) -> AsyncIterator[None]:
    """Locks the space as a change of several transactions does between two of them."""
    lock = "INSERT INTO owner_locks (user_id, change, holder, renewed_at) VALUES"
    await execute(app, f"{lock} ('{space}', 'erasure', 'x', {9 * 10**15})")
    yield
    await execute(app, "DELETE FROM owner_locks")


@asynccontextmanager
async def busy_writer(app: FastAPI, space: UUID) -> AsyncIterator[None]:  # noqa: ARG001 - it locks all owners
    """Holds the write lock of the file, as a transaction of another process does."""
    with closing(sqlite3.connect(database_of(app).path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("engine", "obstacle", "waiting"),
    [
        ("postgres", locked_row, "create task, by a member, with its role"),
        ("disk", split_change, "create task, by a member, with its role"),
        ("disk", busy_writer, "create task, by a member, with its role"),
    ],
    indirect=["engine"],
    ids=["a locked row", "a change in parts", "a busy writer"],
)
async def test_a_locked_space_with_a_full_queue_is_answered_like_a_missing_one(
    app: FastAPI,
    ann: Person,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
    obstacle: Obstacle,
    waiting: str,
) -> None:
    """`waiting` is the statement or transaction for which a member's write waits."""
    space = await new_space(ann)
    task = await task_in(ann, space, labels=["a"])
    invitation = await invite(ann, space)
    former = Person(app)
    await remove(ann, space, await join(ann, space, former))
    mine = (await bob.create())["id"], (await former.create())["id"]
    counted = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, counted)
    writers = ann, await editor(app, ann, space)

    for probes in (*of_operations(app, task["id"]), of_bodies(task["id"], mine[0], invitation)):
        async with obstacle(app, UUID(space[-36:])):
            writing = await queued_writes(writers, space, counted, waiting)
            async with asyncio.timeout(TIMEOUT):
                for probe in probes:
                    seen = set()
                    for person, where in product((bob, former), (space, missing())):
                        counted.names.clear()
                        answer = await probe.send(person, where)
                        seen.add((whole(answer), tuple(counted.names)))
                        assert answer.status_code in {400, 404}, probe.name
                        assert "transaction" not in counted.names, probe.name
                    assert len(seen) == 1, probe.name
            assert not any(one.done() for one in writing)
        assert {answer.status_code for answer in await asyncio.gather(*writing)} == {201}


@pytest.mark.engines("disk")
async def test_a_member_reads_nothing_of_a_space_during_a_change_in_parts(
    app: FastAPI, ann: Person, bob: Person
) -> None:
    space = await new_space(ann)
    task = await task_in(ann, space, labels=["a"])
    paths = ["", "/tasks", f"/tasks/{task['id']}", "/lists", "/members", "/members/me", "/changes", "/export"]
    async with split_change(app, UUID(space[-36:])):
        reading = [asyncio.create_task(ann.http.get(space + path)) for path in paths]
        for path in paths:
            async with asyncio.timeout(TIMEOUT):
                assert (await bob.http.get(space + path)).status_code == 404
        assert not any(one.done() for one in reading)
    assert {answer.status_code for answer in await asyncio.gather(*reading)} == {200}


async def editor(app: FastAPI, owner: Person, space: str) -> Person:
    person = Person(app)
    await join(owner, space, person)
    return person


async def queued_writes(
    writers: Sequence[Person], space: str, counted: CountedRows, waiting: str
) -> "list[asyncio.Task[httpx.Response]]":
    """Sends writes of several members, and waits until each is in the queue of the space."""
    counted.names.clear()
    writing = [
        asyncio.create_task(writers[n % len(writers)].http.post(f"{space}/tasks", json={"title": f"{n}"}))
        for n in range(QUEUED)
    ]
    await until(lambda: counted.names.count(waiting) == QUEUED)
    return writing


def of_operations(app: FastAPI, task_id: str) -> Iterator[list[Probe]]:
    """Yields the requests of each path below a space: ids that exist or not, with and without headers."""
    for _, of_path in groupby(operations(app), key=lambda operation: operation.template):
        yield [
            Probe(
                f"{operation.method} {path} {headers}",
                partial(_send, operation=operation, path=path, headers=headers),
            )
            for operation in of_path
            for path in dict.fromkeys((operation.path, filled(operation, task_id)))
            for headers in ({}, FIELDS)
        ]


async def _send(
    person: Person, space: str, operation: Operation, path: str, headers: dict[str, str]
) -> httpx.Response:
    body = BODIES.get((operation.method, operation.template))
    return await person.http.request(operation.method, space + path, json=body, headers=headers)


def of_bodies(task_id: str, own_id: str, invitation: str) -> list[Probe]:
    """Returns the requests that name a space in their body."""
    other, keyed = str(uuid4()), {"Idempotency-Key": "a-key"}

    def moving(fields: Callable[[str], dict[str, Any]], headers: dict[str, str]) -> Probe:
        async def send(person: Person, space: str) -> httpx.Response:
            return await person.http.post("/api/moves", json=fields(space[-36:]), headers=headers)

        return Probe(f"move {fields('a space')} {headers}", send)

    wrong = with_bytes(invitation, 32, b"x" * 32)

    async def redeeming(person: Person, space: str) -> httpx.Response:
        return await redeem(person, with_bytes(wrong, 0, UUID(space[-36:]).bytes))

    bodies: list[Callable[[str], dict[str, Any]]] = [
        lambda space: {"from": space, "to": None, "tasks": [{"id": task_id}]},
        lambda space: {"from": space, "to": None, "tasks": [{"id": task_id, "if_match": '"1"'}]},
        lambda space: {"from": space, "to": None, "list": task_id},
        lambda space: {"from": None, "to": space, "tasks": [{"id": own_id}]},
        lambda space: {"from": None, "to": space, "tasks": [{"id": task_id}], "to_parent": task_id},
        lambda space: {"from": space, "to": other, "tasks": [{"id": task_id}]},
        lambda space: {"from": other, "to": space, "tasks": [{"id": task_id}]},
    ]
    moves = [moving(fields, headers) for fields in bodies for headers in ({}, keyed)]
    return [*moves, Probe("redeem with a wrong secret", redeeming)]
