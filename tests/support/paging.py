"""Tasks stored past the service, lists walked page by page, and the statements that are run for them."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from fastapi import FastAPI

from support import Person, database_of
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.database import SqliteDatabase
from taskward.database.statements import Read, Values, Write
from taskward.ids import created_at, new_id
from taskward.tasks.sorts import BASE_SORTS
from taskward.tasks.tables import TASKS
from taskward.users.tables import USERS

SORTS: Final[tuple[str, ...]] = BASE_SORTS
NOON: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SEQ: Final = 1_000_000


class Stored(NamedTuple):
    """A task to be put straight into the table."""

    id: UUID
    title: str
    description: str | None = None
    is_completed: bool = False
    updated_at: datetime = NOON


def some_tasks(count: int, *, title: str = "Task {n}") -> list[Stored]:
    """Returns tasks whose titles and times of change come in another order than their ids, with ties."""
    return [
        Stored(
            new_id(),
            title.format(n=n * 7919 % count // 2),
            f"Description {n}",
            is_completed=n % 3 == 0,
            updated_at=NOON + timedelta(seconds=n * 104_729 % count // 3),
        )
        for n in range(count)
    ]


async def insert_tasks(app: FastAPI, owner: Person | UUID, tasks: Iterable[Stored]) -> None:
    """Puts tasks of an owner who has none yet into the table, past the service: thousands in a moment."""
    owner_id = UUID(owner.sub) if isinstance(owner, Person) else owner
    rows = [_row(owner_id, task, _FIRST_SEQ + n) for n, task in enumerate(tasks)]
    user = {
        "id": owner_id,
        "email": None,
        "seq": _FIRST_SEQ + len(rows),
        "horizon": _FIRST_SEQ,
        "created_at": NOON,
        "updated_at": NOON,
    }
    await insert_rows(app, USERS.name, [user])
    if rows:
        await insert_rows(app, TASKS.name, rows)


async def pages(person: Person, **query: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """Walk through a list; each page but the last is full and says that another follows."""
    cursor: dict[str, str] = {}
    while True:
        answer = await person.http.get("/api/tasks", params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page["tasks"]
        if page["next_cursor"] is None:
            return
        assert len(page["tasks"]) == query.get("limit", 1000)
        cursor = {"cursor": page["next_cursor"]}


async def walk(person: Person, **query: Any) -> list[dict[str, Any]]:
    """Returns all tasks of a list, in the order in which its pages show them."""
    return [task async for page in pages(person, **query) for task in page]


def in_order(tasks: Iterable[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Sorts tasks as the contract says; Python too compares texts by code points."""
    column = sort.removeprefix("-")
    return sorted(tasks, key=lambda task: (task[column], task["id"]), reverse=sort.startswith("-"))


_of_this_test = ContextVar("of_this_test", default=False)
"""Whether a statement is run for the current test; the jobs of an app started in another context."""


def statements_run(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns a list to which each statement of the calling test's requests adds its name from now on.

    Those of background jobs do not.
    """
    names: list[str] = []
    _of_this_test.set(True)
    database = database_of(app)
    for verb in ("rows", "write"):
        monkeypatch.setattr(database, verb, _noting(names, getattr(database, verb)))
    return names


def _noting(names: list[str], run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def noted(statement: Read | Write, values: Values) -> Any:
        if _of_this_test.get():
            names.append(statement.name)
        return await run(statement, values)

    return noted


def _row(owner_id: UUID, task: Stored, version: int) -> dict[str, Any]:
    return {
        "user_id": owner_id,
        "id": task.id,
        "title": task.title,
        "title_folded": task.title.casefold(),
        "description": task.description,
        "description_folded": task.description and task.description.casefold(),
        "is_completed": task.is_completed,
        "created_at": created_at(task.id),
        "updated_at": task.updated_at,
        "version": version,
    }


async def insert_rows(app: FastAPI, table: str, rows: list[dict[str, Any]]) -> None:
    """Puts rows with the same columns into a table, past the service."""
    database = database_of(app)
    if isinstance(database, PostgresDatabase):
        async with database.pool.acquire() as connection:
            await copy_rows(connection, table, rows)
        return
    assert isinstance(database, SqliteDatabase)
    database.writer.execute("BEGIN IMMEDIATE")
    add_rows(database.writer, table, rows)
    database.writer.commit()


async def copy_rows(connection: Any, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Puts rows with the same columns into a table of PostgreSQL."""
    records = [tuple(row.values()) for row in rows]
    await connection.copy_records_to_table(table, columns=list(rows[0]), records=records)


def add_rows(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Puts rows with the same columns into a table of SQLite, in the open transaction."""
    columns = list(rows[0])
    marks = ", ".join("?" * len(columns))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - names of our own tables
        (
            [convert(value) if (convert := _FOR_SQLITE.get(type(value))) else value for value in row.values()]
            for row in rows
        ),
    )


@lru_cache
def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


_FOR_SQLITE: Final[dict[type, Callable[[Any], object]]] = {UUID: str, datetime: _microseconds, bool: int}
"""The conversion of each type of value that SQLite does not store as it is."""
