"""Reads and writes that the batcher runs for several callers as one statement and one round trip.

Most of the cost of a one-row read is its round trip; a write costs its commit too. A short read is batched
with reads of the same statement, each with its own ids; alone it runs as the plain statement.

A write with a batched form (`Write.batched`) uses it unless nothing else of its kind is in flight. It skips
locked owners (`FOR UPDATE SKIP LOCKED`). A write whose owner is locked or missing gets no row, and is run by
itself; if the server rejects the batch, all are. An owner with a batch in flight waits for it.
"""

from collections.abc import Coroutine, Hashable, Sequence
from typing import Any, Final

from taskward.database.postgres.batched_sql import BatchedRead, split_rows
from taskward.database.postgres.compiled import DIALECT, CompiledStatement, CompiledWrite
from taskward.database.postgres.errors import Rejected
from taskward.database.postgres.executor import Executor
from taskward.database.statements import Read, Row, Values

MAX_BATCH: Final = 32
MAX_ROWS: Final = 500
"""Rows that one statement may return, so that a small read never waits long for large ones."""

MAX_IN_FLIGHT: Final = 4
"""Statements of a kind in flight. Fewer make larger batches, and longer waits if the server is remote."""


class ReadBatch:
    """A `taskward.database.batching.BatchedOperation`: a read for one caller or several."""

    runs_in_caller = True

    def __init__(
        self, read: Read, single: CompiledStatement, executor: Executor, batch_keys: tuple[str, ...]
    ) -> None:
        self._executor = executor
        self._single = single
        self._batched = BatchedRead.compile(read, DIALECT, batch_keys)
        self._limit_key = read.limit_key

    def kind(self, values: Values) -> Hashable | None:
        if self._limit_key is not None and values[self._limit_key] > MAX_ROWS:
            return None
        common = self._batched.common
        return (self, *[values.get(name) for name in common]) if common else self

    def max_size(self, values: Values) -> int:
        return MAX_BATCH if self._limit_key is None else min(MAX_BATCH, MAX_ROWS // values[self._limit_key])

    def exclusive_key(self, values: Values) -> Hashable | None:  # noqa: ARG002 - any two reads may run at once
        return None

    async def prepare(self, until: float) -> None:
        """Does nothing: a batch can start at any time."""

    def run_alone(self, values: Values, until: float) -> Coroutine[Any, Any, Sequence[Row]]:
        return self._executor.read(self._single, values, until)

    async def run_batch(self, several: Sequence[Values], until: float) -> Sequence[Sequence[Row]]:
        if len(several) == 1 or not self._batched.batch_keys:
            return [await self.run_alone(several[0], until)] * len(several)
        rows = await self._executor.read_as(None, self._batched.sql, self._batched.arguments(several), until)
        return split_rows(rows, len(several))


class WriteBatch:
    """A `taskward.database.batching.BatchedOperation`: a write for one owner or several."""

    runs_in_caller = True

    def __init__(self, write: CompiledWrite, executor: Executor) -> None:
        self._executor = executor
        self._write = write

    def kind(self, values: Values) -> Hashable:  # noqa: ARG002 - all writes of one statement are
        return self

    def max_size(self, values: Values) -> int:  # noqa: ARG002 - each write returns one row
        return MAX_BATCH

    def exclusive_key(self, values: Values) -> Hashable:
        owner: Hashable = values["owner"]
        return owner

    async def prepare(self, until: float) -> None:
        """Does nothing: a batch can start at any time."""

    def run_alone(self, values: Values, until: float) -> Coroutine[Any, Any, Sequence[Row]]:
        return self._executor.write(self._write, values, until)

    async def run_batch(self, several: Sequence[Values], until: float) -> Sequence[Sequence[Row]]:
        """Executes the writes that need not wait; if the server rejects the batch, none."""
        batched = self._write.for_batch(several)
        try:
            rows = await self._executor.run(batched.sql, batched.arrays(several), until, None, writes=True)
        except Rejected:
            return [()] * len(several)
        return split_rows(rows, len(several))
