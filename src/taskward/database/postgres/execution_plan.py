"""The plan by which a database runs the declared statements: plain, in batches, or distributed."""

from collections.abc import Callable
from typing import NamedTuple

from taskward.database.postgres.batches import ReadBatch, WriteBatch
from taskward.database.postgres.compiled import (
    CompiledAuthorizedWrite,
    CompiledStatement,
    CompiledWrite,
)
from taskward.database.postgres.executor import Executor
from taskward.database.statements import AuthorizedWrite, Forms, Read, Statement, Write
from taskward.http.errors import DatabaseError

Compile = Callable[[Statement], CompiledStatement]


class ExecutionPlan(NamedTuple):
    """The compiled form of each statement, and its form in batches; without one it is run by itself."""

    compiled: Forms[Statement, CompiledStatement]
    single_writes: Forms[Write, CompiledStatement] | Forms[Statement, CompiledStatement]
    """The writes outside of transactions."""
    authorized: Forms[AuthorizedWrite, CompiledAuthorizedWrite] | None = None
    """The writes with the read of their authority; without it, that is a statement of its own."""
    batched_reads: Forms[Read, ReadBatch] | None = None
    batched_writes: Forms[Write, WriteBatch] | None = None

    @property
    def reads_directly(self) -> bool:
        """Returns whether a read needs no more than a connection: no role of its owner."""
        return self.batched_reads is not None


def _not_connected(_statement: Statement) -> CompiledStatement:
    raise DatabaseError(reason="the server has not been reached yet")


NOT_CONNECTED = ExecutionPlan(Forms(_not_connected), Forms(_not_connected))
"""Before the server has been reached; what it takes is not known yet."""


def plain_plan(compile_one: Compile, executor: Executor, *, batched: bool, marking: bool) -> ExecutionPlan:
    """Returns the plan for PostgreSQL: each read and each write is one statement."""

    def marked(write: Write) -> CompiledStatement:
        return CompiledWrite.of(write, marking=True)

    def authorized(write: AuthorizedWrite) -> CompiledAuthorizedWrite:
        return CompiledAuthorizedWrite.of(write, marking=marking)

    def read_batch(read: Read) -> ReadBatch:
        return ReadBatch(read, compiled[read], executor, read.batch_keys)

    def write_batch(write: Write) -> WriteBatch:
        return WriteBatch(CompiledWrite.of(write, marking=marking), executor)

    compiled = Forms(compile_one)
    singles = Forms(marked) if marking else compiled
    with_authority = Forms(authorized)
    if not batched:
        return ExecutionPlan(compiled, singles, with_authority)
    return ExecutionPlan(compiled, singles, with_authority, Forms(read_batch), Forms(write_batch))


def distributed_plan(compile_one: Compile, executor: Executor) -> ExecutionPlan:
    """Returns the plan for a distributed database: a write of several statements, a batch of one owner."""

    def read_batch(read: Read) -> ReadBatch:
        keys = tuple(key for key in read.batch_keys if key != "owner")
        return ReadBatch(read, compiled[read], executor, keys)

    compiled = Forms(compile_one)
    return ExecutionPlan(compiled, compiled, batched_reads=Forms(read_batch))
