"""Every declared statement finds its rows along an index, however many others their owner has.

Each is explained with and without statistics of the tables: a new database, a restored one, and one just
imported into has none.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import pytest
from database.test_distributed_plans import OF_TYPE
from fastapi import FastAPI
from sqlalchemy import Text, bindparam, select
from support import MakeDatabase, database_of, running, settings_for
from support.many_rows import (
    FIRST_VERSION,
    RARE_LABEL,
    insert_many_rows,
    list_id,
    series_id,
    task_id,
)
from support.owner_filter_check import OWNED
from support.paging import insert_rows
from support.query_plans import (
    generic_plan,
    owner_scans,
    owner_searches,
    plan_for,
    plan_nodes,
    sqlite_plan,
)
from support.rows import execute

from taskward.activity.statements import PAGES as ACTIVITY_PAGES
from taskward.comments.statements import PAGES
from taskward.database.postgres.batched_sql import BatchedRead
from taskward.database.postgres.compiled import (
    DIALECT,
    CompiledStatement,
    as_authorized_statement,
    as_batched_statement,
    as_single_statement,
)
from taskward.database.postgres.database import PostgresDatabase
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.statements import STATEMENTS, Read, Statement, Write
from taskward.spaces.forms import AUTHORIZED_WRITES, READS, RECORDED
from taskward.tasks.list_statements import OPEN_LISTS
from taskward.tasks.statements import LISTS
from taskward.tasks.tables import TASKS
from taskward.users import restores
from taskward.users.statements import OWNER as OWNER_PARAMETER

assert restores.MAX_OWNERS  # its statements are those of a command

pytestmark = pytest.mark.one_server("plans of one server")

TASKS_OF_OWNER: Final = 50_000
OTHER_OWNERS: Final = 20
SPACES, MEMBERS = 200, 5
OWNER: Final = uuid4()
SMALL: Final = {"lists", "members", "memberships", "invitations", "access_tokens"}
"""Of an owner there are at most 1,000 lists and memberships; fewer members, invitations and access tokens."""
OF_OWNERS: Final = frozenset(table.name for table in OWNED if len(table.primary_key.columns) > 1) - SMALL
"""The tables that hold many rows of an owner."""

ALLOWED: Final = {
    ("summarize tasks", "tasks"): "counts the open tasks, along an index that has all it reads",
    ("count of tasks", "tasks"): "counts all, for `taskward erase`",
    ("tasks of a deleted list", "tasks"): "once at a start, after a deletion that was interrupted",
    ("delete task", "tombstones"): "stops at the second, in the order of the index",
    ("move task to the trash", "tombstones"): "stops at the second, in the order of the index",
    ("move task to the trash", "trash"): "stops at the second, in the order of the index",
    ("delete task of a locked owner", "tombstones"): "stops at the second, in the order of the index",
    ("move task of a locked owner to the trash", "tombstones"): "stops at the second, as above",
    ("move task of a locked owner to the trash", "trash"): "stops at the second, in the order of the index",
    ("newest expired of comment_tombstones", "comment_tombstones"): "stops at its limit, as the others",
    ("task with too many staged comments", "import_comments"): "counts once, along an index that has all",
    **{
        (read.name, "comments"): "stops at its limit, in the order of the key"
        for shape, read in PAGES.items()
        if not (shape.of_task or shape.of_author or shape.has_cursor)
    },
    ("drop the expired tasks in the trash", "trash"): "stops at its limit, in the order of the index",
    ("page of the trash", "trash"): "stops at its limit, in the order of the index",
    **{
        (read.name, "activity"): "stops at its limit, in the order of the key"
        for (of_task, _), read in ACTIVITY_PAGES.items()
        if not of_task
    },
    **{
        (write.name, "activity"): "stops at the second, in the order of the key"
        for write in (*RECORDED.values(), *(one.write for one in AUTHORIZED_WRITES.values()))
    },
    ("newest expired of tombstones", "tombstones"): "stops at its limit, in the order of the index",
    ("newest expired of list_tombstones", "list_tombstones"): "stops at its limit, in the order of the index",
    ("whether reminders are pending", "reminders"): "stops at the first",
    ("drop the pending reminders of a member", "reminders"): "once, when a membership ends",
    ("task of a space", "tasks"): "stops at the first",
    ("forget the responses to a caller", "idempotency_keys"): "once when a person is erased; those of a day",
} | {
    (read.name, "tasks"): "by age it stops at its limit; other sorts, and searches, look through all: B1"
    for read in (*LISTS.values(), *OPEN_LISTS.values())
}
"""What reads a table by the owner alone, and why."""

ROWS: Final = orjson.dumps([[task_id(n), None, None] for n in range(0, TASKS_OF_OWNER, 100)]).decode()
VALUES: Final[dict[str, Any]] = {
    "owner": OWNER,
    "ids": [task_id(n) for n in range(0, TASKS_OF_OWNER, 100)],
    **dict.fromkeys(("task_id", "parent_id", "near"), task_id(40)),
    "list_id": list_id(3),
    "series_id": series_id(5),
    "after_id": task_id(1000),
    "up_to_id": task_id(1500),
    "folded": RARE_LABEL,
    "new": RARE_LABEL.upper(),
    "since": FIRST_VERSION + TASKS_OF_OWNER // 2,
    **dict.fromkeys(("first_number", "after_number"), FIRST_VERSION + 1000),
    "last_number": FIRST_VERSION + 1500,
    **dict.fromkeys(("limit", "count"), 500),
    **dict.fromkeys(("tasks", "rows", "reminders", "lists", "comments"), ROWS),
    **dict.fromkeys(("dropped_labels", "dropped_reminders"), '[["7"]]'),
    "labels": '[["a", "a"]]',
    **dict.fromkeys(("keys_since", "tombstones_since"), datetime(2000, 1, 1, tzinfo=UTC)),
}
"""The values of a request on many of the tasks; of other parameters any of their type."""

BY_MEMBERS: Final = {one.write: one for one in AUTHORIZED_WRITES.values()}
BY_THE_OWNER: Final = {
    "all columns": select(TASKS).where(TASKS.c.user_id == OWNER_PARAMETER),
    "no index has the condition": select(TASKS.c.id).where(
        TASKS.c.user_id == OWNER_PARAMETER, TASKS.c.past_recurrence == bindparam("key", type_=Text())
    ),
}


async def test_no_statement_looks_through_the_rows_of_an_owner(
    engine: str, new_database: MakeDatabase
) -> None:
    async with running(settings_for(await new_database(engine))) as app:
        await insert_many_rows(app, OWNER, TASKS_OF_OWNER)
        for _ in range(OTHER_OWNERS):
            await insert_many_rows(app, uuid4(), 70)

        without_statistics = await found_among(app, STATEMENTS)
        await execute(app, "ANALYZE")
        with_statistics = await found_among(app, STATEMENTS)
        examples = [Read(name, one, declared=False) for name, one in BY_THE_OWNER.items()]
        noticed = {name for name, _ in await found_among(app, examples)}

    for found in (without_statistics, with_statistics):
        assert {key: plan for key, plan in found.items() if not is_allowed(*key)} == {}
    assert noticed == {*BY_THE_OWNER}


@pytest.mark.engines("postgres")
async def test_no_statement_of_a_space_looks_through_the_members_of_others(
    engine: str, new_database: MakeDatabase
) -> None:
    """Of a condition in a batched read PostgreSQL may make a search through a whole table."""
    async with running(settings_for(await new_database(engine))) as app:
        await insert_rows(app, "users", [user(space_id(n)) for n in range(SPACES)])
        await insert_rows(
            app, "members", [member(space_id(n), uuid4()) for n in range(SPACES) for _ in range(MEMBERS)]
        )
        await execute(app, "ANALYZE")
        of_spaces: list[Statement] = [*READS.values(), *BY_MEMBERS]
        async with database_of(app).pool.acquire() as connection:
            found = {
                statement.name
                for statement in of_spaces
                for form in postgres_forms(statement)
                for plan in await plans(connection, form)
                for node in plan_nodes(plan)
                if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "members"
            }
    assert found == set()


def space_id(number: int) -> UUID:
    return UUID(int=number + 1)


def user(user_id: UUID) -> dict[str, Any]:
    times = dict.fromkeys(("created_at", "updated_at"), datetime(2026, 1, 1, tzinfo=UTC))
    return {"id": user_id, "email": None, "seq": 1, "horizon": 1, **times}


def member(space: UUID, person: UUID) -> dict[str, Any]:
    times = dict.fromkeys(("joined_at", "updated_at"), datetime(2026, 1, 1, tzinfo=UTC))
    return {"user_id": space, "id": person, "person_id": person, "role": 2, "version": 1, **times}


def is_allowed(name: str, table: str) -> bool:
    """Returns whether a statement may do so, also in its form for a space."""
    for suffix in (", with activity", ", in a space", ", whether there is any", ", by a member"):
        if (name, table) in ALLOWED:
            break
        name = name.removesuffix(suffix)
    return (name, table) in ALLOWED


def test_what_is_allowed_is_declared() -> None:
    assert {name for name, _ in ALLOWED} <= {statement.name for statement in STATEMENTS}


async def found_among(app: FastAPI, statements: list[Any]) -> dict[tuple[str, str], str]:
    """Returns what reads a table by the owner alone: the statement and the table, with a line of its plan."""
    database = database_of(app)
    if isinstance(database, PostgresDatabase):
        async with database.pool.acquire() as connection:
            return {
                (statement.name, table): line
                for statement in statements
                for form in postgres_forms(statement)
                for plan in await plans(connection, form)
                for table, line in owner_scans(plan, OF_OWNERS)
            }
    return {
        (statement.name, table): line
        for statement in statements
        for step in sqlite_steps(statement)
        for table, line in owner_searches(step.sql, sqlite_plan(database.writer, step), OF_OWNERS)
    }


def sqlite_steps(statement: Statement) -> list[Any]:
    compiled = SqliteStatement.compile(statement)
    return [*compiled.statements, compiled.guarded]


def postgres_forms(statement: Statement) -> Iterator[CompiledStatement]:
    """Yields a statement as it is sent: alone, with the mark of webhooks, and for several callers."""
    yield CompiledStatement.compile(statement)
    if isinstance(statement, Write):
        every = as_single_statement(statement, marking=True)
        yield CompiledStatement.from_expression(every)
        if statement in BY_MEMBERS:
            with_role = as_authorized_statement(BY_MEMBERS[statement], marking=True)
            yield CompiledStatement.from_expression(with_role)
        if statement.batched:
            yield CompiledStatement.from_expression(
                as_batched_statement(statement, statement.parts, marking=True)
            )
    elif isinstance(statement, Read) and statement.batch_keys:
        batched = BatchedRead.compile(statement, DIALECT, statement.batch_keys)
        names = (*batched.common, *batched.batch_keys)
        yield CompiledStatement(batched.sql, tuple((name, None) for name in names))


async def plans(connection: Any, form: CompiledStatement) -> list[dict[str, Any]]:
    """Returns the plan for the values of a request, and the one for any values."""
    prepared = await connection.prepare(form.sql)
    types = [one.name for one in prepared.get_parameters()]
    values = [value_of(name, kind) for (name, _), kind in zip(form.names, types, strict=True)]
    return [await plan_for(connection, form.sql, values), await generic_plan(connection, form)]


def value_of(name: str, kind: str) -> Any:
    if kind.endswith("[]") and name != "ids":
        return [value_of(name, kind.removesuffix("[]"))]
    if name in {"after", "up_to"}:  # of keys of several types
        of_kind = {"uuid": VALUES["after_id" if name == "after" else "up_to_id"], "int8": FIRST_VERSION}
        return of_kind.get(kind, "label 90")
    return VALUES.get(name) or (UUID(int=0) if kind == "uuid" else OF_TYPE[kind])
