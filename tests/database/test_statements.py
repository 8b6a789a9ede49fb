"""Ownership is proven: each statement on rows of a user names the owner, also in its subqueries."""

import random
from typing import Any, Final

import pytest
from sqlalchemy import (
    BindParameter,
    ColumnClause,
    ColumnElement,
    Integer,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from support.owner_filter_check import distinct_parts, owned_tables, unowned

from taskward.app import ROUTERS
from taskward.database.postgres.batched_sql import batch_values
from taskward.database.postgres.compiled import as_batched_statement, as_single_statement
from taskward.database.statements import STATEMENTS, Read, Statement, Write, Written
from taskward.database.types import Flag, Id
from taskward.tasks.filters import CONDITIONS
from taskward.tasks.list_statements import ListShape, filtered_list
from taskward.tasks.sorts import SORTS as ALL_SORTS
from taskward.tasks.tables import TASKS
from taskward.users.statements import OWNER
from taskward.users.tables import USERS

assert ROUTERS  # with them every feature is imported, and so is every statement

OF_MANY = [statement for statement in STATEMENTS if isinstance(statement, Read) and statement.cross_owner]
"""Statements that the service runs for itself, on rows of all users."""


@pytest.mark.parametrize(
    "statement",
    [statement for statement in STATEMENTS if statement not in OF_MANY],
    ids=lambda statement: statement.name,
)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_every_statement_on_owned_rows_names_the_owner(statement: Statement, engine_name: str) -> None:
    for expression in expressions(statement, engine_name):
        assert list(unowned(expression)) == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_list_with_filters_says_whose(name: str) -> None:
    """Each condition alone, and among others; the statements are made of them when they are needed."""
    chance = random.Random(name)  # noqa: S311 - the same others in every run
    for sort in ALL_SORTS:
        others = chance.sample(list(CONDITIONS), 5)
        for conditions in ({name}, {name, *others}):
            has_cursor, has_search = chance.random() < 0.5, chance.random() < 0.5
            read = filtered_list(ListShape(sort, has_cursor, has_search, frozenset(conditions)))
            assert list(unowned(read.statement)) == []
            assert set(map(str, owned_tables(read.statement))) >= {"tasks"}


def test_lists_with_filters_are_no_declared_statements() -> None:
    before = list(STATEMENTS)

    filtered_list(ListShape("due", has_cursor=True, conditions=frozenset({"open"})))

    assert before == STATEMENTS


def test_statements_on_several_owners_read_only_ids_and_counters() -> None:
    columns = {
        f"{getattr(column.table, 'name', None)}.{column.key}"
        if isinstance(column, ColumnClause)
        else column.key
        for read in OF_MANY
        for column in read.statement.selected_columns
    }

    assert columns == {
        *("imports.user_id", "users.id", "users.seq", "time_zone_data.version"),
        *("webhook_marks.user_id", "webhook_marks.next_at", "reminders.user_id", "reminders.fire_at"),
        *("waiting.user_id", "waiting.next_at", "now", "owners", "age"),
        *("is_held", "waiting.is_held", "has_failed", "waiting.has_failed"),
        "trash.user_id",
        *("spaces.user_id", "has_expired"),
        *(f"webhook_endpoint.{name}" for name in ("failed_at", "failing_since", "probe_at", "stopped_at")),
    }


@pytest.mark.parametrize(
    "write", [one for one in STATEMENTS if isinstance(one, Write)], ids=lambda write: write.name
)
def test_no_part_of_a_write_runs_unless_the_write_has_changed_something(write: Write) -> None:
    """PostgreSQL runs each part of a statement, whether the others find a row or not."""
    written = Written(bindparam("number", type_=Integer()), bindparam("has_changed", type_=Flag()))
    for part in write.parts:
        named = {one.key for one in distinct_parts(part.change(written)) if isinstance(one, BindParameter)}
        assert "has_changed" in named


def test_the_walk_visits_every_kind_of_statement_on_tasks_and_tombstones() -> None:
    met = {
        (type(part).__name__.lower(), str(table))
        for statement in STATEMENTS
        for expression in expressions(statement, "postgresql")
        for part in distinct_parts(expression)
        for table in owned_tables(part)
    }

    assert met >= {("select", "tasks"), ("update", "tasks"), ("delete", "tasks"), ("insert", "tasks")}
    assert met >= {("insert", "tombstones")}


ID: Final = bindparam("task_id", type_=Id())
MINE: Final = TASKS.c.user_id == OWNER
OTHERS: Final = TASKS.alias()
ASKED: Final = batch_values(OWNER, ID)


WITHOUT_AN_OWNER: Final = {
    "all": select(TASKS),
    "by id": select(TASKS.c.title).where(TASKS.c.id == ID),
    "mine or that": select(TASKS).where(or_(MINE, TASKS.c.id == ID)),
    "not mine": select(TASKS).where(~MINE),
    "not equal": select(TASKS).where(TASKS.c.user_id != OWNER),
    "another parameter": select(TASKS).where(TASKS.c.user_id == bindparam("somebody")),
    "itself": select(TASKS).where(TASKS.c.user_id == TASKS.c.user_id),
    "one of two": select(TASKS, OTHERS).where(MINE),
    "joined": select(TASKS).join(USERS, USERS.c.id == TASKS.c.user_id).where(USERS.c.id == OWNER),
    "exists": select(USERS).where(USERS.c.id == OWNER, exists().where(TASKS.c.id == ID)),
    "in a CTE": select(select(TASKS).cte("all_of_them")),
    "beside a CTE": select(USERS).add_cte(delete(TASKS).where(TASKS.c.id == ID).cte("gone")),
    "update": update(TASKS).where(TASKS.c.id == ID).values(title="x"),
    "update from others": update(TASKS).where(MINE, TASKS.c.id == select(OTHERS.c.id).subquery().c.id),
    "update of the owner": update(TASKS).where(MINE).values(user_id=ID),
    "delete": delete(TASKS).where(TASKS.c.id == ID),
    "delete all": delete(TASKS),
    "insert for another": insert(TASKS).values(user_id=ID, id=ID),
    "insert for nobody": insert(TASKS).values(id=ID),
    "insert of others'": insert(TASKS).from_select(["user_id", "id"], select(ID, OWNER)),
    "insert for others of several": insert(TASKS).from_select(["user_id", "id"], select(ASKED.c.task_id, ID)),
    "insert for several, of whom nobody asked": insert(TASKS).from_select(
        ["user_id"], select(select(OWNER.label("owner")).cte("others").c.owner)
    ),
    "upsert": upsert(TASKS)
    .values(user_id=OWNER, id=ID)
    .on_conflict_do_update(index_elements=["id"], set_={"title": "x"}),
    "text": text("SELECT * FROM tasks"),
    "text inside": select(USERS).where(text("EXISTS (SELECT 1 FROM tasks)")),
}


@pytest.mark.parametrize("name", WITHOUT_AN_OWNER)
def test_the_walk_fails_on_a_statement_that_does_not_name_the_owner(name: str) -> None:
    assert list(unowned(WITHOUT_AN_OWNER[name])) != []


def expressions(statement: Statement, engine_name: str) -> list[Any]:
    """Returns the expressions of a statement that are compiled: one, or on SQLite one for each step."""
    if not isinstance(statement, Write):
        return [statement.statement]
    if engine_name == "postgresql":
        return [
            form
            for marking in (False, True)
            for form in (
                as_single_statement(statement, marking=marking),
                *(
                    [as_batched_statement(statement, statement.parts, marking=marking)]
                    if statement.batched
                    else []
                ),
            )
        ]
    number: ColumnElement[int] = bindparam("seq", type_=Integer())
    parts = [part.change(Written(number)) for part in statement.parts]
    return [statement.bump, statement.change(number), *parts]
