"""The data that is measured on: many owners with a few tasks each, and the requests that are made of it.

Ids follow from numbers, so that Python, pgbench and both engines mean the same rows.
"""

import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import jwt
import orjson

from taskward.http.roles import Role

SECRET: Final = "a secret that only the benchmarks know"  # noqa: S105 - of servers on this machine alone
OWNERS: Final = 9_000
"""With `WRITERS` fewer than the tokens that Taskward and the peer remember (10,000)."""

TASKS_EACH: Final = 25
WRITERS: Final = 200
"""Further owners, who write: each has a list of `LIST_TASKS` tasks with optional fields."""

LIST_TASKS: Final = 1_000
WRITING: Final = range(OWNERS, OWNERS + WRITERS)
SPACES: Final = range(OWNERS + WRITERS, OWNERS + 2 * WRITERS)
"""Spaces with the same tasks and their activity, each with one of the writers and others as its members."""

MEMBERS: Final = 5
"""The members of a space; without an index for them, PostgreSQL would read the few of all spaces."""

UPDATED: Final = 10
"""Tasks of each writer that are updated."""

TURN: Final = 40
"""Owners who send one body of an update before they send the other: more than there are connections, and so
few that a run ends with few tasks between the two."""

BUSY_OWNERS: Final = 500
"""The owners whose unchanged lists are read repeatedly."""

PAGE: Final = 20
BEGINNING: Final = datetime(2025, 1, 1, tzinfo=UTC)
TITLE: Final = "Buy milk and a birthday card"
DESCRIPTION: Final = "Two litres, the blue one; and ask whether the other shop has it, before it closes."
BARE_TASK: Final = {"title": TITLE, "description": DESCRIPTION}

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
DOMAIN_COLUMNS: Final = (*TASK_COLUMNS, "list_id", "completed_at", "extra", "due_key", "priority")
LIST_COLUMNS: Final = (
    "user_id",
    "id",
    "title",
    "is_archived",
    "position",
    "created_at",
    "updated_at",
    "version",
)
SPACE_COLUMNS: Final = ("user_id", "title", "is_archived", "created_at", "updated_at", "version")
MEMBER_COLUMNS: Final = ("user_id", "id", "person_id", "role", "joined_at", "updated_at", "version")
ACTIVITY_COLUMNS: Final = ("user_id", "id", "at", "actor_id", "action", "task_id")
LABEL_COLUMNS: Final = ("user_id", "task_id", "label_folded", "label")
LABELLED: Final = 10
"""Tasks of each owner that have the label, or all if there are fewer."""

OPEN: Final = 100
"""Tasks of each owner that are open, or all if there are fewer."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SEQ: Final = 1_000_000

Record = tuple[Any, ...]
Target = tuple[str, str, str, str]
"""Method, path, token and body of a request."""

MakeRecords = Callable[[int, int], Iterable[Record]]
"""Makes the records of an owner with that many tasks."""

Tables = Sequence[tuple[str, tuple[str, ...], MakeRecords]]
"""The name, the columns and the records of each table that is filled."""


def owner_id(owner: int) -> UUID:
    return UUID(int=_OWNER | owner)


def list_id(owner: int) -> UUID:
    return owner_id(owner)  # an id like any other


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


def user_records(owner: int, tasks: int) -> Iterator[Record]:
    yield user_record(owner, tasks)


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


def domain_records(owner: int, tasks: int) -> Iterator[Record]:
    """Returns tasks in one list, with a due date and a priority; a hundred are open, ten have a label."""
    labelled = _numbers(tasks, LABELLED)
    is_open = open_numbers(tasks)
    for n, record in enumerate(task_records(owner, tasks)):
        day = (BEGINNING + timedelta(days=n * 7919 % 1000)).date().isoformat()
        extra = {"due": {"date": day}, "priority": "high"} | ({"labels": ["home"]} if n in labelled else {})
        done = n not in is_open
        yield (
            *record[:6],
            done,
            *record[7:],
            list_id(owner),
            record[7] if done else None,
            orjson.dumps(extra).decode(),
            f"{day}T24:00",
            3,
        )


def list_records(owner: int, _tasks: int) -> Iterator[Record]:
    """Yields the list of an owner's tasks."""
    yield owner_id(owner), list_id(owner), "Home", False, "m", BEGINNING, BEGINNING, _FIRST_SEQ


