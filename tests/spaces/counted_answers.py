"""Answers about spaces, to the byte, and the statements that they took."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from spaces.space_support import QUERIES, Operation

from taskward.database import OwnedRows, SharedRows, authorize_and_write
from taskward.database.sqlite.compiled import CompiledSql
from taskward.database.statements import (
    Authorize,
    AuthorizedWrite,
    Read,
    Row,
    T,
    TransactionSteps,
    Values,
    Write,
)

FIELDS = {"If-Match": '"1"', "If-None-Match": '"1"', "Idempotency-Key": "a-key", "Prefer": "x"}
"""A value of each header field that a route below a space reads."""


class CountedRows:
    """The rows of an app, with the names of the statements that a request runs."""

    def __init__(self, rows: OwnedRows) -> None:
        self._rows = cast("SharedRows", rows)
        self.names: list[str] = []

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        self.names.append(read.name)
        return await self._rows.rows(read, values)

    async def write(self, write: Write, values: Values) -> Row | None:
        self.names.append(write.name)
        return await self._rows.write(write, values)

    async def write_authorized(
        self, authorized: AuthorizedWrite, values: Values, authorize: Authorize
    ) -> Row | None:
        self.names.append(f"{authorized.write.name}, with its role")
        return await self._rows.write_authorized(authorized, values, authorize)

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        self.names.append("transaction")
        return await self._rows.transact(steps, long=long, owners=owners)

    async def wait_unlocked(self, owner: UUID) -> None:
        await self._rows.wait_unlocked(owner)

    async def scrub(self) -> None:
        await self._rows.scrub()


class RolesReadBefore(CountedRows):
    """Such rows that read the role by a statement before that of the write, as some engines do."""

    async def write_authorized(
        self, authorized: AuthorizedWrite, values: Values, authorize: Authorize
    ) -> Row | None:
        return await authorize_and_write(self, authorized, values, authorize)


@contextmanager
def counted_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yields a list to which each statement on SQLite that runs within adds its steps of the virtual machine.

    Statements of the background do not count: theirs is the context in which the app was started.
    """
    steps: list[int] = []
    is_within = ContextVar("is_within", default=False)

    def counting(start: Callable[..., Any]) -> Callable[..., Any]:
        def counted(sql: CompiledSql, connection: sqlite3.Connection, values: Values) -> Any:
            if is_within.get():
                steps.append(0)
                connection.set_progress_handler(step, 1)
            else:
                connection.set_progress_handler(None, 0)
            return start(sql, connection, values)

        return counted

    def step() -> int:
        steps[-1] += 1
        return 0

    token = is_within.set(True)
    try:
        with monkeypatch.context() as patched:
            for name in ("rows_of", "cursor"):
                patched.setattr(CompiledSql, name, counting(getattr(CompiledSql, name)))
            yield steps
    finally:
        is_within.reset(token)


def missing() -> str:
    return f"/api/spaces/{uuid4()}"


def filled(operation: Operation, task_id: str) -> str:
    """Returns the path with the id of a task that exists, and `me` for a member."""
    ids = dict.fromkeys(("task_id", "list_id", "comment_id", "invitation_id"), task_id)
    return operation.template.format(member_id="me", **ids) + QUERIES.get(operation.template, "")


def whole(answer: httpx.Response) -> tuple[Any, ...]:
    """Returns all of an answer but the request's own id and the time."""
    own = {"x-request-id", "date"}
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in own]
    return answer.status_code, tuple(headers), answer.content
