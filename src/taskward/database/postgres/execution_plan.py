"""The plan by which a database runs the declared statements: plain, in batches, or distributed."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from taskward.database.postgres.batches import ReadBatch, WriteBatch
from taskward.database.postgres.compiled import CompiledStatement, CompiledWrite
from taskward.database.postgres.executor import Executor
from taskward.database.statements import STATEMENTS, CompiledStatements, Read, Statement, Write
from taskward.http.errors import DatabaseError

Compiled = Mapping[Statement, CompiledStatement]


class ExecutionPlan(NamedTuple):
    """The compiled form of each statement; what is in none of the last three is run by itself."""

    compiled: Compiled
    single_writes: Compiled
    """The writes outside of transactions."""
    direct_reads: Mapping[Read, CompiledStatement] = {}
    """The short reads, unless observers or row-level security need more than their rows."""
    batched_reads: Mapping[Read, ReadBatch] = {}
    batched_writes: Mapping[Write, WriteBatch] = {}


class _NotConnected(dict[Statement, CompiledStatement]):
    def __missing__(self, statement: Statement) -> CompiledStatement:
        raise DatabaseError(reason="the server has not been reached yet")


NOT_CONNECTED = ExecutionPlan(_NotConnected(), _NotConnected())
"""Before the server has been reached; what it takes is not known yet."""


def plain_plan(
    compiled: dict[Statement, CompiledStatement],
    compile_other: Callable[[Statement], CompiledStatement],
    executor: Executor,
    *,
    batched: bool,
    marking: bool,
) -> ExecutionPlan:
    """Returns the plan for PostgreSQL: each read and each write is one statement."""
    every: Compiled = CompiledStatements(compile_other, compiled)
    singles = every
    if marking:
        singles = {write: CompiledWrite.of(write, marking=True) for write in _writes()}
    if not batched:
        return ExecutionPlan(every, singles)
    reads = {read: ReadBatch(read, every[read], executor, read.batch_keys) for read in _batched_reads()}
    writes = {
        write: WriteBatch(CompiledWrite.of(write, marking=marking), executor)
        for write in _writes()
        if write.batched is not None
    }
    return ExecutionPlan(every, singles, _short_reads(every), reads, writes)


def distributed_plan(
    compile_one: Callable[[Statement], CompiledStatement], executor: Executor
) -> ExecutionPlan:
    """Returns the plan for a distributed database: a write of several statements, a batch of one owner."""
    every: Compiled = CompiledStatements(compile_one, {one: compile_one(one) for one in STATEMENTS})
    reads = {
        read: ReadBatch(read, every[read], executor, tuple(key for key in read.batch_keys if key != "owner"))
        for read in _batched_reads()
    }
    return ExecutionPlan(every, every, _short_reads(every), reads)


def _writes() -> list[Write]:
    return [statement for statement in STATEMENTS if isinstance(statement, Write)]


def _batched_reads() -> list[Read]:
    return [statement for statement in STATEMENTS if isinstance(statement, Read) and statement.batch_keys]


def _short_reads(compiled: Compiled) -> dict[Read, CompiledStatement]:
    return {read: compiled[read] for read in STATEMENTS if isinstance(read, Read) and not read.long}
