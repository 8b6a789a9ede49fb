"""The data that is measured on: many owners with a few tasks each, and the requests that are made of it.

Ids follow from numbers, so that Python, pgbench and both engines mean the same rows.
"""

import random
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import jwt
import orjson

SECRET: Final = "a secret that only the benchmarks know"  # noqa: S105 - of servers on this machine alone
OWNERS: Final = 9_000
"""Fewer than the tokens that Taskward and the peer remember (10,000)."""

TASKS_EACH: Final = 25
BUSY_OWNERS: Final = 500
"""The owners whose unchanged lists are read repeatedly."""

PAGE: Final = 20
BEGINNING: Final = datetime(2025, 1, 1, tzinfo=UTC)
TITLE: Final = "Buy milk and a birthday card"
DESCRIPTION: Final = "Two litres, the blue one; and ask whether the other shop has it, before it closes."

USER_COLUMNS: Final = ("id", "email", "seq", "horizon", "created_at", "updated_at")
TASK_COLUMNS: Final = (
    "user_id",
    "id",
    "title",
    "title_folded",
    "description",
    "description_folded",
    "is_completed",
    "created_at",
    "updated_at",
    "version",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SEQ: Final = 1_000_000

Record = tuple[Any, ...]


def owner_id(owner: int) -> UUID:
    return UUID(int=_OWNER | owner)


def task_id(owner: int, task: int) -> UUID:
    """Returns the UUIDv7 of the owner's task of that number: they are an hour apart."""
    return UUID(int=(_BEGINNING + task * _HOUR) << 80 | _TASK | owner)


_OWNER: Final = 0x0000_0000_0000_4000_8000_0000_0000_0000
_TASK: Final = 0x7000_8000_0000_0000_0000
_HOUR: Final = 3_600_000
_BEGINNING: Final = int(BEGINNING.timestamp()) * 1000

OWNER_SQL: Final = "('00000000-0000-4000-8000-' || lpad(to_hex(:owner::bigint), 12, '0'))::uuid"
TASK_SQL: Final = (
    f"(lpad(to_hex({_BEGINNING} + :task::bigint * {_HOUR}), 12, '0')"
    " || '70008000' || lpad(to_hex(:owner::bigint), 12, '0'))::uuid"
)
"""The same, of pgbench's variables `owner` and `task`."""


def created(task: int) -> datetime:
    """Returns a moment with six digits of a second, like most: a whole second is written in a slower way."""
    return BEGINNING + timedelta(hours=task, microseconds=100_001 + 10 * task)


def user_record(owner: int, tasks: int) -> Record:
    return (owner_id(owner), None, _FIRST_SEQ + tasks, _FIRST_SEQ, BEGINNING, BEGINNING)


def task_records(owner: int, tasks: int) -> Iterator[Record]:
    for n in range(tasks):
        title = f"Task {n} of owner {owner}"
        description = DESCRIPTION if n % 2 else None
        folded = description and description.casefold()
        when = created(n)
        yield (
            owner_id(owner),
            task_id(owner, n),
            title,
            title.casefold(),
            description,
            folded,
            n % 3 == 0,
            when,
            when,
            _FIRST_SEQ + n + 1,
        )


async def fill_postgres(url: str, owners: Mapping[int, int]) -> None:
    """Adds owners, each with that many tasks, and collects statistics, as the server would."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")  # these rows need no checking
    await connection.copy_records_to_table(
        "users", columns=USER_COLUMNS, records=(user_record(*one) for one in owners.items())
    )
    await connection.copy_records_to_table(
        "tasks",
        columns=TASK_COLUMNS,
        records=(record for one in owners.items() for record in task_records(*one)),
    )
    await connection.execute("VACUUM (ANALYZE, FREEZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


def fill_sqlite(path: Path, owners: Mapping[int, int]) -> None:
    """Adds owners, each with that many tasks, to a file that no server has open."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for table, columns, records in (
        ("users", USER_COLUMNS, (user_record(*one) for one in owners.items())),
        ("tasks", TASK_COLUMNS, (record for one in owners.items() for record in task_records(*one))),
    ):
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - names of our tables
            (tuple(map(for_sqlite, record)) for record in records),
        )
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return int(value) if isinstance(value, bool) else value


def token(owner: int) -> str:
    return token_of(owner_id(owner))


def token_of(user: UUID) -> str:
    return jwt.encode(
        {"sub": str(user), "iat": 1_700_000_000, "exp": 4_000_000_000}, SECRET, algorithm="HS256"
    )


def write_targets(folder: Path) -> dict[str, Path]:
    """Writes what load.lua sends, a file a scenario."""
    tokens = [token(owner) for owner in range(OWNERS)]
    chance = random.Random(1)  # noqa: S311 - the same requests in every run
    body = orjson.dumps({"title": TITLE, "description": DESCRIPTION}).decode()
    lists = [("GET", f"/api/tasks?limit={PAGE}", one, "") for one in tokens]
    # After all owners within a slice, the next lists have not been requested either.
    shorter = [("GET", f"/api/tasks?limit={PAGE - 1}", one, "") for one in tokens]
    scenarios = {
        "list-changed": lists + shorter,
        "list-unchanged": lists[:BUSY_OWNERS],
        "one": [
            ("GET", f"/api/tasks/{task_id(owner, chance.randrange(TASKS_EACH))}", tokens[owner], "")
            for owner in chance.sample(range(OWNERS), OWNERS)
        ],
        "create": [("POST", "/api/tasks", one, body) for one in tokens],
    }
    files = {}
    for name, lines in scenarios.items():
        files[name] = folder / f"{name}.targets"
        files[name].write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")
    return files
