"""The statements that stores pass to a database; each engine compiles one when it first runs it.

A statement is a SQLAlchemy expression whose every value is a named `bindparam`. Stores declare theirs at
import; `STATEMENTS` lists all of them, so that a test can verify that each is filtered by its owner. Only the
lists with filters are made when they are needed, because there are too many of them.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias, TypeVar, cast

from sqlalchemy import ColumnElement, Delete, Insert, Select, Update, bindparam, true
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from taskward.database.types import Counter

T = TypeVar("T")

Change: TypeAlias = Insert | Update | Delete
Row: TypeAlias = Sequence[Any]
Values: TypeAlias = Mapping[str, Any]

SEQ: Final = bindparam("seq", type_=Counter)
"""The number of a write, as a parameter of its statements."""

_ALWAYS: Final = true()


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """A read; `long` if it may take a while, because it searches texts.

    `batch_keys`: the id parameters that may differ between reads of one batch. Empty: never batched.
    `limit_key`: the parameter that limits its rows; a batched read without one returns one row at most.
    `sorted_by`: the columns of a batched read's order, all ascending or all `descending`. It returns them.

    A `cross_owner` read returns rows of several owners, for the service itself and not for a request. Only
    such reads and commands run outside of row-level security.

    A read of a locked owner, which SQLite has during a change in parts, waits for its rows `if_visible`: if
    that condition holds, which names no row of the read. So only members of a space wait for it.

    `only_if`: a condition of the statement that names no row of the read either. PostgreSQL evaluates it
    before it looks for rows, and SQLite is made to.

    A read that is not `declared` is made while the service runs, compiled when it is first run, and never
    batched.
    """

    name: str
    statement: Select[Any]
    long: bool = False
    batch_keys: tuple[str, ...] = ()
    limit_key: str | None = None
    sorted_by: tuple[ColumnElement[Any], ...] = ()
    descending: bool = False
    cross_owner: bool = False
    declared: bool = True
    if_visible: ColumnElement[bool] = _ALWAYS
    only_if: ColumnElement[bool] | None = None

    def __post_init__(self) -> None:
        if self.declared:
            STATEMENTS.append(self)


class Written(NamedTuple):
    """A write, for its parts: its number, and whether it has changed something."""

    number: ColumnElement[int]
    has_changed: ColumnElement[bool] = true()


class Part(NamedTuple):
    """A change of other rows that goes with a write.

    It has the condition that the write has changed something: PostgreSQL runs it in any case, also for a
    caller who is refused. With `needs`, it is left out of the write while the value of that name is null. A
    cleanup is not `in_batches`: PostgreSQL would join the rows of all owners of the batch.
    """

    change: Callable[[Written], Insert | Delete]
    needs: str | None = None
    in_batches: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Write:
    """A change of one owner: a transaction of two or more statements, in this order.

    1. `bump` increments the counter in the owner's row and returns the number; without one, nothing else
    runs.
    2. `change` changes one row with that number, and returns it or its version; without it, no part runs.
    3. `parts` change rows that belong to it.

    PostgreSQL runs them as one statement with data-modifying CTEs, `number` being a subquery; SQLite and a
    distributed PostgreSQL run its `statements()` one after the other.
    """

    name: str
    bump: ReturningInsert[Any] | ReturningUpdate[Any]
    change: Callable[[ColumnElement[int]], Change]
    parts: tuple[Part, ...] = ()
    action: str | None = None
    """Its name in the audit log."""

    batched: "Callable[[tuple[Part, ...]], BatchedWrite] | None" = None
    """Makes the form for a batch with these parts; an engine may try it first, because a write that gets no
    row from it is run by itself."""

    declared: ClassVar = True

    def __post_init__(self) -> None:
        STATEMENTS.append(self)

    def parts_for(self, values: Values) -> tuple[Part, ...]:
        """Returns the parts of a write with these values."""
        return tuple([one for one in self.parts if one.needs is None or values.get(one.needs) is not None])

    def statements(self) -> tuple[Change, ...]:
        """Returns its statements in order, `number` being the parameter `seq`."""
        parts = (part.change(Written(SEQ)) for part in self.parts)
        return (self.bump, self.change(SEQ), *parts)


@dataclass(frozen=True, eq=False, slots=True)
class AuthorizedWrite:
    """A write that needs a row of another read, which an engine may run with it as one statement.

    `authority` returns that row; its first column is the author, the value of each name in `authors`. `write`
    has the condition that there is such a row, too.
    """

    authority: Read
    write: Write
    authors: frozenset[str]

    declared: ClassVar = True


Authorize: TypeAlias = Callable[[Sequence[Row]], Values]
"""Takes the rows of an authority and returns the values of `authors`; raises if there is none."""


class BatchedWrite(NamedTuple):
    """A write for several owners; see `taskward.database.postgres.batches`.

    `statement` returns the rows of the writes that it executed, `owners` each of their owners once,
    with the number of the last of their writes.
    """

    statement: Select[Any]
    owners: Select[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Command:
    """A change outside of `Write`: it bumps no counter, and runs only within `transact`."""

    name: str
    statement: Change
    action: str | None = None
    """Its name in the audit log; None for a part of another change."""

    quiet: bool = False
    """Whether it only changes rows that users do not see; then no change is notified."""

    cross_owner: bool = False
    """Whether it is the service's own, and no request's; it runs outside of row-level security, and before
    any step of its transaction that names an owner."""

    declared: ClassVar = True

    def __post_init__(self) -> None:
        STATEMENTS.append(self)


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """A point in the steps at which an engine may commit and continue in another transaction.

    PostgreSQL ignores it. SQLite has one writer, so a change of very many rows takes several short
    transactions there. From the first split to the end of the steps the owner's data is locked: every other
    statement of that `owner` waits. The values also name the `change`. If the process dies in between, the
    lock remains, and the change has to be completed by steps that begin with `RESUME`.
    """

    name: str
    action: None = None


Statement: TypeAlias = Read | Write | Command
S = TypeVar("S", bound="Read | Write | Command | AuthorizedWrite")

Step: TypeAlias = tuple[Statement | Split, Values]
"""A statement to run, and its values."""

SPLIT: Final = Split("split")
RESUME: Final = Split("resume")
"""Takes over the lock of an interrupted change. Returns a row if there was one, and none on PostgreSQL."""

TransactionSteps: TypeAlias = Generator[Step, Sequence[Row], T]
"""A transaction as a generator: it yields statements, is sent their rows, and returns the result. It performs
no I/O, so that each engine can run it in its own way, and again from the start after the server rolled it
back because of a conflict. `taskward.database.transaction_run` runs it."""


def command_steps(command: Command, values: Values) -> TransactionSteps[Sequence[Row]]:
    """Runs one command as a transaction, and returns its rows."""
    return (yield command, values)


class Rollback(Exception):
    """Raised by steps to roll back everything; `result` is still the transaction's result."""

    def __init__(self, result: Any) -> None:
        super().__init__("rolled back by the steps")
        self.result = result


STATEMENTS: Final[list[Statement]] = []

MAX_COMPILED: Final = 256
"""Statements other than the declared ones whose compiled forms are kept."""

_Compile = TypeVar("_Compile", bound=Callable[..., Any])


def keeping_forms(compile_statement: _Compile) -> _Compile:
    """Decorates a function that compiles a statement, its last argument, so that each is compiled once.

    The forms of declared statements are kept for as long as the process runs, and the latest ones of others.
    """
    of_declared, of_others = cache(compile_statement), lru_cache(MAX_COMPILED)(compile_statement)

    @wraps(compile_statement)
    def kept(*arguments: Any) -> Any:
        return (of_declared if arguments[-1].declared else of_others)(*arguments)

    return cast("_Compile", kept)


class Forms(dict[S, T]):
    """The forms of statements for an engine, made when they are first run; of declared ones they are kept."""

    def __init__(self, make: Callable[[S], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, statement: S) -> T:
        form = self._make(statement)
        if statement.declared:
            self[statement] = form
        return form
