"""A declared statement is compiled once in a process, when it is first run; of others the latest are kept."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import literal, select
from sqlalchemy.dialects import sqlite

from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.postgres.distributed.routed_sql import route
from taskward.database.sqlite.compiled import SqliteStatement
from taskward.database.statements import MAX_COMPILED, STATEMENTS, Forms, Read, Write, keeping_forms
from taskward.tasks.statements import GET_TASK


def others(count: int) -> list[Read]:
    return [Read(f"read {number}", select(literal(number)), declared=False) for number in range(count)]


@pytest.mark.parametrize("compile_one", [SqliteStatement.compile, CompiledStatement.compile, route])
def test_the_forms_of_all_declared_statements_are_kept(compile_one: Callable[[Any], object]) -> None:
    first = [compile_one(statement) for statement in STATEMENTS]

    assert all(compile_one(one) is form for one, form in zip(STATEMENTS, first, strict=True))


def test_a_value_of_a_write_is_converted_in_the_same_way_for_all_of_its_statements_on_sqlite() -> None:
    """Values are converted once, for all statements; `seq` is the number as SQLite returns it."""
    dialect = sqlite.dialect()
    for write in [one for one in STATEMENTS if isinstance(one, Write)]:
        conversions: dict[str, set[type | None]] = {"seq": {None}}
        for statement in write.statements():
            for name, bind in statement.compile(dialect=dialect).binds.items():
                kind = bind.type.dialect_impl(dialect)
                found = type(bind.type) if kind.bind_processor(dialect) else None
                conversions.setdefault(name, set()).add(found)
        assert [name for name, found in conversions.items() if len(found) > 1] == [], write.name


def test_of_other_statements_the_latest_forms_are_kept() -> None:
    compiled: list[Read] = []
    compile_one = keeping_forms(compiled.append)
    reads = others(MAX_COMPILED + 1)

    for read in (GET_TASK, *reads, *reads[1:], GET_TASK):
        compile_one(read)
    assert compiled == [GET_TASK, *reads]

    compile_one(reads[0])
    assert compiled == [GET_TASK, *reads, reads[0]]


def test_a_statement_is_compiled_when_it_is_first_run() -> None:
    compiled: list[Read] = []
    [other] = others(1)

    def name_of(read: Read) -> str:
        compiled.append(read)
        return read.name

    forms = Forms(name_of)

    assert compiled == []
    assert [forms[GET_TASK], forms[GET_TASK], forms[other]] == [GET_TASK.name, GET_TASK.name, other.name]
    assert compiled == [GET_TASK, other]
    assert [*forms] == [GET_TASK]
