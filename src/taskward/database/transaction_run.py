"""Runs the steps of a transaction, without I/O: the engine runs each statement and passes on its rows."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol
from uuid import UUID

from taskward.database.observers import Observation
from taskward.database.statements import (
    Command,
    Read,
    Rollback,
    Row,
    Split,
    Statement,
    Step,
    T,
    TransactionSteps,
    Values,
    Write,
)


class Abandoned(Exception):
    """The caller of a transaction has been cancelled, so it must be rolled back."""


class TransactionRun(Generic[T]):
    """A transaction in progress: `step` is what the engine runs next, None at the end.

    Then `result` is set, and `owners` has the owners of its changes. They are empty if it was rolled back.
    """

    def __init__(
        self,
        steps: Callable[[], TransactionSteps[T]],
        operation: Observation,
        locked: Sequence[UUID] = (),
    ) -> None:
        """Takes the owners whose rows the steps lock, in that order, if they are several."""
        self.step: Step | None = None
        self.owners: set[UUID] = set()
        self.result: T
        self._make_steps = steps
        self._operation = operation
        self._further = frozenset(locked[1:])
        self._has_run = False
        self._has_further = False
        self._is_abandoned = False
        self._start()

    @property
    def owner(self) -> UUID | None:
        """Returns the owner that the next step names; None for the service's own."""
        owner: UUID | None = None if self.step is None else self.step[1].get("owner")
        return owner

    def comes_to_further_owner(self) -> bool:
        """Returns whether the next step is the first one of an owner after the first."""
        if self._has_further or self.owner not in self._further:
            return False
        self._has_further = True
        return True

    def restart(self) -> None:
        """Starts from the first step, if any has run."""
        if self._has_run:
            self._operation.undone()
            self._start()

    def send(self, rows: Sequence[Row]) -> None:
        """Passes on the rows of the step that has run, and moves to the next one.

        Raises:
            Rollback: everything has to be rolled back; `result` is set.
            Abandoned: everything has to be rolled back; there is no result.

        """
        if self.step is None:
            raise AssertionError("the transaction has ended")
        if self._is_abandoned:
            raise Abandoned
        self._has_run = True
        statement, values = self.step
        record_owner(self.owners, statement, values)
        self._operation.ran(statement, values, rows)
        self._advance(rows)

    def abandon(self) -> None:
        """Makes the next `send` fail; callable while another thread runs a step.

        The generator is not closed: that fails while it runs, and afterwards it would seem to be at its end.
        """
        self._is_abandoned = True

    def _start(self) -> None:
        self.owners = set()
        self._has_run = self._has_further = False
        self._steps = self._make_steps()
        with suppress(Rollback):  # before the first statement there is nothing to roll back
            self._advance(None)

    def _advance(self, rows: Sequence[Row] | None) -> None:
        try:
            self.step = next(self._steps) if rows is None else self._steps.send(rows)
        except StopIteration as end:
            self.step, self.result = None, end.value
        except Rollback as undo:
            self.step, self.result = None, undo.result
            self.owners = set()
            self._operation.undone()
            raise
        else:
            self._operation.started(self.step[0])


class Statements(Protocol):
    """A database that runs single statements."""

    async def rows(self, read: Read, values: Values, /) -> Sequence[Row]: ...

    async def write(self, write: Write, values: Values, /) -> Row | None: ...


async def run_each(database: Statements, steps: TransactionSteps[T]) -> T:
    """Runs each of some steps by itself and returns their result: reads, and writes that need no lock."""
    rows: Sequence[Row] | None = None
    try:
        while True:
            statement, values = next(steps) if rows is None else steps.send(rows)
            if isinstance(statement, Write):
                row = await database.write(statement, values)
                rows = () if row is None else (row,)
            elif isinstance(statement, Read):
                rows = await database.rows(statement, values)
            else:
                raise TypeError(f"{statement.name} needs a transaction")
    except StopIteration as end:
        result: T = end.value
        return result


def record_owner(owners: set[UUID], statement: Statement | Split, values: Values) -> None:
    """Adds the owner of a statement's change, if users see it; each statement names its `owner`."""
    if isinstance(statement, Read | Split) or (isinstance(statement, Command) and statement.quiet):
        return
    if "owner" in values:
        owners.add(values["owner"])
