"""The data that the requests work on, put straight into the tables of a service that runs.

Each request finds rows of its own, so that it can be repeated, and run without those before it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from support.paging import NOON, add_rows, copy_rows
from support.task_rows import TaskRow, rows_of
from support.worst_requests.values import (
    METADATA,
    ZONE,
    inbox_task,
    largest_task,
    list_keys,
    list_row,
    tight_key,
)
from taskward.tasks.instant_tables import REMINDERS
from taskward.tasks.steps.ordering import MAX_MOVED
from taskward.tasks.steps.subtasks import MAX_BELOW
from taskward.tasks.tables import LISTS, TASK_LABELS, TASKS
from taskward.tasks.trash_tables import TRASH
from taskward.tokens.tables import ACCESS_TOKENS

BIG: Final = UUID(int=1)
"""The owner of many tasks, some of them as large as they can be, and of many lists and labels."""

QUIET: Final = UUID(int=3)
"""The owner of one task, who writes nothing."""

MAX_LISTS: Final = 1_000

SECRET: Final = bytes(32)
"""That of every invitation."""

_FIRST_VERSION: Final = 1_000_000
_SEQ: Final = 1_000_000_000
"""After the versions of all rows, and before those of writes, which follow the clock."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is, and how large the requests are."""

    tasks: int
    """Of the large owner."""

    largest: int
    """Of those, how many are as large as they can be."""

    changed: int
    """How many one request changes, if it changes all of an owner."""

    heavy: int
    """Operations of a batch that each touch hundreds of rows."""

    imported: int
    """Bytes of a document."""


SHORT: Final = Scale(tasks=20_000, largest=1_000, changed=2_000, heavy=5, imported=1536 * 1024)
LONG: Final = Scale(tasks=50_000, largest=10_000, changed=50_000, heavy=100, imported=60 * 1024 * 1024)


