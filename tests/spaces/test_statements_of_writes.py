"""docs/decisions/0072: how many statements a write of one task in a space takes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import pytest
from fastapi import FastAPI
from spaces.counted_answers import CountedRows, missing
from spaces.space_locks import locked, space_id
from spaces.space_support import join, new_space, task_in
from spaces.task_writes import ALONE, Request, queued, send
from support import Person, database_of, parts_of, replace_part
from support.waiting import until

from taskward.activity import entries
from taskward.database import OWNED_ROWS
from taskward.database.postgres.connection import PostgresConnection
from taskward.database.postgres.notifications import NOTIFY
from taskward.database.statements import Row

READ_FIRST: Final[dict[str, Request]] = {
    "change task": ("PATCH", {"priority": "high", "labels": ["b"]}),
    "reschedule task": ("PATCH", {"due": {"date": "2030-01-01"}}),
}
"""Those that read the task to change before."""


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        *((request, [f"{name}, by a member, with its role"]) for name, request in ALONE.items()),
        *(
            (request, ["task to change, in a space", f"{name}, by a member"])
            for name, request in READ_FIRST.items()
        ),
    ],
    ids=[*ALONE, *READ_FIRST],
)
async def test_a_write_of_one_task_needs_no_read_of_the_role_before(
    app: FastAPI,
    ann: Person,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
    request_: Request,
    expected: list[str],
) -> None:
    """The read of a task that is then changed authorizes the change."""
    space = await new_space(ann)
    member = await join(ann, space, bob)
    task = await task_in(ann, space)
    rows = CountedRows(parts_of(app)[OWNED_ROWS])
    replace_part(monkeypatch, app, OWNED_ROWS, rows)

    answer = await send(bob, request_, space, task["id"])

    assert answer.is_success
    assert rows.names == expected
    if request_[1] is not None:
        assert answer.json()["updated_by"] == member["id"]


@pytest.mark.single_statements("a write as one statement")
@pytest.mark.parametrize("engine", ["postgres", "postgres-rls"], indirect=True)
@pytest.mark.parametrize("request_", ALONE.values(), ids=[*ALONE])
async def test_a_write_is_one_statement_and_so_is_its_refusal_of_any_space(
    app: FastAPI, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, request_: Request
) -> None:
    """Also while the row of the space is locked, and writes of members wait for it."""
    monkeypatch.setattr(entries, "DROPPED_AT_ONCE", 2 << 128)  # no write also drops expired entries
    space = await new_space(ann)
    task = await task_in(ann, space)
    may_be_batched = request_[0] == "POST"  # then, for every space, the role is read before
    with sent_statements(monkeypatch) as sent:
        for where in (space, missing(), f"/api/spaces/{ann.sub}"):
            assert (await send(bob, request_, where, task["id"])).status_code == 404
        refused = sent.pop()
        assert len(sent) == 2
        assert may_be_batched or sent == [refused, refused]

        async with locked(app, space_id(space)) as until_waiting:
            writing = [asyncio.create_task(send(ann, ALONE["create task"], space, "")) for _ in range(3)]
            await until_waiting(1)
            await until(lambda: queued(app, space_id(space)) == len(writing) - 1)
            sent.clear()
            for where in (space, missing()):
                assert (await send(bob, request_, where, task["id"])).status_code == 404
            assert len(sent) == 2
            assert may_be_batched or sent == [refused, refused]
        await asyncio.gather(*writing)

        sent.clear()
        assert (await send(ann, request_, space, task["id"])).is_success
    assert may_be_batched or sent == [refused]


@pytest.mark.parametrize("engine", ["postgres", "postgres-rls"], indirect=True)
@pytest.mark.parametrize("request_", ALONE.values(), ids=[*ALONE])
async def test_a_write_whose_client_goes_away_ends_its_turn(
    app: FastAPI, ann: Person, bob: Person, request_: Request
) -> None:
    space = await new_space(ann)
    await join(ann, space, bob)
    task = await task_in(ann, space)
    async with locked(app, space_id(space)) as until_waiting:
        given_up = asyncio.create_task(send(bob, request_, space, task["id"]))
        await until_waiting(1)
        waiting = asyncio.create_task(send(ann, ALONE["create task"], space, ""))
        await until(lambda: queued(app, space_id(space)))
        given_up.cancel()
        await until(lambda: not queued(app, space_id(space)))
    assert (await waiting).status_code == 201
    assert not database_of(app)._owner_queue._running
    assert not database_of(app)._writing


@contextmanager
def sent_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yields a list of the statements that are sent to PostgreSQL within, in order.

    Those of the background do not count: theirs is the context in which the app was started.
    """
    fetch, sent = PostgresConnection.fetch, list[str]()
    is_within = ContextVar("is_within", default=False)

    async def noted(connection: PostgresConnection, sql: str, *arguments: Any) -> Sequence[Row]:
        if is_within.get() and sql != NOTIFY:  # sent a moment after a change
            sent.append(sql)
        rows: Sequence[Row] = await fetch(connection, sql, *arguments)
        return rows

    token = is_within.set(True)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(PostgresConnection, "fetch", noted)
            yield sent
    finally:
        is_within.reset(token)