def label_records(owner: int, tasks: int) -> Iterator[Record]:
    for n in _numbers(tasks, LABELLED):
        yield owner_id(owner), task_id(owner, n), "home", "home"


def space_records(owner: int, _tasks: int) -> Iterator[Record]:
    yield owner_id(owner), "Flat", False, BEGINNING, BEGINNING, _FIRST_SEQ


def member_records(owner: int, _tasks: int) -> Iterator[Record]:
    """Yields the owner of a space, the writer of the same place among the writers, and its editors."""
    for n in range(MEMBERS):
        member, role = owner_id(owner - WRITERS - n), Role.EDITOR if n else Role.OWNER
        yield owner_id(owner), member, member, role, BEGINNING, BEGINNING, _FIRST_SEQ


def activity_records(owner: int, tasks: int) -> Iterator[Record]:
    """Yields an entry for each task, all of the last days."""
    actor, now = owner_id(owner - WRITERS), datetime.now(UTC)
    for n in range(tasks):
        at = now - timedelta(minutes=tasks - n)
        entry_id = UUID(int=(int(at.timestamp() * 1000) << 80) | _TASK | owner)
        yield owner_id(owner), entry_id, at, actor, "created", task_id(owner, n)


def open_numbers(tasks: int) -> range:
    """Returns the numbers of an owner's open tasks, from all ages."""
    return _numbers(tasks, OPEN)