class World:
    """The data of one service."""

    def __init__(self, url: str, scale: Scale) -> None:
        self.scale = scale
        self.engine = url.partition(":")[0]
        self._tables = Tables(url)
        self._versions = _FIRST_VERSION
        self._numbers = count(1)
        self._copied: tuple[UUID, UUID]
        self.lists: list[UUID] = []

    def fill(self) -> None:
        """Makes the large owner, and a quiet one."""
        self._add_owner(BIG)
        self._add_owner(QUIET)
        self.add([inbox_task(0)], QUIET)
        self.lists = self.add_lists(BIG, MAX_LISTS)
        small = [inbox_task(n) for n in range(self.scale.tasks - self.scale.largest)]
        large = [largest_task(n, list_id=self.lists[n % len(self.lists)]) for n in range(self.scale.largest)]
        self.add([*large, *small])  # so the largest ones are the newest, and their changes the first ones
        of_all = [*small, *large]
        self._copied = of_all[-self.scale.changed].id, of_all[-1].id

    def number(self) -> int:
        """Returns a number that it has not returned before."""
        return next(self._numbers)

    def new_owner(self) -> UUID:
        """Returns an owner who has nothing yet."""
        return self._add_owner(UUID(int=1000 + self.number()))

    def add(self, tasks: Sequence[TaskRow], owner: UUID = BIG) -> list[UUID]:
        """Adds tasks, and returns their ids."""
        self._tables.insert(rows_of(owner, tasks, self._take_versions(len(tasks)), ZONE))
        return [task.id for task in tasks]

    def add_lists(
        self, owner: UUID, number: int, position: Callable[[int], str] = list_keys, **others: Any
    ) -> list[UUID]:
        """Adds lists that are as large as they can be, with these other columns; returns their ids."""
        first = self._take_versions(number)
        rows = [{**list_row(owner, n, position(n), first + n), **others} for n in range(number)]
        self._tables.insert({LISTS.name: rows})
        return [row["id"] for row in rows]

    def tight_places(self, number: int) -> list[UUID]:
        """Adds tasks in that many places where nearly 100 have to move for one; returns the middle ones."""
        return [self._place(2 * (MAX_MOVED - 1) + 1, step=1) for _ in range(number)]

    def place_without_room(self) -> UUID:
        """Adds tasks in a place where soon more than 100 would have to move; returns the middle one."""
        return self._place(2 * MAX_MOVED + 11, step=3)

    def _place(self, tasks: int, step: int) -> UUID:
        place = self.number()
        return self.add([TaskRow(position=tight_key(place, n, step)) for n in range(tasks)])[tasks // 2]

    def trees(self, tops: Sequence[TaskRow], below: int = MAX_BELOW, **fields: Any) -> list[UUID]:
        """Adds tasks with tasks below them on all levels, which have these fields; returns the upper ones."""
        self.add([task for top in tops for task in (top, *_below(top, below, fields))])
        return [top.id for top in tops]

    def tree(self, top: TaskRow, **fields: Any) -> list[TaskRow]:
        """Returns 500 tasks below one, on all levels, which have these fields; none of them is stored."""
        return _below(top, MAX_BELOW, fields)

    def add_to_trash(self, tasks: Sequence[TaskRow], owner: UUID, deleted_with: UUID | None = None) -> None:
        """Puts tasks into the trash that were deleted with another one, or by themselves."""
        deleted = {"deleted_at": NOON, "deleted_with": deleted_with}
        first = self._take_versions(len(tasks))
        rows = [{**task.row(owner, n), **deleted} for n, task in enumerate(tasks, first)]
        self._tables.insert({TRASH.name: rows})

    def add_tokens(self, owner: UUID, number: int) -> None:
        """Adds access tokens with the ids 1 to `number`, which do not expire for long."""
        common = {"user_id": owner, "digest": "", "name": "n" * 100, "access": "write", "private": True}
        times = {"created_at": NOON, "expires_at": NOON + timedelta(days=36500), "last_used_at": None}
        rows = [{**common, "id": UUID(int=n), "spaces": None, **times} for n in range(1, number + 1)]
        self._tables.insert({ACCESS_TOKENS.name: rows})

    def add_comments(self, owner: UUID, task: UUID, number: int, table: str = "comments") -> list[UUID]:
        """Adds comments on a task that are as large as they can be; returns their ids."""
        first = self._take_versions(number)
        texts = {"text": "t" * 4000, "metadata": orjson.dumps(METADATA).decode()}
        common = {"user_id": owner, "task_id": task, "created_at": NOON, "updated_at": NOON, **texts}
        rows: list[dict[str, Any]] = [
            {**common, "id": UUID(int=first + n), "version": first + n} for n in range(number)
        ]
        self._tables.insert({table: rows})
        return [row["id"] for row in rows]

    def trash_of_all(self) -> UUID:
        """Returns a new owner who has the newest tasks of the large owner in the trash."""
        owner, (first, last) = self.new_owner(), self._copied
        others = ", ".join(column.name for column in TASKS.columns if column.name != "user_id")
        self._tables.insert(
            {},
            f"INSERT INTO trash (user_id, {others}, deleted_at) SELECT '{owner}', {others}, updated_at "  # noqa: S608 - names of our own
            f"FROM tasks WHERE user_id = '{BIG}' AND id BETWEEN '{first}' AND '{last}'",
        )
        return owner

    def copy_of_all(self, list_id: UUID | None = None) -> UUID:
        """Returns a new owner who has the newest tasks of the large owner, in that list."""
        owner, (first, last) = self.new_owner(), self._copied
        places = {"user_id": f"'{owner}'"} | ({"list_id": f"'{list_id}'"} if list_id else {})
        statements = []
        for table, key in ((TASKS, "id"), (TASK_LABELS, "task_id"), (REMINDERS, "task_id")):
            columns = [column.name for column in table.columns]
            copied = [places.get(name, name) if table is TASKS else name for name in columns]
            copied = [places["user_id"] if name == "user_id" else name for name in copied]
            statements.append(
                f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {', '.join(copied)} "  # noqa: S608 - names of our own
                f"FROM {table.name} WHERE user_id = '{BIG}' AND {key} BETWEEN '{first}' AND '{last}'"
            )
        self._tables.insert({}, *statements)
        return owner

    def add_space(self, space: UUID, members: Sequence[UUID]) -> list[UUID]:
        """Makes an owner a space with these people as its members, all of them owners; returns their ids."""
        first = self._take_versions(len(members) + 1)
        times = {"created_at": NOON, "updated_at": NOON}
        texts = {"title": "t" * 200, "is_archived": False, "metadata": orjson.dumps(METADATA).decode()}
        rows: list[dict[str, Any]] = [
            {"user_id": space, "id": UUID(int=n), "person_id": person, "role": 3, "name": "n" * 100}
            | {"joined_at": NOON, "updated_at": NOON, "version": first + 1 + n}
            for n, person in enumerate(members)
        ]
        memberships = [
            {"user_id": person, "space_id": space, "joined_at": NOON, "has_left": False, "version": first}
            for person in members
        ]
        space_row = {"user_id": space, **texts, **times, "version": first}
        self._tables.insert({"spaces": [space_row], "members": rows, "memberships": memberships})
        return [row["id"] for row in rows]

    def invite(self, space: UUID, number: int) -> list[UUID]:
        """Adds open invitations to a space, and returns their ids."""
        rows: list[dict[str, Any]] = [
            {"user_id": space, "id": UUID(int=n), "digest": sha256(SECRET).hexdigest(), "role": 2}
            | {"uses": 100, "used": 0, "expires_at": datetime(2100, 1, 1, tzinfo=UTC), "made_after": _SEQ}
            | {"created_by": UUID(int=0), "created_at": NOON}
            for n in range(number)
        ]
        self._tables.insert({"invitations": rows})
        return [row["id"] for row in rows]

    def _add_owner(self, owner: UUID) -> UUID:
        times = {"created_at": NOON, "updated_at": NOON, "time_zone": ZONE}
        user = {"id": owner, "email": None, "seq": _SEQ, "horizon": _FIRST_VERSION - 1, **times}
        self._tables.insert({"users": [user]})
        return owner

    def _take_versions(self, number: int) -> int:
        first, self._versions = self._versions, self._versions + number
        return first


class Tables:
    """The tables of a database, of either engine."""

    def __init__(self, url: str) -> None:
        self._url = url

    def insert(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], *statements: str) -> None:
        """Puts rows into tables, then runs statements, all in one transaction."""
        if not self._url.startswith("sqlite:"):
            asyncio.run(self._copy(rows, statements))
            return
        with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=60)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table, of_table in rows.items():
                add_rows(connection, table, of_table)
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    async def _copy(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], statements: Sequence[str]) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            async with connection.transaction():
                for table, of_table in rows.items():
                    await copy_rows(connection, table, of_table)
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()


def _below(top: TaskRow, number: int, fields: Mapping[str, Any]) -> list[TaskRow]:
    """Returns tasks below one: four of them below each other, the others below those in turn."""
    chain = [top]
    tasks = []
    for n in range(number):
        parent = chain[-1] if len(chain) < 4 else chain[n % 4]
        tasks.append(TaskRow(**fields, parent_id=parent.id, list_id=top.list_id))
        if len(chain) < 4:
            chain.append(tasks[-1])
    return tasks
