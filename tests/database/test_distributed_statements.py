"""What the router of Citus takes: docs/distributed.md. A cluster has the last word (TEST_CITUS_URL)."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import (
    CTE,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql import visitors
from support.owner_filter_check import OWNED, unowned

from taskward.database.functions import clock_number, monotonic_now
from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.distributed.distribution import distributed_tables, reference_tables
from taskward.database.postgres.distributed.routed_sql import (
    DIALECT,
    RoutedStatement,
    condition_of,
    route,
    routed_change,
)
from taskward.database.statements import STATEMENTS, Command, Read, Statement, Write
from taskward.database.types import Counter, Instant
from taskward.idempotency.statements import STORE_RESPONSE
from taskward.tasks.filters import CONDITIONS
from taskward.tasks.list_statements import ListShape, filtered_list
from taskward.tasks.tables import TASKS, TOMBSTONES
from taskward.users import restores
from taskward.users.statements import OWNER
from taskward.users.tables import RESTORES, USERS

assert restores.MAX_OWNERS  # its statements are those of a command

MULTI_SHARD: Final = {
    "owners' counters": "the owners with an event stream open in this process, once for all of them",
    "owners due for webhooks": "the worker of webhooks: whoever is due first",
    "owners with failed webhooks": "the worker of webhooks, while the receiver is failing",
    "owners with webhooks that have not failed": "the worker of webhooks, while the receiver is failing",
    "backlog of webhooks": "a metric: how many wait, and for how long",
    "owners with the next reminders": "the worker of webhooks: whoever is to be reminded first",
    "owners with passed reminders": "the worker of webhooks: whose reminders are too old to be delivered",
    "spaces after an id, with expired activity or without": "once an hour: which have too old entries",
    "owners of expired tasks in the trash": "once an hour: whose tasks have been in the trash for too long",
    "abandoned imports": "at a start: what processes that died have left",
    "those spaces that exist": "a person who has been in a thousand spaces joins another one: which are gone",
    "owners after an id": "`taskward webhooks replay` and new time zone data: all owners, a page at a time",
    "spaces after an id": "`taskward spaces`: all spaces, a page at a time",
    "move the next owners' counters beyond a restore": "`taskward restored`: all owners, a page at a time",
}
"""The statements that several servers run, and when. Of requests only the first, and `those spaces`."""

ON_EVERY_SERVER: Final = {
    "add a restore": "`taskward restored`",
    "claim the time zone data": "at a start with new time zone data",
    "renew the claim on the time zone data": "every few seconds while one process computes instants again",
    "store the version of the time zone data": "once after that",
    "note a failed webhook": "after each attempt that fails",
    "claim the next probe": "once a minute while the receiver is failing",
    "note that webhooks succeed again": "after the first attempt that succeeds",
    "note that the receiver is gone": "after a 410",
}
"""The changes of a table that every server has a copy of, and when."""

SHARDED: Final = {**OWNED, USERS: "id"}
"""The distributed tables, and the columns that they are distributed by."""

MUTABLE: Final = re.compile(r"\b(now|clock_timestamp|statement_timestamp|random|gen_random_uuid|nextval)\(")
"""Functions that are not immutable; `ADDS_TO_A_TIME` finds the operators that are not."""

HIDDEN_OWNER: Final = re.compile(r"\b(?:user_)?id = \(SELECT ")
"""A comparison of the owner with a value that the router does not see."""

ADDS_TO_A_TIME: Final = re.compile(r"\b\w+_(?:at|utc) [+-] interval|\btimestamptz '\w+' [+-] ", re.IGNORECASE)


def test_every_table_is_distributed_or_copied() -> None:
    distributed = {table.name: column for table, column in SHARDED.items()}

    assert dict(distributed_tables()) == distributed
    assert {*reference_tables()} == {"alembic_version", *USERS.metadata.tables} - {*distributed}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_is_routed_by_its_owner(statement: Statement) -> None:
    problems = list(problems_of(statement))

    assert problems == []


def test_only_what_has_to_touch_several_servers_does() -> None:
    met = {
        one.name
        for one in STATEMENTS
        for form in ([one.statement] if isinstance(one, Read) else routed_changes(one))
        if any(unowned(form, SHARDED))
    }
    copied = {
        one.name
        for one in STATEMENTS
        if not isinstance(one, Read)
        for change in routed_changes(one)
        if change.table not in SHARDED
    }

    assert met == {*MULTI_SHARD}
    assert copied == {*ON_EVERY_SERVER}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_list_with_filters_is_one_owners(name: str) -> None:
    for has_cursor, has_search in ((False, False), (True, True)):
        read = filtered_list(ListShape("due", has_cursor, has_search, frozenset({name})))
        assert list(problems_of(read)) == []


def test_a_list_of_labelled_tasks_shows_the_router_its_owner() -> None:
    read = filtered_list(ListShape("due", conditions=frozenset({"label"})))

    assert HIDDEN_OWNER.search(CompiledStatement.compile(read).sql)
    assert not HIDDEN_OWNER.search(route(read).sql)


def test_the_bump_of_an_owner_inserts_values_without_looking_at_others() -> None:
    bumps = {
        one.name: statement
        for one in STATEMENTS
        if not isinstance(one, Read)
        for statement in [route(one)]
        if isinstance(statement, RoutedStatement) and statement.creates_owner
    }

    assert {"create task", "count many writes of a person"} < {*bumps}
    for statement in bumps.values():
        assert "SELECT" not in statement.sql
        assert statement.sql.endswith("users.created_at") or "users.created_at AS" in statement.sql
        assert statement.reads_clock


NOW: Final = bindparam("now", type_=Instant())
NUMBER: Final = bindparam("number", type_=Counter)
MINE: Final = TASKS.c.user_id == OWNER

REFUSED: Final[dict[str, Any]] = {
    "no owner": update(TASKS).where(TASKS.c.version == NUMBER).values(title="x"),
    "an owner only in a sub-select": update(USERS).where(exists().where(MINE)).values(seq=NUMBER),
    "an upsert of another column": upsert(USERS)
    .values(id=OWNER)
    .on_conflict_do_update(index_elements=["email"], set_={"seq": NUMBER}),
    "a CTE that writes": update(TASKS)
    .where(MINE)
    .values(title="x")
    .add_cte(delete(TOMBSTONES).where(TOMBSTONES.c.user_id == OWNER).cte("gone")),
    "a sub-select among the values": insert(TASKS).values(
        user_id=OWNER, id=NUMBER, version=select(USERS.c.seq).where(USERS.c.id == OWNER).scalar_subquery()
    ),
    "a volatile function": update(TASKS).where(MINE).values(title=literal_column("clock_timestamp()::text")),
    "a stable function of a column": update(TASKS)
    .where(MINE)
    .values(updated_at=literal_column("tasks.updated_at + interval '1 microsecond'")),
    "a stable function in an upsert": upsert(USERS)
    .values(id=OWNER)
    .on_conflict_do_update(
        index_elements=["id"], set_={"updated_at": literal_column("TIMESTAMPTZ 'epoch' + interval '1 day'")}
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_walk_finds_what_the_router_refuses(name: str) -> None:
    assert list(problems_of_change(REFUSED[name])) != []


def test_a_read_that_locks_rows_of_several_owners_is_found() -> None:
    locking = select(USERS.c.seq).where(USERS.c.seq > NUMBER).with_for_update()

    assert list(unowned(locking, SHARDED)) != []


def test_the_clock_is_a_value_in_changes() -> None:
    change = (
        update(TASKS)
        .where(MINE)
        .values(updated_at=monotonic_now(NOW, TASKS.c.updated_at), version=clock_number())
    )

    assert list(problems_of_change(change)) == []


def test_the_condition_of_an_insert_is_read_before_it() -> None:
    statement = route(STORE_RESPONSE)

    assert isinstance(statement, RoutedStatement)
    assert statement.condition is not None
    assert "FROM users" in statement.condition.sql
    assert "SELECT" not in statement.sql


def test_an_insert_from_a_select_of_rows_stays_one() -> None:
    chosen = select(clock_number() + select(RESTORES.c.number).scalar_subquery())
    change = insert(RESTORES).from_select(["number"], chosen)

    assert routed_change(change) is change


def problems_of(statement: Statement) -> Iterator[str]:
    """Yields what the router would refuse of a statement, or what makes it one of several servers."""
    if isinstance(statement, Read):
        if statement.name not in MULTI_SHARD:
            yield from unowned(statement.statement, SHARDED)
        yield from HIDDEN_OWNER.findall(route(statement).sql)
        return
    for declared in declared_changes(statement):
        if (condition := condition_of(declared)) is not None:
            yield from unowned(condition, SHARDED)
    for change in routed_changes(statement):
        yield from problems_of_change(change, is_multi_shard=statement.name in MULTI_SHARD)


def declared_changes(statement: Write | Command) -> list[Any]:
    return [statement.statement] if isinstance(statement, Command) else [*statement.statements()]


def routed_changes(statement: Write | Command) -> list[Any]:
    """Returns the changes that a write or a command consists of, as they are compiled."""
    return [routed_change(change) for change in declared_changes(statement)]


def problems_of_change(change: Any, *, is_multi_shard: bool = False) -> Iterator[str]:
    if not is_multi_shard:
        yield from unowned(change, SHARDED)
    within = list(visitors.iterate(change))
    if any(
        isinstance(part, CTE) and not isinstance(part.element, Select)
        for part in [*within, *change._independent_ctes]
    ):
        yield "a CTE that changes something"
    if isinstance(change, Insert) and change.select is None:
        values = [part for value in (change._values or {}).values() for part in visitors.iterate(value)]
        if any(isinstance(part, Select) for part in values):
            yield "a sub-select among the values of an INSERT"
    yield from mutable_functions(change)


def mutable_functions(change: Any) -> Iterator[str]:
    sql = RoutedStatement.from_expression(change, dialect=DIALECT).sql
    yield from MUTABLE.findall(sql)
    if isinstance(change, Update):
        yield from ADDS_TO_A_TIME.findall(sql)
    if isinstance(change, Insert):
        yield from ADDS_TO_A_TIME.findall(sql.partition(" ON CONFLICT ")[2])