def _numbers(tasks: int, some: int) -> range:
    """Returns the numbers of some tasks, from all ages."""
    return range(0, tasks, max(1, tasks // some))


BARE: Final[Tables] = (("tasks", TASK_COLUMNS, task_records),)
REAL: Final[Tables] = (
    ("lists", LIST_COLUMNS, list_records),
    ("tasks", DOMAIN_COLUMNS, domain_records),
    ("task_labels", LABEL_COLUMNS, label_records),
)
"""Tasks with optional fields, in a list of their owner."""

SHARED: Final[Tables] = (
    ("spaces", SPACE_COLUMNS, space_records),
    ("members", MEMBER_COLUMNS, member_records),
    *REAL,
    ("activity", ACTIVITY_COLUMNS, activity_records),
)
"""The same in spaces."""


async def fill_postgres(url: str, owners: Mapping[int, int], tables: Tables = BARE) -> None:
    """Adds owners, each with that many tasks, and collects statistics, as the server would."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")  # these rows need no checking
    await connection.copy_records_to_table(
        "users", columns=USER_COLUMNS, records=(user_record(*one) for one in owners.items())
    )
    for table, columns, records_of in tables:
        await connection.copy_records_to_table(
            table, columns=columns, records=(record for one in owners.items() for record in records_of(*one))
        )
    await connection.execute("VACUUM (ANALYZE, FREEZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


def fill_sqlite(path: Path, owners: Mapping[int, int], tables: Tables = BARE) -> None:
    """Adds owners, each with that many tasks, to a file that no server has open."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for table, columns, records_of in (("users", USER_COLUMNS, user_records), *tables):
        records = (record for one in owners.items() for record in records_of(*one))
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


def real_task(in_list: UUID | str, day: int = 1) -> dict[str, Any]:
    """Returns the body of a task as apps make them: in a list, due at a time in a zone, with labels."""
    return BARE_TASK | {
        "list_id": str(in_list),
        "due": {"date": f"2030-05-{day:02}", "time": "14:30", "time_zone": "Europe/Berlin"},
        "priority": "high",
        "labels": ["errands", "home"],
    }


def full_task(in_list: UUID | str, day: int = 1) -> dict[str, Any]:
    """Returns the same with the other fields that need no other task."""
    return real_task(in_list, day) | {
        "reminders": [{"offset_minutes": -30}],
        "metadata": {"colour": "blue", "minutes": 25},
        "recurrence": {"rule": "FREQ=DAILY;INTERVAL=2"},
    }


CREATES: Final[Mapping[str, Callable[[UUID | str, int], dict[str, Any]]]] = {
    "create": lambda _list, _day: BARE_TASK,
    "create-real": real_task,
    "create-full": full_task,
}
"""The body of each kind of create, for a list and a day of a month."""

UPDATES: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "update": ({"title": TITLE}, {"title": TITLE.upper()}),
    "update-priority": ({"priority": "urgent"}, {"priority": "low"}),
    "update-due": (
        {"due": {"date": "2030-06-01", "time": "14:30", "time_zone": "Europe/Berlin"}},
        {"due": {"date": "2030-07-01", "time": "09:15", "time_zone": "Europe/Berlin"}},
    ),
    "update-labels": ({"labels": ["errands", "home"]}, {"labels": ["home", "work"]}),
}
"""Two bodies of each kind of update, which take turns: so each changes the task."""

COMPLETE: Final = {"complete": ({"is_completed": True}, {"is_completed": False})}
"""The same for a completion and a reopening."""


IN_SPACES: Final = (
    *("one-space", "list-space", "feed-space", "create-space", "create-real-space"),
    *("update-space", "update-due-space", "complete-space"),
)
"""The requests that are measured in spaces too."""

OWN, SPACE = "-own", "-space"
"""The ends of the names of requests on the tasks of a writer, and of a space that the writer is in."""


def _root(owner: int) -> str:
    """Returns the path below which an owner's tasks are."""
    return f"/api/spaces/{owner_id(owner)}/tasks" if owner in SPACES else "/api/tasks"


def _caller(owner: int) -> str:
    return token(owner - WRITERS if owner in SPACES else owner)


def _creates(owners: Iterable[int]) -> dict[str, list[Target]]:
    return {
        scenario: [
            ("POST", _root(owner), _caller(owner), _json(body(list_id(owner), owner % 28 + 1)))
            for owner in owners
        ]
        for scenario, body in CREATES.items()
    }


def _updates(owners: range) -> dict[str, list[Target]]:
    """Returns updates of tasks of all ages; of some owners' with one body, then with the other."""
    numbers = _numbers(LIST_TASKS, UPDATED)
    return {
        scenario: [
            ("PUT", f"{_root(owner)}/{task_id(owner, number)}", _caller(owner), _json(body))
            for number in numbers
            for start in range(0, len(owners), TURN)
            for body in bodies
            for owner in owners[start : start + TURN]
        ]
        for scenario, bodies in (UPDATES | COMPLETE).items()
    }


def _reads(owners: Iterable[int]) -> dict[str, list[Target]]:
    """Returns reads of tasks of all ages, of unchanged lists, and of feeds from their beginning."""
    feed = {owner: _root(owner).removesuffix("tasks") + "changes" for owner in owners}
    return {
        "one": [
            ("GET", f"{_root(owner)}/{task_id(owner, number)}", _caller(owner), "")
            for number in _numbers(LIST_TASKS, UPDATED)
            for owner in owners
        ],
        "list": [("GET", f"{_root(owner)}?limit={PAGE}", _caller(owner), "") for owner in owners],
        "feed": [("GET", f"{feed[owner]}?limit={PAGE}", _caller(owner), "") for owner in owners],
    }


def _json(body: Mapping[str, Any]) -> str:
    return orjson.dumps(body).decode()


def write_targets(folder: Path) -> dict[str, Path]:
    """Writes what load.lua sends, a file a scenario."""
    tokens = [token(owner) for owner in range(OWNERS)]
    chance = random.Random(1)  # noqa: S311 - the same requests in every run
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
        **{name + OWN: lines for name, lines in _reads(WRITING).items()},
        **_creates(WRITING),
        **_updates(WRITING),
        **{
            name + SPACE: lines
            for name, lines in (_reads(SPACES) | _creates(SPACES) | _updates(SPACES)).items()
            if name + SPACE in IN_SPACES
        },
    }
    files = {}
    for name, lines in scenarios.items():
        files[name] = folder / f"{name}.targets"
        files[name].write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")
    return files
