"""The forms in which a database runs the declared statements: compiled, in batches, or as steps."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from taskward.database.postgres.batches import ReadBatch, WriteBatch
from taskward.database.postgres.compiled import CompiledStatement, CompiledWrite
from taskward.database.postgres.executor import Executor
from taskward.database.statements import STATEMENTS, CompiledStatements, Read, Statement, Write
from taskward.http.errors import DatabaseError

Compiled = Mapping[Statement, CompiledStatement]


class StatementForms(NamedTuple):
    """The forms of each statement; what is in none of the last three is run by itself."""

    compiled: Compiled
    single_writes: Compiled
    """The writes outside of transactions."""
    direct_reads: Mapping[Read, CompiledStatement] = {}
    """The short reads, unless observers or row-level security need more than their rows."""
    batched_reads: Mapping[Read, ReadBatch] = {}
    batched_writes: Mapping[Write, WriteBatch] = {}


class _Unreached(dict[Statement, CompiledStatement]):
    def __missing__(self, statement: Statement) -> CompiledStatement:
        raise DatabaseError(reason="the server has not been reached yet")


UNREACHED = StatementForms(_Unreached(), _Unreached())
"""Before the server has been reached; what it takes is not known yet."""


def single_forms(
    compiled: dict[Statement, CompiledStatement],
    compile_other: Callable[[Statement], CompiledStatement],
    executor: Executor,
    *,
    batched: bool,
    marking: bool,
) -> StatementForms:
    """Returns the forms for PostgreSQL: each read and each write is one statement."""
    every: Compiled = CompiledStatements(compile_other, compiled)
    singles = every
    if marking:
        singles = {write: CompiledWrite.of(write, marking=True) for write in _writes()}
    if not batched:
        return StatementForms(every, singles)
    reads = {read: ReadBatch(read, every[read], executor, read.batch_keys) for read in _batched_reads()}
    writes = {
        write: WriteBatch(CompiledWrite.of(write, marking=marking), executor)
        for write in _writes()
        if write.batched is not None
    }
    return StatementForms(every, singles, _short_reads(every), reads, writes)


def stepwise_forms(
    compile_one: Callable[[Statement], CompiledStatement], executor: Executor
) -> StatementForms:
    """Returns the forms for a distributed database: steps for a write, one owner for a batch of reads."""
    every: Compiled = CompiledStatements(compile_one, {one: compile_one(one) for one in STATEMENTS})
    reads = {
        read: ReadBatch(read, every[read], executor, tuple(key for key in read.batch_keys if key != "owner"))
        for read in _batched_reads()
    }
    return StatementForms(every, every, _short_reads(every), reads)


def _writes() -> list[Write]:
    return [statement for statement in STATEMENTS if isinstance(statement, Write)]


def _batched_reads() -> list[Read]:
    return [statement for statement in STATEMENTS if isinstance(statement, Read) and statement.batch_keys]


def _short_reads(compiled: Compiled) -> dict[Read, CompiledStatement]:
    return {read: compiled[read] for read in STATEMENTS if isinstance(read, Read) and not read.long}
