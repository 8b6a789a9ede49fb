"""Observers of a database's operations: the audit log, tracing.

An operation is a read, a write, or a transaction of several statements. An observer is called when one starts
and returns an `Observation`, whose methods are called while the operation runs.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias, TypeVar

from taskward.database.statements import Read, Row, Split, Statement, Values, Write

TRANSACTION: Final = "transaction"
"""The name of an operation with several statements; any other has the name of its statement."""

S = TypeVar("S", Read, Write)
R = TypeVar("R")


class Observation:
    """One operation that is observed; this base class ignores everything."""

    def started(self, statement: Statement | Split) -> None:
        """A statement of a transaction starts. It may run in another thread."""

    def ran(self, statement: Statement | Split, values: Values, rows: Sequence[Row]) -> None:
        """A statement has run; its change is not durable yet."""

    def undone(self) -> None:
        """The statements so far are rolled back; a transaction may run again from the start."""

    def ended(self, error: BaseException | None) -> None:
        """The operation has ended; without an error, its changes are durable."""


Observer: TypeAlias = Callable[[str], Observation | None]
"""Called with the name of an operation that starts; returns None if it is not to be observed."""


class ObservedOperation(Observation):
    """One operation with all of its observations; as a context manager it ends them."""

    def __init__(self, observers: Sequence[Observer], name: str) -> None:
        found = [observer(name) for observer in observers]
        self._observations = [one for one in found if one is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ended(error)

    def started(self, statement: Statement | Split) -> None:
        for one in self._observations:
            one.started(statement)

    def ran(self, statement: Statement | Split, values: Values, rows: Sequence[Row]) -> None:
        for one in self._observations:
            one.ran(statement, values, rows)

    def undone(self) -> None:
        for one in self._observations:
            one.undone()

    def ended(self, error: BaseException | None) -> None:
        for one in reversed(self._observations):
            one.ended(error)


class Observed(Protocol):
    """A database with observers."""

    observers: list[Observer]


D = TypeVar("D", bound=Observed)


def observed(
    run: Callable[[D, S, Values], Coroutine[Any, Any, R]],
) -> Callable[[D, S, Values], Coroutine[Any, Any, R]]:
    """Decorates the method of a database that runs one statement: calls the observers, if there are any."""

    @wraps(run)
    def method(database: D, statement: S, values: Values) -> Coroutine[Any, Any, R]:
        running = run(database, statement, values)
        return _observed(database.observers, statement, values, running) if database.observers else running

    return method


async def _observed(observers: Sequence[Observer], statement: S, values: Values, running: Awaitable[R]) -> R:
    with ObservedOperation(observers, statement.name) as operation:
        result = await running
        operation.ran(statement, values, _rows(statement, result))
    return result


def _rows(statement: Read | Write, result: Any) -> Sequence[Row]:
    """Returns the rows of a statement; a write has a row or None."""
    if isinstance(statement, Read):
        rows: Sequence[Row] = result
        return rows
    return () if result is None else (result,)
